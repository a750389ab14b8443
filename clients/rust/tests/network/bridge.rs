//! The bridge layer: what the state machines' tests cannot see.

use std::time::Duration;

use crate::support::{CONNECTED, Server, client, fast, nothing_left, within};
use crossroom::{Backoff, Binary, Client, CredentialsError, Error, Event};
use serde_json::json;

#[tokio::test]
async fn talks_with_a_server_and_leaves_nothing_behind() {
    let mut server = Server::start().await;
    let client = client(&server);
    let namespace = client.namespace("/");
    let mut news = namespace.on("news");
    let connecting = namespace.connect();
    let mut socket = server.accept().await;
    assert_eq!(socket.receive().await, json!({ "type": "connect" }));
    socket.send(CONNECTED).await;
    assert_eq!(within(connecting).await.unwrap().sid, "s");

    let call = namespace.call("hello", ("world", Binary::from(vec![1, 2, 3])), Duration::from_secs(5));
    let args = json!(["world", { "$binary": "AQID" }]);
    assert_eq!(socket.receive().await, json!({ "type": "event", "event": "hello", "args": args, "id": 0 }));
    socket.send(r#"{"type":"ack","id":0,"args":["hello, world"]}"#).await;
    assert_eq!(within(call).await.unwrap().first::<String>().unwrap(), "hello, world");

    socket.send(r#"{"type":"event","event":"news","args":[{"n":1}],"id":3}"#).await;
    let event = within(news.next()).await.unwrap();
    assert_eq!(event.args[0]["n"], 1);
    event.answer(["thanks"]).unwrap();
    assert_eq!(socket.receive().await, json!({ "type": "ack", "id": 3, "args": ["thanks"] }));

    let (closed, code) = tokio::join!(client.close(), socket.closed());
    assert_eq!((closed, code), ((), Some(1000)));
    client.close().await;
    assert!(within(news.next()).await.is_none());
    drop((server, socket));
    nothing_left().await;
}

#[tokio::test]
async fn offers_the_subprotocol_and_shows_headers_and_query() {
    let mut server = Server::start().await;
    let builder = fast(Client::builder(server.url())).header("authorization", "Bearer t").query("a b", "c");
    let client = builder.path("/other").build().expect("a client");
    let _connecting = client.namespace("/").connect();
    let socket = server.accept().await;
    assert_eq!(socket.request.uri(), "/other?a%20b=c");
    assert_eq!(socket.request.headers()["authorization"], "Bearer t");
    assert_eq!(socket.request.headers()["sec-websocket-protocol"], "crossroom.v1");
}

#[tokio::test]
async fn takes_a_silent_connection_for_dead() {
    let mut server = Server::start().await;
    let client = client(&server);
    let _connecting = client.namespace("/").connect();
    let mut socket = server.accept().await;
    socket.receive().await;
    socket.send(r#"{"type":"connected","sid":"s","pingInterval":30,"pingTimeout":20,"maxPayload":1000}"#).await;
    let _again = server.accept().await;
}

#[tokio::test]
async fn tries_at_once_when_the_network_has_changed() {
    let mut server = Server::start().await;
    let hour = Duration::from_secs(3600);
    let builder = fast(Client::builder(server.url())).backoff(Backoff { min: hour, max: hour, jitter: 0.0 });
    let client = builder.build().expect("a client");
    let mut warnings = client.warnings();
    let _connecting = client.namespace("/").connect();
    server.refuse(503, "").await;
    within(warnings.next()).await.expect("a warning");
    client.network_changed();
    let _socket = server.accept().await;
}

#[tokio::test]
async fn closes_in_the_background_and_comes_back_in_the_foreground() {
    let mut server = Server::start().await;
    let client = client(&server);
    let namespace = client.namespace("/");
    let connecting = namespace.connect();
    let mut socket = server.accept().await;
    socket.receive().await;
    socket.send(CONNECTED).await;
    within(connecting).await.unwrap();
    client.background();
    assert_eq!(socket.closed().await, Some(1000));
    namespace.emit("waits", ()).unwrap();
    assert!(server.is_left_alone().await);
    client.foreground();
    let mut socket = server.accept().await;
    socket.receive().await;
    socket.send(CONNECTED).await;
    assert_eq!(socket.receive().await["event"], "waits");
}

#[tokio::test]
async fn reads_no_more_than_the_application_takes() {
    let mut server = Server::start().await;
    let client = fast(Client::builder(server.url())).max_unread(10).build().expect("a client");
    let namespace = client.namespace("/");
    let mut events = namespace.on("x");
    let connecting = namespace.connect();
    let mut socket = server.accept().await;
    socket.receive().await;
    socket.send(CONNECTED).await;
    within(connecting).await.unwrap();
    // More than all buffers of the system hold: sending it is done only when the client reads.
    let text = format!(r#"{{"type":"event","event":"x","args":["{}"]}}"#, "x".repeat(1 << 20));
    let mut flood = tokio::spawn(async move {
        for _ in 0..64 {
            socket.send(&text).await;
        }
        socket
    });
    let stuck = tokio::time::timeout(Duration::from_millis(300), &mut flood).await;
    assert!(stuck.is_err(), "the client read on though nobody takes its events");
    for _ in 0..64 {
        within(events.next()).await.expect("an event");
    }
    within(flood).await.expect("all was sent");
}

#[tokio::test]
async fn closes_at_once_whatever_it_was_doing() {
    // Dialing, where nobody answers; waiting for the next attempt; asking for credentials; connecting.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent_url = format!("http://{}", silent.local_addr().unwrap());
    let mut server = Server::start().await;
    let dialing = Client::builder(silent_url).build().unwrap();
    let waiting = Client::builder("http://127.0.0.1:1").build().unwrap();
    let asking = Client::builder(server.url())
        .auth_with(|_| std::future::pending::<Result<(), CredentialsError>>())
        .build()
        .unwrap();
    let asking_connect = asking.namespace("/").connect();
    let asked = server.accept().await;
    let connecting = client(&server);
    let connecting_connect = connecting.namespace("/").connect();
    let mut socket = server.accept().await;
    socket.receive().await;
    let mut warnings = waiting.warnings();
    let futures = [dialing.namespace("/").connect(), waiting.namespace("/").connect()];
    within(warnings.next()).await.expect("a failed attempt");
    for client in [&dialing, &waiting, &asking, &connecting] {
        within(client.close()).await;
    }
    for future in futures.into_iter() {
        assert_eq!(within(future).await, Err(Error::Closed));
    }
    assert_eq!(within(asking_connect).await, Err(Error::Closed));
    assert_eq!(within(connecting_connect).await, Err(Error::Closed));
    drop((server, socket, asked));
    nothing_left().await;
}

#[tokio::test]
async fn closes_when_the_last_handle_is_dropped() {
    let mut server = Server::start().await;
    let client = client(&server);
    let namespace = client.namespace("/");
    let mut events = namespace.events();
    let connecting = namespace.connect();
    let mut socket = server.accept().await;
    socket.receive().await;
    socket.send(CONNECTED).await;
    within(connecting).await.unwrap();
    assert!(matches!(within(events.next()).await, Some(Event::Connected(_))));
    drop(client);
    namespace.emit("still there", ()).unwrap();
    assert_eq!(socket.receive().await["event"], "still there");
    drop(namespace);
    assert_eq!(socket.closed().await, Some(1000));
    assert!(matches!(within(events.next()).await, Some(Event::Disconnected(_))));
    assert!(within(events.next()).await.is_none());
    drop((server, socket));
    nothing_left().await;
}

#[tokio::test]
async fn a_connect_is_cancelled_by_dropping_it() {
    let mut server = Server::start().await;
    let client = client(&server);
    let connecting = client.namespace("/").connect();
    let mut socket = server.accept().await;
    socket.receive().await;
    drop(connecting);
    assert_eq!(socket.closed().await, Some(1000));
    assert!(server.is_left_alone().await);
}

#[tokio::test]
async fn a_call_that_still_waits_when_its_time_is_up_is_not_sent() {
    let mut server = Server::start().await;
    let client = client(&server);
    let namespace = client.namespace("/");
    let call = namespace.call("late", (), Duration::from_millis(20));
    assert_eq!(within(call).await, Err(Error::Timeout));
    namespace.emit("next", ()).unwrap();
    let _connecting = namespace.connect();
    let mut socket = server.accept().await;
    socket.receive().await;
    socket.send(CONNECTED).await;
    assert_eq!(socket.receive().await["event"], "next");
}

#[tokio::test]
async fn refuses_a_namespace_that_cannot_be() {
    let client = Client::builder("http://127.0.0.1:1").build().unwrap();
    for name in ["", "chat", "/a,b"] {
        let namespace = client.namespace(name);
        assert!(matches!(namespace.emit("x", ()), Err(Error::InvalidArgument(_))), "{name}");
        assert!(matches!(within(namespace.connect()).await, Err(Error::InvalidArgument(_))), "{name}");
    }
}

#[tokio::test]
async fn takes_times_of_any_length() {
    let mut server = Server::start().await;
    let backoff = Backoff { min: Duration::MAX, max: Duration::MAX, jitter: 0.5 };
    let builder = Client::builder(server.url()).attempt_timeout(Duration::MAX).backoff(backoff);
    let client = builder.build().expect("a client");
    let namespace = client.namespace("/");
    let connecting = namespace.connect();
    let mut socket = server.accept().await;
    socket.receive().await;
    socket.send(CONNECTED).await;
    within(connecting).await.unwrap();
    let call = namespace.call("hello", (), Duration::MAX);
    socket.receive().await;
    socket.send(r#"{"type":"ack","id":0,"args":[]}"#).await;
    within(call).await.unwrap();
    drop(socket);
    let waiting = namespace.call("hello", (), Duration::MAX);
    within(client.close()).await;
    assert_eq!(within(waiting).await, Err(Error::Closed));
}

#[test]
fn ends_with_its_runtime() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for turns in [0, 10] {
        let first = runtime();
        let (client, rooms) = first.block_on(async {
            let client = Client::builder("http://127.0.0.1:1").build().expect("a client");
            let rooms = crossroom::Rooms::builder("http://127.0.0.1:1").build().expect("a client");
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            (client, rooms)
        });
        let (connecting, joining) = (client.namespace("/").connect(), rooms.room("r").join());
        drop(first);
        runtime().block_on(async {
            assert_eq!(within(connecting).await, Err(Error::Closed));
            assert_eq!(within(joining).await.unwrap_err().code(), "closed");
            within(client.close()).await;
            within(rooms.close()).await;
        });
    }
}

#[tokio::test]
async fn flushes_what_was_emitted_and_says_what_did_not_make_it() {
    let mut server = Server::start().await;
    let client = client(&server);
    let namespace = client.namespace("/");
    namespace.emit("early", ()).unwrap();
    assert_eq!(client.flush(Duration::from_millis(1)).await, 1, "there is no connection");
    let connecting = namespace.connect();
    let mut socket = server.accept().await;
    socket.receive().await;
    socket.send(CONNECTED).await;
    within(connecting).await.unwrap();
    assert_eq!(within(client.flush(Duration::from_secs(5))).await, 0);
    assert_eq!(socket.receive().await["event"], "early");
    let unanswered = namespace.call("unanswered", (), Duration::from_secs(60));
    assert_eq!(within(client.close_within(Duration::from_millis(1))).await, 1);
    assert_eq!(within(unanswered).await, Err(Error::Closed));
    assert_eq!(client.flush(Duration::from_secs(5)).await, 0);
}

#[tokio::test]
async fn a_backlog_leaves_before_its_namespace_and_at_the_pace_that_the_server_takes() {
    let mut server = Server::start().await;
    let client = client(&server);
    let namespace = client.namespace("/");
    let connecting = namespace.connect();
    let mut socket = server.accept().await;
    socket.receive().await;
    let rate = r#""maxPayload":1000,"rate":{"perSecond":1000,"burst":10}}"#;
    socket.send(&CONNECTED.replace(r#""maxPayload":100000}"#, rate)).await;
    within(connecting).await.unwrap();
    (0..30).for_each(|number| namespace.emit("number", [number]).unwrap());
    namespace.disconnect();
    for number in 0..30 {
        assert_eq!(socket.receive().await["args"][0], number);
    }
    assert_eq!(socket.receive().await, json!({ "type": "disconnect" }));
    assert_eq!(socket.closed().await, Some(1000));
}
