//! The handles of the bridge layer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_channel::oneshot;
use serde::Serialize;

use crate::driver::Shared;
use crate::events::{Events, Named, Warnings};
use crate::protocol::args::{Args, to_args};
use crate::protocol::client_machine::ClientMachine;
use crate::protocol::errors::Error;
use crate::protocol::event_queue::Reply;
use crate::protocol::machine::Machine;
use crate::protocol::namespace_event::Connected;
use crate::protocol::transport::Transport;

/// In place of a time that the runtime's clock cannot count.
const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);

/// A connection to a server, shared by its namespaces, and made again when it is lost.
///
/// A handle: clones are the same client. All of it may be used from any task or thread. When the last handle of a client
/// and of its namespaces is dropped, it closes; [`Client::close`] does the same and waits for it.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

/// Closes the client when the last handle is dropped.
struct Inner {
    shared: Arc<Shared<ClientMachine>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.with(|machine| machine.close());
    }
}

impl Client {
    pub(crate) fn from_shared(shared: Arc<Shared<ClientMachine>>) -> Self {
        Self { inner: Arc::new(Inner { shared }) }
    }

    /// The handle of a namespace: `/` is the main one. It begins with `/` and holds no comma. Does not connect it.
    #[must_use]
    pub fn namespace(&self, name: impl Into<String>) -> Namespace {
        Namespace { inner: Arc::clone(&self.inner), name: name.into() }
    }

    /// What calls for no action, but belongs in a log, from now on.
    #[must_use]
    pub fn warnings(&self) -> Warnings {
        Warnings { subscription: self.inner.shared.with(|machine| machine.warnings()) }
    }

    /// What the connection goes over; `None` while there is none.
    #[must_use]
    pub fn transport(&self) -> Option<Transport> {
        self.inner.shared.look(|machine| machine.transport())
    }

    /// The device has another network, or has one again: an attempt is made now, without waiting out the backoff; a
    /// WebSocket that is open is probed, and given up if nothing is heard within 5 s; over HTTP requests are made anew.
    pub fn network_changed(&self) {
        self.inner.shared.with(|machine| machine.network_changed());
    }

    /// The app is not in sight any more: the connection is closed, and none is made until [`Client::foreground`].
    /// Namespaces stay wanted, and what is emitted waits.
    pub fn background(&self) {
        self.inner.shared.with(|machine| machine.background());
    }

    /// The app is in sight again: the connection is made again, at once.
    pub fn foreground(&self) {
        self.inner.shared.with(|machine| machine.foreground());
    }

    /// Waits until all that was emitted has been handed to the system, and all calls have their answers, `timeout` at most. Gives
    /// how many have not; they still wait.
    pub fn flush(&self, timeout: Duration) -> impl Future<Output = usize> + Send + use<> {
        let (done, flushed) = oneshot::channel();
        let client = self.clone();
        client.inner.shared.with(|machine| machine.flush(done));
        async move {
            // Either way, what is left is counted.
            let _ = tokio::time::timeout(timeout, flushed).await;
            client.inner.shared.look(|machine| machine.unsent())
        }
    }

    /// [`flush`](Self::flush), and then [`close`](Self::close). Gives how many events and calls did not make it.
    pub fn close_within(&self, timeout: Duration) -> impl Future<Output = usize> + Send + use<> {
        let (client, flushed) = (self.clone(), self.flush(timeout));
        async move {
            let unsent = flushed.await;
            client.close().await;
            unsent
        }
    }

    /// Closes the client, and returns when no task, timer or socket of it is left. What a connection that is open takes at
    /// once leaves before; what still waits fails with [`Error::Closed`], and streams end. May be called twice. Takes effect at
    /// once; the future only waits. [`close_within`](Self::close_within) sends what was accepted first.
    pub fn close(&self) -> impl Future<Output = ()> + Send + use<> {
        let shared = Arc::clone(&self.inner.shared);
        shared.with(|machine| machine.close());
        async move { shared.done().await }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").finish_non_exhaustive()
    }
}

/// One namespace of a client. A handle: clones are the same namespace.
#[derive(Clone)]
pub struct Namespace {
    inner: Arc<Inner>,
    name: String,
}

impl Namespace {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The session, while connected.
    #[must_use]
    pub fn connected(&self) -> Option<Connected> {
        self.inner.shared.with(|machine| machine.connected(&self.name))
    }

    /// Connects, and stays connected over reconnects until [`disconnect`](Self::disconnect). A network that is not there is no
    /// failure: it is tried again. Begins at once; dropping the future before it is done cancels the connect.
    ///
    /// # Errors
    /// [`Error::ConnectError`], [`Error::UpgradeRefused`], [`Error::ClosedForGood`] where the server refuses,
    /// [`Error::NoCredentials`], [`Error::Unreachable`] where attempts are limited, [`Error::Aborted`] after `disconnect`,
    /// [`Error::Closed`].
    pub fn connect(&self) -> impl Future<Output = Result<Connected, Error>> + Send + use<> {
        let (waiter, answer) = oneshot::channel();
        let started = self.check().map(|()| {
            let id = self.inner.shared.with(|machine| machine.connect(&self.name, waiter));
            let (inner, name) = (Arc::clone(&self.inner), self.name.clone());
            OnDrop(Some(move || inner.shared.with(|machine| machine.cancel_connect(&name, id))))
        });
        async move {
            let _guard = started?;
            answer.await.unwrap_or(Err(Error::Closed))
        }
    }

