//! A room, as this device has it: joins again after each reconnect, delivers, publishes. No I/O.

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::api::{JoinAnswer, Joined, Members, Message, Page, Position, PresenceChange, Published, RoomEvent, Signal};
use super::backoff::Retry;
use super::error::RoomsError;
use super::host::{Host, LaneKey, Tag};
use super::lane::{Errand, Lane, Outcome, Reply};
use super::options::JoinOptions;
use super::readers::{Bookmark, Readers};
use super::room_log::{LogAction, LogLimits, MAX_HELD, RoomLog};
use crate::feed::{Reading, Tail};

/// "Entering": asked for, and never answered yet; "Staying": joined once, and again after each reconnect.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Stay {
    Out,
    Entering,
    Staying,
}

/// What is done when its time has come.
#[derive(Debug, Clone, PartialEq)]
enum Later {
    Join,
    Read(Position, usize),
}

/// Who waits for a room to be joined.
struct Waiter {
    id: u64,
    reply: Reply<Joined>,
}

pub(crate) struct RoomState {
    name: String,
    log: RoomLog,
    pub(crate) members: Members,
    readers: Readers,
    /// Whether the log waits for its readers.
    is_behind: bool,
    /// Whether the readers were not told of the last change of the members.
    owes_presence: bool,
    publishes: Lane,
    readings: Lane,
    stay: Stay,
    /// Whether the server has this device in the room.
    is_in: bool,
    /// Whether, besides, everything up to the join was delivered, or as much as the readers take.
    is_there: bool,
    /// The last message that was given to the streams, or where one joined.
    delivered: Option<Position>,
    waiters: Vec<Waiter>,
    /// Joins that are done, and whose callers have not seen it yet.
    unseen: Vec<u64>,
    /// Whether a caller has seen that the room is joined: it is stayed in from then on.
    is_seen: bool,
    /// The newest messages at the join, where they were asked for: so many, and what came.
    history: Option<u32>,
    newest: Option<Page>,
    /// Counts connections, joins and leaves: what belongs to an earlier one is ignored.
    pub(crate) turn: u64,
    failures: u32,
    later: Option<(Retry, Later)>,
    /// Why joining was refused for a while, and until when.
    refused: Option<Retry>,
    /// Why the log could not be read the last time.
    unread_for: Option<RoomsError>,
}

impl RoomState {
    /// `turn`: not less than any turn of an earlier state of this room, whose calls may still be answered.
    pub(crate) fn new(name: &str, turn: u64, host: &Host) -> Self {
        // A page is asked for when half of what a stream may have unread was read.
        let (max, half) = (host.max_unread, host.max_unread / 2);
        let reading = Reading { wake: host.wake.clone(), at: half };
        Self {
            name: name.to_owned(),
            log: RoomLog::new(LogLimits { held: MAX_HELD, page: max - half }),
            members: Members::default(),
            readers: Readers::new(max, reading),
            is_behind: false,
            owes_presence: false,
            publishes: Lane::default(),
            readings: Lane::default(),
            stay: Stay::Out,
            is_in: false,
            is_there: false,
            delivered: None,
            waiters: Vec::new(),
            unseen: Vec::new(),
            is_seen: false,
            history: None,
            newest: None,
            turn,
            failures: 0,
            later: None,
            refused: None,
            unread_for: None,
        }
    }

    pub(crate) fn is_joined(&self) -> bool {
        self.is_there
    }

    /// Of the last message that the application was handed.
    pub(crate) fn position(&mut self) -> Option<Position> {
        self.readers.position(self.delivered.as_ref())
    }

    /// `id`: the caller's own. With `since`, one goes back there, if that is not where one is.
    pub(crate) fn join(&mut self, id: u64, wish: JoinOptions, reply: Reply<Joined>, host: &mut Host) {
        let position = self.position();
        let back = wish.since.clone().filter(|since| self.stay != Stay::Out && Some(since) != position.as_ref());
        if let (true, None, Some(position)) = (self.is_there, &back, position) {
            self.joined(Waiter { id, reply }, Joined { recovered: true, position, history: None });
            return;
        }
        self.waiters.push(Waiter { id, reply });
        if let Some(since) = back {
            self.readers.go_back(&since);
            self.delivered = Some(since.clone());
            self.log.begin(Some(since));
            self.call_join(host);
        } else if self.stay == Stay::Out {
            self.stay = Stay::Entering;
            (self.history, self.newest) = (wish.history, None);
            self.delivered.clone_from(&wish.since);
            self.log.begin(wish.since);
            self.call_join(host);
        }
    }

