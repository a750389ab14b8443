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

#[test]
fn a_join_waits_for_the_connection_and_is_made_again_from_where_one_was() {
    let mut rig = Rig::new(None);
    let mut events = rig.room_events("r");
    let mut joined = rig.join(None);
    assert!(!rig.has_calls());
    rig.welcome();
    assert_eq!(rig.answer("join", joined_at(5)), json!({ "room": "r" }));
    assert_eq!(outcome(&mut joined).as_deref(), Some("ok"));
    rig.notice("message", message("x", 6));
    assert_eq!(room_events(&mut events), ["joined true 5", "presence 0", "6"]);
    rig.lose_and_return();
    let mut answer = joined_at(7);
    answer["recovered"] = json!(true);
    answer["messages"] = json!([message("y", 7)]);
    assert_eq!(rig.answer("join", answer), json!({ "room": "r", "since": position(6) }));
    assert_eq!(room_events(&mut events), ["7", "joined true 7", "presence 0"]);
}

#[test]
fn a_room_is_in_one_state_of_four() {
    let mut rig = Rig::up();
    assert_eq!(rig.machine.room_state("r"), RoomState::Detached);
    let _join = rig.join(Some(position(1)));
    assert_eq!(rig.machine.room_state("r"), RoomState::Joining);
    rig.answer("join", joined_at(2));
    assert_eq!(rig.machine.room_state("r"), RoomState::Joining, "what came since is still being read");
    rig.answer("history", page([2]));
    assert_eq!(rig.machine.room_state("r"), RoomState::Joined);
    rig.lose();
    assert_eq!(rig.machine.room_state("r"), RoomState::Recovering);
    rig.welcome();
    rig.refuse("join", RoomsError::retry("overloaded", "later"));
    assert_eq!(rig.machine.room_state("r"), RoomState::Recovering);
    rig.pass(1_000);
    rig.answer("join", joined_at(3));
    assert_eq!(rig.machine.room_state("r"), RoomState::Recovering, "what was missed is still being read");
    rig.answer("history", page([3]));
    assert_eq!(rig.machine.room_state("r"), RoomState::Joined);
    rig.lose_and_return();
    rig.refuse("join", RoomsError::new("forbidden", "no"));
    assert_eq!(rig.machine.room_state("r"), RoomState::Detached);
}

#[test]
fn a_gap_is_read_from_history_before_anything_later_is_delivered() {
    let mut rig = Rig::joined(0);
    let mut events = rig.room_events("r");
    rig.notice("message", message("c", 3));
    let page =
        json!({ "ok": true, "messages": [message("a", 1), message("b", 2)], "more": false, "position": position(3) });
    assert_eq!(rig.answer("history", page)["after"], json!(position(0)));
    assert_eq!(room_events(&mut events), ["1", "2", "3"]);
}

#[test]
fn a_reading_that_fails_is_made_again_after_a_pause() {
    let mut rig = Rig::joined(0);
    rig.notice("message", message("b", 2));
    rig.refuse("history", RoomsError::retry("unavailable", ""));
    assert!(!rig.has_calls());
    rig.pass(250);
    rig.call("history");
}

#[test]
fn a_join_that_is_not_answered_in_time_is_made_again() {
    let mut rig = Rig::up();
    let mut joined = rig.join(None);
    rig.call("join");
    rig.pass(9_999);
    assert!(!rig.has_calls());
    rig.pass(1);
    rig.answer("join", joined_at(0));
    assert_eq!(outcome(&mut joined).as_deref(), Some("ok"));
}

#[test]
fn a_first_join_that_is_refused_fails_and_a_later_one_is_told() {
    let mut rig = Rig::up();
    let mut joined = rig.join(None);
    rig.refuse("join", RoomsError::new("forbidden", ""));
    assert_eq!(outcome(&mut joined).as_deref(), Some("forbidden"));

    let mut rig = Rig::joined(0);
    let mut events = rig.room_events("r");
    rig.lose_and_return();
    rig.refuse("join", RoomsError::retry("room_full", ""));
    assert!(room_events(&mut events).is_empty(), "it may pass");
    rig.pass(250);
    rig.refuse("join", RoomsError::new("forbidden", ""));
    assert_eq!(room_events(&mut events), ["left: forbidden"]);
    rig.lose_and_return();
    assert!(!rig.has_calls());
}

#[test]
fn publishes_go_one_by_one_and_again_with_the_same_id_after_a_lost_connection() {
    let mut rig = Rig::joined(0);
    let (mut first, mut second) = (rig.publish("a"), rig.publish("b"));
    assert_eq!(rig.call("publish").1["id"], "a");
    assert!(!rig.has_calls());
    rig.lose_and_return();
    assert!(outcome(&mut first).is_none());
    rig.answer("join", joined_at(0));
    assert_eq!(rig.answer("publish", published("a", 1))["id"], "a");
    assert_eq!(rig.answer("publish", published("b", 2))["id"], "b");
    assert_eq!((outcome(&mut first).as_deref(), outcome(&mut second).as_deref()), (Some("ok"), Some("ok")));
}

#[test]
fn a_publish_is_acked_by_its_own_message_in_what_is_recovered() {
    let mut rig = Rig::joined(0);
    let mut publish = rig.publish("a");
    rig.call("publish");
    rig.lose_and_return();
    let mut answer = joined_at(1);
    answer["recovered"] = json!(true);
    answer["messages"] = json!([message("a", 1)]);
    rig.answer("join", answer);
    assert_eq!(publish.try_recv().unwrap().unwrap().unwrap(), json!({ "id": "a", "position": position(1), "at": 5 }));
    assert!(!rig.has_calls());
}

