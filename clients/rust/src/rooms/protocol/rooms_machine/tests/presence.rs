//! Who is in a room: by names or by numbers, and by page.

use super::*;

fn member(user: &str) -> Value {
    json!({ "user": user, "name": user, "devices": [] })
}

fn changes(count: u64, changes: &[(&str, &str)]) -> Value {
    let changes: Vec<Value> =
        changes.iter().map(|(kind, user)| json!({ "type": kind, "member": member(user) })).collect();
    json!({ "room": "r", "count": count, "changes": changes })
}

/// In a named room, with Ben.
fn with_ben() -> Rig {
    let mut rig = Rig::up();
    let _joined = rig.join(None);
    let mut answer = joined_at(0);
    (answer["members"], answer["count"], answer["maxNames"]) =
        (json!([member("ada"), member("ben")]), json!(2), json!(200));
    rig.answer("join", answer);
    rig
}

/// In a counted room.
fn counted() -> Rig {
    let mut rig = Rig::up();
    let _joined = rig.join(None);
    rig.answer("join", json!({ "ok": true, "room": "r", "position": position(0), "count": 201, "maxNames": 200 }));
    rig
}

/// Their users, how many there are in all, and whether they are counted.
fn members(rig: &Rig) -> (String, u64, bool) {
    let members = rig.machine.members("r");
    let users: Vec<&str> = members.iter().map(|member| member.user.as_str()).collect();
    (users.join(" "), members.count(), members.is_counted())
}

fn list(rig: &mut Rig, argument: Value) -> Answer<Value> {
    let (reply, answer) = oneshot::channel();
    rig.machine.read("presence", "r", argument, reply).expect("it is taken");
    answer
}

#[test]
fn all_changes_of_an_event_are_told_once() {
    let mut rig = with_ben();
    let mut events = rig.room_events("r");
    rig.notice("presence", changes(2, &[("join", "cleo"), ("leave", "ben"), ("update", "cleo")]));
    assert_eq!(room_events(&mut events), ["presence 2"]);
    assert_eq!(members(&rig), ("ada cleo".to_owned(), 2, false));
}

#[test]
fn a_room_is_counted_and_named_again_as_the_server_says() {
    let mut rig = with_ben();
    let mut events = rig.room_events("r");
    rig.notice("presence", json!({ "room": "r", "count": 201 }));
    assert_eq!(members(&rig), (String::new(), 201, true));
    rig.notice("presence", json!({ "room": "r", "count": 2, "members": [member("ben"), member("ada")] }));
    assert_eq!(members(&rig), ("ben ada".to_owned(), 2, false));
    assert_eq!(room_events(&mut events), ["presence 201", "presence 2"]);
}

#[test]
fn a_join_without_names_is_of_a_counted_room_and_one_with_none_of_a_room_that_shows_nobody() {
    assert_eq!(members(&counted()), (String::new(), 201, true));
    assert_eq!(members(&Rig::joined(0)), (String::new(), 0, false));
    assert_eq!(members(&Rig::up()), (String::new(), 0, false), "nobody has joined");
}

#[test]
fn joins_again_where_the_last_change_of_ones_own_user_is_a_leave() {
    for mut rig in [with_ben(), counted()] {
        let mut events = rig.room_events("r");
        let before = members(&rig);
        rig.notice("presence", changes(1, &[("join", "ada"), ("leave", "ada"), ("join", "ben")]));
        rig.call("join");
        assert_eq!((members(&rig), room_events(&mut events)), (before, vec![]), "the answer tells");
    }
}

#[test]
fn stays_where_ones_own_user_has_come_again_and_where_others_leave() {
    let mut rig = with_ben();
    rig.notice("presence", changes(1, &[("leave", "ada"), ("join", "ada"), ("leave", "ben")]));
    assert!(!rig.has_calls());
    assert_eq!(members(&rig), ("ada".to_owned(), 1, false));
}

#[test]
fn an_event_that_is_not_as_it_should_be_is_a_warning_and_changes_nothing() {
    let mut rig = with_ben();
    let mut events = rig.room_events("r");
    let unknown = changes(1, &[("leave", "ben"), ("vanish", "ada")]);
    let nobody = json!({ "room": "r", "count": 1, "changes": [{ "type": "leave" }] });
    let mut all = vec![unknown, nobody, json!({ "room": "r" }), json!({ "room": "r", "count": -1 })];
    for wrong in [json!(null), json!(7), json!("ada"), json!({ "ada": {} }), json!([null]), json!([[]])] {
        all.push(json!({ "room": "r", "count": 1, "changes": wrong }));
        all.push(json!({ "room": "r", "count": 1, "members": wrong }));
    }
    for event in all {
        rig.notice("presence", event.clone());
        assert_eq!(rig.events(), ["warning"], "{event}");
    }
    assert_eq!((members(&rig), room_events(&mut events)), (("ada ben".to_owned(), 2, false), vec![]));
}

#[test]
fn a_page_waits_for_the_connection_and_is_asked_for_until_it_comes() {
    let mut rig = counted();
    rig.lose();
    let mut answer = list(&mut rig, json!({ "after": "ben", "limit": 2 }));
    assert!(!rig.has_calls());
    rig.welcome();
    rig.answer("join", joined_at(0));
    rig.refuse("presence", RoomsError::retry("unavailable", ""));
    rig.pass(250);
    let (_, argument) = rig.call("presence");
    assert_eq!(argument, json!({ "room": "r", "after": "ben", "limit": 2 }));
    rig.lose_and_return();
    rig.answer("join", joined_at(0));
    rig.answer("presence", json!({ "ok": true, "members": [member("cleo")], "count": 201, "more": true }));
    assert_eq!(outcome(&mut answer).as_deref(), Some("ok"));
}
