//! A client without its I/O: the lifecycle of its connection, the namespaces, and what waits to be written.

mod output;
mod requests;

use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;

use futures_channel::oneshot;
use serde_json::{Map, Value};

use super::broadcast::Broadcast;
use super::close_codes::{may_retry_upgrade, should_reconnect};
use super::errors::{CredentialsError, Error};
use super::event_queue::{Bounds, OutgoingFrame};
use super::frames::{ClientFrame, Decoded, NamespaceFrame, decode};
use super::lifecycle::{Lifecycle, LifecycleChange, LifecycleEffect, LifecycleSettings};
use super::machine::Machine;
use super::namespace_machine::{NamespaceEffect, NamespaceMachine};
use super::rate_limiter::RateLimiter;
use super::transport::Transport;

/// What the shell is to do, in order.
#[derive(Debug, PartialEq)]
pub(crate) enum ClientEffect {
    /// Make attempt number `attempt`.
    Dial { attempt: u64 },
    /// `last_words`: what is still to be written before the close frame; `None`: at once, without a close frame.
    HangUp { last_words: Option<Vec<String>> },
    /// The connection is to go on over a new network.
    Renew,
    /// Ask for the credentials of a namespace, and give them with the number of the question.
    AskCredentials { ns: String, question: u64 },
}

#[derive(Debug, Clone)]
pub(crate) struct ClientSettings {
    pub(crate) lifecycle: LifecycleSettings,
    pub(crate) bounds: Bounds,
    pub(crate) max_unread: usize,
}

/// Warnings that a stream keeps for its reader; more than that are not worth the memory.
const MAX_WARNINGS: usize = 1_000;

/// See [`Machine`] for the order in which its methods are called. Its own input is what the connection and the application's
/// functions bring (`opened`, `changed`, `attempt_failed`, `lost`, `given_up`, `heard`, `message`, `malformed`, `credentials`,
/// `counted`, `written`), and what the application asks for (`requests.rs`). Its output is effects, and the frames of `next_outgoing`, which are asked for
/// when the connection takes one. `may_read` says whether to read.
pub(crate) struct ClientMachine {
    settings: ClientSettings,
    random: fn() -> f64,
    /// Milliseconds; set before anything else happens.
    now: u64,
    /// Wakes the task: what was full was read.
    waker: Waker,
    lifecycle: Lifecycle,
    /// What the connection that is open goes over.
    transport: Transport,
    namespaces: BTreeMap<String, NamespaceMachine>,
    effects: VecDeque<ClientEffect>,
    /// What leaves in its order, at the pace that the server takes.
    outbox: VecDeque<OutgoingFrame>,
    /// Acks and pings: they go first.
    urgent: VecDeque<String>,
    limiter: RateLimiter,
    /// When the next of the outbox may leave, where it is not time yet.
    limited_until: Option<u64>,
    /// Whether the connection is not wanted any more, but for what is in the outbox.
    is_leaving: bool,
    /// Whether something was given to the WebSocket, and not to the kernel yet.
    is_writing: bool,
    flushes: Vec<oneshot::Sender<()>>,
    warnings: Broadcast<String>,
    max_payload: Option<usize>,
    next_waiter: u64,
    /// Counts the attempts; what came of an earlier one is ignored.
    attempt: u64,
    is_closed: bool,
}

impl ClientMachine {
    pub(crate) fn new(settings: ClientSettings, random: fn() -> f64, waker: Waker) -> Self {
        Self {
            lifecycle: Lifecycle::new(settings.lifecycle.clone(), random),
            settings,
            random,
            now: 0,
            waker,
            transport: Transport::WebSocket,
            namespaces: BTreeMap::new(),
            effects: VecDeque::new(),
            outbox: VecDeque::new(),
            urgent: VecDeque::new(),
            limiter: RateLimiter::new(0),
            limited_until: None,
            is_leaving: false,
            is_writing: false,
            flushes: Vec::new(),
            warnings: Broadcast::new(),
            max_payload: None,
            next_waiter: 0,
            attempt: 0,
            is_closed: false,
        }
    }

    pub(crate) fn opened(&mut self, attempt: u64, transport: Transport) {
        if attempt != self.attempt {
            return;
        }
        self.transport = transport;
        self.limiter = RateLimiter::new(self.now);
        let effects = self.lifecycle.opened(transport != Transport::WebSocket, self.now);
        self.follow_lifecycle(effects);
    }

