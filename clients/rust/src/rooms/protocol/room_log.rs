//! What a device has of a room's log: each message once, in order, and no gap that is not declared. A state machine with
//! no I/O: each method takes what happened and returns what is to be done, in order. docs/rooms-api.md, 5, is its rule:
//! what is broadcast is a hint, the log is the truth. It goes at its reader's pace (docs/sdk.md, 4.10): what cannot be taken
//! yet is not kept, but read from the log when there is room for it.

use std::collections::VecDeque;

use super::values::{Joined, Message, Position};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum RoomLogEffect {
    Deliver(Message),
    /// Read at most so many messages of the log after this position. `failures`, from 0: how often in a row that brought
    /// nothing.
    Read {
        after: Position,
        limit: usize,
        failures: u32,
    },
    /// There is more, and no room for it: `resume` goes on.
    Behind,
    /// Join again: the log is another one.
    Rejoin,
    /// All up to the position was delivered; or, if not `recovered`, what lies between the last message and it is lost.
    Joined(Joined),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct LogLimits {
    /// Live messages that wait while the log is read. With one more they are all dropped, and read from the log too.
    pub(crate) held: usize,
    /// For fewer messages than that the log is not read, unless nobody reads them.
    pub(crate) page: usize,
}

/// Live messages that wait while the log is read.
pub(crate) const MAX_HELD: usize = 1_000;

/// Messages in one reading of the log: as many as the server gives at a time.
pub(crate) const PAGE: usize = 500;

/// Readings in a row that brought nothing although something is missing, before it is declared lost.
const MAX_BARREN: u32 = 8;

/// "Joining" is from the call to its ack; "Repairing" is while the log is read: in both, live messages are held.
/// "Behind": there is no room for what comes next, and nothing is held.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Mode {
    Away,
    Joining,
    Repairing,
    Behind,
    Live,
}

pub(crate) struct RoomLog {
    limits: LogLimits,
    at: Option<Position>,
    mode: Mode,
    /// Live messages that cannot be delivered yet, in the order in which they came.
    held: VecDeque<Message>,
    /// The furthest position that the server told of.
    heard: Option<Position>,
    /// Where the join was answered to be, until everything up to there is delivered or declared lost.
    joined_at: Option<Position>,
    /// How many messages may be delivered.
    room: usize,
    barren: u32,
    failures: u32,
}

impl RoomLog {
    pub(crate) fn new(limits: LogLimits) -> Self {
        Self {
            limits,
            at: None,
            mode: Mode::Away,
            held: VecDeque::new(),
            heard: None,
            joined_at: None,
            room: usize::MAX,
            barren: 0,
            failures: 0,
        }
    }

    /// To be said before anything else: how many messages the reader takes.
    pub(crate) fn give_room(&mut self, messages: usize) -> &mut Self {
        self.room = messages;
        self
    }

    /// Whether the reader takes a page.
    pub(crate) fn has_room(&self) -> bool {
        self.room >= self.limits.page
    }

    /// Of the last message that was given out for delivery, or where one joined.
    pub(crate) fn position(&self) -> Option<&Position> {
        self.at.as_ref()
    }

    /// The room is asked for: after `since`, or wherever the log is when the join is answered.
    pub(crate) fn begin(&mut self, since: Option<Position>) {
        self.away();
        self.at = since;
    }

    /// `join` is called, with `since` the position.
    pub(crate) fn joining(&mut self) {
        if self.mode != Mode::Joining {
            self.away();
            self.mode = Mode::Joining;
        }
    }

    /// The connection is lost, or the room was left. What was held comes again with the next join.
    pub(crate) fn away(&mut self) {
        self.mode = Mode::Away;
        self.held.clear();
        self.heard = None;
        self.joined_at = None;
        self.start_counting();
    }

    /// The call was answered.
    pub(crate) fn joined(&mut self, position: Position, recovered: bool, messages: Vec<Message>) -> Vec<RoomLogEffect> {
        if self.mode != Mode::Joining {
            return Vec::new();
        }
        self.mode = Mode::Repairing;
        self.joined_at = Some(position.clone());
        // What is of another log than the one that was joined is old news.
        self.held.retain(|message| message.position.epoch == position.epoch);
        self.hear(&position);
        let at = self.at.get_or_insert_with(|| position.clone());
        if at.epoch != position.epoch || at.offset > position.offset {
            return self.skip();
        }
        let mut effects = self.arrive();
        effects.extend(self.take(if recovered { messages } else { Vec::new() }));
        effects.extend(self.go_on());
        effects
    }

    /// A message was broadcast.
    pub(crate) fn received(&mut self, message: Message) -> Vec<RoomLogEffect> {
        if self.mode == Mode::Away {
            return Vec::new();
        }
        if self.mode == Mode::Behind {
            self.hear(&message.position);
            return Vec::new();
        }
        if self.held.len() >= self.limits.held {
            self.held.clear();
        }
        self.hear(&message.position);
        self.held.push_back(message);
        if self.mode == Mode::Live { self.go_on() } else { Vec::new() }
    }

    /// The reader has taken something.
    pub(crate) fn resume(&mut self) -> Vec<RoomLogEffect> {
        if self.mode == Mode::Behind { self.go_on() } else { Vec::new() }
    }

