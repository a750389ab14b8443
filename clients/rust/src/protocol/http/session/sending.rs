//! Sending to a session: the lines, their numbers, and one POST under way (PROTOCOL.md, 12.6, 12.7 and 12.10).

use super::{HttpEffect, HttpSession, Phase, READ_ON, SessionEvent};
use crate::protocol::frames::ClientFrame;
use crate::protocol::http::http_answers::RequestOutcome;
use crate::protocol::http::sender::{Probe, Sending};
use crate::protocol::refusal::HttpAnswer;

impl HttpSession {
    /// Takes what the client has to send, as much as one POST holds, if none is under way, and sends it. To be called after all
    /// input: what there is to send by itself (the answer to a `ping`, say) leaves with it.
    pub(crate) fn pull(&mut self, next: &mut dyn FnMut() -> Option<String>) {
        if self.phase != Phase::Open || !matches!(self.sender.state, Sending::Idle) {
            return;
        }
        let mut bytes: usize = self.sender.lines.iter().map(|line| line.len() + 1).sum();
        while bytes < self.opened.max_payload {
            let Some(line) = next() else { break };
            bytes += line.len() + 1;
            self.sender.lines.push_back(line);
        }
        self.send_more();
    }

    /// The POST was answered.
    pub(crate) fn posted(&mut self, answer: &HttpAnswer) {
        let Sending::UnderWay { lines, .. } = self.sender.state else { return };
        self.sender.state = Sending::Idle;
        let (first, known) = (self.sender.first, self.sender.lines.len() as u64);
        match RequestOutcome::of(answer) {
            // At least one of the lines that it had, and none that was never sent.
            RequestOutcome::Received(received)
                if (first + u64::from(lines > 0)..=first + known).contains(&received) =>
            {
                self.answered();
                self.sender.failures = 0;
                self.received(received);
                if self.phase == Phase::Leaving {
                    self.send_more();
                }
            }
            RequestOutcome::Received(_) => self.fail_sending(0),
            RequestOutcome::OutOfOrder(from) if (first..=first + known).contains(&from) => {
                self.answered();
                self.received(from);
                self.fail_sending(0);
            }
            RequestOutcome::Again { after } => self.fail_sending(after),
            outcome => self.refused(outcome, true),
        }
    }

    /// The POST has no answer.
    pub(crate) fn post_failed(&mut self) {
        if matches!(self.sender.state, Sending::UnderWay { .. }) {
            self.fail_sending(0);
        }
    }

    pub(super) fn sending_deadline(&self) -> Option<u64> {
        match self.sender.state {
            Sending::Idle => None,
            Sending::UnderWay { since, .. } => {
                Some(since.saturating_add(self.opened.ping_interval).saturating_add(self.opened.ping_timeout))
            }
            Sending::Waiting { until } => Some(until),
        }
    }

    pub(super) fn tick_sending(&mut self) {
        if self.sending_deadline().is_none_or(|deadline| self.now < deadline) {
            return;
        }
        if matches!(self.sender.state, Sending::UnderWay { .. }) {
            self.effects.push_back(HttpEffect::DropPost);
            self.fail_sending(0);
        } else {
            self.post();
        }
    }

    pub(super) fn stop_sending(&mut self) {
        if matches!(self.sender.state, Sending::UnderWay { .. }) {
            self.effects.push_back(HttpEffect::DropPost);
        }
        self.sender.state = Sending::Idle;
    }

    /// What is under way is sent again, now.
    pub(super) fn renew_sending(&mut self) {
        if !matches!(self.sender.state, Sending::Idle) {
            self.stop_sending();
            self.sender.failures = 0;
            self.post();
        }
    }

    /// Makes the next POST, if there is something to send and none under way; when all has left, a session that is left ends.
    pub(super) fn send_more(&mut self) {
        if !matches!(self.sender.state, Sending::Idle) {
            return;
        }
        match self.phase {
            Phase::Open if self.sender.wants_empty || !self.sender.lines.is_empty() => self.post(),
            Phase::Leaving if !self.sender.lines.is_empty() => self.post(),
            Phase::Leaving => {
                self.phase = Phase::Deleting { until: self.now + READ_ON, end: None };
                self.effects.push_back(HttpEffect::Delete);
            }
            _ => {}
        }
    }

    /// The lines that fit, from the first one on: those that were sent before, and maybe more.
    fn post(&mut self) {
        if self.sender.probe == Probe::None && self.reader.is_stream && !self.sender.lines.is_empty() {
            let line = self.sender.first + self.sender.lines.len() as u64;
            self.sender.probe = Probe::Sent { line };
            self.sender.lines.push_back(ClientFrame::Ping.encode());
            self.events.push_back(SessionEvent::Counted);
        }
        let mut body = String::new();
        let mut lines = 0;
        for line in &self.sender.lines {
            if lines > 0 && body.len() + 1 + line.len() > self.opened.max_payload {
                break;
            }
            if lines > 0 {
                body.push('\n');
            }
            body.push_str(line);
            lines += 1;
        }
        if lines == 0 {
            self.events.push_back(SessionEvent::Counted);
        }
        self.sender.wants_empty = false;
        self.reader.unacked = 0;
        self.sender.state = Sending::UnderWay { since: self.now, lines };
        let seq = (lines > 0).then_some(self.sender.first);
        self.effects.push_back(HttpEffect::Post { seq, ack: self.reader.received, body });
    }

    /// The server has all lines before this number.
    fn received(&mut self, number: u64) {
        while self.sender.first < number && self.sender.lines.pop_front().is_some() {
            self.sender.first += 1;
        }
        if matches!(self.sender.probe, Probe::Sent { line } if line < number) {
            self.sender.probe = Probe::Waiting { since: self.now };
        }
    }

    fn fail_sending(&mut self, after: u64) {
        self.sender.failures = self.sender.failures.saturating_add(1);
        let until = self.retry_at(self.sender.failures, after);
        self.sender.state = Sending::Waiting { until };
        self.tick_sending();
    }
}