    /// The caller has seen that the room is joined.
    pub(crate) fn seen(&mut self, id: u64) {
        self.unseen.retain(|unseen| *unseen != id);
        self.is_seen |= self.stay != Stay::Out;
    }

    /// The caller does not wait any more, or not for what has come: a room that nobody else wants is left.
    pub(crate) fn give_up(&mut self, id: u64, host: &mut Host) {
        self.waiters.retain(|waiter| waiter.id != id);
        self.unseen.retain(|unseen| *unseen != id);
        let is_wanted = self.is_seen || !self.waiters.is_empty() || !self.unseen.is_empty();
        if !is_wanted && self.stay != Stay::Out {
            self.leave(oneshot::channel().0, host);
        }
    }

    pub(crate) fn leave(&mut self, reply: Reply<()>, host: &mut Host) {
        if self.stay == Stay::Out {
            let _ = reply.send(Ok(()));
            return;
        }
        self.go_out(&RoomsError::new("aborted", "The room was left."), None);
        self.call_leave(reply, host);
    }

    pub(crate) fn publish(&mut self, errand: Errand, host: &mut Host) {
        self.publishes.add(errand);
        self.flush(host);
    }

    pub(crate) fn publishes(&mut self) -> &mut Lane {
        &mut self.publishes
    }

    pub(crate) fn read(&mut self, errand: Errand, host: &mut Host) {
        self.readings.add(errand);
        self.flush(host);
    }

    /// Nobody waits for this errand any more.
    pub(crate) fn forget(&mut self, errand: u64, host: &mut Host) {
        self.publishes.forget(errand);
        self.readings.forget(errand);
        self.flush(host);
    }

    pub(crate) fn events(&mut self) -> (Tail<Result<RoomEvent, RoomsError>>, Bookmark) {
        self.readers.events(self.delivered.as_ref())
    }

    pub(crate) fn messages(&mut self) -> (Tail<Result<Message, RoomsError>>, Bookmark) {
        self.readers.messages(self.delivered.as_ref())
    }

    /// Whether nothing would be missed without it: nobody is in the room, waits for something there, or reads of it.
    pub(crate) fn is_idle(&self) -> bool {
        let is_done = self.stay == Stay::Out && self.publishes.is_empty() && self.readings.is_empty();
        is_done && !self.readers.is_read()
    }

    /// There may be another network, or one again: what is tried again later is tried now.
    pub(crate) fn hurry(&mut self, now: u64) {
        if let Some((retry, _)) = &mut self.later {
            retry.hurry(now);
        }
    }

    /// There is a connection.
    pub(crate) fn up(&mut self, host: &mut Host) {
        if self.stay != Stay::Out {
            self.call_join(host);
        }
        self.publishes.resume(host.now);
        self.readings.resume(host.now);
        self.flush(host);
    }

    /// The connection is lost.
    pub(crate) fn down(&mut self) {
        self.not_in();
        self.log.away();
    }

    /// What waits here leaves now, as far as there is a connection that takes it.
    pub(crate) fn hand_over(&self, host: &mut Host) {
        if self.stay == Stay::Out || self.is_there {
            host.hand_over(&self.publishes);
        }
    }

    /// There will be no connection any more.
    pub(crate) fn end(&mut self, error: &RoomsError) {
        self.go_out(error, error.unless_closed());
        self.publishes.reject_all(error, false);
        self.readings.reject_all(error, false);
        self.readers.end();
    }

    pub(crate) fn message_came(&mut self, message: Message, host: &mut Host) {
        let actions = self.log().received(message);
        self.act(actions, host);
    }

    pub(crate) fn signal_came(&mut self, signal: Signal, host: &mut Host) {
        if self.is_in && !self.readers.signal(signal) {
            host.warn(format!("a signal in {} was dropped: a stream of events is not read", self.name));
        }
    }

    pub(crate) fn presence_came(&mut self, change: PresenceChange, host: &mut Host) {
        if !self.is_in {
            return;
        }
        // One's own leave: a new token may not open the room any more (docs/rooms-api.md, 10.4). To join again tells,
        // and why.
        let is_own = host.me.as_ref().is_some_and(|me| me.user == change.member.user);
        if change.kind == "leave" && is_own {
            self.call_join(host);
            return;
        }
        self.members.change(change);
        self.tell_presence();
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        let later = self.later.as_ref().map(|(retry, _)| retry.at());
        later.into_iter().chain(self.publishes.deadline()).chain(self.readings.deadline()).min()
    }

    /// A stream may have been read.
    pub(crate) fn resume(&mut self, host: &mut Host) {
        if self.is_behind && self.log().has_room() {
            self.is_behind = false;
            let actions = self.log().resume();
            self.act(actions, host);
        }
        if self.owes_presence {
            self.tell_presence();
        }
    }

