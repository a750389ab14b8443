mod ending;
mod hostile;
mod identity;
mod inbox;
mod joining;
mod presence;
mod publishing;
mod reading;

use std::sync::Arc;
use std::task::Waker;

use futures_channel::oneshot;
use futures_util::{FutureExt, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};

use super::*;
use crate::protocol::args::Args;
use crate::protocol::broadcast::Subscription;
use crate::rooms::credentials::{Credentials, Tokens};
use crate::rooms::protocol::inbox_item::InboxItem;
use crate::rooms::protocol::join_options::JoinOptions;
use crate::rooms::protocol::rooms_context::Bounds;
use crate::rooms::protocol::rooms_effect::Processor;
use crate::rooms::protocol::storage::{MemoryStorage, Storage};
use crate::rooms::protocol::stored_state::StoredState;
use crate::rooms::protocol::values::{InboxOpened, Joined, Position, RoomEvent, RoomState};
use crate::rooms::streams::{Messages, RoomEvents};
use crate::source::Source;

type Answer<T> = oneshot::Receiver<Result<T, RoomsError>>;

/// A machine on a hand-moved clock, whose server is the test.
struct Rig {
    machine: RoomsMachine,
    now: u64,
    storage: Arc<MemoryStorage>,
    credentials: Arc<Credentials>,
    events: Subscription<RoomsEvent>,
    /// What the machine wanted done and the test has not looked at yet.
    effects: Vec<RoomsEffect>,
}

impl Rig {
    fn new(tokens: Tokens) -> Self {
        let storage = Arc::new(MemoryStorage::default());
        let stored = StoredState::new(Arc::clone(&storage) as Arc<dyn Storage>);
        let (shown, same) = (ShownToken::default(), Arc::clone(&storage) as Arc<dyn Storage>);
        let credentials = Credentials::new(tokens, Some("Ada".into()), "device".into(), same, shown.clone());
        let bounds = Bounds { ack_timeout: 10_000, max_pending: 3, max_unread: 3 };
        let context = RoomsContext::new("device".into(), stored, bounds, || 0.0, Waker::noop().clone());
        let mut machine = RoomsMachine::new(context, shown);
        let events = machine.events();
        Self { machine, now: 0, storage, credentials: Arc::new(credentials), events, effects: Vec::new() }
    }

    /// Connected, as the guest "ada".
    fn up() -> Self {
        let mut rig = Self::new(None);
        assert_eq!(rig.connects(), 1);
        rig.welcome();
        assert_eq!(rig.events(), ["connected"]);
        rig
    }

    /// In the room, at this offset.
    fn joined(offset: u64) -> Self {
        let mut rig = Self::up();
        let mut joined = rig.join(None);
        rig.answer("join", joined_at(offset));
        assert_eq!(outcome(&mut joined).as_deref(), Some("ok"));
        rig
    }

    fn at(&mut self, now: u64) -> &mut RoomsMachine {
        self.now = now;
        self.machine.at(now)
    }

    fn pass(&mut self, milliseconds: u64) {
        let now = self.now + milliseconds;
        self.at(now).tick();
    }

    fn notice(&mut self, name: &str, payload: Value) {
        self.machine.notice(name, &Args::from(vec![payload]));
    }

    fn welcome(&mut self) {
        // The shell has asked for credentials before.
        Arc::clone(&self.credentials).auth().now_or_never().expect("at once").expect("credentials");
        self.notice(
            "welcome",
            json!({ "user": "ada", "name": "Ada", "sid": "s", "device": "device", "guest": true, "token": "t" }),
        );
    }

    fn lose(&mut self) {
        self.machine.disconnected(Disconnected { is_final: false, code: None, reason: "cut".into() });
    }

    fn lose_and_return(&mut self) {
        self.lose();
        self.effects();
        self.effects.clear();
        self.welcome();
    }

    fn effects(&mut self) {
        self.effects.extend(std::iter::from_fn(|| self.machine.poll_effect()));
    }

    /// How often the machine has wanted to connect, since this was asked last.
    fn connects(&mut self) -> usize {
        self.effects();
        let before = self.effects.len();
        self.effects.retain(|effect| !matches!(effect, RoomsEffect::Connect));
        before - self.effects.len()
    }

    /// The next call, which must be this one: its key and argument.
    fn call(&mut self, expected: &str) -> (u64, Value) {
        self.effects();
        let index = self.effects.iter().position(|effect| matches!(effect, RoomsEffect::Call { .. }));
        let index = index.unwrap_or_else(|| panic!("no call, but {expected} is expected"));
        let RoomsEffect::Call { key, name, argument } = self.effects.remove(index) else { unreachable!() };
        assert_eq!(name, expected);
        (key, argument)
    }

    fn has_calls(&mut self) -> bool {
        self.effects();
        self.effects.iter().any(|effect| matches!(effect, RoomsEffect::Call { .. }))
    }

