use serde_json::json;

use super::*;

const MINUTE: u64 = 60_000;

/// A queue, on a hand-moved clock, and its calls in the order in which they were added.
#[derive(Default)]
struct Rig {
    queue: SendQueue,
    now: u64,
    answers: Vec<(String, oneshot::Receiver<Result<Value, RoomsError>>)>,
}

impl Rig {
    fn add(&mut self, id: &str, data: Value) -> u64 {
        let (reply, answer) = oneshot::channel();
        self.answers.push((id.to_owned(), answer));
        let key = self.answers.len() as u64;
        let argument = json!({ "id": id, "data": data });
        self.queue.add(PendingCall {
            key,
            name: "publish",
            argument,
            id: Some(id.to_owned()),
            reply,
            size: 0,
            permit: None,
        });
        key
    }

    fn with(ids: &[&str]) -> Self {
        let mut rig = Self::default();
        for id in ids {
            rig.add(id, Value::Null);
        }
        rig
    }

    /// The id of the call that is made next, if one is.
    fn next(&mut self) -> Option<String> {
        self.queue.next(self.now, Some(100)).map(|(_, argument)| argument["id"].as_str().unwrap().to_owned())
    }

    fn done(&mut self, outcome: CallOutcome) {
        self.queue.done(outcome, self.now, 0.0);
    }

    /// What has become of the calls, since this was asked last: "a", or "a: code".
    fn settled(&mut self) -> Vec<String> {
        let mut settled = Vec::new();
        self.answers.retain_mut(|(id, answer)| match answer.try_recv() {
            Ok(Some(Ok(_))) => {
                settled.push(id.clone());
                false
            }
            Ok(Some(Err(error))) => {
                settled.push(format!("{id}: {}", error.code()));
                false
            }
            Ok(None) | Err(_) => true,
        });
        settled
    }
}

fn ok() -> CallOutcome {
    CallOutcome::Ok(json!({}))
}

fn a(id: &str) -> Option<String> {
    Some(id.to_owned())
}

#[test]
fn is_called_one_by_one_in_order_each_after_the_ack_of_the_one_before() {
    let mut rig = Rig::with(&["a", "b"]);
    assert_eq!((rig.next(), rig.next()), (a("a"), None));
    rig.done(ok());
    assert_eq!((rig.next(), rig.next()), (a("b"), None));
    rig.done(ok());
    assert_eq!(rig.settled(), ["a", "b"]);
    assert!(rig.queue.is_empty());
}

#[test]
fn is_called_again_before_anything_else_after_a_lost_connection_or_a_late_ack() {
    let mut rig = Rig::with(&["a", "b"]);
    for outcome in [CallOutcome::Lost, CallOutcome::Timeout, CallOutcome::Timeout, CallOutcome::Lost] {
        assert_eq!(rig.next(), a("a"));
        rig.done(outcome);
    }
    assert_eq!(rig.next(), a("a"));
    assert!(rig.settled().is_empty());
}

#[test]
fn waits_longer_after_each_error_that_may_pass_and_lets_nothing_overtake() {
    let mut rig = Rig::with(&["a", "b"]);
    for wait in [250, 500, 1_000] {
        assert_eq!(rig.next(), a("a"));
        rig.done(CallOutcome::Refused(RoomsError::retry("rate_limited", "")));
        assert_eq!(rig.queue.deadline(), Some(rig.now + wait));
        assert_eq!(rig.next(), None, "while it waits");
        rig.queue.resume(rig.now);
    }
    assert!(rig.settled().is_empty());
}

#[test]
fn is_rejected_by_an_error_that_stays_and_the_next_one_goes_on() {
    let mut rig = Rig::with(&["a", "b"]);
    rig.next();
    rig.done(CallOutcome::Refused(RoomsError::new("message_too_large", "")));
    assert_eq!(rig.settled(), ["a: message_too_large"]);
    assert_eq!(rig.next(), a("b"));
}

#[test]
fn is_rejected_by_a_full_inbox_which_only_its_reader_can_empty() {
    let mut rig = Rig::with(&["a"]);
    rig.next();
    rig.done(CallOutcome::Refused(RoomsError::retry("inbox_full", "")));
    assert_eq!(rig.settled(), ["a: inbox_full"]);
}

#[test]
fn is_done_when_its_message_is_seen_in_the_log_though_the_ack_never_came() {
    let mut rig = Rig::with(&["a", "b"]);
    rig.next();
    rig.done(CallOutcome::Lost);
    rig.queue.seen("a", || json!({}));
    assert_eq!(rig.settled(), ["a"]);
    assert_eq!(rig.next(), a("b"));
}

#[test]
fn keeps_its_turn_when_it_is_seen_before_its_ack_the_next_one_waits_for_that() {
    let mut rig = Rig::with(&["a", "b"]);
    rig.next();
    rig.queue.seen("a", || json!({}));
    assert_eq!(rig.next(), None);
    rig.done(ok());
    assert_eq!(rig.settled(), ["a"]);
    assert_eq!(rig.next(), a("b"));
}

