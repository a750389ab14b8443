//! The I/O of a client of the bridge layer: it owns the connection, and asks the application for credentials.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};
use serde_json::{Map, Value};

use crate::dial::Address;
use crate::driver::{Shared, Shell};
use crate::open_transport::OpenTransport;
use crate::protocol::client_machine::{ClientEffect, ClientMachine};
use crate::protocol::errors::{CredentialsError, Error};
use crate::protocol::machine::Machine;
use crate::source::Source;
use crate::transport_event::TransportEvent;

/// What a client connects to, and with what.
pub(crate) struct Target {
    pub(crate) address: Address,
    pub(crate) auth: Source<String, Map<String, Value>>,
}

type Dial = BoxFuture<'static, Result<OpenTransport, Error>>;

enum Connection {
    None,
    /// With the number of the attempt.
    Dialing(u64, Dial),
    Open(OpenTransport),
}

enum Happened {
    /// Nothing to tell, but for what the machine wants done.
    Woken,
    Dialed(u64, Result<OpenTransport, Error>),
    OnTransport(TransportEvent),
    Credentials(Credentials),
}

/// Of a namespace, with the number of the question.
type Credentials = (String, u64, Result<Map<String, Value>, CredentialsError>);

pub(crate) struct ClientShell {
    shared: Arc<Shared<ClientMachine>>,
    target: Arc<Target>,
    connection: Connection,
    asks: FuturesUnordered<BoxFuture<'static, Credentials>>,
    /// Connections that say goodbye.
    farewells: FuturesUnordered<BoxFuture<'static, ()>>,
}

impl ClientShell {
    pub(crate) fn new(shared: &Arc<Shared<ClientMachine>>, target: Target) -> Self {
        Self {
            shared: Arc::clone(shared),
            target: Arc::new(target),
            connection: Connection::None,
            asks: FuturesUnordered::new(),
            farewells: FuturesUnordered::new(),
        }
    }
}

impl Shell for ClientShell {
    type Machine = ClientMachine;

    fn perform(&mut self, effect: ClientEffect) {
        match effect {
            ClientEffect::Dial { attempt } => {
                let target = Arc::clone(&self.target);
                let dial = async move { target.address.dial().await };
                self.connection = Connection::Dialing(attempt, dial.boxed());
            }
            ClientEffect::HangUp { last_words } => {
                let before = std::mem::replace(&mut self.connection, Connection::None);
                match (before, last_words) {
                    (Connection::Open(transport), Some(words)) => {
                        self.farewells.push(transport.farewell(words).boxed());
                    }
                    (Connection::Open(transport), None) => transport.hang_up(),
                    (Connection::None | Connection::Dialing(..), _) => {}
                }
            }
            ClientEffect::Renew => {
                if let Connection::Open(transport) = &mut self.connection {
                    transport.renew();
                }
            }
            ClientEffect::AskCredentials { ns, question } => {
                let credentials = self.target.auth.get(ns.clone());
                self.asks.push(credentials.map(move |result| (ns, question, result)).boxed());
            }
        }
    }

    async fn happen(&mut self) {
        let may_read = self.shared.look(|machine| {
            let may_read = machine.may_read();
            if !may_read {
                // What is not read is not silence.
                machine.heard();
            }
            may_read
        });
        let happened = tokio::select! {
            happened = on_connection(&self.shared, &mut self.connection, may_read) => happened,
            Some(credentials) = self.asks.next() => Happened::Credentials(credentials),
            Some(()) = self.farewells.next() => Happened::Woken,
        };
        let connection = &mut self.connection;
        self.shared.look(|machine| match happened {
            Happened::Woken => {}
            // Of an attempt that was given up meanwhile: an effect that hangs it up is there already.
            Happened::Dialed(attempt, Ok(transport)) => {
                machine.opened(attempt, transport.name());
                *connection = Connection::Open(transport);
            }
            Happened::Dialed(attempt, Err(error)) => {
                *connection = Connection::None;
                machine.attempt_failed(attempt, error);
            }
            Happened::OnTransport(TransportEvent::Text(text)) => machine.message(&text),
            Happened::OnTransport(TransportEvent::Binary) => {
                machine.heard();
                machine.malformed("a message is not text");
            }
            Happened::OnTransport(TransportEvent::Heard) => machine.heard(),
            Happened::OnTransport(TransportEvent::Counted) => machine.counted(),
            Happened::OnTransport(TransportEvent::Changed(transport)) => machine.changed(transport),
            Happened::OnTransport(TransportEvent::Lost { code, reason }) => {
                *connection = Connection::None;
                machine.lost(code, reason);
            }
            Happened::OnTransport(TransportEvent::Refused(error)) => {
                *connection = Connection::None;
                machine.given_up(error);
            }
            Happened::Credentials((ns, question, result)) => machine.credentials(&ns, question, result),
        });
    }

    async fn end(&mut self) {
        self.connection = Connection::None;
        self.asks.clear();
        while self.farewells.next().await.is_some() {}
    }
}

async fn on_connection(shared: &Shared<ClientMachine>, connection: &mut Connection, may_read: bool) -> Happened {
    match connection {
        Connection::None => std::future::pending().await,
        Connection::Dialing(attempt, dial) => Happened::Dialed(*attempt, dial.await),
        Connection::Open(transport) => {
            let mut next = || shared.look(ClientMachine::next_outgoing);
            let poll = |context: &mut Context<'_>| {
                let polled = transport.poll(context, &mut next, may_read);
                if transport.is_flushed() && shared.look(has_written) && polled.is_pending() {
                    return Poll::Ready(Happened::Woken);
                }
                polled.map(Happened::OnTransport)
            };
            std::future::poll_fn(poll).await
        }
    }
}

/// All that left has arrived, as far as the transport tells. Whether something came of that.
fn has_written(machine: &mut ClientMachine) -> bool {
    machine.written();
    machine.settle();
    machine.has_effects()
}
