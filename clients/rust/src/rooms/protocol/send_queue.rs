//! What goes to the server one after the other: publishes to a room, sends to a user. Nothing overtakes, nothing is sent
//! twice under two ids. A state machine with no I/O: methods return what is to be done.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_channel::oneshot;
use serde_json::Value;

use super::data::check_size;
use super::retry::Retry;
use super::rooms_error::RoomsError;

/// Who waits for the outcome of something.
pub(crate) type Reply<T> = oneshot::Sender<Result<T, RoomsError>>;

/// How a call ended. It never has the outcome of another connection.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum CallOutcome {
    Ok(Value),
    Refused(RoomsError),
    /// No ack came in time. Whether the call was carried out is not known.
    Timeout,
    /// The connection was lost before the ack.
    Lost,
}

/// One call that is made until it is answered for good.
pub(crate) struct PendingCall {
    /// Its own, among all calls of a client.
    pub(crate) key: u64,
    pub(crate) name: &'static str,
    pub(crate) argument: Value,
    /// The id that the server knows it by again; `None` for what may be done twice, as it only reads.
    pub(crate) id: Option<String>,
    pub(crate) reply: Reply<Value>,
    /// Bytes of its argument, as JSON.
    pub(crate) size: usize,
    /// Of a publish or a send: it counts in `max_pending` as long as it waits.
    pub(crate) permit: Option<Permit>,
}

impl PendingCall {
    fn settle(self, outcome: Result<Value, RoomsError>) {
        // Before the caller goes on: there is room for the next one then.
        drop(self.permit);
        // The caller may have gone meanwhile.
        let _ = self.reply.send(outcome);
    }
}

/// One of the publishes and sends that may wait.
pub(crate) struct Permit(Arc<AtomicUsize>);

impl Permit {
    /// `None` where `max` have one already.
    pub(crate) fn get(count: &Arc<AtomicUsize>, max: usize) -> Option<Self> {
        if count.fetch_add(1, Ordering::AcqRel) >= max {
            count.fetch_sub(1, Ordering::AcqRel);
            return None;
        }
        Some(Self(Arc::clone(count)))
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Milliseconds after its first call in which a call may be made again. The server remembers its id for five minutes
/// at least (docs/rooms-api.md, 4.5), counted from the append, which cannot be earlier; the rest is for the way there.
const REPEATABLE: u64 = 5 * 60_000 - 20_000;

/// So many connections that were closed with 1009 (a message is too big) under one call, and so many that were cut without a
/// word, and it is taken for the cause: something on the way may take less than the server (docs/sdk.md, 4.2).
const MAX_TOLD: u32 = 3;
const MAX_CUT: u32 = 5;

struct Queued {
    call: PendingCall,
    /// When it was called first.
    called_at: Option<u64>,
    /// Connections that ended under it in a row, with no answer to it in between: closed as it was too big, or cut.
    told: u32,
    cut: u32,
    /// Whether a try had no answer: it may have been carried out.
    is_unsure: bool,
}

#[derive(Default)]
pub(crate) struct SendQueue {
    queue: VecDeque<Queued>,
    /// The key of the head of the queue, from its call to its outcome; or of one that is not waited for any more.
    under_way: Option<u64>,
    failures: u32,
    /// Nothing is called before.
    pause: Option<Retry>,
}

impl SendQueue {
    pub(crate) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.under_way.is_none()
    }

    /// When the pause is over that there is.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.pause.map(|pause| pause.at())
    }

    pub(crate) fn add(&mut self, call: PendingCall) {
        self.queue.push_back(Queued { call, called_at: None, told: 0, cut: 0, is_unsure: false });
    }

    /// The call to make next, if it is time; to be asked only when calls can be made. It is under way from then on.
    /// `message_bytes`: what the server takes, if it has said so.
    pub(crate) fn next(&mut self, now: u64, message_bytes: Option<u64>) -> Option<(&'static str, Value)> {
        if self.under_way.is_some() || self.pause.is_some() {
            return None;
        }
        loop {
            let head = self.queue.front_mut()?;
            if let Some(error) = cannot_succeed(head, now, message_bytes) {
                if let Some(queued) = self.queue.pop_front() {
                    queued.call.settle(Err(error));
                }
                continue;
            }
            head.called_at.get_or_insert(now);
            self.under_way = Some(head.call.key);
            return Some((head.call.name, head.call.argument.clone()));
        }
    }