#[test]
fn is_not_taken_for_done_by_a_message_of_the_same_id_before_its_first_call() {
    let mut rig = Rig::with(&["a"]);
    rig.queue.seen("a", || json!({}));
    assert!(rig.settled().is_empty());
    assert_eq!(rig.next(), a("a"));
}

#[test]
fn is_made_again_for_as_long_as_the_server_remembers_its_id_and_no_longer() {
    let mut rig = Rig::with(&["a", "b"]);
    rig.next();
    rig.done(CallOutcome::Lost);
    rig.now = 4 * MINUTE;
    assert_eq!(rig.next(), a("a"));
    rig.done(CallOutcome::Lost);
    rig.now = 5 * MINUTE;
    assert_eq!(rig.next(), a("b"));
    assert_eq!(rig.settled(), ["a: unconfirmed"]);
}

#[test]
fn has_the_whole_time_again_after_a_certain_refusal() {
    let mut rig = Rig::with(&["a"]);
    for _ in 0..3 {
        assert_eq!(rig.next(), a("a"));
        rig.done(CallOutcome::Refused(RoomsError::retry("unavailable", "")));
        rig.queue.resume(rig.now);
        rig.now += 4 * MINUTE;
    }
    assert!(rig.settled().is_empty());
}

#[test]
fn may_wait_for_its_first_call_for_any_time() {
    let mut rig = Rig::with(&["a"]);
    rig.now = 60 * MINUTE;
    assert_eq!(rig.next(), a("a"));
}

#[test]
fn is_not_waited_for_any_more_when_it_is_dropped_what_is_under_way_keeps_its_turn() {
    let mut rig = Rig::with(&["a", "b", "c"]);
    rig.next();
    rig.queue.forget(2);
    rig.queue.forget(1);
    assert_eq!(rig.next(), None);
    rig.done(CallOutcome::Timeout);
    assert_eq!(rig.next(), a("c"));
}

#[test]
fn is_taken_for_the_cause_if_it_was_suspected_often_enough_and_the_next_one_goes_on() {
    for (is_told, times) in [(true, 3), (false, 5)] {
        let mut rig = Rig::with(&["a", "b"]);
        for _ in 0..times {
            assert_eq!(rig.next(), a("a"));
            rig.queue.suspect(is_told);
            rig.done(CallOutcome::Lost);
        }
        assert_eq!(rig.next(), a("b"));
        assert_eq!(rig.settled(), ["a: message_too_large"]);
    }
}

#[test]
fn is_not_suspected_any_more_where_it_had_an_answer_in_between() {
    let mut rig = Rig::with(&["a"]);
    for _ in 0..10 {
        assert_eq!(rig.next(), a("a"));
        rig.queue.suspect(true);
        rig.done(CallOutcome::Lost);
        assert_eq!(rig.next(), a("a"));
        rig.done(CallOutcome::Refused(RoomsError::retry("unavailable", "")));
        rig.now += 10_000;
        rig.queue.resume(rig.now);
    }
    assert!(rig.settled().is_empty());
}

#[test]
fn fails_alone_and_unsent_where_it_is_larger_than_the_server_takes() {
    let mut rig = Rig::default();
    rig.add("a", json!("x".repeat(99)));
    rig.add("b", Value::Null);
    assert_eq!(rig.next(), a("b"));
    assert_eq!(rig.settled(), ["a: message_too_large"]);
}

#[test]
fn waits_as_long_as_the_server_says_whatever_happens_meanwhile() {
    let mut rig = Rig::with(&["a"]);
    rig.next();
    let error = json!({ "code": "rate_limited", "message": "m", "retryable": true, "retryAfter": 3_000 });
    rig.done(CallOutcome::Refused(RoomsError::from_value(&error).unwrap()));
    rig.now = 2_999;
    rig.queue.resume(rig.now);
    assert_eq!((rig.next(), rig.queue.deadline()), (None, Some(3_000)));
    rig.now = 3_000;
    rig.queue.resume(rig.now);
    assert_eq!(rig.next(), a("a"));
}

#[test]
fn is_made_again_under_a_small_message_however_often_the_connection_is_lost() {
    let mut rig = Rig::with(&["a"]);
    for _ in 0..100 {
        assert_eq!(rig.next(), a("a"));
        rig.done(CallOutcome::Lost);
    }
}

#[test]
fn is_rejected_all_at_once_but_for_what_the_server_may_be_carrying_out_if_that_is_spared() {
    let mut rig = Rig::with(&["a", "b"]);
    rig.next();
    rig.queue.reject_all(&RoomsError::own("aborted"), true);
    assert_eq!(rig.settled(), ["b: aborted"]);
    rig.queue.reject_all(&RoomsError::own("closed"), false);
    assert_eq!(rig.settled(), ["a: closed"]);
}

#[test]
fn only_so_many_may_wait_at_a_time() {
    let count = Arc::new(AtomicUsize::new(0));
    let first = Permit::get(&count, 1);
    assert!(first.is_some());
    assert!(Permit::get(&count, 1).is_none());
    drop(first);
    assert!(Permit::get(&count, 1).is_some());
}
