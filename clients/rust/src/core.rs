//! A client without its I/O: the session, the namespaces, and what waits to be written. The shell (driver.rs) tells it what
//! happened, and does what it says.

mod requests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Weak;

use serde_json::{Map, Value};
use tokio::sync::oneshot;

use crate::Error;
use crate::close_codes::{may_retry_upgrade, should_reconnect};
use crate::driver::Shared;
use crate::errors::CredentialsError;
use crate::feed::Feed;
use crate::frames::{ClientFrame, Decoded, NamespaceFrame, decode};
use crate::pace::Pace;
use crate::sender::{Bounds, Kind, Outgoing};
use crate::session::{Action, News, Session, SessionSettings};
use crate::space::{Need, Space};

/// What the shell is to do, in order.
#[derive(Debug, PartialEq)]
pub(crate) enum Effect {
    /// Make attempt number `attempt`.
    Dial {
        attempt: u64,
    },
    /// `last_words`: what is still to be written before the close frame; `None`: at once, without a close frame.
    HangUp {
        last_words: Option<Vec<String>>,
    },
    Ask {
        ns: String,
        question: u64,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct CoreSettings {
    pub(crate) session: SessionSettings,
    pub(crate) bounds: Bounds,
    pub(crate) max_unread: usize,
}

/// Warnings that a stream keeps for its reader; more than that are not worth the memory.
const MAX_WARNINGS: usize = 1_000;

pub(crate) struct Core {
    settings: CoreSettings,
    random: fn() -> f64,
    session: Session,
    spaces: BTreeMap<String, Space>,
    effects: VecDeque<Effect>,
    /// What leaves in its order, at the pace that the server takes.
    outbox: VecDeque<Outgoing>,
    /// Acks and pings: they go first.
    urgent: VecDeque<String>,
    pace: Pace,
    /// When the next of the outbox may leave, where it is not time yet.
    paced_until: Option<u64>,
    /// Whether the connection is not wanted any more, but for what is in the outbox.
    is_leaving: bool,
    /// Whether something was given to the WebSocket, and not to the kernel yet.
    is_writing: bool,
    flushes: Vec<oneshot::Sender<()>>,
    warnings: Feed<String>,
    max_payload: Option<usize>,
    next_waiter: u64,
    /// Counts the attempts; what came of an earlier one is ignored.
    attempt: u64,
    closed: bool,
    shared: Weak<Shared>,
}

impl Core {
    pub(crate) fn new(settings: CoreSettings, random: fn() -> f64, shared: Weak<Shared>) -> Self {
        Self {
            session: Session::new(settings.session.clone(), random),
            settings,
            random,
            spaces: BTreeMap::new(),
            effects: VecDeque::new(),
            outbox: VecDeque::new(),
            urgent: VecDeque::new(),
            pace: Pace::new(0),
            paced_until: None,
            is_leaving: false,
            is_writing: false,
            flushes: Vec::new(),
            warnings: Feed::new(),
            max_payload: None,
            next_waiter: 0,
            attempt: 0,
            closed: false,
            shared,
        }
    }

    pub(crate) fn opened(&mut self, attempt: u64, now: u64) {
        if attempt != self.attempt {
            return;
        }
        self.pace = Pace::new(now);
        let actions = self.session.opened(now);
        self.run(actions, now);
    }

    pub(crate) fn attempt_failed(&mut self, attempt: u64, error: Error, now: u64) {
        if attempt != self.attempt {
            return;
        }
        let is_final = match &error {
            Error::UpgradeRefused { status, .. } => !may_retry_upgrade(*status),
            Error::InvalidArgument(_) | Error::NoCredentials(_) => true,
            _ => false,
        };
        let actions = self.session.failed(error, is_final, now);
        self.run(actions, now);
    }

    pub(crate) fn lost(&mut self, code: Option<u16>, reason: String, now: u64) {
        let is_final = code.is_some_and(|code| !should_reconnect(code));
        let actions = self.session.lost(code, reason, is_final, now);
        self.run(actions, now);
    }

    pub(crate) fn heard(&mut self, now: u64) {
        self.session.heard(now);
    }

    pub(crate) fn message(&mut self, text: &str, now: u64) {
        self.heard(now);
        match decode(text) {
            Decoded::Namespace { ns, frame } => self.frame(&ns, frame, now),
            Decoded::Error { ns, code, message, id } => {
                self.warn(format!("the server refused a frame: {code}: {message}"));
                if let (Some(id), Some(space)) = (id, self.spaces.get_mut(&ns)) {
                    space.settle(id, Err(Error::Refused { code, message }));
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
        now: u64,
    ) {
        let (backoff, random) = (self.settings.session.backoff, (self.random)());
        if let Some(space) = self.spaces.get_mut(ns) {
            let needs = space.credentials(question, result, backoff, random, now);
            self.serve(ns, needs);
            self.release(now);
        }
    }

    /// When `tick` is due.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let asks = self.spaces.values().filter_map(Space::deadline);
        asks.chain(self.session.deadline()).chain(self.paced_until).min()
    }

    pub(crate) fn tick(&mut self, now: u64) {
        self.paced_until.take_if(|until| now >= *until);
        let actions = self.session.tick(now);
        self.run(actions, now);
        let due: Vec<String> = self.spaces.keys().cloned().collect();
        for ns in due {
            let needs = self.space(&ns).tick(now);
            self.serve(&ns, needs);
        }
    }

    /// Whether something may be read: not while a stream of the application's is full.
    pub(crate) fn may_read(&self) -> bool {
        !self.spaces.values().any(|space| space.feed.is_full(self.settings.max_unread))
    }

    pub(crate) fn has_effects(&self) -> bool {
        !self.effects.is_empty()
    }

    pub(crate) fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// The next frame to write. It has left then.
    pub(crate) fn next_outgoing(&mut self, now: u64) -> Option<String> {
        // Nothing goes into a connection that is dead, though nobody has been told yet: the machine slept.
        if self.session.deadline().is_some_and(|deadline| now >= deadline) {
            return None;
        }
        let text = self.pop_outgoing(now);
        self.is_writing |= text.is_some();
        text
    }

    fn pop_outgoing(&mut self, now: u64) -> Option<String> {
        if let Some(text) = self.urgent.pop_front() {
            self.pace.take(now);
            return Some(text);
        }
        self.paced_until = if self.outbox.is_empty() { None } else { self.pace.next_at(now) };
        if self.paced_until.is_some() {
            return None;
        }
        let out = self.outbox.pop_front()?;
        self.pace.take(now);
        if let (Kind::Event { .. }, Some(space)) = (out.kind, self.spaces.get_mut(&out.ns)) {
            space.sender.left(out.text.len());
        }
        Some(out.text)
    }

    /// The kernel has all that was given to the WebSocket.
    pub(crate) fn written(&mut self, now: u64) {
        self.is_writing = false;
        if self.is_leaving && self.outbox.is_empty() {
            self.release(now);
        }
    }

    /// How many events, calls among them, have not left, or have no answer.
    pub(crate) fn unsent(&self) -> usize {
        let is_event = |out: &&Outgoing| matches!(out.kind, Kind::Event { id: None, .. });
        let on_their_way = self.outbox.iter().filter(is_event).count() + usize::from(self.is_writing);
        self.spaces.values().map(|space| space.sender.unsent()).sum::<usize>() + on_their_way
    }

    /// Tells those who wait for it that nothing is left to be sent.
    pub(crate) fn settle_flushes(&mut self) {
        if !self.flushes.is_empty() && self.unsent() == 0 {
            for flush in self.flushes.drain(..) {
                // The caller may have gone meanwhile.
                let _ = flush.send(());
            }
        }
    }

    fn space(&mut self, ns: &str) -> &mut Space {
        let Self { settings, shared, .. } = self;
        self.spaces.entry(ns.to_owned()).or_insert_with(|| Space::new(ns, settings.bounds, shared.clone()))
    }

    fn frame(&mut self, ns: &str, frame: NamespaceFrame, now: u64) {
        let is_connected = if let NamespaceFrame::Connected(connected) = &frame {
            self.max_payload = Some(connected.max_payload);
            self.pace.set(connected.rate.unwrap_or_default(), now);
            self.session.connected(connected.ping_interval, connected.ping_timeout, now);
            true
        } else {
            false
        };
        let Some(space) = self.spaces.get_mut(ns) else { return };
        let needs = space.received(frame);
        self.serve(ns, needs);
        if is_connected {
            self.send_waiting(ns);
        }
        self.release(now);
    }

    /// What has waited for the namespace is sent.
    fn send_waiting(&mut self, ns: &str) {
        let max_payload = self.max_payload;
        let Some(space) = self.spaces.get_mut(ns).filter(|space| space.connected().is_some()) else { return };
        let mut refused = Vec::new();
        while let Some((id, text)) = space.sender.take() {
            if let Err(error) = check_size(&text, max_payload) {
                space.sender.left(text.len());
                refused.push(format!("an event that waited was not sent: {error}"));
                if let Some(id) = id {
                    space.settle(id, Err(error));
                }
                continue;
            }
            self.outbox.push_back(Outgoing { ns: ns.to_owned(), text, kind: Kind::Event { id, may_wait: true } });
        }
        refused.into_iter().for_each(|message| self.warn(message));
    }

    fn serve(&mut self, ns: &str, needs: Vec<Need>) {
        for need in needs {
            match need {
                Need::Send(out) => self.outbox.push_back(out),
                Need::Ask { question } => self.effects.push_back(Effect::Ask { ns: ns.to_owned(), question }),
                Need::Warn(message) => self.warn(message),
            }
        }
    }

    /// Without a namespace that wants it, there is no connection; but what was emitted before leaves first.
    fn release(&mut self, now: u64) {
        let is_wanted = self.spaces.values().any(Space::is_wanted);
        self.is_leaving = !is_wanted && self.session.is_open() && !self.outbox.is_empty();
        if !is_wanted && !self.is_leaving {
            let actions = self.session.release();
            self.run(actions, now);
        }
    }

    fn run(&mut self, actions: Vec<Action>, now: u64) {
        for action in actions {
            match action {
                Action::Dial => {
                    self.attempt += 1;
                    self.effects.push_back(Effect::Dial { attempt: self.attempt });
                }
                Action::HangUp { abrupt } => self.hang_up(abrupt, now),
                Action::Ping => {
                    self.urgent.push_back(ClientFrame::Ping.encode());
                }
                Action::Tell(news) => self.tell(news, now),
            }
        }
    }

    fn hang_up(&mut self, abrupt: bool, now: u64) {
        self.max_payload = None;
        self.paced_until = None;
        self.is_leaving = false;
        self.is_writing = false;
        let last_words = if abrupt {
            self.urgent.clear();
            self.keep_outbox();
            None
        } else {
            // What the server takes at once; of the rest its callers hear, or it waits.
            let words = std::iter::from_fn(|| self.pop_outgoing(now)).collect();
            self.keep_outbox();
            Some(words)
        };
        self.effects.push_back(Effect::HangUp { last_words });
        // A namespace that was left while its `connect` was under way will have no answer.
        for space in self.spaces.values_mut().filter(|space| !space.is_wanted()) {
            space.lost(None, "", false);
        }
    }

    /// What has not left waits for the next connection, if it may. Last ones first, so that they are in order again.
    fn keep_outbox(&mut self) {
        while let Some(out) = self.outbox.pop_back() {
            match (out.kind, self.spaces.get_mut(&out.ns)) {
                (Kind::Event { id, may_wait: true }, Some(space)) => space.sender.keep_first(id, out.text),
                // Who waits for its ack is told with the end of the session.
                (Kind::Event { may_wait: false, .. }, Some(space)) => space.sender.left(out.text.len()),
                _ => {}
            }
        }
    }

    fn tell(&mut self, news: News, now: u64) {
        let all: Vec<String> = self.spaces.keys().cloned().collect();
        match news {
            News::Opened => {
                for ns in all {
                    let needs = self.space(&ns).opened();
                    self.serve(&ns, needs);
                }
            }
            News::Failed { error, is_final } => {
                self.warn(format!("an attempt to connect failed: {error}"));
                for ns in all {
                    self.space(&ns).failed(&error, is_final);
                }
                self.release(now);
            }
            News::Lost { code, reason, is_final } => {
                for ns in all {
                    self.space(&ns).lost(code, &reason, is_final);
                }
                self.release(now);
            }
        }
    }

    fn warn(&mut self, message: String) {
        let last = "as many warnings were not read as are kept: this stream ends".to_owned();
        self.warnings.push_bounded(&message, MAX_WARNINGS, &last);
    }
}

fn check_size(text: &str, max_payload: Option<usize>) -> Result<(), Error> {
    match max_payload {
        Some(max) if text.len() > max => Err(Error::PayloadTooLarge { size: text.len(), max }),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "core_tests.rs"]
mod tests;
