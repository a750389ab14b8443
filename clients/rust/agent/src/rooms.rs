//! The commands of the rooms layer.

use std::collections::HashMap;
use std::future::{Future, ready};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossroom::rooms::{
    History, InboxItem, JoinOptions, Members, MemoryStorage, Room, RoomEvent, RoomEvents, RoomsEvent, SendOptions,
};
use crossroom::{Rooms, RoomsError};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};

use crate::credentials::{Questions, headers, reconnect, transports};
use crate::lock;
use crate::wire::{Answer, failure, rooms_error, tell, through_binary};

/// Storages by name, kept as long as the agent runs.
pub type Storages = HashMap<String, Arc<MemoryStorage>>;

pub struct RoomsAgent {
    name: String,
    rooms: Rooms,
    /// Rooms whose events are told, and whether they are to be told now.
    told: HashMap<String, watch::Sender<bool>>,
    items: Arc<Mutex<Items>>,
}

/// Items that are being processed, by their key.
#[derive(Default)]
struct Items {
    last: u64,
    waiting: HashMap<u64, oneshot::Sender<Result<(), String>>>,
}

impl RoomsAgent {
    pub fn open(name: &str, command: &Value, questions: &Questions, storages: &mut Storages) -> Result<Self, Value> {
        let text = |name: &str| command[name].as_str();
        let (backoff, timeout) = reconnect(command);
        let mut builder = Rooms::builder(text("url").unwrap_or_default()).backoff(backoff);
        if let Some(timeout) = timeout {
            builder = builder.attempt_timeout(timeout);
        }
        if let Some(path) = text("path") {
            builder = builder.path(path);
        }
        if let Some(transports) = transports() {
            builder = builder.transports(transports);
        }
        for (name, value) in headers(command) {
            builder = builder.header(name, value);
        }
        if text("token") == Some("ask") {
            let (questions, name) = (questions.clone(), name.to_owned());
            builder = builder.token_with(move || {
                let given = questions.clone().ask(name.clone());
                async move { Ok(given.await?.as_str().unwrap_or_default().to_owned()) }
            });
        } else if let Some(token) = text("token") {
            builder = builder.token(token);
        }
        if let Some(name) = text("name") {
            builder = builder.name(name);
        }
        if let Some(device) = text("device") {
            builder = builder.device(device);
        }
        if let Some(milliseconds) = command["ackTimeout"].as_u64() {
            builder = builder.ack_timeout(Duration::from_millis(milliseconds));
        }
        if let Some(count) = command["maxPending"].as_u64() {
            builder = builder.max_pending(usize::try_from(count).unwrap_or(usize::MAX));
        }
        if let Some(count) = command["maxUnread"].as_u64() {
            builder = builder.max_unread(usize::try_from(count).unwrap_or(usize::MAX));
        }
        if let Some(storage) = text("storage") {
            let storage = Arc::clone(storages.entry(storage.to_owned()).or_default());
            builder = builder.storage(storage);
        }
        let rooms = builder.build().map_err(|error| rooms_error(&error))?;
        tokio::spawn(tell_session(name.to_owned(), rooms.events()));
        Ok(Self { name: name.to_owned(), rooms, told: HashMap::new(), items: Arc::default() })
    }