#[test]
fn a_publish_is_tried_until_it_is_acked_through_timeouts_and_errors_that_pass() {
    let mut rig = Rig::joined(0);
    let mut publish = rig.publish("a");
    rig.call("publish");
    rig.pass(10_000);
    rig.refuse("publish", RoomsError::retry("rate_limited", ""));
    assert!(!rig.has_calls());
    rig.pass(250);
    assert_eq!(rig.answer("publish", published("a", 1))["id"], "a");
    assert_eq!(outcome(&mut publish).as_deref(), Some("ok"));
}

#[test]
fn a_publish_that_was_given_up_lets_the_next_ones_go_on() {
    let mut rig = Rig::joined(0);
    let (reply, _) = oneshot::channel();
    let (queue, call) = rig.machine.publish("r", "a".into(), &json!(1), reply).unwrap();
    let (reply, _) = oneshot::channel();
    let (other_lane, other) = rig.machine.publish("r", "b".into(), &json!(1), reply).unwrap();
    let mut third = rig.publish("c");
    rig.machine.forget(&other_lane, other);
    rig.machine.forget(&queue, call);
    rig.answer("publish", published("a", 1));
    assert_eq!(rig.answer("publish", published("c", 2))["id"], "c");
    assert_eq!(outcome(&mut third).as_deref(), Some("ok"));
}

#[test]
fn a_publish_to_a_room_that_one_is_not_in_is_the_servers_to_refuse() {
    let mut rig = Rig::up();
    let mut publish = rig.publish("a");
    rig.refuse("publish", RoomsError::new("not_joined", ""));
    assert_eq!(outcome(&mut publish).as_deref(), Some("not_joined"));
}

#[test]
fn only_so_many_publishes_and_sends_wait() {
    let mut rig = Rig::new(None);
    let _publishes = [rig.publish("a"), rig.publish("b")];
    let (reply, _send) = oneshot::channel();
    rig.machine.send("ben", "c".into(), &json!(1), false, reply).unwrap();
    let (reply, _) = oneshot::channel();
    let refused = rig.machine.publish("r", "d".into(), &json!(1), reply).unwrap_err();
    assert_eq!(refused.code(), "too_many_pending");
}

#[test]
fn leaving_gives_up_what_waits_and_ends_the_streams_of_messages() {
    let mut rig = Rig::joined(0);
    let mut messages = rig.messages();
    let (mut first, mut second) = (rig.publish("a"), rig.publish("b"));
    let (reply, mut left) = oneshot::channel();
    rig.machine.leave("r", reply);
    assert_eq!((outcome(&mut first), outcome(&mut second).as_deref()), (None, Some("aborted")));
    assert!(matches!(messages.next().now_or_never(), Some(None)));
    rig.answer("publish", published("a", 1));
    assert_eq!(outcome(&mut first).as_deref(), Some("ok"), "the server was carrying it out");
    rig.answer("leave", json!({ "ok": true }));
    assert_eq!(outcome(&mut left).as_deref(), Some("ok"));
    rig.lose_and_return();
    assert!(!rig.has_calls());
}

#[test]
fn joins_again_where_the_server_says_that_one_has_left() {
    let mut rig = Rig::joined(0);
    let member = json!({ "user": "ada", "name": "Ada", "devices": [] });
    rig.notice("presence", json!({ "room": "r", "type": "leave", "member": member }));
    rig.call("join");
}

#[test]
fn signals_are_dropped_where_one_is_not_there() {
    let mut rig = Rig::up();
    rig.machine.signal("r", &json!(1)).unwrap();
    rig.effects();
    assert!(rig.effects.is_empty());
    let mut rig = Rig::joined(0);
    rig.machine.signal("r", &json!(1)).unwrap();
    rig.effects();
    assert!(matches!(&rig.effects[..], [RoomsEffect::Tell { name: "signal", .. }]));
}

/// The next messages of a stream, at most so many: their offsets.
fn read(messages: &mut Messages, at_most: usize) -> Vec<u64> {
    let read = std::iter::from_fn(|| messages.next().now_or_never().flatten());
    read.take(at_most).map(|message| message.expect("a message").position.offset).collect()
}

fn page(offsets: impl IntoIterator<Item = u64>) -> Value {
    let messages: Vec<Value> = offsets.into_iter().map(|offset| message("x", offset)).collect();
    json!({ "ok": true, "messages": messages, "more": true, "position": position(99) })
}

#[test]
fn a_slow_reader_loses_nothing_what_it_has_no_room_for_is_read_from_the_log_when_it_comes_to_it() {
    let mut rig = Rig::joined(0);
    let mut messages = rig.messages();
    for offset in 1..=9 {
        rig.notice("message", message("x", offset));
    }
    rig.pass(0);
    assert!(!rig.has_calls(), "the reader has taken nothing");
    assert_eq!(read(&mut messages, 1), [1]);
    rig.pass(0);
    assert!(!rig.has_calls(), "there is no room for a page");
    assert_eq!(read(&mut messages, 1), [2]);
    rig.pass(0);
    let argument = rig.answer("history", page(4..=5));
    assert_eq!(argument, json!({ "room": "r", "after": position(3), "limit": 2 }));
    assert_eq!(read(&mut messages, 9), [3, 4, 5]);
    rig.pass(0);
    rig.answer("history", page(6..=8));
    assert_eq!(read(&mut messages, 9), [6, 7, 8]);
    rig.pass(0);
    rig.answer("history", page([9]));
    rig.notice("message", message("x", 10));
    assert_eq!(read(&mut messages, 9), [9, 10]);
}

