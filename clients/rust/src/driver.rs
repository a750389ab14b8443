//! The shell around the core: it owns the WebSocket, the timers and the task, and does what the core says.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use serde_json::{Map, Value};
use tokio::sync::{Notify, watch};

use crate::Error;
use crate::clock::{Clock, random};
use crate::core::{Core, CoreSettings, Effect};
use crate::errors::CredentialsError;
use crate::source::Source;
use crate::transport::{Happened, Transport};

/// At least this often the clock is looked at while something is waited for: a timer stands still in sleep.
const LOOK: Duration = Duration::from_secs(1);

pub(crate) type Headers = Vec<(String, String)>;

/// What a client connects to, and with what.
pub(crate) struct Target {
    pub(crate) url: String,
    pub(crate) headers: Source<(), Headers>,
    pub(crate) auth: Source<String, Map<String, Value>>,
    /// Whether something on the way strips the subprotocol.
    pub(crate) is_stripped: AtomicBool,
}

/// What the handles of a client and its task have in common.
pub(crate) struct Shared {
    state: Mutex<(Core, Clock)>,
    pub(crate) wake: Arc<Notify>,
    done: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(settings: CoreSettings) -> Arc<Self> {
        Arc::new_cyclic(|shared| Self {
            state: Mutex::new((Core::new(settings, random, shared.clone()), Clock::new())),
            wake: Arc::new(Notify::new()),
            done: watch::Sender::new(false),
        })
    }

    /// Does something with the core, at this time, and has the task look at what came of it.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Core, u64) -> T) -> T {
        let result = self.look(act);
        self.wake.notify_one();
        result
    }

    /// The same for the task itself, or where nothing changes.
    pub(crate) fn look<T>(&self, act: impl FnOnce(&mut Core, u64) -> T) -> T {
        let mut state = self.lock();
        let (core, clock) = &mut *state;
        let now = clock.now();
        act(core, now)
    }

    /// Returns when the task is done.
    pub(crate) async fn done(&self) {
        // Cannot fail: the sender is here.
        let _ = self.done.subscribe().wait_for(|done| *done).await;
    }

    fn lock(&self) -> MutexGuard<'_, (Core, Clock)> {
        // A panic elsewhere is reported where it happened; the state machines are consistent between calls.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end of a client's task, however it comes: by `close`, by a panic, or with its runtime. What waits then fails, and
/// whoever waits for the end hears of it.
pub(crate) struct Ending(Arc<Shared>);

impl Ending {
    pub(crate) fn of(shared: &Arc<Shared>) -> Self {
        Self(Arc::clone(shared))
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.0.look(Core::close);
        self.0.done.send_replace(true);
    }
}

type Dial = BoxFuture<'static, Result<Box<Transport>, Error>>;

enum Line {
    Idle,
    /// With the number of the attempt.
    Dialing(u64, Dial),
    Open(Box<Transport>),
}

enum Step {
    Woken,
    Late,
    Dialed(u64, Result<Box<Transport>, Error>),
    Happened(Happened),
    Answered(String, u64, Result<Map<String, Value>, CredentialsError>),
}

/// The task of a client, from its making to the end of its `close`. `ending` comes first: arguments are dropped last ones
/// first, and nothing may be left when the end is told.
pub(crate) async fn drive(ending: Ending, target: Target) {
    let shared = Arc::clone(&ending.0);
    let target = Arc::new(target);
    let mut line = Line::Idle;
    let mut asks = FuturesUnordered::new();
    let mut farewells = FuturesUnordered::new();
    loop {
        while let Some(effect) = shared.look(|core, _| core.next_effect()) {
            match effect {
                Effect::Dial { attempt } => line = Line::Dialing(attempt, dial(Arc::clone(&target)).boxed()),
                Effect::HangUp { last_words } => {
                    let before = std::mem::replace(&mut line, Line::Idle);
                    // Without last words it is dropped: there is nobody to say goodbye to.
                    if let (Line::Open(transport), Some(words)) = (before, last_words) {
                        farewells.push(transport.farewell(words));
                    }
                }
                Effect::Ask { ns, question } => {
                    asks.push(target.auth.get(ns.clone()).map(move |result| (ns, question, result)));
                }
            }
        }
        if shared.look(|core, _| {
            core.settle_flushes();
            core.is_closed()
        }) {
            break;
        }
        let step = tokio::select! {
            step = next_step(&shared, &mut line) => step,
            Some((ns, question, result)) = asks.next() => Step::Answered(ns, question, result),
            Some(()) = farewells.next() => Step::Woken,
        };
        shared.look(|core, now| match step {
            Step::Woken | Step::Late => {}
            // Of an attempt that was given up meanwhile: an effect that hangs it up is there already.
            Step::Dialed(attempt, Ok(transport)) => {
                line = Line::Open(transport);
                core.opened(attempt, now);
            }
            Step::Dialed(attempt, Err(error)) => {
                line = Line::Idle;
                core.attempt_failed(attempt, error, now);
            }
            Step::Happened(Happened::Text(text)) => core.message(&text, now),
            Step::Happened(Happened::Binary) => {
                core.heard(now);
                core.malformed("a message is not text");
            }
            Step::Happened(Happened::Heard) => core.heard(now),
            Step::Happened(Happened::Lost { code, reason }) => {
                line = Line::Idle;
                core.lost(code, reason, now);
            }
            Step::Answered(ns, question, result) => core.credentials(&ns, question, result, now),
        });
        // Whatever happened has counted as a sign of life by now.
        shared.look(|core, now| {
            if core.deadline().is_some_and(|deadline| now >= deadline) {
                core.tick(now);
            }
        });
    }
    drop((line, asks));
    while farewells.next().await.is_some() {}
}

async fn next_step(shared: &Shared, line: &mut Line) -> Step {
    let (late, may_read) = shared.look(|core, now| {
        let may_read = core.may_read();
        if !may_read {
            // What is not read is not silence.
            core.heard(now);
        }
        let late = core.deadline().map(|deadline| Duration::from_millis(deadline.saturating_sub(now)).min(LOOK));
        (late, may_read)
    });
    tokio::select! {
        // What has come is read before silence is taken for death.
        biased;
        step = on_line(shared, line, may_read) => step,
        () = shared.wake.notified() => Step::Woken,
        () = sleep(late) => Step::Late,
    }
}

async fn on_line(shared: &Shared, line: &mut Line, may_read: bool) -> Step {
    match line {
        Line::Idle => std::future::pending().await,
        Line::Dialing(attempt, dial) => Step::Dialed(*attempt, dial.await),
        Line::Open(transport) => {
            let mut next = || shared.look(Core::next_outgoing);
            let poll = |context: &mut Context<'_>| {
                let polled = transport.poll(context, &mut next, may_read);
                if transport.is_flushed() && shared.look(has_written) && polled.is_pending() {
                    return Poll::Ready(Step::Woken);
                }
                polled.map(Step::Happened)
            };
            std::future::poll_fn(poll).await
        }
    }
}

/// All that left is with the kernel. Whether something came of that.
fn has_written(core: &mut Core, now: u64) -> bool {
    core.written(now);
    core.settle_flushes();
    core.has_effects()
}

async fn sleep(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

async fn dial(target: Arc<Target>) -> Result<Box<Transport>, Error> {
    let headers = target.headers.get(()).await.map_err(|error| {
        if error.is_final { Error::NoCredentials(error.message) } else { Error::Unreachable(error.message) }
    })?;
    Transport::open(&target.url, &headers, &target.is_stripped).await.map(Box::new)
}
