//! A room, as this device has it: joins again after each reconnect, delivers, publishes. No I/O.

mod calls;

use futures_channel::oneshot;
use serde_json::{Value, json};

use super::answers::{PresenceChangeKind, PresenceEvent};
use super::join_options::JoinOptions;
use super::readers::{Bookmark, Readers};
use super::retry::Retry;
use super::room_log::{LogLimits, MAX_HELD, RoomLog, RoomLogEffect};
use super::room_membership::{RoomMembership, Waiter};
use super::rooms_context::RoomsContext;
use super::rooms_effect::SendQueueKey;
use super::rooms_error::RoomsError;
use super::send_queue::{CallOutcome, PendingCall, Reply, SendQueue};
use super::values::{Joined, Members, Message, Page, Position, Published, RoomEvent, RoomState, Signal};
use crate::protocol::broadcast::{Subscription, WakeOnRead};

/// What is done when its time has come.
#[derive(Debug, Clone, PartialEq)]
enum Later {
    Join,
    Read(Position, usize),
}

pub(crate) struct RoomMachine {
    name: String,
    log: RoomLog,
    pub(crate) members: Members,
    readers: Readers,
    /// Whether the log waits for its readers.
    is_behind: bool,
    /// Whether the readers were not told of the last change of the members.
    owes_presence: bool,
    publishes: SendQueue,
    readings: SendQueue,
    membership: RoomMembership,
    /// The last message that was given to the streams, or where one joined.
    delivered: Option<Position>,
    /// The newest messages at the join, where they were asked for: so many, and what came.
    history: Option<u32>,
    newest: Option<Page>,
    failures: u32,
    later: Option<(Retry, Later)>,
    /// Why joining was refused for a while, and until when.
    refused: Option<Retry>,
    /// Why the log could not be read the last time.
    unread_for: Option<RoomsError>,
}

impl RoomMachine {
    /// `generation`: not less than any generation of an earlier state of this room, whose calls may still be answered.
    pub(crate) fn new(name: &str, generation: u64, context: &RoomsContext) -> Self {
        // A page is asked for when half of what a stream may have unread was read.
        let (max, half) = (context.max_unread, context.max_unread / 2);
        let wake_on_read = WakeOnRead { waker: context.waker.clone(), at: half };
        Self {
            name: name.to_owned(),
            log: RoomLog::new(LogLimits { held: MAX_HELD, page: max - half }),
            members: Members::default(),
            readers: Readers::new(max, wake_on_read),
            is_behind: false,
            owes_presence: false,
            publishes: SendQueue::default(),
            readings: SendQueue::default(),
            membership: RoomMembership::new(generation),
            delivered: None,
            history: None,
            newest: None,
            failures: 0,
            later: None,
            refused: None,
            unread_for: None,
        }
    }

    pub(crate) fn state(&self) -> RoomState {
        self.membership.state()
    }

    /// The last one: see `new`.
    pub(crate) fn generation(&self) -> u64 {
        self.membership.generation()
    }

    /// Of the last message that the application was handed.
    pub(crate) fn position(&mut self) -> Option<Position> {
        self.readers.position(self.delivered.as_ref())
    }

    /// `id`: the caller's own. With `since`, one goes back there, if that is not where one is.
    pub(crate) fn join(&mut self, id: u64, options: JoinOptions, reply: Reply<Joined>, context: &mut RoomsContext) {
        let (state, position) = (self.state(), self.position());
        let is_detached = state == RoomState::Detached;
        let back = options.since.clone().filter(|since| !is_detached && Some(since) != position.as_ref());
        let waiter = Waiter { id, reply };
        if let (RoomState::Joined, None, Some(position)) = (state, &back, position) {
            self.membership.tell(waiter, Joined { recovered: true, position, history: None });
            return;
        }
        self.membership.wait(waiter);
        if let Some(since) = back {
            self.readers.go_back(&since);
            self.delivered = Some(since.clone());
            self.log.begin(Some(since));
            self.call_join(context);
        } else if is_detached {
            self.membership.begin();
            (self.history, self.newest) = (options.history, None);
            self.delivered.clone_from(&options.since);
            self.log.begin(options.since);
            self.call_join(context);
        }
    }

    /// The caller has seen that the room is joined.
    pub(crate) fn seen(&mut self, id: u64) {
        self.membership.seen(id);
    }

