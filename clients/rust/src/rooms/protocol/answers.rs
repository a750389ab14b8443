//! What a rooms server answers and tells, and what stays inside of the client. Fields are those of docs/rooms-api.md.

use serde::Deserialize;

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
    pub(crate) members: Vec<Member>,
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

/// Somebody came, went, or changed.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct PresenceChange {
    pub(crate) room: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    /// Of an update, its devices are those that are new or changed.
    pub(crate) member: Member,
    /// Of an update: the ids of the devices that are not there any more.
    #[serde(default)]
    pub(crate) gone: Vec<String>,
}

/// Why the server is about to close the connection.
#[derive(Deserialize)]
pub(crate) struct SessionEnd {
    pub(crate) error: RoomsError,
}
