//! Events and calls, and what becomes of them; what is read.

use super::*;

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
