//! One session of the bridge over HTTP (PROTOCOL.md, 12.3 to 12.18): which requests are made, and what their answers mean. A
//! state machine with no I/O: the clock and randomness are passed in.

mod reading;
mod sending;

use std::collections::VecDeque;
use std::time::Duration;

use super::http_answers::{Opened, RequestOutcome};
use super::reader::Reader;
use super::sender::Sender;
use crate::protocol::backoff::Backoff;
use crate::protocol::errors::Error;
use crate::protocol::refusal::HttpAnswer;

/// A request to make, or to drop. There is at most one GET and one POST at a time: a new GET takes the place of the one before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum HttpEffect {
    /// `ack`: how many frames have come.
    Get {
        is_stream: bool,
        ack: u64,
    },
    DropGet,
    /// `seq`: the number of the first line; `None`: there is no line.
    Post {
        seq: Option<u64>,
        ack: u64,
        body: String,
    },
    DropPost,
    Delete,
    /// Connections that are kept for the next request may be of a network that has gone.
    DropIdle,
}

/// What a session tells the rest of the client, in order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SessionEvent {
    Frame(String),
    /// A sign of life of the server's.
    Heard,
    /// A message was sent that the client has not asked for, and that counts as to the server's rate.
    Counted,
    /// It reads by polls from now on.
    ReadsByPolls,
    /// A poll has come through, where a stream had not.
    PollsWork,
    /// It is over: closed with a code, or lost without one. The last event, but for `Refused`.
    Lost {
        code: Option<u16>,
        reason: String,
    },
    /// It is over, as a request was refused for good.
    Refused(Error),
}

/// Before a request is sent again: the first time at once, then these.
const RETRY: Backoff = Backoff { min: Duration::from_millis(500), max: Duration::from_secs(5), jitter: 0.5 };

/// Milliseconds to read on for, after a POST was told that the session is closed; and to wait for the answer to DELETE.
const READ_ON: u64 = 1_000;

#[derive(Debug, Clone, PartialEq)]
enum Phase {
    Open,
    /// A POST was told that the session is closed: what is there is read first.
    ReadingOn {
        until: u64,
        end: End,
    },
    /// No more is read; what is left to be sent leaves, and then DELETE.
    Leaving,
    /// DELETE is under way; `end` is told then.
    Deleting {
        until: u64,
        end: Option<End>,
    },
    Over,
}

#[derive(Debug, Clone, PartialEq)]
struct End {
    code: Option<u16>,
    reason: String,
}

impl End {
    fn lost(reason: &str) -> Self {
        Self { code: None, reason: reason.to_owned() }
    }
}

/// Its methods are called as those of a [`Machine`](crate::protocol::machine::Machine) are: `at` first; then input, which is what
/// the requests bring (`reading.rs`, `sending.rs`, `deleted`), what the client wants (`pull`, `renew`, `leave`) and `tick`, once
/// the `deadline` has passed; then `next_effect` and `next_event`, until there is nothing left. What comes of a request that an
/// effect has dropped is not told.
pub(crate) struct HttpSession {
    opened: Opened,
    /// Whether it may change from a stream to polls.
    may_poll: bool,
    random: fn() -> f64,
    now: u64,
    phase: Phase,
    reader: Reader,
    sender: Sender,
    /// Since when no request has had an answer.
    failing_since: Option<u64>,
    effects: VecDeque<HttpEffect>,
    events: VecDeque<SessionEvent>,
}

impl HttpSession {
    /// `reads_stream`: or by polls, from the start. Begins to read at once.
    pub(crate) fn new(opened: Opened, reads_stream: bool, may_poll: bool, random: fn() -> f64, now: u64) -> Self {
        let mut session = Self {
            opened,
            may_poll,
            random,
            now,
            phase: Phase::Open,
            reader: Reader::new(reads_stream),
            sender: Sender::default(),
            failing_since: None,
            effects: VecDeque::new(),
            events: VecDeque::new(),
        };
        session.read();
        session
    }

    pub(crate) fn at(&mut self, now: u64) -> &mut Self {
        self.now = now;
        self
    }

    pub(crate) fn next_effect(&mut self) -> Option<HttpEffect> {
        self.effects.pop_front()
    }

    /// `takes_frames`: where not, frames and what comes after them wait.
    pub(crate) fn next_event(&mut self, takes_frames: bool) -> Option<SessionEvent> {
        match self.events.front()? {
            SessionEvent::Frame(_) if !takes_frames => None,
            _ => self.events.pop_front(),
        }
    }

