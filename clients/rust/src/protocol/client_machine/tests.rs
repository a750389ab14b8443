use futures_channel::oneshot;
use futures_util::{FutureExt, StreamExt};
use serde_json::{Value, json};

use super::*;
use crate::protocol::args::Args;
use crate::protocol::backoff::Backoff;
use crate::protocol::broadcast::Subscription;
use crate::protocol::event::{AckKey, Connected, Disconnected, NamespaceEvent};
use crate::protocol::event_queue::Reply;

const CONNECTED: &str = r#"{"type":"connected","sid":"s","pingInterval":25000,"pingTimeout":20000,"maxPayload":200}"#;

/// A machine on a hand-moved clock, whose WebSocket is the test.
struct Rig {
    machine: ClientMachine,
    now: u64,
    events: Subscription<NamespaceEvent>,
    warnings: Subscription<String>,
}

impl Rig {
    fn new() -> Self {
        let backoff = Backoff { jitter: 0.0, ..Backoff::default() };
        let settings = ClientSettings {
            lifecycle: LifecycleSettings { backoff, max_attempts: None, attempt_timeout: 20_000 },
            bounds: Bounds { events: 3, bytes: 1_000 },
            max_unread: 3,
        };
        let mut machine = ClientMachine::new(settings, || 0.0, Waker::noop().clone());
        let events = machine.events("/");
        let warnings = machine.warnings();
        Self { machine, now: 0, events, warnings }
    }

    /// Connected to the main namespace, and its events read.
    fn connected() -> Self {
        let mut rig = Self::new();
        let mut connected = rig.connect("/");
        rig.open();
        rig.receive(CONNECTED);
        assert!(matches!(connected.try_recv(), Ok(Some(Ok(_)))));
        rig.events();
        rig
    }

    fn connect(&mut self, ns: &str) -> oneshot::Receiver<Result<Connected, Error>> {
        let (waiter, answer) = oneshot::channel();
        self.machine.at(self.now).connect(ns, waiter);
        answer
    }

    /// Plays the shell until there is nothing to do: dials succeed, and credentials are `{}`.
    fn open(&mut self) {
        while let Some(effect) = self.machine.poll_effect() {
            match effect {
                ClientEffect::Dial { attempt } => self.machine.at(self.now).opened(attempt),
                ClientEffect::AskCredentials { ns, question } => {
                    self.machine.at(self.now).credentials(&ns, question, Ok(Map::new()))
                }
                ClientEffect::HangUp { .. } => {}
            }
        }
    }

    fn receive(&mut self, text: &str) {
        self.machine.at(self.now).message(text);
    }

    fn lose(&mut self) {
        self.machine.at(self.now).lost(None, "cut".to_owned());
    }

    fn lose_and_return(&mut self) {
        self.lose();
        self.now += 1_000;
        self.machine.at(self.now).tick();
        self.open();
        self.receive(CONNECTED);
        self.events();
    }

    /// What is written to the WebSocket.
    fn written(&mut self) -> Vec<Value> {
        let texts = std::iter::from_fn(|| self.machine.at(self.now).next_outgoing());
        texts.map(|text| serde_json::from_str(&text).expect("JSON")).collect()
    }

    fn emit(&mut self, event: &str) -> Result<(), Error> {
        self.machine.emit("/", event, &[], None, true).map(drop)
    }

    fn call(&mut self, event: &str) -> (u64, oneshot::Receiver<Result<Args, Error>>) {
        let (reply, answer) = oneshot::channel();
        let id = self.machine.emit("/", event, &[], Some(Reply::Caller(reply)), true).expect("it is taken");
        (id.expect("an id"), answer)
    }

