//! The rooms layer.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{CONNECTED, Server, Socket, nothing_left, within};
use crossroom::rooms::{InboxItem, MemoryStorage, RoomState, RoomsEvent};
use crossroom::{Backoff, Rooms, Transport};
use serde_json::{Value, json};

/// The rooms server's part of a connect.
async fn welcome(socket: &mut Socket) -> Value {
    let connect = socket.receive().await;
    socket.send(CONNECTED).await;
    let me = json!({ "user": "ada", "name": "Ada", "sid": "s", "device": "d", "guest": true, "token": "t" });
    notice(socket, "welcome", me).await;
    connect["auth"].clone()
}

async fn notice(socket: &mut Socket, event: &str, payload: Value) {
    socket.send(&json!({ "type": "event", "event": event, "args": [payload] }).to_string()).await;
}

/// Answers the next call, which must be this one.
async fn answer(socket: &mut Socket, call: &str, result: Value) -> Value {
    let mut frame = socket.receive().await;
    assert_eq!(frame["event"], call);
    socket.send(&json!({ "type": "ack", "id": frame["id"], "args": [result] }).to_string()).await;
    frame["args"][0].take()
}

fn position(offset: u64) -> Value {
    json!({ "epoch": "e", "offset": offset })
}

fn joined(offset: u64) -> Value {
    json!({ "ok": true, "room": "r", "position": position(offset), "members": [], "count": 0 })
}

fn rooms(server: &Server) -> Rooms {
    let short = Duration::from_millis(10);
    let builder = Rooms::builder(server.url()).backoff(Backoff { min: short, max: short, jitter: 0.0 });
    builder.name("Ada").storage(Arc::new(MemoryStorage::default())).build().expect("a client")
}

#[tokio::test]
async fn joins_publishes_and_catches_up_after_a_lost_connection() {
    let mut server = Server::start().await;
    let rooms = rooms(&server);
    let room = rooms.room("r");
    let mut messages = room.messages();
    assert_eq!(room.state(), RoomState::Detached);
    let joining = room.join();
    assert_eq!(room.state(), RoomState::Joining);
    let mut socket = server.accept().await;
    let auth = welcome(&mut socket).await;
    assert_eq!((&auth["name"], auth["device"].as_str()), (&json!("Ada"), Some(rooms.device().as_str())));
    answer(&mut socket, "join", joined(0)).await;
    assert!(within(joining).await.unwrap().recovered);
    assert_eq!(room.state(), RoomState::Joined);

    let publishing = room.publish("hello");
    let call = socket.receive().await;
    drop(socket); // the network is cut before the ack
    let mut socket = server.accept().await;
    assert_eq!(welcome(&mut socket).await["token"], "t", "the same guest");
    let id = call["args"][0]["id"].clone();
    let from = json!({ "user": "ben", "name": "Ben", "sid": "x", "transport": "bridge" });
    let missed = json!({ "room": "r", "id": "m", "position": position(1), "from": from, "data": 7, "at": 1 });
    let mut caught_up = joined(1);
    caught_up["recovered"] = json!(true);
    caught_up["messages"] = json!([missed]);
    assert_eq!(answer(&mut socket, "join", caught_up).await["since"], position(0));
    let published = json!({ "ok": true, "id": id, "position": position(2), "at": 1, "duplicate": false });
    assert_eq!(answer(&mut socket, "publish", published).await["id"], id, "the same id again");
    assert_eq!(within(publishing).await.unwrap().position.offset, 2);
    assert_eq!(within(messages.next()).await.unwrap().unwrap().parse::<u8>().unwrap(), 7);

    assert_eq!(room.state(), RoomState::Joined);

    tokio::join!(rooms.close(), socket.closed());
    rooms.close().await;
    assert_eq!(room.state(), RoomState::Detached);
    assert!(within(messages.next()).await.is_none());
    drop((server, socket));
    nothing_left().await;
}