    /// Begins a command at once, and gives what waits for its end.
    pub fn begin(&mut self, command: &Value) -> BoxFuture<'static, Answer> {
        let text = |name: &str| command[name].as_str().unwrap_or_default();
        let position = |name: &str| serde_json::from_value(command[name].clone()).ok();
        let number = |name: &str| command[name].as_u64().and_then(|number| u32::try_from(number).ok());
        let data = || through_binary(command["data"].clone());
        let done = || ready(Ok(None)).boxed();
        match text("do") {
            "ready" => {
                let rooms = self.rooms.clone();
                value(async move { rooms.ready().await })
            }
            "join" => {
                let mut options = JoinOptions::default();
                options.since = position("since");
                options.history = number("history");
                value(self.room(text("room")).join_with(options))
            }
            "state" => {
                let state = self.room(text("room")).state();
                ready(Ok(Some(json!(format!("{state:?}").to_lowercase())))).boxed()
            }
            "position" => ready(Ok(Some(json!(self.room(text("room")).position())))).boxed(),
            "pause" | "resume" => {
                self.room(text("room"));
                if let Some(is_told) = self.told.get(text("room")) {
                    is_told.send_replace(text("do") == "resume");
                }
                done()
            }
            "leave" => self.room(text("room")).leave().map(|()| Ok(None)).boxed(),
            "publish" => {
                let room = self.room(text("room"));
                match command["messageId"].as_str() {
                    Some(id) => value(room.publish_with_id(id, data())),
                    None => value(room.publish(data())),
                }
            }
            "signal" => {
                let sent = self.room(text("room")).signal(data());
                ready(sent.map(|()| None).map_err(|error| rooms_error(&error))).boxed()
            }
            "history" => {
                let page = match (position("before"), position("after")) {
                    (Some(before), _) => History::before(&before),
                    (None, Some(after)) => History::after(&after),
                    (None, None) => History::newest(),
                };
                value(self.room(text("room")).history(number("limit").map_or(page.clone(), |limit| page.limit(limit))))
            }
            "members" => ready(Ok(Some(shown(&self.room(text("room")).members())))).boxed(),
            "list_members" => value(self.room(text("room")).list_members(command["after"].as_str(), number("limit"))),
            "send" => {
                let mut options = SendOptions::default();
                options.id = command["messageId"].as_str().map(str::to_owned);
                options.receipt = command["receipt"] == true;
                value(self.rooms.send_with(text("to"), data(), options))
            }
            "inbox" => self.inbox(command["ask"] == true),
            "cursor" => ready(Ok(Some(json!(self.rooms.inbox().cursor())))).boxed(),
            "processed" => {
                let waiting = lock(&self.items).waiting.remove(&command["key"].as_u64().unwrap_or_default());
                let result = command["error"].as_str().map_or(Ok(()), |error| Err(error.to_owned()));
                // The client may have lost interest.
                waiting.map(|waiting| waiting.send(result));
                done()
            }
            "background" => {
                self.rooms.background();
                done()
            }
            "foreground" => {
                self.rooms.foreground();
                done()
            }
            "network_changed" => {
                self.rooms.network_changed();
                done()
            }
            other => ready(Err(failure("unknown_command", other))).boxed(),
        }
    }

    pub fn flush(&self, timeout: Duration) -> BoxFuture<'static, usize> {
        self.rooms.flush(timeout).boxed()
    }

    /// With a time-out, how many publishes and sends did not make it.
    pub async fn close(self, timeout: Option<Duration>) -> Option<usize> {
        match timeout {
            Some(timeout) => Some(self.rooms.close_within(timeout).await),
            None => {
                self.rooms.close().await;
                None
            }
        }
    }

    fn room(&mut self, name: &str) -> Room {
        let room = self.rooms.room(name);
        if !self.told.contains_key(name) {
            let (told, is_told) = watch::channel(true);
            tokio::spawn(tell_room(self.name.clone(), name.to_owned(), room.events(), is_told));
            self.told.insert(name.to_owned(), told);
        }
        room
    }

    fn inbox(&self, asks: bool) -> BoxFuture<'static, Answer> {
        let (client, items) = (self.name.clone(), Arc::clone(&self.items));
        value(self.rooms.inbox().process(move |item| process(client.clone(), Arc::clone(&items), asks, item)))
    }
}

/// Tells of an item; and waits for the command that says how it was processed, if that is asked about.
async fn process(client: String, items: Arc<Mutex<Items>>, asks: bool, item: InboxItem) -> Result<(), String> {
    let mut fields = json!({ "item": through_binary(json!(item)) });
    if !asks {
        tell(&client, "item", fields);
        return Ok(());
    }
    let (processed, answer) = oneshot::channel();
    {
        let mut items = lock(&items);
        items.last += 1;
        fields["key"] = json!(items.last);
        let key = items.last;
        items.waiting.insert(key, processed);
    }
    tell(&client, "item", fields);
    answer.await.unwrap_or_else(|_| Err("nobody has said".to_owned()))
}

fn value<T: Serialize>(
    result: impl Future<Output = Result<T, RoomsError>> + Send + 'static,
) -> BoxFuture<'static, Answer> {
    async move {
        let value = result.await.map_err(|error| rooms_error(&error))?;
        Ok(Some(through_binary(json!(value))))
    }
    .boxed()
}

fn shown(members: &Members) -> Value {
    json!({ "members": members.to_vec(), "count": members.count(), "counted": members.is_counted() })
}

async fn tell_session(client: String, mut events: crossroom::rooms::RoomsEvents) {
    while let Some(event) = events.next().await {
        match event {
            RoomsEvent::Connected(me) => tell(&client, "connect", json!({ "self": me })),
            RoomsEvent::Disconnected(reason) => tell(&client, "disconnect", json!({ "reason": reason })),
            RoomsEvent::Ended(error) => tell(&client, "end", json!({ "error": rooms_error(&error) })),
            RoomsEvent::Warning(message) => tell(&client, "warning", json!({ "message": message })),
            RoomsEvent::DeviceTaken(_) => tell(&client, "device", json!({ "taken": true })),
            RoomsEvent::DeviceReturned => tell(&client, "device", json!({ "taken": false })),
            RoomsEvent::InboxLost => tell(&client, "inbox_lost", json!({})),
            _ => {}
        }
    }
}

async fn tell_room(client: String, room: String, mut events: RoomEvents, mut is_told: watch::Receiver<bool>) {
    loop {
        // An error: the agent has forgotten the room, with its client, and the events end.
        let _ = is_told.wait_for(|is_told| *is_told).await;
        let event = tokio::select! {
            biased;
            Ok(()) = is_told.changed() => continue,
            event = events.next() => event,
        };
        let Some(event) = event else { return };
        let (name, mut fields) = match event {
            Ok(RoomEvent::Joined(joined)) => ("joined", json!(joined)),
            Ok(RoomEvent::Left(error)) => ("left", json!({ "error": rooms_error(&error) })),
            Ok(RoomEvent::Message(message)) => ("message", json!({ "message": through_binary(json!(message)) })),
            Ok(RoomEvent::Signal(signal)) => ("signal", json!({ "signal": through_binary(json!(signal)) })),
            Ok(RoomEvent::Presence(members)) => ("presence", shown(&members)),
            Ok(_) => continue,
            Err(error) => ("warning", json!({ "message": error.to_string() })),
        };
        fields["room"] = json!(room);
        tell(&client, name, fields);
    }
}
