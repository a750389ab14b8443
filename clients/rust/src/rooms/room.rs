//! The handle of a room.

use std::future::Future;
use std::sync::Arc;

use futures_channel::oneshot;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::handle::Handle;
use super::pending::{Pending, Publishing};
use super::protocol::data::to_data;
use super::protocol::join_options::JoinOptions;
use super::protocol::rooms_error::RoomsError;
use super::protocol::values::{Joined, Members, MembersPage, Page, Position, RoomState};
use super::streams::{Messages, RoomEvents};
use crate::clock::new_id;

/// A room. A handle: clones are the same room.
#[derive(Clone)]
pub struct Room {
    pub(crate) inner: Arc<Handle>,
    pub(crate) name: String,
}

impl Room {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Joins, now or when connected, and again after each reconnect from where one was, until [`leave`](Self::leave). Missed
    /// messages come before it resolves, or as many as your streams take. While joined it resolves to where one is.
    ///
    /// It begins at once. Dropping the future gives it up: the room is left again, unless another join has succeeded or waits.
    ///
    /// # Errors
    /// Where the server refuses, or the session has ended.
    pub fn join(&self) -> impl Future<Output = Result<Joined, RoomsError>> + Send + use<> {
        self.join_with(JoinOptions::default())
    }

    /// The same; what came after a position that you have kept comes first. While joined it goes back there: what was not read
    /// yet comes again from there on.
    ///
    /// # Errors
    /// Those of [`join`](Self::join).
    pub fn join_since(&self, since: Position) -> impl Future<Output = Result<Joined, RoomsError>> + Send + use<> {
        self.join_with(JoinOptions::default().since(since))
    }

    /// The same with options: the room's newest messages, say.
    ///
    /// # Errors
    /// Those of [`join`](Self::join).
    pub fn join_with(&self, options: JoinOptions) -> impl Future<Output = Result<Joined, RoomsError>> + Send + use<> {
        let (reply, answer) = oneshot::channel();
        // With `since`, they are in the messages that come first, or cannot be had.
        let history = options.history.filter(|_| options.since.is_none());
        let join = self.inner.shared.with(|machine| machine.join(&self.name, options, reply));
        let joining = Joining { room: self.clone(), join, is_seen: false };
        async move {
            let mut joined = answer.await.unwrap_or_else(|_| Err(RoomsError::own("closed")))?;
            let room = joining.seen();
            if let (Some(limit), None) = (history, &joined.history) {
                // Joined before, by another call: the live messages begin where the streams are.
                let next = Position { offset: joined.position.offset.saturating_add(1), ..joined.position.clone() };
                joined.history = Some(room.history(History::before(&next).limit(limit)).await?);
            }
            Ok(joined)
        }
    }

    /// Leaves the room, at once for the application; the future is done when the server knows. What waits there fails with
    /// `aborted`, and streams of messages end.
    pub fn leave(&self) -> impl Future<Output = ()> + Send + use<> {
        let left = self.inner.ask(|machine, reply| machine.leave(&self.name, reply));
        // It cannot be refused: one is out in any case.
        async move { drop(left.await) }
    }

    /// Publishes. It is tried until the server has kept it; the publishes of a room take effect in the order of the calls.
    ///
    /// It begins at once. Dropping the future gives it up: one that has not left is not published, of another that is not
    /// known. [`Pending::detach`] lets it go on.
    ///
    /// # Errors
    /// What the server refuses for good, `invalid_argument` for data that cannot be sent, `message_too_large`, `too_many_pending`, `unconfirmed`,
    /// `aborted` after `leave`, `closed`, or why the session has ended.
    pub fn publish(&self, data: impl Serialize) -> Publishing {
        self.publish_with_id(new_id(), data)
    }

    /// The same with an id of yours, 1 to 64 characters: the same id again gives the first result, for five minutes at least.
    ///
    /// # Errors
    /// Those of [`publish`](Self::publish).
    pub fn publish_with_id(&self, id: impl Into<String>, data: impl Serialize) -> Publishing {
        let id = id.into();
        Pending::start(&self.inner, to_data(data), |machine, data, reply| machine.publish(&self.name, id, data, reply))
    }

    /// Tells those who are in the room now; dropped where there is no connection.
    ///
    /// # Errors
    /// `invalid_argument` for data that cannot be sent, and `message_too_large`.
    pub fn signal(&self, data: impl Serialize) -> Result<(), RoomsError> {
        let data = to_data(data)?;
        self.inner.shared.with(|machine| machine.signal(&self.name, &data))
    }

