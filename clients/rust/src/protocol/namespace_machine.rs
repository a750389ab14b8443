//! One namespace's life on a connection: asking for credentials, `connect` and its answer, recovery, and the end. A state
//! machine with no I/O.

use std::collections::HashSet;

use futures_channel::oneshot;
use serde_json::{Map, Value};

use super::args::Args;
use super::backoff::Backoff;
use super::broadcast::Broadcast;
use super::errors::{CredentialsError, Error};
use super::event_queue::{Bounds, EventQueue, FrameKind, OutgoingFrame};
use super::frames::{ClientFrame, ConnectedFrame, NamespaceFrame};
use super::namespace_event::{AckKey, Connected, Disconnected, NamespaceEvent};
use super::transport::Transport;

/// Who waits for a namespace to be connected.
pub(crate) type Waiter = oneshot::Sender<Result<Connected, Error>>;

/// "Asking" is for credentials; "Connecting" is from the `connect` frame to its answer.
#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Idle,
    Asking,
    Connecting,
    Connected,
}

/// What a namespace wants done by its connection.
#[derive(Debug, PartialEq)]
pub(crate) enum NamespaceEffect {
    Send(OutgoingFrame),
    /// Credentials: the answer is given with the number of the question.
    AskCredentials {
        question: u64,
    },
    Warn(String),
}

pub(crate) struct NamespaceMachine {
    ns: String,
    state: State,
    is_wanted: bool,
    /// Whether it was connected since it was wanted.
    was_connected: bool,
    /// Left, and wanted again, while a `connect` was under way: its answer is to an old question.
    restarts: bool,
    connected: Option<Connected>,
    pid: Option<String>,
    offset: Option<String>,
    /// Counts the sessions: an ack belongs to the session of its event.
    session: u64,
    unanswered: HashSet<u64>,
    question: u64,
    failures: u32,
    ask_at: Option<u64>,
    waiters: Vec<(u64, Waiter)>,
    pub(crate) queue: EventQueue,
    pub(crate) broadcast: Broadcast<NamespaceEvent>,
}

impl NamespaceMachine {
    pub(crate) fn new(ns: &str, bounds: Bounds) -> Self {
        Self {
            ns: ns.to_owned(),
            state: State::Idle,
            is_wanted: false,
            was_connected: false,
            restarts: false,
            connected: None,
            pid: None,
            offset: None,
            session: 0,
            unanswered: HashSet::new(),
            question: 0,
            failures: 0,
            ask_at: None,
            waiters: Vec::new(),
            queue: EventQueue::new(bounds),
            broadcast: Broadcast::new(),
        }
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.is_wanted
    }

    pub(crate) fn connected(&self) -> Option<&Connected> {
        self.connected.as_ref()
    }