    /// The open connection goes over this from now on.
    pub(crate) fn changed(&mut self, transport: Transport) {
        self.transport = transport;
        for namespace in self.namespaces.values_mut() {
            namespace.changed(transport);
        }
    }

    pub(crate) fn attempt_failed(&mut self, attempt: u64, error: Error) {
        if attempt != self.attempt {
            return;
        }
        let is_final = is_final(&error);
        let effects = self.lifecycle.failed(error, is_final, self.now);
        self.follow_lifecycle(effects);
    }

    /// Something refuses the open connection, as it would refuse an attempt.
    pub(crate) fn given_up(&mut self, error: Error) {
        self.warn(format!("the connection was refused: {error}"));
        let is_final = is_final(&error);
        let effects = self.lifecycle.refused(error, is_final, self.now);
        self.follow_lifecycle(effects);
    }

    pub(crate) fn lost(&mut self, code: Option<u16>, reason: String) {
        let is_final = code.is_some_and(|code| !should_reconnect(code));
        let effects = self.lifecycle.lost(code, reason, is_final, self.now);
        self.follow_lifecycle(effects);
    }

    pub(crate) fn heard(&mut self) {
        self.lifecycle.heard(self.now);
    }

    /// The transport has sent a message of its own.
    pub(crate) fn counted(&mut self) {
        self.limiter.take(self.now);
    }

    pub(crate) fn message(&mut self, text: &str) {
        self.heard();
        match decode(text) {
            Decoded::Namespace { ns, frame } => self.frame(&ns, frame),
            Decoded::Error { ns, code, message, id } => {
                self.warn(format!("the server refused a frame: {code}: {message}"));
                if let (Some(id), Some(namespace)) = (id, self.namespaces.get_mut(&ns)) {
                    namespace.settle(id, Err(Error::Refused { code, message }));
                }
            }
            Decoded::Pong => {}
            Decoded::Unknown(kind) => self.warn(format!("a frame of an unknown type came: \"{kind}\"")),
            Decoded::Malformed(message) => self.malformed(&message),
        }
    }

    pub(crate) fn malformed(&mut self, message: &str) {
        self.warn(format!("the server broke the protocol: {message}"));
    }

    pub(crate) fn credentials(
        &mut self,
        ns: &str,
        question: u64,
        result: Result<Map<String, Value>, CredentialsError>,
    ) {
        let (backoff, random) = (self.settings.lifecycle.backoff, (self.random)());
        if let Some(namespace) = self.namespaces.get_mut(ns) {
            let effects = namespace.credentials(question, result, backoff, random, self.now);
            self.follow_namespace(ns, effects);
            self.release();
        }
    }

    /// Whether something may be read: not while a stream of the application's is full.
    pub(crate) fn may_read(&self) -> bool {
        !self.namespaces.values().any(|namespace| namespace.broadcast.is_full(self.settings.max_unread))
    }

    pub(crate) fn has_effects(&self) -> bool {
        !self.effects.is_empty()
    }

    fn namespace(&mut self, ns: &str) -> &mut NamespaceMachine {
        let bounds = self.settings.bounds;
        self.namespaces.entry(ns.to_owned()).or_insert_with(|| NamespaceMachine::new(ns, bounds))
    }

    fn frame(&mut self, ns: &str, frame: NamespaceFrame) {
        let is_connected = if let NamespaceFrame::Connected(connected) = &frame {
            self.max_payload = Some(connected.max_payload);
            self.limiter.set(connected.rate.unwrap_or_default(), self.now);
            self.lifecycle.connected(connected.ping_interval, connected.ping_timeout, self.now);
            true
        } else {
            false
        };
        let Some(namespace) = self.namespaces.get_mut(ns) else { return };
        let effects = namespace.received(frame, self.transport);
        self.follow_namespace(ns, effects);
        if is_connected {
            self.send_waiting(ns);
        }
        self.release();
    }

