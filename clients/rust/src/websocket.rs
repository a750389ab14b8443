//! One WebSocket, from its opening to its end. The only code that knows the library.

use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::time::{Instant, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError::SecWebSocketSubProtocolError;
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderValue, Response};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{self, Message};

use crate::network::{Stream, connect};
use crate::protocol::errors::Error;
use crate::protocol::handshake_failure::HandshakeFailure;
use crate::protocol::refusal::HttpAnswer;
use crate::transport_event::TransportEvent;

/// The version of the protocol that is spoken, as a WebSocket subprotocol (PROTOCOL.md, 1.2).
const PROTOCOL: &str = "crossroom.v1";

/// How long the server has to take the last frames and to say goodbye.
const FAREWELL: Duration = Duration::from_secs(1);

/// A message of the server's that is larger than this ends the connection: 64 MiB.
const MAX_MESSAGE: usize = 64 << 20;

pub(crate) struct WebSocket {
    socket: WebSocketStream<Stream>,
    is_flushed: bool,
}

impl WebSocket {
    /// Opens a WebSocket. `url` is `ws` or `wss`. `is_stripped`: kept from attempt to attempt, whether the subprotocol does not
    /// come through (PROTOCOL.md, 1.7); then it is not offered, for as long as that works. `until`: when the server must have
    /// answered, where there is another way.
    pub(crate) async fn open(
        url: &str,
        headers: &HeaderMap,
        is_stripped: &AtomicBool,
        until: Option<Instant>,
    ) -> Result<Self, HandshakeFailure> {
        let was_stripped = is_stripped.load(Ordering::Relaxed);
        let mut opened = open_once(url, headers, !was_stripped, until).await;
        if !was_stripped && matches!(opened, Err(Failure::Stripped)) {
            opened = open_once(url, headers, false, until).await;
            is_stripped.store(opened.is_ok(), Ordering::Relaxed);
        } else if opened.is_err() {
            is_stripped.store(false, Ordering::Relaxed);
        }
        opened.map(|socket| Self { socket, is_flushed: true }).map_err(Failure::into_public)
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

enum Failure {
    /// The server's answer has not the subprotocol that was offered.
    Stripped,
    Other(HandshakeFailure),
}

impl Failure {
    fn no_answer(error: impl ToString) -> Self {
        Self::Other(HandshakeFailure::NoAnswer(Error::Unreachable(error.to_string())))
    }

    fn into_public(self) -> HandshakeFailure {
        match self {
            Self::Stripped => HandshakeFailure::NoAnswer(Error::Unreachable("the subprotocol was not accepted".into())),
            Self::Other(failure) => failure,
        }
    }
}

async fn open_once(
    url: &str,
    headers: &HeaderMap,
    offers: bool,
    until: Option<Instant>,
) -> Result<WebSocketStream<Stream>, Failure> {
    let unreachable = |message: String| Failure::Other(HandshakeFailure::Unreachable(Error::Unreachable(message)));
    let mut request = url
        .into_client_request()
        .map_err(|error| Failure::Other(HandshakeFailure::Unreachable(Error::InvalidArgument(error.to_string()))))?;
    request.headers_mut().extend(headers.clone());
    if offers {
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static(PROTOCOL));
    }
    let stream = connect(request.uri()).await.map_err(|error| unreachable(error.to_string()))?;
    let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
    let opening = tokio_tungstenite::client_async_with_config(request, stream, Some(config));
    let opened = match until {
        Some(until) => {
            timeout_at(until, opening).await.map_err(|_| Failure::no_answer("the handshake took too long"))?
        }
        None => opening.await,
    };
    match opened {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(response)) => {
            Err(Failure::Other(HandshakeFailure::Refused(answer(&response).refusal())))
        }
        Err(tungstenite::Error::Protocol(SecWebSocketSubProtocolError(_))) => Err(Failure::Stripped),
        Err(error) => Err(Failure::no_answer(error)),
    }
}

fn lost(reason: &str) -> TransportEvent {
    TransportEvent::Lost { code: None, reason: reason.to_owned() }
}

/// What the server says of a refused upgrade (PROTOCOL.md, 1.3).
fn answer(response: &Response<Option<Vec<u8>>>) -> HttpAnswer {
    HttpAnswer {
        status: response.status().as_u16(),
        reason: response.status().canonical_reason().unwrap_or_default().to_owned(),
        retry_after: response.headers().get("retry-after").and_then(|after| after.to_str().ok()).map(str::to_owned),
        body: response.body().clone().unwrap_or_default(),
    }
}
