//! What a broken or hostile server may send: test/vectors/hostile-server.json says it, and how it is played.

use std::sync::Arc;
use std::time::Duration;

use crossroom::rooms::{MemoryStorage, Position, RoomsEvent};
use crossroom::{Backoff, Client, Event, Rooms, RoomsError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::support::{Server, Socket, fast, within};

/// Vectors that are played at a time.
const AT_A_TIME: usize = 32;

fn file() -> Value {
    let path = format!("{}/../../test/vectors/hostile-server.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    serde_json::from_str(&text).expect("the vectors are JSON")
}

/// Plays all vectors of a layer. One that fails is named by its panic's location in the list.
async fn play_all(layer: &str, play: fn(Arc<Value>, Value) -> BoxFuture<'static, ()>) {
    let file = Arc::new(file());
    let vectors = file["vectors"].as_array().expect("a list").iter().filter(|vector| vector["layer"] == layer);
    let vectors: Vec<Value> = vectors.cloned().collect();
    assert!(vectors.len() > 50);
    for some in vectors.chunks(AT_A_TIME) {
        let playing = some.iter().map(|vector| {
            let name = format!("{}, at {}, then {}", vector["name"], vector["at"], vector["then"]);
            let played = tokio::spawn(play(Arc::clone(&file), vector.clone()));
            async move { played.await.unwrap_or_else(|error| panic!("{name}: {error}")) }
        });
        futures_util::future::join_all(playing).await;
    }
}

/// Sends the frames of a vector. `id`: of the call that they answer.
async fn send(socket: &mut Socket, vector: &Value, id: &Value) {
    for frame in vector["frames"].as_array().expect("frames") {
        if let Some(binary) = frame["binary"].as_str() {
            socket.send_binary(binary.as_bytes().to_vec()).await;
            continue;
        }
        let (text, times) = match frame {
            Value::String(text) => (text.clone(), 1),
            Value::Array(parts) => (parts.iter().map(part).collect(), 1),
            _ => (frame["text"].as_str().expect("a text").to_owned(), frame["times"].as_u64().expect("a number")),
        };
        for _ in 0..times {
            socket.send(&text.replace("$id", &id.to_string())).await;
        }
    }
}

fn part(part: &Value) -> String {
    let repeat = |part: &Value| {
        let times = usize::try_from(part["times"].as_u64()?).ok()?;
        Some(part["repeat"].as_str()?.repeat(times))
    };
    part.as_str().map(str::to_owned).or_else(|| repeat(part)).expect("a part of a text")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bridge_layer_lives_through_all_that_a_server_may_send() {
    play_all("bridge", |file, vector| bridge(file, vector).boxed()).await;
}

async fn bridge(file: Arc<Value>, vector: Value) {
    let (at, then) = (vector["at"].as_str().expect("at"), vector["then"].as_str().expect("then"));
    let mut server = Server::start().await;
    let client = fast(Client::builder(server.url())).build().expect("a client");
    let namespace = client.namespace("/");
    let mut events = namespace.events();
    let connecting = namespace.connect();
    let mut socket = server.accept().await;
    socket.receive().await;
    let connected = file["connected"].to_string();
    let mut call = None;
    if at != "connect" {
        socket.send(&connected).await;
    }
    if at == "call" {
        while !matches!(within(events.next()).await, Some(Event::Connected(_))) {}
        call = Some(namespace.call("ask", (), Duration::from_secs(1)));
        let id = socket.receive().await["id"].clone();
        send(&mut socket, &vector, &id).await;
    } else {
        send(&mut socket, &vector, &Value::Null).await;
    }
    match then {
        "event" => {
            if let Some(call) = call {
                assert!(within(call).await.is_err());
            }
            socket.send(&file["then"]["event"].to_string()).await;
            loop {
                match within(events.next()).await.expect("the client has ended") {
                    Event::Received(received) if received.name == "after" => break,
                    Event::Disconnected(ended) => panic!("disconnected: {}", ended.reason),
                    _ => {}
                }
            }
        }
        "connected" => {
            socket.send(&connected).await;
            assert!(within(connecting).await.is_ok());
        }
        "refused" => assert!(within(connecting).await.is_err()),
        "answered" => assert!(within(call.expect("a call")).await.is_ok()),
        "failed" => {
            let frame: Value =
                serde_json::from_str(&vector["frames"][0].as_str().unwrap().replace("$id", "0")).unwrap();
            assert_eq!(within(call.expect("a call")).await.unwrap_err().code(), frame["code"]);
        }
        "nothing" => {}
        other => panic!("not known: {other}"),
    }
    tokio::join!(within(client.close()), socket.closed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_rooms_layer_lives_through_all_that_a_server_may_send() {
    play_all("rooms", |file, vector| rooms(file, vector).boxed()).await;
}

/// A server that answers calls as in `answers`, but for one of them, once.
struct Room {
    file: Arc<Value>,
    vector: Value,
    socket: Socket,
    is_told: bool,
}

impl Room {
    /// Answers what comes until the future is done.
    async fn until<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                biased;
                done = &mut future => return done,
                call = self.socket.receive() => self.answer(&call).await,
            }
        }
    }

    async fn answer(&mut self, call: &Value) {
        let name = call["event"].as_str().unwrap_or_default();
        if !self.is_told && self.vector["at"] == name {
            self.is_told = true;
            send(&mut self.socket, &self.vector, &call["id"]).await;
        } else if call["id"].is_number() {
            let result = &self.file["answers"][name];
            self.socket.send(&json!({ "type": "ack", "id": call["id"], "args": [result] }).to_string()).await;
        }
    }
}

/// The call of this name, and its error's code.
async fn call(rooms: &Rooms, name: &str) -> Option<String> {
    let room = rooms.room("r");
    let before = serde_json::from_value::<Position>(json!({ "epoch": "e", "offset": 1 })).expect("a position");
    let result: Result<(), RoomsError> = match name {
        "join" => room.join().await.map(drop),
        "publish" => room.publish_with_id("p", 1).await.map(drop),
        "send" => rooms.send("ben", 1).await.map(drop),
        "history" => room.history(crossroom::rooms::History::before(&before)).await.map(drop),
        "inbox" => rooms.inbox().process(|_| async { Ok::<(), String>(()) }).await.map(drop),
        "leave" => {
            room.leave().await;
            Ok(())
        }
        other => panic!("no such call: {other}"),
    };
    result.err().map(|error| error.code().to_owned())
}

async fn rooms(file: Arc<Value>, vector: Value) {
    let (at, then) = (vector["at"].as_str().expect("at").to_owned(), vector["then"].as_str().expect("then").to_owned());
    let short = Duration::from_millis(10);
    let mut server = Server::start().await;
    let builder = Rooms::builder(server.url()).backoff(Backoff { min: short, max: short, jitter: 0.0 });
    let rooms = builder.device("d").storage(Arc::new(MemoryStorage::default())).build().expect("a client");
    let mut session = rooms.events();
    let mut messages = rooms.room("r").messages();
    let mut socket = server.accept().await;
    socket.receive().await;
    if at == "connect" {
        send(&mut socket, &vector, &Value::Null).await;
        while !matches!(within(session.next()).await, Some(RoomsEvent::Ended(_))) {}
        return within(rooms.close()).await;
    }
    socket.send(&file["connected"].to_string()).await;
    if at == "welcome" {
        send(&mut socket, &vector, &Value::Null).await;
    }
    socket.send(&file["welcome"].to_string()).await;
    let mut server = Room { file: Arc::clone(&file), vector: vector.clone(), socket, is_told: false };
    assert_eq!(server.until(within(rooms.ready())).await.expect("ready").user, "ada");
    if at == "welcome" {
        return close(server, &rooms).await;
    }
    if at != "join" {
        assert_eq!(server.until(call(&rooms, "join")).await, None);
    }
    let (tell, mut items) = mpsc::unbounded_channel();
    if at == "joined" || at == "inbox_ack" {
        let opening = rooms.inbox().process(move |item| {
            let told = tell.send(item);
            async move { told.map_err(|_| "nobody listens") }
        });
        server.until(within(opening)).await.expect("it is open");
    }
    match at.as_str() {
        "joined" => send(&mut server.socket, &vector, &Value::Null).await,
        "inbox_ack" => {
            server.socket.send(&file["then"]["item"].to_string()).await;
            server.until(within(items.recv())).await.expect("an item");
        }
        _ => {}
    }
    match then.as_str() {
        "message" => {
            server.socket.send(&file["then"]["message"].to_string()).await;
            let message = server.until(within(messages.next())).await.expect("a message").expect("a message");
            assert_eq!(message.id, "good");
        }
        "item" => {
            server.socket.send(&file["then"]["item"].to_string()).await;
            let item = server.until(within(items.recv())).await.expect("an item");
            assert_eq!(json!(item)["id"], "good");
        }
        "bad_answer" => {
            assert_eq!(server.until(within(call(&rooms, &at))).await.as_deref(), Some("bad_answer"));
            assert_eq!(server.until(within(call(&rooms, &at))).await, None);
        }
        "nothing" if at == "leave" => drop(server.until(within(call(&rooms, &at))).await),
        "nothing" => {}
        other => panic!("not known: {other}"),
    }
    close(server, &rooms).await;
}

async fn close(mut server: Room, rooms: &Rooms) {
    tokio::join!(within(rooms.close()), server.socket.closed());
}
