//! What a rooms server answers and tells, and what stays inside of the client. Fields are those of docs/rooms-api.md.

use serde::{Deserialize, Deserializer};

use super::rooms_error::RoomsError;
use super::values::{Member, Message, Page, Position};

/// The answer to `join`.
#[derive(Debug, Deserialize)]
pub(crate) struct JoinAnswer {
    pub(crate) position: Position,
    #[serde(default)]
    pub(crate) recovered: bool,
    #[serde(default)]
    pub(crate) messages: Vec<Message>,
    #[serde(default)]
    pub(crate) history: Option<Page>,
    /// `None`: the room is counted.
    #[serde(default, deserialize_with = "present")]
    pub(crate) members: Option<Vec<Member>>,
    pub(crate) count: u64,
}

/// The answer to `inbox`.
#[derive(Debug, Deserialize)]
pub(crate) struct InboxAnswer {
    pub(crate) cursor: Position,
    pub(crate) waiting: u64,
    /// `None`: of a server that does not say.
    pub(crate) recovered: Option<bool>,
}

/// Another connection of this device has come.
#[derive(Debug, Deserialize)]
pub(crate) struct DeviceTaken {
    pub(crate) sid: String,
}

/// A newer token of this guest's.
#[derive(Deserialize)]
pub(crate) struct TokenRenewed {
    pub(crate) token: String,
}

/// Who is in a room has changed. With changes, or with all members, or, of a room that is counted, with neither.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PresenceEvent {
    pub(crate) room: String,
    pub(crate) count: u64,
    #[serde(default, deserialize_with = "present")]
    pub(crate) changes: Option<Vec<PresenceChange>>,
    #[serde(default, deserialize_with = "present")]
    pub(crate) members: Option<Vec<Member>>,
}

/// Somebody came, went, or changed.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PresenceChange {
    #[serde(rename = "type")]
    pub(crate) kind: PresenceChangeKind,
    /// Of an update, its devices are those that are new or changed.
    pub(crate) member: Member,
    /// Of an update: the ids of the devices that are not there any more.
    #[serde(default)]
    pub(crate) gone: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PresenceChangeKind {
    Join,
    Update,
    Leave,
}

/// For what means something by being left out: `null` is not that, and a fault.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Why the server is about to close the connection.
#[derive(Deserialize)]
pub(crate) struct SessionEnd {
    pub(crate) error: RoomsError,
}
