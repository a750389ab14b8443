//! One WebSocket, from its opening to its end. The only code that knows the library.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError::SecWebSocketSubProtocolError;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue, Response};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::protocol::errors::Error;
use crate::tls;

/// The version of the protocol that is spoken, as a WebSocket subprotocol (PROTOCOL.md, 1.2).
const PROTOCOL: &str = "crossroom.v1";

/// How long the server has to take the last frames and to say goodbye.
const FAREWELL: Duration = Duration::from_secs(1);

/// A message of the server's that is larger than this ends the connection: 64 MiB.
const MAX_MESSAGE: usize = 64 << 20;

/// What happened to a connection.
#[derive(Debug, PartialEq)]
pub(crate) enum TransportEvent {
    Text(String),
    /// A binary message, which the protocol does not know.
    Binary,
    /// A WebSocket ping or pong.
    Heard,
    /// It is closed, with a code where there was one, or broken.
    Lost {
        code: Option<u16>,
        reason: String,
    },
}

pub(crate) struct Transport {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    is_flushed: bool,
}

impl Transport {
    /// Opens a WebSocket. `url` is `ws` or `wss`. `is_stripped`: kept from attempt to attempt, whether the subprotocol does not
    /// come through (PROTOCOL.md, 1.7); then it is not offered, for as long as that works.
    pub(crate) async fn open(url: &str, headers: &[(String, String)], is_stripped: &AtomicBool) -> Result<Self, Error> {
        let mut request = url.into_client_request().map_err(|error| Error::InvalidArgument(error.to_string()))?;
        for header in headers {
            let (name, value) = check_header(header)?;
            request.headers_mut().insert(name, value);
        }
        let mut offering = request.clone();
        offering.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(PROTOCOL));
        let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
        let was_stripped = is_stripped.load(Ordering::Relaxed);
        let mut opened = connect(if was_stripped { request.clone() } else { offering }, config).await;
        if !was_stripped && matches!(opened, Err(tungstenite::Error::Protocol(SecWebSocketSubProtocolError(_)))) {
            opened = connect(request, config).await;
            is_stripped.store(opened.is_ok(), Ordering::Relaxed);
        } else if opened.is_err() {
            is_stripped.store(false, Ordering::Relaxed);
        }
        match opened {
            Ok(socket) => Ok(Self { socket, is_flushed: true }),
            Err(tungstenite::Error::Http(response)) => Err(refusal(&response)),
            Err(error) => Err(Error::Unreachable(error.to_string())),
        }
    }

    /// Whether the kernel has all that was given to write.
    pub(crate) fn is_flushed(&self) -> bool {
        self.is_flushed
    }

    /// Writes what `next` gives, as fast as the server takes it, and reads, if it may.
    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
        next: &mut dyn FnMut() -> Option<String>,
        may_read: bool,
    ) -> Poll<TransportEvent> {
        let broken = self.poll_write(context, next).err();
        if !may_read && broken.is_none() {
            return Poll::Pending;
        }
        // Where writing failed, the close frame that says why may still be there to read.
        match self.poll_read(context) {
            Poll::Pending => broken.map_or(Poll::Pending, |error| Poll::Ready(lost(&error.to_string()))),
            ready => ready,
        }
    }

    /// Writes the last words, says goodbye, and waits a moment for the server to do so too.
    pub(crate) async fn farewell(mut self, last_words: Vec<String>) {
        let parting = async {
            for text in last_words {
                self.socket.feed(Message::text(text)).await?;
            }
            let close = CloseFrame { code: CloseCode::Normal, reason: "".into() };
            self.socket.send(Message::Close(Some(close))).await?;
            while let Some(message) = self.socket.next().await {
                message?;
            }
            Ok::<(), tungstenite::Error>(())
        };
        // Whatever comes of it, the connection is over.
        let _ = tokio::time::timeout(FAREWELL, parting).await;
    }

    fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        next: &mut dyn FnMut() -> Option<String>,
    ) -> Result<(), tungstenite::Error> {
        while let Poll::Ready(ready) = self.socket.poll_ready_unpin(context) {
            ready?;
            let Some(text) = next() else { break };
            self.socket.start_send_unpin(Message::text(text))?;
            self.is_flushed = false;
        }
        if !self.is_flushed {
            if let Poll::Ready(flushed) = self.socket.poll_flush_unpin(context) {
                flushed?;
                self.is_flushed = true;
            }
        }
        Ok(())
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<TransportEvent> {
        let Poll::Ready(read) = self.socket.poll_next_unpin(context) else { return Poll::Pending };
        Poll::Ready(match read {
            Some(Ok(Message::Text(text))) => TransportEvent::Text(text.as_str().to_owned()),
            Some(Ok(Message::Binary(_))) => TransportEvent::Binary,
            Some(Ok(Message::Close(frame))) => {
                // The library has the answer ready; if it cannot leave at once, it need not.
                let _ = self.socket.poll_flush_unpin(context);
                let (code, reason) = frame.map(|frame| (u16::from(frame.code), frame.reason.to_string())).unzip();
                TransportEvent::Lost { code, reason: reason.unwrap_or_default() }
            }
            Some(Ok(_)) => TransportEvent::Heard,
            Some(Err(error)) => lost(&error.to_string()),
            None => lost("the connection ended"),
        })
    }
}