    pub(crate) fn tick(&mut self, host: &mut Host) {
        for lane in [&mut self.publishes, &mut self.readings] {
            if lane.deadline().is_some_and(|at| host.now >= at) {
                lane.resume(host.now);
            }
        }
        match self.later.take_if(|(retry, _)| retry.is_due(host.now)) {
            Some((_, Later::Join)) => self.call_join(host),
            Some((_, Later::Read(after, limit))) => self.call_history(&after, limit, host),
            None => {}
        }
        self.flush(host);
    }

    /// A call of a lane of this room has an outcome.
    pub(crate) fn lane_done(&mut self, key: &LaneKey, outcome: Outcome, host: &mut Host) {
        let lane = if matches!(key, LaneKey::Readings(_)) { &mut self.readings } else { &mut self.publishes };
        lane.done(outcome, host.now, host.roll());
        self.flush(host);
    }

    pub(crate) fn join_done(&mut self, turn: u64, outcome: Outcome, host: &mut Host) {
        if turn != self.turn {
            return;
        }
        match outcome {
            Outcome::Lost => {}
            Outcome::Timeout => self.call_join(host),
            Outcome::Refused(error) => self.refused(error, host),
            Outcome::Ok(answer) => match JoinAnswer::deserialize(answer) {
                Ok(joined) => self.answered(joined, host),
                Err(error) => {
                    self.refused(RoomsError::bad_answer(error), host);
                    // The server has this device in the room, and the application is told that it is out.
                    self.call_leave(oneshot::channel().0, host);
                }
            },
        }
    }

    pub(crate) fn leave_done(&mut self, reply: Reply<()>, outcome: &Outcome, host: &mut Host) {
        // A lost connection has left the room, and a refusal says that one was not in it.
        if *outcome == Outcome::Timeout && self.stay == Stay::Out {
            self.call_leave(reply, host);
        } else {
            let _ = reply.send(Ok(()));
        }
    }

    pub(crate) fn read_done(&mut self, turn: u64, outcome: Outcome, host: &mut Host) {
        if turn != self.turn {
            return;
        }
        self.unread_for = None;
        let actions = match outcome {
            Outcome::Lost => return,
            Outcome::Ok(page) => match Page::deserialize(page) {
                Ok(page) => self.log().page(page.messages),
                // It would come again like that: after some tries, what is missing is declared lost.
                Err(error) => {
                    host.warn(format!("a page of {}'s log is not as it should be: {error}", self.name));
                    self.log().page(Vec::new())
                }
            },
            Outcome::Timeout => self.log().reading_failed(),
            Outcome::Refused(error) if error.retryable() => {
                self.unread_for = Some(error);
                self.log().reading_failed()
            }
            Outcome::Refused(error) if error.code() == "not_joined" => return self.call_join(host),
            Outcome::Refused(_) => self.log().unreadable(),
        };
        self.act(actions, host);
    }

    fn call_join(&mut self, host: &mut Host) {
        if !host.is_up {
            return;
        }
        self.not_in();
        self.log.joining();
        // The server has said when it takes this call again; a new connection changes nothing about that.
        if let Some(retry) = &mut self.refused {
            retry.hurry(host.now);
            if !retry.is_due(host.now) {
                self.later = Some((*retry, Later::Join));
                return;
            }
        }
        let mut argument = json!({ "room": self.name });
        // Who has not taken what came before reads it from the log later, page by page.
        if let Some(since) = self.log().has_room().then(|| self.log.position()).flatten() {
            argument["since"] = json!(since);
        }
        if let (Stay::Entering, Some(history)) = (self.stay, self.history) {
            argument["history"] = json!(history);
        }
        // It is up.
        let _ = host.call(Tag::Join { room: self.name.clone(), turn: self.turn }, "join", argument);
    }

    fn call_leave(&self, reply: Reply<()>, host: &mut Host) {
        let tag = Tag::Leave { room: self.name.clone(), reply };
        if let Err(Tag::Leave { reply, .. }) = host.call(tag, "leave", json!({ "room": self.name })) {
            let _ = reply.send(Ok(()));
        }
    }

    fn call_history(&self, after: &Position, limit: usize, host: &mut Host) {
        let argument = json!({ "room": self.name, "after": after, "limit": limit });
        // Without a connection, the next join repairs what is missing.
        let _ = host.call(Tag::Read { room: self.name.clone(), turn: self.turn }, "history", argument);
    }

