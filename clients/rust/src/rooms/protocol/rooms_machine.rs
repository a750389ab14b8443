//! The rooms layer without its I/O: the composition of its parts.

mod notices;
mod requests;

use std::collections::BTreeMap;

use futures_channel::oneshot;

use super::inbox_machine::InboxMachine;
use super::reconnect_policy::{ReconnectDecision, ReconnectPolicy, TokenSource};
use super::retry::Retry;
use super::room_machine::RoomMachine;
use super::rooms_context::RoomsContext;
use super::rooms_effect::{CallTag, RoomsEffect, SendQueueKey};
use super::rooms_error::RoomsError;
use super::send_queue::{CallOutcome, Reply, SendQueue};
use super::shown_token::ShownToken;
use super::token_renewal::TokenRenewal;
use super::values::{Me, RoomsEvent};
use crate::protocol::errors::{CredentialsError, Error};
use crate::protocol::machine::Machine;
use crate::protocol::namespace_event::Disconnected;
use crate::protocol::transport::Transport;

/// RFC 6455, 7.4.1: a message is too big to be processed.
const TOO_BIG: u16 = 1009;

/// Bytes from which on a message is suspected where a connection is cut without a word.
const LARGE: usize = 8 << 10;

/// So few rooms are not worth looking for those that nobody needs.
const MIN_SWEEP: usize = 64;

/// See [`Machine`] for the order in which its methods are called. Its own input is what the connection and the application's
/// functions bring (`notice`, `transport`, `disconnected`, `refused`, `answered`, `token`, `processed`, `warn`), and what the application
/// asks for (`requests.rs`). Its output is effects; what is told to the application goes into its streams.
pub(crate) struct RoomsMachine {
    context: RoomsContext,
    policy: ReconnectPolicy,
    shown: ShownToken,
    renewal: TokenRenewal,
    connect_at: Option<Retry>,
    rooms: BTreeMap<String, RoomMachine>,
    /// With as many rooms, those are looked for that nobody needs any more.
    sweep_at: usize,
    /// Of all rooms that were swept, the last generation.
    last_generation: u64,
    /// By recipient; only those that have something to send.
    sends: BTreeMap<String, SendQueue>,
    inbox: InboxMachine,
    ready: Vec<Reply<Me>>,
    flushes: Vec<oneshot::Sender<()>>,
    /// Whether the application has closed the connection itself, as it is not in sight: that says nothing of a message.
    is_away: bool,
    /// Nobody has a handle any more: what was accepted is sent until then, and the rest given up.
    leaving_until: Option<u64>,
}

/// Milliseconds in which what was accepted may still leave when the last handle was dropped.
const LEAVING: u64 = 10_000;

impl RoomsMachine {
    /// Begins to connect.
    pub(crate) fn new(mut context: RoomsContext, shown: ShownToken) -> Self {
        context.effects.push_back(RoomsEffect::Connect);
        Self {
            policy: ReconnectPolicy::default(),
            context,
            shown,
            renewal: TokenRenewal::default(),
            connect_at: None,
            rooms: BTreeMap::new(),
            sweep_at: MIN_SWEEP,
            last_generation: 0,
            sends: BTreeMap::new(),
            inbox: InboxMachine::new(),
            ready: Vec::new(),
            flushes: Vec::new(),
            is_away: false,
            leaving_until: None,
        }
    }

    /// What the connection goes over.
    pub(crate) fn transport(&mut self, transport: Transport) {
        self.context.tell(&RoomsEvent::Transport(transport));
    }

    /// The connection is lost, or was ended.
    pub(crate) fn disconnected(&mut self, ended: Disconnected) {
        let was_up = self.context.is_up;
        self.suspect(ended.code);
        self.went_down();
        let source = self.source();
        let decision = self.policy.closed(ended.code, !ended.is_final, source, self.context.now);
        if was_up {
            self.rooms.values_mut().for_each(RoomMachine::down);
            self.inbox.down();
            self.context.tell(&RoomsEvent::Disconnected(ended.reason));
        }
        self.follow(decision);
    }

    /// A connect was refused, and the bridge layer does not try again.
    pub(crate) fn refused(&mut self, error: &Error) {
        if self.context.over.is_some() || matches!(error, Error::Closed | Error::Aborted) {
            return;
        }
        let source = self.source();
        let decision = self.policy.refused(error, source);
        if !matches!(decision, ReconnectDecision::End(_)) {
            self.context.warn(error.to_string());
        }
        self.follow(decision);
    }

