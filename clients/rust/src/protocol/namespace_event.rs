//! What happens in a namespace.

use super::args::Args;
use super::errors::Error;
use super::transport::Transport;

/// What happens in a namespace, in order.
#[derive(Debug, Clone)]
pub(crate) enum NamespaceEvent {
    Connected(Connected),
    Disconnected(Disconnected),
    /// A later connect, which the client made by itself, was refused for good.
    Refused(Error),
    /// The server has sent an event. `ack`: where it wants one.
    Received {
        name: String,
        args: Args,
        ack: Option<AckKey>,
    },
    Answered(Answered),
    /// The connection goes over another transport.
    TransportChanged(Transport),
}

/// Which ack the server waits for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AckKey {
    pub(crate) namespace: String,
    /// The namespace's session, in which the event came.
    pub(crate) session: u64,
    pub(crate) id: u64,
}

/// What came of a request, in its place among the events.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The request's.
    pub id: u64,
    /// The ack's arguments, or why there is none.
    pub outcome: Result<Args, Error>,
}

/// A namespace's new session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    /// The server's id of this socket.
    pub sid: String,
    /// Whether the server has restored the session before: id, rooms, and the events that were missed (PROTOCOL.md,
    /// 3.8).
    pub recovered: bool,
    /// What the connection goes over.
    pub transport: Transport,
}

/// How a namespace's session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disconnected {
    /// Whether the client does not come back by itself.
    pub is_final: bool,
    /// The WebSocket close code, where there was one.
    pub code: Option<u16>,
    /// For people.
    pub reason: String,
}
