//! What the application asks of a rooms client.

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::super::api::{InboxOpened, Joined, Me, Members, Message, Position, RoomEvent, RoomsEvent};
use super::super::data::check_size;
use super::super::error::RoomsError;
use super::super::host::{Effect, LaneKey};
use super::super::inbox_state::Processor;
use super::super::lane::Reply;
use super::super::options::JoinOptions;
use super::super::readers::Bookmark;
use super::super::room_state::{RoomState, publish_argument};
use super::{LEAVING, RoomsCore};
use crate::feed::Tail;

impl RoomsCore {
    pub(crate) fn me(&self) -> Option<Me> {
        self.host.me.clone()
    }

    pub(crate) fn is_up(&self) -> bool {
        self.host.is_up
    }

    pub(crate) fn device(&self) -> String {
        self.host.device.clone()
    }

    pub(crate) fn over(&self) -> Option<&RoomsError> {
        self.host.over.as_ref()
    }

    pub(crate) fn ready(&mut self, reply: Reply<Me>) {
        // The caller may have gone meanwhile.
        match (&self.host.over, &self.host.me) {
            (Some(over), _) => drop(reply.send(Err(over.clone()))),
            (None, Some(me)) if self.host.is_up => drop(reply.send(Ok(me.clone()))),
            _ => self.ready.push(reply),
        }
    }

    /// Joins, and says which join it is: for `seen` when its caller has seen the result, or else `give_up`.
    pub(crate) fn join(&mut self, room: &str, options: JoinOptions, reply: Reply<Joined>) -> u64 {
        let id = self.host.new_key();
        if let Some(over) = &self.host.over {
            let _ = reply.send(Err(over.clone()));
            return id;
        }
        let (room, host) = self.room(room);
        room.join(id, options, reply, host);
        id
    }

    pub(crate) fn seen(&mut self, room: &str, join: u64) {
        self.room(room).0.seen(join);
    }

    pub(crate) fn give_up(&mut self, room: &str, join: u64) {
        let (room, host) = self.room(room);
        room.give_up(join, host);
    }

    pub(crate) fn leave(&mut self, room: &str, reply: Reply<()>) {
        let (room, host) = self.room(room);
        room.leave(reply, host);
    }

    /// Publishes, and says which errand it is.
    pub(crate) fn publish(
        &mut self,
        room: &str,
        id: String,
        data: &Value,
        reply: Reply<Value>,
    ) -> Result<(LaneKey, u64), RoomsError> {
        let errand = self.host.errand("publish", publish_argument(room, data, &id), Some(id), reply)?;
        let key = errand.key;
        let (state, host) = self.room(room);
        state.publish(errand, host);
        Ok((LaneKey::Publishes(room.to_owned()), key))
    }

    pub(crate) fn history(
        &mut self,
        room: &str,
        mut argument: Value,
        reply: Reply<Value>,
    ) -> Result<(LaneKey, u64), RoomsError> {
        argument["room"] = json!(room);
        let errand = self.host.errand("history", argument, None, reply)?;
        let key = errand.key;
        let (state, host) = self.room(room);
        state.read(errand, host);
        Ok((LaneKey::Readings(room.to_owned()), key))
    }

    pub(crate) fn send(
        &mut self,
        to: &str,
        id: String,
        data: &Value,
        receipt: bool,
        reply: Reply<Value>,
    ) -> Result<(LaneKey, u64), RoomsError> {
        let mut argument = json!({ "to": to, "data": data, "id": id });
        if receipt {
            argument["receipt"] = json!(true);
        }
        let errand = self.host.errand("send", argument, Some(id), reply)?;
        let key = errand.key;
        self.sends.entry(to.to_owned()).or_default().add(errand);
        self.flush_sends(to);
        Ok((LaneKey::Sends(to.to_owned()), key))
    }