    /// A call has an outcome.
    pub(crate) fn answered(&mut self, key: u64, outcome: CallOutcome) {
        if let Some(tag) = self.context.take_call(key) {
            self.settle_call(tag, outcome);
        }
    }

    /// The application's function has answered.
    pub(crate) fn token(&mut self, generation: u64, token: Result<String, CredentialsError>) {
        self.renewal.token(generation, token, &mut self.context);
    }

    /// The application's processor is done with an item.
    pub(crate) fn processed(&mut self, run: u64, result: Result<(), String>) {
        self.inbox.processed(run, result, &mut self.context);
        self.report_storage();
    }

    pub(crate) fn warn(&mut self, message: String) {
        self.context.warn(message);
    }

    fn room(&mut self, name: &str) -> (&mut RoomMachine, &mut RoomsContext) {
        if self.rooms.len() >= self.sweep_at && !self.rooms.contains_key(name) {
            self.sweep();
        }
        let generation = self.last_generation;
        let room =
            self.rooms.entry(name.to_owned()).or_insert_with(|| RoomMachine::new(name, generation, &self.context));
        (room, &mut self.context)
    }

    /// Forgets the rooms that nobody needs any more. Seldom enough, so that it costs next to nothing for each room.
    fn sweep(&mut self) {
        let last_generation = &mut self.last_generation;
        self.rooms.retain(|_, room| {
            let is_needed = !room.is_idle();
            if !is_needed {
                *last_generation = room.generation().max(*last_generation);
            }
            is_needed
        });
        self.sweep_at = MIN_SWEEP.max(2 * self.rooms.len());
    }

    fn source(&self) -> TokenSource {
        self.shown.lock().source
    }

    /// Where something on the way takes less than the server, it closes with 1009 or cuts: the largest message that is under
    /// way may be the cause.
    fn suspect(&mut self, code: Option<u16>) {
        let (is_told, at_least) = match code {
            Some(TOO_BIG) => (true, 0),
            None if !self.is_away => (false, LARGE),
            _ => return,
        };
        let queues = self.rooms.values_mut().map(RoomMachine::publishes).chain(self.sends.values_mut());
        if let Some(queue) =
            queues.filter(|queue| queue.under_way() > Some(at_least)).max_by_key(|queue| queue.under_way())
        {
            queue.suspect(is_told);
        }
    }

    fn went_down(&mut self) {
        self.context.is_up = false;
        self.connect_at = None;
        self.renewal.stop();
        for tag in self.context.take_calls() {
            self.settle_call(tag, CallOutcome::Lost);
        }
    }

    fn settle_call(&mut self, tag: CallTag, outcome: CallOutcome) {
        match tag {
            CallTag::Join { room, generation } => {
                let (room, context) = self.room(&room);
                room.join_done(generation, outcome, context);
            }
            CallTag::Leave { room, reply } => {
                let (room, context) = self.room(&room);
                room.leave_done(reply, &outcome, context);
            }
            CallTag::Read { room, generation } => {
                let (room, context) = self.room(&room);
                room.read_done(generation, outcome, context);
            }
            CallTag::Queued(SendQueueKey::Sends(to)) => {
                if let Some(queue) = self.sends.get_mut(&to) {
                    queue.done(outcome, self.context.now, self.context.roll());
                }
                self.flush_sends(&to);
            }
            CallTag::Queued(key) => {
                let (SendQueueKey::Publishes(name) | SendQueueKey::Readings(name) | SendQueueKey::Sends(name)) = &key;
                let (room, context) = self.room(name);
                room.call_done(&key, outcome, context);
            }
            CallTag::OpenInbox { generation } => self.inbox.opened(generation, outcome, &mut self.context),
            CallTag::AckInbox { generation, position } => {
                self.inbox.acked(generation, position, outcome, &mut self.context)
            }
            CallTag::Refresh { generation, token } => {
                self.renewal.refreshed(generation, token, outcome, &mut self.context)
            }
        }
        self.report_storage();
    }

    fn flush_sends(&mut self, to: &str) {
        let Some(queue) = self.sends.get_mut(to) else { return };
        self.context.flush(queue, || SendQueueKey::Sends(to.to_owned()));
        if queue.is_empty() {
            self.sends.remove(to);
        }
    }

