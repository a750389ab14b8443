//! How long to wait before a call is made again. Pure.

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
}
