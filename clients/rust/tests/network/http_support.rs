//! A server of the bridge over HTTP that does what a test says. Each connection has one request, unless the test keeps it.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use crossroom::{Backoff, Client, ClientBuilder, Namespace, Transport};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{CONNECTED, within};

pub const OPENED: &str =
    r#"{"session":"n1.abc","pingInterval":25000,"pingTimeout":20000,"maxPayload":100000,"resumeTimeout":20000}"#;

static KEPT: Mutex<Vec<std::net::TcpListener>> = Mutex::new(Vec::new());

pub struct HttpServer {
    listener: TcpListener,
    /// Requests that came before one that the test has asked for.
    early: VecDeque<Exchange>,
}

/// A request that is not answered yet.
pub struct Exchange {
    pub method: String,
    head: String,
    pub body: String,
    stream: TcpStream,
}

impl HttpServer {
    pub async fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("it does not block");
        // Clients remember the ways to a server: no other test may get this port in the same process.
        KEPT.lock().expect("no test panics here").push(listener.try_clone().expect("a copy"));
        Self { listener: TcpListener::from_std(listener).expect("a listener"), early: VecDeque::new() }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().expect("an address"))
    }

    /// The next request of this method, where `UPGRADE` is the handshake of a WebSocket.
    pub async fn next(&mut self, method: &str) -> Exchange {
        if let Some(index) = self.early.iter().position(|exchange| exchange.method == method) {
            return self.early.remove(index).expect("it is there");
        }
        loop {
            let exchange = self.accept().await;
            if exchange.method == method {
                return exchange;
            }
            self.early.push_back(exchange);
        }
    }

    /// The next request, whatever it is.
    pub async fn any(&mut self) -> Exchange {
        match self.early.pop_front() {
            Some(exchange) => exchange,
            None => self.accept().await,
        }
    }

    async fn accept(&mut self) -> Exchange {
        Exchange::read(within(self.listener.accept()).await.expect("a connection").0).await
    }

    /// Opens a session for a client whose WebSocket is refused.
    pub async fn open_after_refusal(&mut self) {
        self.next("UPGRADE").await.answer(400, "").await;
        self.open().await;
    }

    pub async fn open(&mut self) {
        let opening = self.next("POST").await;
        assert_eq!((opening.header("crossroom-session"), opening.body.as_str()), (None, ""));
        opening.answer(201, OPENED).await;
    }

    /// A stream that has begun, and the lines of the first POST, which is answered.
    pub async fn begin(&mut self) -> (Exchange, Vec<String>) {
        let mut stream = self.next("GET").await;
        stream.begin(0).await;
        let post = self.next("POST").await;
        let lines: Vec<String> = post.body.split('\n').map(str::to_owned).collect();
        post.answer(200, &format!(r#"{{"received":{}}}"#, lines.len())).await;
        (stream, lines)
    }

    /// Whether nobody asks for anything for a while that is long for the client.
    pub async fn is_left_alone(&mut self) -> bool {
        let quiet = tokio::time::timeout(Duration::from_millis(200), self.listener.accept());
        self.early.is_empty() && quiet.await.is_err()
    }
}

impl Exchange {
    /// The next request on a connection.
    async fn read(mut stream: TcpStream) -> Self {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(within(stream.read_u8()).await.expect("a request"));
        }
        let head = String::from_utf8(head).expect("text").to_lowercase();
        let mut exchange = Exchange { method: String::new(), head, body: String::new(), stream };
        let length = exchange.header("content-length").map_or(0, |length| length.parse().expect("a number"));
        let mut body = vec![0; length];
        within(exchange.stream.read_exact(&mut body)).await.expect("a body");
        exchange.body = String::from_utf8(body).expect("text");
        let is_upgrade = exchange.header("upgrade") == Some("websocket");
        let method = exchange.head.split(' ').next().expect("a method");
        exchange.method = if is_upgrade { "UPGRADE".to_owned() } else { method.to_uppercase() };
        exchange
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// Of the first line.
    pub fn path(&self) -> &str {
        self.head.split(' ').nth(1).expect("a path")
    }

    pub async fn answer(self, status: u16, body: &str) {
        self.answer_with(status, "", body).await;
    }

    /// With headers, each with its line end.
    pub async fn answer_with(mut self, status: u16, headers: &str, body: &str) {
        let length = body.len();
        let head = format!("HTTP/1.1 {status} So\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
        self.write(&head).await;
        self.write(body).await;
    }

    /// Answers, and gives the next request on the same connection.
    pub async fn answer_and_keep(mut self, status: u16, body: &str) -> Self {
        self.write(&format!("HTTP/1.1 {status} So\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
        Self::read(self.stream).await
    }

    /// Begins a stream that ends with the connection.
    pub async fn begin(&mut self, next: u64) {
        self.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n").await;
        self.write(&format!("event: open\ndata: {{\"next\":{next}}}\n\n: filler\n\n")).await;
    }

    pub async fn frame(&mut self, frame: &str) {
        self.write(&format!("data: {frame}\n\n")).await;
    }

    pub async fn write(&mut self, text: &str) {
        // The client may have gone; what comes of that is the test's business.
        let _ = self.stream.write_all(text.as_bytes()).await;
    }

    /// Waits until the client has closed the connection.
    pub async fn closed(mut self) {
        let mut rest = Vec::new();
        let _ = within(self.stream.read_to_end(&mut rest)).await;
    }
}

pub fn builder(server: &HttpServer) -> ClientBuilder {
    let short = Duration::from_millis(10);
    Client::builder(server.url()).backoff(Backoff { min: short, max: short, jitter: 0.0 })
}

pub fn json_of(line: &str) -> Value {
    serde_json::from_str(line).expect("JSON")
}

/// A client over HTTP that is connected, and its stream.
pub async fn connected(server: &mut HttpServer, client: &Client) -> (Namespace, Exchange) {
    let namespace = client.namespace("/");
    let connecting = namespace.connect();
    server.open_after_refusal().await;
    let (mut stream, lines) = server.begin().await;
    assert_eq!(json_of(&lines[0]), json!({ "type": "connect" }));
    stream.frame(CONNECTED).await;
    stream.frame(r#"{"type":"pong"}"#).await;
    assert_eq!(within(connecting).await.unwrap().transport, Transport::Sse);
    (namespace, stream)
}
