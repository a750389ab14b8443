//! What a rooms client tells, as streams.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;

use super::protocol::readers::Bookmark;
use super::protocol::rooms_error::RoomsError;
use super::protocol::values::{Message, RoomEvent, RoomsEvent};
use crate::protocol::broadcast::Subscription;
use crate::public_stream::public_stream;

/// A stream of a room's messages. It ends with an error where you did not choose the end, which says why the room was left.
///
/// It goes at your pace: with `max_unread` unread, what comes next is read from the room's log when you come to it.
/// Of a room with several streams the slowest one counts: a stream that you do not read is one to drop.
pub struct Messages {
    pub(crate) subscription: Subscription<Result<Message, RoomsError>>,
    pub(crate) bookmark: Bookmark,
}

impl Messages {
    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Message, RoomsError>>> {
        let next = ready!(Pin::new(&mut self.subscription).poll_next(context));
        if let Some(Ok(message)) = &next {
            self.bookmark.handed(&message.position);
        }
        Poll::Ready(next)
    }
}

public_stream!(Messages, Result<Message, RoomsError>, "The next message; `None` at the end.");

/// A stream of all that happens in a room, at your pace, as [`Messages`]. With `max_unread` unread, signals are dropped, and of the
/// members you are told when there is room again.
pub struct RoomEvents {
    pub(crate) subscription: Subscription<Result<RoomEvent, RoomsError>>,
    pub(crate) bookmark: Bookmark,
}

impl RoomEvents {
    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<RoomEvent, RoomsError>>> {
        let next = ready!(Pin::new(&mut self.subscription).poll_next(context));
        match &next {
            Some(Ok(RoomEvent::Message(message))) => self.bookmark.handed(&message.position),
            Some(Ok(RoomEvent::Joined(joined))) => self.bookmark.handed(&joined.position),
            _ => {}
        }
        Poll::Ready(next)
    }
}

public_stream!(RoomEvents, Result<RoomEvent, RoomsError>, "The next thing that happens; `None` at the end.");

/// A stream of what happens to a session. It ends with the session.
pub struct RoomsEvents {
    pub(crate) subscription: Subscription<RoomsEvent>,
}

impl RoomsEvents {
    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<RoomsEvent>> {
        Pin::new(&mut self.subscription).poll_next(context)
    }
}

public_stream!(RoomsEvents, RoomsEvent, "The next thing that happens; `None` at the end.");
