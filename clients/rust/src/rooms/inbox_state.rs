//! The inbox, as this device has it: opens it again after each reconnect, and has its items processed one by one. No I/O.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::json;

use super::api::{InboxAnswer, InboxItem, InboxOpened, Position, RoomsEvent};
use super::backoff::Retry;
use super::error::RoomsError;
use super::host::{Effect, Host, Tag};
use super::inbox_log::{InboxAction, InboxLog};
use super::lane::{Outcome, Reply};

/// The application's function; where it fails, it says why.
pub(crate) type Processor = Arc<dyn Fn(InboxItem) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

enum Later {
    Open,
    Ack(Position),
}

pub(crate) struct InboxState {
    log: InboxLog,
    /// Whose inbox `log` is of.
    user: Option<String>,
    processor: Option<Processor>,
    /// Whether the inbox was asked for: it is opened on each connection from then on.
    is_wanted: bool,
    is_open: bool,
    /// Whether this device has a newer connection.
    is_taken: bool,
    waiters: Vec<Reply<InboxOpened>>,
    /// Counts connections; what belongs to an earlier one is ignored.
    turn: u64,
    /// Counts the items that were given to a processor; the end of an earlier one is ignored.
    run: u64,
    /// Failures in a row: of opening or acking, and of processing.
    call_failures: u32,
    process_failures: u32,
    call_later: Option<(Retry, Later)>,
    process_at: Option<Retry>,
    /// Until when opening was refused.
    refused: Option<Retry>,
}

impl InboxState {
    pub(crate) fn new() -> Self {
        Self {
            log: InboxLog::new(None),
            user: None,
            processor: None,
            is_wanted: false,
            is_open: false,
            is_taken: false,
            waiters: Vec::new(),
            turn: 0,
            run: 0,
            call_failures: 0,
            process_failures: 0,
            call_later: None,
            process_at: None,
            refused: None,
        }
    }

    pub(crate) fn cursor(&self) -> Option<&Position> {
        self.log.cursor()
    }

    /// The caller keeps a processor of its own, so that one that is not taken is not dropped here.
    pub(crate) fn process(&mut self, processor: Processor, reply: Reply<InboxOpened>, host: &mut Host) {
        if self.processor.is_some() {
            // The caller may have gone meanwhile.
            let _ = reply.send(Err(RoomsError::own("in_use")));
            return;
        }
        self.processor = Some(processor);
        let actions = self.log.processing(true);
        self.perform(actions, host);
        self.waiters.push(reply);
        self.is_wanted = true;
        // On a connection where it is open already too: only the server knows how many items wait.
        self.open(host);
    }

    /// The application does not process items any more. The next connections are made without the inbox.
    pub(crate) fn cancel(&mut self, host: &mut Host) {
        self.is_wanted = false;
        self.call_later.take_if(|(_, later)| matches!(later, Later::Open));
        for waiter in self.waiters.drain(..) {
            let _ = waiter.send(Err(RoomsError::own("aborted")));
        }
        self.stop(host);
    }

    /// There may be another network, or one again: what is called again later is called now.
    pub(crate) fn hurry(&mut self, now: u64) {
        if let Some((retry, _)) = &mut self.call_later {
            retry.hurry(now);
        }
    }

    /// There is a connection, of this user.
    pub(crate) fn up(&mut self, user: &str, host: &mut Host) {
        if self.user.as_deref() != Some(user) {
            self.user = Some(user.to_owned());
            self.run += 1;
            let device = host.device.clone();
            self.log = InboxLog::new(host.kept.processed(user, &device));
            let actions = self.log.processing(self.processor.is_some());
            self.perform(actions, host);
        }
        if self.is_wanted {
            self.open(host);
        }
    }

    /// The connection is lost.
    pub(crate) fn down(&mut self) {
        self.turn += 1;
        self.is_open = false;
        self.is_taken = false;
        self.call_later = None;
        self.log.away();
    }

    /// There will be no connection any more.
    pub(crate) fn end(&mut self, error: &RoomsError, host: &mut Host) {
        self.down();
        self.is_wanted = false;
        self.stop(host);
        for waiter in self.waiters.drain(..) {
            let _ = waiter.send(Err(error.clone()));
        }
    }

    /// Another connection of this device has come. Whether it has opened the inbox, the next ack will say.
    pub(crate) fn taken(&mut self) {
        self.is_taken = true;
    }

    /// It has gone.
    pub(crate) fn returned(&mut self, host: &mut Host) {
        self.is_taken = false;
        if self.is_open {
            let actions = self.log.returned();
            self.perform(actions, host);
        }
    }

    pub(crate) fn item_came(&mut self, item: InboxItem, host: &mut Host) {
        if self.is_open {
            let actions = self.log.received(item);
            self.perform(actions, host);
        }
    }