    /// The caller does not wait any more, or not for what has come: a room that nobody else wants is left.
    pub(crate) fn give_up(&mut self, id: u64, context: &mut RoomsContext) {
        if self.membership.give_up(id) {
            self.leave(oneshot::channel().0, context);
        }
    }

    pub(crate) fn leave(&mut self, reply: Reply<()>, context: &mut RoomsContext) {
        if self.state() == RoomState::Detached {
            let _ = reply.send(Ok(()));
            return;
        }
        self.detach(&RoomsError::new("aborted", "The room was left."), None);
        self.call_leave(reply, context);
    }

    pub(crate) fn publish(&mut self, call: PendingCall, context: &mut RoomsContext) {
        self.publishes.add(call);
        self.flush(context);
    }

    pub(crate) fn publishes(&mut self) -> &mut SendQueue {
        &mut self.publishes
    }

    pub(crate) fn read(&mut self, call: PendingCall, context: &mut RoomsContext) {
        self.readings.add(call);
        self.flush(context);
    }

    /// Nobody waits for this call any more.
    pub(crate) fn forget(&mut self, call: u64, context: &mut RoomsContext) {
        self.publishes.forget(call);
        self.readings.forget(call);
        self.flush(context);
    }

    pub(crate) fn events(&mut self) -> (Subscription<Result<RoomEvent, RoomsError>>, Bookmark) {
        self.readers.events(self.delivered.as_ref())
    }

    pub(crate) fn messages(&mut self) -> (Subscription<Result<Message, RoomsError>>, Bookmark) {
        self.readers.messages(self.delivered.as_ref())
    }

    /// Whether nothing would be missed without it: nobody is in the room, waits for something there, or reads of it.
    pub(crate) fn is_idle(&self) -> bool {
        let is_done = self.state() == RoomState::Detached && self.publishes.is_empty() && self.readings.is_empty();
        is_done && !self.readers.is_read()
    }

    /// There may be another network, or one again: what is tried again later is tried now.
    pub(crate) fn hurry(&mut self, now: u64) {
        if let Some((retry, _)) = &mut self.later {
            retry.hurry(now);
        }
    }

    /// There is a connection.
    pub(crate) fn up(&mut self, context: &mut RoomsContext) {
        if self.state() != RoomState::Detached {
            self.call_join(context);
        }
        self.publishes.resume(context.now);
        self.readings.resume(context.now);
        self.flush(context);
    }

    /// The connection is lost.
    pub(crate) fn down(&mut self) {
        self.not_in();
        self.log.away();
    }

    /// What waits here leaves now, as far as there is a connection that takes it.
    pub(crate) fn hand_over(&self, context: &mut RoomsContext) {
        if matches!(self.state(), RoomState::Detached | RoomState::Joined) {
            context.hand_over(&self.publishes);
        }
    }

    /// There will be no connection any more.
    pub(crate) fn end(&mut self, error: &RoomsError) {
        self.detach(error, error.unless_closed());
        self.publishes.reject_all(error, false);
        self.readings.reject_all(error, false);
        self.readers.end();
    }

    pub(crate) fn on_message(&mut self, message: Message, context: &mut RoomsContext) {
        let effects = self.log().received(message);
        self.perform(effects, context);
    }

    pub(crate) fn on_signal(&mut self, signal: Signal, context: &mut RoomsContext) {
        if self.membership.is_in() && !self.readers.signal(signal) {
            context.warn(format!("a signal in {} was dropped: a stream of events is not read", self.name));
        }
    }

    pub(crate) fn on_presence(&mut self, event: PresenceEvent, context: &mut RoomsContext) {
        if !self.membership.is_in() {
            return;
        }
        let is_own = |user: &str| context.me.as_ref().is_some_and(|me| me.user == user);
        let own = event.changes.iter().flatten().rfind(|change| is_own(&change.member.user));
        // One's own leave: a new token may not open the room any more (docs/rooms-api.md, 10.4). To join again tells,
        // and why.
        if own.is_some_and(|change| change.kind == PresenceChangeKind::Leave) {
            self.call_join(context);
            return;
        }
        self.members.told(event);
        self.tell_presence();
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        let later = self.later.as_ref().map(|(retry, _)| retry.at());
        later.into_iter().chain(self.publishes.deadline()).chain(self.readings.deadline()).min()
    }

