//! The errors of the rooms layer.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::protocol::errors::Error;

/// Why a call of the rooms layer failed. Match on [`code`](Self::code).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Deserialize)]
#[error("{message} ({code})")]
pub struct RoomsError {
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    retryable: bool,
    #[serde(rename = "retryAfter", default, deserialize_with = "whole")]
    retry_after: Option<u64>,
}

/// A number that is whole; anything else a server may say counts as nothing.
pub(super) fn whole<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(Value::deserialize(deserializer)?.as_u64())
}

impl RoomsError {
    /// One of docs/rooms-api.md, 11, or of [`code`](crate::rooms::code). A newer server may send others: a `match` needs a
    /// default.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    /// For people.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Whether the same call may succeed later without you doing anything.
    #[must_use]
    pub fn retryable(&self) -> bool {
        self.retryable
    }

    /// When the server takes the same call again, at the soonest, where it says so. What the client tries again by itself has
    /// waited for that.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after.map(Duration::from_millis)
    }

    pub(crate) fn retry_after_ms(&self) -> Option<u64> {
        self.retry_after
    }

    pub(crate) fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code: code.into(), message: message.into(), retryable: false, retry_after: None }
    }

    /// With the code of an `error` frame.
    pub(crate) fn of_frame(code: String, message: String) -> Self {
        Self { code: code.into(), ..Self::new("", message) }
    }

    /// The server has answered, and not as the room API says.
    pub(crate) fn bad_answer(message: impl std::fmt::Display) -> Self {
        Self::new("bad_answer", format!("The server's answer is not as it should be: {message}"))
    }

    /// Whether the server's answer was none.
    pub(crate) fn is_bad_answer(&self) -> bool {
        self.code == "bad_answer"
    }

    pub(crate) fn retry(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { retryable: true, ..Self::new(code, message) }
    }

    /// One of the client's own.
    pub(crate) fn own(code: &'static str) -> Self {
        let message = match code {
            "closed" => "The client was closed.",
            "too_many_pending" => {
                "As many publishes and sends as `max_pending` wait for their acks. Wait for some of them."
            }
            "aborted" => "The call was given up. Whether it was carried out is not known.",
            "unconfirmed" => {
                "The connection was lost before the ack, for longer than the server remembers ids. Whether it was \
                 carried out is not known."
            }
            "in_use" => "The inbox has a processor already. It takes one at a time.",
            _ => "The server refused the connection.",
        };
        Self::new(code, message)
    }

    /// What the server says, where it is an error of the room API.
    pub(crate) fn from_value(value: &Value) -> Option<Self> {
        Self::deserialize(value).ok()
    }

    /// What a stream ends with: nothing where the application has closed it itself.
    pub(crate) fn unless_closed(&self) -> Option<Self> {
        (self.code != "closed").then(|| self.clone())
    }
}

/// What was wrong before there was a client: a URL, say.
impl From<Error> for RoomsError {
    fn from(error: Error) -> Self {
        Self::of_frame(error.code().to_owned(), error.to_string())
    }
}
