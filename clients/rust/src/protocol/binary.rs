//! Binary values in JSON (PROTOCOL.md, section 5): `{"$binary":"<base64>"}`. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

const KEY: &str = "$binary";

/// Bytes inside a JSON value, at any depth.
///
/// It serialises as the protocol's binary object and deserialises from it, so it may be a field of any type that
/// serde knows, or be put into a [`serde_json::Value`] with [`Value::from`]. On the server it is a `Buffer`.
///
/// ```
/// use crossroom::Binary;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Picture { name: String, bytes: Binary }
///
/// let picture = Picture { name: "dot".into(), bytes: Binary::from(vec![1, 2, 3]) };
/// let value = serde_json::to_value(&picture)?;
/// assert_eq!(value["bytes"], serde_json::json!({ "$binary": "AQID" }));
/// assert_eq!(Binary::from_value(&value["bytes"]), Some(picture.bytes));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Binary(Vec<u8>);

impl Binary {
    /// The bytes of a value that is a binary object: exactly one key, `$binary`, with a string of valid base64
    /// (RFC 4648, section 4). Anything else is `None`.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        let object = value.as_object()?;
        if object.len() != 1 {
            return None;
        }
        // The engine is strict: padded, unused bits zero, no white space.
        STANDARD.decode(object.get(KEY)?.as_str()?).ok().map(Self)
    }

    /// The bytes.
    #[must_use]
    pub fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl std::ops::Deref for Binary {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Binary {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Binary {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

impl From<&[u8]> for Binary {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl From<Binary> for Value {
    fn from(binary: Binary) -> Self {
        Value::Object([(KEY.to_owned(), Value::String(STANDARD.encode(binary.0)))].into_iter().collect())
    }
}

impl Serialize for Binary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(KEY, STANDARD.encode(&self.0))])
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_value(&value).ok_or_else(|| D::Error::custom("not a binary value: {\"$binary\":\"<base64>\"}"))
    }
}
