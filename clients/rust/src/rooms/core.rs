//! The rooms layer without its I/O: the composition of its parts. The shell (driver.rs) tells it what happened, and does
//! what it says.

mod requests;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Notify, oneshot};

use super::api::{DeviceTaken, InboxItem, Me, Message, PresenceChange, RoomsEvent, Signal, TokenRenewed};
use super::backoff::Retry;
use super::error::RoomsError;
use super::host::{Effect, Host, LaneKey, Tag};
use super::inbox_state::InboxState;
use super::lane::{Lane, Outcome, Reply};
use super::link::{Credentials, Renewal};
use super::room_state::RoomState;
use super::session::{Session, TokenSource, Verdict};
use crate::{Args, CredentialsError, Disconnected, Error};

/// RFC 6455, 7.4.1: a message is too big to be processed.
const TOO_BIG: u16 = 1009;

/// Bytes from which on a message is suspected where a connection is cut without a word.
const LARGE: usize = 8 << 10;

/// So few rooms are not worth looking for those that nobody needs.
const MIN_SWEEP: usize = 64;

pub(crate) struct RoomsCore {
    host: Host,
    session: Session,
    credentials: Arc<Credentials>,
    renewal: Renewal,
    connect_at: Option<Retry>,
    rooms: BTreeMap<String, RoomState>,
    /// With as many rooms, those are looked for that nobody needs any more.
    sweep_at: usize,
    /// Of all rooms that were swept, the last turn.
    last_turn: u64,
    /// By recipient; only those that have something to send.
    sends: BTreeMap<String, Lane>,
    inbox: InboxState,
    ready: Vec<Reply<Me>>,
    flushes: Vec<oneshot::Sender<()>>,
    /// Whether the application has closed the connection itself, as it is not in sight: that says nothing of a message.
    is_away: bool,
    /// Nobody has a handle any more: what was accepted is sent until then, and the rest given up.
    leaving_until: Option<u64>,
}

/// Milliseconds in which what was accepted may still leave when the last handle was dropped.
const LEAVING: u64 = 10_000;

impl RoomsCore {
    /// Begins to connect.
    pub(crate) fn new(mut host: Host, credentials: Arc<Credentials>) -> Self {
        host.effects.push_back(Effect::Connect);
        Self {
            session: Session::default(),
            host,
            credentials,
            renewal: Renewal::default(),
            connect_at: None,
            rooms: BTreeMap::new(),
            sweep_at: MIN_SWEEP,
            last_turn: 0,
            sends: BTreeMap::new(),
            inbox: InboxState::new(),
            ready: Vec::new(),
            flushes: Vec::new(),
            is_away: false,
            leaving_until: None,
        }
    }

    /// To be called before anything else: what time it is, in milliseconds.
    pub(crate) fn at(&mut self, now: u64) -> &mut Self {
        self.host.now = now;
        self
    }

    pub(crate) fn now(&self) -> u64 {
        self.host.now
    }

    /// Told when a stream was read: `tick` is due then.
    pub(crate) fn wake(&self) -> Arc<Notify> {
        Arc::clone(&self.host.wake)
    }

    pub(crate) fn next_effect(&mut self) -> Option<Effect> {
        self.host.effects.pop_front()
    }

