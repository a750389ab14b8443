//! What the parts of the rooms layer have in common: calls that are under way, what the shell is to do, and the news.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tokio::sync::Notify;

use super::api::{InboxItem, Me, Position, RoomsEvent};
use super::data::check_size;
use super::error::RoomsError;
use super::inbox_state::Processor;
use super::lane::{Errand, Lane, Permit, Reply};
use super::storage::Kept;
use crate::feed::Feed;

/// What the shell is to do, in order.
pub(crate) enum Effect {
    /// Connect the namespace, and tell what comes of it.
    Connect,
    /// Make a call, and tell its outcome with the key.
    Call { key: u64, name: &'static str, argument: Value },
    /// Make a call whose ack nobody needs.
    Tell { name: &'static str, argument: Value },
    /// Ask for a token to go on with.
    NewToken { turn: u64 },
    /// Nobody waits for this call any more.
    Forget { key: u64 },
    /// Have an item processed.
    Process { run: u64, item: InboxItem, processor: Processor },
    /// Stop processing, and drop the processor. It is the application's, and may hold handles of this client, whose end asks
    /// for the core's lock: it is never dropped under it.
    Release { processor: Processor },
}

/// Which lane something is in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LaneKey {
    Publishes(String),
    Readings(String),
    Sends(String),
}

/// Whose call it is, and of which turn.
pub(crate) enum Tag {
    Join { room: String, turn: u64 },
    Leave { room: String, reply: Reply<()> },
    Read { room: String, turn: u64 },
    Lane(LaneKey),
    OpenInbox { turn: u64 },
    AckInbox { turn: u64, position: Position },
    Refresh { turn: u64, token: String },
}

/// How long calls are waited for, in milliseconds, and how much may wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) ack_timeout: u64,
    pub(crate) max_pending: usize,
    pub(crate) max_unread: usize,
}

pub(crate) struct Host {
    /// Milliseconds; set whenever something happens.
    pub(crate) now: u64,
    pub(crate) random: fn() -> f64,
    pub(crate) is_up: bool,
    /// As the last welcome said, and with the token's new end after a refresh.
    pub(crate) me: Option<Me>,
    pub(crate) device: String,
    /// Why nothing can be done any more, after the end.
    pub(crate) over: Option<RoomsError>,
    pub(crate) max_unread: usize,
    pub(crate) kept: Kept,
    pub(crate) feed: Feed<RoomsEvent>,
    /// The shell's: told when a stream was read.
    pub(crate) wake: Arc<Notify>,
    pub(crate) effects: VecDeque<Effect>,
    max_pending: usize,
    pending: Arc<AtomicUsize>,
    ack_timeout: u64,
    /// Whose they are, and until when they are waited for.
    calls: BTreeMap<u64, (Tag, u64)>,
    next_key: u64,
}

impl Host {
    pub(crate) fn new(device: String, kept: Kept, bounds: Bounds, random: fn() -> f64) -> Self {
        Self {
            now: 0,
            random,
            is_up: false,
            me: None,
            device,
            over: None,
            max_unread: bounds.max_unread,
            kept,
            feed: Feed::new(),
            wake: Arc::default(),
            effects: VecDeque::new(),
            max_pending: bounds.max_pending,
            ack_timeout: bounds.ack_timeout,
            pending: Arc::new(AtomicUsize::new(0)),
            calls: BTreeMap::new(),
            next_key: 0,
        }
    }

    /// What the server takes as the data of one message, if it has said so.
    fn message_bytes(&self) -> Option<u64> {
        self.me.as_ref()?.message_bytes
    }

    pub(crate) fn roll(&self) -> f64 {
        (self.random)()
    }

    pub(crate) fn new_key(&mut self) -> u64 {
        self.next_key += 1;
        self.next_key
    }

    /// Makes a call, on the connection that there is. Without one it gives the tag back.
    pub(crate) fn call(&mut self, tag: Tag, name: &'static str, argument: Value) -> Result<(), Tag> {
        if !self.is_up {
            return Err(tag);
        }
        let key = self.new_key();
        self.calls.insert(key, (tag, self.now.saturating_add(self.ack_timeout)));
        self.effects.push_back(Effect::Call { key, name, argument });
        Ok(())
    }

    /// Whose call this was, unless it is settled already.
    pub(crate) fn take_call(&mut self, key: u64) -> Option<Tag> {
        self.calls.remove(&key).map(|(tag, _)| tag)
    }

    /// When the next call is given up.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.calls.values().map(|(_, until)| *until).min()
    }

    /// Calls that have waited for too long.
    pub(crate) fn take_late_calls(&mut self) -> Vec<Tag> {
        let late: Vec<u64> =
            self.calls.iter().filter(|(_, (_, until))| self.now >= *until).map(|(key, _)| *key).collect();
        self.effects.extend(late.iter().map(|key| Effect::Forget { key: *key }));
        late.into_iter().filter_map(|key| self.take_call(key)).collect()
    }

    /// The connection is lost: acks that still come are those of nobody.
    pub(crate) fn take_calls(&mut self) -> Vec<Tag> {
        std::mem::take(&mut self.calls).into_values().map(|(tag, _)| tag).collect()
    }

    /// An errand that may wait, or why it may not. `id`: that of a publish or a send.
    pub(crate) fn errand(
        &mut self,
        name: &'static str,
        argument: Value,
        id: Option<String>,
        reply: Reply<Value>,
    ) -> Result<Errand, RoomsError> {
        if let Some(over) = &self.over {
            return Err(over.clone());
        }
        let permit = match id {
            None => None,
            Some(_) => {
                Some(Permit::get(&self.pending, self.max_pending).ok_or_else(|| RoomsError::own("too_many_pending"))?)
            }
        };
        if id.is_some() {
            check_size(&argument["data"], self.message_bytes())?;
        }
        let size = argument.to_string().len();
        Ok(Errand { key: self.new_key(), name, argument, id, reply, size, permit })
    }

    /// How many publishes and sends wait for their acks.
    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::Acquire)
    }

    /// Makes the lane's next call, if it is time.
    pub(crate) fn flush(&mut self, lane: &mut Lane, key: impl FnOnce() -> LaneKey) {
        if !self.is_up {
            return;
        }
        if let Some((name, argument)) = lane.next(self.now, self.message_bytes()) {
            // It is up.
            let _ = self.call(Tag::Lane(key()), name, argument);
        }
    }

    /// Makes the lane's calls that were not made yet, and waits for no answer.
    pub(crate) fn hand_over(&mut self, lane: &Lane) {
        if !self.is_up {
            return;
        }
        for (name, argument) in lane.untried() {
            let key = self.new_key();
            self.effects.push_back(Effect::Call { key, name, argument });
        }
    }

    pub(crate) fn tell(&mut self, event: &RoomsEvent) {
        let last =
            RoomsEvent::Warning("as many events of the session are unread as may be: this stream ends".to_owned());
        self.feed.push_bounded(event, self.max_unread, &last);
    }

    pub(crate) fn warn(&mut self, message: impl Into<String>) {
        self.tell(&RoomsEvent::Warning(message.into()));
    }
}
