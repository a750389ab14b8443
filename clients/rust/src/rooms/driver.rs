//! The shell around the rooms layer's core: its task, on a client of the bridge layer that it has for itself.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use serde_json::Value;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use super::core::RoomsCore;
use super::error::RoomsError;
use super::host::Effect;
use super::lane::Outcome;
use super::link::Credentials;
use crate::clock::Clock;
use crate::{Args, Client, CredentialsError, Error, Event, Events, Namespace};

/// At least this often the clock is looked at while something is waited for: a timer stands still in sleep.
const LOOK: Duration = Duration::from_secs(1);

/// What the handles and the task have in common.
pub(crate) struct Shared {
    state: Mutex<(RoomsCore, Clock)>,
    wake: Arc<Notify>,
    done: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(core: RoomsCore) -> Self {
        let wake = core.wake();
        Self { state: Mutex::new((core, Clock::new())), wake, done: watch::Sender::new(false) }
    }

    /// Does something with the core, at this time, and has the task look at what came of it.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut RoomsCore) -> T) -> T {
        let result = self.look(act);
        self.wake.notify_one();
        result
    }

    /// The same for the task itself, or where nothing changes.
    pub(crate) fn look<T>(&self, act: impl FnOnce(&mut RoomsCore) -> T) -> T {
        // A panic elsewhere (in the application's storage, say) is reported where it happened.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (core, clock) = &mut *state;
        let now = clock.now();
        act(core.at(now))
    }

    /// Returns when the task is done.
    pub(crate) async fn done(&self) {
        // Cannot fail: the sender is here.
        let _ = self.done.subscribe().wait_for(|done| *done).await;
    }
}

/// The end of a client's task, however it comes: by `close`, by a panic, or with its runtime. What waits then fails, and
/// whoever waits for the end hears of it.
pub(crate) struct Ending {
    shared: Arc<Shared>,
    client: Client,
}

impl Ending {
    pub(crate) fn of(shared: &Arc<Shared>, client: &Client) -> Self {
        Self { shared: Arc::clone(shared), client: client.clone() }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.shared.look(RoomsCore::close);
        // What nobody does any more is dropped without the lock: processors are in it.
        while let Some(effect) = self.shared.look(RoomsCore::next_effect) {
            drop(effect);
        }
        // Done already, but for a task that did not come to its end.
        drop(self.client.close());
        self.shared.done.send_replace(true);
    }
}

enum Step {
    Woken,
    Event(Option<Event>),
    Warning(String),
    Connected(Result<(), Error>),
    Token(u64, Result<String, CredentialsError>),
    Processed(u64, Result<(), String>),
}

/// What the task works with.
struct Driver {
    shared: Arc<Shared>,
    namespace: Namespace,
    events: Events,
    credentials: Arc<Credentials>,
    /// Calls that wait for their ack: the core's keys, by the requests' ids.
    calls: HashMap<u64, u64>,
    work: FuturesUnordered<BoxFuture<'static, Step>>,
    /// The application's processors: in tasks of their own, so that they may take their time.
    processors: JoinSet<Step>,
}

/// The task of a rooms client, from its making to the end of its `close`. `ending` comes first: arguments are dropped last
/// ones first, and nothing may be left when the end is told.
pub(crate) async fn drive(ending: Ending, credentials: Arc<Credentials>) {
    let namespace = ending.client.namespace("/");
    let mut warnings = ending.client.warnings();
    let mut driver = Driver {
        shared: Arc::clone(&ending.shared),
        events: namespace.events(),
        namespace,
        credentials,
        calls: HashMap::new(),
        work: FuturesUnordered::new(),
        processors: JoinSet::new(),
    };
    while driver.do_effects() {
        let late = driver.shared.look(|core| {
            let now = core.now();
            core.deadline().map(|deadline| Duration::from_millis(deadline.saturating_sub(now)).min(LOOK))
        });
        let step = tokio::select! {
            event = driver.events.next() => Step::Event(event),
            Some(step) = driver.work.next() => step,
            Some(run) = driver.processors.join_next() => run.unwrap_or(Step::Woken), // an error: it was aborted
            Some(warning) = warnings.next() => Step::Warning(warning),
            () = driver.shared.wake.notified() => Step::Woken,
            () = sleep(late) => Step::Woken,
        };
        driver.take(step);
    }
    driver.processors.shutdown().await;
    driver.work.clear();
    ending.client.close().await;
}