#[test]
fn a_join_does_not_wait_for_the_reader_nor_does_a_publish() {
    let mut rig = Rig::up();
    let mut messages = rig.messages();
    let mut events = rig.room_events("r");
    let mut joined = rig.join(Some(position(0)));
    let mut answer = joined_at(9);
    answer["recovered"] = json!(true);
    answer["messages"] = page(1..=9)["messages"].clone();
    rig.answer("join", answer);
    let joined = joined.try_recv().unwrap().unwrap().unwrap();
    assert_eq!((joined.recovered, joined.position), (true, position(3)));
    let _publish = rig.publish("a");
    rig.answer("publish", published("a", 10));
    assert_eq!(read(&mut messages, 9), [1, 2, 3]);
    rig.pass(0);
    assert!(!rig.has_calls(), "the other stream is not read");
    assert_eq!(room_events(&mut events), ["1", "2", "3"]);
    rig.pass(0);
    rig.answer("history", page(4..=6));
    assert_eq!((read(&mut messages, 9), room_events(&mut events)), (vec![4, 5], words(&["presence 0", "4", "5"])));
    rig.pass(0);
    rig.answer("history", page(6..=8));
    assert_eq!((read(&mut messages, 9), room_events(&mut events)), (vec![6, 7, 8], words(&["6", "7", "8"])));
    rig.pass(0);
    rig.answer("history", page([9]));
    assert_eq!(room_events(&mut events), ["9", "joined true 9"]);
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn what_is_gone_when_a_slow_reader_comes_to_it_is_declared_in_its_place() {
    let mut rig = Rig::joined(0);
    let mut events = rig.room_events("r");
    for offset in 1..=9 {
        rig.notice("message", message("x", offset));
    }
    assert_eq!(room_events(&mut events), ["1", "2", "3"]);
    rig.pass(0);
    rig.refuse("history", RoomsError::new("unknown_position", ""));
    rig.notice("message", message("x", 10));
    assert_eq!(rig.machine.position("r"), Some(position(3)), "the loss was not told yet");
    assert_eq!(room_events(&mut events), ["joined false 9", "10"]);
    assert_eq!(rig.machine.position("r"), Some(position(10)));
}

#[test]
fn who_is_behind_when_the_connection_is_lost_joins_without_since_and_reads_page_by_page() {
    let mut rig = Rig::joined(0);
    let mut messages = rig.messages();
    for offset in 1..=4 {
        rig.notice("message", message("x", offset));
    }
    rig.lose_and_return();
    assert_eq!(rig.answer("join", joined_at(5)), json!({ "room": "r" }));
    assert!(!rig.has_calls());
    assert_eq!(read(&mut messages, 9), [1, 2, 3]);
    rig.pass(0);
    rig.answer("history", page(4..=5));
    assert_eq!(read(&mut messages, 9), [4, 5]);
}

#[test]
fn the_position_is_that_of_the_message_that_was_last_handed_over() {
    let mut rig = Rig::joined(5);
    assert_eq!(rig.machine.position("r"), Some(position(5)));
    let (mut fast, mut slow) = (rig.messages(), rig.messages());
    rig.notice("message", message("x", 6));
    rig.notice("message", message("x", 7));
    assert_eq!(rig.machine.position("r"), Some(position(5)));
    assert_eq!((read(&mut fast, 9), read(&mut slow, 1)), (vec![6, 7], vec![6]));
    assert_eq!(rig.machine.position("r"), Some(position(6)), "of the slowest");
    drop(fast);
    drop(slow);
    rig.notice("message", message("x", 8));
    assert_eq!(rig.machine.position("r"), Some(position(6)), "nobody has read on");
    let mut messages = rig.messages();
    assert_eq!(rig.machine.position("r"), Some(position(6)));
    rig.notice("message", message("x", 9));
    assert_eq!(read(&mut messages, 9), [9]);
    assert_eq!(rig.machine.position("r"), Some(position(9)));
}

#[test]
fn a_join_since_goes_back_there_while_joined_and_what_was_not_read_comes_once() {
    let mut rig = Rig::joined(0);
    let mut messages = rig.messages();
    for offset in 1..=3 {
        rig.notice("message", message("x", offset));
    }
    assert_eq!(read(&mut messages, 2), [1, 2]);
    let mut here = rig.join(Some(position(2)));
    assert_eq!((outcome(&mut here).as_deref(), rig.has_calls()), (Some("ok"), false), "that is where one is");
    let mut back = rig.join(Some(position(1)));
    assert_eq!(rig.machine.position("r"), Some(position(1)));
    let mut answer = joined_at(4);
    answer["recovered"] = json!(true);
    answer["messages"] = page(2..=4)["messages"].clone();
    assert_eq!(rig.answer("join", answer)["since"], json!(position(1)));
    assert_eq!(outcome(&mut back).as_deref(), Some("ok"));
    assert_eq!(read(&mut messages, 9), [2, 3, 4]);
}

#[test]
fn signals_are_dropped_and_presence_is_told_later_where_a_stream_is_not_read() {
    let mut rig = Rig::joined(0);
    let mut events = rig.room_events("r");
    let signal = json!({ "room": "r", "from": message("x", 1)["from"], "data": 1, "at": 5 });
    for _ in 0..4 {
        rig.notice("signal", signal.clone());
    }
    assert_eq!(rig.events(), ["warning"]);
    for user in ["b", "c"] {
        let member = json!({ "user": user, "name": user, "devices": [] });
        rig.notice("presence", json!({ "room": "r", "type": "join", "member": member }));
    }
    assert_eq!(room_events(&mut events), ["signal", "signal", "signal"]);
    rig.pass(0);
    assert_eq!(room_events(&mut events), ["presence 2"]);
}

#[test]
fn a_join_brings_the_newest_messages_where_it_asks_for_them_and_one_after_a_reconnect_does_not() {
    let mut rig = Rig::up();
    let mut messages = rig.messages();
    let (_, mut joined) = rig.join_with(JoinOptions::default().history(2));
    let mut answer = joined_at(5);
    answer["history"] = json!({ "messages": [message("x", 4), message("y", 5)], "more": true });
    assert_eq!(rig.answer("join", answer), json!({ "room": "r", "history": 2 }));
    let joined = joined.try_recv().unwrap().unwrap().unwrap();
    let history = joined.history.unwrap();
    assert_eq!((history.messages.len(), history.more, joined.position), (2, true, position(5)));
    rig.notice("message", message("z", 6));
    assert_eq!(read(&mut messages, 9), [6], "they are in the result alone");
    rig.lose_and_return();
    assert_eq!(rig.call("join").1, json!({ "room": "r", "since": position(6) }));
}

#[test]
fn a_join_that_is_given_up_joins_nothing_unless_somebody_else_wants_the_room() {
    let mut rig = Rig::up();
    let (first, _) = rig.join_with(JoinOptions::default());
    let (second, mut joined) = rig.join_with(JoinOptions::default());
    rig.machine.give_up("r", first);
    rig.answer("join", joined_at(0));
    assert_eq!(outcome(&mut joined).as_deref(), Some("ok"));
    assert!(!rig.has_calls());
    rig.machine.give_up("r", second);
    rig.call("leave");
    let (third, _joined) = rig.join_with(JoinOptions::default());
    rig.answer("join", joined_at(0));
    rig.machine.seen("r", third);
    let (fourth, _) = rig.join_with(JoinOptions::default());
    rig.machine.give_up("r", fourth);
    assert!(!rig.has_calls(), "the third stays");
}

/// The item that is being processed: its run and its offset.
fn processing(rig: &mut Rig) -> Option<(u64, u64)> {
    rig.effects();
    let index = rig.effects.iter().position(|effect| matches!(effect, RoomsEffect::Process { .. }))?;
    let RoomsEffect::Process { run, item, .. } = rig.effects.remove(index) else { unreachable!() };
    Some((run, item.position().offset))
}

fn inbox(rig: &mut Rig, offset: u64) -> Answer<InboxOpened> {
    let (reply, answer) = oneshot::channel();
    rig.machine.process(Arc::new(|_| async { Ok(()) }.boxed()), reply);
    rig.answer("inbox", json!({ "ok": true, "cursor": position(offset), "waiting": 2, "known": true }));
    answer
}

#[test]
fn items_are_processed_kept_and_acked_one_by_one() {
    let mut rig = Rig::up();
    assert_eq!(outcome(&mut inbox(&mut rig, 0)).as_deref(), Some("ok"));
    rig.notice("inbox", item(1));
    rig.notice("inbox", item(2));
    let (run, offset) = processing(&mut rig).unwrap();
    assert_eq!((offset, processing(&mut rig)), (1, None));
    rig.machine.processed(run, Ok(()));
    assert_eq!(rig.storage.get(r#"crossroom.inbox.["ada","device"]"#).unwrap().as_deref(), Some("1:e"));
    assert_eq!(
        rig.answer("inbox_ack", json!({ "ok": true, "cursor": position(1) })),
        json!({ "position": position(1) })
    );
    assert_eq!(processing(&mut rig).unwrap().1, 2);
    assert_eq!(rig.machine.cursor(), Some(position(1)));
}

#[test]
fn an_item_that_failed_comes_again_after_a_pause() {
    let mut rig = Rig::up();
    drop(inbox(&mut rig, 0));
    rig.notice("inbox", item(1));
    let (run, _) = processing(&mut rig).unwrap();
    rig.machine.processed(run, Err("no".into()));
    assert_eq!((processing(&mut rig), rig.events()), (None, vec!["warning".to_owned()]));
    rig.pass(250);
    assert_eq!(processing(&mut rig).unwrap().1, 1);
}

#[test]
fn the_inbox_is_opened_again_from_what_was_processed_without_a_connection() {
    let mut rig = Rig::up();
    drop(inbox(&mut rig, 0));
    rig.notice("inbox", item(1));
    let (run, _) = processing(&mut rig).unwrap();
    rig.lose();
    rig.machine.processed(run, Ok(()));
    rig.welcome();
    assert_eq!(rig.call("inbox").1, json!({ "since": position(1) }));
}

#[test]
fn the_inbox_takes_one_processor_at_a_time() {
    let mut rig = Rig::up();
    drop(inbox(&mut rig, 0));
    let (reply, mut second) = oneshot::channel();
    rig.machine.process(Arc::new(|_| async { Ok(()) }.boxed()), reply);
    assert_eq!(outcome(&mut second).as_deref(), Some("in_use"));
}

#[test]
fn a_guest_is_kept_and_a_new_one_comes_where_the_token_is_refused() {
    let mut rig = Rig::up();
    assert_eq!(rig.storage.get("crossroom.guest").unwrap().as_deref(), Some("t"));
    rig.lose();
    let auth = Arc::clone(&rig.credentials).auth().now_or_never().unwrap().unwrap();
    assert_eq!(Value::from(auth), json!({ "name": "Ada", "device": "device", "token": "t" }));
    let data = json!({ "code": "unauthorized", "message": "m", "retryable": false });
    rig.machine.refused(&Error::ConnectError { message: "m".into(), data: Some(data) });
    assert_eq!(rig.storage.get("crossroom.guest").unwrap(), None);
    assert_eq!(rig.connects(), 0);
    rig.pass(250);
    assert_eq!(rig.connects(), 1);
    let auth = Arc::clone(&rig.credentials).auth().now_or_never().unwrap().unwrap();
    assert_eq!(auth.get("token"), None);
}

#[test]
fn goes_on_with_a_new_token_before_the_old_one_runs_out() {
    let tokens = Source::Asked(Box::new(|()| async { Ok("new".to_owned()) }.boxed()));
    let mut rig = Rig::new(Some(tokens));
    rig.welcome();
    rig.effects();
    rig.effects.clear();
    rig.notice("token_expiring", json!({ "expiresAt": 1 }));
    rig.effects();
    let Some(RoomsEffect::NewToken { generation }) = rig.effects.pop() else { panic!("no token is asked for") };
    rig.machine.token(generation, Err(CredentialsError::temporary("down")));
    rig.pass(250);
    rig.effects();
    assert!(matches!(rig.effects.pop(), Some(RoomsEffect::NewToken { .. })));
    rig.machine.token(generation, Ok("new".to_owned()));
    assert_eq!(rig.answer("refresh", json!({ "ok": true, "expiresAt": 99 })), json!({ "token": "new" }));
    assert_eq!(rig.machine.me().unwrap().expires_at, Some(99));
}

#[test]
fn a_revoked_token_is_the_end_and_everything_that_waits_fails_with_it() {
    let mut rig = Rig::joined(0);
    let mut publish = rig.publish("a");
    let mut messages = rig.messages();
    rig.notice("session_end", json!({ "error": { "code": "token_revoked", "message": "m", "retryable": false } }));
    rig.machine.disconnected(Disconnected { is_final: true, code: Some(4403), reason: String::new() });
    assert_eq!(rig.events(), ["disconnected", "ended: token_revoked"]);
    assert_eq!(outcome(&mut publish).as_deref(), Some("token_revoked"));
    assert_eq!(messages.next().now_or_never().flatten().unwrap().unwrap_err().code(), "token_revoked");
    let (reply, mut ready) = oneshot::channel();
    rig.machine.ready(reply);
    assert_eq!(outcome(&mut ready).as_deref(), Some("token_revoked"));
    assert_eq!(outcome(&mut rig.join(None)).as_deref(), Some("token_revoked"));
    rig.pass(60_000);
    assert_eq!(rig.connects(), 0);
}

#[test]
fn close_fails_what_waits_and_is_no_end_to_tell_of() {
    let mut rig = Rig::up();
    let mut joined = rig.join(None);
    let mut messages = rig.messages();
    rig.machine.close();
    rig.machine.close();
    assert_eq!(outcome(&mut joined).as_deref(), Some("closed"));
    assert!(matches!(messages.next().now_or_never(), Some(None)));
    assert!(rig.events().is_empty());
    assert!(matches!(rig.events.next().now_or_never(), Some(None)));
}

#[test]
fn close_hands_over_what_was_accepted_in_its_order() {
    let mut rig = Rig::joined(0);
    let mut publishing: Vec<_> = ["a", "b", "c"].into_iter().map(|id| rig.publish(id)).collect();
    rig.machine.close();
    rig.machine.close();
    let handed: Vec<_> = (0..3).map(|_| rig.call("publish").1["id"].clone()).collect();
    assert_eq!(handed, ["a", "b", "c"]);
    assert!(!rig.has_calls());
    for answer in &mut publishing {
        assert_eq!(outcome(answer).as_deref(), Some("closed"));
    }
}

#[test]
fn a_notice_that_is_not_as_it_should_be_is_a_warning() {
    let mut rig = Rig::joined(0);
    rig.notice("message", json!({ "room": "r" }));
    rig.notice("brand_new", json!({}));
    assert_eq!(rig.events(), ["warning"]);
}

#[test]
fn what_waits_for_its_next_try_is_tried_at_once_where_the_network_changes() {
    let mut rig = Rig::joined(0);
    rig.lose_and_return();
    rig.refuse("join", RoomsError::retry("room_full", ""));
    assert!(!rig.has_calls());
    rig.machine.hurry();
    rig.pass(0);
    rig.call("join");
    let data = json!({ "code": "overloaded", "message": "m", "retryable": true });
    rig.machine.refused(&Error::ConnectError { message: "m".into(), data: Some(data) });
    assert_eq!(rig.connects(), 0);
    rig.machine.hurry();
    rig.pass(0);
    assert_eq!(rig.connects(), 1);
}

#[test]
fn nobody_waits_any_more_for_a_call_that_was_not_answered_in_time() {
    let mut rig = Rig::up();
    let _joining = rig.join(None);
    let (late, _) = rig.call("join");
    rig.pass(10_000);
    rig.effects();
    assert!(matches!(rig.effects[0], RoomsEffect::Forget { key } if key == late));
}

/// Calls, and then loses the connection with this code, as often as it takes until nothing is called; the number of times.
fn losses(rig: &mut Rig, code: Option<u16>) -> u32 {
    for times in 0..10 {
        rig.answer("join", joined_at(0));
        if !rig.has_calls() {
            return times;
        }
        rig.call("publish");
        rig.machine.disconnected(Disconnected { is_final: code.is_some(), code, reason: "cut".into() });
        rig.effects();
        rig.effects.clear();
        rig.pass(10_000);
        rig.connects();
        rig.welcome();
    }
    10
}

#[test]
fn a_publish_that_something_on_the_way_does_not_take_fails_alone_and_the_session_lives() {
    for (code, data, expected) in [
        (Some(1009), "x".repeat(9_000), 3),
        (None, "x".repeat(9_000), 5),
        (None, "small".to_owned(), 10),
        (Some(4501), "x".repeat(9_000), 10),
    ] {
        let mut rig = Rig::joined(0);
        rig.lose_and_return();
        let (reply, mut answer) = oneshot::channel();
        rig.machine.publish("r", "a".into(), &json!(data), reply).unwrap();
        assert_eq!(losses(&mut rig, code), expected);
        assert_eq!(outcome(&mut answer).as_deref(), (expected < 10).then_some("message_too_large"));
        assert!(!rig.machine.is_over());
    }
}

#[test]
fn a_connection_that_the_application_closed_itself_says_nothing_of_a_message() {
    let mut rig = Rig::joined(0);
    let (reply, mut answer) = oneshot::channel();
    rig.machine.publish("r", "a".into(), &json!("x".repeat(9_000)), reply).unwrap();
    for _ in 0..10 {
        rig.call("publish");
        rig.machine.background();
        rig.lose_and_return();
        rig.answer("join", joined_at(0));
    }
    rig.answer("publish", published("a", 1));
    assert_eq!(outcome(&mut answer).as_deref(), Some("ok"));
}

#[test]
fn an_error_frame_for_a_publish_fails_it_alone() {
    let mut rig = Rig::joined(0);
    let (mut first, mut second) = (rig.publish("a"), rig.publish("b"));
    rig.refuse("publish", RoomsError::of_frame("too_deep".into(), String::new()));
    assert_eq!(outcome(&mut first).as_deref(), Some("too_deep"));
    rig.answer("publish", published("b", 1));
    assert_eq!(outcome(&mut second).as_deref(), Some("ok"));
}

#[test]
fn a_join_waits_as_long_as_the_server_says_over_a_lost_connection_too() {
    let mut rig = Rig::joined(0);
    rig.lose_and_return();
    let error = json!({ "code": "rate_limited", "message": "m", "retryable": true, "retryAfter": 30_000 });
    rig.refuse("join", RoomsError::from_value(&error).unwrap());
    rig.pass(20_000);
    rig.machine.hurry();
    rig.lose_and_return();
    rig.pass(9_999);
    assert!(!rig.has_calls());
    rig.pass(1);
    rig.call("join");
}

#[test]
fn a_page_that_cannot_be_read_is_told_and_what_is_missing_is_declared_lost_in_the_end() {
    let mut rig = Rig::joined(0);
    let mut events = rig.room_events("r");
    rig.notice("message", message("b", 2));
    for _ in 0..9 {
        rig.answer("history", json!({ "ok": true, "messages": [{ "id": 1 }], "more": false }));
        assert_eq!(rig.events(), ["warning"]);
        rig.pass(10_000);
    }
    assert!(!rig.has_calls());
    assert_eq!(room_events(&mut events), ["joined false 1", "2"]);
}

#[test]
fn a_room_whose_join_has_no_readable_answer_is_left() {
    let mut rig = Rig::up();
    let mut joined = rig.join(None);
    rig.answer("join", json!({ "ok": true }));
    assert_eq!(outcome(&mut joined).as_deref(), Some("bad_answer"));
    assert_eq!(rig.call("leave").1, json!({ "room": "r" }));
}

#[test]
fn a_guest_who_is_refused_with_an_http_status_comes_as_another_one_once() {
    let mut rig = Rig::up();
    rig.lose();
    let refused = Error::UpgradeRefused { status: 401, code: None, message: "m".into(), retry_after: None };
    rig.machine.refused(&refused);
    rig.pass(250);
    assert_eq!(rig.connects(), 1);
    // The upgrade is refused before anything is shown.
    rig.machine.refused(&refused);
    assert_eq!(rig.events(), ["disconnected", "warning", "ended: unauthorized"]);
}

#[test]
fn rooms_that_nobody_needs_any_more_are_forgotten_and_their_late_answers_too() {
    let mut rig = Rig::up();
    let mut joined = rig.join(None);
    let (late, _) = rig.call("join");
    let (reply, _left) = oneshot::channel();
    rig.machine.leave("r", reply);
    rig.answer("leave", json!({ "ok": true }));
    assert_eq!(outcome(&mut joined).as_deref(), Some("aborted"));
    let _read = rig.room_events("is read");
    for number in 0..1_000 {
        drop(rig.room_events(&number.to_string()));
    }
    assert!(rig.machine.rooms.len() <= MIN_SWEEP);
    assert!(rig.machine.rooms.contains_key("is read") && !rig.machine.rooms.contains_key("r"));
    let mut joined = rig.join(None);
    rig.machine.answered(late, CallOutcome::Ok(joined_at(0)));
    assert_eq!(outcome(&mut joined), None, "the answer is that of an earlier join");
    rig.answer("join", joined_at(0));
    assert_eq!(outcome(&mut joined).as_deref(), Some("ok"));
}

#[test]
fn an_item_of_an_unknown_kind_is_processed_like_the_others() {
    let mut rig = Rig::up();
    drop(inbox(&mut rig, 0));
    let invitation = json!({ "type": "invitation", "position": position(1), "data": { "to": "r" }, "new": 1 });
    rig.notice("inbox", invitation.clone());
    rig.effects();
    let Some(RoomsEffect::Process { item, run, .. }) = rig.effects.pop() else { panic!("it is not processed") };
    assert_eq!(serde_json::to_value(&item).unwrap(), invitation);
    assert_eq!(item.parse::<Value>().unwrap(), json!({ "to": "r" }));
    let kind = "invitation".to_owned();
    assert_eq!(item, InboxItem::Other { kind, position: position(1), value: invitation });
    rig.machine.processed(run, Ok(()));
    assert_eq!(rig.call("inbox_ack").1, json!({ "position": position(1) }));
}

#[test]
fn items_are_written_as_they_were_read() {
    let from = json!({ "user": "b", "name": "B", "sid": "s", "transport": "bridge" });
    let message = json!({ "type": "message", "id": "i", "position": position(3), "from": from, "data": [1], "at": 5 });
    for given in [item(2), message, json!({ "type": "new", "position": position(4) })] {
        assert_eq!(json!(InboxItem::deserialize(&given).unwrap()), given);
    }
    assert!(InboxItem::deserialize(json!({ "type": "message", "position": position(1) })).is_err());
}

#[test]
fn a_processor_that_is_stopped_gives_its_item_to_the_next_one() {
    let mut rig = Rig::up();
    drop(inbox(&mut rig, 0));
    rig.notice("inbox", item(1));
    let (run, _) = processing(&mut rig).unwrap();
    rig.machine.stop_processing();
    rig.effects();
    assert!(matches!(rig.effects.pop(), Some(RoomsEffect::Release { .. })));
    rig.machine.processed(run, Ok(()));
    assert!(!rig.has_calls(), "what was stopped is not acked");
    assert_eq!(outcome(&mut inbox(&mut rig, 0)).as_deref(), Some("ok"));
    assert_eq!(processing(&mut rig).unwrap().1, 1);
    rig.machine.stop_processing();
    rig.lose_and_return();
    assert!(!rig.has_calls(), "nobody wants the inbox");
}

#[test]
fn a_guests_token_is_not_shown() {
    let mut rig = Rig::new(None);
    rig.notice(
        "welcome",
        json!({ "user": "ada", "name": "Ada", "sid": "s", "device": "d", "guest": true, "token": "secret" }),
    );
    let shown = format!("{:?}", rig.machine.me().unwrap());
    assert!(shown.contains("ada") && !shown.contains("secret"), "{shown}");
}

#[test]
fn the_newest_guest_token_is_kept_and_read_at_each_connect_and_a_refused_one_is_not_shown_again() {
    let mut rig = Rig::up();
    let shown = |rig: &Rig| Arc::clone(&rig.credentials).auth().now_or_never().unwrap().unwrap().get("token").cloned();
    rig.notice("token_renewed", json!({ "token": "t2" }));
    assert_eq!(rig.storage.get("crossroom.guest").unwrap().as_deref(), Some("t2"));
    rig.storage.set("crossroom.guest", "of another program").unwrap();
    rig.lose();
    assert_eq!(shown(&rig), Some(json!("of another program")));
    let data = json!({ "code": "token_revoked", "message": "m", "retryable": false });
    rig.machine.refused(&Error::ConnectError { message: "m".into(), data: Some(data) });
    rig.storage.set("crossroom.guest", "of another program").unwrap();
    assert_eq!(shown(&rig), None);
}

#[test]
fn a_device_that_was_taken_is_told_and_the_inbox_goes_on_when_it_returns() {
    let mut rig = Rig::up();
    drop(inbox(&mut rig, 0));
    rig.notice("inbox", item(1));
    rig.notice("inbox", item(2));
    let (run, _) = processing(&mut rig).unwrap();
    rig.notice("device_taken", json!({ "sid": "s2" }));
    rig.machine.processed(run, Ok(()));
    let (run, _) = processing(&mut rig).unwrap();
    rig.refuse("inbox_ack", RoomsError::new("inbox_not_open", ""));
    rig.machine.processed(run, Ok(()));
    assert!(!rig.has_calls(), "it would take the inbox back");
    rig.notice("device_returned", json!({}));
    assert_eq!(rig.answer("inbox_ack", json!({ "ok": true })), json!({ "position": position(2) }));
    rig.notice("inbox", item(2));
    rig.notice("inbox", item(3));
    assert_eq!(processing(&mut rig).unwrap().1, 3, "what comes again is told apart");
    assert_eq!(rig.events(), ["taken by s2", "returned"]);
}

#[test]
fn items_that_were_not_processed_before_the_device_was_taken_come_again() {
    let mut rig = Rig::up();
    drop(inbox(&mut rig, 0));
    (1..=3).for_each(|offset| rig.notice("inbox", item(offset)));
    let (run, _) = processing(&mut rig).unwrap();
    rig.notice("device_taken", json!({ "sid": "s2" }));
    rig.machine.processed(run, Ok(()));
    rig.refuse("inbox_ack", RoomsError::new("inbox_not_open", ""));
    let (run, offset) = processing(&mut rig).unwrap();
    rig.machine.processed(run, Ok(()));
    assert_eq!((offset, processing(&mut rig)), (2, None), "the other one has the third");
    rig.notice("device_returned", json!({}));
    rig.notice("inbox", item(3));
    assert_eq!(processing(&mut rig).unwrap().1, 3);
}

#[test]
fn items_that_are_not_kept_any_more_are_told() {
    let mut rig = Rig::up();
    let (reply, _opened) = oneshot::channel();
    rig.machine.process(Arc::new(|_| async { Ok(()) }.boxed()), reply);
    let answer = json!({ "ok": true, "cursor": position(5), "waiting": 0, "known": true, "recovered": false });
    rig.answer("inbox", answer);
    assert_eq!(rig.events(), ["inbox lost"]);
}

#[test]
fn a_flush_waits_for_what_was_accepted_and_the_last_handle_leaves_after_it() {
    let mut rig = Rig::joined(0);
    let mut publish = rig.publish("a");
    let (done, mut flushed) = oneshot::channel();
    rig.machine.flush(done);
    rig.machine.settle();
    assert!((rig.machine.unsent(), flushed.try_recv()) == (1, Ok(None)));
    rig.machine.leave_all();
    assert!(!rig.machine.is_over());
    rig.answer("publish", published("a", 1));
    rig.machine.settle();
    assert_eq!((outcome(&mut publish).as_deref(), flushed.try_recv()), (Some("ok"), Ok(Some(()))));
    assert_eq!(rig.machine.context.over.as_ref().map(RoomsError::code), Some("closed"));

    let mut rig = Rig::joined(0);
    let mut publish = rig.publish("a");
    rig.machine.leave_all();
    rig.pass(10_000);
    rig.machine.settle();
    assert_eq!(outcome(&mut publish).as_deref(), Some("closed"), "nobody answers");
}

/// The same value with something else in each of its places, one at a time.
fn broken(value: &Value) -> Vec<Value> {
    let deep = (0..200).fold(json!(1), |inner, _| json!([inner]));
    let mut all = vec![json!(null), json!(true), json!(-1), json!(1.5), json!(1e300), json!(u64::MAX), json!("x")];
    all.extend([json!(""), json!([]), json!([null]), json!({}), json!({ "x": {} }), deep]);
    match value {
        Value::Object(fields) => {
            for key in fields.keys() {
                let mut without = fields.clone();
                without.remove(key);
                all.push(Value::Object(without));
                all.extend(broken(&fields[key]).into_iter().map(|field| {
                    let mut fields = fields.clone();
                    fields.insert(key.clone(), field);
                    Value::Object(fields)
                }));
            }
        }
        Value::Array(items) => {
            let first = items.first().unwrap_or(&Value::Null);
            all.extend(broken(first).into_iter().map(|item| json!([item])));
        }
        _ => {}
    }
    all
}

#[test]
fn lives_through_events_with_anything_in_them() {
    let member = json!({ "user": "b", "name": "B", "devices": [{ "id": "d", "sid": "s", "transport": "bridge" }] });
    let error = json!({ "code": "c", "message": "m", "retryable": true, "retryAfter": 1 });
    let events = [
        ("message", message("x", 1)),
        ("signal", json!({ "room": "r", "from": message("x", 1)["from"], "data": 1, "at": 5 })),
        ("presence", json!({ "room": "r", "type": "update", "member": member, "gone": ["x"] })),
        ("inbox", item(1)),
        ("device_taken", json!({ "sid": "s" })),
        ("device_returned", json!({})),
        ("token_renewed", json!({ "token": "t" })),
        ("token_expiring", json!({ "expiresAt": 1 })),
        ("session_end", json!({ "error": error })),
        (
            "welcome",
            json!({ "user": "ada", "name": "A", "sid": "s", "device": "device", "guest": true, "messageBytes": 9 }),
        ),
    ];
    for (name, payload) in events {
        for payload in broken(&payload) {
            let mut rig = Rig::joined(0);
            drop(inbox(&mut rig, 0));
            rig.notice(name, payload);
            rig.pass(60_000);
            assert!(!rig.machine.is_over(), "{name}");
        }
    }
}

#[test]
fn lives_through_answers_with_anything_in_them() {
    let mut joined = joined_at(3);
    joined["recovered"] = json!(true);
    joined["messages"] = json!([message("x", 1)]);
    joined["history"] = json!({ "messages": [message("x", 1)], "more": true });
    let opened = json!({ "ok": true, "cursor": position(0), "waiting": 2, "known": true, "recovered": false });
    for (call, answer) in
        [("join", joined), ("history", page(1..=2)), ("publish", published("a", 1)), ("inbox", opened)]
    {
        for answer in broken(&answer) {
            let mut rig = if call == "join" { Rig::up() } else { Rig::joined(0) };
            match call {
                "join" => drop(rig.join(Some(position(0)))),
                "history" => rig.notice("message", message("x", 3)),
                "publish" => drop(rig.publish("a")),
                _ => rig.machine.process(Arc::new(|_| async { Ok(()) }.boxed()), oneshot::channel().0),
            }
            rig.answer(call, answer);
            rig.pass(60_000);
            assert!(!rig.machine.is_over(), "{call}");
        }
    }
}