    fn follow_namespace(&mut self, ns: &str, effects: Vec<NamespaceEffect>) {
        for effect in effects {
            match effect {
                NamespaceEffect::Send(out) => self.outbox.push_back(out),
                NamespaceEffect::AskCredentials { question } => {
                    self.effects.push_back(ClientEffect::AskCredentials { ns: ns.to_owned(), question })
                }
                NamespaceEffect::Warn(message) => self.warn(message),
            }
        }
    }

    /// Without a namespace that wants it, there is no connection; but what was emitted before leaves first.
    fn release(&mut self) {
        let is_wanted = self.namespaces.values().any(NamespaceMachine::is_wanted);
        self.is_leaving = !is_wanted && self.lifecycle.is_open() && !self.outbox.is_empty();
        if !is_wanted && !self.is_leaving {
            let effects = self.lifecycle.release();
            self.follow_lifecycle(effects);
        }
    }

    fn follow_lifecycle(&mut self, effects: Vec<LifecycleEffect>) {
        for effect in effects {
            match effect {
                LifecycleEffect::Dial => {
                    self.attempt += 1;
                    self.effects.push_back(ClientEffect::Dial { attempt: self.attempt });
                }
                LifecycleEffect::HangUp { is_abrupt } => self.hang_up(is_abrupt),
                LifecycleEffect::Ping => {
                    self.urgent.push_back(ClientFrame::Ping.encode());
                }
                LifecycleEffect::Renew => self.effects.push_back(ClientEffect::Renew),
                LifecycleEffect::Tell(change) => self.tell(change),
            }
        }
    }

    fn tell(&mut self, change: LifecycleChange) {
        let all: Vec<String> = self.namespaces.keys().cloned().collect();
        match change {
            LifecycleChange::Opened => {
                for ns in all {
                    let effects = self.namespace(&ns).opened();
                    self.follow_namespace(&ns, effects);
                }
            }
            LifecycleChange::Failed { error, is_final } => {
                self.warn(format!("an attempt to connect failed: {error}"));
                for ns in all {
                    self.namespace(&ns).failed(&error, is_final);
                }
                self.release();
            }
            LifecycleChange::Lost { code, reason, is_final } => {
                for ns in all {
                    self.namespace(&ns).lost(code, &reason, is_final);
                }
                self.release();
            }
        }
    }

    fn warn(&mut self, message: String) {
        let last = "as many warnings were not read as are kept: this stream ends".to_owned();
        self.warnings.push_bounded(&message, MAX_WARNINGS, &last);
    }
}

impl Machine for ClientMachine {
    type Effect = ClientEffect;

    fn at(&mut self, now: u64) -> &mut Self {
        self.now = now;
        self
    }

    fn poll_effect(&mut self) -> Option<ClientEffect> {
        self.effects.pop_front()
    }

    fn deadline(&self) -> Option<u64> {
        let asks = self.namespaces.values().filter_map(NamespaceMachine::deadline);
        asks.chain(self.lifecycle.deadline()).chain(self.limited_until).min()
    }

    fn tick(&mut self) {
        if self.deadline().is_none_or(|deadline| self.now < deadline) {
            return;
        }
        self.limited_until.take_if(|until| self.now >= *until);
        let effects = self.lifecycle.tick(self.now);
        self.follow_lifecycle(effects);
        let all: Vec<String> = self.namespaces.keys().cloned().collect();
        for ns in all {
            let now = self.now;
            let effects = self.namespace(&ns).tick(now);
            self.follow_namespace(&ns, effects);
        }
    }

    fn settle(&mut self) {
        if !self.flushes.is_empty() && self.unsent() == 0 {
            for flush in self.flushes.drain(..) {
                // The caller may have gone meanwhile.
                let _ = flush.send(());
            }
        }
    }

    fn is_over(&self) -> bool {
        self.is_closed
    }

    fn close(&mut self) {
        if std::mem::replace(&mut self.is_closed, true) {
            return;
        }
        // The last words first: what they do not hold is dropped with the namespaces.
        let effects = self.lifecycle.release();
        self.follow_lifecycle(effects);
        for namespace in self.namespaces.values_mut() {
            namespace.close();
        }
        self.warnings.end();
        self.settle();
    }
}

/// Whether trying again would be no use.
fn is_final(error: &Error) -> bool {
    match error {
        Error::UpgradeRefused { status, .. } => !may_retry_upgrade(*status),
        Error::InvalidArgument(_) | Error::NoCredentials(_) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