    fn follow(&mut self, decision: ReconnectDecision) {
        if self.context.over.is_some() {
            return;
        }
        match decision {
            ReconnectDecision::Wait => {}
            ReconnectDecision::Reconnect { failures, reason, forget_guest } => {
                if forget_guest {
                    self.keep_guest(None);
                }
                self.connect_at = Some(Retry::after(failures, reason.as_ref(), self.context.now, self.context.roll()));
            }
            ReconnectDecision::End(error) => {
                if self.source() == TokenSource::Guest {
                    self.keep_guest(None);
                }
                self.end(&error);
            }
        }
        self.report_storage();
    }

    fn keep_guest(&mut self, token: Option<&str>) {
        {
            let mut shown = self.shown.lock();
            let before = std::mem::replace(&mut shown.guest_token, token.map(str::to_owned));
            // Refused once more, before another token is shown, it is not the guest who is refused.
            if token.is_none() {
                shown.source = TokenSource::None;
                shown.refused = before;
            }
        }
        self.context.stored.keep_guest_token(token);
    }

    /// Everything that waits fails with the reason.
    fn end(&mut self, error: &RoomsError) {
        if self.context.over.is_some() {
            return;
        }
        self.went_down();
        self.context.over = Some(error.clone());
        for reply in self.ready.drain(..) {
            let _ = reply.send(Err(error.clone()));
        }
        for room in self.rooms.values_mut() {
            room.end(error);
        }
        for queue in self.sends.values_mut() {
            queue.reject_all(error, false);
        }
        self.inbox.end(error, &mut self.context);
        if let Some(error) = error.unless_closed() {
            self.context.tell(&RoomsEvent::Ended(error));
        }
        self.context.broadcast.end();
        self.context.keep_last_effects();
    }

    fn report_storage(&mut self) {
        for failure in std::mem::take(&mut self.context.stored.failures) {
            self.context.warn(failure);
        }
    }
}

impl Machine for RoomsMachine {
    type Effect = RoomsEffect;

    fn at(&mut self, now: u64) -> &mut Self {
        self.context.now = now;
        self
    }

    fn poll_effect(&mut self) -> Option<RoomsEffect> {
        self.context.effects.pop_front()
    }

    fn deadline(&self) -> Option<u64> {
        let rooms = self.rooms.values().filter_map(RoomMachine::deadline);
        let sends = self.sends.values().filter_map(SendQueue::deadline);
        let own = [
            self.connect_at.map(|retry| retry.at()),
            self.renewal.deadline(),
            self.inbox.deadline(),
            self.context.deadline(),
        ];
        rooms.chain(sends).chain(own.into_iter().flatten()).chain(self.leaving_until).min()
    }

    fn tick(&mut self) {
        let now = self.context.now;
        if self.connect_at.take_if(|retry| retry.is_due(now)).is_some() {
            self.context.effects.push_back(RoomsEffect::Connect);
        }
        for tag in self.context.take_late_calls() {
            self.settle_call(tag, CallOutcome::Timeout);
        }
        self.renewal.tick(&mut self.context);
        for room in self.rooms.values_mut() {
            if room.deadline().is_some_and(|at| now >= at) {
                room.tick(&mut self.context);
            }
            room.resume(&mut self.context);
        }
        let due = self.sends.iter().filter(|(_, queue)| queue.deadline().is_some_and(|at| now >= at));
        for to in due.map(|(to, _)| to.clone()).collect::<Vec<_>>() {
            if let Some(queue) = self.sends.get_mut(&to) {
                queue.resume(now);
            }
            self.flush_sends(&to);
        }
        if self.inbox.deadline().is_some_and(|at| now >= at) {
            self.inbox.tick(&mut self.context);
        }
    }

    fn settle(&mut self) {
        let is_over = self.context.over.is_some();
        if self.unsent() == 0 || is_over {
            for flush in self.flushes.drain(..) {
                // The caller may have gone meanwhile.
                let _ = flush.send(());
            }
        }
        if self.leaving_until.is_some_and(|until| self.unsent() == 0 || self.context.now >= until) {
            self.close();
        }
    }

    fn is_over(&self) -> bool {
        self.context.over.is_some()
    }

    fn close(&mut self) {
        self.leaving_until = None;
        self.hand_over();
        self.end(&RoomsError::own("closed"));
    }
}

#[cfg(test)]
mod tests;