    /// Leaves the namespace, after what was emitted before has left; without another one that is wanted, the connection is closed
    /// then. What waits for a connection waits for the next `connect`.
    pub fn disconnect(&self) {
        self.inner.shared.with(|machine| machine.disconnect(&self.name));
    }

    /// Sends an event: now, or when the namespace is connected. Order is kept. `args` is a tuple or an array, or `()`.
    ///
    /// # Errors
    /// Nothing was sent then: [`Error::BufferFull`] where as many wait as may, [`Error::PayloadTooLarge`],
    /// [`Error::InvalidArgument`], [`Error::Closed`].
    pub fn emit(&self, event: &str, args: impl Serialize) -> Result<(), Error> {
        self.check()?;
        let args = to_args(args)?;
        self.inner.shared.with(|machine| machine.emit(&self.name, event, &args, None, true)).map(drop)
    }

    /// Sends an event and waits for its ack. It is sent at once, in order with all others; dropping the future gives up the
    /// ack, and the event too if it has not left yet.
    ///
    /// # Errors
    /// Those of [`emit`](Self::emit), [`Error::Timeout`] (an event that still waits then is not sent any more),
    /// [`Error::Disconnected`], [`Error::Refused`].
    pub fn call(&self, event: &str, args: impl Serialize, timeout: Duration) -> Call {
        self.start_call(event, to_args(args), timeout)
    }

    /// Sends an event now, or not at all.
    ///
    /// # Errors
    /// Those of [`emit`](Self::emit), and [`Error::Disconnected`] where there is no connection.
    pub fn emit_now(&self, event: &str, args: impl Serialize) -> Result<(), Error> {
        self.check()?;
        let args = to_args(args)?;
        self.inner.shared.with(|machine| machine.emit(&self.name, event, &args, None, false)).map(drop)
    }

    /// Everything that happens in the namespace from now on. Take it before you connect, so that you miss nothing.
    #[must_use]
    pub fn events(&self) -> Events {
        let shared = &self.inner.shared;
        let subscription = shared.with(|machine| machine.events(&self.name));
        Events { subscription, namespace: self.name.clone(), shared: Arc::downgrade(shared) }
    }

    /// The server's events of one name from now on.
    #[must_use]
    pub fn on(&self, event: impl Into<String>) -> Named {
        Named { name: event.into(), events: self.events() }
    }

    fn start_call(&self, event: &str, args: Result<Vec<serde_json::Value>, Error>, timeout: Duration) -> Call {
        let (reply, answer) = oneshot::channel();
        // From the call on, and not from when somebody first waits.
        let now = tokio::time::Instant::now();
        let deadline = now.checked_add(timeout).unwrap_or_else(|| now + FOR_EVER);
        let started = self.check().and(args).and_then(|args| {
            let emitted = self
                .inner
                .shared
                .with(|machine| machine.emit(&self.name, event, &args, Some(Reply::Caller(reply)), true));
            let (inner, name) = (Arc::clone(&self.inner), self.name.clone());
            let id = emitted?.unwrap_or_default();
            Ok(OnDrop(Some(move || inner.shared.with(|machine| machine.forget(&name, id)))))
        });
        let answered = async move {
            let _guard = started?;
            match tokio::time::timeout_at(deadline, answer).await {
                Ok(answer) => answer.unwrap_or(Err(Error::Closed)),
                Err(_) => Err(Error::Timeout),
            }
        };
        Call(Box::pin(answered))
    }

    fn check(&self) -> Result<(), Error> {
        if self.name.starts_with('/') && !self.name.contains(',') {
            return Ok(());
        }
        Err(Error::InvalidArgument("a namespace begins with / and holds no comma".to_owned()))
    }
}

impl std::fmt::Debug for Namespace {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Namespace").field("name", &self.name).finish_non_exhaustive()
    }
}

/// An event that was sent, and whose ack is waited for. To be awaited inside of a tokio runtime, whose timers it uses.
#[must_use = "dropping it gives up the ack, and the event if it has not left yet"]
pub struct Call(Pin<Box<dyn Future<Output = Result<Args, Error>> + Send>>);

impl Future for Call {
    type Output = Result<Args, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(context)
    }
}

impl std::fmt::Debug for Call {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Call").finish_non_exhaustive()
    }
}

/// Does something when a future is done with, whether it was finished or dropped.
struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(act) = self.0.take() {
            act();
        }
    }
}