    /// The application wants to be connected. `is_open`: whether there is a connection.
    pub(crate) fn connect(&mut self, waiter: (u64, Waiter), is_open: bool) -> Vec<NamespaceEffect> {
        if let Some(connected) = &self.connected {
            // The caller may have gone meanwhile.
            let _ = waiter.1.send(Ok(connected.clone()));
            return Vec::new();
        }
        self.waiters.push(waiter);
        let was_wanted = std::mem::replace(&mut self.is_wanted, true);
        match self.state {
            State::Idle if is_open => self.ask(),
            State::Connecting if !was_wanted => {
                self.restarts = true;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Whoever waited does not any more. True if nobody wants the namespace then.
    pub(crate) fn cancel(&mut self, waiter: u64) -> bool {
        let before = self.waiters.len();
        self.waiters.retain(|(id, _)| *id != waiter);
        before > self.waiters.len() && self.waiters.is_empty() && self.is_wanted && !self.was_connected
    }

    /// The application leaves the namespace.
    pub(crate) fn disconnect(&mut self) -> Vec<NamespaceEffect> {
        let was_connected = self.connected.is_some();
        self.leave(&Error::Aborted);
        if !was_connected {
            return Vec::new();
        }
        self.ended(Disconnected { is_final: true, code: None, reason: "left".to_owned() });
        vec![NamespaceEffect::Send(self.control(&ClientFrame::Disconnect { ns: &self.ns }))]
    }

    /// There is a connection.
    pub(crate) fn opened(&mut self) -> Vec<NamespaceEffect> {
        if self.is_wanted { self.ask() } else { Vec::new() }
    }

    /// The connection could not be made; it is tried again, unless that is final.
    pub(crate) fn failed(&mut self, error: &Error, is_final: bool) {
        if is_final && self.is_wanted {
            self.refused(error);
        }
    }

    /// The connection is gone, and is made again, unless that is final.
    pub(crate) fn lost(&mut self, code: Option<u16>, reason: &str, is_final: bool) {
        self.withdraw();
        self.state = State::Idle;
        self.restarts = false;
        if !self.is_wanted {
            return;
        }
        let closed = Error::ClosedForGood { code: code.unwrap_or(1006), reason: reason.to_owned() };
        if self.connected.is_some() {
            if is_final {
                self.leave(&closed);
            }
            self.ended(Disconnected { is_final, code, reason: reason.to_owned() });
        } else if is_final {
            self.refused(&closed);
        }
    }

    /// The credentials that were asked for.
    pub(crate) fn credentials(
        &mut self,
        question: u64,
        result: Result<Map<String, Value>, CredentialsError>,
        backoff: Backoff,
        random: f64,
        now: u64,
    ) -> Vec<NamespaceEffect> {
        if self.state != State::Asking || question != self.question {
            return Vec::new();
        }
        match result {
            Ok(auth) => {
                self.failures = 0;
                self.state = State::Connecting;
                let frame = ClientFrame::Connect {
                    ns: &self.ns,
                    auth: if auth.is_empty() { None } else { Some(&auth) },
                    pid: self.pid.as_deref(),
                    offset: self.offset.as_deref(),
                };
                vec![NamespaceEffect::Send(self.control(&frame))]
            }
            Err(error) if error.is_final => {
                self.state = State::Idle;
                self.refused(&Error::NoCredentials(error.message));
                Vec::new()
            }
            Err(error) => {
                self.ask_at = Some(now.saturating_add(backoff.delay(self.failures, random)));
                self.failures = self.failures.saturating_add(1);
                vec![NamespaceEffect::Warn(format!("credentials could not be had: {}", error.message))]
            }
        }
    }

    /// When credentials are to be asked for again.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.ask_at
    }

    /// There may be another network, or one again: what is asked for again later is asked for now.
    pub(crate) fn hurry(&mut self, now: u64) {
        self.ask_at = self.ask_at.map(|at| at.min(now));
    }

    pub(crate) fn tick(&mut self, now: u64) -> Vec<NamespaceEffect> {
        if self.ask_at.is_some_and(|at| now >= at) { self.ask() } else { Vec::new() }
    }

    /// The connection goes over this from now on.
    pub(crate) fn changed(&mut self, transport: Transport) {
        if let Some(connected) = &mut self.connected {
            connected.transport = transport;
            self.broadcast.push(&NamespaceEvent::TransportChanged(transport));
        }
    }

    /// A frame for this namespace came, over this transport.
    pub(crate) fn received(&mut self, frame: NamespaceFrame, transport: Transport) -> Vec<NamespaceEffect> {
        match frame {
            NamespaceFrame::Connected(frame) if self.state == State::Connecting => {
                return self.accepted(frame, transport);
            }
            NamespaceFrame::ConnectError { message, data } if self.state == State::Connecting => {
                self.state = State::Idle;
                if std::mem::take(&mut self.restarts) && self.is_wanted {
                    return self.ask();
                }
                if self.is_wanted {
                    self.refused(&Error::ConnectError { message, data });
                }
            }
            NamespaceFrame::Event { event, args, id, offset } if self.state == State::Connected => {
                let ack = id.map(|id| {
                    self.unanswered.insert(id);
                    AckKey { namespace: self.ns.clone(), session: self.session, id }
                });
                self.broadcast.push(&NamespaceEvent::Received { name: event, args: Args::from(args), ack });
                if offset.is_some() {
                    self.offset = offset;
                }
            }
            NamespaceFrame::Ack { id, args } => self.settle(id, Ok(Args::from(args))),
            NamespaceFrame::Disconnect { reason } if self.state == State::Connected => {
                let reason = reason.unwrap_or_else(|| "the server ended the namespace".to_owned());
                self.leave(&Error::Disconnected);
                self.ended(Disconnected { is_final: true, code: None, reason });
            }
            _ => {}
        }
        Vec::new()
    }

    /// The ack of an event came, or an error instead.
    pub(crate) fn settle(&mut self, id: u64, outcome: Result<Args, Error>) {
        if let Some((stream, answered)) = self.queue.settle(id, outcome) {
            self.broadcast.push_to(stream, NamespaceEvent::Answered(answered));
        }
    }

    /// Whether this answer is the first one to an event of the session that there is; to be called once it can be sent.
    pub(crate) fn answers(&mut self, ack: &AckKey) -> bool {
        self.state == State::Connected && ack.session == self.session && self.unanswered.remove(&ack.id)
    }

    /// The client is closed.
    pub(crate) fn close(&mut self) {
        let was_connected = self.connected.is_some();
        self.leave(&Error::Closed);
        self.queue.close();
        if was_connected {
            self.ended(Disconnected { is_final: true, code: None, reason: "closed".to_owned() });
        }
        self.broadcast.end();
    }

    fn accepted(&mut self, frame: ConnectedFrame, transport: Transport) -> Vec<NamespaceEffect> {
        if !self.is_wanted || self.restarts {
            let mut effects = vec![NamespaceEffect::Send(self.control(&ClientFrame::Disconnect { ns: &self.ns }))];
            self.state = State::Idle;
            self.restarts = false;
            if self.is_wanted {
                effects.extend(self.ask());
            }
            return effects;
        }
        let connected = Connected { sid: frame.sid, recovered: frame.recovered, transport };
        self.state = State::Connected;
        self.was_connected = true;
        self.session += 1;
        self.unanswered.clear();
        self.pid = frame.pid;
        // The offset of a former session would have events repeated that this one never missed.
        if !frame.recovered {
            self.offset = None;
        }
        self.connected = Some(connected.clone());
        for (_, waiter) in self.waiters.drain(..) {
            let _ = waiter.send(Ok(connected.clone()));
        }
        self.broadcast.push(&NamespaceEvent::Connected(connected));
        Vec::new()
    }

    /// A connect was refused for good: told to whoever waits for it, or else as an event.
    fn refused(&mut self, error: &Error) {
        let is_later = self.was_connected || self.waiters.is_empty();
        self.leave(error);
        if is_later {
            self.broadcast.push(&NamespaceEvent::Refused(error.clone()));
        }
    }

    fn ask(&mut self) -> Vec<NamespaceEffect> {
        self.withdraw();
        self.state = State::Asking;
        vec![NamespaceEffect::AskCredentials { question: self.question }]
    }

    /// No answer to a question is wanted any more.
    fn withdraw(&mut self) {
        self.question += 1;
        self.ask_at = None;
    }

    /// The namespace is not wanted any more.
    fn leave(&mut self, error: &Error) {
        self.is_wanted = false;
        self.was_connected = false;
        self.failures = 0;
        self.withdraw();
        // Not while connecting: the answer is still to come, and the server must then be told.
        if self.state != State::Connecting {
            self.state = State::Idle;
        }
        for (_, waiter) in self.waiters.drain(..) {
            let _ = waiter.send(Err(error.clone()));
        }
    }

    fn ended(&mut self, disconnected: Disconnected) {
        self.state = State::Idle;
        self.connected = None;
        self.unanswered.clear();
        self.broadcast.push(&NamespaceEvent::Disconnected(disconnected));
        for (stream, answered) in self.queue.disconnected() {
            self.broadcast.push_to(stream, NamespaceEvent::Answered(answered));
        }
    }

    fn control(&self, frame: &ClientFrame<'_>) -> OutgoingFrame {
        OutgoingFrame { ns: self.ns.clone(), text: frame.encode(), kind: FrameKind::Control }
    }
}
