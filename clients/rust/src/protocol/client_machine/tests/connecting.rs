//! Connecting, credentials, and the end.

use super::*;

#[test]
fn asks_for_credentials_at_every_connect() {
    let mut rig = Rig::new();
    let _connected = rig.connect("/");
    for token in ["one", "two"] {
        let Some(ClientEffect::Dial { attempt }) = rig.machine.poll_effect() else { panic!("it does not dial") };
        rig.machine.at(rig.now).opened(attempt, Transport::WebSocket);
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
    rig.machine.at(0).opened(1, Transport::WebSocket);
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
    rig.machine.at(1_000).opened(1, Transport::WebSocket);
    assert!(matches!(rig.machine.poll_effect(), Some(ClientEffect::HangUp { last_words: None })));
    assert_eq!(rig.machine.poll_effect(), Some(ClientEffect::Dial { attempt: 2 }));
    assert_eq!(rig.machine.poll_effect(), None);
    rig.machine.at(1_000).attempt_failed(1, Error::Unreachable("cut".into()));
    assert!(rig.warnings().is_empty());
    rig.machine.at(1_100).opened(2, Transport::WebSocket);
    rig.open();
    rig.receive(CONNECTED);
    assert_eq!(code(&mut connecting).as_deref(), Some("ok"));
}

#[test]
fn credentials_are_asked_for_at_once_where_the_network_changes() {
    let mut rig = Rig::new();
    let _connecting = rig.connect("/");
    assert_eq!(rig.machine.poll_effect(), Some(ClientEffect::Dial { attempt: 1 }));
    rig.machine.at(0).opened(1, Transport::WebSocket);
    let Some(ClientEffect::AskCredentials { ns, question }) = rig.machine.poll_effect() else {
        panic!("it does not ask")
    };
    rig.machine.credentials(&ns, question, Err(CredentialsError::temporary("down")));
    rig.machine.at(10).network_changed();
    assert_eq!(rig.machine.deadline(), Some(10));
    rig.machine.at(10).tick();
    assert!(matches!(rig.machine.poll_effect(), Some(ClientEffect::AskCredentials { .. })));
}
