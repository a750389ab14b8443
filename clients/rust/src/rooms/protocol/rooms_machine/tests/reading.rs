//! What comes from a room, at the pace of its readers.

use super::*;

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
    for count in [1, 2] {
        rig.notice("presence", json!({ "room": "r", "count": count }));
    }
    assert_eq!(room_events(&mut events), ["signal", "signal", "signal"]);
    rig.pass(0);
    assert_eq!(room_events(&mut events), ["presence 2"]);
}

#[test]
fn a_page_that_cannot_be_read_is_told_and_asked_for_again_five_times_and_then_what_is_missing_is_lost() {
    let mut rig = Rig::joined(0);
    let mut events = rig.room_events("r");
    rig.notice("message", message("b", 2));
    for _ in 0..5 {
        rig.answer("history", json!({ "ok": true, "messages": [{ "id": 1 }], "more": false }));
        assert_eq!(rig.events(), ["warning"]);
        assert!(!rig.has_calls());
        rig.pass(10_000);
    }
    assert!(room_events(&mut events).is_empty());
    rig.refuse("history", RoomsError::bad_answer("nonsense"));
    assert_eq!(rig.events(), ["warning"]);
    assert!(!rig.has_calls());
    assert_eq!(room_events(&mut events), ["joined false 1", "2"]);
}