    /// Nobody waits for this errand any more.
    pub(crate) fn forget(&mut self, lane: &LaneKey, errand: u64) {
        match lane {
            LaneKey::Sends(to) => {
                if let Some(lane) = self.sends.get_mut(to) {
                    lane.forget(errand);
                }
                self.flush_sends(to);
            }
            LaneKey::Publishes(room) | LaneKey::Readings(room) => {
                let (room, host) = self.room(room);
                room.forget(errand, host);
            }
        }
    }

    pub(crate) fn signal(&mut self, room: &str, data: &Value) -> Result<(), RoomsError> {
        check_size(data, self.host.me.as_ref().and_then(|me| me.message_bytes))?;
        if self.rooms.get(room).is_some_and(RoomState::is_joined) {
            let argument = json!({ "room": room, "data": data });
            self.host.effects.push_back(Effect::Tell { name: "signal", argument });
        }
        Ok(())
    }

    pub(crate) fn process(&mut self, processor: Processor, reply: Reply<InboxOpened>) {
        match &self.host.over {
            Some(over) => drop(reply.send(Err(over.clone()))),
            None => self.inbox.process(processor, reply, &mut self.host),
        }
    }

    pub(crate) fn stop_processing(&mut self) {
        self.inbox.cancel(&mut self.host);
    }

    /// The application closes the connection, for a while.
    pub(crate) fn background(&mut self) {
        self.is_away = true;
    }

    /// There may be another network, or one again: what waits for its next try is due.
    pub(crate) fn hurry(&mut self) {
        let now = self.host.now;
        self.connect_at.iter_mut().for_each(|retry| retry.hurry(now));
        self.renewal.hurry(now);
        self.rooms.values_mut().for_each(|room| room.hurry(now));
        self.inbox.hurry(now);
    }

    pub(crate) fn cursor(&self) -> Option<Position> {
        self.inbox.cursor().cloned()
    }

    pub(crate) fn is_joined(&self, room: &str) -> bool {
        self.rooms.get(room).is_some_and(RoomState::is_joined)
    }

    pub(crate) fn position(&mut self, room: &str) -> Option<Position> {
        self.rooms.get_mut(room)?.position()
    }

    pub(crate) fn members(&self, room: &str) -> Members {
        self.rooms.get(room).map(|room| room.members.clone()).unwrap_or_default()
    }

    pub(crate) fn room_events(&mut self, room: &str) -> (Tail<Result<RoomEvent, RoomsError>>, Bookmark) {
        match &self.host.over {
            Some(_) => (Tail::ended(None), Bookmark::default()),
            None => self.room(room).0.events(),
        }
    }

    pub(crate) fn messages(&mut self, room: &str) -> (Tail<Result<Message, RoomsError>>, Bookmark) {
        match &self.host.over {
            Some(over) => (Tail::ended(over.unless_closed().map(Err)), Bookmark::default()),
            None => self.room(room).0.messages(),
        }
    }

    pub(crate) fn events(&mut self) -> Tail<RoomsEvent> {
        if self.host.over.is_some() { Tail::ended(None) } else { self.host.feed.tap(None) }
    }

    /// Publishes and sends that were accepted, and have no answer yet.
    pub(crate) fn unsent(&self) -> usize {
        self.host.pending()
    }

    /// Told when there are none of those.
    pub(crate) fn flush(&mut self, done: oneshot::Sender<()>) {
        self.flushes.push(done);
    }

    /// Nobody has a handle any more: closes when what was accepted has left.
    pub(crate) fn leave_all(&mut self) {
        self.leaving_until = Some(self.host.now.saturating_add(LEAVING));
        self.settle_flushes();
    }

    pub(crate) fn close(&mut self) {
        self.leaving_until = None;
        self.hand_over();
        self.end(&RoomsError::own("closed"));
    }

    /// What was accepted leaves now, as far as the connection takes it; nobody will hear whether it came.
    fn hand_over(&mut self) {
        if self.host.over.is_some() {
            return;
        }
        for room in self.rooms.values() {
            room.hand_over(&mut self.host);
        }
        for lane in self.sends.values() {
            self.host.hand_over(lane);
        }
    }
}
