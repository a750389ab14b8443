//! The inbox, as this device has it: opens it again after each reconnect, and has its items processed one by one. No I/O.

use serde::Deserialize;
use serde_json::json;

use super::answers::InboxAnswer;
use super::inbox_item::InboxItem;
use super::inbox_log::{InboxLog, InboxLogEffect};
use super::retry::Retry;
use super::rooms_context::RoomsContext;
use super::rooms_effect::{CallTag, Processor, RoomsEffect};
use super::rooms_error::RoomsError;
use super::send_queue::{CallOutcome, Reply};
use super::values::{InboxOpened, Position, RoomsEvent};

enum Later {
    Open,
    Ack(Position),
}

pub(crate) struct InboxMachine {
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
    generation: u64,
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

impl InboxMachine {
    pub(crate) fn new() -> Self {
        Self {
            log: InboxLog::new(None),
            user: None,
            processor: None,
            is_wanted: false,
            is_open: false,
            is_taken: false,
            waiters: Vec::new(),
            generation: 0,
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
    pub(crate) fn process(&mut self, processor: Processor, reply: Reply<InboxOpened>, context: &mut RoomsContext) {
        if self.processor.is_some() {
            // The caller may have gone meanwhile.
            let _ = reply.send(Err(RoomsError::own("in_use")));
            return;
        }
        self.processor = Some(processor);
        let effects = self.log.processing(true);
        self.perform(effects, context);
        self.waiters.push(reply);
        self.is_wanted = true;
        // On a connection where it is open already too: only the server knows how many items wait.
        self.open(context);
    }

    /// The application does not process items any more. The next connections are made without the inbox.
    pub(crate) fn cancel(&mut self, context: &mut RoomsContext) {
        self.is_wanted = false;
        self.call_later.take_if(|(_, later)| matches!(later, Later::Open));
        for waiter in self.waiters.drain(..) {
            let _ = waiter.send(Err(RoomsError::own("aborted")));
        }
        self.stop(context);
    }

    /// There may be another network, or one again: what is called again later is called now.
    pub(crate) fn hurry(&mut self, now: u64) {
        if let Some((retry, _)) = &mut self.call_later {
            retry.hurry(now);
        }
    }

    /// There is a connection, of this user.
    pub(crate) fn up(&mut self, user: &str, context: &mut RoomsContext) {
        if self.user.as_deref() != Some(user) {
            self.user = Some(user.to_owned());
            self.run += 1;
            let device = context.device.clone();
            self.log = InboxLog::new(context.stored.processed(user, &device));
            let effects = self.log.processing(self.processor.is_some());
            self.perform(effects, context);
        }
        if self.is_wanted {
            self.open(context);
        }
    }

    /// The connection is lost.
    pub(crate) fn down(&mut self) {
        self.generation += 1;
        self.is_open = false;
        self.is_taken = false;
        self.call_later = None;
        self.log.away();
    }

    /// There will be no connection any more.
    pub(crate) fn end(&mut self, error: &RoomsError, context: &mut RoomsContext) {
        self.down();
        self.is_wanted = false;
        self.stop(context);
        for waiter in self.waiters.drain(..) {
            let _ = waiter.send(Err(error.clone()));
        }
    }

    /// Another connection of this device has come. Whether it has opened the inbox, the next ack will say.
    pub(crate) fn taken(&mut self) {
        self.is_taken = true;
    }

    /// It has gone.
    pub(crate) fn returned(&mut self, context: &mut RoomsContext) {
        self.is_taken = false;
        if self.is_open {
            let effects = self.log.returned();
            self.perform(effects, context);
        }
    }

    pub(crate) fn on_item(&mut self, item: InboxItem, context: &mut RoomsContext) {
        if self.is_open {
            let effects = self.log.received(item);
            self.perform(effects, context);
        }
    }

    pub(crate) fn opened(&mut self, generation: u64, outcome: CallOutcome, context: &mut RoomsContext) {
        if generation != self.generation {
            return;
        }
        let answer = match outcome {
            CallOutcome::Lost => return,
            CallOutcome::Timeout => return self.open(context),
            CallOutcome::Refused(error) => return self.refused(error, context),
            CallOutcome::Ok(answer) => InboxAnswer::deserialize(answer),
        };
        match answer {
            Err(error) => self.refused(RoomsError::bad_answer(error), context),
            Ok(InboxAnswer { cursor, waiting, recovered }) => {
                if recovered == Some(false) {
                    context.tell(&RoomsEvent::InboxLost);
                }
                self.is_open = true;
                self.refused = None;
                self.call_failures = 0;
                for waiter in self.waiters.drain(..) {
                    let _ = waiter.send(Ok(InboxOpened { waiting }));
                }
                let effects = self.log.opened(&cursor);
                self.perform(effects, context);
            }
        }
    }

    pub(crate) fn acked(
        &mut self,
        generation: u64,
        position: Position,
        outcome: CallOutcome,
        context: &mut RoomsContext,
    ) {
        if generation != self.generation {
            return;
        }
        let effects = match outcome {
            CallOutcome::Lost => return,
            CallOutcome::Ok(_) => {
                self.call_failures = 0;
                self.log.acked()
            }
            CallOutcome::Timeout => self.log.ack_failed(position),
            CallOutcome::Refused(error) if error.retryable() => {
                return self.later(&error, Later::Ack(position), context);
            }
            CallOutcome::Refused(error) if error.code() == "inbox_not_open" && self.is_taken => {
                self.log.taken();
                self.log.ack_failed(position)
            }
            CallOutcome::Refused(error) if error.code() == "inbox_not_open" => return self.open(context),
            CallOutcome::Refused(error) => {
                // The next one covers it; and when the inbox is opened again, `since` says it.
                context.warn(error.to_string());
                self.log.acked()
            }
        };
        self.perform(effects, context);
    }

    /// The processor is done with an item.
    pub(crate) fn processed(&mut self, run: u64, result: Result<(), String>, context: &mut RoomsContext) {
        if run != self.run {
            return;
        }
        match result {
            Ok(()) => {
                self.process_failures = 0;
                let effects = self.log.done();
                self.perform(effects, context);
            }
            Err(message) => {
                self.log.failed();
                self.process_failures += 1;
                self.process_at = Some(Retry::after(self.process_failures, None, context.now, context.roll()));
                context.warn(format!("an item was not processed, and comes again: {message}"));
            }
        }
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        let call = self.call_later.as_ref().map(|(retry, _)| *retry);
        call.into_iter().chain(self.process_at).map(|retry| retry.at()).min()
    }

    pub(crate) fn tick(&mut self, context: &mut RoomsContext) {
        if self.process_at.take_if(|retry| retry.is_due(context.now)).is_some() {
            let effects = self.log.processing(self.processor.is_some());
            self.perform(effects, context);
        }
        match self.call_later.take_if(|(retry, _)| retry.is_due(context.now)) {
            Some((_, Later::Open)) => self.open(context),
            Some((_, Later::Ack(position))) => {
                let effects = self.log.ack_failed(position);
                self.perform(effects, context);
            }
            None => {}
        }
    }

    fn open(&mut self, context: &mut RoomsContext) {
        if !context.is_up {
            return;
        }
        self.generation += 1;
        self.call_later = None;
        // The server has said when it takes this call again; a new connection changes nothing about that.
        if let Some(retry) = &mut self.refused {
            retry.hurry(context.now);
            if !retry.is_due(context.now) {
                self.call_later = Some((*retry, Later::Open));
                return;
            }
        }
        let argument = self.log.cursor().map_or_else(|| json!({}), |since| json!({ "since": since }));
        // It is up.
        let _ = context.call(CallTag::OpenInbox { generation: self.generation }, "inbox", argument);
    }

    fn refused(&mut self, error: RoomsError, context: &mut RoomsContext) {
        // One that was open before is worth another try, though the server talks nonsense.
        if error.retryable() || (error.is_bad_answer() && self.waiters.is_empty()) {
            context.warn(error.to_string());
            self.later(&error, Later::Open, context);
            self.refused = self.call_later.as_ref().map(|(retry, _)| *retry);
            return;
        }
        self.is_wanted = false;
        if self.waiters.is_empty() {
            context.warn(error.to_string());
        }
        for waiter in self.waiters.drain(..) {
            let _ = waiter.send(Err(error.clone()));
        }
        self.stop(context);
    }

    fn perform(&mut self, effects: Vec<InboxLogEffect>, context: &mut RoomsContext) {
        for effect in effects {
            match effect {
                InboxLogEffect::Keep(position) => {
                    if let Some(user) = &self.user {
                        let device = context.device.clone();
                        context.stored.keep_processed(user, &device, &position);
                    }
                }
                InboxLogEffect::Ack(position) => {
                    let argument = json!({ "position": position });
                    // It is open, and so there is a connection; a lost one tells with the next `since`.
                    let _ = context.call(
                        CallTag::AckInbox { generation: self.generation, position },
                        "inbox_ack",
                        argument,
                    );
                }
                InboxLogEffect::Process(item) => {
                    if let Some(processor) = self.processor.clone() {
                        self.run += 1;
                        context.effects.push_back(RoomsEffect::Process { run: self.run, item, processor });
                    }
                }
            }
        }
    }

    /// Nobody processes items any more; the one in hand is not processed.
    fn stop(&mut self, context: &mut RoomsContext) {
        self.run += 1;
        if let Some(processor) = self.processor.take() {
            context.effects.push_back(RoomsEffect::Release { processor });
        }
        self.process_at = None;
        let effects = self.log.processing(false);
        self.perform(effects, context);
    }

    fn later(&mut self, error: &RoomsError, what: Later, context: &RoomsContext) {
        self.call_failures += 1;
        self.call_later = Some((Retry::after(self.call_failures, Some(error), context.now, context.roll()), what));
    }
}
