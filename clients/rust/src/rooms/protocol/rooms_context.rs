//! What the parts of the rooms layer have in common: calls that are under way, what the shell is to do, and the news.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;

use serde_json::Value;

use super::data::check_size;
use super::rooms_effect::{CallTag, RoomsEffect, SendQueueKey};
use super::rooms_error::RoomsError;
use super::send_queue::{PendingCall, Permit, Reply, SendQueue};
use super::stored_state::StoredState;
use super::values::{Me, RoomsEvent};
use crate::protocol::broadcast::Broadcast;

/// How long calls are waited for, in milliseconds, and how much may wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) ack_timeout: u64,
    pub(crate) max_pending: usize,
    pub(crate) max_unread: usize,
}

pub(crate) struct RoomsContext {
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
    pub(crate) stored: StoredState,
    pub(crate) broadcast: Broadcast<RoomsEvent>,
    /// Wakes the task: a stream was read.
    pub(crate) waker: Waker,
    pub(crate) effects: VecDeque<RoomsEffect>,
    max_pending: usize,
    pending: Arc<AtomicUsize>,
    ack_timeout: u64,
    /// Whose they are, and until when they are waited for.
    calls: BTreeMap<u64, (CallTag, u64)>,
    next_key: u64,
}

impl RoomsContext {
    pub(crate) fn new(device: String, stored: StoredState, bounds: Bounds, random: fn() -> f64, waker: Waker) -> Self {
        Self {
            now: 0,
            random,
            is_up: false,
            me: None,
            device,
            over: None,
            max_unread: bounds.max_unread,
            stored,
            broadcast: Broadcast::new(),
            waker,
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
    pub(crate) fn call(&mut self, tag: CallTag, name: &'static str, argument: Value) -> Result<(), CallTag> {
        if !self.is_up {
            return Err(tag);
        }
        let key = self.new_key();
        self.calls.insert(key, (tag, self.now.saturating_add(self.ack_timeout)));
        self.effects.push_back(RoomsEffect::Call { key, name, argument });
        Ok(())
    }

    /// Whose call this was, unless it is settled already.
    pub(crate) fn take_call(&mut self, key: u64) -> Option<CallTag> {
        self.calls.remove(&key).map(|(tag, _)| tag)
    }

    /// When the next call is given up.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.calls.values().map(|(_, until)| *until).min()
    }

    /// Calls that have waited for too long.
    pub(crate) fn take_late_calls(&mut self) -> Vec<CallTag> {
        let late: Vec<u64> =
            self.calls.iter().filter(|(_, (_, until))| self.now >= *until).map(|(key, _)| *key).collect();
        self.effects.extend(late.iter().map(|key| RoomsEffect::Forget { key: *key }));
        late.into_iter().filter_map(|key| self.take_call(key)).collect()
    }

    /// The connection is lost: acks that still come are those of nobody.
    pub(crate) fn take_calls(&mut self) -> Vec<CallTag> {
        std::mem::take(&mut self.calls).into_values().map(|(tag, _)| tag).collect()
    }

    /// A call that may wait, or why it may not. `id`: that of a publish or a send.
    pub(crate) fn pending_call(
        &mut self,
        name: &'static str,
        argument: Value,
        id: Option<String>,
        reply: Reply<Value>,
    ) -> Result<PendingCall, RoomsError> {
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
        Ok(PendingCall { key: self.new_key(), name, argument, id, reply, size, permit })
    }

    /// How many publishes and sends wait for their acks.
    pub(crate) fn pending(&self) -> usize {
        self.pending.load(Ordering::Acquire)
    }

    /// Makes the queue's next call, if it is time.
    pub(crate) fn flush(&mut self, queue: &mut SendQueue, key: impl FnOnce() -> SendQueueKey) {
        if !self.is_up {
            return;
        }
        if let Some((name, argument)) = queue.next(self.now, self.message_bytes()) {
            // It is up.
            let _ = self.call(CallTag::Queued(key()), name, argument);
        }
    }

    /// Makes the queue's calls that were not made yet, and waits for no answer.
    pub(crate) fn hand_over(&mut self, queue: &SendQueue) {
        if !self.is_up {
            return;
        }
        for (name, argument) in queue.untried() {
            let key = self.new_key();
            self.effects.push_back(RoomsEffect::Call { key, name, argument });
        }
    }

    /// At the end of all: what was accepted still leaves, where there is a connection that takes it, and the rest is not done.
    /// Processors are given out, to be dropped without the lock.
    pub(crate) fn keep_last_effects(&mut self) {
        let last = std::mem::take(&mut self.effects).into_iter().filter_map(|effect| match effect {
            RoomsEffect::Call { .. } | RoomsEffect::Tell { .. } | RoomsEffect::Release { .. } => Some(effect),
            RoomsEffect::Process { processor, .. } => Some(RoomsEffect::Release { processor }),
            RoomsEffect::Connect | RoomsEffect::NewToken { .. } | RoomsEffect::Forget { .. } => None,
        });
        self.effects = last.collect();
    }

    pub(crate) fn tell(&mut self, event: &RoomsEvent) {
        let last =
            RoomsEvent::Warning("as many events of the session are unread as may be: this stream ends".to_owned());
        self.broadcast.push_bounded(event, self.max_unread, &last);
    }

    pub(crate) fn warn(&mut self, message: impl Into<String>) {
        self.tell(&RoomsEvent::Warning(message.into()));
    }
}
