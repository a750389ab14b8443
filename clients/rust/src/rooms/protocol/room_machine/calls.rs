//! What a room calls by itself, and what comes of it: joining, leaving, and reading what is missing.

use futures_channel::oneshot;
use serde::Deserialize;
use serde_json::json;

use super::{Later, RoomMachine};
use crate::rooms::protocol::answers::JoinAnswer;
use crate::rooms::protocol::retry::Retry;
use crate::rooms::protocol::rooms_context::RoomsContext;
use crate::rooms::protocol::rooms_effect::CallTag;
use crate::rooms::protocol::rooms_error::RoomsError;
use crate::rooms::protocol::send_queue::{CallOutcome, Reply};
use crate::rooms::protocol::values::{Page, Position, RoomState};

/// Readings of the log in a row that brought nothing, after which one more whose answer is none is the last.
const MAX_BAD_PAGES: u32 = 5;

impl RoomMachine {
    pub(crate) fn join_done(&mut self, generation: u64, outcome: CallOutcome, context: &mut RoomsContext) {
        if generation != self.generation() {
            return;
        }
        match outcome {
            CallOutcome::Lost => {}
            CallOutcome::Timeout => self.call_join(context),
            CallOutcome::Refused(error) => self.refused(error, context),
            CallOutcome::Ok(answer) => match JoinAnswer::deserialize(answer) {
                Ok(joined) => self.answered(joined, context),
                Err(error) => {
                    self.refused(RoomsError::bad_answer(error), context);
                    if self.state() == RoomState::Detached {
                        // The server has this device in the room, and the application is told that it is out.
                        self.call_leave(oneshot::channel().0, context);
                    }
                }
            },
        }
    }

    pub(crate) fn leave_done(&mut self, reply: Reply<()>, outcome: &CallOutcome, context: &mut RoomsContext) {
        // A lost connection has left the room, and a refusal says that one was not in it.
        if *outcome == CallOutcome::Timeout && self.state() == RoomState::Detached {
            self.call_leave(reply, context);
        } else {
            let _ = reply.send(Ok(()));
        }
    }

    pub(crate) fn read_done(&mut self, generation: u64, outcome: CallOutcome, context: &mut RoomsContext) {
        if generation != self.generation() {
            return;
        }
        self.unread_for = None;
        let effects = match outcome {
            CallOutcome::Lost => return,
            CallOutcome::Ok(page) => match Page::deserialize(page) {
                Ok(page) => self.log().page(page.messages),
                Err(error) => return self.unread(RoomsError::bad_answer(error), context),
            },
            CallOutcome::Timeout => self.log().reading_failed(),
            CallOutcome::Refused(error) => return self.unread(error, context),
        };
        self.perform(effects, context);
    }

    fn unread(&mut self, error: RoomsError, context: &mut RoomsContext) {
        self.warn_of_nonsense(&error, context);
        // It may come again like that: after some tries, what is missing is declared lost.
        let is_worth_a_try = error.is_bad_answer() && self.log.failures() < MAX_BAD_PAGES;
        let effects = if error.retryable() || is_worth_a_try {
            self.unread_for = Some(error);
            self.log().reading_failed()
        } else if error.code() == "not_joined" {
            return self.call_join(context);
        } else {
            self.log().unreadable()
        };
        self.perform(effects, context);
    }

    /// Nobody waits for the answer that would hear of it.
    fn warn_of_nonsense(&self, error: &RoomsError, context: &mut RoomsContext) {
        if error.is_bad_answer() {
            context.warn(format!("in {}: {error}", self.name));
        }
    }

    pub(super) fn call_join(&mut self, context: &mut RoomsContext) {
        if !context.is_up {
            return;
        }
        self.not_in();
        self.log.joining();
        // The server has said when it takes this call again; a new connection changes nothing about that.
        if let Some(retry) = &mut self.refused {
            retry.hurry(context.now);
            if !retry.is_due(context.now) {
                self.later = Some((*retry, Later::Join));
                return;
            }
        }
        let mut argument = json!({ "room": self.name });
        // Who has not taken what came before reads it from the log later, page by page.
        if let Some(since) = self.log().has_room().then(|| self.log.position()).flatten() {
            argument["since"] = json!(since);
        }
        if let (RoomState::Joining, Some(history)) = (self.state(), self.history) {
            argument["history"] = json!(history);
        }
        let tag = CallTag::Join { room: self.name.clone(), generation: self.generation() };
        // It is up.
        let _ = context.call(tag, "join", argument);
    }

    pub(super) fn call_leave(&self, reply: Reply<()>, context: &mut RoomsContext) {
        let tag = CallTag::Leave { room: self.name.clone(), reply };
        if let Err(CallTag::Leave { reply, .. }) = context.call(tag, "leave", json!({ "room": self.name })) {
            let _ = reply.send(Ok(()));
        }
    }

    pub(super) fn call_history(&self, after: &Position, limit: usize, context: &mut RoomsContext) {
        let argument = json!({ "room": self.name, "after": after, "limit": limit });
        let tag = CallTag::Read { room: self.name.clone(), generation: self.generation() };
        // Without a connection, the next join repairs what is missing.
        let _ = context.call(tag, "history", argument);
    }

    fn answered(&mut self, joined: JoinAnswer, context: &mut RoomsContext) {
        self.membership.answered();
        self.failures = 0;
        self.refused = None;
        self.members.reset(joined.members, joined.count);
        if self.state() == RoomState::Joining {
            self.newest = joined.history;
        }
        let effects = self.log().joined(joined.position, joined.recovered, joined.messages);
        self.perform(effects, context);
        self.tell_presence();
    }

    fn refused(&mut self, error: RoomsError, context: &mut RoomsContext) {
        self.refused = Some(Retry::after(self.failures + 1, Some(&error), context.now, context.roll()));
        let was_joined = matches!(self.state(), RoomState::Recovering | RoomState::Joined);
        // A server that talks nonsense for once does not end it.
        if was_joined && (error.retryable() || error.is_bad_answer()) {
            self.warn_of_nonsense(&error, context);
            self.failures += 1;
            self.later = self.refused.map(|retry| (retry, Later::Join));
            return;
        }
        self.detach(&error, Some(error.clone()));
        if was_joined {
            self.readers.left(error);
        }
    }
}