#[tokio::test]
async fn reads_by_page_who_is_in_a_room_that_is_counted() {
    let mut server = Server::start().await;
    let rooms = rooms(&server);
    let room = rooms.room("r");
    let joining = room.join();
    let mut socket = server.accept().await;
    welcome(&mut socket).await;
    let counted = json!({ "ok": true, "room": "r", "position": position(0), "count": 201, "maxNames": 200 });
    answer(&mut socket, "join", counted).await;
    within(joining).await.unwrap();
    let members = room.members();
    assert_eq!((members.len(), members.count(), members.is_counted()), (0, 201, true));

    let listing = room.list_members(None, None);
    let ben = json!({ "user": "ben", "name": "Ben", "devices": [{ "id": "d", "sid": "x", "transport": "bridge" }] });
    let page = json!({ "ok": true, "room": "r", "members": [ben], "count": 201, "more": true });
    assert_eq!(answer(&mut socket, "presence", page).await, json!({ "room": "r" }));
    let page = within(listing).await.unwrap();
    assert_eq!(
        (&page.members[0].name, page.members[0].devices.len(), page.count, page.more),
        (&"Ben".into(), 1, 201, true)
    );

    let listing = room.list_members(Some("ben"), Some(200));
    let nonsense = json!({ "ok": true, "room": "r", "members": [{ "user": 1 }], "count": 201, "more": false });
    assert_eq!(answer(&mut socket, "presence", nonsense).await, json!({ "room": "r", "after": "ben", "limit": 200 }));
    assert_eq!(within(listing).await.unwrap_err().code(), "bad_answer");
}

#[tokio::test]
async fn takes_answers_and_events_in_the_order_in_which_they_came() {
    let mut server = Server::start().await;
    let rooms = rooms(&server);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let opening = rooms.inbox().process(move |item| {
        let told = tell.send(item);
        async move { told.map_err(|_| "nobody listens") }
    });
    let mut socket = server.accept().await;
    welcome(&mut socket).await;
    // The item comes right behind the ack: who took it for first would drop it.
    answer(&mut socket, "inbox", json!({ "ok": true, "cursor": position(0), "waiting": 1, "known": true })).await;
    notice(
        &mut socket,
        "inbox",
        json!({ "type": "receipt", "id": "i", "position": position(1), "from": { "user": "b" }, "at": 1 }),
    )
    .await;
    assert_eq!(within(opening).await.unwrap().waiting, 1);
    assert!(matches!(within(told.recv()).await, Some(InboxItem::Receipt { .. })));
    let ack = answer(&mut socket, "inbox_ack", json!({ "ok": true, "cursor": position(1) })).await;
    assert_eq!(ack["position"], position(1));
    assert_eq!(rooms.inbox().cursor().unwrap().offset, 1);
}

#[tokio::test]
async fn is_closed_by_its_own_processor_and_leaves_nothing_behind() {
    let mut server = Server::start().await;
    let rooms = rooms(&server);
    let mut events = rooms.events();
    let closing = rooms.clone();
    let opening = rooms.inbox().process(move |_| {
        let rooms = closing.clone();
        async move {
            rooms.close().await;
            Ok::<(), String>(())
        }
    });
    let mut socket = server.accept().await;
    welcome(&mut socket).await;
    answer(&mut socket, "inbox", json!({ "ok": true, "cursor": position(0), "waiting": 1, "known": true })).await;
    notice(
        &mut socket,
        "inbox",
        json!({ "type": "receipt", "id": "i", "position": position(1), "from": { "user": "b" }, "at": 1 }),
    )
    .await;
    within(opening).await.unwrap();
    assert_eq!(socket.closed().await, Some(1000));
    assert_eq!(within(events.next()).await, Some(RoomsEvent::Transport(Transport::WebSocket)));
    assert!(matches!(within(events.next()).await, Some(RoomsEvent::Connected(_))));
    assert!(within(events.next()).await.is_none());
    assert_eq!(within(rooms.ready()).await.unwrap_err().code(), "closed");
    drop((server, socket));
    nothing_left().await;
}

