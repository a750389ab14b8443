//! A server that says what it should not.

use super::*;

#[test]
fn a_notice_that_is_not_as_it_should_be_is_a_warning() {
    let mut rig = Rig::joined(0);
    rig.notice("message", json!({ "room": "r" }));
    rig.notice("brand_new", json!({}));
    assert_eq!(rig.events(), ["warning"]);
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
    let change = json!({ "type": "update", "member": member, "gone": ["x"] });
    let error = json!({ "code": "c", "message": "m", "retryable": true, "retryAfter": 1 });
    let events = [
        ("message", message("x", 1)),
        ("signal", json!({ "room": "r", "from": message("x", 1)["from"], "data": 1, "at": 5 })),
        ("presence", json!({ "room": "r", "count": 2, "members": [member] })),
        ("presence", json!({ "room": "r", "count": 2, "changes": [change] })),
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
    joined["members"] = json!([{ "user": "b", "name": "B", "devices": [] }]);
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
