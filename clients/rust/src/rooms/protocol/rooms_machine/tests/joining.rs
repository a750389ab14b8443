//! Joining rooms, again and again, and leaving them.

use super::*;

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
fn a_room_whose_join_has_no_readable_answer_is_left() {
    let mut rig = Rig::up();
    let mut joined = rig.join(None);
    rig.answer("join", json!({ "ok": true }));
    assert_eq!(outcome(&mut joined).as_deref(), Some("bad_answer"));
    assert_eq!(rig.call("leave").1, json!({ "room": "r" }));
}

#[test]
fn a_room_that_was_joined_is_joined_again_where_the_answer_cannot_be_read() {
    let mut rig = Rig::joined(5);
    let mut events = rig.room_events("r");
    rig.lose_and_return();
    rig.events();
    rig.answer("join", json!({ "ok": true }));
    assert_eq!((rig.machine.room_state("r"), rig.has_calls()), (RoomState::Recovering, false));
    rig.pass(249);
    assert!(!rig.has_calls());
    rig.pass(1);
    rig.refuse("join", RoomsError::bad_answer("nonsense"));
    rig.pass(500);
    assert_eq!(rig.answer("join", joined_at(5)), json!({ "room": "r", "since": position(5) }));
    assert_eq!(room_events(&mut events), ["joined true 5", "presence 0"]);
    assert_eq!(rig.events(), ["warning", "warning"]);
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
