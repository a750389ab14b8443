//! A connection that is open, whatever it goes over.

use std::task::{Context, Poll};

#[cfg(feature = "http")]
use crate::http::{http_transport::HttpTransport, websocket_watch::WebSocketWatch};
use crate::protocol::transport::Transport;
use crate::transport_event::TransportEvent;
use crate::websocket::WebSocket;

pub(crate) enum OpenTransport {
    WebSocket {
        socket: Box<WebSocket>,
        #[cfg(feature = "http")]
        watch: WebSocketWatch,
    },
    #[cfg(feature = "http")]
    Http(Box<HttpTransport>),
}

impl OpenTransport {
    pub(crate) fn name(&self) -> Transport {
        match self {
            Self::WebSocket { .. } => Transport::WebSocket,
            #[cfg(feature = "http")]
            Self::Http(session) => session.transport(),
        }
    }

    /// Whether all that was given to write has left: to the kernel, or over HTTP to the server.
    pub(crate) fn is_flushed(&self) -> bool {
        match self {
            Self::WebSocket { socket, .. } => socket.is_flushed(),
            #[cfg(feature = "http")]
            Self::Http(session) => session.is_flushed(),
        }
    }

    /// Writes what `next` gives, as fast as the server takes it, and reads, if it may.
    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
        next: &mut dyn FnMut() -> Option<String>,
        may_read: bool,
    ) -> Poll<TransportEvent> {
        match self {
            #[cfg(not(feature = "http"))]
            Self::WebSocket { socket } => socket.poll(context, next, may_read),
            #[cfg(feature = "http")]
            Self::WebSocket { socket, watch } => watch.poll(socket, context, next, may_read),
            #[cfg(feature = "http")]
            Self::Http(session) => session.poll(context, next, may_read),
        }
    }

    /// The network is another one. Of a WebSocket that is the machine's business.
    pub(crate) fn renew(&mut self) {
        match self {
            Self::WebSocket { .. } => {}
            #[cfg(feature = "http")]
            Self::Http(session) => session.renew(),
        }
    }

    /// Ends it at once: there is nobody to say goodbye to.
    pub(crate) fn hang_up(self) {
        match self {
            #[cfg(feature = "http")]
            Self::WebSocket { watch, .. } => watch.dropped(),
            _ => {}
        }
    }

    /// Writes the last words, says goodbye, and waits a moment for the server to do so too.
    pub(crate) async fn farewell(self, last_words: Vec<String>) {
        match self {
            Self::WebSocket { socket, .. } => socket.farewell(last_words).await,
            #[cfg(feature = "http")]
            Self::Http(session) => session.farewell(last_words).await,
        }
    }
}