impl Driver {
    /// Does what the core says; false at the end of all.
    fn do_effects(&mut self) -> bool {
        loop {
            let (effect, is_over) = self.shared.look(|core| (core.next_effect(), core.over().is_some()));
            match effect {
                // What was accepted before the end still leaves, where there is a connection that takes it.
                Some(effect @ (Effect::Tell { .. } | Effect::Call { .. })) if is_over => self.begin(effect),
                Some(effect) if is_over => drop(effect),
                None if is_over => return false,
                None if self.shared.look(|core| {
                    core.settle_flushes();
                    core.over().is_some()
                }) =>
                {
                    return false;
                }
                None => return true,
                Some(effect) => self.begin(effect),
            }
        }
    }

    fn take(&mut self, step: Step) {
        let calls = &mut self.calls;
        self.shared.look(|core| {
            match step {
                Step::Event(Some(Event::Received(received))) => core.notice(&received.name, &received.args),
                Step::Event(Some(Event::Answered(answered))) => {
                    if let Some(key) = calls.remove(&answered.id) {
                        core.answered(key, outcome(answered.outcome));
                    }
                }
                Step::Event(Some(Event::Disconnected(ended))) => core.disconnected(ended),
                Step::Event(Some(Event::Refused(error))) | Step::Connected(Err(error)) => core.refused(&error),
                // The client is closed, and nothing more will come.
                Step::Event(None) => core.close(),
                Step::Woken | Step::Connected(Ok(())) | Step::Event(Some(_)) => {}
                Step::Warning(warning) => core.warn(warning),
                Step::Token(turn, token) => core.token(turn, token),
                Step::Processed(run, result) => core.processed(run, result),
            }
            core.tick();
        });
    }

    fn begin(&mut self, effect: Effect) {
        match effect {
            Effect::Connect => {
                let connected = self.namespace.connect();
                self.work.push(async move { Step::Connected(connected.await.map(drop)) }.boxed());
            }
            Effect::Call { key, name, argument } => match self.events.request(name, [argument]) {
                Ok(id) => drop(self.calls.insert(id, key)),
                // The end of the connection is among the events, and settles this call with all others. Settled now, it
                // would be made again at once, and for ever: the core does not know of the end yet.
                Err(Error::Disconnected | Error::Closed) => {}
                Err(error) => self.shared.look(|core| core.answered(key, outcome(Err(error)))),
            },
            Effect::Tell { name, argument } => match self.namespace.emit_now(name, [argument]) {
                // Dropped, where there is no connection.
                Ok(()) | Err(Error::Disconnected | Error::Closed) => {}
                Err(error) => self.shared.look(|core| core.warn(format!("a {name} was not sent: {error}"))),
            },
            Effect::NewToken { turn } => {
                // A token that does not change would not help.
                if let Some(tokens) = self.credentials.tokens.as_ref().filter(|tokens| tokens.is_asked()) {
                    let token = tokens.get(());
                    self.work.push(async move { Step::Token(turn, token.await) }.boxed());
                }
            }
            Effect::Forget { key } => {
                let ids: Vec<u64> = self.calls.iter().filter(|(_, of)| **of == key).map(|(id, _)| *id).collect();
                for id in ids {
                    self.calls.remove(&id);
                    self.events.forget(id);
                }
            }
            Effect::Release { processor } => {
                self.processors.abort_all();
                drop(processor);
            }
            Effect::Process { run, item, processor } => {
                self.processors.spawn(async move {
                    let processed = AssertUnwindSafe(async move { processor(item).await }).catch_unwind().await;
                    Step::Processed(run, processed.unwrap_or_else(|_| Err("the processor panicked".to_owned())))
                });
            }
        }
    }
}

/// What the ack says, or why there is none.
fn outcome(answer: Result<Args, Error>) -> Outcome {
    match answer {
        Ok(args) => {
            let answer = args.into_vec().into_iter().next().unwrap_or_default();
            if answer["ok"] == Value::Bool(true) {
                return Outcome::Ok(answer);
            }
            let error = RoomsError::from_value(&answer["error"]).filter(|_| answer["ok"] == Value::Bool(false));
            Outcome::Refused(error.unwrap_or_else(|| RoomsError::bad_answer("it has neither a result nor an error")))
        }
        Err(Error::Timeout) => Outcome::Timeout,
        Err(Error::Disconnected | Error::Closed | Error::Aborted) => Outcome::Lost,
        Err(Error::Refused { code, .. }) if code == "namespace_closed" => Outcome::Lost,
        Err(error @ Error::BufferFull) => Outcome::Refused(RoomsError::retry("overloaded", error.to_string())),
        Err(error @ Error::PayloadTooLarge { .. }) => {
            Outcome::Refused(RoomsError::new("message_too_large", error.to_string()))
        }
        Err(Error::Refused { code, message }) => Outcome::Refused(RoomsError::of_frame(code, message)),
        Err(error) => Outcome::Refused(RoomsError::new("invalid_argument", error.to_string())),
    }
}

async fn sleep(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}
