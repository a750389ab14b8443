//! The sending half of a namespace: events that wait for the connection, and acks that are waited for. No I/O.

use std::collections::{HashMap, VecDeque};

use futures_channel::oneshot;

use super::args::Args;
use super::errors::Error;
use super::namespace_event::Answered;

/// Who waits for an ack.
pub(crate) enum Reply {
    Caller(oneshot::Sender<Result<Args, Error>>),
    /// A stream of events, by its id.
    Stream(u64),
}

/// An answer for a stream of events.
pub(crate) type ForStream = (u64, Answered);

/// How much may wait, in one namespace.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) events: usize,
    pub(crate) bytes: usize,
}

/// A frame on its way to the WebSocket.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OutgoingFrame {
    pub(crate) ns: String,
    pub(crate) text: String,
    pub(crate) kind: FrameKind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum FrameKind {
    /// Of the protocol's own: it belongs to the connection, and is gone with it.
    Control,
    /// An event of the application's: if it has not left, it waits for the next connection, or else is dropped.
    Event { id: Option<u64>, may_wait: bool },
}

/// An event that waits: its frame, as it was when it was emitted.
#[derive(Debug)]
struct Waiting {
    id: Option<u64>,
    text: String,
}

/// Order is kept: what was emitted first leaves first.
pub(crate) struct EventQueue {
    bounds: Bounds,
    waiting: VecDeque<Waiting>,
    /// Of all events that have not left: those in `waiting`, and those on their way.
    count: usize,
    bytes: usize,
    next_id: u64,
    acks: HashMap<u64, Reply>,
}

impl EventQueue {
    pub(crate) fn new(bounds: Bounds) -> Self {
        Self { bounds, waiting: VecDeque::new(), count: 0, bytes: 0, next_id: 0, acks: HashMap::new() }
    }

    /// An id for an event that wants an ack.
    pub(crate) fn new_id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    /// Makes room for an event, or refuses it.
    pub(crate) fn reserve(&mut self, bytes: usize) -> Result<(), Error> {
        if self.count >= self.bounds.events || self.bytes + bytes > self.bounds.bytes {
            return Err(Error::BufferFull);
        }
        self.count += 1;
        self.bytes += bytes;
        Ok(())
    }

    /// An event for which there was room waits for the connection.
    pub(crate) fn keep(&mut self, id: Option<u64>, text: String) {
        self.waiting.push_back(Waiting { id, text });
    }

    /// An event that was on its way when the connection was lost waits again, before all others. Last ones first.
    pub(crate) fn keep_first(&mut self, id: Option<u64>, text: String) {
        self.waiting.push_front(Waiting { id, text });
    }

    /// The next event that waits; it counts until it has left.
    pub(crate) fn take(&mut self) -> Option<(Option<u64>, String)> {
        self.waiting.pop_front().map(|Waiting { id, text }| (id, text))
    }

    /// An event has left, or never will.
    pub(crate) fn left(&mut self, bytes: usize) {
        self.count = self.count.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    /// How many events wait, or have no answer yet.
    pub(crate) fn unsent(&self) -> usize {
        self.waiting.iter().filter(|waiting| waiting.id.is_none()).count() + self.acks.len()
    }

    pub(crate) fn expect(&mut self, id: u64, reply: Reply) {
        self.acks.insert(id, reply);
    }

    /// The ack came, or an error instead. One that nobody waits for is ignored (PROTOCOL.md, 4.3).
    #[must_use]
    pub(crate) fn settle(&mut self, id: u64, outcome: Result<Args, Error>) -> Option<ForStream> {
        match self.acks.remove(&id)? {
            Reply::Caller(caller) => {
                // The caller may have gone meanwhile.
                let _ = caller.send(outcome);
                None
            }
            Reply::Stream(stream) => Some((stream, Answered { id, outcome })),
        }
    }

    /// The caller does not wait any more: an event that has not left is not sent.
    pub(crate) fn forget(&mut self, id: u64) {
        self.acks.remove(&id);
        if let Some(index) = self.waiting.iter().position(|waiting| waiting.id == Some(id)) {
            if let Some(waiting) = self.waiting.remove(index) {
                self.left(waiting.text.len());
            }
        }
    }

    /// The connection is gone, and with it the acks of all that has left.
    #[must_use]
    pub(crate) fn disconnected(&mut self) -> Vec<ForStream> {
        let lost: Vec<u64> = self.acks.keys().copied().filter(|id| !self.is_waiting(*id)).collect();
        lost.into_iter().filter_map(|id| self.settle(id, Err(Error::Disconnected))).collect()
    }

    /// Nothing will be sent any more.
    pub(crate) fn close(&mut self) {
        self.waiting.clear();
        (self.count, self.bytes) = (0, 0);
        let all: Vec<u64> = self.acks.keys().copied().collect();
        for id in all {
            // Streams end without: there is nothing to do about it any more.
            let _ = self.settle(id, Err(Error::Closed));
        }
    }

    fn is_waiting(&self, id: u64) -> bool {
        self.waiting.iter().any(|waiting| waiting.id == Some(id))
    }
}
