//! A room, as this device has it: joins again after each reconnect, delivers, publishes. No I/O.

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::api::{JoinAnswer, Joined, Members, Message, Page, Position, PresenceChange, Published, RoomEvent, Signal};
use super::backoff::Retry;
use super::error::RoomsError;
use super::host::{Host, LaneKey, Tag};
use super::lane::{Errand, Lane, Outcome, Reply};
use super::room_log::{LogAction, LogLimits, RoomLog};
use crate::feed::{Feed, Tail};

/// Messages in one reading of the log: as many as the server gives at a time.
const PAGE: u64 = 500;

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
    Read(Position),
}

pub(crate) struct RoomState {
    name: String,
    log: RoomLog,
    pub(crate) members: Members,
    events: Feed<Result<RoomEvent, RoomsError>>,
    messages: Feed<Result<Message, RoomsError>>,
    publishes: Lane,
    readings: Lane,
    stay: Stay,
    /// Whether the server has this device in the room.
    is_in: bool,
    /// Whether, besides, everything up to the join was delivered.
    is_there: bool,
    delivered: Option<Position>,
    waiters: Vec<Reply<Joined>>,
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
    pub(crate) fn new(name: &str, turn: u64) -> Self {
        Self {
            name: name.to_owned(),
            log: RoomLog::new(LogLimits::default()),
            members: Members::default(),
            events: Feed::new(),
            messages: Feed::new(),
            publishes: Lane::default(),
            readings: Lane::default(),
            stay: Stay::Out,
            is_in: false,
            is_there: false,
            delivered: None,
            waiters: Vec::new(),
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

    pub(crate) fn position(&self) -> Option<&Position> {
        self.delivered.as_ref()
    }

    pub(crate) fn join(&mut self, since: Option<Position>, reply: Reply<Joined>, host: &mut Host) {
        if let (true, Some(position)) = (self.is_there, &self.delivered) {
            // The caller may have gone meanwhile.
            let _ = reply.send(Ok(Joined { recovered: true, position: position.clone() }));
            return;
        }
        self.waiters.push(reply);
        if self.stay == Stay::Out {
            self.stay = Stay::Entering;
            self.delivered.clone_from(&since);
            self.log.begin(since);
            self.call_join(host);
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

    pub(crate) fn events(&mut self) -> Tail<Result<RoomEvent, RoomsError>> {
        self.events.tap(None)
    }

    pub(crate) fn messages(&mut self) -> Tail<Result<Message, RoomsError>> {
        self.messages.tap(None)
    }

    /// Whether nothing would be missed without it: nobody is in the room, waits for something there, or reads of it.
    pub(crate) fn is_idle(&self) -> bool {
        let is_done = self.stay == Stay::Out && self.publishes.is_empty() && self.readings.is_empty();
        is_done && !self.events.is_read() && !self.messages.is_read()
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

    /// There will be no connection any more.
    pub(crate) fn end(&mut self, error: &RoomsError) {
        self.go_out(error, error.unless_closed());
        self.publishes.reject_all(error, false);
        self.readings.reject_all(error, false);
        self.events.end();
    }

    pub(crate) fn message_came(&mut self, message: Message, host: &mut Host) {
        let actions = self.log.received(message);
        self.act(actions, host);
    }

    pub(crate) fn signal_came(&mut self, signal: Signal, host: &Host) {
        if self.is_in {
            self.tell(RoomEvent::Signal(signal), host);
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
        self.tell(RoomEvent::Presence(self.members.clone()), host);
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        let later = self.later.as_ref().map(|(retry, _)| retry.at());
        later.into_iter().chain(self.publishes.deadline()).chain(self.readings.deadline()).min()
    }

    pub(crate) fn tick(&mut self, host: &mut Host) {
        for lane in [&mut self.publishes, &mut self.readings] {
            if lane.deadline().is_some_and(|at| host.now >= at) {
                lane.resume(host.now);
            }
        }
        match self.later.take_if(|(retry, _)| retry.is_due(host.now)) {
            Some((_, Later::Join)) => self.call_join(host),
            Some((_, Later::Read(after))) => self.call_history(&after, host),
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
                Ok(page) => self.log.page(page.messages, page.more),
                // It would come again like that: after some tries, what is missing is declared lost.
                Err(error) => {
                    host.warn(format!("a page of {}'s log is not as it should be: {error}", self.name));
                    self.log.page(Vec::new(), false)
                }
            },
            Outcome::Timeout => self.log.reading_failed(),
            Outcome::Refused(error) if error.retryable() => {
                self.unread_for = Some(error);
                self.log.reading_failed()
            }
            Outcome::Refused(error) if error.code() == "not_joined" => return self.call_join(host),
            Outcome::Refused(_) => self.log.unreadable(),
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
        if let Some(since) = self.log.position() {
            argument["since"] = json!(since);
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

    fn call_history(&self, after: &Position, host: &mut Host) {
        let argument = json!({ "room": self.name, "after": after, "limit": PAGE });
        // Without a connection, the next join repairs what is missing.
        let _ = host.call(Tag::Read { room: self.name.clone(), turn: self.turn }, "history", argument);
    }

    fn answered(&mut self, joined: JoinAnswer, host: &mut Host) {
        self.is_in = true;
        self.failures = 0;
        self.refused = None;
        self.members.reset(joined.members, joined.count);
        let actions = self.log.joined(joined.position, joined.recovered, joined.messages);
        self.act(actions, host);
        self.tell(RoomEvent::Presence(self.members.clone()), host);
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
            self.tell(RoomEvent::Left(error), host);
        }
    }

    /// Ends the stay. `pending`: what joins and publishes that wait fail with; `reading`: what streams of messages do.
    fn go_out(&mut self, pending: &RoomsError, reading: Option<RoomsError>) {
        self.down();
        self.stay = Stay::Out;
        for waiter in self.waiters.drain(..) {
            let _ = waiter.send(Err(pending.clone()));
        }
        if let Some(error) = reading {
            self.messages.push(&Err(error));
        }
        self.messages.end();
        self.publishes.reject_all(pending, true);
        self.readings.reject_all(pending, true);
    }

    /// What is under way belongs to the past from now on.
    fn not_in(&mut self) {
        self.turn += 1;
        self.later = None;
        self.is_in = false;
        self.is_there = false;
    }

    fn act(&mut self, actions: Vec<LogAction>, host: &mut Host) {
        for action in actions {
            match action {
                LogAction::Deliver(message) => self.deliver(message, host),
                LogAction::Joined(joined) => self.complete(joined, host),
                LogAction::Rejoin => self.call_join(host),
                LogAction::Read { after, failures: 0 } => self.call_history(&after, host),
                LogAction::Read { after, failures } => {
                    let retry = Retry::after(failures, self.unread_for.as_ref(), host.now, host.roll());
                    self.later = Some((retry, Later::Read(after)));
                }
            }
        }
    }

    fn deliver(&mut self, message: Message, host: &Host) {
        self.delivered = Some(message.position.clone());
        if host.me.as_ref().is_some_and(|me| me.user == message.from.user) {
            let Message { id, position, at, .. } = message.clone();
            self.publishes.seen(&message.id, move || json!(Published { id, position, at }));
        }
        let last = Err(RoomsError::own("too_slow"));
        self.messages.push_bounded(&Ok(message.clone()), host.max_lag, &last);
        self.tell(RoomEvent::Message(message), host);
    }

    fn complete(&mut self, joined: Joined, host: &mut Host) {
        self.stay = Stay::Staying;
        self.delivered = Some(joined.position.clone());
        self.is_there = self.is_in;
        for waiter in self.waiters.drain(..) {
            let _ = waiter.send(Ok(joined.clone()));
        }
        self.tell(RoomEvent::Joined(joined), host);
        self.flush(host);
    }

    fn flush(&mut self, host: &mut Host) {
        // A room that one does not want to be in is the server's to refuse.
        if self.stay == Stay::Out || self.is_there {
            host.flush(&mut self.publishes, || LaneKey::Publishes(self.name.clone()));
            host.flush(&mut self.readings, || LaneKey::Readings(self.name.clone()));
        }
    }

    fn tell(&mut self, event: RoomEvent, host: &Host) {
        self.events.push_bounded(&Ok(event), host.max_lag, &Err(RoomsError::own("too_slow")));
    }
}

/// The argument of `publish`.
pub(crate) fn publish_argument(room: &str, data: &Value, id: &str) -> Value {
    json!({ "room": room, "data": data, "id": id })
}