#[tokio::test]
async fn a_publish_is_given_up_by_dropping_it_and_goes_on_when_it_is_detached() {
    let mut server = Server::start().await;
    let rooms = rooms(&server);
    let room = rooms.room("r");
    let joining = room.join();
    drop(room.publish("dropped"));
    room.publish("detached").detach();
    let mut socket = server.accept().await;
    welcome(&mut socket).await;
    answer(&mut socket, "join", joined(0)).await;
    within(joining).await.unwrap();
    let published = json!({ "ok": true, "id": "i", "position": position(1), "at": 1, "duplicate": false });
    assert_eq!(answer(&mut socket, "publish", published).await["data"], "detached");
}

#[tokio::test]
async fn the_session_ends_where_a_token_is_refused() {
    let mut server = Server::start().await;
    let rooms = Rooms::builder(server.url()).token("bad").build().expect("a client");
    let mut events = rooms.events();
    let joining = rooms.room("r").join();
    let mut socket = server.accept().await;
    assert_eq!(socket.receive().await["auth"]["token"], "bad");
    let data = json!({ "code": "unauthorized", "message": "No.", "retryable": false });
    socket.send(&json!({ "type": "connect_error", "message": "No.", "data": data }).to_string()).await;
    let Some(RoomsEvent::Ended(error)) = within(events.next()).await else { panic!("it did not end") };
    assert_eq!(error.code(), "unauthorized");
    assert_eq!(within(joining).await, Err(error));
    assert!(server.is_left_alone().await);
    within(rooms.close()).await;
}

#[tokio::test]
async fn an_ack_and_the_close_behind_it_are_taken_one_after_the_other() {
    let mut server = Server::start().await;
    let rooms = rooms(&server);
    let room = rooms.room("r");
    let joining = room.join();
    let mut socket = server.accept().await;
    welcome(&mut socket).await;
    answer(&mut socket, "join", joined(0)).await;
    within(joining).await.unwrap();
    let (first, second) = (room.publish(1), room.publish(2));
    let published = |call: &Value, offset| {
        let result = json!({ "ok": true, "id": call["args"][0]["id"], "position": position(offset), "at": 1 });
        json!({ "type": "ack", "id": call["id"], "args": [result] }).to_string()
    };
    let call = socket.receive().await;
    // The second publish is made while the end of the connection is known to the bridge layer alone.
    socket.send_and_close(&published(&call, 1), 4501).await;
    assert_eq!(within(first).await.unwrap().position.offset, 1);
    let mut socket = server.accept().await;
    welcome(&mut socket).await;
    answer(&mut socket, "join", joined(0)).await;
    let call = socket.receive().await;
    assert_eq!(call["args"][0]["data"], 2);
    socket.send(&published(&call, 2)).await;
    assert_eq!(within(second).await.unwrap().position.offset, 2);
}

/// In threads of their own: one that waits for its own lock would stop the test too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_processor_may_hold_the_last_handle() {
    let mut server = Server::start().await;
    let rooms = rooms(&server);
    let mut events = rooms.events();
    let held = rooms.clone();
    let opening = rooms.inbox().process(move |_| {
        let rooms = held.clone();
        async move {
            drop(rooms);
            Ok::<(), String>(())
        }
    });
    drop(rooms);
    let mut socket = server.accept().await;
    welcome(&mut socket).await;
    answer(&mut socket, "inbox", json!({ "ok": true, "cursor": position(0), "waiting": 0, "known": true })).await;
    within(opening).await.unwrap();
    socket.close(4403).await;
    assert_eq!(within(events.next()).await, Some(RoomsEvent::Transport(Transport::WebSocket)));
    assert!(matches!(within(events.next()).await, Some(RoomsEvent::Connected(_))));
    assert!(matches!(within(events.next()).await, Some(RoomsEvent::Disconnected(_))));
    assert!(matches!(within(events.next()).await, Some(RoomsEvent::Ended(_))));
    assert!(within(events.next()).await.is_none());
    drop(server);
    nothing_left().await;
}

