//! The Rust client in the conformance suite's hands: docs/conformance-agent.md says what it reads and writes.

mod bridge;
mod credentials;
mod rooms;
mod wire;

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use crate::bridge::Bridge;
use crate::credentials::Questions;
use crate::rooms::{RoomsAgent, Storages};
use crate::wire::{Answer, say};

enum AnyClient {
    Bridge(Bridge),
    Rooms(RoomsAgent),
}

/// What the clients of an agent have in common.
#[derive(Default)]
struct Agent {
    clients: HashMap<String, AnyClient>,
    questions: Questions,
    storages: Storages,
    /// Commands that are not answered yet, by their id.
    cancels: Arc<Mutex<HashMap<String, oneshot::Sender<()>>>>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    say(&json!({ "ready": { "client": "rust", "version": env!("CARGO_PKG_VERSION") } }));
    let mut lines = read_lines();
    let mut agent = Agent::default();
    while let Some(line) = lines.recv().await {
        match parse(&line) {
            Ok(command) if command["do"] == "exit" => {
                agent.close_all().await;
                say(&json!({ "id": command["id"], "ok": true }));
                break;
            }
            Ok(command) => agent.begin(&command),
            Err(error) => eprintln!("not a command: {error}: {line}"),
        }
    }
    agent.close_all().await;
    drop(agent);
    // The program ends by itself: when nothing of the clients is left. A task that was forgotten would keep it here.
    while tokio::runtime::Handle::current().metrics().num_alive_tasks() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A command: nested as deeply as it is, for what the client says of that is what counts.
fn parse(line: &str) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(line);
    deserializer.disable_recursion_limit();
    Value::deserialize(&mut deserializer)
}

/// In a thread of its own, which ends after `exit`: tokio's standard input would keep the program from ending.
fn read_lines() -> mpsc::UnboundedReceiver<String> {
    let (to, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            let is_last = line.contains("\"exit\"") && !line.contains("\"client\"");
            if to.send(line).is_err() || is_last {
                return;
            }
        }
    });
    lines
}

impl Agent {
    fn begin(&mut self, command: &Value) {
        let name = command["client"].as_str().unwrap_or_default();
        match command["do"].as_str().unwrap_or_default() {
            "open" => {
                let opened = self.open(name, command);
                wire::answer(&command["id"], opened.map(|()| None));
            }
            "give" => {
                let given = self.questions.give(command);
                wire::answer(&command["id"], given.map(|()| None));
            }
            "cancel" => {
                let cancel = lock(&self.cancels).remove(&command["target"].to_string());
                // One that is answered already needs none.
                cancel.map(|cancel| cancel.send(()));
                wire::answer(&command["id"], Ok(None));
            }
            "close" => {
                let client = self.clients.remove(name);
                let timeout = timeout(command);
                self.run(command, async move {
                    let Some(client) = client else { return Ok(None) };
                    Ok(client.close(timeout).await.map(|unsent| json!({ "unsent": unsent })))
                });
            }
            "flush" => {
                let flushed = self.clients.get(name).map(|client| client.flush(timeout(command).unwrap_or_default()));
                self.run(command, async move {
                    let flushed = flushed.ok_or_else(|| wire::failure("no_client", "there is no such client"))?;
                    Ok(Some(json!({ "unsent": flushed.await })))
                });
            }
            _ => match self.clients.get_mut(name) {
                Some(AnyClient::Bridge(client)) => {
                    let done = client.begin(command);
                    self.run(command, done);
                }
                Some(AnyClient::Rooms(client)) => {
                    let done = client.begin(command);
                    self.run(command, done);
                }
                None => wire::answer(&command["id"], Err(wire::failure("no_client", "there is no such client"))),
            },
        }
    }

    fn open(&mut self, name: &str, command: &Value) -> Result<(), Value> {
        let client = match command["layer"].as_str() {
            Some("bridge") => AnyClient::Bridge(Bridge::open(name, command, &self.questions)?),
            _ => AnyClient::Rooms(RoomsAgent::open(name, command, &self.questions, &mut self.storages)?),
        };
        self.clients.insert(name.to_owned(), client);
        Ok(())
    }

    /// Answers a command when it is done, or cancelled: the client's way to cancel is that a future is dropped.
    fn run(&self, command: &Value, done: impl Future<Output = Answer> + Send + 'static) {
        let id = command["id"].clone();
        let (cancel, cancelled) = oneshot::channel();
        lock(&self.cancels).insert(id.to_string(), cancel);
        let cancels = Arc::clone(&self.cancels);
        tokio::spawn(async move {
            let result = tokio::select! {
                result = done => result,
                Ok(()) = cancelled => Err(wire::failure("aborted", "the command was cancelled")),
            };
            lock(&cancels).remove(&id.to_string());
            wire::answer(&id, result);
        });
    }

    async fn close_all(&mut self) {
        for (_, client) in self.clients.drain() {
            client.close(None).await;
        }
    }
}

impl AnyClient {
    fn flush(&self, timeout: Duration) -> BoxFuture<'static, usize> {
        match self {
            Self::Bridge(client) => client.flush(timeout),
            Self::Rooms(client) => client.flush(timeout),
        }
    }

    async fn close(self, timeout: Option<Duration>) -> Option<usize> {
        match self {
            Self::Bridge(client) => client.close(timeout).await,
            Self::Rooms(client) => client.close(timeout).await,
        }
    }
}

/// The `timeout` of a command.
fn timeout(command: &Value) -> Option<Duration> {
    command["timeout"].as_u64().map(Duration::from_millis)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
