//! The task of a state machine, and the lock that it shares with the handles. The only one: a client of the bridge layer and
//! one of the rooms layer differ in their machine and in their shell.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use crate::clock::Clock;
use crate::protocol::machine::Machine;

/// At least this often the clock is looked at while something is waited for: a timer stands still in sleep.
const CLOCK_CHECK: Duration = Duration::from_secs(1);

/// What the handles of a client and its task have in common.
pub(crate) struct Shared<M> {
    state: Mutex<(M, Clock)>,
    task: Arc<Alarm>,
    done: watch::Sender<bool>,
}

/// Wakes the task: as a [`Waker`], which is all that the machines know of it.
struct Alarm(Notify);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.notify_one();
    }
}

impl<M: Machine> Shared<M> {
    /// `make`: the machine. It is told what wakes the task when a stream was read.
    pub(crate) fn new(make: impl FnOnce(Waker) -> M) -> Arc<Self> {
        let task = Arc::new(Alarm(Notify::new()));
        let machine = make(Waker::from(Arc::clone(&task)));
        Arc::new(Self { state: Mutex::new((machine, Clock::new())), task, done: watch::Sender::new(false) })
    }

    /// Does something with the machine, at this time, and has the task look at what came of it.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut M) -> T) -> T {
        let result = self.look(act);
        self.task.0.notify_one();
        result
    }

    /// The same for the task itself, or where nothing changes.
    pub(crate) fn look<T>(&self, act: impl FnOnce(&mut M) -> T) -> T {
        let mut state = self.lock();
        let (machine, clock) = &mut *state;
        let now = clock.now();
        act(machine.at(now))
    }

    /// Returns when the task is done.
    pub(crate) async fn done(&self) {
        // Cannot fail: the sender is here.
        let _ = self.done.subscribe().wait_for(|done| *done).await;
    }

    /// How long nothing is due; `None`: until something happens.
    fn time_to_wait(&self) -> Option<Duration> {
        let mut state = self.lock();
        let (machine, clock) = &mut *state;
        let now = clock.now();
        let deadline = machine.at(now).deadline()?;
        Some(Duration::from_millis(deadline.saturating_sub(now)).min(CLOCK_CHECK))
    }

    fn lock(&self) -> MutexGuard<'_, (M, Clock)> {
        // A panic elsewhere (in the application's storage, say) is reported where it happened; the state machines are
        // consistent between calls.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a client's task, however it comes: by `close`, by a panic, or with its runtime. What waits then fails, and
/// whoever waits for the end hears of it.
pub(crate) struct Ending<M: Machine>(Arc<Shared<M>>);

impl<M: Machine> Ending<M> {
    pub(crate) fn of(shared: &Arc<Shared<M>>) -> Self {
        Self(Arc::clone(shared))
    }
}

impl<M: Machine> Drop for Ending<M> {
    fn drop(&mut self) {
        self.0.look(M::close);
        // What nobody does any more is dropped without the lock: what the application gave may be in it, and ask for the lock
        // as it goes.
        while let Some(effect) = self.0.look(M::poll_effect) {
            drop(effect);
        }
        self.0.done.send_replace(true);
    }
}

/// The I/O of a state machine: it does what the machine says, and tells it what happened.
pub(crate) trait Shell {
    type Machine: Machine;

    /// Does it, or begins to. The machine is not locked meanwhile.
    fn perform(&mut self, effect: <Self::Machine as Machine>::Effect);

    /// Waits for the next thing that happens, and tells the machine. Dropped before that, it has lost nothing.
    fn happen(&mut self) -> impl Future<Output = ()> + Send;

    /// The machine is over. Returns when nothing is left: no task, timer or socket.
    fn end(&mut self) -> impl Future<Output = ()> + Send;
}

/// The task of a client, from its making to the end of its `close`. `ending` comes first: arguments are dropped last ones
/// first, and nothing may be left when the end is told.
pub(crate) async fn drive<S: Shell>(ending: Ending<S::Machine>, mut shell: S) {
    let shared = Arc::clone(&ending.0);
    while perform_all(&shared, &mut shell) {
        let wait = shared.time_to_wait();
        tokio::select! {
            // What has come is told before silence is taken for death.
            biased;
            () = shell.happen() => {}
            () = shared.task.0.notified() => {}
            () = sleep(wait) => {}
        }
        // Whatever happened has counted as a sign of life by now.
        shared.look(Machine::tick);
    }
    shell.end().await;
}

/// Does what the machine says, until there is nothing left; false at the end of all.
fn perform_all<S: Shell>(shared: &Shared<S::Machine>, shell: &mut S) -> bool {
    let mut is_settled = false;
    loop {
        match shared.look(Machine::poll_effect) {
            Some(effect) => {
                is_settled = false;
                shell.perform(effect);
            }
            None if is_settled => return !shared.look(|machine| machine.is_over()),
            None => {
                shared.look(Machine::settle);
                is_settled = true;
            }
        }
    }
}

async fn sleep(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[path = "driver_tests.rs"]
mod tests;
