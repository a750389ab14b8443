//! The life of a connection: opening, heartbeat, closing, reconnecting. A state machine with no I/O: each method takes
//! what happened and returns what is to be done, in order. Clock and randomness are passed in.

use super::backoff::Backoff;
use super::errors::Error;

/// What a session goes by. Times are in milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct LifecycleSettings {
    pub(crate) backoff: Backoff,
    /// How many attempts are made in a row before giving up.
    pub(crate) max_attempts: Option<u32>,
    /// How long an attempt may take.
    pub(crate) attempt_timeout: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LifecycleEffect {
    Dial,
    /// `is_abrupt`: without waiting for the other side's close frame, which would not come.
    HangUp {
        is_abrupt: bool,
    },
    /// Send a `ping` frame.
    Ping,
    /// The transport is to go on over the new network.
    Renew,
    Tell(LifecycleChange),
}

/// Something to tell the namespaces; `is_final` means that the client does not come back by itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LifecycleChange {
    Opened,
    Failed { error: Error, is_final: bool },
    Lost { code: Option<u16>, reason: String, is_final: bool },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Closed,
    Opening {
        since: u64,
        until: u64,
    },
    Open,
    /// Between two attempts.
    Waiting {
        until: u64,
    },
}

/// Milliseconds that the server pings after, and that it waits for an answer: Socket.IO's defaults, until it says its own.
const DEFAULT_HEARTBEAT: (u64, u64) = (25_000, 20_000);

/// Milliseconds with a connected namespace after which a connection counts as a good one, and delays begin anew.
const GOOD_AFTER: u64 = 10_000;

/// Milliseconds to wait for a sign of life after the network has changed.
const PROBE: u64 = 5_000;

/// Milliseconds in which an attempt is of the network that there is: platforms tell of one change several times.
const FRESH: u64 = 1_000;

/// Invariant: the state is final before the effects are returned.
pub(crate) struct Lifecycle {
    settings: LifecycleSettings,
    random: fn() -> f64,
    phase: Phase,
    is_wanted: bool,
    is_background: bool,
    /// Attempts that failed, and connections that were lost too soon, in a row.
    attempts: u32,
    heartbeat: (u64, u64),
    heard_at: u64,
    /// Whether the transport finds out by itself that the server has gone.
    is_watched: bool,
    /// When the answer to a `ping` frame must have come.
    probe_until: Option<u64>,
    connected_at: Option<u64>,
    /// The server wants no attempt before.
    not_before: u64,
}

