//! A server that does what a test says, over real sockets.

use std::future::Future;
use std::time::Duration;

use crossroom::{Backoff, Client, ClientBuilder, Transport};
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

pub const CONNECTED: &str =
    r#"{"type":"connected","sid":"s","pingInterval":25000,"pingTimeout":20000,"maxPayload":100000}"#;

/// What is waited for must come within this time.
const DEADLINE: Duration = Duration::from_secs(10);

pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(DEADLINE, future).await.expect("it did not come in time")
}

/// Delays that are short enough for a test, and no other way than a WebSocket.
pub fn fast(builder: ClientBuilder) -> ClientBuilder {
    let short = Duration::from_millis(10);
    builder.backoff(Backoff { min: short, max: short, jitter: 0.0 }).transports([Transport::WebSocket])
}

/// Waits until no task is left in the test's runtime.
pub async fn nothing_left() {
    let runtime = tokio::runtime::Handle::current();
    within(async {
        while runtime.metrics().num_alive_tasks() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

pub struct Server {
    listener: TcpListener,
}

impl Server {
    pub async fn start() -> Self {
        Self { listener: TcpListener::bind("127.0.0.1:0").await.expect("a port") }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().expect("an address"))
    }

    async fn next(&mut self) -> TcpStream {
        within(self.listener.accept()).await.expect("a connection").0
    }

    /// The next WebSocket.
    pub async fn accept(&mut self) -> Socket {
        self.accept_with(true).await
    }

    /// The next WebSocket; where it does not `speak` the subprotocol, the answer is without it.
    pub async fn accept_with(&mut self, speaks: bool) -> Socket {
        let stream = self.next().await;
        let mut seen = None;
        // The library's type of error: it is not made here.
        #[allow(clippy::result_large_err)]
        let look = |request: &Request, mut response: Response| {
            seen = Some(request.clone());
            if speaks {
                response.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("crossroom.v1"));
            }
            Ok(response)
        };
        let socket = within(tokio_tungstenite::accept_hdr_async(stream, look)).await.expect("a WebSocket");
        Socket { socket, request: seen.expect("a request") }
    }

    /// Refuses the next upgrade.
    pub async fn refuse(&mut self, status: u16, body: &str) {
        self.refuse_with(status, "", body).await;
    }

    /// The same with headers, each with its line end.
    pub async fn refuse_with(&mut self, status: u16, headers: &str, body: &str) {
        let mut stream = self.next().await;
        head(&mut stream).await;
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status} No\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
        stream.write_all(answer.as_bytes()).await.expect("it is written");
        stream.shutdown().await.expect("it is closed");
    }

    /// The head of the next request, whose connection is dropped then.
    #[cfg(feature = "http")]
    pub async fn request(&mut self) -> String {
        let mut stream = self.next().await;
        head(&mut stream).await
    }

    /// Whether nobody connects for a while that is long for the client.
    pub async fn is_left_alone(&mut self) -> bool {
        tokio::time::timeout(Duration::from_millis(200), self.listener.accept()).await.is_err()
    }
}

async fn head(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(within(stream.read_u8()).await.expect("a request"));
    }
    String::from_utf8(request).expect("text")
}

pub struct Socket {
    socket: WebSocketStream<TcpStream>,
    pub request: Request,
}

impl Socket {
    pub async fn send(&mut self, text: &str) {
        self.socket.send(Message::text(text)).await.expect("it is sent");
    }

    pub async fn send_binary(&mut self, bytes: Vec<u8>) {
        self.socket.send(Message::binary(bytes)).await.expect("it is sent");
    }

    /// The next frame.
    pub async fn receive(&mut self) -> Value {
        loop {
            match within(self.socket.next()).await.expect("the client has gone").expect("a message") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("not a frame: {other:?}"),
            }
        }
    }

    /// Waits until the client closes; the code, where it gave one.
    pub async fn closed(&mut self) -> Option<u16> {
        let mut code = None;
        while let Some(message) = within(self.socket.next()).await {
            match message {
                Ok(Message::Close(frame)) => code = frame.map(|frame| frame.code.into()),
                Ok(_) => {}
                Err(_) => break,
            }
        }
        code
    }

    /// Sends and closes so that the client finds both at once.
    pub async fn send_and_close(&mut self, text: &str, code: u16) {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        self.socket.feed(Message::text(text)).await.expect("it is taken");
        self.socket.send(Message::Close(Some(frame))).await.expect("it is sent");
    }

    pub async fn close(mut self, code: u16) {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        self.socket.close(Some(frame)).await.expect("it is closed");
        while let Some(Ok(_)) = within(self.socket.next()).await {}
    }
}

/// One that comes back fast.
pub fn client(server: &Server) -> Client {
    fast(Client::builder(server.url())).build().expect("a client")
}
