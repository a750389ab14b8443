mod connecting;
mod sending;

use futures_channel::oneshot;
use futures_util::{FutureExt, StreamExt};
use serde_json::{Value, json};

use super::*;
use crate::protocol::args::Args;
use crate::protocol::backoff::Backoff;
use crate::protocol::broadcast::Subscription;
use crate::protocol::event_queue::Reply;
use crate::protocol::namespace_event::{AckKey, Connected, Disconnected, NamespaceEvent};

const CONNECTED: &str = r#"{"type":"connected","sid":"s","pingInterval":25000,"pingTimeout":20000,"maxPayload":200}"#;

/// A machine on a hand-moved clock, whose WebSocket is the test.
struct Rig {
    machine: ClientMachine,
    now: u64,
    events: Subscription<NamespaceEvent>,
    warnings: Subscription<String>,
}

impl Rig {
    fn new() -> Self {
        let backoff = Backoff { jitter: 0.0, ..Backoff::default() };
        let settings = ClientSettings {
            lifecycle: LifecycleSettings { backoff, max_attempts: None, attempt_timeout: 20_000 },
            bounds: Bounds { events: 3, bytes: 1_000 },
            max_unread: 3,
        };
        let mut machine = ClientMachine::new(settings, || 0.0, Waker::noop().clone());
        let events = machine.events("/");
        let warnings = machine.warnings();
        Self { machine, now: 0, events, warnings }
    }

    /// Connected to the main namespace, and its events read.
    fn connected() -> Self {
        let mut rig = Self::new();
        let mut connected = rig.connect("/");
        rig.open();
        rig.receive(CONNECTED);
        assert!(matches!(connected.try_recv(), Ok(Some(Ok(_)))));
        rig.events();
        rig
    }

    fn connect(&mut self, ns: &str) -> oneshot::Receiver<Result<Connected, Error>> {
        let (waiter, answer) = oneshot::channel();
        self.machine.at(self.now).connect(ns, waiter);
        answer
    }

    /// Plays the shell until there is nothing to do: dials succeed, and credentials are `{}`.
    fn open(&mut self) {
        while let Some(effect) = self.machine.poll_effect() {
            match effect {
                ClientEffect::Dial { attempt } => self.machine.at(self.now).opened(attempt, Transport::WebSocket),
                ClientEffect::AskCredentials { ns, question } => {
                    self.machine.at(self.now).credentials(&ns, question, Ok(Map::new()))
                }
                ClientEffect::HangUp { .. } | ClientEffect::Renew => {}
            }
        }
    }

    fn receive(&mut self, text: &str) {
        self.machine.at(self.now).message(text);
    }

    fn lose(&mut self) {
        self.machine.at(self.now).lost(None, "cut".to_owned());
    }

    fn lose_and_return(&mut self) {
        self.lose();
        self.now += 1_000;
        self.machine.at(self.now).tick();
        self.open();
        self.receive(CONNECTED);
        self.events();
    }

    /// What is written to the WebSocket.
    fn written(&mut self) -> Vec<Value> {
        let texts = std::iter::from_fn(|| self.machine.at(self.now).next_outgoing());
        texts.map(|text| serde_json::from_str(&text).expect("JSON")).collect()
    }

    fn emit(&mut self, event: &str) -> Result<(), Error> {
        self.machine.emit("/", event, &[], None, true).map(drop)
    }

    fn call(&mut self, event: &str) -> (u64, oneshot::Receiver<Result<Args, Error>>) {
        let (reply, answer) = oneshot::channel();
        let id = self.machine.emit("/", event, &[], Some(Reply::Caller(reply)), true).expect("it is taken");
        (id.expect("an id"), answer)
    }

    /// In few words, since they were read last.
    fn events(&mut self) -> Vec<String> {
        let mut words = Vec::new();
        while let Some(Some(event)) = self.events.next().now_or_never() {
            words.push(match event {
                NamespaceEvent::Connected(_) => "connected".to_owned(),
                NamespaceEvent::Disconnected(Disconnected { is_final: true, .. }) => "disconnected for good".to_owned(),
                NamespaceEvent::Disconnected(_) => "disconnected".to_owned(),
                NamespaceEvent::Refused(error) => format!("refused: {}", error.code()),
                NamespaceEvent::Received { name, .. } => name,
                NamespaceEvent::Answered(answered) => format!("answered {}", answered.id),
                NamespaceEvent::TransportChanged(transport) => format!("over {transport}"),
            });
        }
        words
    }

    fn warnings(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.warnings.next().now_or_never().flatten()).collect()
    }
}

fn names(frames: &[Value]) -> Vec<&str> {
    frames.iter().map(|frame| frame["event"].as_str().or(frame["type"].as_str()).expect("a name")).collect()
}

fn code<T>(answer: &mut oneshot::Receiver<Result<T, Error>>) -> Option<String> {
    match answer.try_recv() {
        Ok(Some(Ok(_))) => Some("ok".to_owned()),
        Ok(Some(Err(error))) => Some(error.code().to_owned()),
        Ok(None) | Err(_) => None,
    }
}
