//! What the application asks of a client.

use futures_channel::oneshot;
use serde_json::Value;

use super::ClientMachine;
use super::output::check_size;
use crate::protocol::broadcast::{Subscription, WakeOnRead};
use crate::protocol::errors::Error;
use crate::protocol::event_queue::{FrameKind, OutgoingFrame, Reply};
use crate::protocol::frames::{ClientFrame, RESERVED_EVENTS};
use crate::protocol::machine::Machine;
use crate::protocol::namespace_event::{AckKey, Connected, NamespaceEvent};
use crate::protocol::namespace_machine::Waiter;
use crate::protocol::transport::Transport;

impl ClientMachine {
    pub(crate) fn connect(&mut self, ns: &str, waiter: Waiter) -> u64 {
        let id = self.next_waiter;
        self.next_waiter += 1;
        if self.is_closed {
            // The caller may have gone meanwhile.
            let _ = waiter.send(Err(Error::Closed));
            return id;
        }
        let is_open = self.lifecycle.is_open();
        let effects = self.namespace(ns).connect((id, waiter), is_open);
        self.follow_namespace(ns, effects);
        let effects = self.lifecycle.open(self.now);
        self.follow_lifecycle(effects);
        id
    }

    /// The future of a `connect` was dropped.
    pub(crate) fn cancel_connect(&mut self, ns: &str, waiter: u64) {
        if self.namespaces.get_mut(ns).is_some_and(|namespace| namespace.cancel(waiter)) {
            self.disconnect(ns);
        }
    }

    pub(crate) fn disconnect(&mut self, ns: &str) {
        let effects = self.namespace(ns).disconnect();
        // What is on its way to be sent goes first, and not to the next session.
        self.follow_namespace(ns, effects);
        self.release();
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
        if self.is_closed {
            return Err(Error::Closed);
        }
        if RESERVED_EVENTS.contains(&event) {
            return Err(Error::InvalidArgument(format!("Socket.IO keeps the event name \"{event}\" for itself")));
        }
        let max_payload = self.max_payload;
        let namespace = self.namespace(ns);
        let is_connected = namespace.connected().is_some();
        if !is_connected && !may_wait {
            return Err(Error::Disconnected);
        }
        let id = reply.is_some().then(|| namespace.queue.new_id());
        let text = ClientFrame::Event { ns, event, args, id }.encode();
        check_size(&text, max_payload)?;
        namespace.queue.reserve(text.len())?;
        if let (Some(id), Some(reply)) = (id, reply) {
            namespace.queue.expect(id, reply);
        }
        if is_connected {
            self.outbox.push_back(OutgoingFrame { ns: ns.to_owned(), text, kind: FrameKind::Event { id, may_wait } });
        } else {
            namespace.queue.keep(id, text);
        }
        Ok(id)
    }

    /// Nobody waits for this ack any more: an event that has not left is not sent.
    pub(crate) fn forget(&mut self, ns: &str, id: u64) {
        let is_it =
            |out: &OutgoingFrame| out.ns == ns && matches!(out.kind, FrameKind::Event { id: Some(of), .. } if of == id);
        let withdrawn = self.outbox.iter().position(is_it).and_then(|index| self.outbox.remove(index));
        if let Some(namespace) = self.namespaces.get_mut(ns) {
            namespace.queue.forget(id);
            if let Some(out) = withdrawn {
                namespace.queue.left(out.text.len());
            }
        }
    }

    /// Acks an event of the server's.
    pub(crate) fn answer(&mut self, ack: &AckKey, args: &[Value]) -> Result<(), Error> {
        let text = ClientFrame::Ack { ns: &ack.namespace, id: ack.id, args }.encode();
        check_size(&text, self.max_payload)?;
        if self.namespace(&ack.namespace).answers(ack) {
            self.urgent.push_back(text);
        }
        Ok(())
    }

    pub(crate) fn events(&mut self, ns: &str) -> Subscription<NamespaceEvent> {
        // Full before, and not any more.
        let (waker, at) = (self.waker.clone(), self.settings.max_unread - 1);
        if self.is_closed {
            Subscription::ended(None)
        } else {
            self.namespace(ns).broadcast.subscribe(Some(WakeOnRead { waker, at }))
        }
    }

    pub(crate) fn warnings(&mut self) -> Subscription<String> {
        if self.is_closed { Subscription::ended(None) } else { self.warnings.subscribe(None) }
    }

    pub(crate) fn connected(&self, ns: &str) -> Option<Connected> {
        self.namespaces.get(ns)?.connected().cloned()
    }

    /// What the connection goes over; `None`: there is none.
    pub(crate) fn transport(&self) -> Option<Transport> {
        self.lifecycle.is_open().then_some(self.transport)
    }

    pub(crate) fn network_changed(&mut self) {
        self.namespaces.values_mut().for_each(|namespace| namespace.hurry(self.now));
        let effects = self.lifecycle.network_changed(self.now);
        self.follow_lifecycle(effects);
    }

    pub(crate) fn background(&mut self) {
        let effects = self.lifecycle.background();
        self.follow_lifecycle(effects);
    }

    pub(crate) fn foreground(&mut self) {
        if !self.is_closed {
            self.namespaces.values_mut().for_each(|namespace| namespace.hurry(self.now));
            let effects = self.lifecycle.foreground(self.now);
            self.follow_lifecycle(effects);
        }
    }

    /// Told when nothing is left to be sent.
    pub(crate) fn flush(&mut self, done: oneshot::Sender<()>) {
        self.flushes.push(done);
        self.settle();
    }
}
