//! The clock, and randomness.

use std::time::{Duration, Instant, SystemTime};

/// A wall clock that has gone ahead of the monotonic one by more than this says that the machine slept meanwhile; less
/// is drift, or a correction.
const SLEPT: Duration = Duration::from_secs(2);

/// Milliseconds that never go back, and that go on while the machine sleeps.
///
/// `Instant` stands still in sleep on Linux and macOS, and the wall clock may be set back: this is the first, moved
/// ahead where the second shows that time has passed.
pub(crate) struct Clock {
    instant: Instant,
    wall: SystemTime,
    now: Duration,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { instant: Instant::now(), wall: SystemTime::now(), now: Duration::ZERO }
    }

    /// Milliseconds since the clock was made.
    pub(crate) fn now(&mut self) -> u64 {
        let (instant, wall) = (Instant::now(), SystemTime::now());
        self.advance(instant - self.instant, wall.duration_since(self.wall).unwrap_or_default());
        (self.instant, self.wall) = (instant, wall);
        u64::try_from(self.now.as_millis()).unwrap_or(u64::MAX)
    }

    fn advance(&mut self, monotonic: Duration, wall: Duration) {
        let passed = if wall.saturating_sub(monotonic) > SLEPT { wall } else { monotonic };
        self.now = self.now.saturating_add(passed);
    }
}

/// A number from 0 up to 1.
pub(crate) fn random() -> f64 {
    // 53 bits: as many as a double has.
    #[allow(clippy::cast_precision_loss)]
    let whole = (getrandom::u64().unwrap_or_default() >> 11) as f64;
    whole / (1_u64 << 53) as f64
}

/// A string that is never the same twice: 128 random bits.
pub(crate) fn new_id() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn goes_on_in_sleep_and_never_back() {
        let mut clock = Clock::new();
        clock.advance(seconds(5), seconds(5));
        assert_eq!(clock.now, seconds(5));
        clock.advance(seconds(1), seconds(3600));
        assert_eq!(clock.now, seconds(3605));
        clock.advance(seconds(1), Duration::ZERO); // the wall clock was set back
        assert_eq!(clock.now, seconds(3606));
    }

    #[test]
    fn makes_ids_that_differ_and_numbers_below_one() {
        assert_eq!(new_id().len(), 32);
        assert_ne!(new_id(), new_id());
        assert!((0..1000).map(|_| random()).all(|number| (0.0..1.0).contains(&number)));
    }
}
