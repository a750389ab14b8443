//! How long to wait before something is tried again. Pure.

use std::time::Duration;

/// Past this many doublings every delay is at its longest.
const MAX_DOUBLINGS: u32 = 30;

/// How long to wait before attempts to reconnect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// Before the first attempt. 1 s unless you say otherwise.
    pub min: Duration,
    /// Before any attempt, but for the jitter. 5 s unless you say otherwise.
    pub max: Duration,
    /// From 0 to 1: by what part of itself a delay may be shorter or longer, at random, so that clients that lost their
    /// server together do not come back together. 0.5 unless you say otherwise.
    pub jitter: f64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { min: Duration::from_secs(1), max: Duration::from_secs(5), jitter: 0.5 }
    }
}

impl Backoff {
    /// Milliseconds before attempt number `attempt`, the first being 0. `random` is from 0 up to 1.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    pub(crate) fn delay(&self, attempt: u32, random: f64) -> u64 {
        let mean = self.min.saturating_mul(1 << attempt.min(MAX_DOUBLINGS)).min(self.max);
        let jitter = if (0.0..=1.0).contains(&self.jitter) { self.jitter } else { 0.0 };
        (mean.as_millis() as f64 * (1.0 - jitter + 2.0 * jitter * random)) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_from_one_second_to_five() {
        let means: Vec<u64> = (0..5).map(|attempt| Backoff::default().delay(attempt, 0.5)).collect();
        assert_eq!(means, [1000, 2000, 4000, 5000, 5000]);
        assert_eq!(Backoff::default().delay(u32::MAX, 0.5), 5000);
    }

    #[test]
    fn is_shorter_or_longer_by_up_to_half() {
        assert_eq!(Backoff::default().delay(0, 0.0), 500);
        assert_eq!(Backoff::default().delay(0, 0.999), 1499);
        assert_eq!(Backoff { jitter: 0.0, ..Backoff::default() }.delay(0, 0.9), 1000);
    }
}
