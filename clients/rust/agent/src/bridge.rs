//! The commands of the bridge layer.

use std::collections::{HashMap, HashSet};
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crossroom::{Client, Event, Events, Namespace, Received};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use crate::credentials::{Questions, headers, reconnect, transports};
use crate::lock;
use crate::wire::{Answer, args, bridge_error, failure, tell, through_binary};

pub struct Bridge {
    name: String,
    client: Client,
    /// Namespaces whose events are told.
    told: HashSet<String>,
    asked: Arc<Mutex<Asked>>,
}

/// Events that want an ack, by their key.
#[derive(Default)]
struct Asked {
    last: u64,
    events: HashMap<u64, Received>,
}

impl Bridge {
    pub fn open(name: &str, command: &Value, questions: &Questions) -> Result<Self, Value> {
        let (backoff, timeout) = reconnect(command);
        let mut builder = Client::builder(command["url"].as_str().unwrap_or_default()).backoff(backoff);
        if let Some(timeout) = timeout {
            builder = builder.attempt_timeout(timeout);
        }
        if let Some(path) = command["path"].as_str() {
            builder = builder.path(path);
        }
        if let Some(count) = command["maxBuffered"].as_u64() {
            builder = builder.max_buffered(usize::try_from(count).unwrap_or(usize::MAX), 8 << 20);
        }
        if let Some(transports) = transports() {
            builder = builder.transports(transports);
        }
        for (name, value) in headers(command) {
            builder = builder.header(name, value);
        }
        if command["auth"] == "ask" {
            let (questions, name) = (questions.clone(), name.to_owned());
            builder = builder.auth_with(move |_| questions.clone().ask(name.clone()));
        } else if command["auth"].is_object() {
            builder = builder.auth(&command["auth"]);
        }
        let client = builder.build().map_err(|error| bridge_error(&error))?;
        let (mut warnings, warned) = (client.warnings(), name.to_owned());
        tokio::spawn(async move {
            while let Some(message) = warnings.next().await {
                tell(&warned, "warning", json!({ "message": message }));
            }
        });
        Ok(Self { name: name.to_owned(), client, told: HashSet::new(), asked: Arc::default() })
    }

    /// Begins a command at once, and gives what waits for its end.
    pub fn begin(&mut self, command: &Value) -> BoxFuture<'static, Answer> {
        let ns = command["ns"].as_str().unwrap_or("/");
        let event = command["name"].as_str().unwrap_or_default();
        let namespace = self.namespace(ns);
        let done = |result: Result<(), crossroom::Error>| {
            ready(result.map(|()| None).map_err(|error| bridge_error(&error))).boxed()
        };
        match command["do"].as_str().unwrap_or_default() {
            "connect" => {
                let connected = namespace.connect();
                async move {
                    let connected = connected.await.map_err(|error| bridge_error(&error))?;
                    Ok(Some(json!({ "sid": connected.sid })))
                }
                .boxed()
            }
            "emit" => done(namespace.emit(event, args(command))),
            "call" => {
                let timeout = Duration::from_millis(command["timeout"].as_u64().unwrap_or(10_000));
                let answer = namespace.call(event, args(command), timeout);
                async move {
                    let args = answer.await.map_err(|error| bridge_error(&error))?;
                    Ok(Some(through_binary(Value::Array(args.into_vec()))))
                }
                .boxed()
            }
            "answer" => {
                let key = command["key"].as_u64().unwrap_or_default();
                let received = lock(&self.asked).events.get(&key).cloned();
                done(received.map_or(Ok(()), |received| received.answer(args(command))))
            }
            "disconnect" => {
                namespace.disconnect();
                done(Ok(()))
            }
            "background" => {
                self.client.background();
                done(Ok(()))
            }
            "foreground" => {
                self.client.foreground();
                done(Ok(()))
            }
            "network_changed" => {
                self.client.network_changed();
                done(Ok(()))
            }
            other => ready(Err(failure("unknown_command", other))).boxed(),
        }
    }

    pub fn flush(&self, timeout: Duration) -> BoxFuture<'static, usize> {
        self.client.flush(timeout).boxed()
    }

    /// With a time-out, how many events and calls did not make it.
    pub async fn close(self, timeout: Option<Duration>) -> Option<usize> {
        match timeout {
            Some(timeout) => Some(self.client.close_within(timeout).await),
            None => {
                self.client.close().await;
                None
            }
        }
    }

    fn namespace(&mut self, ns: &str) -> Namespace {
        let namespace = self.client.namespace(ns);
        if self.told.insert(ns.to_owned()) {
            tokio::spawn(tell_events(self.name.clone(), ns.to_owned(), namespace.events(), Arc::clone(&self.asked)));
        }
        namespace
    }
}

async fn tell_events(client: String, ns: String, mut events: Events, asked: Arc<Mutex<Asked>>) {
    while let Some(event) = events.next().await {
        let (name, mut fields) = match event {
            Event::Connected(connected) => ("connected", json!({ "sid": connected.sid })),
            Event::Disconnected(ended) => {
                let mut fields = json!({ "final": ended.is_final });
                if let Some(code) = ended.code {
                    fields["code"] = json!(code);
                }
                ("disconnected", fields)
            }
            Event::Refused(error) => ("refused", bridge_error(&error)),
            Event::Received(received) => {
                let args = through_binary(Value::Array(received.args.to_vec()));
                let mut fields = json!({ "name": received.name, "args": args });
                if received.wants_answer() {
                    let mut asked = lock(&asked);
                    asked.last += 1;
                    fields["key"] = json!(asked.last);
                    let key = asked.last;
                    asked.events.insert(key, received);
                }
                ("event", fields)
            }
            _ => continue,
        };
        if ns != "/" {
            fields["ns"] = json!(ns);
        }
        tell(&client, name, fields);
    }
}