    /// Whether there is something to do, or to tell whoever `takes_frames` or does not.
    pub(crate) fn has_output(&self, takes_frames: bool) -> bool {
        let is_told = |event: &SessionEvent| takes_frames || !matches!(event, SessionEvent::Frame(_));
        !self.effects.is_empty() || self.events.front().is_some_and(is_told)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether the server has all lines.
    pub(crate) fn is_flushed(&self) -> bool {
        self.sender.is_flushed()
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        let end = match self.phase {
            Phase::Over => return None,
            Phase::Open | Phase::Leaving => {
                self.failing_since.map(|since| since.saturating_add(self.opened.resume_timeout))
            }
            Phase::ReadingOn { until, .. } | Phase::Deleting { until, .. } => Some(until),
        };
        let sending = self.sending_deadline().filter(|_| matches!(self.phase, Phase::Open | Phase::Leaving));
        [end, self.reading_deadline(), sending].into_iter().flatten().min()
    }

    pub(crate) fn tick(&mut self) {
        match &self.phase {
            Phase::ReadingOn { until, end } if self.now >= *until => {
                let end = end.clone();
                self.end(end);
            }
            Phase::Deleting { until, .. } if self.now >= *until => self.deleted(),
            Phase::Open | Phase::Leaving => {
                let is_gone = |since: u64| self.now >= since.saturating_add(self.opened.resume_timeout);
                if self.failing_since.is_some_and(is_gone) {
                    self.end(End::lost("the server has not answered for too long"));
                } else {
                    self.tick_reading();
                    self.tick_sending();
                }
            }
            Phase::ReadingOn { .. } => self.tick_reading(),
            Phase::Deleting { .. } | Phase::Over => {}
        }
    }

    /// The network is another one: requests that are under way may be on the old one's connections.
    pub(crate) fn renew(&mut self) {
        if self.phase == Phase::Open {
            self.effects.push_back(HttpEffect::DropIdle);
            self.failing_since = None;
            self.renew_sending();
            self.reader.failures = 0;
            self.read();
        }
    }

    /// The client leaves: `last_words` are sent, and then DELETE.
    pub(crate) fn leave(&mut self, last_words: Vec<String>) {
        if self.phase != Phase::Open {
            self.phase = Phase::Over;
            return;
        }
        self.phase = Phase::Leaving;
        self.stop_reading();
        self.sender.lines.extend(last_words);
        self.send_more();
    }

    /// DELETE was answered, or will not be.
    pub(crate) fn deleted(&mut self) {
        if let Phase::Deleting { end, .. } = std::mem::replace(&mut self.phase, Phase::Over) {
            self.events.extend(end.map(|End { code, reason }| SessionEvent::Lost { code, reason }));
        }
    }

    /// What an answer means that is not the one that was wanted. `is_post`: to which request.
    fn refused(&mut self, outcome: RequestOutcome, is_post: bool) {
        match outcome {
            // Nobody reads what is there.
            RequestOutcome::Closed { .. } if self.phase == Phase::Leaving => self.stop(),
            RequestOutcome::Closed { code, reason } if is_post => {
                self.phase = Phase::ReadingOn { until: self.now + READ_ON, end: End { code, reason } };
                if self.reader.is_idle() {
                    self.read();
                }
            }
            RequestOutcome::Closed { code, reason } => self.end(End { code, reason }),
            RequestOutcome::Unknown => self.end(End::lost("the server does not know the session any more")),
            RequestOutcome::CannotResume => self.give_up("what was missed is kept no more"),
            RequestOutcome::Refused(error) => {
                self.stop();
                self.events.push_back(SessionEvent::Refused(error));
            }
            RequestOutcome::OutOfOrder(_) | RequestOutcome::Received(_) | RequestOutcome::Again { .. } => {
                self.give_up("the server has lost what it had received");
            }
        }
    }

    /// The session is of no use any more, though the server may have it still.
    fn give_up(&mut self, reason: &str) {
        if matches!(self.phase, Phase::ReadingOn { .. }) {
            return self.end(End::lost(reason));
        }
        self.stop();
        self.effects.push_back(HttpEffect::Delete);
        self.phase = Phase::Deleting { until: self.now + READ_ON, end: Some(End::lost(reason)) };
    }

    fn end(&mut self, end: End) {
        // What a POST was told counts, where the end itself was not read.
        let end = match std::mem::replace(&mut self.phase, Phase::Over) {
            Phase::ReadingOn { end: told, .. } if end.code.is_none() => told,
            Phase::Leaving => return self.stop(),
            _ => end,
        };
        self.stop();
        self.events.push_back(SessionEvent::Lost { code: end.code, reason: end.reason });
    }

    fn stop(&mut self) {
        self.phase = Phase::Over;
        self.stop_reading();
        self.stop_sending();
    }

    fn answered(&mut self) {
        self.failing_since = None;
        self.heard();
    }

    fn heard(&mut self) {
        if self.events.back() != Some(&SessionEvent::Heard) {
            self.events.push_back(SessionEvent::Heard);
        }
    }

    /// When to send a request again that has failed so many times in a row. `after`: not sooner, in milliseconds.
    fn retry_at(&mut self, failures: u32, after: u64) -> u64 {
        self.failing_since.get_or_insert(self.now);
        let delay = failures.checked_sub(2).map_or(0, |doublings| RETRY.delay(doublings, (self.random)()));
        self.now.saturating_add(delay.max(after))
    }
}

/// What the answer to a GET that is not 200 means, beside a failure.
fn outcome_of_get(answer: &HttpAnswer) -> RequestOutcome {
    match RequestOutcome::of(answer) {
        // Of a POST's answers alone.
        RequestOutcome::Received(_) | RequestOutcome::OutOfOrder(_) => RequestOutcome::Again { after: 0 },
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests;
