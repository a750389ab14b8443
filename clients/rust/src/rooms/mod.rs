//! The rooms layer: rooms, presence, history and the inbox of a rooms server (docs/rooms-api.md), on the bridge layer's
//! public face.
//!
//! What the server's API leaves to its clients is done here: joining again and catching up after a lost connection,
//! repairing gaps, publishing until it is acked and only once, tokens, the inbox's cursor.

mod client;
mod credentials;
mod handle;
mod inbox;
mod pending;
mod protocol;
mod room;
mod rooms_builder;
mod rooms_shell;
mod streams;

pub use client::{Rooms, SendOptions, code};
pub use inbox::Inbox;
pub use pending::{Pending, Publishing, Sending};
pub use protocol::inbox_item::{InboxItem, Receipt};
pub use protocol::join_options::JoinOptions;
pub use protocol::rooms_error::RoomsError;
pub use protocol::storage::{MemoryStorage, Storage};
pub use protocol::values::{
    Device, InboxOpened, Joined, Me, Member, Members, MembersPage, Message, Page, Position, Published, RoomEvent,
    RoomState, RoomsEvent, Sender, Sent, Signal,
};
pub use room::{History, Room};
pub use rooms_builder::RoomsBuilder;
pub use streams::{Messages, RoomEvents, RoomsEvents};
