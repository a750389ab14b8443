//! The clock, and randomness.

use std::time::Duration;

/// Milliseconds that never go back, that go on while the machine sleeps, and that nobody can set.
pub(crate) struct Clock {
    start: Duration,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { start: since_boot() }
    }

    /// Milliseconds since the clock was made.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(since_boot().saturating_sub(self.start).as_millis()).unwrap_or(u64::MAX)
    }
}

/// `Instant` stands still in sleep on Linux, Android and Apple's systems; the wall clock may be set, and that is no sleep.
#[cfg(unix)]
fn since_boot() -> Duration {
    use rustix::time::{ClockId, clock_gettime};

    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: ClockId = ClockId::Boottime;
    // On Apple's systems it goes on in sleep.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOCK: ClockId = ClockId::Monotonic;

    let time = clock_gettime(CLOCK);
    // Neither is negative: the time since the machine was started.
    Duration::new(u64::try_from(time.tv_sec).unwrap_or_default(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// On Windows `Instant` goes on in sleep.
#[cfg(not(unix))]
fn since_boot() -> Duration {
    use std::sync::LazyLock;
    use std::time::Instant;

    static FIRST: LazyLock<Instant> = LazyLock::new(Instant::now);
    FIRST.elapsed()
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

    #[test]
    fn begins_at_nothing_and_never_goes_back() {
        let clock = Clock::new();
        let times: Vec<u64> = (0..1_000).map(|_| clock.now()).collect();
        assert!(times.is_sorted() && times[0] < 1_000);
    }

    /// A clock that can be set would count a set-forward one as a sleep: every time-out would be due at once.
    #[test]
    fn no_code_of_the_client_reads_a_clock_that_can_be_set() {
        fn look(folder: &std::path::Path, readers: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    look(&path, readers);
                } else if std::fs::read_to_string(&path).expect("a source").contains(concat!("System", "Time")) {
                    readers.push(path.display().to_string());
                }
            }
        }
        let mut readers = Vec::new();
        look(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut readers);
        assert_eq!(readers, [""; 0]);
    }

    #[test]
    fn makes_ids_that_differ_and_numbers_below_one() {
        assert_eq!(new_id().len(), 32);
        assert_ne!(new_id(), new_id());
        assert!((0..1000).map(|_| random()).all(|number| (0.0..1.0).contains(&number)));
    }
}