    fn answered(&mut self, joined: JoinAnswer, host: &mut Host) {
        self.is_in = true;
        self.failures = 0;
        self.refused = None;
        self.members.reset(joined.members, joined.count);
        if self.stay == Stay::Entering {
            self.newest = joined.history;
        }
        let actions = self.log().joined(joined.position, joined.recovered, joined.messages);
        self.act(actions, host);
        self.tell_presence();
    }

    fn refused(&mut self, error: RoomsError, host: &mut Host) {
        self.refused = Some(Retry::after(self.failures + 1, Some(&error), host.now, host.roll()));
        if self.stay == Stay::Staying && error.retryable() {
            self.failures += 1;
            self.later = self.refused.map(|retry| (retry, Later::Join));
            return;
        }
        let was_in = self.stay == Stay::Staying;
        self.go_out(&error, Some(error.clone()));
        if was_in {
            self.readers.left(error);
        }
    }

    /// Ends the stay. `pending`: what joins and publishes that wait fail with; `reading`: what streams of messages do.
    fn go_out(&mut self, pending: &RoomsError, reading: Option<RoomsError>) {
        self.down();
        self.stay = Stay::Out;
        self.is_seen = false;
        self.unseen.clear();
        for waiter in self.waiters.drain(..) {
            // The caller may have gone meanwhile.
            let _ = waiter.reply.send(Err(pending.clone()));
        }
        self.readers.leave(reading);
        self.publishes.reject_all(pending, true);
        self.readings.reject_all(pending, true);
    }

    /// What is under way belongs to the past from now on.
    fn not_in(&mut self) {
        self.turn += 1;
        self.later = None;
        self.is_in = false;
        self.is_there = false;
        self.is_behind = false;
    }

    /// The log, with as much room as the readers have.
    fn log(&mut self) -> &mut RoomLog {
        self.log.give_room(self.readers.room())
    }

    fn act(&mut self, actions: Vec<LogAction>, host: &mut Host) {
        for action in actions {
            match action {
                LogAction::Deliver(message) => self.deliver(message, host),
                LogAction::Joined(joined) => {
                    self.readers.joined(joined.clone(), self.delivered.as_ref());
                    self.settle(&joined, host);
                }
                LogAction::Rejoin => self.call_join(host),
                LogAction::Read { after, limit, failures: 0 } => self.call_history(&after, limit, host),
                LogAction::Read { after, limit, failures } => {
                    let retry = Retry::after(failures, self.unread_for.as_ref(), host.now, host.roll());
                    self.later = Some((retry, Later::Read(after, limit)));
                }
                LogAction::Behind => self.wait_for_readers(host),
            }
        }
    }

    fn deliver(&mut self, message: Message, host: &Host) {
        if host.me.as_ref().is_some_and(|me| me.user == message.from.user) {
            let Message { id, position, at, .. } = message.clone();
            self.publishes.seen(&message.id, move || json!(Published { id, position, at }));
        }
        let before = self.delivered.replace(message.position.clone());
        self.readers.deliver(message, before.as_ref());
    }

    /// Whoever waits for the join does not wait for the readers: so far, all was delivered.
    fn wait_for_readers(&mut self, host: &mut Host) {
        self.is_behind = true;
        if let (true, Some(position)) = (self.is_in, self.log.position().cloned()) {
            self.settle(&Joined { recovered: true, position, history: None }, host);
        }
    }

    fn settle(&mut self, joined: &Joined, host: &mut Host) {
        self.stay = Stay::Staying;
        self.delivered = Some(joined.position.clone());
        self.is_there = self.is_in;
        self.history = None;
        let joined = Joined { history: self.newest.take(), ..joined.clone() };
        for waiter in std::mem::take(&mut self.waiters) {
            self.joined(waiter, joined.clone());
        }
        self.flush(host);
    }

    fn joined(&mut self, waiter: Waiter, joined: Joined) {
        // Where the caller has gone meanwhile, `give_up` says so.
        if waiter.reply.send(Ok(joined)).is_ok() {
            self.unseen.push(waiter.id);
        }
    }

    fn tell_presence(&mut self) {
        self.owes_presence = !self.readers.presence(&self.members);
    }

    fn flush(&mut self, host: &mut Host) {
        // A room that one does not want to be in is the server's to refuse.
        if self.stay == Stay::Out || self.is_there {
            host.flush(&mut self.publishes, || LaneKey::Publishes(self.name.clone()));
            host.flush(&mut self.readings, || LaneKey::Readings(self.name.clone()));
        }
    }
}

/// The argument of `publish`.
pub(crate) fn publish_argument(room: &str, data: &Value, id: &str) -> Value {
    json!({ "room": room, "data": data, "id": id })
}
