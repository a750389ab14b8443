use std::collections::VecDeque;
use std::sync::mpsc;

use super::*;

/// Wants one thing done, and a second one when that is settled. The first tick is its end.
struct TwoThings {
    effects: VecDeque<Thing>,
    is_first_done: bool,
    is_over: bool,
    waker: Waker,
}

/// Says whether the machine was locked when it was dropped.
struct Thing {
    name: &'static str,
    of: Option<(Arc<Shared<TwoThings>>, mpsc::Sender<bool>)>,
}

impl Drop for Thing {
    fn drop(&mut self) {
        if let Some((shared, is_locked)) = self.of.take() {
            is_locked.send(shared.state.try_lock().is_err()).expect("the test listens");
        }
    }
}

impl TwoThings {
    fn shared() -> Arc<Shared<Self>> {
        let first = Thing { name: "first", of: None };
        Shared::new(|waker| Self { effects: [first].into(), is_first_done: false, is_over: false, waker })
    }
}

impl Machine for TwoThings {
    type Effect = Thing;

    fn at(&mut self, _now: u64) -> &mut Self {
        self
    }

    fn poll_effect(&mut self) -> Option<Thing> {
        self.effects.pop_front()
    }

    fn deadline(&self) -> Option<u64> {
        None
    }

    fn tick(&mut self) {
        self.is_over = true;
    }

    fn settle(&mut self) {
        if !std::mem::replace(&mut self.is_first_done, true) {
            self.effects.push_back(Thing { name: "second", of: None });
        }
    }

    fn is_over(&self) -> bool {
        self.is_over
    }

    fn close(&mut self) {
        self.is_over = true;
    }
}

/// To which nothing happens.
struct Recorder(mpsc::Sender<&'static str>);

impl Shell for Recorder {
    type Machine = TwoThings;

    fn perform(&mut self, effect: Thing) {
        self.0.send(effect.name).expect("the test listens");
    }

    async fn happen(&mut self) {
        self.0.send("waits").expect("the test listens");
        std::future::pending().await
    }

    async fn end(&mut self) {
        self.0.send("end").expect("the test listens");
    }
}

#[tokio::test]
async fn does_all_that_the_machine_wants_before_it_waits_and_goes_on_when_it_is_woken() {
    let (says, said) = mpsc::channel();
    let shared = TwoThings::shared();
    let task = tokio::spawn(drive(Ending::of(&shared), Recorder(says)));
    shared.look(|machine| machine.waker.wake_by_ref());
    shared.done().await;
    assert!(task.await.is_ok());
    assert_eq!(said.iter().collect::<Vec<_>>(), ["first", "second", "waits", "end"]);
}

#[test]
fn what_is_left_at_the_end_is_dropped_and_the_machine_is_not_locked_meanwhile() {
    let (says, is_locked) = mpsc::channel();
    let shared = TwoThings::shared();
    let left = Thing { name: "left", of: Some((Arc::clone(&shared), says)) };
    shared.look(|machine| machine.effects.push_back(left));
    drop(Ending::of(&shared));
    assert!(shared.look(|machine| machine.is_over()));
    assert_eq!(is_locked.iter().collect::<Vec<_>>(), [false]);
}
