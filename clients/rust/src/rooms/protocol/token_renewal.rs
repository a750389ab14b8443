//! Going on with a new token before the old one runs out (docs/rooms-api.md, 10).

use serde_json::json;

use super::retry::Retry;
use super::rooms_context::RoomsContext;
use super::rooms_effect::{CallTag, RoomsEffect};
use super::rooms_error::RoomsError;
use super::send_queue::CallOutcome;
use crate::protocol::errors::CredentialsError;

/// Goes on with a new token, while the connection lasts.
#[derive(Default)]
pub(crate) struct TokenRenewal {
    /// Counts what was begun or stopped: late answers are those of an earlier generation.
    generation: u64,
    failures: u32,
    retry: Option<Retry>,
}

impl TokenRenewal {
    pub(crate) fn start(&mut self, context: &mut RoomsContext) {
        self.stop();
        self.failures = 0;
        self.attempt(context);
    }

    pub(crate) fn stop(&mut self) {
        self.generation += 1;
        self.retry = None;
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        self.retry.map(|retry| retry.at())
    }

    /// What is tried again later is tried now.
    pub(crate) fn hurry(&mut self, now: u64) {
        self.retry.iter_mut().for_each(|retry| retry.hurry(now));
    }

    pub(crate) fn tick(&mut self, context: &mut RoomsContext) {
        if self.retry.is_some_and(|retry| retry.is_due(context.now)) {
            self.attempt(context);
        }
    }

    /// The application's function has answered.
    pub(crate) fn token(
        &mut self,
        generation: u64,
        token: Result<String, CredentialsError>,
        context: &mut RoomsContext,
    ) {
        if generation != self.generation {
            return;
        }
        match token {
            Ok(token) => self.show(token, context),
            Err(error) => self.later(None, format!("a new token could not be had: {}", error.message), context),
        }
    }

    /// The server has answered, or not.
    pub(crate) fn refreshed(
        &mut self,
        generation: u64,
        token: String,
        outcome: CallOutcome,
        context: &mut RoomsContext,
    ) {
        if generation != self.generation {
            return;
        }
        match outcome {
            CallOutcome::Ok(result) => {
                if let (Some(me), Some(expires_at)) = (&mut context.me, result["expiresAt"].as_u64()) {
                    me.expires_at = Some(expires_at);
                }
            }
            CallOutcome::Timeout => self.show(token, context),
            CallOutcome::Refused(error) if error.retryable() => self.later(Some(&error), error.to_string(), context),
            // The server ends the session in time, and a reconnect asks for another token.
            CallOutcome::Refused(error) => context.warn(format!("the new token was refused: {error}")),
            CallOutcome::Lost => {}
        }
    }

    fn attempt(&mut self, context: &mut RoomsContext) {
        self.retry = None;
        context.effects.push_back(RoomsEffect::NewToken { generation: self.generation });
    }

    fn show(&mut self, token: String, context: &mut RoomsContext) {
        let argument = json!({ "token": token });
        // Without a connection there is nothing to refresh, and `stop` was called.
        let _ = context.call(CallTag::Refresh { generation: self.generation, token }, "refresh", argument);
    }

    fn later(&mut self, error: Option<&RoomsError>, message: String, context: &mut RoomsContext) {
        self.failures += 1;
        self.retry = Some(Retry::after(self.failures, error, context.now, context.roll()));
        context.warn(message);
    }
}
