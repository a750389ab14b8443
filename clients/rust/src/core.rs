//! A client without its I/O: the session, the namespaces, and what waits to be written. The shell (driver.rs) tells it what
//! happened, and does what it says.

mod requests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Weak;

use serde_json::{Map, Value};

use crate::Error;
use crate::close_codes::{may_retry_upgrade, should_reconnect};
use crate::driver::Shared;
use crate::errors::CredentialsError;
use crate::feed::Feed;
use crate::frames::{ClientFrame, Decoded, NamespaceFrame, decode};
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
    outbox: VecDeque<Outgoing>,
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
        let actions = self.session.opened(now);
        self.run(actions);
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
        self.run(actions);
    }

    pub(crate) fn lost(&mut self, code: Option<u16>, reason: String, now: u64) {
        let is_final = code.is_some_and(|code| !should_reconnect(code));
        let actions = self.session.lost(code, reason, is_final, now);
        self.run(actions);
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
            self.release();
        }
    }

    /// When `tick` is due.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let asks = self.spaces.values().filter_map(Space::deadline);
        asks.chain(self.session.deadline()).min()
    }

    pub(crate) fn tick(&mut self, now: u64) {
        let actions = self.session.tick(now);
        self.run(actions);
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

    pub(crate) fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// The next frame to write. It has left then.
    pub(crate) fn next_outgoing(&mut self, now: u64) -> Option<String> {
        // Nothing goes into a connection that is dead, though nobody has been told yet: the machine slept.
        if self.session.deadline().is_some_and(|deadline| now >= deadline) {
            return None;
        }
        self.pop_outgoing()
    }

    fn pop_outgoing(&mut self) -> Option<String> {
        let out = self.outbox.pop_front()?;
        if let (Kind::Event { .. }, Some(space)) = (out.kind, self.spaces.get_mut(&out.ns)) {
            space.sender.left(out.text.len());
        }
        Some(out.text)
    }

    fn space(&mut self, ns: &str) -> &mut Space {
        let Self { settings, shared, .. } = self;
        self.spaces.entry(ns.to_owned()).or_insert_with(|| Space::new(ns, settings.bounds, shared.clone()))
    }

    fn frame(&mut self, ns: &str, frame: NamespaceFrame, now: u64) {
        let is_connected = if let NamespaceFrame::Connected(connected) = &frame {
            self.max_payload = Some(connected.max_payload);
            self.session.connected(connected.ping_interval, connected.ping_timeout, now);
            true
        } else {
            false
        };
        let Some(space) = self.spaces.get_mut(ns) else { return };
        let needs = space.received(frame);
        self.serve(ns, needs);
        if is_connected {
            self.flush(ns);
        }
        self.release();
    }

    /// What has waited for the namespace is sent.
    fn flush(&mut self, ns: &str) {
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

    /// Without a namespace that wants it, there is no connection.
    fn release(&mut self) {
        if !self.spaces.values().any(Space::is_wanted) {
            let actions = self.session.release();
            self.run(actions);
        }
    }

    fn run(&mut self, actions: Vec<Action>) {
        for action in actions {
            match action {
                Action::Dial => {
                    self.attempt += 1;
                    self.effects.push_back(Effect::Dial { attempt: self.attempt });
                }
                Action::HangUp { abrupt } => self.hang_up(abrupt),
                Action::Ping => {
                    let text = ClientFrame::Ping.encode();
                    self.outbox.push_back(Outgoing { ns: String::new(), text, kind: Kind::Control });
                }
                Action::Tell(news) => self.tell(news),
            }
        }
    }

    fn hang_up(&mut self, abrupt: bool) {
        self.max_payload = None;
        let last_words = if abrupt {
            // What has not left waits for the next connection, if it may. Last ones first, so that they are in order again.
            while let Some(out) = self.outbox.pop_back() {
                match (out.kind, self.spaces.get_mut(&out.ns)) {
                    (Kind::Event { id, may_wait: true }, Some(space)) => space.sender.keep_first(id, out.text),
                    // Who waits for its ack is told with the end of the session.
                    (Kind::Event { may_wait: false, .. }, Some(space)) => space.sender.left(out.text.len()),
                    _ => {}
                }
            }
            None
        } else {
            Some(std::iter::from_fn(|| self.pop_outgoing()).collect())
        };
        self.effects.push_back(Effect::HangUp { last_words });
        // A namespace that was left while its `connect` was under way will have no answer.
        for space in self.spaces.values_mut().filter(|space| !space.is_wanted()) {
            space.lost(None, "", false);
        }
    }

    fn tell(&mut self, news: News) {
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
                self.release();
            }
            News::Lost { code, reason, is_final } => {
                for ns in all {
                    self.space(&ns).lost(code, &reason, is_final);
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

fn check_size(text: &str, max_payload: Option<usize>) -> Result<(), Error> {
    match max_payload {
        Some(max) if text.len() > max => Err(Error::PayloadTooLarge { size: text.len(), max }),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "core_tests.rs"]
mod tests;
