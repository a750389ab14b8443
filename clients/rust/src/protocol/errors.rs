//! The errors of the bridge layer.

use std::time::Duration;

use serde_json::Value;

/// Why a call of the bridge layer failed.
///
/// More variants may be added: a `match` needs a default. [`Error::code`] is the same as a string.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client was closed.
    #[error("the client was closed")]
    Closed,
    /// No ack came in time. Whether the server has had the event is not known.
    #[error("no ack came in time")]
    Timeout,
    /// The event had left, and the connection was lost before its ack: whether the server has had it is not known. Or the
    /// namespace is not connected, and the call was not to wait.
    #[error("the connection was lost before the ack")]
    Disconnected,
    /// As many events wait as may (`max_buffered`). Nothing was sent.
    #[error("as many events wait for the connection as may")]
    BufferFull,
    /// The event is larger than the server takes. Nothing was sent: the server would close the connection for it.
    #[error("the frame has {size} bytes, and the server takes {max}")]
    PayloadTooLarge {
        /// Bytes of the frame.
        size: usize,
        /// Bytes that the server takes.
        max: usize,
    },
    /// What was given cannot be sent, or is no URL, or no header.
    #[error("{0}")]
    InvalidArgument(String),
    /// The caller gave it up: a connect, by leaving the namespace.
    #[error("the call was given up")]
    Aborted,
    /// The server's application refused the namespace.
    #[error("the server refused the namespace: {message}")]
    ConnectError {
        /// For people.
        message: String,
        /// What the application says beside it.
        data: Option<Value>,
    },
    /// The server refused the WebSocket, with an HTTP status (PROTOCOL.md, 1.3).
    #[error("the server refused the connection with HTTP status {status}: {message}")]
    UpgradeRefused {
        /// The HTTP status: 401, say.
        status: u16,
        /// The server's code: `unauthorized`, say.
        code: Option<String>,
        /// For people.
        message: String,
        /// When to come back, at the soonest, where the server says so.
        retry_after: Option<Duration>,
    },
    /// The connection was closed with a code that says not to come back (PROTOCOL.md, 8.1).
    #[error("the connection was closed for good, with code {code}{}{reason}", if reason.is_empty() { "" } else { ": " })]
    ClosedForGood {
        /// The WebSocket close code.
        code: u16,
        /// The reason that came with it.
        reason: String,
    },
    /// The application's function for credentials says that there are none any more.
    #[error("there are no credentials: {0}")]
    NoCredentials(String),
    /// The server could not be reached, in as many attempts as were allowed (`max_attempts`).
    #[error("the server cannot be reached: {0}")]
    Unreachable(String),
    /// The server refused a frame (PROTOCOL.md, section 7). A newer server may send codes that are not in its table.
    #[error("the server refused the frame: {message}")]
    Refused {
        /// The code of the `error` frame.
        code: String,
        /// For people.
        message: String,
    },
    /// The client was made outside of a tokio runtime.
    #[error("a client is made inside of a tokio runtime")]
    NoRuntime,
}

impl Error {
    /// A word to match on, the same in the clients of all languages; open to new ones.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Closed => "closed",
            Self::Timeout => "timeout",
            Self::Disconnected => "disconnected",
            Self::BufferFull => "buffer_full",
            Self::PayloadTooLarge { .. } => "payload_too_large",
            Self::InvalidArgument(_) => "invalid_argument",
            Self::Aborted => "aborted",
            Self::ConnectError { .. } => "connect_error",
            Self::UpgradeRefused { .. } | Self::ClosedForGood { .. } | Self::NoCredentials(_) => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::Refused { code, .. } => code,
            Self::NoRuntime => "no_runtime",
        }
    }
}

/// Why there are no credentials at the moment, or none any more.
///
/// Any error becomes one that is asked about again after a while: use `?` in your function.
#[derive(Debug, Clone, PartialEq)]
pub struct CredentialsError {
    pub(crate) message: String,
    pub(crate) is_final: bool,
}

impl CredentialsError {
    /// Asked again after a while: the service that has the credentials cannot be reached, say.
    pub fn temporary(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_final: false }
    }

    /// Not asked again: nobody is signed in any more, say. The connect fails.
    pub fn last(message: impl Into<String>) -> Self {
        Self { message: message.into(), is_final: true }
    }
}

impl<E: std::error::Error> From<E> for CredentialsError {
    fn from(error: E) -> Self {
        Self::temporary(error.to_string())
    }
}
