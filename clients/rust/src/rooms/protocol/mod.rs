//! The rooms layer without its I/O: the state machines of a rooms client, of its rooms and of its inbox, and the values of
//! the rooms API (docs/rooms-api.md). What happened is passed in, with the time; what is to be done comes out. Nothing here
//! knows a socket, a timer or a runtime, nor the bridge layer's handles (tests/modules/ sees to that). The application's
//! storage is passed in too, and is called.

mod answers;
pub(crate) mod data;
pub(crate) mod inbox_item;
mod inbox_log;
mod inbox_machine;
pub(crate) mod join_options;
mod members;
pub(crate) mod readers;
pub(crate) mod reconnect_policy;
mod retry;
mod room_log;
mod room_machine;
mod room_membership;
pub(crate) mod rooms_context;
pub(crate) mod rooms_effect;
pub(crate) mod rooms_error;
pub(crate) mod rooms_machine;
pub(crate) mod send_queue;
pub(crate) mod shown_token;
pub(crate) mod storage;
pub(crate) mod stored_state;
mod token_renewal;
pub(crate) mod values;
