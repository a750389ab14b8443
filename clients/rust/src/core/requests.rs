//! What the application asks of a client.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::{Notify, oneshot};

use super::{Core, check_size};
use crate::feed::{Reading, Tail};
use crate::frames::{ClientFrame, RESERVED_EVENTS};
use crate::sender::{Kind, Outgoing, Reply};
use crate::space::Waiter;
use crate::{Connected, Error, Event};

impl Core {
    pub(crate) fn connect(&mut self, ns: &str, waiter: Waiter, now: u64) -> u64 {
        let id = self.next_waiter;
        self.next_waiter += 1;
        if self.closed {
            // The caller may have gone meanwhile.
            let _ = waiter.send(Err(Error::Closed));
            return id;
        }
        let is_open = self.session.is_open();
        let needs = self.space(ns).connect((id, waiter), is_open);
        self.serve(ns, needs);
        let actions = self.session.open(now);
        self.run(actions, now);
        id
    }

    /// The future of a `connect` was dropped.
    pub(crate) fn cancel_connect(&mut self, ns: &str, waiter: u64, now: u64) {
        if self.spaces.get_mut(ns).is_some_and(|space| space.cancel(waiter)) {
            self.disconnect(ns, now);
        }
    }

    pub(crate) fn disconnect(&mut self, ns: &str, now: u64) {
        let needs = self.space(ns).disconnect();
        // What is on its way to be sent goes first, and not to the next session.
        self.serve(ns, needs);
        self.release(now);
    }

    /// Sends an event, now or when the namespace is connected; with a `reply`, one that wants an ack, and whose id is
    /// the result.
    pub(crate) fn emit(
        &mut self,
        ns: &str,
        event: &str,
        args: &[Value],
        reply: Option<Reply>,
        may_wait: bool,
    ) -> Result<Option<u64>, Error> {
        if self.closed {
            return Err(Error::Closed);
        }
        if RESERVED_EVENTS.contains(&event) {
            return Err(Error::InvalidArgument(format!("Socket.IO keeps the event name \"{event}\" for itself")));
        }
        let max_payload = self.max_payload;
        let space = self.space(ns);
        let is_connected = space.connected().is_some();
        if !is_connected && !may_wait {
            return Err(Error::Disconnected);
        }
        let id = reply.is_some().then(|| space.sender.new_id());
        let text = ClientFrame::Event { ns, event, args, id }.encode();
        check_size(&text, max_payload)?;
        space.sender.reserve(text.len())?;
        if let (Some(id), Some(reply)) = (id, reply) {
            space.sender.expect(id, reply);
        }
        if is_connected {
            self.outbox.push_back(Outgoing { ns: ns.to_owned(), text, kind: Kind::Event { id, may_wait } });
        } else {
            space.sender.keep(id, text);
        }
        Ok(id)
    }

    /// Nobody waits for this ack any more: an event that has not left is not sent.
    pub(crate) fn forget(&mut self, ns: &str, id: u64) {
        let is_it = |out: &Outgoing| out.ns == ns && matches!(out.kind, Kind::Event { id: Some(of), .. } if of == id);
        let withdrawn = self.outbox.iter().position(is_it).and_then(|index| self.outbox.remove(index));
        if let Some(space) = self.spaces.get_mut(ns) {
            space.sender.forget(id);
            if let Some(out) = withdrawn {
                space.sender.left(out.text.len());
            }
        }
    }

    /// Acks an event of the server's.
    pub(crate) fn answer(&mut self, ns: &str, session: u64, id: u64, args: &[Value]) -> Result<(), Error> {
        let text = ClientFrame::Ack { ns, id, args }.encode();
        check_size(&text, self.max_payload)?;
        if self.space(ns).answers(session, id) {
            self.urgent.push_back(text);
        }
        Ok(())
    }

    pub(crate) fn events(&mut self, ns: &str, wake: Arc<Notify>) -> Tail<Event> {
        // Full before, and not any more.
        let at = self.settings.max_unread - 1;
        if self.closed { Tail::ended(None) } else { self.space(ns).feed.tap(Some(Reading { wake, at })) }
    }

    pub(crate) fn warnings(&mut self) -> Tail<String> {
        if self.closed { Tail::ended(None) } else { self.warnings.tap(None) }
    }

    pub(crate) fn connected(&self, ns: &str) -> Option<Connected> {
        self.spaces.get(ns)?.connected().cloned()
    }

    pub(crate) fn network_changed(&mut self, now: u64) {
        self.spaces.values_mut().for_each(|space| space.hurry(now));
        let actions = self.session.network_changed(now);
        self.run(actions, now);
    }

    pub(crate) fn background(&mut self, now: u64) {
        let actions = self.session.background();
        self.run(actions, now);
    }

    pub(crate) fn foreground(&mut self, now: u64) {
        if !self.closed {
            self.spaces.values_mut().for_each(|space| space.hurry(now));
            let actions = self.session.foreground(now);
            self.run(actions, now);
        }
    }

    /// Told when nothing is left to be sent.
    pub(crate) fn flush(&mut self, done: oneshot::Sender<()>) {
        self.flushes.push(done);
        self.settle_flushes();
    }

    /// Ends all. What a connection that is open takes at once leaves; what still waits fails with `closed`.
    pub(crate) fn close(&mut self, now: u64) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        // The last words first: what they do not hold is dropped with the namespaces.
        let actions = self.session.release();
        self.run(actions, now);
        for space in self.spaces.values_mut() {
            space.close();
        }
        self.warnings.end();
        self.settle_flushes();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }
}
