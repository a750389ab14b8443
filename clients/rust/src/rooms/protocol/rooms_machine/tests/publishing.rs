//! Publishes, and what becomes of them on bad connections.

use super::*;

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
