//! How fast messages leave: below what the server takes, so that it closes no connection for too many (PROTOCOL.md, 9). Pure.

/// A limit of messages: a token bucket. `burst` at once, and `per_second` more each second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rate {
    pub(crate) per_second: f64,
    pub(crate) burst: f64,
}

/// Where the server does not say.
impl Default for Rate {
    fn default() -> Self {
        Self { per_second: 500.0, burst: 1_000.0 }
    }
}

/// The part of the server's rate that is used: its clock and this one are not the same.
const PART: f64 = 0.9;

/// The messages of one connection.
#[derive(Debug)]
pub(crate) struct RateLimiter {
    rate: Rate,
    tokens: f64,
    counted_at: u64,
}

impl RateLimiter {
    /// A connection is open. `now` is in milliseconds.
    pub(crate) fn new(now: u64) -> Self {
        let rate = Rate::default();
        Self { rate, tokens: rate.burst * PART, counted_at: now }
    }

    /// The server has said what it takes. What has left already counts.
    pub(crate) fn set(&mut self, rate: Rate, now: u64) {
        self.count(now);
        let left = self.rate.burst * PART - self.tokens;
        self.rate = rate;
        self.tokens = self.most() - left;
    }

    /// A message leaves.
    pub(crate) fn take(&mut self, now: u64) {
        self.count(now);
        self.tokens -= 1.0;
    }

    /// When the next message may leave; `None`: now.
    pub(crate) fn next_at(&mut self, now: u64) -> Option<u64> {
        self.count(now);
        let missing = 1.0 - self.tokens;
        // A time to wait: positive, and a day at most for a server that takes next to nothing.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let wait = (missing / (self.rate.per_second * PART) * 1_000.0).ceil().min(86_400_000.0) as u64;
        (missing > 0.0).then(|| now.saturating_add(wait.max(1)))
    }

    fn count(&mut self, now: u64) {
        #[allow(clippy::cast_precision_loss)]
        let passed = now.saturating_sub(self.counted_at) as f64 / 1_000.0;
        self.tokens = (self.tokens + passed * self.rate.per_second * PART).min(self.most());
        self.counted_at = now;
    }

    /// At least one may leave at a time.
    fn most(&self) -> f64 {
        (self.rate.burst * PART).max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many messages leave in so many milliseconds.
    fn leave(limiter: &mut RateLimiter, from: u64, to: u64) -> u32 {
        let mut count = 0;
        for now in from..=to {
            while limiter.next_at(now).is_none() {
                limiter.take(now);
                count += 1;
            }
        }
        count
    }

    #[test]
    fn lets_nine_tenths_of_the_burst_leave_and_then_nine_tenths_of_the_rate() {
        let mut limiter = RateLimiter::new(0);
        assert_eq!(leave(&mut limiter, 0, 0), 900);
        assert_eq!(limiter.next_at(0), Some(3));
        assert!((449..=451).contains(&leave(&mut limiter, 1, 1_000)));
        assert_eq!(leave(&mut limiter, 3_600_000, 3_600_000), 900, "no more than the burst is saved");
    }

    #[test]
    fn obeys_the_server_and_counts_what_left_before_it_said_so() {
        let mut limiter = RateLimiter::new(0);
        (0..3).for_each(|_| limiter.take(0));
        limiter.set(Rate { per_second: 10.0, burst: 10.0 }, 0);
        assert_eq!(leave(&mut limiter, 0, 0), 6);
        assert_eq!(leave(&mut limiter, 1, 1_000), 9);
    }

    #[test]
    fn goes_on_however_little_the_server_takes() {
        let mut limiter = RateLimiter::new(0);
        limiter.set(Rate { per_second: 0.001, burst: 1.0 }, 0);
        assert_eq!(leave(&mut limiter, 0, 0), 1);
        assert_eq!(limiter.next_at(0), Some(1_111_112));
    }
}