    /// Reads a page of the room's log.
    ///
    /// # Errors
    /// What the server refuses: `unknown_position`, say.
    pub fn history(&self, page: History) -> impl Future<Output = Result<Page, RoomsError>> + Send + use<> {
        Pending::start(&self.inner, Ok(Value::Object(page.0)), |machine, page, reply| {
            machine.read("history", &self.name, page.clone(), reply)
        })
    }

    /// Reads a page of those who are in the room, in the order in which they came: the first, or those after a user. At most `limit`: 1
    /// to 500; 100 with `None`. A user who has gone meanwhile is no place to go on from: then it is the first page.
    ///
    /// # Errors
    /// What the server refuses: `not_joined`, or `forbidden` where one may not see who is there.
    pub fn list_members(
        &self,
        after: Option<&str>,
        limit: Option<u32>,
    ) -> impl Future<Output = Result<MembersPage, RoomsError>> + Send + use<> {
        let mut page = json!({});
        if let Some(user) = after {
            page["after"] = json!(user);
        }
        if let Some(members) = limit {
            page["limit"] = json!(members);
        }
        Pending::start(&self.inner, Ok(page), |machine, page, reply| {
            machine.read("presence", &self.name, page.clone(), reply)
        })
    }

    /// Where one is with the room: joined, on the way there, or not in it.
    #[must_use]
    pub fn state(&self) -> RoomState {
        self.inner.shared.look(|machine| machine.room_state(&self.name))
    }

    /// Whether one is in the room, and has caught up: the state is [`RoomState::Joined`].
    #[must_use]
    pub fn is_joined(&self) -> bool {
        self.state() == RoomState::Joined
    }

    /// Of the last message that you were handed by a stream, or where one joined: keep it, and `join_since` goes on from there.
    /// With several streams it is that of the slowest. Read it before you leave: of a room where one is not, it is forgotten in
    /// time.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.inner.shared.look(|machine| machine.position(&self.name))
    }

    /// Who is in the room, as far as the server has told: all of them, or, where [it is counted](Members::is_counted), how many.
    #[must_use]
    pub fn members(&self) -> Members {
        self.inner.shared.look(|machine| machine.members(&self.name))
    }

    /// All messages from now on, each once and in the room's order. Take it before you join, so that you miss none.
    /// It ends when the room is left, and fails with the reason if that was not your choice.
    #[must_use]
    pub fn messages(&self) -> Messages {
        let (subscription, bookmark) = self.inner.shared.look(|machine| machine.messages(&self.name));
        Messages { subscription, bookmark }
    }

    /// All that happens in the room from now on, messages among it, until the client is closed.
    #[must_use]
    pub fn events(&self) -> RoomEvents {
        let (subscription, bookmark) = self.inner.shared.look(|machine| machine.room_events(&self.name));
        RoomEvents { subscription, bookmark }
    }
}

impl std::fmt::Debug for Room {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Room").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A join whose caller has not seen its end: dropped before that, it is given up.
struct Joining {
    room: Room,
    join: u64,
    is_seen: bool,
}

impl Joining {
    fn seen(mut self) -> Room {
        self.is_seen = true;
        self.room.inner.shared.look(|machine| machine.seen(&self.room.name, self.join));
        self.room.clone()
    }
}

impl Drop for Joining {
    fn drop(&mut self) {
        if !self.is_seen {
            self.room.inner.shared.with(|machine| machine.give_up(&self.room.name, self.join));
        }
    }
}

/// Which page of a log: the newest, unless you say otherwise.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct History(Map<String, Value>);

impl History {
    /// The newest messages.
    pub fn newest() -> Self {
        Self::default()
    }

    /// The newest of those before a position.
    pub fn before(position: &Position) -> Self {
        Self(Map::from_iter([("before".to_owned(), json!(position))]))
    }

    /// The oldest of those after a position.
    pub fn after(position: &Position) -> Self {
        Self(Map::from_iter([("after".to_owned(), json!(position))]))
    }

    /// At most so many: 1 to 500; 100 unless you say otherwise.
    pub fn limit(mut self, messages: u32) -> Self {
        self.0.insert("limit".to_owned(), json!(messages));
        self
    }
}
