use futures_util::{FutureExt, StreamExt};
use serde_json::json;
use std::sync::Arc;
use tokio::sync::{Notify, oneshot};

use super::*;
use crate::feed::Tail;
use crate::sender::Reply;
use crate::{Args, Disconnected, backoff::Backoff};
use crate::{Connected, Event};

const CONNECTED: &str = r#"{"type":"connected","sid":"s","pingInterval":25000,"pingTimeout":20000,"maxPayload":200}"#;

/// A core on a hand-moved clock, whose WebSocket is the test.
struct Rig {
    core: Core,
    now: u64,
    events: Tail<Event>,
    warnings: Tail<String>,
}

impl Rig {
    fn new() -> Self {
        let backoff = Backoff { jitter: 0.0, ..Backoff::default() };
        let settings = CoreSettings {
            session: SessionSettings { backoff, max_attempts: None, attempt_timeout: 20_000 },
            bounds: Bounds { events: 3, bytes: 1_000 },
            max_unread: 3,
        };
        let mut core = Core::new(settings, || 0.0, Weak::new());
        let events = core.events("/", Arc::new(Notify::new()));
        let warnings = core.warnings();
        Self { core, now: 0, events, warnings }
    }

    /// Connected to the main namespace, and its events read.
    fn connected() -> Self {
        let mut rig = Self::new();
        let mut connected = rig.connect("/");
        rig.open();
        rig.receive(CONNECTED);
        assert!(matches!(connected.try_recv(), Ok(Ok(_))));
        rig.events();
        rig
    }

    fn connect(&mut self, ns: &str) -> oneshot::Receiver<Result<Connected, Error>> {
        let (waiter, answer) = oneshot::channel();
        self.core.connect(ns, waiter, self.now);
        answer
    }

    /// Plays the shell until there is nothing to do: dials succeed, and credentials are `{}`.
    fn open(&mut self) {
        while let Some(effect) = self.core.next_effect() {
            match effect {
                Effect::Dial { attempt } => self.core.opened(attempt, self.now),
                Effect::Ask { ns, question } => self.core.credentials(&ns, question, Ok(Map::new()), self.now),
                Effect::HangUp { .. } => {}
            }
        }
    }

    fn receive(&mut self, text: &str) {
        self.core.message(text, self.now);
    }

    fn lose(&mut self) {
        self.core.lost(None, "cut".to_owned(), self.now);
    }

    fn lose_and_return(&mut self) {
        self.lose();
        self.now += 1_000;
        self.core.tick(self.now);
        self.open();
        self.receive(CONNECTED);
        self.events();
    }

    /// What is written to the WebSocket.
    fn written(&mut self) -> Vec<Value> {
        let texts = std::iter::from_fn(|| self.core.next_outgoing(self.now));
        texts.map(|text| serde_json::from_str(&text).expect("JSON")).collect()
    }

    fn emit(&mut self, event: &str) -> Result<(), Error> {
        self.core.emit("/", event, &[], None, true).map(drop)
    }

    fn call(&mut self, event: &str) -> (u64, oneshot::Receiver<Result<Args, Error>>) {
        let (reply, answer) = oneshot::channel();
        let id = self.core.emit("/", event, &[], Some(Reply::Caller(reply)), true).expect("it is taken");
        (id.expect("an id"), answer)
    }

    /// In few words, since they were read last.
    fn events(&mut self) -> Vec<String> {
        let mut words = Vec::new();
        while let Some(Some(event)) = self.events.next().now_or_never() {
            words.push(match event {
                Event::Connected(_) => "connected".to_owned(),
                Event::Disconnected(Disconnected { is_final: true, .. }) => "disconnected for good".to_owned(),
                Event::Disconnected(_) => "disconnected".to_owned(),
                Event::Refused(error) => format!("refused: {}", error.code()),
                Event::Received(received) => received.name,
                Event::Answered(answered) => format!("answered {}", answered.id),
            });
        }
        words
    }

    fn warnings(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.warnings.next().now_or_never().flatten()).collect()
    }
}

fn names(frames: &[Value]) -> Vec<&str> {
    frames.iter().map(|frame| frame["event"].as_str().or(frame["type"].as_str()).expect("a name")).collect()
}

