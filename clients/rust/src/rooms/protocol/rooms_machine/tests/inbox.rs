//! The inbox, and its processor.

use super::*;

/// The item that is being processed: its run and its offset.
fn processing(rig: &mut Rig) -> Option<(u64, u64)> {
    rig.effects();
    let index = rig.effects.iter().position(|effect| matches!(effect, RoomsEffect::Process { .. }))?;
    let RoomsEffect::Process { run, item, .. } = rig.effects.remove(index) else { unreachable!() };
    Some((run, item.position().offset))
}

#[test]
fn items_are_processed_kept_and_acked_one_by_one() {
    let mut rig = Rig::up();
    assert_eq!(outcome(&mut inbox(&mut rig, 0)).as_deref(), Some("ok"));
    rig.notice("inbox", item(1));
    rig.notice("inbox", item(2));
    let (run, offset) = processing(&mut rig).unwrap();
    assert_eq!((offset, processing(&mut rig)), (1, None));
    rig.machine.processed(run, Ok(()));
    assert_eq!(rig.storage.get(r#"crossroom.inbox.["ada","device"]"#).unwrap().as_deref(), Some("1:e"));
    assert_eq!(
        rig.answer("inbox_ack", json!({ "ok": true, "cursor": position(1) })),
        json!({ "position": position(1) })
    );
    assert_eq!(processing(&mut rig).unwrap().1, 2);
    assert_eq!(rig.machine.cursor(), Some(position(1)));
}

#[test]
fn an_item_that_failed_comes_again_after_a_pause() {
    let mut rig = Rig::up();
    drop(inbox(&mut rig, 0));
    rig.notice("inbox", item(1));
    let (run, _) = processing(&mut rig).unwrap();
    rig.machine.processed(run, Err("no".into()));
    assert_eq!((processing(&mut rig), rig.events()), (None, vec!["warning".to_owned()]));
    rig.pass(250);
    assert_eq!(processing(&mut rig).unwrap().1, 1);
}

#[test]
fn the_inbox_is_opened_again_from_what_was_processed_without_a_connection() {
    let mut rig = Rig::up();
    drop(inbox(&mut rig, 0));
    rig.notice("inbox", item(1));
    let (run, _) = processing(&mut rig).unwrap();
    rig.lose();
    rig.machine.processed(run, Ok(()));
    rig.welcome();
    assert_eq!(rig.call("inbox").1, json!({ "since": position(1) }));
}

#[test]
fn an_inbox_that_was_open_is_opened_again_where_the_answer_cannot_be_read() {
    let mut rig = Rig::up();
    let (reply, mut first) = oneshot::channel();
    rig.machine.process(Arc::new(|_| async { Ok(()) }.boxed()), reply);
    rig.answer("inbox", json!({ "ok": true }));
    assert_eq!(outcome(&mut first).as_deref(), Some("bad_answer"));
    drop(inbox(&mut rig, 0));
    rig.lose_and_return();
    rig.events();
    rig.answer("inbox", json!({ "ok": true }));
    assert!(!rig.has_calls());
    rig.pass(250);
    assert_eq!(rig.call("inbox").1, json!({ "since": position(0) }));
    assert_eq!(rig.events(), ["warning"]);
}

#[test]
fn the_inbox_takes_one_processor_at_a_time() {
    let mut rig = Rig::up();
    drop(inbox(&mut rig, 0));
    let (reply, mut second) = oneshot::channel();
    rig.machine.process(Arc::new(|_| async { Ok(()) }.boxed()), reply);
    assert_eq!(outcome(&mut second).as_deref(), Some("in_use"));
}

#[test]
fn an_item_of_an_unknown_kind_is_processed_like_the_others() {
    let mut rig = Rig::up();
    drop(inbox(&mut rig, 0));
    let invitation = json!({ "type": "invitation", "position": position(1), "data": { "to": "r" }, "new": 1 });
    rig.notice("inbox", invitation.clone());
    rig.effects();
    let Some(RoomsEffect::Process { item, run, .. }) = rig.effects.pop() else { panic!("it is not processed") };
    assert_eq!(serde_json::to_value(&item).unwrap(), invitation);
    assert_eq!(item.parse::<Value>().unwrap(), json!({ "to": "r" }));
    let kind = "invitation".to_owned();
    assert_eq!(item, InboxItem::Other { kind, position: position(1), value: invitation });
    rig.machine.processed(run, Ok(()));
    assert_eq!(rig.call("inbox_ack").1, json!({ "position": position(1) }));
}

#[test]
fn items_are_written_as_they_were_read() {
    let from = json!({ "user": "b", "name": "B", "sid": "s", "transport": "bridge" });
    let message = json!({ "type": "message", "id": "i", "position": position(3), "from": from, "data": [1], "at": 5 });
    for given in [item(2), message, json!({ "type": "new", "position": position(4) })] {
        assert_eq!(json!(InboxItem::deserialize(&given).unwrap()), given);
    }
    assert!(InboxItem::deserialize(json!({ "type": "message", "position": position(1) })).is_err());
}

#[test]
fn a_processor_that_is_stopped_gives_its_item_to_the_next_one() {
    let mut rig = Rig::up();
    drop(inbox(&mut rig, 0));
    rig.notice("inbox", item(1));
    let (run, _) = processing(&mut rig).unwrap();
    rig.machine.stop_processing();
    rig.effects();
    assert!(matches!(rig.effects.pop(), Some(RoomsEffect::Release { .. })));
    rig.machine.processed(run, Ok(()));
    assert!(!rig.has_calls(), "what was stopped is not acked");
    assert_eq!(outcome(&mut inbox(&mut rig, 0)).as_deref(), Some("ok"));
    assert_eq!(processing(&mut rig).unwrap().1, 1);
    rig.machine.stop_processing();
    rig.lose_and_return();
    assert!(!rig.has_calls(), "nobody wants the inbox");
}

#[test]
fn a_device_that_was_taken_is_told_and_the_inbox_goes_on_when_it_returns() {
    let mut rig = Rig::up();
    drop(inbox(&mut rig, 0));
    rig.notice("inbox", item(1));
    rig.notice("inbox", item(2));
    let (run, _) = processing(&mut rig).unwrap();
    rig.notice("device_taken", json!({ "sid": "s2" }));
    rig.machine.processed(run, Ok(()));
    let (run, _) = processing(&mut rig).unwrap();
    rig.refuse("inbox_ack", RoomsError::new("inbox_not_open", ""));
    rig.machine.processed(run, Ok(()));
    assert!(!rig.has_calls(), "it would take the inbox back");
    rig.notice("device_returned", json!({}));
    assert_eq!(rig.answer("inbox_ack", json!({ "ok": true })), json!({ "position": position(2) }));
    rig.notice("inbox", item(2));
    rig.notice("inbox", item(3));
    assert_eq!(processing(&mut rig).unwrap().1, 3, "what comes again is told apart");
    assert_eq!(rig.events(), ["taken by s2", "returned"]);
}

#[test]
fn items_that_were_not_processed_before_the_device_was_taken_come_again() {
    let mut rig = Rig::up();
    drop(inbox(&mut rig, 0));
    (1..=3).for_each(|offset| rig.notice("inbox", item(offset)));
    let (run, _) = processing(&mut rig).unwrap();
    rig.notice("device_taken", json!({ "sid": "s2" }));
    rig.machine.processed(run, Ok(()));
    rig.refuse("inbox_ack", RoomsError::new("inbox_not_open", ""));
    let (run, offset) = processing(&mut rig).unwrap();
    rig.machine.processed(run, Ok(()));
    assert_eq!((offset, processing(&mut rig)), (2, None), "the other one has the third");
    rig.notice("device_returned", json!({}));
    rig.notice("inbox", item(3));
    assert_eq!(processing(&mut rig).unwrap().1, 3);
}

#[test]
fn items_that_are_not_kept_any_more_are_told() {
    let mut rig = Rig::up();
    let (reply, _opened) = oneshot::channel();
    rig.machine.process(Arc::new(|_| async { Ok(()) }.boxed()), reply);
    let answer = json!({ "ok": true, "cursor": position(5), "waiting": 0, "known": true, "recovered": false });
    rig.answer("inbox", answer);
    assert_eq!(rig.events(), ["inbox lost"]);
}
