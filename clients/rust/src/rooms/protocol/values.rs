//! What comes from a rooms server, and what is told of it. Fields are those of docs/rooms-api.md.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rooms_error::{RoomsError, whole};
use crate::protocol::transport::Transport;

/// A place in the log of a room or of an inbox: one value, of which neither half means anything without the other.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Changes if the log was lost and begun anew.
    pub epoch: String,
    /// That of the last message before the place: 0 before the first.
    pub offset: u64,
}

/// One connection of a user in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The id of the installation.
    pub id: String,
    /// The id of its connection.
    pub sid: String,
    /// `bridge` for a plain WebSocket; `websocket`, `polling` or `webtransport` for Socket.IO's own.
    pub transport: String,
}

/// A user in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The user's id.
    pub user: String,
    /// For people; not unique.
    pub name: String,
    /// The user's connections in the room.
    pub devices: Vec<Device>,
}

/// Who is in a room, as far as the server has told: all of them, in the order in which they came, or, where the room is counted,
/// how many. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Members {
    pub(crate) list: Arc<Vec<Member>>,
    pub(crate) count: u64,
    pub(crate) is_counted: bool,
}

impl Members {
    /// How many there are, in the server's count.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether there are so many that the server tells their number alone: then none of them is here, and
    /// [`Room::list_members`](crate::rooms::Room::list_members) has who they are.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        self.is_counted
    }

    /// A member, by the user's id.
    #[must_use]
    pub fn get(&self, user: &str) -> Option<&Member> {
        self.list.iter().find(|member| member.user == user)
    }
}

/// The members, in the order in which they came.
impl std::ops::Deref for Members {
    type Target = [Member];

    fn deref(&self) -> &[Member] {
        &self.list
    }
}

/// A page of those who are in a room, in the order in which they came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersPage {
    /// The members.
    pub members: Vec<Member>,
    /// How many there are in all.
    pub count: u64,
    /// Whether there are more after these.
    pub more: bool,
}

/// Who sent something, and from which connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// The user's id.
    pub user: String,
    /// For people; not unique.
    pub name: String,
    /// The id of the connection.
    pub sid: String,
    /// As in [`Device::transport`].
    pub transport: String,
}

/// A message in a room.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// The room's name.
    pub room: String,
    /// The publisher's own name for it.
    pub id: String,
    /// The place just after it.
    pub position: Position,
    /// Who published it.
    pub from: Sender,
    /// What was published.
    pub data: Value,
    /// The server's clock at the publish: milliseconds since the Unix epoch.
    pub at: u64,
}

impl Message {
    /// What was published, as a type of yours.
    ///
    /// # Errors
    /// Where it is of another type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.data)
    }
}

/// Something for those who are in a room at the moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// The room's name.
    pub room: String,
    /// Who sent it.
    pub from: Sender,
    /// What was sent.
    pub data: Value,
    /// The server's clock: milliseconds since the Unix epoch.
    pub at: u64,
}

impl Signal {
    /// What was sent, as a type of yours.
    ///
    /// # Errors
    /// Where it is of another type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        T::deserialize(&self.data)
    }
}

/// Who one is, as the server sees it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// One's user id.
    pub user: String,
    /// For people to see.
    pub name: String,
    /// The id of this connection.
    pub sid: String,
    /// The id of this installation.
    pub device: String,
    /// Whether one has no token of the application's.
    pub guest: bool,
    /// When the token runs out, in milliseconds since the Unix epoch.
    #[serde(rename = "expiresAt", default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<u64>,
    /// For guests: with it one comes back as the same guest. The client keeps it in its storage.
    #[serde(default, skip_serializing)]
    pub(crate) token: Option<String>,
    /// What the data of one message may have.
    #[serde(rename = "messageBytes", default, deserialize_with = "whole", skip_serializing)]
    pub(crate) message_bytes: Option<u64>,
}

/// Without the token, which is a secret.
impl std::fmt::Debug for Me {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { user, name, sid, device, guest, expires_at, token: _, message_bytes: _ } = self;
        let mut shown = formatter.debug_struct("Me");
        shown.field("user", user).field("name", name).field("sid", sid).field("device", device);
        shown.field("guest", guest).field("expires_at", expires_at).finish_non_exhaustive()
    }
}

/// A room was joined.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Joined {
    /// False: messages between the last one and `position` are lost to this device.
    pub recovered: bool,
    /// Up to where all was delivered, or is lost. What is live comes after it.
    pub position: Position,
    /// The newest messages up to `position`, where the join has asked for them (`JoinOptions::history`). They are here alone, and
    /// come in no stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<Page>,
}

/// A room as this device has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoomState {
    /// Nobody asked for it, it was left, or joining was refused for good.
    Detached,
    /// Asked for, and no join has come to its end yet.
    Joining,
    /// It was joined; the connection was lost, or what was missed meanwhile is still being read.
    Recovering,
    /// The server has this device in the room, and everything up to now was delivered, or as much as your streams take.
    Joined,
}

/// A message that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The message's id.
    pub id: String,
    /// Its place in the room's log.
    pub position: Position,
    /// The server's clock at the publish: milliseconds since the Unix epoch.
    pub at: u64,
}

/// A message that is in its recipient's inbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The message's id.
    pub id: String,
    /// The server's clock at the send: milliseconds since the Unix epoch.
    pub at: u64,
}

/// A page of a room's log, in its order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// The messages.
    pub messages: Vec<Message>,
    /// Whether there are more in the direction of reading.
    pub more: bool,
}

/// The inbox is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InboxOpened {
    /// How many items wait.
    pub waiting: u64,
}

/// What happens in a room, in order.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum RoomEvent {
    /// Joined, for the first time or again; with `recovered` false also while one is there, if what is missing between two
    /// messages is not kept any more.
    Joined(Joined),
    /// Joining again was refused: the room is left. Only your own `join` comes back.
    Left(RoomsError),
    /// A message: each once and in order, recovered ones and live ones alike.
    Message(Message),
    /// A signal.
    Signal(Signal),
    /// Who is there has changed: once for all that the server tells at a time.
    Presence(Members),
}

/// What happens to a session.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum RoomsEvent {
    /// Connected, for the first time or again; rooms are being joined.
    Connected(Me),
    /// What the connection goes over: before each `Connected`, and again when a stream becomes polls.
    Transport(Transport),
    /// The connection is lost; it will come back. Why, for people.
    Disconnected(String),
    /// The session is over for good, and everything that waited has failed with this.
    Ended(RoomsError),
    /// What calls for no action, but belongs in a log.
    Warning(String),
    /// Another connection of this device has come, with this id: a copy of the program, say, or of its storage. This session goes
    /// on; the inbox is the newer one's.
    DeviceTaken(String),
    /// It has gone, and this session has the inbox again.
    DeviceReturned,
    /// The inbox was opened, and items that this device had not processed are not kept any more.
    InboxLost,
}
