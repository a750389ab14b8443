//! A session over HTTP, and what the network does to its requests.

use std::time::Duration;

use crate::http_support::{HttpServer, OPENED, builder, connected, json_of};
use crate::support::{CONNECTED, nothing_left, within};
use crossroom::rooms::RoomsEvent;
use crossroom::{Error, Event, Rooms, Transport};
use serde_json::json;

#[tokio::test]
async fn talks_over_http_where_the_websocket_is_refused_and_leaves_nothing_behind() {
    let mut server = HttpServer::start().await;
    let client = builder(&server).header("authorization", "Bearer t").query("a", "b").build().unwrap();
    let mut warnings = client.warnings();
    let namespace = client.namespace("/");
    let mut news = namespace.on("news");
    assert_eq!(client.transport(), None);
    let connecting = namespace.connect();
    server.next("UPGRADE").await.answer(426, "").await;
    let opening = server.next("POST").await;
    assert_eq!((opening.path(), opening.header("authorization")), ("/bridge?a=b", Some("bearer t")));
    assert_eq!(opening.header("content-length"), Some("0"));
    opening.answer(201, OPENED).await;
    let mut stream = server.next("GET").await;
    assert_eq!((stream.header("accept"), stream.header("crossroom-ack")), (Some("text/event-stream"), Some("0")));
    assert_eq!((stream.header("crossroom-session"), stream.path()), (Some("n1.abc"), "/bridge?a=b"));
    stream.begin(0).await;
    let post = server.next("POST").await;
    assert_eq!(post.body, "{\"type\":\"connect\"}\n{\"type\":\"ping\"}");
    assert_eq!((post.header("crossroom-seq"), post.header("content-type")), (Some("0"), Some("application/x-ndjson")));
    assert_eq!((post.header("crossroom-session"), post.header("authorization")), (Some("n1.abc"), Some("bearer t")));
    post.answer(200, r#"{"received":2}"#).await;
    stream.frame(CONNECTED).await;
    assert_eq!(within(connecting).await.unwrap().transport, Transport::Sse);
    assert_eq!(client.transport(), Some(Transport::Sse));

    let call = namespace.call("hello", ["world"], Duration::from_secs(5));
    let post = server.next("POST").await;
    assert_eq!(json_of(&post.body), json!({ "type": "event", "event": "hello", "args": ["world"], "id": 0 }));
    assert_eq!((post.header("crossroom-seq"), post.header("crossroom-ack")), (Some("2"), Some("1")));
    post.answer(200, r#"{"received":3}"#).await;
    stream.frame(r#"{"type":"ack","id":0,"args":["hello, world"]}"#).await;
    assert_eq!(within(call).await.unwrap().first::<String>().unwrap(), "hello, world");
    stream.frame(r#"{"type":"event","event":"news","args":[{"n":1}]}"#).await;
    assert_eq!(within(news.next()).await.unwrap().args[0]["n"], 1);

    namespace.emit("last", ()).unwrap();
    let closing = client.close();
    stream.closed().await;
    let post = server.next("POST").await;
    assert_eq!((json_of(&post.body)["event"].as_str(), post.header("crossroom-seq")), (Some("last"), Some("3")));
    post.answer(200, r#"{"received":4}"#).await;
    let delete = server.next("DELETE").await;
    assert_eq!(delete.header("crossroom-session"), Some("n1.abc"));
    delete.answer(204, "").await;
    within(closing).await;
    assert!(within(warnings.next()).await.is_none(), "a fallback is no warning");
    assert!(server.is_left_alone().await);
    nothing_left().await;
}

#[tokio::test]
async fn uses_its_connections_again_and_makes_others_where_they_were_closed() {
    let mut server = HttpServer::start().await;
    let client = builder(&server).transports([Transport::Polling]).header("accept", "text/html").build().unwrap();
    let namespace = client.namespace("/");
    let connecting = namespace.connect();
    let poll = server.next("POST").await.answer_and_keep(201, OPENED).await;
    assert_eq!((poll.method.as_str(), poll.header("accept")), ("GET", Some("text/plain")));
    let post = server.next("POST").await;
    post.answer(200, r#"{"received":1}"#).await;
    let answer = format!("event: open\ndata: {{\"next\":0}}\n\ndata: {CONNECTED}\n\n");
    let poll = poll.answer_and_keep(200, &answer).await;
    assert_eq!(poll.header("crossroom-ack"), Some("1"));
    within(connecting).await.unwrap();
    drop(poll);
    let poll = server.next("GET").await;
    assert_eq!(poll.header("crossroom-ack"), Some("1"));
    namespace.emit("a", ()).unwrap();
    assert_eq!(server.next("POST").await.header("crossroom-seq"), Some("1"));
}

#[tokio::test]
async fn reads_by_polls_where_the_stream_is_held_up() {
    let mut server = HttpServer::start().await;
    let client = builder(&server).build().unwrap();
    let namespace = client.namespace("/");
    let mut events = namespace.events();
    let (_, mut stream) = connected(&mut server, &client).await;
    assert!(matches!(within(events.next()).await, Some(Event::Connected(_))));
    namespace.emit("a", ()).unwrap();
    server.next("POST").await.answer(200, r#"{"received":3}"#).await;
    // The stream ends, and the next one is held up before it begins.
    stream.frame(r#"{"type":"event","event":"b","args":[]}"#).await;
    drop(stream);
    let held_up = server.next("GET").await;
    assert_eq!(held_up.header("crossroom-ack"), Some("3"));
    let poll = server.next("GET").await;
    held_up.closed().await;
    assert_eq!((poll.header("accept"), poll.header("crossroom-session")), (Some("text/plain"), Some("n1.abc")));
    poll.answer(200, "event: open\ndata: {\"next\":3}\n\ndata: {\"type\":\"event\",\"event\":\"c\",\"args\":[]}\n\n")
        .await;
    for expected in ["b", "over polling", "c"] {
        let told = match within(events.next()).await.unwrap() {
            Event::Received(received) => received.name,
            Event::TransportChanged(transport) => format!("over {transport}"),
            other => panic!("{other:?}"),
        };
        assert_eq!(told, expected);
    }
    let poll = server.next("GET").await;
    assert_eq!(poll.header("crossroom-ack"), Some("4"));
    assert_eq!(client.transport(), Some(Transport::Polling));
    // Of this server it is known now.
    let second = builder(&server).build().unwrap();
    let _connecting = second.namespace("/").connect();
    server.open().await;
    assert_eq!(server.next("GET").await.header("accept"), Some("text/plain"));
}

#[tokio::test]
async fn sends_lines_again_whose_answer_was_lost_under_the_same_numbers() {
    let mut server = HttpServer::start().await;
    let client = builder(&server).build().unwrap();
    let (namespace, _stream) = connected(&mut server, &client).await;
    namespace.emit("a", ()).unwrap();
    drop(server.next("POST").await);
    namespace.emit("b", ()).unwrap();
    let again = server.next("POST").await;
    assert_eq!(again.header("crossroom-seq"), Some("2"));
    assert_eq!(json_of(again.body.lines().next().unwrap())["event"], "a");
    again.answer(503, "<html>").await;
    let again = server.next("POST").await;
    assert_eq!(again.header("crossroom-seq"), Some("2"));
    again.answer(200, r#"{"received":3}"#).await;
    let next = server.next("POST").await;
    assert_eq!((next.header("crossroom-seq"), json_of(&next.body)["event"].as_str()), (Some("3"), Some("b")));
    next.answer(200, r#"{"received":4}"#).await;
    assert_eq!(within(client.flush(Duration::from_secs(5))).await, 0);
}

#[tokio::test]
async fn an_answer_that_is_cut_in_the_middle_of_a_frame_loses_and_doubles_nothing() {
    let mut server = HttpServer::start().await;
    let client = builder(&server).build().unwrap();
    let mut events = client.namespace("/").on("x");
    let (_, mut stream) = connected(&mut server, &client).await;
    let event = |n: u32| format!(r#"{{"type":"event","event":"x","args":[{n}]}}"#);
    stream.frame(&event(1)).await;
    stream.write(&format!("data: {}", &event(2)[..20])).await;
    drop(stream);
    let mut stream = server.next("GET").await;
    assert_eq!(stream.header("crossroom-ack"), Some("3"));
    stream.begin(2).await;
    for n in 1..=3 {
        stream.frame(&event(n)).await;
    }
    for n in 1..=3 {
        assert_eq!(within(events.next()).await.unwrap().args[0], n);
    }
}

#[tokio::test]
async fn opens_another_session_where_the_server_does_not_know_it_and_connects_again() {
    let mut server = HttpServer::start().await;
    let client = builder(&server).build().unwrap();
    let mut events = client.namespace("/").events();
    let (_, stream) = connected(&mut server, &client).await;
    assert!(matches!(within(events.next()).await, Some(Event::Connected(_))));
    drop(stream);
    server.next("GET").await.answer(404, r#"{"error":{"code":"unknown_session","message":"m"}}"#).await;
    let Some(Event::Disconnected(ended)) = within(events.next()).await else { panic!("not disconnected") };
    assert_eq!((ended.code, ended.is_final), (None, false));
    server.open().await;
    let (mut stream, lines) = server.begin().await;
    assert_eq!(json_of(&lines[0]), json!({ "type": "connect" }));
    stream.frame(CONNECTED).await;
    assert!(matches!(within(events.next()).await, Some(Event::Connected(_))));
}

#[tokio::test]
async fn obeys_the_close_code_wherever_it_is_told() {
    for of_a_stream in [false, true] {
        let mut server = HttpServer::start().await;
        let client = builder(&server).build().unwrap();
        let mut events = client.namespace("/").events();
        let (_, mut stream) = connected(&mut server, &client).await;
        assert!(matches!(within(events.next()).await, Some(Event::Connected(_))));
        if of_a_stream {
            stream.write("event: close\ndata: {\"code\":4403,\"reason\":\"token_revoked\"}\n\n").await;
        } else {
            drop(stream);
            let close = r#""close":{"code":4403,"reason":"token_revoked"}"#;
            let body = format!(r#"{{"error":{{"code":"closed","message":"m",{close}}}}}"#);
            server.next("GET").await.answer(410, &body).await;
        }
        let Some(Event::Disconnected(ended)) = within(events.next()).await else { panic!("not disconnected") };
        assert_eq!((ended.code, ended.reason.as_str(), ended.is_final), (Some(4403), "token_revoked", true));
        assert!(server.is_left_alone().await);
    }
}

#[tokio::test]
async fn a_session_that_something_on_the_way_refuses_ends_like_a_refused_upgrade() {
    let mut server = HttpServer::start().await;
    let client = builder(&server).build().unwrap();
    let mut events = client.namespace("/").events();
    let (namespace, _stream) = connected(&mut server, &client).await;
    assert!(matches!(within(events.next()).await, Some(Event::Connected(_))));
    namespace.emit("a", ()).unwrap();
    server.next("POST").await.answer(403, "<html>").await;
    let Some(Event::Disconnected(ended)) = within(events.next()).await else { panic!("not disconnected") };
    assert!(!ended.is_final);
    let Some(Event::Refused(Error::UpgradeRefused { status, .. })) = within(events.next()).await else {
        panic!("not refused")
    };
    assert_eq!(status, 403);
    assert!(server.is_left_alone().await);
}

#[tokio::test]
async fn makes_its_requests_anew_when_the_network_has_changed() {
    let mut server = HttpServer::start().await;
    let client = builder(&server).build().unwrap();
    let (namespace, stream) = connected(&mut server, &client).await;
    client.network_changed();
    stream.closed().await;
    let again = server.next("GET").await;
    assert_eq!((again.header("crossroom-ack"), again.header("crossroom-session")), (Some("2"), Some("n1.abc")));
    assert!(namespace.connected().is_some());
}

#[tokio::test]
async fn leaves_its_session_in_the_background() {
    let mut server = HttpServer::start().await;
    let client = builder(&server).build().unwrap();
    let (_namespace, _stream) = connected(&mut server, &client).await;
    client.background();
    server.next("DELETE").await.answer(204, "").await;
    assert!(server.is_left_alone().await);
    client.foreground();
    server.open().await;
}

#[tokio::test]
async fn reads_no_more_of_a_stream_than_the_application_takes() {
    let mut server = HttpServer::start().await;
    let client = builder(&server).max_unread(10).build().unwrap();
    let mut events = client.namespace("/").on("x");
    let (_, mut stream) = connected(&mut server, &client).await;
    let frame = format!(r#"{{"type":"event","event":"x","args":["{}"]}}"#, "x".repeat(1 << 20));
    let mut flood = tokio::spawn(async move {
        for _ in 0..64 {
            stream.frame(&frame).await;
        }
        stream
    });
    // Acks of what has come are answered all the while.
    let mut received = 2;
    let stuck = async {
        loop {
            let post = server.next("POST").await;
            received += post.body.lines().count();
            post.answer(200, &format!(r#"{{"received":{received}}}"#)).await;
        }
    };
    tokio::select! {
        biased;
        () = stuck => {}
        _ = tokio::time::timeout(Duration::from_millis(500), &mut flood) => {}
    }
    assert!(!flood.is_finished(), "the client read on though nobody takes its events");
    for _ in 0..64 {
        within(events.next()).await.unwrap();
    }
    within(flood).await.unwrap();
}

#[tokio::test]
async fn a_rooms_client_is_told_what_its_connection_goes_over() {
    let mut server = HttpServer::start().await;
    let rooms = Rooms::builder(server.url()).transports([Transport::Polling]).build().unwrap();
    let mut events = rooms.events();
    server.open().await;
    let poll = server.next("GET").await;
    assert_eq!(poll.header("accept"), Some("text/plain"));
    let post = server.next("POST").await;
    assert_eq!(post.body.lines().count(), 1, "there is no stream to be probed");
    post.answer(200, r#"{"received":1}"#).await;
    poll.answer(200, &format!("event: open\ndata: {{\"next\":0}}\n\ndata: {CONNECTED}\n\n")).await;
    assert_eq!(within(events.next()).await, Some(RoomsEvent::Transport(Transport::Polling)));
    assert_eq!(rooms.transport(), Some(Transport::Polling));
}