fn code<T>(answer: &mut oneshot::Receiver<Result<T, Error>>) -> Option<String> {
    match answer.try_recv() {
        Ok(Ok(_)) => Some("ok".to_owned()),
        Ok(Err(error)) => Some(error.code().to_owned()),
        Err(_) => None,
    }
}

#[test]
fn events_wait_for_connected_and_leave_in_order() {
    let mut rig = Rig::new();
    rig.emit("a").unwrap();
    let _connected = rig.connect("/");
    rig.emit("b").unwrap();
    rig.open();
    assert_eq!(names(&rig.written()), ["connect"]);
    rig.receive(CONNECTED);
    rig.emit("c").unwrap();
    assert_eq!(names(&rig.written()), ["a", "b", "c"]);
    assert_eq!(rig.events(), ["connected"]);
}

#[test]
fn one_more_event_than_may_wait_is_refused_until_one_has_left() {
    let mut rig = Rig::connected();
    rig.written();
    for name in ["a", "b", "c"] {
        rig.emit(name).unwrap();
    }
    assert_eq!(rig.emit("d"), Err(Error::BufferFull));
    assert_eq!(names(&rig.written()), ["a", "b", "c"]);
    assert_eq!(rig.emit("e"), Ok(()));
}

#[test]
fn more_bytes_than_may_wait_are_refused() {
    let mut rig = Rig::new();
    let mut emit = |size: usize| rig.core.emit("/", "x", &[json!("x".repeat(size))], None, true);
    assert!(emit(600).is_ok());
    assert_eq!(emit(600), Err(Error::BufferFull));
    assert!(emit(100).is_ok());
}

#[test]
fn an_event_that_is_too_large_is_refused_and_costs_nothing_else() {
    let mut rig = Rig::connected();
    rig.written();
    let large = [json!("x".repeat(300))];
    assert!(matches!(rig.core.emit("/", "x", &large, None, true), Err(Error::PayloadTooLarge { max: 200, .. })));
    assert!(rig.written().is_empty());
    assert_eq!(rig.emit("a"), Ok(()));
}

#[test]
fn an_event_that_waited_and_is_too_large_is_reported_and_its_call_fails() {
    let mut rig = Rig::new();
    let large = [json!("x".repeat(300))];
    let (reply, mut answer) = oneshot::channel();
    rig.core.emit("/", "x", &large, Some(Reply::Caller(reply)), true).unwrap();
    let _connected = rig.connect("/");
    rig.open();
    rig.receive(CONNECTED);
    assert_eq!(code(&mut answer).as_deref(), Some("payload_too_large"));
    assert_eq!(names(&rig.written()), ["connect"]);
    assert_eq!(rig.warnings().len(), 1);
}

#[test]
fn names_that_socket_io_keeps_for_itself_are_refused() {
    let mut rig = Rig::connected();
    assert!(matches!(rig.emit("disconnect"), Err(Error::InvalidArgument(_))));
}

