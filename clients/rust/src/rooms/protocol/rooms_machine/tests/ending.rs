//! Closing, flushing, and what is tried at once.

use super::*;

#[test]
fn close_fails_what_waits_and_is_no_end_to_tell_of() {
    let mut rig = Rig::up();
    let mut joined = rig.join(None);
    let mut messages = rig.messages();
    rig.machine.close();
    rig.machine.close();
    assert_eq!(outcome(&mut joined).as_deref(), Some("closed"));
    assert!(matches!(messages.next().now_or_never(), Some(None)));
    assert!(rig.events().is_empty());
    assert!(matches!(rig.events.next().now_or_never(), Some(None)));
}

#[test]
fn close_hands_over_what_was_accepted_in_its_order() {
    let mut rig = Rig::joined(0);
    let mut publishing: Vec<_> = ["a", "b", "c"].into_iter().map(|id| rig.publish(id)).collect();
    rig.machine.close();
    rig.machine.close();
    let handed: Vec<_> = (0..3).map(|_| rig.call("publish").1["id"].clone()).collect();
    assert_eq!(handed, ["a", "b", "c"]);
    assert!(!rig.has_calls());
    for answer in &mut publishing {
        assert_eq!(outcome(answer).as_deref(), Some("closed"));
    }
}

/// It is the application's, and may hold handles of the client, whose end asks for the machine's lock.
#[test]
fn close_gives_processors_out_and_drops_none() {
    let mut rig = Rig::up();
    let processor: Processor = Arc::new(|_| async { Ok(()) }.boxed());
    let held = Arc::downgrade(&processor);
    rig.machine.process(processor, oneshot::channel().0);
    rig.answer("inbox", json!({ "ok": true, "cursor": position(0), "waiting": 1 }));
    rig.notice("inbox", item(1));
    rig.machine.close();
    let left: Vec<_> = std::iter::from_fn(|| rig.machine.poll_effect()).collect();
    assert!(left.iter().all(|effect| matches!(effect, RoomsEffect::Release { .. })));
    assert_eq!(left.len(), 2, "the one that was to process the item, and the one that was kept for the next");
    assert_eq!(held.strong_count(), 2);
}

#[test]
fn what_waits_for_its_next_try_is_tried_at_once_where_the_network_changes() {
    let mut rig = Rig::joined(0);
    rig.lose_and_return();
    rig.refuse("join", RoomsError::retry("room_full", ""));
    assert!(!rig.has_calls());
    rig.machine.hurry();
    rig.pass(0);
    rig.call("join");
    let data = json!({ "code": "overloaded", "message": "m", "retryable": true });
    rig.machine.refused(&Error::ConnectError { message: "m".into(), data: Some(data) });
    assert_eq!(rig.connects(), 0);
    rig.machine.hurry();
    rig.pass(0);
    assert_eq!(rig.connects(), 1);
}

#[test]
fn a_flush_waits_for_what_was_accepted_and_the_last_handle_leaves_after_it() {
    let mut rig = Rig::joined(0);
    let mut publish = rig.publish("a");
    let (done, mut flushed) = oneshot::channel();
    rig.machine.flush(done);
    rig.machine.settle();
    assert!((rig.machine.unsent(), flushed.try_recv()) == (1, Ok(None)));
    rig.machine.leave_all();
    assert!(!rig.machine.is_over());
    rig.answer("publish", published("a", 1));
    rig.machine.settle();
    assert_eq!((outcome(&mut publish).as_deref(), flushed.try_recv()), (Some("ok"), Ok(Some(()))));
    assert_eq!(rig.machine.context.over.as_ref().map(RoomsError::code), Some("closed"));

    let mut rig = Rig::joined(0);
    let mut publish = rig.publish("a");
    rig.machine.leave_all();
    rig.pass(10_000);
    rig.machine.settle();
    assert_eq!(outcome(&mut publish).as_deref(), Some("closed"), "nobody answers");
}
