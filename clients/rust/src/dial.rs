//! One attempt to connect: over a WebSocket, or over HTTP where that is refused (PROTOCOL.md, 12.15 to 12.17).

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio_tungstenite::tungstenite::http::HeaderMap;

use crate::headers::header_map;
#[cfg(feature = "http")]
use crate::http::{http_target::HttpTarget, http_transport::HttpTransport, websocket_watch::WebSocketWatch};
#[cfg(feature = "http")]
use crate::known_ways::with_known_ways;
use crate::open_transport::OpenTransport;
use crate::protocol::errors::Error;
use crate::protocol::handshake_failure::HandshakeFailure;
#[cfg(feature = "http")]
use crate::protocol::http::{http_answers::Opening, ways::AllowedWays};
#[cfg(feature = "http")]
use crate::protocol::transport::Transport;
use crate::source::Source;
use crate::websocket::WebSocket;

pub(crate) type Headers = Vec<(String, String)>;

/// What a client connects to, and how.
pub(crate) struct Address {
    /// The WebSocket's: `ws` or `wss`.
    pub(crate) url: String,
    pub(crate) headers: Source<(), Headers>,
    #[cfg(feature = "http")]
    pub(crate) allowed: AllowedWays,
    #[cfg_attr(not(feature = "http"), expect(dead_code, reason = "there is one way alone, and it has all the time"))]
    pub(crate) attempt_timeout: Duration,
    /// Whether something on the way strips the subprotocol.
    pub(crate) is_stripped: AtomicBool,
}

impl Address {
    /// Scheme, host, port and path: what the ways are remembered by.
    #[cfg(feature = "http")]
    fn server(&self) -> String {
        self.url.split('?').next().unwrap_or_default().to_owned()
    }

    /// Makes one attempt.
    pub(crate) async fn dial(&self) -> Result<OpenTransport, Error> {
        let headers = self.headers.get(()).await.map_err(|error| {
            if error.is_final { Error::NoCredentials(error.message) } else { Error::Unreachable(error.message) }
        })?;
        self.dial_with(header_map(&headers)?).await
    }

    #[cfg(not(feature = "http"))]
    async fn dial_with(&self, headers: HeaderMap) -> Result<OpenTransport, Error> {
        let opened = WebSocket::open(&self.url, &headers, &self.is_stripped, None).await;
        opened.map(|socket| OpenTransport::WebSocket { socket: Box::new(socket) }).map_err(HandshakeFailure::into_error)
    }

    #[cfg(feature = "http")]
    async fn dial_with(&self, headers: HeaderMap) -> Result<OpenTransport, Error> {
        let started = tokio::time::Instant::now();
        let server = self.server();
        let (first, fallback) = with_known_ways(|ways, now| ways.first(&server, self.allowed, now));
        if first != Transport::WebSocket {
            return self.open_over_http(headers, first, None).await;
        }
        // The other half is for HTTP.
        let until = fallback.and_then(|_| started.checked_add(self.attempt_timeout / 2));
        match (WebSocket::open(&self.url, &headers, &self.is_stripped, until).await, fallback) {
            (Ok(socket), _) => {
                let watch = WebSocketWatch::new(server);
                Ok(OpenTransport::WebSocket { socket: Box::new(socket), watch })
            }
            (Err(failure), Some(way)) if failure.falls_back() => self.open_over_http(headers, way, Some(failure)).await,
            (Err(failure), _) => Err(failure.into_error()),
        }
    }

    /// `failure`: of the WebSocket, where this is a fallback.
    #[cfg(feature = "http")]
    async fn open_over_http(
        &self,
        headers: HeaderMap,
        way: Transport,
        failure: Option<HandshakeFailure>,
    ) -> Result<OpenTransport, Error> {
        let server = self.server();
        let target = HttpTarget::new(&self.url, headers)?;
        let opening = target.open().await;
        let is_fallback = failure.is_some();
        with_known_ways(|ways, now| match &opening {
            Ok((Opening::Opened(_), _)) if is_fallback => ways.remember(&server, way, now),
            Ok((Opening::Opened(_), _)) => {}
            Ok((Opening::NoBridge(_), _)) => ways.no_bridge(&server, now),
            Ok((Opening::Refused(_) | Opening::Unanswered(_), _)) | Err(_) => ways.forget(&server),
        });
        match opening {
            Ok((Opening::Opened(opened), connection)) => {
                let may_poll = self.allowed.polling;
                let session = HttpTransport::new(target, server, opened, connection, way, may_poll);
                Ok(OpenTransport::Http(Box::new(session)))
            }
            Ok((Opening::Refused(error) | Opening::Unanswered(error), _)) => Err(error),
            // What the WebSocket was told is what counts then; where none was tried, the next attempt begins with it.
            Ok((Opening::NoBridge(error), _)) => Err(match failure {
                Some(failure) => failure.into_error(),
                None if self.allowed.websocket => Error::Unreachable(error.to_string()),
                None => error,
            }),
            Err(error) => Err(Error::Unreachable(match failure {
                Some(failure) => format!("{}; over HTTP: {error}", failure.into_error()),
                None => error.to_string(),
            })),
        }
    }
}