    /// In few words, since they were read last.
    fn events(&mut self) -> Vec<String> {
        let mut words = Vec::new();
        while let Some(Some(event)) = self.events.next().now_or_never() {
            words.push(match event {
                NamespaceEvent::Connected(_) => "connected".to_owned(),
                NamespaceEvent::Disconnected(Disconnected { is_final: true, .. }) => "disconnected for good".to_owned(),
                NamespaceEvent::Disconnected(_) => "disconnected".to_owned(),
                NamespaceEvent::Refused(error) => format!("refused: {}", error.code()),
                NamespaceEvent::Received { name, .. } => name,
                NamespaceEvent::Answered(answered) => format!("answered {}", answered.id),
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
        Ok(Some(Ok(_))) => Some("ok".to_owned()),
        Ok(Some(Err(error))) => Some(error.code().to_owned()),
        Ok(None) | Err(_) => None,
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
    let mut emit = |size: usize| rig.machine.emit("/", "x", &[json!("x".repeat(size))], None, true);
    assert!(emit(600).is_ok());
    assert_eq!(emit(600), Err(Error::BufferFull));
    assert!(emit(100).is_ok());
}

#[test]
fn an_event_that_is_too_large_is_refused_and_costs_nothing_else() {
    let mut rig = Rig::connected();
    rig.written();
    let large = [json!("x".repeat(300))];
    assert!(matches!(rig.machine.emit("/", "x", &large, None, true), Err(Error::PayloadTooLarge { max: 200, .. })));
    assert!(rig.written().is_empty());
    assert_eq!(rig.emit("a"), Ok(()));
}

#[test]
fn an_event_that_waited_and_is_too_large_is_reported_and_its_call_fails() {
    let mut rig = Rig::new();
    let large = [json!("x".repeat(300))];
    let (reply, mut answer) = oneshot::channel();
    rig.machine.emit("/", "x", &large, Some(Reply::Caller(reply)), true).unwrap();
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
    assert_eq!(answer.try_recv().unwrap().unwrap(), Ok(Args::from(vec![json!(1)])));
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
    rig.machine.at(rig.now).tick();
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
    rig.machine.forget("/", id);
    let _connected = rig.connect("/");
    rig.open();
    rig.receive(CONNECTED);
    let (id, _) = rig.call("on its way");
    rig.machine.forget("/", id);
    assert_eq!(names(&rig.written()), ["connect"]);
    for name in ["a", "b", "c"] {
        rig.emit(name).expect("there is room again");
    }
}

#[test]
fn the_answer_to_a_request_comes_in_its_place_among_the_events() {
    let mut rig = Rig::connected();
    let stream = Reply::Stream(rig.events.id());
    let id = rig.machine.emit("/", "ask", &[], Some(stream), false).unwrap().unwrap();
    rig.receive(r#"{"type":"event","event":"before","args":[]}"#);
    rig.receive(&format!(r#"{{"type":"ack","id":{id},"args":[]}}"#));
    rig.receive(r#"{"type":"event","event":"after","args":[]}"#);
    assert_eq!(rig.events(), ["before".to_owned(), format!("answered {id}"), "after".to_owned()]);
}

#[test]
fn a_request_does_not_wait_for_a_connection() {
    let mut rig = Rig::new();
    let stream = Reply::Stream(rig.events.id());
    assert_eq!(rig.machine.emit("/", "ask", &[], Some(stream), false), Err(Error::Disconnected));
}

#[test]
fn an_event_of_the_servers_is_answered_once_and_in_its_own_session() {
    let mut rig = Rig::connected();
    rig.written();
    let ask = r#"{"type":"event","event":"ask","args":[],"id":7}"#;
    rig.receive(ask);
    let asked = AckKey { namespace: "/".to_owned(), session: 1, id: 7 };
    rig.machine.answer(&asked, &[json!("yes")]).unwrap();
    rig.machine.answer(&asked, &[json!("no")]).unwrap();
    assert_eq!(rig.written(), [json!({ "type": "ack", "id": 7, "args": ["yes"] })]);
    rig.receive(ask);
    rig.lose_and_return();
    rig.written();
    rig.machine.answer(&asked, &[json!("late")]).unwrap();
    assert!(rig.written().is_empty());
}

#[test]
fn asks_for_credentials_at_every_connect() {
    let mut rig = Rig::new();
    let _connected = rig.connect("/");
    for token in ["one", "two"] {
        let Some(ClientEffect::Dial { attempt }) = rig.machine.poll_effect() else { panic!("it does not dial") };
        rig.machine.at(rig.now).opened(attempt);
        let Some(ClientEffect::AskCredentials { ns, question }) = rig.machine.poll_effect() else {
            panic!("it does not ask")
        };
        let auth = Map::from_iter([("token".to_owned(), json!(token))]);
        rig.machine.at(rig.now).credentials(&ns, question, Ok(auth));
        assert_eq!(rig.written(), [json!({ "type": "connect", "auth": { "token": token } })]);
        rig.receive(CONNECTED);
        rig.lose();
        rig.now += 5_000;
        rig.machine.at(rig.now).tick();
        assert!(matches!(rig.machine.poll_effect(), Some(ClientEffect::HangUp { .. })));
    }
}

#[test]
fn asks_again_with_backoff_where_asking_failed_and_gives_up_where_that_is_final() {
    let mut rig = Rig::new();
    let mut connected = rig.connect("/");
    assert_eq!(rig.machine.poll_effect(), Some(ClientEffect::Dial { attempt: 1 }));
    rig.machine.at(0).opened(1);
    for delay in [1_000, 2_000] {
        let Some(ClientEffect::AskCredentials { ns, question }) = rig.machine.poll_effect() else {
            panic!("it does not ask")
        };
        rig.machine.at(rig.now).credentials(&ns, question, Err(CredentialsError::temporary("down")));
        rig.machine.at(rig.now + delay - 1).tick();
        assert_eq!(rig.machine.poll_effect(), None);
        rig.now += delay;
        rig.machine.at(rig.now).tick();
    }
    let Some(ClientEffect::AskCredentials { ns, question }) = rig.machine.poll_effect() else {
        panic!("it does not ask")
    };
    rig.machine.at(rig.now).credentials(&ns, question, Err(CredentialsError::last("signed out")));
    assert_eq!(code(&mut connected).as_deref(), Some("refused"));
    assert!(matches!(rig.machine.poll_effect(), Some(ClientEffect::HangUp { .. })), "nobody wants the connection");
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
    rig.machine.at(rig.now).tick();
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
    let refused = other.try_recv().unwrap().unwrap().unwrap_err();
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
    assert!(matches!(rig.machine.poll_effect(), Some(ClientEffect::HangUp { last_words: Some(_) })));
    assert_eq!(rig.machine.deadline(), None);
}

#[test]
fn a_later_refusal_is_an_event() {
    let mut rig = Rig::connected();
    rig.lose();
    rig.now += 1_000;
    rig.machine.at(rig.now).tick();
    rig.open();
    rig.receive(r#"{"type":"connect_error","message":"no"}"#);
    assert_eq!(rig.events(), ["disconnected", "refused: connect_error"]);
}

#[test]
fn a_close_code_that_says_so_is_the_end() {
    let mut rig = Rig::connected();
    rig.machine.at(0).lost(Some(4403), "token_revoked".to_owned());
    assert_eq!(rig.events(), ["disconnected for good"]);
    assert_eq!(rig.machine.deadline(), None);
    let mut rig = Rig::new();
    let mut connecting = rig.connect("/");
    rig.open();
    rig.machine.at(0).lost(Some(4400), "malformed_frames".to_owned());
    assert_eq!(code(&mut connecting).as_deref(), Some("refused"));
    assert!(rig.events().is_empty());
}

#[test]
fn a_refused_upgrade_is_tried_again_or_not_as_its_status_says() {
    let upgrade = |status| Error::UpgradeRefused { status, code: None, message: String::new(), retry_after: None };
    for (status, expected) in [(401, Some("refused")), (403, Some("refused")), (429, None), (503, None), (500, None)] {
        let mut rig = Rig::new();
        let mut connecting = rig.connect("/");
        rig.machine.at(0).attempt_failed(1, upgrade(status));
        assert_eq!(code(&mut connecting).as_deref(), expected, "{status}");
        assert_eq!(rig.machine.deadline().is_some(), expected.is_none(), "{status}");
    }
}

#[test]
fn tells_the_server_where_it_was_left_while_connecting() {
    let mut rig = Rig::new();
    let _other = rig.connect("/other");
    let mut connecting = rig.connect("/");
    rig.open();
    rig.written();
    rig.machine.at(rig.now).disconnect("/");
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
    rig.machine.at(rig.now).disconnect("/");
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
    let id = rig.machine.at(0).connect("/", waiter);
    rig.machine.at(rig.now).cancel_connect("/", id);
    assert_eq!(rig.machine.poll_effect(), Some(ClientEffect::Dial { attempt: 1 }));
    assert!(matches!(rig.machine.poll_effect(), Some(ClientEffect::HangUp { .. })));
    assert_eq!(rig.machine.deadline(), None);
}

#[test]
fn a_connect_that_is_done_is_not_cancelled() {
    let mut rig = Rig::connected();
    rig.machine.at(rig.now).cancel_connect("/", 0);
    assert!(rig.machine.connected("/").is_some());
}

#[test]
fn leaving_says_goodbye_after_what_was_sent() {
    let mut rig = Rig::connected();
    rig.written();
    rig.emit("last").unwrap();
    rig.machine.at(rig.now).disconnect("/");
    assert_eq!(rig.machine.poll_effect(), None, "something is to be written");
    assert_eq!(names(&rig.written()), ["last", "disconnect"]);
    rig.machine.at(rig.now).written();
    assert_eq!(rig.machine.poll_effect(), Some(ClientEffect::HangUp { last_words: Some(Vec::new()) }));
    assert_eq!(rig.events(), ["disconnected for good"]);
}

#[test]
fn nothing_is_written_into_a_connection_that_must_be_dead() {
    let mut rig = Rig::connected();
    rig.written();
    rig.now = 3_600_000; // the machine slept
    rig.emit("a").unwrap();
    assert!(rig.written().is_empty());
    rig.machine.at(rig.now).tick();
    assert_eq!(rig.events(), ["disconnected"]);
    rig.now += 1_000;
    rig.machine.at(rig.now).tick();
    rig.open();
    rig.receive(CONNECTED);
    assert_eq!(names(&rig.written()), ["connect", "a"]);
}

#[test]
fn nothing_more_is_read_while_a_stream_is_full() {
    let mut rig = Rig::connected();
    for _ in 0..3 {
        assert!(rig.machine.may_read());
        rig.receive(r#"{"type":"event","event":"x","args":[]}"#);
    }
    assert!(!rig.machine.may_read());
    rig.events();
    assert!(rig.machine.may_read());
}

#[test]
fn malformed_frames_and_unknown_ones_are_warnings_and_cost_nothing_else() {
    let mut rig = Rig::connected();
    for text in ["hello", "[]", r#"{"type":"brand_new"}"#, r#"{"type":"event","event":"connect","args":[]}"#] {
        rig.receive(text);
    }
    assert_eq!(rig.warnings().len(), 4);
    assert!(rig.events().is_empty());
    assert!(rig.machine.connected("/").is_some());
}

#[test]
fn close_fails_all_that_waits_and_ends_the_streams() {
    let mut rig = Rig::connected();
    let mut connecting = rig.connect("/other");
    let (_, mut call) = rig.call("ask");
    rig.machine.at(rig.now).close();
    rig.machine.at(rig.now).close();
    assert_eq!(code(&mut connecting).as_deref(), Some("closed"));
    assert_eq!(code(&mut call).as_deref(), Some("closed"));
    assert_eq!(rig.events(), ["disconnected for good"]);
    assert!(matches!(rig.events.next().now_or_never(), Some(None)));
    assert_eq!(rig.emit("a"), Err(Error::Closed));
    assert_eq!(code(&mut rig.connect("/")).as_deref(), Some("closed"));
    assert_eq!(rig.machine.deadline(), None);
}

#[test]
fn namespaces_and_what_waits_stay_through_background_and_foreground() {
    let mut rig = Rig::connected();
    rig.written();
    rig.machine.at(rig.now).background();
    assert_eq!(rig.events(), ["disconnected"]);
    rig.emit("a").unwrap();
    assert_eq!(rig.machine.deadline(), None);
    rig.open();
    rig.machine.at(rig.now).foreground();
    rig.open();
    rig.receive(CONNECTED);
    assert_eq!(names(&rig.written()), ["connect", "a"]);
}

#[test]
fn what_comes_of_an_attempt_that_was_given_up_is_ignored() {
    let mut rig = Rig::new();
    let mut connecting = rig.connect("/");
    assert_eq!(rig.machine.poll_effect(), Some(ClientEffect::Dial { attempt: 1 }));
    // The first attempt succeeds in the moment in which the network changes.
    rig.machine.at(1_000).network_changed();
    rig.machine.at(1_000).opened(1);
    assert!(matches!(rig.machine.poll_effect(), Some(ClientEffect::HangUp { last_words: None })));
    assert_eq!(rig.machine.poll_effect(), Some(ClientEffect::Dial { attempt: 2 }));
    assert_eq!(rig.machine.poll_effect(), None);
    rig.machine.at(1_000).attempt_failed(1, Error::Unreachable("cut".into()));
    assert!(rig.warnings().is_empty());
    rig.machine.at(1_100).opened(2);
    rig.open();
    rig.receive(CONNECTED);
    assert_eq!(code(&mut connecting).as_deref(), Some("ok"));
}

#[test]
fn what_may_not_wait_is_not_sent_on_a_later_connection() {
    let mut rig = Rig::connected();
    rig.written();
    rig.now = 3_600_000; // the machine slept
    rig.machine.emit("/", "now", &[], None, false).unwrap();
    let stream = Reply::Stream(rig.events.id());
    let id = rig.machine.emit("/", "request", &[], Some(stream), false).unwrap().unwrap();
    rig.emit("may wait").unwrap();
    rig.machine.at(rig.now).tick();
    assert_eq!(rig.events(), ["disconnected".to_owned(), format!("answered {id}")]);
    rig.now += 1_000;
    rig.machine.at(rig.now).tick();
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
    assert_eq!(rig.machine.poll_effect(), Some(ClientEffect::Dial { attempt: 1 }));
    rig.machine.at(0).opened(1);
    let Some(ClientEffect::AskCredentials { ns, question }) = rig.machine.poll_effect() else {
        panic!("it does not ask")
    };
    rig.machine.credentials(&ns, question, Err(CredentialsError::temporary("down")));
    rig.machine.at(10).network_changed();
    assert_eq!(rig.machine.deadline(), Some(10));
    rig.machine.at(10).tick();
    assert!(matches!(rig.machine.poll_effect(), Some(ClientEffect::AskCredentials { .. })));
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
    rig.machine.answer(&AckKey { namespace: "/".to_owned(), session: 1, id: 7 }, &[]).unwrap();
    rig.machine.at(rig.now).network_changed();
    assert_eq!(names(&rig.written()), ["ack", "ping"]);
    let mut left = Vec::new();
    while left.len() < 3 {
        let due = rig.machine.deadline().expect("a deadline");
        assert!(due > rig.now && due < rig.now + 50, "{due}");
        rig.now = due;
        rig.machine.at(due).tick();
        left.extend(names(&rig.written()).into_iter().map(str::to_owned));
    }
    assert_eq!(left, ["a", "b", "c"]);
}
