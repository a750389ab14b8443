//! How long to wait before a call is made again. Pure.

use super::rooms_error::RoomsError;

/// Milliseconds before the second try, at most, and before any try, at most.
const FIRST: u64 = 500;
const LONGEST: u64 = 10_000;

/// Milliseconds before the try that follows `failures` (1 or more) in a row: doubled each time, and from half of that up to
/// the whole by `random` (from 0 up to 1), so that clients that failed together do not come back together.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
pub(crate) fn delay(failures: u32, random: f64) -> u64 {
    let whole = (FIRST << failures.saturating_sub(1).min(10)).min(LONGEST);
    (whole as f64 * (0.5 + random / 2.0)) as u64
}

/// When something is tried again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Retry {
    at: u64,
    /// The server takes it no sooner (docs/rooms-api.md, 11.1).
    not_before: u64,
}

impl Retry {
    /// After `failures` in a row, and no sooner than the error says that was the last.
    pub(crate) fn after(failures: u32, error: Option<&RoomsError>, now: u64, random: f64) -> Self {
        let not_before = now.saturating_add(error.and_then(RoomsError::retry_after_ms).unwrap_or(0));
        Self { at: now.saturating_add(delay(failures, random)).max(not_before), not_before }
    }

    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    pub(crate) fn is_due(&self, now: u64) -> bool {
        now >= self.at
    }

    /// There may be another network, or one again: it is tried now, if the server takes it.
    pub(crate) fn hurry(&mut self, now: u64) {
        self.at = self.at.min(self.not_before.max(now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_up_to_ten_seconds_and_is_at_least_half_of_that() {
        let longest: Vec<u64> = (1..8).map(|failures| delay(failures, 0.999_999)).collect();
        assert_eq!(longest, [499, 999, 1999, 3999, 7999, 9999, 9999]);
        assert_eq!(delay(1, 0.0), 250);
        assert_eq!(delay(u32::MAX, 0.0), 5_000);
    }

    #[test]
    fn is_never_sooner_than_the_server_says() {
        let error = |after: u64| {
            let value = serde_json::json!({ "code": "c", "message": "m", "retryable": true, "retryAfter": after });
            RoomsError::from_value(&value).expect("an error")
        };
        let mut retry = Retry::after(1, Some(&error(3_000)), 1_000, 0.0);
        assert_eq!(retry.at(), 4_000);
        retry.hurry(2_000);
        assert_eq!(retry.at(), 4_000);
        let mut retry = Retry::after(1, Some(&error(1)), 1_000, 0.0);
        assert_eq!(retry.at(), 1_250, "backoff goes on");
        retry.hurry(1_100);
        assert!(retry.is_due(1_100));
        assert_eq!(Retry::after(1, Some(&error(u64::MAX)), 1_000, 0.0).at(), u64::MAX);
    }
}