#[test]
fn a_call_is_answered_once_and_a_late_ack_is_ignored() {
    let mut rig = Rig::connected();
    let (id, mut answer) = rig.call("ask");
    let ack = format!(r#"{{"type":"ack","id":{id},"args":[1]}}"#);
    rig.receive(&ack);
    assert_eq!(answer.try_recv().unwrap(), Ok(Args::from(vec![json!(1)])));
    rig.receive(&ack);
    assert!(rig.warnings().is_empty());
}

#[test]
fn a_call_ends_with_the_code_of_an_error_frame() {
    let mut rig = Rig::connected();
    let (id, mut answer) = rig.call("ask");
    rig.receive(&format!(r#"{{"type":"error","code":"brand_new","message":"m","id":{id}}}"#));
    assert_eq!(code(&mut answer).as_deref(), Some("brand_new"));
    assert_eq!(rig.warnings().len(), 1);
}

#[test]
fn a_call_that_has_left_ends_with_the_connection_and_one_that_has_not_goes_on() {
    let mut rig = Rig::connected();
    let (_, mut left) = rig.call("left");
    rig.written();
    let (id, mut waiting) = rig.call("waiting");
    rig.emit("after").unwrap();
    rig.lose();
    assert_eq!((code(&mut left).as_deref(), code(&mut waiting)), (Some("disconnected"), None));
    rig.now += 1_000;
    rig.core.tick(rig.now);
    rig.open();
    rig.receive(CONNECTED);
    assert_eq!(names(&rig.written()), ["connect", "waiting", "after"]);
    rig.receive(&format!(r#"{{"type":"ack","id":{id},"args":[]}}"#));
    assert_eq!(code(&mut waiting).as_deref(), Some("ok"));
}

#[test]
fn a_call_that_nobody_waits_for_any_more_is_not_sent() {
    let mut rig = Rig::new();
    let (id, _) = rig.call("waits");
    rig.core.forget("/", id);
    let _connected = rig.connect("/");
    rig.open();
    rig.receive(CONNECTED);
    let (id, _) = rig.call("on its way");
    rig.core.forget("/", id);
    assert_eq!(names(&rig.written()), ["connect"]);
    for name in ["a", "b", "c"] {
        rig.emit(name).expect("there is room again");
    }
}

#[test]
fn the_answer_to_a_request_comes_in_its_place_among_the_events() {
    let mut rig = Rig::connected();
    let stream = Reply::Stream(rig.events.id());
    let id = rig.core.emit("/", "ask", &[], Some(stream), false).unwrap().unwrap();
    rig.receive(r#"{"type":"event","event":"before","args":[]}"#);
    rig.receive(&format!(r#"{{"type":"ack","id":{id},"args":[]}}"#));
    rig.receive(r#"{"type":"event","event":"after","args":[]}"#);
    assert_eq!(rig.events(), ["before".to_owned(), format!("answered {id}"), "after".to_owned()]);
}

#[test]
fn a_request_does_not_wait_for_a_connection() {
    let mut rig = Rig::new();
    let stream = Reply::Stream(rig.events.id());
    assert_eq!(rig.core.emit("/", "ask", &[], Some(stream), false), Err(Error::Disconnected));
}

#[test]
fn an_event_of_the_servers_is_answered_once_and_in_its_own_session() {
    let mut rig = Rig::connected();
    rig.written();
    let ask = r#"{"type":"event","event":"ask","args":[],"id":7}"#;
    rig.receive(ask);
    rig.core.answer("/", 1, 7, &[json!("yes")]).unwrap();
    rig.core.answer("/", 1, 7, &[json!("no")]).unwrap();
    assert_eq!(rig.written(), [json!({ "type": "ack", "id": 7, "args": ["yes"] })]);
    rig.receive(ask);
    rig.lose_and_return();
    rig.written();
    rig.core.answer("/", 1, 7, &[json!("late")]).unwrap();
    assert!(rig.written().is_empty());
}

#[test]
fn asks_for_credentials_at_every_connect() {
    let mut rig = Rig::new();
    let _connected = rig.connect("/");
    for token in ["one", "two"] {
        let Some(Effect::Dial { attempt }) = rig.core.next_effect() else { panic!("it does not dial") };
        rig.core.opened(attempt, rig.now);
        let Some(Effect::Ask { ns, question }) = rig.core.next_effect() else { panic!("it does not ask") };
        let auth = Map::from_iter([("token".to_owned(), json!(token))]);
        rig.core.credentials(&ns, question, Ok(auth), rig.now);
        assert_eq!(rig.written(), [json!({ "type": "connect", "auth": { "token": token } })]);
        rig.receive(CONNECTED);
        rig.lose();
        rig.now += 5_000;
        rig.core.tick(rig.now);
        assert!(matches!(rig.core.next_effect(), Some(Effect::HangUp { .. })));
    }
}

#[test]
fn asks_again_with_backoff_where_asking_failed_and_gives_up_where_that_is_final() {
    let mut rig = Rig::new();
    let mut connected = rig.connect("/");
    assert_eq!(rig.core.next_effect(), Some(Effect::Dial { attempt: 1 }));
    rig.core.opened(1, 0);
    for delay in [1_000, 2_000] {
        let Some(Effect::Ask { ns, question }) = rig.core.next_effect() else { panic!("it does not ask") };
        rig.core.credentials(&ns, question, Err(CredentialsError::temporary("down")), rig.now);
        rig.core.tick(rig.now + delay - 1);
        assert_eq!(rig.core.next_effect(), None);
        rig.now += delay;
        rig.core.tick(rig.now);
    }
    let Some(Effect::Ask { ns, question }) = rig.core.next_effect() else { panic!("it does not ask") };
    rig.core.credentials(&ns, question, Err(CredentialsError::last("signed out")), rig.now);
    assert_eq!(code(&mut connected).as_deref(), Some("refused"));
    assert!(matches!(rig.core.next_effect(), Some(Effect::HangUp { .. })), "nobody wants the connection");
    assert_eq!(rig.warnings().len(), 2);
}

#[test]
fn shows_the_last_session_and_offset_again() {
    let mut rig = Rig::new();
    let _connected = rig.connect("/");
    rig.open();
    rig.written();
    rig.receive(&CONNECTED.replace("\"sid\"", "\"pid\":\"p\",\"sid\""));
    rig.receive(r#"{"type":"event","event":"x","args":[],"offset":"o"}"#);
    rig.lose();
    rig.now += 1_000;
    rig.core.tick(rig.now);
    rig.open();
    assert_eq!(rig.written(), [json!({ "type": "connect", "pid": "p", "offset": "o" })]);
}

#[test]
fn a_refused_namespace_is_not_connected_again_and_the_others_are() {
    let mut rig = Rig::new();
    let _main = rig.connect("/");
    let mut other = rig.connect("/other");
    rig.open();
    rig.receive(CONNECTED);
    rig.receive(r#"{"type":"connect_error","ns":"/other","message":"no","data":{"code":"x"}}"#);
    let refused = other.try_recv().unwrap().unwrap_err();
    assert_eq!(refused, Error::ConnectError { message: "no".into(), data: Some(json!({ "code": "x" })) });
    rig.written();
    rig.lose_and_return();
    assert_eq!(rig.written(), [json!({ "type": "connect" })]);
}

#[test]
fn a_namespace_that_the_server_has_ended_stays_ended() {
    let mut rig = Rig::connected();
    rig.written();
    rig.receive(r#"{"type":"disconnect"}"#);
    assert_eq!(rig.events(), ["disconnected for good"]);
    assert!(matches!(rig.core.next_effect(), Some(Effect::HangUp { last_words: Some(_) })));
    assert_eq!(rig.core.deadline(), None);
}

#[test]
fn a_later_refusal_is_an_event() {
    let mut rig = Rig::connected();
    rig.lose();
    rig.now += 1_000;
    rig.core.tick(rig.now);
    rig.open();
    rig.receive(r#"{"type":"connect_error","message":"no"}"#);
    assert_eq!(rig.events(), ["disconnected", "refused: connect_error"]);
}

#[test]
fn a_close_code_that_says_so_is_the_end() {
    let mut rig = Rig::connected();
    rig.core.lost(Some(4403), "token_revoked".to_owned(), 0);
    assert_eq!(rig.events(), ["disconnected for good"]);
    assert_eq!(rig.core.deadline(), None);
    let mut rig = Rig::new();
    let mut connecting = rig.connect("/");
    rig.open();
    rig.core.lost(Some(4400), "malformed_frames".to_owned(), 0);
    assert_eq!(code(&mut connecting).as_deref(), Some("refused"));
    assert!(rig.events().is_empty());
}

#[test]
fn a_refused_upgrade_is_tried_again_or_not_as_its_status_says() {
    let upgrade = |status| Error::UpgradeRefused { status, code: None, message: String::new(), retry_after: None };
    for (status, expected) in [(401, Some("refused")), (403, Some("refused")), (429, None), (503, None), (500, None)] {
        let mut rig = Rig::new();
        let mut connecting = rig.connect("/");
        rig.core.attempt_failed(1, upgrade(status), 0);
        assert_eq!(code(&mut connecting).as_deref(), expected, "{status}");
        assert_eq!(rig.core.deadline().is_some(), expected.is_none(), "{status}");
    }
}

#[test]
fn tells_the_server_where_it_was_left_while_connecting() {
    let mut rig = Rig::new();
    let _other = rig.connect("/other");
    let mut connecting = rig.connect("/");
    rig.open();
    rig.written();
    rig.core.disconnect("/", rig.now);
    assert_eq!(code(&mut connecting).as_deref(), Some("aborted"));
    rig.receive(CONNECTED);
    assert_eq!(rig.written(), [json!({ "type": "disconnect" })]);
    assert!(rig.events().is_empty());
}

#[test]
fn connects_again_where_it_was_left_and_wanted_while_connecting() {
    let mut rig = Rig::new();
    let _other = rig.connect("/other");
    let _first = rig.connect("/");
    rig.open();
    rig.core.disconnect("/", rig.now);
    let mut second = rig.connect("/");
    rig.written();
    rig.receive(CONNECTED);
    rig.open();
    assert_eq!(names(&rig.written()), ["disconnect", "connect"]);
    rig.receive(CONNECTED);
    assert_eq!(code(&mut second).as_deref(), Some("ok"));
}

#[test]
fn a_connect_that_nobody_waits_for_any_more_is_cancelled() {
    let mut rig = Rig::new();
    let (waiter, _answer) = oneshot::channel();
    let id = rig.core.connect("/", waiter, 0);
    rig.core.cancel_connect("/", id, rig.now);
    assert_eq!(rig.core.next_effect(), Some(Effect::Dial { attempt: 1 }));
    assert!(matches!(rig.core.next_effect(), Some(Effect::HangUp { .. })));
    assert_eq!(rig.core.deadline(), None);
}

#[test]
fn a_connect_that_is_done_is_not_cancelled() {
    let mut rig = Rig::connected();
    rig.core.cancel_connect("/", 0, rig.now);
    assert!(rig.core.connected("/").is_some());
}

#[test]
fn leaving_says_goodbye_after_what_was_sent() {
    let mut rig = Rig::connected();
    rig.written();
    rig.emit("last").unwrap();
    rig.core.disconnect("/", rig.now);
    assert_eq!(rig.core.next_effect(), None, "something is to be written");
    assert_eq!(names(&rig.written()), ["last", "disconnect"]);
    rig.core.written(rig.now);
    assert_eq!(rig.core.next_effect(), Some(Effect::HangUp { last_words: Some(Vec::new()) }));
    assert_eq!(rig.events(), ["disconnected for good"]);
}

#[test]
fn nothing_is_written_into_a_connection_that_must_be_dead() {
    let mut rig = Rig::connected();
    rig.written();
    rig.now = 3_600_000; // the machine slept
    rig.emit("a").unwrap();
    assert!(rig.written().is_empty());
    rig.core.tick(rig.now);
    assert_eq!(rig.events(), ["disconnected"]);
    rig.now += 1_000;
    rig.core.tick(rig.now);
    rig.open();
    rig.receive(CONNECTED);
    assert_eq!(names(&rig.written()), ["connect", "a"]);
}

#[test]
fn nothing_more_is_read_while_a_stream_is_full() {
    let mut rig = Rig::connected();
    for _ in 0..3 {
        assert!(rig.core.may_read());
        rig.receive(r#"{"type":"event","event":"x","args":[]}"#);
    }
    assert!(!rig.core.may_read());
    rig.events();
    assert!(rig.core.may_read());
}

#[test]
fn malformed_frames_and_unknown_ones_are_warnings_and_cost_nothing_else() {
    let mut rig = Rig::connected();
    for text in ["hello", "[]", r#"{"type":"brand_new"}"#, r#"{"type":"event","event":"connect","args":[]}"#] {
        rig.receive(text);
    }
    assert_eq!(rig.warnings().len(), 4);
    assert!(rig.events().is_empty());
    assert!(rig.core.connected("/").is_some());
}

#[test]
fn close_fails_all_that_waits_and_ends_the_streams() {
    let mut rig = Rig::connected();
    let mut connecting = rig.connect("/other");
    let (_, mut call) = rig.call("ask");
    rig.core.close(rig.now);
    rig.core.close(rig.now);
    assert_eq!(code(&mut connecting).as_deref(), Some("closed"));
    assert_eq!(code(&mut call).as_deref(), Some("closed"));
    assert_eq!(rig.events(), ["disconnected for good"]);
    assert!(matches!(rig.events.next().now_or_never(), Some(None)));
    assert_eq!(rig.emit("a"), Err(Error::Closed));
    assert_eq!(code(&mut rig.connect("/")).as_deref(), Some("closed"));
    assert_eq!(rig.core.deadline(), None);
}

#[test]
fn namespaces_and_what_waits_stay_through_background_and_foreground() {
    let mut rig = Rig::connected();
    rig.written();
    rig.core.background(rig.now);
    assert_eq!(rig.events(), ["disconnected"]);
    rig.emit("a").unwrap();
    assert_eq!(rig.core.deadline(), None);
    rig.open();
    rig.core.foreground(rig.now);
    rig.open();
    rig.receive(CONNECTED);
    assert_eq!(names(&rig.written()), ["connect", "a"]);
}

#[test]
fn what_comes_of_an_attempt_that_was_given_up_is_ignored() {
    let mut rig = Rig::new();
    let mut connecting = rig.connect("/");
    assert_eq!(rig.core.next_effect(), Some(Effect::Dial { attempt: 1 }));
    // The first attempt succeeds in the moment in which the network changes.
    rig.core.network_changed(1_000);
    rig.core.opened(1, 1_000);
    assert!(matches!(rig.core.next_effect(), Some(Effect::HangUp { last_words: None })));
    assert_eq!(rig.core.next_effect(), Some(Effect::Dial { attempt: 2 }));
    assert_eq!(rig.core.next_effect(), None);
    rig.core.attempt_failed(1, Error::Unreachable("cut".into()), 1_000);
    assert!(rig.warnings().is_empty());
    rig.core.opened(2, 1_100);
    rig.open();
    rig.receive(CONNECTED);
    assert_eq!(code(&mut connecting).as_deref(), Some("ok"));
}

#[test]
fn what_may_not_wait_is_not_sent_on_a_later_connection() {
    let mut rig = Rig::connected();
    rig.written();
    rig.now = 3_600_000; // the machine slept
    rig.core.emit("/", "now", &[], None, false).unwrap();
    let stream = Reply::Stream(rig.events.id());
    let id = rig.core.emit("/", "request", &[], Some(stream), false).unwrap().unwrap();
    rig.emit("may wait").unwrap();
    rig.core.tick(rig.now);
    assert_eq!(rig.events(), ["disconnected".to_owned(), format!("answered {id}")]);
    rig.now += 1_000;
    rig.core.tick(rig.now);
    rig.open();
    rig.receive(CONNECTED);
    assert_eq!(names(&rig.written()), ["connect", "may wait"]);
    for name in ["a", "b", "c"] {
        rig.emit(name).expect("there is room again");
    }
}

#[test]
fn credentials_are_asked_for_at_once_where_the_network_changes() {
    let mut rig = Rig::new();
    let _connecting = rig.connect("/");
    assert_eq!(rig.core.next_effect(), Some(Effect::Dial { attempt: 1 }));
    rig.core.opened(1, 0);
    let Some(Effect::Ask { ns, question }) = rig.core.next_effect() else { panic!("it does not ask") };
    rig.core.credentials(&ns, question, Err(CredentialsError::temporary("down")), 0);
    rig.core.network_changed(10);
    assert_eq!(rig.core.deadline(), Some(10));
    rig.core.tick(10);
    assert!(matches!(rig.core.next_effect(), Some(Effect::Ask { .. })));
}

#[test]
fn a_backlog_leaves_at_the_pace_of_the_server_in_its_order_and_acks_and_pings_go_first() {
    let mut rig = Rig::new();
    let _connected = rig.connect("/");
    rig.open();
    rig.written();
    rig.receive(&CONNECTED.replace("}", r#","rate":{"perSecond":100,"burst":2}}"#));
    rig.receive(r#"{"type":"event","event":"asks","args":[],"id":7}"#);
    ["a", "b", "c"].iter().for_each(|event| rig.emit(event).unwrap());
    assert!(rig.written().is_empty(), "the connect frame counts");
    rig.core.answer("/", 1, 7, &[]).unwrap();
    rig.core.network_changed(rig.now);
    assert_eq!(names(&rig.written()), ["ack", "ping"]);
    let mut left = Vec::new();
    while left.len() < 3 {
        let due = rig.core.deadline().expect("a deadline");
        assert!(due > rig.now && due < rig.now + 50, "{due}");
        rig.now = due;
        rig.core.tick(due);
        left.extend(names(&rig.written()).into_iter().map(str::to_owned));
    }
    assert_eq!(left, ["a", "b", "c"]);
}
