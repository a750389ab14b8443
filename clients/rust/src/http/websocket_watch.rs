//! Whether a WebSocket that is open comes through: where it does not, the next attempt is over HTTP (PROTOCOL.md, 12.15).

use std::task::{Context, Poll};

use crate::clock::Clock;
use crate::known_ways::with_known_ways;
use crate::protocol::http::ways::is_held_up;
use crate::transport_event::TransportEvent;
use crate::websocket::WebSocket;

pub(crate) struct WebSocketWatch {
    /// The server, as its ways are remembered.
    server: String,
    since: Clock,
    /// Whether a frame has left.
    has_asked: bool,
    /// Whether any frame of the server's has come.
    is_answered: bool,
}

impl WebSocketWatch {
    pub(crate) fn new(server: String) -> Self {
        Self { server, since: Clock::new(), has_asked: false, is_answered: false }
    }

    /// Polls the WebSocket, and sees what comes of that.
    pub(crate) fn poll(
        &mut self,
        socket: &mut WebSocket,
        context: &mut Context<'_>,
        next: &mut dyn FnMut() -> Option<String>,
        may_read: bool,
    ) -> Poll<TransportEvent> {
        let has_asked = &mut self.has_asked;
        let polled = socket.poll(context, &mut || next().inspect(|_| *has_asked = true), may_read);
        match &polled {
            Poll::Ready(TransportEvent::Text(_)) => self.is_answered = true,
            Poll::Ready(TransportEvent::Lost { code, .. }) => self.ended(*code),
            _ => {}
        }
        polled
    }

    /// The client drops it, as nothing was heard, or for a reason of its own: then not after so long.
    pub(crate) fn dropped(&self) {
        self.ended(Some(0));
    }

    fn ended(&self, code: Option<u16>) {
        // What was not asked cannot be answered, however long it took.
        let lasted = if self.has_asked { self.since.now() } else { 0 };
        if !self.is_answered && is_held_up(code, lasted) {
            with_known_ways(|ways, now| ways.held_up(&self.server, now));
        }
    }
}
