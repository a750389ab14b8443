//! Reading a session: the GETs, as streams or polls, and what comes on them (PROTOCOL.md, 12.4, 12.5, 12.13 and 12.18).

use super::{End, HttpEffect, HttpSession, Phase, SessionEvent, outcome_of_get};
use crate::protocol::http::event_parser::ReadEvent;
use crate::protocol::http::http_answers::RequestOutcome;
use crate::protocol::http::reader::{Answer, Reading};
use crate::protocol::http::sender::Probe;
use crate::protocol::refusal::HttpAnswer;

/// Milliseconds after the GET in which a stream that is not held up has begun.
const OPEN_WITHIN: u64 = 3_000;

/// Milliseconds after its beginning in which a stream that is not held up has brought its first `ping`.
const PING_WITHIN: u64 = 10_000;

/// Milliseconds between the beginnings of two answers that bring nothing: something on the way that ends each at once must
/// not be asked all the time.
const EMPTY_APART: u64 = 500;

/// Bytes after which the server is told what has come, without which it keeps all of it.
const ACK_AFTER: usize = 256 << 10;

impl HttpSession {
    /// The server has begun to answer the GET, with this status.
    pub(crate) fn read_refused(&mut self, answer: &HttpAnswer) {
        match outcome_of_get(answer) {
            RequestOutcome::Again { after } => self.fail_reading(after),
            outcome => self.refused(outcome, false),
        }
    }

    /// The next bytes of an answer with status 200.
    pub(crate) fn read_bytes(&mut self, bytes: &[u8]) {
        let Reading::UnderWay(answer) = &mut self.reader.state else { return };
        let mut events = Vec::new();
        let parsed = answer.parser.push(bytes, &mut events);
        answer.heard_at = self.now;
        self.reader.unacked += bytes.len();
        self.heard();
        for event in events {
            // The end, or a first event that is none of ours, is an end of all.
            if !self.take_event(event) {
                return;
            }
        }
        if let Err(error) = parsed {
            return self.give_up(&format!("the server broke the protocol: {error:?}"));
        }
        if self.reader.is_stream && self.reader.unacked >= ACK_AFTER {
            self.sender.wants_empty = true;
        }
    }

    /// The answer has ended, or broken off.
    pub(crate) fn read_ended(&mut self, is_whole: bool) {
        let Reading::UnderWay(answer) = &self.reader.state else { return };
        let (since, is_empty) = (answer.since, answer.is_empty);
        if answer.opened_at.is_none() {
            return self.fail_reading(0);
        }
        if self.reader.is_stream || !is_whole {
            self.failing_since.get_or_insert(self.now);
        }
        let apart = if is_empty { EMPTY_APART.min(self.opened.ping_interval) } else { 0 };
        self.reader.state = Reading::Waiting { until: self.now.max(since + apart) };
        self.tick_reading();
    }

    /// Nothing is read for a while, as the application is slow: what has not come then is not missed.
    pub(crate) fn rest(&mut self) {
        let now = self.now;
        if let Reading::UnderWay(answer) = &mut self.reader.state {
            answer.since = now;
            answer.heard_at = now;
            answer.opened_at = answer.opened_at.map(|_| now);
            answer.pinged_at = answer.pinged_at.map(|_| now);
        }
    }

    /// Makes a GET, now.
    pub(super) fn read(&mut self) {
        let (is_stream, ack, now) = (self.reader.is_stream, self.reader.received, self.now);
        self.reader.unacked = 0;
        self.reader.state = Reading::UnderWay(Box::new(Answer::since(now)));
        self.effects.push_back(HttpEffect::Get { is_stream, ack });
    }

    pub(super) fn stop_reading(&mut self) {
        if !self.reader.is_idle() {
            self.effects.push_back(HttpEffect::DropGet);
        }
        self.reader.state = Reading::Off;
    }

    pub(super) fn reading_deadline(&self) -> Option<u64> {
        match &self.reader.state {
            Reading::Off => None,
            Reading::Waiting { until } => Some(*until),
            Reading::UnderWay(answer) => {
                let fates = [self.silent_at(answer), self.held_up_at(answer)];
                fates.into_iter().flatten().min()
            }
        }
    }

