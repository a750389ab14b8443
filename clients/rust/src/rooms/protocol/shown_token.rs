//! Which token was shown to the server last: what a refusal means depends on it. Shared by the machine and by what makes the
//! credentials of each connect.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::reconnect_policy::TokenSource;

/// A handle: clones are the same.
#[derive(Clone, Default)]
pub(crate) struct ShownToken(Arc<Mutex<Shown>>);

impl ShownToken {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Shown> {
        // Fields that are set one by one: consistent in any case.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
pub(crate) struct Shown {
    /// Of the token that was shown last.
    pub(crate) source: TokenSource,
    /// A token that the server gave to this guest.
    pub(crate) guest_token: Option<String>,
    /// One that the server did not take: not shown again, wherever it is kept.
    pub(crate) refused: Option<String>,
}
