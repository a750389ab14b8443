//! The streams of a room, and how far the application has read them. What it was handed, and not what it may still read, is
//! where it is: the room's position.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::rooms_error::RoomsError;
use super::values::{Joined, Members, Message, Position, RoomEvent, Signal};
use crate::protocol::broadcast::{Broadcast, Subscription, WakeOnRead};

type Item<T> = Result<T, RoomsError>;

/// How far a stream was read: shared by the stream and the room.
#[derive(Clone, Default)]
pub(crate) struct Bookmark(Arc<Mutex<Read>>);

#[derive(Clone, Default)]
struct Read {
    up_to: Option<Position>,
    /// Whether the stream before it was dropped with messages unread: until it hands one over, that is where one is.
    is_behind: bool,
}

impl Bookmark {
    /// All up to there was handed to the application, or is told to be lost.
    pub(crate) fn handed(&self, position: &Position) {
        *self.lock() = Read { up_to: Some(position.clone()), is_behind: false };
    }

    fn lock(&self) -> MutexGuard<'_, Read> {
        // Set as a whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The streams of one kind.
struct Streams<T> {
    broadcast: Broadcast<Item<T>>,
    bookmarks: Vec<(u64, Bookmark)>,
    is_message: fn(&T) -> bool,
}

impl<T: Clone> Streams<T> {
    fn new(is_message: fn(&T) -> bool) -> Self {
        Self { broadcast: Broadcast::new(), bookmarks: Vec::new(), is_message }
    }

    fn subscribe(&mut self, read: Read, wake_on_read: WakeOnRead) -> (Subscription<Item<T>>, Bookmark) {
        let (subscription, bookmark) =
            (self.broadcast.subscribe(Some(wake_on_read)), Bookmark(Arc::new(Mutex::new(read))));
        self.bookmarks.push((subscription.id(), bookmark.clone()));
        (subscription, bookmark)
    }

    fn has_unread(&self, id: u64) -> bool {
        self.broadcast.has(id, |item| item.as_ref().is_ok_and(self.is_message))
    }

    /// Up to where those streams were read that have something left to read.
    fn behind(&self) -> impl Iterator<Item = Option<Position>> {
        let reads = self.bookmarks.iter().map(|(id, bookmark)| (self.has_unread(*id), bookmark.lock().clone()));
        reads.filter(|(has_unread, read)| *has_unread || read.is_behind).map(|(_, read)| read.up_to)
    }

    /// The others are where the room is.
    fn mark(&self, at: Option<&Position>) {
        for (_, bookmark) in self.bookmarks.iter().filter(|(id, _)| !self.has_unread(*id)) {
            let mut read = bookmark.lock();
            if !read.is_behind {
                read.up_to = at.cloned();
            }
        }
    }

    /// Forgets the streams that were dropped, and gives up to where they were read if they had something left.
    fn prune(&mut self) -> Vec<Option<Position>> {
        let is_open = |(id, _): &(u64, Bookmark)| self.broadcast.is_open(*id);
        let (open, dropped): (Vec<_>, Vec<_>) = std::mem::take(&mut self.bookmarks).into_iter().partition(is_open);
        self.bookmarks = dropped;
        let left = self.behind().collect();
        self.bookmarks = open;
        left
    }
}

pub(crate) struct Readers {
    events: Streams<RoomEvent>,
    messages: Streams<Message>,
    wake_on_read: WakeOnRead,
    max_unread: usize,
    /// Up to where the last stream was read, where it was dropped with messages unread.
    left: Option<Option<Position>>,
}

impl Readers {
    /// `wake_on_read`: told when a stream that was full has room for a page again, and when one is dropped.
    pub(crate) fn new(max_unread: usize, wake_on_read: WakeOnRead) -> Self {
        // What is lost is handed over by telling so.
        let is_message = |event: &RoomEvent| match event {
            RoomEvent::Message(_) => true,
            RoomEvent::Joined(joined) => !joined.recovered,
            _ => false,
        };
        Self {
            events: Streams::new(is_message),
            messages: Streams::new(|_| true),
            wake_on_read,
            max_unread,
            left: None,
        }
    }

    /// `at`: where the room is, here as in all that follows: the last message that was given to the streams.
    pub(crate) fn events(&mut self, at: Option<&Position>) -> (Subscription<Item<RoomEvent>>, Bookmark) {
        let read = self.first_read(at);
        self.events.subscribe(read, self.wake_on_read.clone())
    }

