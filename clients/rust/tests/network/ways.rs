//! Which way to the server a client takes.

use std::time::Duration;

use crate::http_support::{HttpServer, builder, connected};
use crate::support::{CONNECTED, Server, within};
use crossroom::{Backoff, Client, Error, Transport};

#[tokio::test]
async fn falls_back_where_the_handshake_is_refused_or_has_no_answer() {
    for refusal in ["400", "404", "426", "502", "503", "cut", "html"] {
        let mut server = HttpServer::start().await;
        let client = builder(&server).build().unwrap();
        let connecting = client.namespace("/").connect();
        let mut upgrade = server.next("UPGRADE").await;
        match refusal {
            "cut" => drop(upgrade),
            "html" => upgrade.write("<html>").await,
            status => upgrade.answer(status.parse().unwrap(), "<html>").await,
        }
        server.open().await;
        let (mut stream, _) = server.begin().await;
        stream.frame(CONNECTED).await;
        assert_eq!(within(connecting).await.unwrap().transport, Transport::Sse, "{refusal}");
    }
}

#[tokio::test]
async fn falls_back_where_the_handshake_hangs() {
    let mut server = HttpServer::start().await;
    let client = builder(&server).attempt_timeout(Duration::from_secs(1)).build().unwrap();
    let _connecting = client.namespace("/").connect();
    let upgrade = server.next("UPGRADE").await;
    server.open().await;
    upgrade.closed().await;
}

#[tokio::test]
async fn does_not_fall_back_where_the_server_itself_refuses_or_http_is_turned_off() {
    let fails = |status: u16| matches!(status, 401 | 403);
    for (status, headers, transports) in [
        (401, "", &Transport::ALL[..]),
        (403, "", &Transport::ALL),
        (429, "", &Transport::ALL),
        (503, "Retry-After: 3600\r\n", &Transport::ALL),
        (404, "", &[Transport::WebSocket]),
    ] {
        let mut server = HttpServer::start().await;
        let hour = Duration::from_secs(3600);
        let builder = builder(&server).backoff(Backoff { min: hour, max: hour, jitter: 0.0 });
        let client = builder.transports(transports.iter().copied()).build().unwrap();
        let mut warnings = client.warnings();
        let connecting = client.namespace("/").connect();
        server.next("UPGRADE").await.answer_with(status, headers, "").await;
        assert!(within(warnings.next()).await.unwrap().contains(&status.to_string()));
        assert!(server.is_left_alone().await, "{status}");
        if fails(status) {
            assert_eq!(within(connecting).await.unwrap_err().code(), "refused");
        }
    }
}

#[tokio::test]
async fn what_the_opening_says_counts_as_for_an_upgrade() {
    let mut server = HttpServer::start().await;
    let client = builder(&server).build().unwrap();
    let connecting = client.namespace("/").connect();
    server.next("UPGRADE").await.answer(404, "").await;
    server.next("POST").await.answer(401, r#"{"error":{"code":"unauthorized","message":"No."}}"#).await;
    let Err(Error::UpgradeRefused { status, message, .. }) = within(connecting).await else { panic!("not refused") };
    assert_eq!((status, message.as_str()), (401, "No."));
}

#[tokio::test]
async fn goes_by_the_websockets_refusal_where_there_is_no_bridge_over_http() {
    let mut server = HttpServer::start().await;
    let client = builder(&server).build().unwrap();
    let mut warnings = client.warnings();
    let _connecting = client.namespace("/").connect();
    server.next("UPGRADE").await.answer(404, "").await;
    server.next("POST").await.answer(405, "<html>").await;
    assert!(within(warnings.next()).await.unwrap().contains("404"));
    server.next("UPGRADE").await.answer(404, "").await;
    assert_eq!(server.any().await.method, "UPGRADE", "it does not fall back again soon");
}

#[tokio::test]
async fn begins_with_the_websocket_again_where_the_opening_has_no_answer() {
    let mut server = HttpServer::start().await;
    let client = builder(&server).build().unwrap();
    let _connecting = client.namespace("/").connect();
    server.next("UPGRADE").await.answer(400, "").await;
    drop(server.next("POST").await);
    assert_eq!(server.any().await.method, "UPGRADE", "400 is not the end where HTTP had no answer");
}

#[tokio::test]
async fn remembers_for_all_clients_what_worked() {
    let mut server = HttpServer::start().await;
    let first = builder(&server).build().unwrap();
    let (_, stream) = connected(&mut server, &first).await;
    let second = builder(&server).query("other", "query").build().unwrap();
    let _connecting = second.namespace("/").connect();
    server.open().await;
    let websocket = builder(&server).transports([Transport::WebSocket]).build().unwrap();
    let _connecting = websocket.namespace("/").connect();
    server.next("UPGRADE").await.answer(400, "").await;
    drop(stream);
}

#[tokio::test]
async fn tries_http_after_a_websocket_that_does_not_come_through() {
    let mut server = Server::start().await;
    let short = Duration::from_millis(10);
    let builder = Client::builder(server.url()).backoff(Backoff { min: short, max: short, jitter: 0.0 });
    let client = builder.build().unwrap();
    let _connecting = client.namespace("/").connect();
    let mut socket = server.accept().await;
    socket.receive().await;
    drop(socket);
    let request = server.request().await;
    assert!(request.starts_with("POST /bridge "), "{request}");
}
