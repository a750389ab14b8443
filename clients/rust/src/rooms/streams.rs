//! What a rooms client tells, as streams.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;

use super::RoomsError;
use super::api::{Message, RoomEvent, RoomsEvent};
use crate::feed::{Tail, public_stream};

/// A stream of a room's messages. It ends with an error where you did not choose the end: `too_slow`, or why the room was
/// left.
pub struct Messages {
    pub(crate) tail: Tail<Result<Message, RoomsError>>,
}

impl Messages {
    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Message, RoomsError>>> {
        Pin::new(&mut self.tail).poll_next(context)
    }
}

public_stream!(Messages, Result<Message, RoomsError>, "The next message; `None` at the end.");

/// A stream of all that happens in a room. Where it lags behind it ends with `too_slow`.
pub struct RoomEvents {
    pub(crate) tail: Tail<Result<RoomEvent, RoomsError>>,
}

impl RoomEvents {
    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<RoomEvent, RoomsError>>> {
        Pin::new(&mut self.tail).poll_next(context)
    }
}

public_stream!(RoomEvents, Result<RoomEvent, RoomsError>, "The next thing that happens; `None` at the end.");

/// A stream of what happens to a session. It ends with the session.
pub struct RoomsEvents {
    pub(crate) tail: Tail<RoomsEvent>,
}

impl RoomsEvents {
    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<RoomsEvent>> {
        Pin::new(&mut self.tail).poll_next(context)
    }
}

public_stream!(RoomsEvents, RoomsEvent, "The next thing that happens; `None` at the end.");