    /// When `tick` is due.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let rooms = self.rooms.values().filter_map(RoomState::deadline);
        let sends = self.sends.values().filter_map(Lane::deadline);
        let own = [
            self.connect_at.map(|retry| retry.at()),
            self.renewal.deadline(),
            self.inbox.deadline(),
            self.host.deadline(),
        ];
        rooms.chain(sends).chain(own.into_iter().flatten()).chain(self.leaving_until).min()
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self) {
        let now = self.host.now;
        if self.connect_at.take_if(|retry| retry.is_due(now)).is_some() {
            self.host.effects.push_back(Effect::Connect);
        }
        for tag in self.host.take_late_calls() {
            self.settle(tag, Outcome::Timeout);
        }
        self.renewal.tick(&mut self.host);
        for room in self.rooms.values_mut() {
            if room.deadline().is_some_and(|at| now >= at) {
                room.tick(&mut self.host);
            }
            room.resume(&mut self.host);
        }
        let due = self.sends.iter().filter(|(_, lane)| lane.deadline().is_some_and(|at| now >= at));
        for to in due.map(|(to, _)| to.clone()).collect::<Vec<_>>() {
            if let Some(lane) = self.sends.get_mut(&to) {
                lane.resume(now);
            }
            self.flush_sends(&to);
        }
        if self.inbox.deadline().is_some_and(|at| now >= at) {
            self.inbox.tick(&mut self.host);
        }
    }

    /// To be called when all that was to be done is done: tells those who wait until nothing is left to be sent.
    pub(crate) fn settle_flushes(&mut self) {
        let is_over = self.host.over.is_some();
        if self.unsent() == 0 || is_over {
            for flush in self.flushes.drain(..) {
                // The caller may have gone meanwhile.
                let _ = flush.send(());
            }
        }
        if self.leaving_until.is_some_and(|until| self.unsent() == 0 || self.host.now >= until) {
            self.close();
        }
    }

    /// The server has sent an event.
    pub(crate) fn notice(&mut self, name: &str, args: &Args) {
        match name {
            "welcome" => return self.parsed(name, args, Self::welcomed),
            "session_end" => {
                return self.parsed(name, args, |core, end: SessionEnd| core.session.end_announced(end.error));
            }
            _ if !self.host.is_up => return,
            _ => {}
        }
        match name {
            "message" => self.parsed(name, args, |core, message: Message| {
                if let Some(room) = core.rooms.get_mut(&message.room) {
                    room.message_came(message, &mut core.host);
                }
            }),
            "signal" => self.parsed(name, args, |core, signal: Signal| {
                if let Some(room) = core.rooms.get_mut(&signal.room) {
                    room.signal_came(signal, &mut core.host);
                }
            }),
            "presence" => self.parsed(name, args, |core, change: PresenceChange| {
                if let Some(room) = core.rooms.get_mut(&change.room) {
                    room.presence_came(change, &mut core.host);
                }
            }),
            "inbox" => self.parsed(name, args, |core, item: InboxItem| core.inbox.item_came(item, &mut core.host)),
            "token_expiring" => self.renewal.start(&mut self.host),
            "token_renewed" => self.parsed(name, args, |core, renewed: TokenRenewed| {
                if core.host.me.as_ref().is_some_and(|me| me.guest) {
                    core.keep_guest(Some(&renewed.token));
                    core.report_storage();
                }
            }),
            "device_taken" => self.parsed(name, args, |core, taken: DeviceTaken| {
                core.inbox.taken();
                core.host.tell(&RoomsEvent::DeviceTaken(taken.sid));
            }),
            "device_returned" => {
                self.inbox.returned(&mut self.host);
                self.host.tell(&RoomsEvent::DeviceReturned);
            }
            // A newer server's.
            _ => {}
        }
    }

    /// The connection is lost, or was ended.
    pub(crate) fn disconnected(&mut self, ended: Disconnected) {
        let was_up = self.host.is_up;
        self.suspect(ended.code);
        self.went_down();
        let source = self.source();
        let verdict = self.session.closed(ended.code, !ended.is_final, source, self.host.now);
        if was_up {
            self.rooms.values_mut().for_each(RoomState::down);
            self.inbox.down();
            self.host.tell(&RoomsEvent::Disconnected(ended.reason));
        }
        self.follow(verdict);
    }

    /// A connect was refused, and the bridge layer does not try again.
    pub(crate) fn refused(&mut self, error: &Error) {
        if self.host.over.is_some() || matches!(error, Error::Closed | Error::Aborted) {
            return;
        }
        let source = self.source();
        let verdict = self.session.refused(error, source);
        if !matches!(verdict, Verdict::End(_)) {
            self.host.warn(error.to_string());
        }
        self.follow(verdict);
    }

    /// A call has an outcome.
    pub(crate) fn answered(&mut self, key: u64, outcome: Outcome) {
        if let Some(tag) = self.host.take_call(key) {
            self.settle(tag, outcome);
        }
    }

    /// The application's function has answered.
    pub(crate) fn token(&mut self, turn: u64, token: Result<String, CredentialsError>) {
        self.renewal.token(turn, token, &mut self.host);
    }

    /// The application's processor is done with an item.
    pub(crate) fn processed(&mut self, run: u64, result: Result<(), String>) {
        self.inbox.processed(run, result, &mut self.host);
        self.report_storage();
    }

    pub(crate) fn warn(&mut self, message: String) {
        self.host.warn(message);
    }

    fn room(&mut self, name: &str) -> (&mut RoomState, &mut Host) {
        if self.rooms.len() >= self.sweep_at && !self.rooms.contains_key(name) {
            self.sweep();
        }
        let turn = self.last_turn;
        let room = self.rooms.entry(name.to_owned()).or_insert_with(|| RoomState::new(name, turn, &self.host));
        (room, &mut self.host)
    }

    /// Forgets the rooms that nobody needs any more. Seldom enough, so that it costs next to nothing for each room.
    fn sweep(&mut self) {
        let last_turn = &mut self.last_turn;
        self.rooms.retain(|_, room| {
            let is_needed = !room.is_idle();
            if !is_needed {
                *last_turn = room.turn.max(*last_turn);
            }
            is_needed
        });
        self.sweep_at = MIN_SWEEP.max(2 * self.rooms.len());
    }

    fn source(&self) -> TokenSource {
        self.credentials.shown().source
    }

    fn parsed<T: DeserializeOwned>(&mut self, name: &str, args: &Args, act: impl FnOnce(&mut Self, T)) {
        match args.first() {
            Ok(notice) => act(self, notice),
            Err(error) => self.host.warn(format!("the server's event \"{name}\" is not as it should be: {error}")),
        }
    }

    /// Rooms first, as publishes wait for them; the inbox last.
    fn welcomed(&mut self, me: Me) {
        if self.host.over.is_some() {
            return;
        }
        self.session.welcomed(self.host.now);
        self.is_away = false;
        self.host.is_up = true;
        if let (true, Some(token)) = (me.guest, &me.token) {
            self.keep_guest(Some(token));
            // From now on this guest is the one of that token: if it is refused, another guest comes.
            let mut shown = self.credentials.shown();
            if shown.source == TokenSource::None {
                shown.source = TokenSource::Guest;
            }
        }
        self.host.me = Some(me.clone());
        for reply in self.ready.drain(..) {
            let _ = reply.send(Ok(me.clone()));
        }
        self.host.tell(&RoomsEvent::Connected(me.clone()));
        for room in self.rooms.values_mut() {
            room.up(&mut self.host);
        }
        for (to, lane) in &mut self.sends {
            lane.resume(self.host.now);
            self.host.flush(lane, || LaneKey::Sends(to.clone()));
        }
        self.inbox.up(&me.user, &mut self.host);
        self.report_storage();
    }

    /// Where something on the way takes less than the server, it closes with 1009 or cuts: the largest message that is under
    /// way may be the cause.
    fn suspect(&mut self, code: Option<u16>) {
        let (is_told, at_least) = match code {
            Some(TOO_BIG) => (true, 0),
            None if !self.is_away => (false, LARGE),
            _ => return,
        };
        let lanes = self.rooms.values_mut().map(RoomState::publishes).chain(self.sends.values_mut());
        if let Some(lane) = lanes.filter(|lane| lane.under_way() > Some(at_least)).max_by_key(|lane| lane.under_way()) {
            lane.suspect(is_told);
        }
    }

    fn went_down(&mut self) {
        self.host.is_up = false;
        self.connect_at = None;
        self.renewal.stop();
        for tag in self.host.take_calls() {
            self.settle(tag, Outcome::Lost);
        }
    }

    fn settle(&mut self, tag: Tag, outcome: Outcome) {
        match tag {
            Tag::Join { room, turn } => {
                let (room, host) = self.room(&room);
                room.join_done(turn, outcome, host);
            }
            Tag::Leave { room, reply } => {
                let (room, host) = self.room(&room);
                room.leave_done(reply, &outcome, host);
            }
            Tag::Read { room, turn } => {
                let (room, host) = self.room(&room);
                room.read_done(turn, outcome, host);
            }
            Tag::Lane(LaneKey::Sends(to)) => {
                if let Some(lane) = self.sends.get_mut(&to) {
                    lane.done(outcome, self.host.now, self.host.roll());
                }
                self.flush_sends(&to);
            }
            Tag::Lane(key) => {
                let (LaneKey::Publishes(name) | LaneKey::Readings(name) | LaneKey::Sends(name)) = &key;
                let (room, host) = self.room(name);
                room.lane_done(&key, outcome, host);
            }
            Tag::OpenInbox { turn } => self.inbox.opened(turn, outcome, &mut self.host),
            Tag::AckInbox { turn, position } => self.inbox.acked(turn, position, outcome, &mut self.host),
            Tag::Refresh { turn, token } => self.renewal.refreshed(turn, token, outcome, &mut self.host),
        }
        self.report_storage();
    }

    fn flush_sends(&mut self, to: &str) {
        let Some(lane) = self.sends.get_mut(to) else { return };
        self.host.flush(lane, || LaneKey::Sends(to.to_owned()));
        if lane.is_empty() {
            self.sends.remove(to);
        }
    }

    fn follow(&mut self, verdict: Verdict) {
        if self.host.over.is_some() {
            return;
        }
        match verdict {
            Verdict::Wait => {}
            Verdict::Reconnect { failures, reason, forget_guest } => {
                if forget_guest {
                    self.keep_guest(None);
                }
                self.connect_at = Some(Retry::after(failures, reason.as_ref(), self.host.now, self.host.roll()));
            }
            Verdict::End(error) => {
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
            let mut shown = self.credentials.shown();
            let before = std::mem::replace(&mut shown.guest_token, token.map(str::to_owned));
            // Refused once more, before another token is shown, it is not the guest who is refused.
            if token.is_none() {
                shown.source = TokenSource::None;
                shown.refused = before;
            }
        }
        self.host.kept.keep_guest_token(token);
    }

    /// Everything that waits fails with the reason.
    fn end(&mut self, error: &RoomsError) {
        if self.host.over.is_some() {
            return;
        }
        self.went_down();
        self.host.over = Some(error.clone());
        for reply in self.ready.drain(..) {
            let _ = reply.send(Err(error.clone()));
        }
        for room in self.rooms.values_mut() {
            room.end(error);
        }
        for lane in self.sends.values_mut() {
            lane.reject_all(error, false);
        }
        self.inbox.end(error, &mut self.host);
        if let Some(error) = error.unless_closed() {
            self.host.tell(&RoomsEvent::Ended(error));
        }
        self.host.feed.end();
    }

    fn report_storage(&mut self) {
        for failure in std::mem::take(&mut self.host.kept.failures) {
            self.host.warn(failure);
        }
    }
}

/// Why the server is about to close the connection.
#[derive(Deserialize)]
struct SessionEnd {
    error: RoomsError,
}

#[cfg(test)]
#[path = "core_tests.rs"]
mod tests;