    pub(super) fn tick_reading(&mut self) {
        let is_past = |at: Option<u64>| at.is_some_and(|at| self.now >= at);
        match &self.reader.state {
            Reading::Waiting { until } if self.now >= *until => self.read(),
            // Silence first: where nothing at all comes, another stream shows whether streams are held up.
            Reading::UnderWay(answer) if is_past(self.silent_at(answer)) => {
                let was_open = answer.opened_at.is_some();
                self.effects.push_back(HttpEffect::DropGet);
                if was_open {
                    self.failing_since.get_or_insert(self.now);
                    self.read();
                } else {
                    self.fail_reading(0);
                }
            }
            Reading::UnderWay(answer) if is_past(self.held_up_at(answer)) => self.held_up(),
            _ => {}
        }
    }

    /// When an answer is taken for none, or a stream for dead.
    fn silent_at(&self, answer: &Answer) -> Option<u64> {
        let silence = self.opened.ping_interval.saturating_add(self.opened.ping_timeout);
        let wait = if self.reader.is_stream { 0 } else { self.opened.ping_interval };
        Some(answer.heard_at.saturating_add(wait).saturating_add(silence))
    }

    /// When a stream is taken for one that something on the way holds up.
    fn held_up_at(&self, answer: &Answer) -> Option<u64> {
        if !self.reader.is_stream {
            return None;
        }
        let Some(opened_at) = answer.opened_at else { return Some(answer.since.saturating_add(OPEN_WITHIN)) };
        let pinged = match answer.pinged_at {
            Some(at) => at.saturating_add(self.opened.ping_interval).saturating_add(self.opened.ping_timeout),
            None => opened_at.saturating_add(PING_WITHIN),
        };
        let ponged = match self.sender.probe {
            Probe::Waiting { since } => Some(since.max(opened_at).saturating_add(OPEN_WITHIN)),
            _ => None,
        };
        Some(ponged.map_or(pinged, |ponged| ponged.min(pinged)))
    }

    fn held_up(&mut self) {
        if !self.may_poll {
            return self.give_up("something on the way holds the stream up");
        }
        self.effects.push_back(HttpEffect::DropGet);
        self.reader.is_stream = false;
        self.reader.has_changed = true;
        self.reader.failures = 0;
        self.sender.probe = Probe::Done;
        self.events.push_back(SessionEvent::ReadsByPolls);
        self.read();
    }

    fn fail_reading(&mut self, after: u64) {
        if let Phase::ReadingOn { end, .. } = &self.phase {
            let end = end.clone();
            return self.end(end);
        }
        self.reader.failures = self.reader.failures.saturating_add(1);
        self.reader.state = Reading::Waiting { until: self.retry_at(self.reader.failures, after) };
        self.tick_reading();
    }

    /// False where nothing more of this answer counts.
    fn take_event(&mut self, event: ReadEvent) -> bool {
        let (now, received) = (self.now, self.reader.received);
        let Reading::UnderWay(answer) = &mut self.reader.state else { return false };
        if answer.opened_at.is_none() {
            // A server that skips frames has lost them.
            let ReadEvent::Open { next } = event else { return self.no_answer() };
            if next > received {
                return self.no_answer();
            }
            answer.opened_at = Some(now);
            answer.next = next;
            self.reader.failures = 0;
            self.answered();
            if std::mem::take(&mut self.reader.has_changed) {
                self.events.push_back(SessionEvent::PollsWork);
            }
            return true;
        }
        answer.is_empty = false;
        match event {
            ReadEvent::Frame(text) => {
                let number = answer.next;
                answer.next += 1;
                if number == received {
                    self.reader.received += 1;
                    self.sender.look_for_pong(&text);
                    self.events.push_back(SessionEvent::Frame(text));
                }
            }
            ReadEvent::Ping => {
                answer.pinged_at = Some(now);
                self.sender.wants_empty = true;
            }
            ReadEvent::Close { code, reason } => {
                self.end(End { code, reason });
                return false;
            }
            ReadEvent::Open { .. } | ReadEvent::Unknown => {}
        }
        self.failing_since = None;
        true
    }

    fn no_answer(&mut self) -> bool {
        self.effects.push_back(HttpEffect::DropGet);
        self.fail_reading(0);
        false
    }
}
