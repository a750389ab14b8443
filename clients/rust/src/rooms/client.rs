//! The handle of a rooms client.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_channel::oneshot;
use serde::Serialize;

use super::handle::Handle;
use super::inbox::Inbox;
use super::pending::{Pending, Sending};
use super::protocol::data::to_data;
use super::protocol::rooms_error::RoomsError;
use super::protocol::rooms_machine::RoomsMachine;
use super::protocol::values::Me;
use super::room::Room;
use super::streams::RoomsEvents;
use crate::client::Client;
use crate::clock::new_id;
use crate::driver::Shared;
use crate::protocol::machine::Machine;
use crate::protocol::transport::Transport;

/// The codes of [`RoomsError`] that are the client's own, beside those of docs/rooms-api.md, 11.
pub mod code {
    /// `close` was called.
    pub const CLOSED: &str = "closed";
    /// `max_pending` publishes and sends wait already.
    pub const TOO_MANY_PENDING: &str = "too_many_pending";
    /// The call was given up, by leaving the room, say.
    pub const ABORTED: &str = "aborted";
    /// The ack was lost, and the connection came back after the server may have forgotten the id: it was carried out or not,
    /// and is not risked to be done twice.
    pub const UNCONFIRMED: &str = "unconfirmed";
    /// The server refused or closed the connection for good, and not in words of the room API.
    pub const REFUSED: &str = "refused";
    /// The inbox has a processor already.
    pub const IN_USE: &str = "in_use";
    /// The server has answered, and not as the room API says.
    pub const BAD_ANSWER: &str = "bad_answer";
}

/// Rooms, presence, history and the inbox of a rooms server.
///
/// A handle: clones are the same client. All of it may be used from any task or thread. When the last handle of a client, of
/// its rooms and of its inbox is dropped, it closes, once what was accepted has left, 10 s later at most, and if the runtime lives
/// as long; [`Rooms::close_within`] waits for that and says what did not make it, and [`Rooms::close`] closes at once.
#[derive(Clone)]
pub struct Rooms {
    inner: Arc<Handle>,
}

impl Rooms {
    pub(crate) fn from_parts(shared: Arc<Shared<RoomsMachine>>, client: Client) -> Self {
        Self { inner: Arc::new(Handle { shared, client }) }
    }

    /// Who one is, as soon as connected; at once if it is so.
    ///
    /// # Errors
    /// The reason, where the session has ended.
    pub fn ready(&self) -> impl Future<Output = Result<Me, RoomsError>> + Send + use<> {
        self.inner.ask(RoomsMachine::ready)
    }

    /// Who one is; `None` before the first connect.
    #[must_use]
    pub fn me(&self) -> Option<Me> {
        self.inner.shared.look(|machine| machine.me())
    }

    /// Whether there is a connection.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.inner.shared.look(|machine| machine.is_up())
    }

    /// What the connection goes over; `None` while there is none.
    #[must_use]
    pub fn transport(&self) -> Option<Transport> {
        self.inner.client.transport()
    }

    /// The id of this installation.
    #[must_use]
    pub fn device(&self) -> String {
        self.inner.shared.look(|machine| machine.device())
    }

    /// The handle of a room. Does not join it.
    #[must_use]
    pub fn room(&self, name: impl Into<String>) -> Room {
        Room { inner: Arc::clone(&self.inner), name: name.into() }
    }

    /// The handle of one's inbox. Does not open it.
    #[must_use]
    pub fn inbox(&self) -> Inbox {
        Inbox { inner: Arc::clone(&self.inner) }
    }

    /// Sends to a user's inbox, whether they are connected or not. Tried until acked, in the order of the calls for each
    /// recipient.
    ///
    /// # Errors
    /// As [`Room::publish`]; and `inbox_full`, at once.
    pub fn send(&self, to: &str, data: impl Serialize) -> Sending {
        self.send_with(to, data, SendOptions::default())
    }

    /// The same with options.
    ///
    /// # Errors
    /// Those of [`send`](Self::send).
    pub fn send_with(&self, to: &str, data: impl Serialize, options: SendOptions) -> Sending {
        let id = options.id.unwrap_or_else(new_id);
        Pending::start(&self.inner, to_data(data), |machine, data, reply| {
            machine.send(to, id, data, options.receipt, reply)
        })
    }

    /// What happens to the session from now on.
    #[must_use]
    pub fn events(&self) -> RoomsEvents {
        RoomsEvents { subscription: self.inner.shared.look(RoomsMachine::events) }
    }

    /// The device has another network, or has one again: see [`Client::network_changed`].
    pub fn network_changed(&self) {
        self.inner.client.network_changed();
        self.inner.shared.with(RoomsMachine::hurry);
    }

    /// The app is not in sight any more: no connection until [`foreground`](Self::foreground). One stays in the rooms.
    pub fn background(&self) {
        self.inner.shared.look(RoomsMachine::background);
        self.inner.client.background();
    }

    /// The app is in sight again: the connection is made again, at once, and the rooms catch up.
    pub fn foreground(&self) {
        self.inner.client.foreground();
        self.inner.shared.with(RoomsMachine::hurry);
    }

    /// Waits until all publishes and sends that were accepted have their answers, those that were detached among them, and
    /// signals have left; `timeout` at most. Gives how many publishes and sends have none; they still wait.
    pub fn flush(&self, timeout: Duration) -> impl Future<Output = usize> + Send + use<> {
        let (done, flushed) = oneshot::channel();
        let rooms = self.clone();
        rooms.inner.shared.with(|machine| machine.flush(done));
        async move {
            let begun = tokio::time::Instant::now();
            // Either way, what is left is counted.
            let _ = tokio::time::timeout(timeout, flushed).await;
            rooms.inner.client.flush(timeout.saturating_sub(begun.elapsed())).await;
            rooms.inner.shared.look(|machine| machine.unsent())
        }
    }

    /// [`flush`](Self::flush), and then [`close`](Self::close): how a program ends. Gives how many publishes and sends have not
    /// been confirmed.
    pub fn close_within(&self, timeout: Duration) -> impl Future<Output = usize> + Send + use<> {
        let (rooms, flushed) = (self.clone(), self.flush(timeout));
        async move {
            let unsent = flushed.await;
            rooms.close().await;
            unsent
        }
    }

    /// Leaves everything and disconnects, and returns when nothing of the client is left. What a connection that is open takes at
    /// once leaves before; what waits fails with `closed`, as nobody will hear the answers, and streams end. May be called twice. Takes effect at once; the future only waits. [`close_within`](Self::close_within)
    /// sends what was accepted first.
    pub fn close(&self) -> impl Future<Output = ()> + Send + use<> {
        let shared = Arc::clone(&self.inner.shared);
        shared.with(RoomsMachine::close);
        async move { shared.done().await }
    }
}

impl std::fmt::Debug for Rooms {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Rooms").field("me", &self.me()).finish_non_exhaustive()
    }
}

/// Options of a send.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct SendOptions {
    /// As in [`Room::publish_with_id`]. Default: made at random.
    pub id: Option<String>,
    /// Whether a receipt comes into one's own inbox once the recipient has processed the message.
    pub receipt: bool,
}

impl SendOptions {
    /// An id of yours.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Asks for a receipt.
    #[must_use]
    pub fn receipt(mut self) -> Self {
        self.receipt = true;
        self
    }
}