    fn answer(&mut self, call: &str, result: Value) -> Value {
        let (key, argument) = self.call(call);
        self.machine.answered(key, CallOutcome::Ok(result));
        argument
    }

    fn refuse(&mut self, call: &str, error: RoomsError) {
        let (key, _) = self.call(call);
        self.machine.answered(key, CallOutcome::Refused(error));
    }

    fn join(&mut self, since: Option<Position>) -> Answer<Joined> {
        self.join_with(JoinOptions { since, ..JoinOptions::default() }).1
    }

    fn join_with(&mut self, options: JoinOptions) -> (u64, Answer<Joined>) {
        let (reply, answer) = oneshot::channel();
        (self.machine.join("r", options, reply), answer)
    }

    fn room_events(&mut self, room: &str) -> RoomEvents {
        let (subscription, bookmark) = self.machine.room_events(room);
        RoomEvents { subscription, bookmark }
    }

    fn messages(&mut self) -> Messages {
        let (subscription, bookmark) = self.machine.messages("r");
        Messages { subscription, bookmark }
    }

    fn publish(&mut self, id: &str) -> Answer<Value> {
        let (reply, answer) = oneshot::channel();
        self.machine.publish("r", id.to_owned(), &json!(1), reply).expect("it is taken");
        answer
    }

    fn events(&mut self) -> Vec<String> {
        let events = std::iter::from_fn(|| self.events.next().now_or_never().flatten());
        events
            .map(|event| match event {
                RoomsEvent::Connected(_) => "connected".to_owned(),
                RoomsEvent::Transport(transport) => format!("over {transport}"),
                RoomsEvent::Disconnected(_) => "disconnected".to_owned(),
                RoomsEvent::Ended(error) => format!("ended: {}", error.code()),
                RoomsEvent::Warning(_) => "warning".to_owned(),
                RoomsEvent::DeviceTaken(sid) => format!("taken by {sid}"),
                RoomsEvent::DeviceReturned => "returned".to_owned(),
                RoomsEvent::InboxLost => "inbox lost".to_owned(),
            })
            .collect()
    }
}

fn position(offset: u64) -> Position {
    Position { epoch: "e".into(), offset }
}

fn joined_at(offset: u64) -> Value {
    json!({ "ok": true, "room": "r", "position": position(offset), "members": [], "count": 0 })
}

fn published(id: &str, offset: u64) -> Value {
    json!({ "ok": true, "id": id, "position": position(offset), "at": 5, "duplicate": false })
}

fn message(id: &str, offset: u64) -> Value {
    let from = json!({ "user": "ada", "name": "Ada", "sid": "s", "transport": "bridge" });
    json!({ "room": "r", "id": id, "position": position(offset), "from": from, "data": null, "at": 5 })
}

fn item(offset: u64) -> Value {
    json!({ "type": "receipt", "id": "i", "position": position(offset), "from": { "user": "b" }, "at": 5 })
}

fn outcome<T>(answer: &mut Answer<T>) -> Option<String> {
    match answer.try_recv() {
        Ok(Some(Ok(_))) => Some("ok".to_owned()),
        Ok(Some(Err(error))) => Some(error.code().to_owned()),
        Ok(None) | Err(_) => None,
    }
}

fn room_events(subscription: &mut RoomEvents) -> Vec<String> {
    let events = std::iter::from_fn(|| subscription.next().now_or_never().flatten());
    events
        .map(|event| match event {
            Ok(RoomEvent::Joined(joined)) => format!("joined {} {}", joined.recovered, joined.position.offset),
            Ok(RoomEvent::Left(error)) => format!("left: {}", error.code()),
            Ok(RoomEvent::Message(message)) => message.position.offset.to_string(),
            Ok(RoomEvent::Signal(_)) => "signal".to_owned(),
            Ok(RoomEvent::Presence(members)) => format!("presence {}", members.count()),
            Err(error) => error.code().to_owned(),
        })
        .collect()
}

fn page(offsets: impl IntoIterator<Item = u64>) -> Value {
    let messages: Vec<Value> = offsets.into_iter().map(|offset| message("x", offset)).collect();
    json!({ "ok": true, "messages": messages, "more": true, "position": position(99) })
}

fn inbox(rig: &mut Rig, offset: u64) -> Answer<InboxOpened> {
    let (reply, answer) = oneshot::channel();
    rig.machine.process(Arc::new(|_| async { Ok(()) }.boxed()), reply);
    rig.answer("inbox", json!({ "ok": true, "cursor": position(offset), "waiting": 2, "known": true }));
    answer
}

/// The next messages of a stream, at most so many: their offsets.
fn read(messages: &mut Messages, at_most: usize) -> Vec<u64> {
    let read = std::iter::from_fn(|| messages.next().now_or_never().flatten());
    read.take(at_most).map(|message| message.expect("a message").position.offset).collect()
}