    pub(crate) fn opened(&mut self, turn: u64, outcome: Outcome, host: &mut Host) {
        if turn != self.turn {
            return;
        }
        let answer = match outcome {
            Outcome::Lost => return,
            Outcome::Timeout => return self.open(host),
            Outcome::Refused(error) => return self.refused(error, host),
            Outcome::Ok(answer) => InboxAnswer::deserialize(answer),
        };
        match answer {
            Err(error) => self.refused(RoomsError::bad_answer(error), host),
            Ok(InboxAnswer { cursor, waiting, recovered }) => {
                if recovered == Some(false) {
                    host.tell(&RoomsEvent::InboxLost);
                }
                self.is_open = true;
                self.refused = None;
                self.call_failures = 0;
                for waiter in self.waiters.drain(..) {
                    let _ = waiter.send(Ok(InboxOpened { waiting }));
                }
                let actions = self.log.opened(&cursor);
                self.perform(actions, host);
            }
        }
    }

    pub(crate) fn acked(&mut self, turn: u64, position: Position, outcome: Outcome, host: &mut Host) {
        if turn != self.turn {
            return;
        }
        let actions = match outcome {
            Outcome::Lost => return,
            Outcome::Ok(_) => {
                self.call_failures = 0;
                self.log.acked()
            }
            Outcome::Timeout => self.log.ack_failed(position),
            Outcome::Refused(error) if error.retryable() => return self.later(&error, Later::Ack(position), host),
            Outcome::Refused(error) if error.code() == "inbox_not_open" && self.is_taken => {
                self.log.taken();
                self.log.ack_failed(position)
            }
            Outcome::Refused(error) if error.code() == "inbox_not_open" => return self.open(host),
            Outcome::Refused(error) => {
                // The next one covers it; and when the inbox is opened again, `since` says it.
                host.warn(error.to_string());
                self.log.acked()
            }
        };
        self.perform(actions, host);
    }

    /// The processor is done with an item.
    pub(crate) fn processed(&mut self, run: u64, result: Result<(), String>, host: &mut Host) {
        if run != self.run {
            return;
        }
        match result {
            Ok(()) => {
                self.process_failures = 0;
                let actions = self.log.done();
                self.perform(actions, host);
            }
            Err(message) => {
                self.log.failed();
                self.process_failures += 1;
                self.process_at = Some(Retry::after(self.process_failures, None, host.now, host.roll()));
                host.warn(format!("an item was not processed, and comes again: {message}"));
            }
        }
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        let call = self.call_later.as_ref().map(|(retry, _)| *retry);
        call.into_iter().chain(self.process_at).map(|retry| retry.at()).min()
    }

    pub(crate) fn tick(&mut self, host: &mut Host) {
        if self.process_at.take_if(|retry| retry.is_due(host.now)).is_some() {
            let actions = self.log.processing(self.processor.is_some());
            self.perform(actions, host);
        }
        match self.call_later.take_if(|(retry, _)| retry.is_due(host.now)) {
            Some((_, Later::Open)) => self.open(host),
            Some((_, Later::Ack(position))) => {
                let actions = self.log.ack_failed(position);
                self.perform(actions, host);
            }
            None => {}
        }
    }

    fn open(&mut self, host: &mut Host) {
        if !host.is_up {
            return;
        }
        self.turn += 1;
        self.call_later = None;
        // The server has said when it takes this call again; a new connection changes nothing about that.
        if let Some(retry) = &mut self.refused {
            retry.hurry(host.now);
            if !retry.is_due(host.now) {
                self.call_later = Some((*retry, Later::Open));
                return;
            }
        }
        let argument = self.log.cursor().map_or_else(|| json!({}), |since| json!({ "since": since }));
        // It is up.
        let _ = host.call(Tag::OpenInbox { turn: self.turn }, "inbox", argument);
    }

    fn refused(&mut self, error: RoomsError, host: &mut Host) {
        if error.retryable() {
            host.warn(error.to_string());
            self.later(&error, Later::Open, host);
            self.refused = self.call_later.as_ref().map(|(retry, _)| *retry);
            return;
        }
        self.is_wanted = false;
        if self.waiters.is_empty() {
            host.warn(error.to_string());
        }
        for waiter in self.waiters.drain(..) {
            let _ = waiter.send(Err(error.clone()));
        }
        self.stop(host);
    }

    fn perform(&mut self, actions: Vec<InboxAction>, host: &mut Host) {
        for action in actions {
            match action {
                InboxAction::Keep(position) => {
                    if let Some(user) = &self.user {
                        let device = host.device.clone();
                        host.kept.keep_processed(user, &device, &position);
                    }
                }
                InboxAction::Ack(position) => {
                    let argument = json!({ "position": position });
                    // It is open, and so there is a connection; a lost one tells with the next `since`.
                    let _ = host.call(Tag::AckInbox { turn: self.turn, position }, "inbox_ack", argument);
                }
                InboxAction::Process(item) => {
                    if let Some(processor) = self.processor.clone() {
                        self.run += 1;
                        host.effects.push_back(Effect::Process { run: self.run, item, processor });
                    }
                }
            }
        }
    }

    /// Nobody processes items any more; the one in hand is not processed.
    fn stop(&mut self, host: &mut Host) {
        self.run += 1;
        if let Some(processor) = self.processor.take() {
            host.effects.push_back(Effect::Release { processor });
        }
        self.process_at = None;
        let actions = self.log.processing(false);
        self.perform(actions, host);
    }

    fn later(&mut self, error: &RoomsError, what: Later, host: &Host) {
        self.call_failures += 1;
        self.call_later = Some((Retry::after(self.call_failures, Some(error), host.now, host.roll()), what));
    }
}
