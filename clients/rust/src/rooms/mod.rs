//! The rooms layer: rooms, presence, history and the inbox of a rooms server (docs/rooms-api.md), on the bridge layer's
//! public face.
//!
//! What the server's API leaves to its clients is done here: joining again and catching up after a lost connection,
//! repairing gaps, publishing until it is acked and only once, tokens, the inbox's cursor.

mod api;
mod backoff;
mod core;
mod data;
mod driver;
mod error;
mod handles;
mod host;
mod inbox;
mod inbox_log;
mod inbox_state;
mod lane;
mod link;
mod members;
mod options;
mod pending;
mod readers;
mod room;
mod room_log;
mod room_state;
mod session;
mod storage;
mod streams;

pub use api::{
    Device, InboxItem, InboxOpened, Joined, Me, Member, Members, Message, Page, Position, Published, Receipt,
    RoomEvent, RoomsEvent, Sender, Sent, Signal,
};
pub use error::RoomsError;
pub use handles::{Rooms, SendOptions, code};
pub use inbox::Inbox;
pub use options::{JoinOptions, RoomsBuilder};
pub use pending::{Pending, Publishing, Sending};
pub use room::{History, Room};
pub use storage::{MemoryStorage, Storage};
pub use streams::{Messages, RoomEvents, RoomsEvents};
