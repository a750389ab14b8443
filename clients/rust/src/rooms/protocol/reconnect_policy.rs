//! Whether to come back after a connection ended or was refused, and when. A state machine with no I/O; the clock
//! is passed in. The bridge layer reconnects by itself after a failure of the network; the rest is decided here.

use super::rooms_error::RoomsError;
use crate::protocol::errors::Error;

/// Where the token came from that was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TokenSource {
    /// The application's function.
    Provider,
    /// A string of the application's.
    Fixed,
    /// The server's own, from an earlier welcome.
    Guest,
    #[default]
    None,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ReconnectDecision {
    /// The bridge layer comes back by itself.
    Wait,
    /// Connect again, after a while: so many failures in a row, and the last one's error where it may say when.
    Reconnect {
        failures: u32,
        reason: Option<RoomsError>,
        forget_guest: bool,
    },
    End(RoomsError),
}

/// Milliseconds after which a connection counts as a good one, and delays begin anew.
const GOOD_AFTER: u64 = 10_000;

/// Fresh tokens that are refused in a row before it is of no use to get another one.
const MAX_FRESH_REFUSED: u32 = 2;

#[derive(Default)]
pub(crate) struct ReconnectPolicy {
    failures: u32,
    fresh_refused: u32,
    ending: Option<RoomsError>,
    up_since: Option<u64>,
}

impl ReconnectPolicy {
    pub(crate) fn welcomed(&mut self, now: u64) {
        self.fresh_refused = 0;
        self.ending = None;
        self.up_since = Some(now);
    }

    /// The server says why it is about to close the connection.
    pub(crate) fn end_announced(&mut self, error: RoomsError) {
        self.ending = Some(error);
    }

    /// The connection ended. `is_active`: whether the bridge layer comes back by itself.
    pub(crate) fn closed(
        &mut self,
        code: Option<u16>,
        is_active: bool,
        source: TokenSource,
        now: u64,
    ) -> ReconnectDecision {
        if self.up_since.take().is_some_and(|since| now.saturating_sub(since) >= GOOD_AFTER) {
            self.failures = 0;
        }
        if let Some(ending) = self.ending.take() {
            return self.ended(ending, is_active, source);
        }
        match code {
            _ if is_active => ReconnectDecision::Wait,
            Some(code) if is_final(code) => {
                let message = format!("The server closed the connection for good, with code {code}.");
                ReconnectDecision::End(RoomsError::new("refused", message))
            }
            _ => self.reconnect(false, None),
        }
    }

    /// A connect was refused, and the bridge layer does not try again.
    pub(crate) fn refused(&mut self, error: &Error, source: TokenSource) -> ReconnectDecision {
        if matches!(error, Error::ClosedForGood { code, .. } if !is_final(*code)) {
            return self.reconnect(false, None);
        }
        let reason = reason_of(error);
        if matches!(reason.code(), "unauthorized" | "token_revoked") && source == TokenSource::Guest {
            return self.reconnect(true, None);
        }
        self.ended(reason, false, source)
    }

    fn ended(&mut self, error: RoomsError, is_active: bool, source: TokenSource) -> ReconnectDecision {
        if error.code() == "token_expired" {
            if source == TokenSource::Guest {
                return self.reconnect(true, None);
            }
            if source == TokenSource::Provider {
                self.fresh_refused += 1;
                if self.fresh_refused < MAX_FRESH_REFUSED {
                    return if is_active { ReconnectDecision::Wait } else { self.reconnect(false, None) };
                }
            }
        } else if error.retryable() {
            return if is_active { ReconnectDecision::Wait } else { self.reconnect(false, Some(error)) };
        }
        ReconnectDecision::End(error)
    }

    fn reconnect(&mut self, forget_guest: bool, reason: Option<RoomsError>) -> ReconnectDecision {
        self.failures = self.failures.saturating_add(1);
        ReconnectDecision::Reconnect { failures: self.failures, reason, forget_guest }
    }
}

/// Close codes that would only come again (PROTOCOL.md, 8). Not 4000: an application that sends a client away may take it
/// back. Nor 1009: the message that was too big fails by itself.
fn is_final(code: u16) -> bool {
    matches!(code, 1002 | 1007 | 1008 | 4001..=4499)
}

/// What a refused connect says: docs/rooms-api.md, 2.2 and 10.2.
fn reason_of(error: &Error) -> RoomsError {
    match error {
        Error::ConnectError { message, data } => data
            .as_ref()
            .and_then(RoomsError::from_value)
            .unwrap_or_else(|| RoomsError::new("refused", message.clone())),
        Error::UpgradeRefused { status: 401, message, .. } => RoomsError::new("unauthorized", message.clone()),
        Error::UpgradeRefused { status: 403, message, .. } => RoomsError::new("forbidden", message.clone()),
        Error::NoCredentials(message) => {
            RoomsError::new("unauthorized", format!("There is no token any more: {message}"))
        }
        _ => RoomsError::new("refused", error.to_string()),
    }
}

#[cfg(test)]
#[path = "reconnect_policy_tests.rs"]
mod tests;
