//! What is shown to the server at each connect, and going on with a new token before the old one runs out
//! (docs/rooms-api.md, 10).

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Map, Value, json};

use super::backoff::Retry;
use super::error::RoomsError;
use super::host::{Effect, Host, Tag};
use super::lane::Outcome;
use super::session::TokenSource;
use super::storage::{Kept, Storage};
use crate::CredentialsError;
use crate::source::Source;

/// What the application gives as its token, if it gives one.
pub(crate) type Tokens = Option<Source<(), String>>;

/// What the client's `auth` is made of, at each connect.
pub(crate) struct Credentials {
    pub(crate) tokens: Tokens,
    name: Option<String>,
    device: String,
    storage: Arc<dyn Storage>,
    shown: Mutex<Shown>,
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

impl Credentials {
    pub(crate) fn new(tokens: Tokens, name: Option<String>, device: String, storage: Arc<dyn Storage>) -> Self {
        Self { tokens, name, device, storage, shown: Mutex::default() }
    }

    pub(crate) fn shown(&self) -> MutexGuard<'_, Shown> {
        // Two fields that are set one by one: consistent in any case.
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The newest that is kept: by another program that has the same storage, maybe. One that failed has kept nothing, and says so
    /// where it is written.
    fn guest_token(&self) -> Option<String> {
        let kept = Kept::new(Arc::clone(&self.storage)).guest_token();
        let mut shown = self.shown();
        if let Some(kept) = kept.filter(|kept| shown.refused.as_ref() != Some(kept)) {
            shown.guest_token = Some(kept);
        }
        shown.guest_token.clone()
    }

    /// The `auth` of a connect.
    pub(crate) async fn auth(self: Arc<Self>) -> Result<Map<String, Value>, CredentialsError> {
        let (token, source) = match &self.tokens {
            Some(tokens) => {
                let source = if tokens.is_asked() { TokenSource::Provider } else { TokenSource::Fixed };
                (Some(tokens.get(()).await?), source)
            }
            None => match self.guest_token() {
                Some(token) => (Some(token), TokenSource::Guest),
                None => (None, TokenSource::None),
            },
        };
        self.shown().source = source;
        let mut auth = Map::from_iter([("device".to_owned(), json!(self.device))]);
        auth.extend(self.name.as_ref().map(|name| ("name".to_owned(), json!(name))));
        auth.extend(token.map(|token| ("token".to_owned(), json!(token))));
        Ok(auth)
    }
}

/// Goes on with a new token, while the connection lasts.
#[derive(Default)]
pub(crate) struct Renewal {
    /// Counts what was begun or stopped: late answers are those of an earlier turn.
    turn: u64,
    failures: u32,
    retry: Option<Retry>,
}

impl Renewal {
    pub(crate) fn start(&mut self, host: &mut Host) {
        self.stop();
        self.failures = 0;
        self.attempt(host);
    }

    pub(crate) fn stop(&mut self) {
        self.turn += 1;
        self.retry = None;
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        self.retry.map(|retry| retry.at())
    }

    /// What is tried again later is tried now.
    pub(crate) fn hurry(&mut self, now: u64) {
        self.retry.iter_mut().for_each(|retry| retry.hurry(now));
    }

    pub(crate) fn tick(&mut self, host: &mut Host) {
        if self.retry.is_some_and(|retry| retry.is_due(host.now)) {
            self.attempt(host);
        }
    }

    /// The application's function has answered.
    pub(crate) fn token(&mut self, turn: u64, token: Result<String, CredentialsError>, host: &mut Host) {
        if turn != self.turn {
            return;
        }
        match token {
            Ok(token) => self.show(token, host),
            Err(error) => self.later(None, format!("a new token could not be had: {}", error.message), host),
        }
    }

    /// The server has answered, or not.
    pub(crate) fn refreshed(&mut self, turn: u64, token: String, outcome: Outcome, host: &mut Host) {
        if turn != self.turn {
            return;
        }
        match outcome {
            Outcome::Ok(result) => {
                if let (Some(me), Some(expires_at)) = (&mut host.me, result["expiresAt"].as_u64()) {
                    me.expires_at = Some(expires_at);
                }
            }
            Outcome::Timeout => self.show(token, host),
            Outcome::Refused(error) if error.retryable() => self.later(Some(&error), error.to_string(), host),
            // The server ends the session in time, and a reconnect asks for another token.
            Outcome::Refused(error) => host.warn(format!("the new token was refused: {error}")),
            Outcome::Lost => {}
        }
    }

    fn attempt(&mut self, host: &mut Host) {
        self.retry = None;
        host.effects.push_back(Effect::NewToken { turn: self.turn });
    }

    fn show(&mut self, token: String, host: &mut Host) {
        let argument = json!({ "token": token });
        // Without a connection there is nothing to refresh, and `stop` was called.
        let _ = host.call(Tag::Refresh { turn: self.turn, token }, "refresh", argument);
    }

    fn later(&mut self, error: Option<&RoomsError>, message: String, host: &mut Host) {
        self.failures += 1;
        self.retry = Some(Retry::after(self.failures, error, host.now, host.roll()));
        host.warn(message);
    }
}
