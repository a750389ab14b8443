//! How the opening of a WebSocket fails, and whether that is a reason to fall back to HTTP (PROTOCOL.md, 12.15). Pure.

use super::errors::Error;

/// How the opening of a WebSocket failed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum HandshakeFailure {
    /// There is no network, or no server: not even TCP and TLS.
    Unreachable(Error),
    /// It was answered with another status than 101.
    Refused(Error),
    /// There was no answer, or none that is one.
    NoAnswer(Error),
}

impl HandshakeFailure {
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Unreachable(error) | Self::Refused(error) | Self::NoAnswer(error) => error,
        }
    }

    /// Whether a client that may do so falls back to HTTP.
    #[cfg(any(feature = "http", test))]
    pub(crate) fn falls_back(&self) -> bool {
        match self {
            Self::Unreachable(_) => false,
            Self::NoAnswer(_) => true,
            Self::Refused(Error::UpgradeRefused { status, retry_after, .. }) => {
                let is_the_servers_word = matches!(status, 401 | 403 | 407 | 429);
                !is_the_servers_word && (*status != 503 || retry_after.is_none())
            }
            Self::Refused(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn falls_back_as_the_protocol_says() {
        let refused = |status, seconds: Option<u64>| {
            let retry_after = seconds.map(Duration::from_secs);
            HandshakeFailure::Refused(Error::UpgradeRefused { status, code: None, message: String::new(), retry_after })
        };
        for status in [200, 301, 400, 404, 405, 426, 500, 501, 502, 503, 504] {
            assert!(refused(status, None).falls_back(), "{status}");
        }
        for status in [401, 403, 407, 429] {
            assert!(!refused(status, None).falls_back(), "{status}");
        }
        assert!(!refused(503, Some(1)).falls_back() && refused(502, Some(1)).falls_back());
        let error = || Error::Unreachable(String::new());
        assert!(HandshakeFailure::NoAnswer(error()).falls_back());
        assert!(!HandshakeFailure::Unreachable(error()).falls_back());
    }
}
