//! What a namespace tells the application.

use std::pin::Pin;
use std::sync::Weak;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use serde::Serialize;

use crate::driver::Shared;
use crate::protocol::args::{Args, to_args};
use crate::protocol::broadcast::Subscription;
use crate::protocol::client_machine::ClientMachine;
use crate::protocol::errors::Error;
use crate::protocol::event_queue::Reply;
use crate::protocol::namespace_event::{AckKey, Answered, Connected, Disconnected, NamespaceEvent};
use crate::protocol::transport::Transport;
use crate::public_stream::public_stream;

/// What happens in a namespace, in order.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// The namespace is connected: for the first time, or again.
    Connected(Connected),
    /// The connection is lost, or the namespace was ended.
    Disconnected(Disconnected),
    /// A later connect, which the client made by itself, was refused for good. Only your own `connect` comes back.
    Refused(Error),
    /// The server has sent an event.
    Received(Received),
    /// What came of a [`request`](Events::request) on this stream.
    Answered(Answered),
    /// The connection goes over another transport: by polls, as something on the way holds up its stream. Nothing was lost.
    TransportChanged(Transport),
}

/// An event of the server's.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub args: Args,
    /// Where an ack is wanted.
    ack: Option<AckKey>,
    shared: Weak<Shared<ClientMachine>>,
}

impl Received {
    /// Whether the server wants an ack.
    #[must_use]
    pub fn wants_answer(&self) -> bool {
        self.ack.is_some()
    }

    /// Acks the event. A second answer is ignored, and so is one after the connection was lost, or to an event that wants
    /// none.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for arguments that cannot be sent, [`Error::PayloadTooLarge`] for too large ones: then
    /// another answer may be given.
    pub fn answer(&self, args: impl Serialize) -> Result<(), Error> {
        let args = to_args(args)?;
        match (&self.ack, self.shared.upgrade()) {
            (Some(ack), Some(shared)) => shared.with(|machine| machine.answer(ack, &args)),
            _ => Ok(()),
        }
    }
}

/// A stream of what happens in a namespace. It ends when the client is closed.
///
/// What was not read yet is bounded: with `max_unread` events in one stream, nothing more is read from the connection until
/// you read on. A stream that you do not read is one to drop.
pub struct Events {
    pub(crate) subscription: Subscription<NamespaceEvent>,
    pub(crate) namespace: String,
    pub(crate) shared: Weak<Shared<ClientMachine>>,
}

impl Events {
    /// Sends an event that wants an ack, now or not at all, and gives its id. The ack comes as [`Event::Answered`] in this
    /// stream: for who must know which events came before it, and which after. There is no limit of time; but a lost connection
    /// answers for the server.
    ///
    /// # Errors
    /// Nothing was sent then: [`Error::Disconnected`] where the namespace is not connected, and those of
    /// [`Namespace::emit`](crate::Namespace::emit).
    pub fn request(&self, event: &str, args: impl Serialize) -> Result<u64, Error> {
        let args = to_args(args)?;
        let shared = self.shared.upgrade().ok_or(Error::Closed)?;
        let reply = Reply::Stream(self.subscription.id());
        let id = shared.with(|machine| machine.emit(&self.namespace, event, &args, Some(reply), false))?;
        id.ok_or(Error::Disconnected)
    }

    /// Gives up the answer to a request of this stream; one that has not left is not sent.
    pub fn forget(&self, id: u64) {
        if let Some(shared) = self.shared.upgrade() {
            shared.with(|machine| machine.forget(&self.namespace, id));
        }
    }

    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Event>> {
        let event = ready!(Pin::new(&mut self.subscription).poll_next(context));
        Poll::Ready(event.map(|event| self.public(event)))
    }

    fn public(&self, event: NamespaceEvent) -> Event {
        match event {
            NamespaceEvent::Connected(connected) => Event::Connected(connected),
            NamespaceEvent::Disconnected(disconnected) => Event::Disconnected(disconnected),
            NamespaceEvent::Refused(error) => Event::Refused(error),
            NamespaceEvent::Received { name, args, ack } => {
                Event::Received(Received { name, args, ack, shared: self.shared.clone() })
            }
            NamespaceEvent::Answered(answered) => Event::Answered(answered),
            NamespaceEvent::TransportChanged(transport) => Event::TransportChanged(transport),
        }
    }
}

public_stream!(Events, Event, "The next thing that happens; `None` at the end.");

/// A stream of the events of one name.
pub struct Named {
    pub(crate) name: String,
    pub(crate) events: Events,
}

impl Named {
    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<Received>> {
        loop {
            match ready!(self.events.poll_item(context)) {
                Some(Event::Received(received)) if received.name == self.name => return Poll::Ready(Some(received)),
                Some(_) => {}
                None => return Poll::Ready(None),
            }
        }
    }
}

public_stream!(Named, Received, "The next event of that name; `None` at the end.");

/// A stream of what calls for no action, but belongs in a log: failed attempts to connect, malformed frames, frames that the
/// server refused.
pub struct Warnings {
    pub(crate) subscription: Subscription<String>,
}

impl Warnings {
    fn poll_item(&mut self, context: &mut Context<'_>) -> Poll<Option<String>> {
        Pin::new(&mut self.subscription).poll_next(context)
    }
}

public_stream!(Warnings, String, "The next warning; `None` at the end.");