/// A header as the library has it.
pub(crate) fn check_header((name, value): &(String, String)) -> Result<(HeaderName, HeaderValue), Error> {
    let invalid = |_| Error::InvalidArgument(format!("not an HTTP header: {name}"));
    let name = HeaderName::from_bytes(name.as_bytes()).map_err(|error| invalid(error.to_string()))?;
    let value = HeaderValue::from_str(value).map_err(|error| invalid(error.to_string()))?;
    Ok((name, value))
}

fn lost(reason: &str) -> TransportEvent {
    TransportEvent::Lost { code: None, reason: reason.to_owned() }
}

/// What the server says of a refused upgrade (PROTOCOL.md, 1.3).
fn refusal(response: &Response<Option<Vec<u8>>>) -> Error {
    let body = response.body().as_deref().unwrap_or_default();
    // Of a proxy's, maybe: any JSON, or none.
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| body.get("error")?.get(name)?.as_str().map(str::to_owned);
    let reason = || response.status().canonical_reason().unwrap_or_default().to_owned();
    Error::UpgradeRefused {
        status: response.status().as_u16(),
        code: text("code"),
        message: text("message").unwrap_or_else(reason),
        retry_after: retry_after(response, &body),
    }
}

/// In whole seconds in the header, and in milliseconds in the body (PROTOCOL.md, 1.6): the longer one.
fn retry_after(response: &Response<Option<Vec<u8>>>, body: &serde_json::Value) -> Option<Duration> {
    let header = || response.headers().get("retry-after")?.to_str().ok()?.trim().parse().ok();
    let field = || body.get("error")?.get("retryAfter")?.as_u64();
    header().map(Duration::from_secs).max(field().map(Duration::from_millis))
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;
type Request = tungstenite::handshake::client::Request;

#[cfg(any(feature = "rustls-tls-native-roots", feature = "rustls-tls-webpki-roots", feature = "native-tls"))]
async fn connect(request: Request, config: WebSocketConfig) -> Result<Socket, tungstenite::Error> {
    let connector = match request.uri().scheme_str() {
        Some("wss") => tls::connector().map_err(std::io::Error::other)?,
        _ => None,
    };
    let connected = tokio_tungstenite::connect_async_tls_with_config(request, Some(config), true, connector).await?;
    Ok(connected.0)
}

#[cfg(not(any(feature = "rustls-tls-native-roots", feature = "rustls-tls-webpki-roots", feature = "native-tls")))]
async fn connect(request: Request, config: WebSocketConfig) -> Result<Socket, tungstenite::Error> {
    // Without TLS there is no connector to give; `wss` was refused when the client was built.
    debug_assert!(matches!(tls::connector(), Ok(None)));
    Ok(tokio_tungstenite::connect_async_with_config(request, Some(config), true).await?.0)
}