    /// A stream may have been read.
    pub(crate) fn resume(&mut self, context: &mut RoomsContext) {
        if self.is_behind && self.log().has_room() {
            self.is_behind = false;
            let effects = self.log().resume();
            self.perform(effects, context);
        }
        if self.owes_presence {
            self.tell_presence();
        }
    }

    pub(crate) fn tick(&mut self, context: &mut RoomsContext) {
        for queue in [&mut self.publishes, &mut self.readings] {
            if queue.deadline().is_some_and(|at| context.now >= at) {
                queue.resume(context.now);
            }
        }
        match self.later.take_if(|(retry, _)| retry.is_due(context.now)) {
            Some((_, Later::Join)) => self.call_join(context),
            Some((_, Later::Read(after, limit))) => self.call_history(&after, limit, context),
            None => {}
        }
        self.flush(context);
    }

    /// A call of a queue of this room has an outcome.
    pub(crate) fn call_done(&mut self, key: &SendQueueKey, outcome: CallOutcome, context: &mut RoomsContext) {
        let queue = if matches!(key, SendQueueKey::Readings(_)) { &mut self.readings } else { &mut self.publishes };
        queue.done(outcome, context.now, context.roll());
        self.flush(context);
    }

    /// Detaches. `pending`: what joins and publishes that wait fail with; `reading`: what streams of messages do.
    fn detach(&mut self, pending: &RoomsError, reading: Option<RoomsError>) {
        self.down();
        self.membership.detach(pending);
        self.readers.leave(reading);
        self.publishes.reject_all(pending, true);
        self.readings.reject_all(pending, true);
    }

    /// What is under way belongs to the past from now on.
    fn not_in(&mut self) {
        self.membership.interrupt();
        self.later = None;
        self.is_behind = false;
    }

    /// The log, with as much room as the readers have.
    fn log(&mut self) -> &mut RoomLog {
        self.log.give_room(self.readers.room())
    }

    fn perform(&mut self, effects: Vec<RoomLogEffect>, context: &mut RoomsContext) {
        for effect in effects {
            match effect {
                RoomLogEffect::Deliver(message) => self.deliver(message, context),
                RoomLogEffect::Joined(joined) => {
                    self.readers.joined(joined.clone(), self.delivered.as_ref());
                    self.settle(&joined, context);
                }
                RoomLogEffect::Rejoin => self.call_join(context),
                RoomLogEffect::Read { after, limit, failures: 0 } => self.call_history(&after, limit, context),
                RoomLogEffect::Read { after, limit, failures } => {
                    let retry = Retry::after(failures, self.unread_for.as_ref(), context.now, context.roll());
                    self.later = Some((retry, Later::Read(after, limit)));
                }
                RoomLogEffect::Behind => self.wait_for_readers(context),
            }
        }
    }

    fn deliver(&mut self, message: Message, context: &RoomsContext) {
        if context.me.as_ref().is_some_and(|me| me.user == message.from.user) {
            let Message { id, position, at, .. } = message.clone();
            self.publishes.seen(&message.id, move || json!(Published { id, position, at }));
        }
        let before = self.delivered.replace(message.position.clone());
        self.readers.deliver(message, before.as_ref());
    }

    /// Whoever waits for the join does not wait for the readers: so far, all was delivered.
    fn wait_for_readers(&mut self, context: &mut RoomsContext) {
        self.is_behind = true;
        if let (true, Some(position)) = (self.membership.is_in(), self.log.position().cloned()) {
            self.settle(&Joined { recovered: true, position, history: None }, context);
        }
    }

    fn settle(&mut self, joined: &Joined, context: &mut RoomsContext) {
        self.delivered = Some(joined.position.clone());
        self.history = None;
        self.membership.caught_up(&Joined { history: self.newest.take(), ..joined.clone() });
        self.flush(context);
    }

    fn tell_presence(&mut self) {
        self.owes_presence = !self.readers.presence(&self.members);
    }

    fn flush(&mut self, context: &mut RoomsContext) {
        // A room that one does not want to be in is the server's to refuse.
        if matches!(self.state(), RoomState::Detached | RoomState::Joined) {
            context.flush(&mut self.publishes, || SendQueueKey::Publishes(self.name.clone()));
            context.flush(&mut self.readings, || SendQueueKey::Readings(self.name.clone()));
        }
    }
}

/// The argument of `publish`.
pub(crate) fn publish_argument(room: &str, data: &Value, id: &str) -> Value {
    json!({ "room": room, "data": data, "id": id })
}