impl Lifecycle {
    pub(crate) fn new(settings: LifecycleSettings, random: fn() -> f64) -> Self {
        Self {
            settings,
            random,
            phase: Phase::Closed,
            is_wanted: false,
            is_background: false,
            attempts: 0,
            heartbeat: DEFAULT_HEARTBEAT,
            heard_at: 0,
            is_watched: false,
            probe_until: None,
            connected_at: None,
            not_before: 0,
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// The connection is wanted. If the next attempt is being waited for, it is waited for still.
    pub(crate) fn open(&mut self, now: u64) -> Vec<LifecycleEffect> {
        self.is_wanted = true;
        if self.phase == Phase::Closed && !self.is_background { self.dial(now) } else { Vec::new() }
    }

    /// The connection is open. `is_watched`: whether its transport finds out by itself that the server has gone.
    pub(crate) fn opened(&mut self, is_watched: bool, now: u64) -> Vec<LifecycleEffect> {
        if !matches!(self.phase, Phase::Opening { .. }) {
            return Vec::new();
        }
        self.is_watched = is_watched;
        self.phase = Phase::Open;
        self.heartbeat = DEFAULT_HEARTBEAT;
        self.heard(now);
        vec![LifecycleEffect::Tell(LifecycleChange::Opened)]
    }

    /// A namespace was connected, and the server said how often it pings and how long it waits, in milliseconds.
    pub(crate) fn connected(&mut self, ping_interval: u64, ping_timeout: u64, now: u64) {
        self.heartbeat = (ping_interval, ping_timeout);
        self.connected_at.get_or_insert(now);
    }

    /// Anything came from the server, a WebSocket ping among other things.
    pub(crate) fn heard(&mut self, now: u64) {
        self.heard_at = now;
        self.probe_until = None;
    }

    /// The connection could not be made. `is_final`: trying again would be no use.
    pub(crate) fn failed(&mut self, error: Error, is_final: bool, now: u64) -> Vec<LifecycleEffect> {
        if !matches!(self.phase, Phase::Opening { .. }) {
            return Vec::new();
        }
        self.obey_retry_after(&error, now);
        let is_final = is_final || !self.plan_retry(now);
        if is_final {
            self.rest();
        }
        vec![
            LifecycleEffect::HangUp { is_abrupt: true },
            LifecycleEffect::Tell(LifecycleChange::Failed { error, is_final }),
        ]
    }

    /// The open connection ended. `is_final`: the server, or the rules, say not to come back.
    pub(crate) fn lost(&mut self, code: Option<u16>, reason: String, is_final: bool, now: u64) -> Vec<LifecycleEffect> {
        self.end(code, reason, is_final, true, now)
    }

    /// The open connection was refused, as an attempt is: it is lost, and the next attempt has failed.
    pub(crate) fn refused(&mut self, error: Error, is_final: bool, now: u64) -> Vec<LifecycleEffect> {
        self.obey_retry_after(&error, now);
        let mut effects = self.end(None, error.to_string(), false, true, now);
        if is_final && matches!(self.phase, Phase::Waiting { .. }) {
            self.rest();
            effects.push(LifecycleEffect::Tell(LifecycleChange::Failed { error, is_final }));
        }
        effects
    }

    fn obey_retry_after(&mut self, error: &Error, now: u64) {
        if let Error::UpgradeRefused { retry_after: Some(after), .. } = error {
            self.not_before = now.saturating_add(u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
        }
    }

    fn end(
        &mut self,
        code: Option<u16>,
        reason: String,
        is_final: bool,
        is_abrupt: bool,
        now: u64,
    ) -> Vec<LifecycleEffect> {
        if self.phase != Phase::Open {
            return Vec::new();
        }
        if self.connected_at.take().is_some_and(|since| now.saturating_sub(since) >= GOOD_AFTER) {
            self.attempts = 0;
        }
        let is_final = is_final || !self.plan_retry(now);
        if is_final {
            self.rest();
        }
        vec![
            LifecycleEffect::HangUp { is_abrupt },
            LifecycleEffect::Tell(LifecycleChange::Lost { code, reason, is_final }),
        ]
    }

    /// The connection is not wanted any more.
    pub(crate) fn release(&mut self) -> Vec<LifecycleEffect> {
        self.is_wanted = false;
        if self.phase == Phase::Closed {
            return Vec::new();
        }
        self.rest();
        vec![LifecycleEffect::HangUp { is_abrupt: false }]
    }

    /// The device has another network: an attempt is made at once, and an open connection must show that it lives.
    pub(crate) fn network_changed(&mut self, now: u64) -> Vec<LifecycleEffect> {
        match self.phase {
            Phase::Closed => Vec::new(),
            Phase::Open if self.is_watched => vec![LifecycleEffect::Renew],
            Phase::Open => {
                // Once: a second change meanwhile does not give a dead connection more time.
                if self.probe_until.is_some() {
                    return Vec::new();
                }
                self.probe_until = Some(now + PROBE);
                vec![LifecycleEffect::Ping]
            }
            Phase::Opening { since, .. } if now.saturating_sub(since) < FRESH => Vec::new(),
            // An attempt that is under way may be on the way of the old network.
            Phase::Opening { .. } | Phase::Waiting { .. } => {
                let mut effects = vec![LifecycleEffect::HangUp { is_abrupt: true }];
                effects.extend(self.dial(now));
                effects
            }
        }
    }

    /// The app is not in sight: no connection, and no attempt, until `foreground`.
    pub(crate) fn background(&mut self) -> Vec<LifecycleEffect> {
        self.is_background = true;
        let was_open = self.phase == Phase::Open;
        if self.phase == Phase::Closed {
            return Vec::new();
        }
        self.rest();
        let mut effects = vec![LifecycleEffect::HangUp { is_abrupt: false }];
        if was_open {
            let reason = "the app went to the background".to_owned();
            effects.push(LifecycleEffect::Tell(LifecycleChange::Lost { code: None, reason, is_final: false }));
        }
        effects
    }

    /// The app is in sight again.
    pub(crate) fn foreground(&mut self, now: u64) -> Vec<LifecycleEffect> {
        self.is_background = false;
        if self.is_wanted { self.open(now) } else { Vec::new() }
    }

    /// When `tick` is due.
    pub(crate) fn deadline(&self) -> Option<u64> {
        match self.phase {
            Phase::Closed => None,
            Phase::Opening { until, .. } | Phase::Waiting { until } => Some(until),
            Phase::Open if self.is_watched => None,
            Phase::Open => {
                let silent = self.heard_at.saturating_add(self.heartbeat.0).saturating_add(self.heartbeat.1);
                Some(self.probe_until.map_or(silent, |probe| probe.min(silent)))
            }
        }
    }

    /// Time has passed. Deadlines are compared with the clock: a machine that slept knows at once.
    pub(crate) fn tick(&mut self, now: u64) -> Vec<LifecycleEffect> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return Vec::new();
        }
        match self.phase {
            Phase::Closed => Vec::new(),
            Phase::Opening { .. } => self.failed(Error::Unreachable("the attempt took too long".into()), false, now),
            Phase::Waiting { .. } => self.dial(now),
            Phase::Open => self.end(None, "nothing was heard from the server".to_owned(), false, true, now),
        }
    }

    fn dial(&mut self, now: u64) -> Vec<LifecycleEffect> {
        if now < self.not_before {
            self.phase = Phase::Waiting { until: self.not_before };
            return Vec::new();
        }
        self.phase = Phase::Opening { since: now, until: now.saturating_add(self.settings.attempt_timeout) };
        vec![LifecycleEffect::Dial]
    }

    /// Waits before the next attempt; false after the last one.
    fn plan_retry(&mut self, now: u64) -> bool {
        if self.settings.max_attempts.is_some_and(|max| self.attempts >= max) {
            return false;
        }
        let delay = self.settings.backoff.delay(self.attempts, (self.random)());
        self.attempts += 1;
        self.connected_at = None;
        self.probe_until = None;
        // On top of the server's time, as many may have been told the same.
        self.phase = Phase::Waiting { until: now.max(self.not_before).saturating_add(delay) };
        true
    }

    fn rest(&mut self) {
        self.phase = Phase::Closed;
        self.attempts = 0;
        self.connected_at = None;
        self.probe_until = None;
    }
}

#[cfg(test)]
#[path = "lifecycle_tests.rs"]
mod tests;
