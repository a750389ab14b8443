//! Tokens and guests.

use super::*;

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
