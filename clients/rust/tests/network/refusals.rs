//! Connections that are refused, or closed with a code.

use crate::support::{CONNECTED, Server, client, fast, within};
use crossroom::{Client, Error, Event};
use serde_json::json;

#[tokio::test]
async fn fails_where_the_upgrade_is_refused_for_good_and_says_why() {
    let mut server = Server::start().await;
    let client = client(&server);
    let connecting = client.namespace("/").connect();
    server.refuse(401, r#"{"error":{"code":"unauthorized","message":"No."}}"#).await;
    let expected = Error::UpgradeRefused {
        status: 401,
        code: Some("unauthorized".into()),
        message: "No.".into(),
        retry_after: None,
    };
    assert_eq!(within(connecting).await, Err(expected));
}

#[tokio::test]
async fn tries_again_where_the_server_is_busy_or_not_there_and_asks_for_credentials_each_time() {
    let mut server = Server::start().await;
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let builder = fast(Client::builder(server.url())).auth_with(move |_| {
        let time = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async move { if time == 1 { panic!("the application's fault") } else { Ok(json!({ "time": time })) } }
    });
    let client = builder.build().expect("a client");
    let mut warnings = client.warnings();
    let namespace = client.namespace("/");
    let mut events = namespace.events();
    let connecting = namespace.connect();
    server.refuse(503, "").await;
    let mut socket = server.accept().await;
    assert_eq!(socket.receive().await["auth"], json!({ "time": 0 }));
    socket.send(CONNECTED).await;
    within(connecting).await.unwrap();
    drop(socket); // the network is cut
    let mut socket = server.accept().await;
    assert_eq!(socket.receive().await["auth"], json!({ "time": 2 }), "a function that panicked has failed");
    socket.send(CONNECTED).await;
    for expected in ["connected", "disconnected", "connected"] {
        let name = match within(events.next()).await.unwrap() {
            Event::Connected(_) => "connected",
            Event::Disconnected(ended) if !ended.is_final => "disconnected",
            other => panic!("{other:?}"),
        };
        assert_eq!(name, expected);
    }
    assert!(within(warnings.next()).await.unwrap().contains("503"));
    assert!(within(warnings.next()).await.unwrap().contains("panicked"));
}

#[tokio::test]
async fn obeys_the_close_code() {
    let mut server = Server::start().await;
    let client = client(&server);
    let namespace = client.namespace("/");
    let mut events = namespace.events();
    let _connecting = namespace.connect();
    for (code, is_final) in [(4501, false), (4403, true)] {
        let mut socket = server.accept().await;
        socket.receive().await;
        socket.send(CONNECTED).await;
        assert!(matches!(within(events.next()).await, Some(Event::Connected(_))));
        socket.close(code).await;
        let Some(Event::Disconnected(ended)) = within(events.next()).await else { panic!("not disconnected") };
        assert_eq!((ended.code, ended.is_final), (Some(code), is_final));
    }
    assert!(server.is_left_alone().await);
}

#[tokio::test]
async fn takes_a_refusal_with_any_body() {
    let mut server = Server::start().await;
    let client = client(&server);
    let mut warnings = client.warnings();
    let connecting = client.namespace("/").connect();
    for body in [r#""busy""#, "[]", "404", r#"{"error":7}"#, "<html>"] {
        server.refuse(503, body).await;
        assert!(within(warnings.next()).await.unwrap().contains("503"), "{body}");
    }
    server.refuse(403, "[]").await;
    let expected = Error::UpgradeRefused { status: 403, code: None, message: "Forbidden".into(), retry_after: None };
    assert_eq!(within(connecting).await, Err(expected));
}

#[tokio::test]
async fn connects_without_the_subprotocol_where_something_on_the_way_strips_it() {
    let mut server = Server::start().await;
    let client = client(&server);
    let connecting = client.namespace("/").connect();
    let offered = |socket: &crate::support::Socket| socket.request.headers().contains_key("sec-websocket-protocol");
    assert!(offered(&server.accept_with(false).await));
    for _ in 0..2 {
        let mut socket = server.accept_with(false).await;
        assert!(!offered(&socket), "as long as it works without");
        socket.receive().await;
        socket.send(CONNECTED).await;
        socket.close(4500).await;
    }
    within(connecting).await.unwrap();
    server.refuse(503, "").await;
    assert!(offered(&server.accept().await));
}

#[tokio::test]
async fn comes_back_no_sooner_than_a_refusal_says() {
    let mut server = Server::start().await;
    let client = client(&server);
    let mut warnings = client.warnings();
    let connecting = client.namespace("/").connect();
    server.refuse_with(429, "Retry-After: 1\r\n", r#"{"error":{"code":"c","message":"m","retryAfter":3600000}}"#).await;
    assert!(within(warnings.next()).await.unwrap().contains("429"));
    client.network_changed();
    assert!(server.is_left_alone().await);
    drop(connecting);
}
