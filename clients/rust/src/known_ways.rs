//! What the clients of this process know of the ways to their servers.

use std::sync::{LazyLock, Mutex, PoisonError};

use crate::clock::Clock;
use crate::protocol::http::ways::KnownWays;

static CLOCK: LazyLock<Clock> = LazyLock::new(Clock::new);
static KNOWN: Mutex<KnownWays> = Mutex::new(KnownWays::new());

/// Does something with it, at this time.
pub(crate) fn with_known_ways<T>(act: impl FnOnce(&mut KnownWays, u64) -> T) -> T {
    act(&mut KNOWN.lock().unwrap_or_else(PoisonError::into_inner), CLOCK.now())
}
