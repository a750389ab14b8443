//! The I/O of a rooms client: a client of the bridge layer that it has for itself, and the application's functions.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use serde_json::Value;
use tokio::task::JoinSet;

use super::credentials::Credentials;
use super::protocol::rooms_effect::RoomsEffect;
use super::protocol::rooms_error::RoomsError;
use super::protocol::rooms_machine::RoomsMachine;
use super::protocol::send_queue::CallOutcome;
use crate::client::{Client, Namespace};
use crate::driver::{Shared, Shell};
use crate::events::{Event, Events, Warnings};
use crate::protocol::args::Args;
use crate::protocol::errors::{CredentialsError, Error};
use crate::protocol::machine::Machine;

enum Happened {
    /// Nothing to tell.
    Done,
    Event(Option<Event>),
    Warning(String),
    Connected(Result<(), Error>),
    Token(u64, Result<String, CredentialsError>),
    Processed(u64, Result<(), String>),
}

pub(crate) struct RoomsShell {
    shared: Arc<Shared<RoomsMachine>>,
    client: Client,
    namespace: Namespace,
    events: Events,
    warnings: Warnings,
    credentials: Arc<Credentials>,
    /// Calls that wait for their ack: the machine's keys, by the requests' ids.
    calls: HashMap<u64, u64>,
    work: FuturesUnordered<BoxFuture<'static, Happened>>,
    /// The application's processors: in tasks of their own, so that they may take their time.
    processors: JoinSet<Happened>,
}

impl RoomsShell {
    pub(crate) fn new(shared: &Arc<Shared<RoomsMachine>>, client: &Client, credentials: Arc<Credentials>) -> Self {
        let namespace = client.namespace("/");
        Self {
            shared: Arc::clone(shared),
            client: client.clone(),
            events: namespace.events(),
            namespace,
            warnings: client.warnings(),
            credentials,
            calls: HashMap::new(),
            work: FuturesUnordered::new(),
            processors: JoinSet::new(),
        }
    }
}

/// The client is closed already, but by a task that did not come to its end.
impl Drop for RoomsShell {
    fn drop(&mut self) {
        drop(self.client.close());
    }
}

impl Shell for RoomsShell {
    type Machine = RoomsMachine;

    fn perform(&mut self, effect: RoomsEffect) {
        match effect {
            RoomsEffect::Connect => {
                let connected = self.namespace.connect();
                self.work.push(async move { Happened::Connected(connected.await.map(drop)) }.boxed());
            }
            RoomsEffect::Call { key, name, argument } => match self.events.request(name, [argument]) {
                Ok(id) => drop(self.calls.insert(id, key)),
                // The end of the connection is among the events, and settles this call with all others. Settled now, it
                // would be made again at once, and for ever: the machine does not know of the end yet.
                Err(Error::Disconnected | Error::Closed) => {}
                Err(error) => self.shared.look(|machine| machine.answered(key, outcome(Err(error)))),
            },
            RoomsEffect::Tell { name, argument } => match self.namespace.emit_now(name, [argument]) {
                // Dropped, where there is no connection.
                Ok(()) | Err(Error::Disconnected | Error::Closed) => {}
                Err(error) => self.shared.look(|machine| machine.warn(format!("a {name} was not sent: {error}"))),
            },
            RoomsEffect::NewToken { generation } => {
                // A token that does not change would not help.
                if let Some(tokens) = self.credentials.tokens.as_ref().filter(|tokens| tokens.is_asked()) {
                    let token = tokens.get(());
                    self.work.push(async move { Happened::Token(generation, token.await) }.boxed());
                }
            }
            RoomsEffect::Forget { key } => {
                let ids: Vec<u64> = self.calls.iter().filter(|(_, of)| **of == key).map(|(id, _)| *id).collect();
                for id in ids {
                    self.calls.remove(&id);
                    self.events.forget(id);
                }
            }
            RoomsEffect::Release { processor } => {
                self.processors.abort_all();
                drop(processor);
            }
            RoomsEffect::Process { run, item, processor } => {
                self.processors.spawn(async move {
                    let processed = AssertUnwindSafe(async move { processor(item).await }).catch_unwind().await;
                    Happened::Processed(run, processed.unwrap_or_else(|_| Err("the processor panicked".to_owned())))
                });
            }
        }
    }

    async fn happen(&mut self) {
        let happened = tokio::select! {
            event = self.events.next() => Happened::Event(event),
            Some(happened) = self.work.next() => happened,
            Some(run) = self.processors.join_next() => run.unwrap_or(Happened::Done), // an error: it was aborted
            Some(warning) = self.warnings.next() => Happened::Warning(warning),
        };
        let calls = &mut self.calls;
        self.shared.look(|machine| match happened {
            Happened::Event(Some(Event::Received(received))) => machine.notice(&received.name, &received.args),
            Happened::Event(Some(Event::Answered(answered))) => {
                if let Some(key) = calls.remove(&answered.id) {
                    machine.answered(key, outcome(answered.outcome));
                }
            }
            Happened::Event(Some(Event::Connected(connected))) => machine.transport(connected.transport),
            Happened::Event(Some(Event::TransportChanged(transport))) => machine.transport(transport),
            Happened::Event(Some(Event::Disconnected(ended))) => machine.disconnected(ended),
            Happened::Event(Some(Event::Refused(error))) | Happened::Connected(Err(error)) => machine.refused(&error),
            // The client is closed, and nothing more will come.
            Happened::Event(None) => machine.close(),
            Happened::Done | Happened::Connected(Ok(())) => {}
            Happened::Warning(warning) => machine.warn(warning),
            Happened::Token(generation, token) => machine.token(generation, token),
            Happened::Processed(run, result) => machine.processed(run, result),
        });
    }

    async fn end(&mut self) {
        self.processors.shutdown().await;
        self.work.clear();
        self.client.close().await;
    }
}

/// What the ack says, or why there is none.
fn outcome(answer: Result<Args, Error>) -> CallOutcome {
    match answer {
        Ok(args) => {
            let answer = args.into_vec().into_iter().next().unwrap_or_default();
            if answer["ok"] == Value::Bool(true) {
                return CallOutcome::Ok(answer);
            }
            let error = RoomsError::from_value(&answer["error"]).filter(|_| answer["ok"] == Value::Bool(false));
            CallOutcome::Refused(
                error.unwrap_or_else(|| RoomsError::bad_answer("it has neither a result nor an error")),
            )
        }
        Err(Error::Timeout) => CallOutcome::Timeout,
        Err(Error::Disconnected | Error::Closed | Error::Aborted) => CallOutcome::Lost,
        Err(Error::Refused { code, .. }) if code == "namespace_closed" => CallOutcome::Lost,
        Err(error @ Error::BufferFull) => CallOutcome::Refused(RoomsError::retry("overloaded", error.to_string())),
        Err(error @ Error::PayloadTooLarge { .. }) => {
            CallOutcome::Refused(RoomsError::new("message_too_large", error.to_string()))
        }
        Err(Error::Refused { code, message }) => CallOutcome::Refused(RoomsError::of_frame(code, message)),
        Err(error) => CallOutcome::Refused(RoomsError::new("invalid_argument", error.to_string())),
    }
}