    /// The reading that was asked for brought this.
    pub(crate) fn page(&mut self, messages: Vec<Message>) -> Vec<RoomLogEffect> {
        if self.mode != Mode::Repairing {
            return Vec::new();
        }
        let had_room = self.room > 0;
        let mut effects = self.take(messages);
        if effects.iter().any(|effect| matches!(effect, RoomLogEffect::Deliver(_))) {
            (self.barren, self.failures) = (0, 0);
        } else if had_room {
            self.barren += 1;
            self.failures += 1;
        }
        effects.extend(if self.barren > MAX_BARREN { self.skip() } else { self.go_on() });
        effects
    }

    /// How many readings in a row have brought nothing.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// The reading that was asked for failed; it may be tried again.
    pub(crate) fn reading_failed(&mut self) -> Vec<RoomLogEffect> {
        if self.mode != Mode::Repairing {
            return Vec::new();
        }
        self.failures += 1;
        self.go_on()
    }

    /// What was asked for cannot be read any more.
    pub(crate) fn unreadable(&mut self) -> Vec<RoomLogEffect> {
        if self.mode == Mode::Repairing { self.skip() } else { Vec::new() }
    }

    fn hear(&mut self, position: &Position) {
        let is_further =
            self.heard.as_ref().is_none_or(|heard| heard.epoch != position.epoch || position.offset > heard.offset);
        if is_further {
            self.heard = Some(position.clone());
        }
    }

    /// Delivers messages of the log, as far as they are the next ones and there is room.
    fn take(&mut self, messages: Vec<Message>) -> Vec<RoomLogEffect> {
        let mut effects = Vec::new();
        for message in messages {
            if self.room == 0 || !self.is_next(&message.position) {
                break;
            }
            self.room -= 1;
            self.at = Some(message.position.clone());
            effects.push(RoomLogEffect::Deliver(message));
            effects.extend(self.arrive());
        }
        effects
    }

    fn is_next(&self, position: &Position) -> bool {
        let is_after = |at: &Position| at.offset.checked_add(1) == Some(position.offset);
        self.at.as_ref().is_some_and(|at| at.epoch == position.epoch && is_after(at))
    }

    /// Says that the join is complete, once everything up to its position is delivered.
    fn arrive(&mut self) -> Vec<RoomLogEffect> {
        match self.joined_at.take() {
            Some(position) if self.has_reached(&position) => {
                vec![RoomLogEffect::Joined(Joined { recovered: true, position, history: None })]
            }
            not_yet => {
                self.joined_at = not_yet;
                Vec::new()
            }
        }
    }

    fn has_reached(&self, position: &Position) -> bool {
        self.at.as_ref().is_some_and(|at| at.epoch == position.epoch && at.offset >= position.offset)
    }

    /// Delivers what is held as far as it is in order, and has the rest read.
    fn go_on(&mut self) -> Vec<RoomLogEffect> {
        let mut effects = Vec::new();
        while let Some(message) = self.held.pop_front() {
            let is_next = self.is_next(&message.position) && self.room > 0;
            if !self.has_reached(&message.position) && !is_next {
                self.held.push_front(message);
                break;
            }
            effects.extend(self.take(vec![message]));
        }
        effects.extend(self.next());
        effects
    }

    fn next(&mut self) -> Option<RoomLogEffect> {
        let (at, heard) = (self.at.as_ref()?, self.heard.as_ref()?);
        let is_of_another = self.held.front().is_some_and(|held| held.position.epoch != at.epoch);
        if heard.epoch != at.epoch || is_of_another {
            // And not `joining()`: what is held may be after the position that the join gives.
            self.mode = Mode::Joining;
            return Some(RoomLogEffect::Rejoin);
        }
        if at.offset < heard.offset && !self.has_room() {
            self.mode = Mode::Behind;
            self.held.clear();
            return Some(RoomLogEffect::Behind);
        }
        if at.offset < heard.offset {
            self.mode = Mode::Repairing;
            let limit = self.room.min(PAGE);
            return Some(RoomLogEffect::Read { after: at.clone(), limit, failures: self.failures });
        }
        self.mode = Mode::Live;
        self.start_counting();
        None
    }

    /// Gives up what is missing: up to where one joined, or else up to the first message that is held.
    fn skip(&mut self) -> Vec<RoomLogEffect> {
        // Where nothing is missing that anybody knows of, there is nothing to give up.
        let Some(position) = self.joined_at.take().or_else(|| self.before_held()) else { return self.go_on() };
        self.at = Some(position.clone());
        self.start_counting();
        let mut effects = vec![RoomLogEffect::Joined(Joined { recovered: false, position, history: None })];
        effects.extend(self.go_on());
        effects
    }

    fn before_held(&self) -> Option<Position> {
        let at = self.at.as_ref()?;
        // Not what has come from the log meanwhile: the position must not go back.
        let is_missing = |position: &Position| !self.has_reached(position);
        let of_this_log = self.held.iter().map(|message| &message.position).filter(|held| held.epoch == at.epoch);
        match of_this_log.into_iter().find(|held| is_missing(held)) {
            Some(first) => Some(Position { epoch: first.epoch.clone(), offset: first.offset.saturating_sub(1) }),
            None => self.heard.clone(),
        }
        .filter(is_missing)
    }

    fn start_counting(&mut self) {
        (self.barren, self.failures) = (0, 0);
    }
}

#[cfg(test)]
#[path = "room_log_tests.rs"]
mod tests;
