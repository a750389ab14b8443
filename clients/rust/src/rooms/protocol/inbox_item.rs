//! What is in an inbox (docs/rooms-api.md, 9).

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::values::{Position, Sender};

/// Something in the inbox.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum InboxItem {
    /// A message from a user.
    Message {
        /// The sender's own name for it.
        id: String,
        /// The place just after it, in this inbox.
        position: Position,
        /// Who sent it.
        from: Sender,
        /// What was sent.
        data: Value,
        /// The server's clock at the send: milliseconds since the Unix epoch.
        at: u64,
    },
    /// The recipient has processed a message of one's own.
    Receipt {
        /// Of the message that was processed.
        id: String,
        /// The place just after this item, in this inbox.
        position: Position,
        /// Who processed it.
        from: Receipt,
        /// The server's clock: milliseconds since the Unix epoch.
        at: u64,
    },
    /// A newer server's, of a kind that this client does not know. It is processed like the others, or would stand in
    /// their way.
    #[serde(untagged)]
    Other {
        /// Its `type`.
        #[serde(skip_serializing)]
        kind: String,
        /// The place just after it, in this inbox.
        #[serde(skip_serializing)]
        position: Position,
        /// All of it.
        #[serde(flatten)]
        value: Value,
    },
}

impl<'de> Deserialize<'de> for InboxItem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        fn field<T: DeserializeOwned, E: serde::de::Error>(value: &Value, name: &str) -> Result<T, E> {
            T::deserialize(&value[name]).map_err(|error| E::custom(format!("{name}: {error}")))
        }
        let value = Value::deserialize(deserializer)?;
        let (kind, position): (String, Position) = (field(&value, "type")?, field(&value, "position")?);
        Ok(match kind.as_str() {
            "message" => Self::Message {
                id: field(&value, "id")?,
                position,
                from: field(&value, "from")?,
                data: field(&value, "data")?,
                at: field(&value, "at")?,
            },
            "receipt" => Self::Receipt {
                id: field(&value, "id")?,
                position,
                from: field(&value, "from")?,
                at: field(&value, "at")?,
            },
            _ => Self::Other { kind, position, value },
        })
    }
}

impl InboxItem {
    /// The place just after it.
    #[must_use]
    pub fn position(&self) -> &Position {
        match self {
            Self::Message { position, .. } | Self::Receipt { position, .. } | Self::Other { position, .. } => position,
        }
    }

    /// What was sent, as a type of yours; a receipt holds `null`.
    ///
    /// # Errors
    /// Where it is of another type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        match self {
            Self::Message { data, .. } => T::deserialize(data),
            Self::Receipt { .. } => T::deserialize(&Value::Null),
            Self::Other { value, .. } => T::deserialize(&value["data"]),
        }
    }
}

/// Who has processed a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The user's id.
    pub user: String,
}
