//! What a client writes: frames that wait, in their order and at the server's rate; and what becomes of them when the
//! connection ends.

use super::{ClientEffect, ClientMachine};
use crate::protocol::errors::Error;
use crate::protocol::event_queue::{FrameKind, OutgoingFrame};

impl ClientMachine {
    /// The next frame to write. It has left then.
    pub(crate) fn next_outgoing(&mut self) -> Option<String> {
        // Nothing goes into a connection that is dead, though nobody has been told yet: the machine slept.
        if self.lifecycle.deadline().is_some_and(|deadline| self.now >= deadline) {
            return None;
        }
        let text = self.pop_outgoing();
        self.is_writing |= text.is_some();
        text
    }

    fn pop_outgoing(&mut self) -> Option<String> {
        if let Some(text) = self.urgent.pop_front() {
            self.limiter.take(self.now);
            return Some(text);
        }
        self.limited_until = if self.outbox.is_empty() { None } else { self.limiter.next_at(self.now) };
        if self.limited_until.is_some() {
            return None;
        }
        let out = self.outbox.pop_front()?;
        self.limiter.take(self.now);
        if let (FrameKind::Event { .. }, Some(namespace)) = (out.kind, self.namespaces.get_mut(&out.ns)) {
            namespace.queue.left(out.text.len());
        }
        Some(out.text)
    }

    /// The kernel has all that was given to the WebSocket.
    pub(crate) fn written(&mut self) {
        self.is_writing = false;
        if self.is_leaving && self.outbox.is_empty() {
            self.release();
        }
    }

    /// How many events, calls among them, have not left, or have no answer.
    pub(crate) fn unsent(&self) -> usize {
        let is_event = |out: &&OutgoingFrame| matches!(out.kind, FrameKind::Event { id: None, .. });
        let on_their_way = self.outbox.iter().filter(is_event).count() + usize::from(self.is_writing);
        self.namespaces.values().map(|namespace| namespace.queue.unsent()).sum::<usize>() + on_their_way
    }

    /// What has waited for the namespace is sent.
    pub(super) fn send_waiting(&mut self, ns: &str) {
        let max_payload = self.max_payload;
        let Some(namespace) = self.namespaces.get_mut(ns).filter(|namespace| namespace.connected().is_some()) else {
            return;
        };
        let mut refused = Vec::new();
        while let Some((id, text)) = namespace.queue.take() {
            if let Err(error) = check_size(&text, max_payload) {
                namespace.queue.left(text.len());
                refused.push(format!("an event that waited was not sent: {error}"));
                if let Some(id) = id {
                    namespace.settle(id, Err(error));
                }
                continue;
            }
            self.outbox.push_back(OutgoingFrame {
                ns: ns.to_owned(),
                text,
                kind: FrameKind::Event { id, may_wait: true },
            });
        }
        refused.into_iter().for_each(|message| self.warn(message));
    }

    pub(super) fn hang_up(&mut self, is_abrupt: bool) {
        self.max_payload = None;
        self.limited_until = None;
        self.is_leaving = false;
        self.is_writing = false;
        let last_words = if is_abrupt {
            self.urgent.clear();
            self.keep_outbox();
            None
        } else {
            // What the server takes at once; of the rest its callers hear, or it waits.
            let words = std::iter::from_fn(|| self.pop_outgoing()).collect();
            self.keep_outbox();
            Some(words)
        };
        self.effects.push_back(ClientEffect::HangUp { last_words });
        // A namespace that was left while its `connect` was under way will have no answer.
        for namespace in self.namespaces.values_mut().filter(|namespace| !namespace.is_wanted()) {
            namespace.lost(None, "", false);
        }
    }

    /// What has not left waits for the next connection, if it may. Last ones first, so that they are in order again.
    fn keep_outbox(&mut self) {
        while let Some(out) = self.outbox.pop_back() {
            match (out.kind, self.namespaces.get_mut(&out.ns)) {
                (FrameKind::Event { id, may_wait: true }, Some(namespace)) => namespace.queue.keep_first(id, out.text),
                // Who waits for its ack is told with the end of the session.
                (FrameKind::Event { may_wait: false, .. }, Some(namespace)) => namespace.queue.left(out.text.len()),
                _ => {}
            }
        }
    }
}

pub(super) fn check_size(text: &str, max_payload: Option<usize>) -> Result<(), Error> {
    match max_payload {
        Some(max) if text.len() > max => Err(Error::PayloadTooLarge { size: text.len(), max }),
        _ => Ok(()),
    }
}