    pub(crate) fn messages(&mut self, at: Option<&Position>) -> (Subscription<Item<Message>>, Bookmark) {
        let read = self.first_read(at);
        self.messages.subscribe(read, self.wake_on_read.clone())
    }

    /// Whether anybody has a stream.
    pub(crate) fn is_read(&self) -> bool {
        self.events.broadcast.is_read() || self.messages.broadcast.is_read()
    }

    /// How many messages may still be given to them.
    pub(crate) fn room(&self) -> usize {
        if !self.is_read() {
            return usize::MAX;
        }
        self.max_unread.saturating_sub(self.events.broadcast.unread().max(self.messages.broadcast.unread()))
    }

    /// Of the last message that the application was handed.
    pub(crate) fn position(&mut self, at: Option<&Position>) -> Option<Position> {
        self.prune();
        let behind = self.events.behind().chain(self.messages.behind());
        let least = behind.min_by_key(|position| position.as_ref().map(|position| position.offset));
        least.or_else(|| self.left.clone()).unwrap_or_else(|| at.cloned())
    }

    /// `at`: where the room was before.
    pub(crate) fn deliver(&mut self, message: Message, at: Option<&Position>) {
        self.prune();
        self.events.mark(at);
        self.messages.mark(at);
        self.messages.broadcast.push(&Ok(message.clone()));
        self.events.broadcast.push(&Ok(RoomEvent::Message(message)));
    }

    /// In its place among the messages, however far the streams are behind.
    pub(crate) fn joined(&mut self, joined: Joined, at: Option<&Position>) {
        self.prune();
        self.events.mark(at);
        self.events.broadcast.push(&Ok(RoomEvent::Joined(joined)));
    }

    /// Dropped where there is no room: false.
    pub(crate) fn signal(&mut self, signal: Signal) -> bool {
        self.prune();
        self.events.broadcast.push_where_room(&Ok(RoomEvent::Signal(signal)), self.max_unread)
    }

    /// False where there is no room in all streams: to be told later, as it is then.
    pub(crate) fn presence(&mut self, members: &Members) -> bool {
        self.prune();
        self.events.broadcast.push_where_room(&Ok(RoomEvent::Presence(members.clone())), self.max_unread)
    }

    /// The application wants to go on from there: what it has not read, and comes again, is taken back.
    pub(crate) fn go_back(&mut self, since: &Position) {
        self.prune();
        self.left = None;
        let comes_again = |position: &Position| position.epoch != since.epoch || position.offset > since.offset;
        self.messages.broadcast.take_back(|item| item.as_ref().is_ok_and(|message| comes_again(&message.position)));
        self.events.broadcast.take_back(|item| match item {
            Ok(RoomEvent::Message(message)) => comes_again(&message.position),
            Ok(RoomEvent::Joined(joined)) => comes_again(&joined.position),
            _ => false,
        });
        for (_, bookmark) in self.events.bookmarks.iter().chain(&self.messages.bookmarks) {
            bookmark.lock().is_behind = false;
        }
    }

    /// The room was left. `reading`: what the streams of messages fail with; `left`: what the others are told.
    pub(crate) fn leave(&mut self, reading: Option<RoomsError>) {
        self.prune();
        if let Some(error) = reading {
            self.messages.broadcast.push(&Err(error));
        }
        self.messages.broadcast.end();
        self.messages.bookmarks.clear();
    }

    pub(crate) fn left(&mut self, error: RoomsError) {
        self.events.broadcast.push(&Ok(RoomEvent::Left(error)));
    }

    /// There will be nothing more.
    pub(crate) fn end(&mut self) {
        self.events.broadcast.end();
    }

    fn first_read(&mut self, at: Option<&Position>) -> Read {
        self.prune();
        match self.left.take() {
            Some(up_to) => Read { up_to, is_behind: true },
            None => Read { up_to: at.cloned(), is_behind: false },
        }
    }

    fn prune(&mut self) {
        let mut left = self.events.prune();
        left.extend(self.messages.prune());
        if self.events.bookmarks.is_empty() && self.messages.bookmarks.is_empty() {
            let least = left.into_iter().min_by_key(|position| position.as_ref().map(|position| position.offset));
            self.left = least.or(self.left.take());
        }
    }
}