#[tokio::test]
async fn items_go_to_the_next_processor_where_one_is_stopped() {
    let mut server = Server::start().await;
    let rooms = rooms(&server);
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let began = tell.clone();
    let opening = rooms.inbox().process(move |item| {
        let began = began.clone();
        async move {
            began.send(item).map_err(|_| "nobody listens")?;
            std::future::pending::<Result<(), &str>>().await
        }
    });
    let mut socket = server.accept().await;
    welcome(&mut socket).await;
    let opened = json!({ "ok": true, "cursor": position(0), "waiting": 1, "known": true });
    answer(&mut socket, "inbox", opened.clone()).await;
    let item = json!({ "type": "receipt", "id": "i", "position": position(1), "from": { "user": "b" }, "at": 1 });
    notice(&mut socket, "inbox", item).await;
    within(opening).await.unwrap();
    within(told.recv()).await.expect("the first run");
    rooms.inbox().stop();
    let opening = rooms.inbox().process(move |item| {
        let told = tell.send(item);
        async move { told.map_err(|_| "nobody listens") }
    });
    within(told.recv()).await.expect("the second run");
    answer(&mut socket, "inbox", opened).await;
    assert_eq!(answer(&mut socket, "inbox_ack", json!({ "ok": true })).await["position"], position(1));
    within(opening).await.unwrap();
}

#[tokio::test]
async fn what_was_detached_is_sent_before_the_end_and_what_was_not_answered_is_counted() {
    let mut server = Server::start().await;
    let rooms = rooms(&server);
    let room = rooms.room("r");
    let joining = room.join();
    let mut socket = server.accept().await;
    welcome(&mut socket).await;
    answer(&mut socket, "join", joined(0)).await;
    within(joining).await.unwrap();
    (0..3).for_each(|number| room.publish(number).detach());
    let closing = tokio::spawn(rooms.close_within(Duration::from_millis(500)));
    for offset in 1..=2 {
        let published = json!({ "ok": true, "id": "i", "position": position(offset), "at": 1, "duplicate": false });
        assert_eq!(answer(&mut socket, "publish", published).await["data"], offset - 1);
    }
    socket.receive().await;
    assert_eq!(within(closing).await.unwrap(), 1);
    assert_eq!(socket.closed().await, Some(1000));
}

#[tokio::test]
async fn the_last_handle_that_is_dropped_lets_detached_publishes_leave() {
    let mut server = Server::start().await;
    let rooms = rooms(&server);
    let room = rooms.room("r");
    let joining = room.join();
    let mut socket = server.accept().await;
    welcome(&mut socket).await;
    answer(&mut socket, "join", joined(0)).await;
    within(joining).await.unwrap();
    (0..3).for_each(|number| room.publish(number).detach());
    room.signal("bye").unwrap();
    drop((room, rooms));
    for offset in 1..=3 {
        let mut call = socket.receive().await;
        if call["event"] == "signal" {
            call = socket.receive().await;
        }
        let published = json!({ "ok": true, "id": "i", "position": position(offset), "at": 1, "duplicate": false });
        socket.send(&json!({ "type": "ack", "id": call["id"], "args": [published] }).to_string()).await;
    }
    assert_eq!(socket.closed().await, Some(1000));
    drop((server, socket));
    nothing_left().await;
}

#[tokio::test]
async fn a_signal_before_a_close_leaves_and_a_join_that_is_dropped_joins_nothing() {
    let mut server = Server::start().await;
    let rooms = rooms(&server);
    let joining = rooms.room("r").join();
    let mut socket = server.accept().await;
    welcome(&mut socket).await;
    answer(&mut socket, "join", joined(0)).await;
    within(joining).await.unwrap();
    drop(rooms.room("other").join());
    assert_eq!(socket.receive().await["event"], "join");
    assert_eq!(socket.receive().await["event"], "leave");
    rooms.room("r").signal("bye").unwrap();
    let closing = rooms.close();
    assert_eq!(socket.receive().await["event"], "signal");
    tokio::join!(closing, socket.closed());
}
