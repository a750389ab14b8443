//! What happens to a connection, whatever it goes over.

use crate::protocol::errors::Error;
use crate::protocol::transport::Transport;

/// What happened to a connection. Nothing comes after `Lost` and `Refused`.
#[derive(Debug, PartialEq)]
pub(crate) enum TransportEvent {
    Text(String),
    /// A binary message, which the protocol does not know.
    Binary,
    /// A sign of life.
    Heard,
    /// A message was sent that counts as to the server's rate, and that the client has not given.
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "a WebSocket sends none"))]
    Counted,
    /// It goes over this from now on.
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "a WebSocket stays one"))]
    Changed(Transport),
    /// It is closed, with a code where there was one, or broken.
    Lost {
        code: Option<u16>,
        reason: String,
    },
    /// It is over, as something refuses it, as it would refuse an attempt.
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "an open WebSocket is not refused"))]
    Refused(Error),
}