    /// The call that is under way has this outcome.
    pub(crate) fn done(&mut self, outcome: CallOutcome, now: u64, random: f64) {
        let Some(key) = self.under_way.take() else { return };
        let Some(head) = self.queue.front_mut().filter(|head| head.call.key == key) else { return };
        match outcome {
            CallOutcome::Lost | CallOutcome::Timeout => head.is_unsure = true,
            CallOutcome::Ok(result) => self.finish(Ok(result)),
            // A full inbox stays so until somebody reads it: its sender must know, and decide.
            CallOutcome::Refused(error) if error.retryable() && error.code() != "inbox_full" => {
                (head.told, head.cut) = (0, 0);
                // Certainly not carried out: the time in which it can be called again begins anew.
                if !head.is_unsure {
                    head.called_at = None;
                }
                self.failures += 1;
                self.pause = Some(Retry::after(self.failures, Some(&error), now, random));
            }
            CallOutcome::Refused(error) => self.finish(Err(error)),
        }
    }

    /// The publishes and sends that were never called yet, in their order.
    pub(crate) fn untried(&self) -> impl Iterator<Item = (&'static str, Value)> + use<'_> {
        let is_untried = |queued: &&Queued| queued.called_at.is_none() && queued.call.id.is_some();
        self.queue.iter().filter(is_untried).map(|queued| (queued.call.name, queued.call.argument.clone()))
    }

    /// The pause is over, or a new connection makes it pointless; but it lasts as long as the server has said.
    pub(crate) fn resume(&mut self, now: u64) {
        self.pause.iter_mut().for_each(|pause| pause.hurry(now));
        self.pause.take_if(|pause| pause.is_due(now));
    }

    /// Bytes of the publish or send that is under way.
    pub(crate) fn under_way(&self) -> Option<usize> {
        let head = self.queue.front().filter(|head| self.under_way == Some(head.call.key))?;
        head.call.id.as_ref().map(|_| head.call.size)
    }

    /// The connection has ended, for what is under way, it seems: `is_told`, where the close code says that it is too big.
    pub(crate) fn suspect(&mut self, is_told: bool) {
        if let Some(head) = self.queue.front_mut() {
            *if is_told { &mut head.told } else { &mut head.cut } += 1;
        }
    }

    /// The call of this id is known to be done, if it was called at all.
    pub(crate) fn seen(&mut self, id: &str, result: impl FnOnce() -> Value) {
        let is_it = |queued: &Queued| queued.call.id.as_deref() == Some(id) && queued.called_at.is_some();
        if let Some(seen) = self.queue.iter().position(is_it).and_then(|index| self.queue.remove(index)) {
            seen.call.settle(Ok(result()));
        }
    }

    /// Whoever waited for it does not any more. If it is under way, the next ones still wait for its outcome.
    pub(crate) fn forget(&mut self, key: u64) {
        self.queue.retain(|queued| queued.call.key != key);
    }

    /// Rejects all; with `spare_under_way`, but for the one that the server may be carrying out.
    pub(crate) fn reject_all(&mut self, error: &RoomsError, spare_under_way: bool) {
        self.pause = None;
        for queued in std::mem::take(&mut self.queue) {
            if spare_under_way && self.under_way == Some(queued.call.key) {
                self.queue.push_back(queued);
            } else {
                queued.call.settle(Err(error.clone()));
            }
        }
    }

    fn finish(&mut self, outcome: Result<Value, RoomsError>) {
        self.failures = 0;
        if let Some(queued) = self.queue.pop_front() {
            queued.call.settle(outcome);
        }
    }
}

/// Why the call must not be made, or not again.
fn cannot_succeed(queued: &Queued, now: u64, message_bytes: Option<u64>) -> Option<RoomsError> {
    queued.call.id.as_ref()?;
    if queued.called_at.is_some_and(|at| now.saturating_sub(at) > REPEATABLE) {
        return Some(RoomsError::own("unconfirmed"));
    }
    if queued.told >= MAX_TOLD || queued.cut >= MAX_CUT {
        let times = queued.told + queued.cut;
        let message = format!(
            "The connection was lost {times} times under this message: it is larger than something on the way takes."
        );
        return Some(RoomsError::new("message_too_large", message));
    }
    check_size(&queued.call.argument["data"], message_bytes).err()
}

#[cfg(test)]
#[path = "send_queue_tests.rs"]
mod tests;
