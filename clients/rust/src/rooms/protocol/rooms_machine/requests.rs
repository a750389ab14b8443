//! What the application asks of a rooms client.

use futures_channel::oneshot;
use serde_json::{Value, json};

use super::{LEAVING, RoomsMachine};
use crate::protocol::broadcast::Subscription;
use crate::protocol::machine::Machine;
use crate::rooms::protocol::data::check_size;
use crate::rooms::protocol::join_options::JoinOptions;
use crate::rooms::protocol::readers::Bookmark;
use crate::rooms::protocol::room_machine::{RoomMachine, publish_argument};
use crate::rooms::protocol::rooms_effect::{Processor, RoomsEffect, SendQueueKey};
use crate::rooms::protocol::rooms_error::RoomsError;
use crate::rooms::protocol::send_queue::Reply;
use crate::rooms::protocol::values::{
    InboxOpened, Joined, Me, Members, Message, Position, RoomEvent, RoomState, RoomsEvent,
};

impl RoomsMachine {
    pub(crate) fn me(&self) -> Option<Me> {
        self.context.me.clone()
    }

    pub(crate) fn is_up(&self) -> bool {
        self.context.is_up
    }

    pub(crate) fn device(&self) -> String {
        self.context.device.clone()
    }

    pub(crate) fn ready(&mut self, reply: Reply<Me>) {
        // The caller may have gone meanwhile.
        match (&self.context.over, &self.context.me) {
            (Some(over), _) => drop(reply.send(Err(over.clone()))),
            (None, Some(me)) if self.context.is_up => drop(reply.send(Ok(me.clone()))),
            _ => self.ready.push(reply),
        }
    }

    /// Joins, and says which join it is: for `seen` when its caller has seen the result, or else `give_up`.
    pub(crate) fn join(&mut self, room: &str, options: JoinOptions, reply: Reply<Joined>) -> u64 {
        let id = self.context.new_key();
        if let Some(over) = &self.context.over {
            let _ = reply.send(Err(over.clone()));
            return id;
        }
        let (room, context) = self.room(room);
        room.join(id, options, reply, context);
        id
    }

    pub(crate) fn seen(&mut self, room: &str, join: u64) {
        self.room(room).0.seen(join);
    }

    pub(crate) fn give_up(&mut self, room: &str, join: u64) {
        let (room, context) = self.room(room);
        room.give_up(join, context);
    }

    pub(crate) fn leave(&mut self, room: &str, reply: Reply<()>) {
        let (room, context) = self.room(room);
        room.leave(reply, context);
    }

    /// Publishes, and says which call it is.
    pub(crate) fn publish(
        &mut self,
        room: &str,
        id: String,
        data: &Value,
        reply: Reply<Value>,
    ) -> Result<(SendQueueKey, u64), RoomsError> {
        let call = self.context.pending_call("publish", publish_argument(room, data, &id), Some(id), reply)?;
        let key = call.key;
        let (state, context) = self.room(room);
        state.publish(call, context);
        Ok((SendQueueKey::Publishes(room.to_owned()), key))
    }

    /// Reads a page: of the log (`history`), or of those who are there (`presence`).
    pub(crate) fn read(
        &mut self,
        name: &'static str,
        room: &str,
        mut argument: Value,
        reply: Reply<Value>,
    ) -> Result<(SendQueueKey, u64), RoomsError> {
        argument["room"] = json!(room);
        let call = self.context.pending_call(name, argument, None, reply)?;
        let key = call.key;
        let (state, context) = self.room(room);
        state.read(call, context);
        Ok((SendQueueKey::Readings(room.to_owned()), key))
    }

    pub(crate) fn send(
        &mut self,
        to: &str,
        id: String,
        data: &Value,
        receipt: bool,
        reply: Reply<Value>,
    ) -> Result<(SendQueueKey, u64), RoomsError> {
        let mut argument = json!({ "to": to, "data": data, "id": id });
        if receipt {
            argument["receipt"] = json!(true);
        }
        let call = self.context.pending_call("send", argument, Some(id), reply)?;
        let key = call.key;
        self.sends.entry(to.to_owned()).or_default().add(call);
        self.flush_sends(to);
        Ok((SendQueueKey::Sends(to.to_owned()), key))
    }

    /// Nobody waits for this call any more.
    pub(crate) fn forget(&mut self, queue: &SendQueueKey, call: u64) {
        match queue {
            SendQueueKey::Sends(to) => {
                if let Some(queue) = self.sends.get_mut(to) {
                    queue.forget(call);
                }
                self.flush_sends(to);
            }
            SendQueueKey::Publishes(room) | SendQueueKey::Readings(room) => {
                let (room, context) = self.room(room);
                room.forget(call, context);
            }
        }
    }

    pub(crate) fn signal(&mut self, room: &str, data: &Value) -> Result<(), RoomsError> {
        check_size(data, self.context.me.as_ref().and_then(|me| me.message_bytes))?;
        if self.room_state(room) == RoomState::Joined {
            let argument = json!({ "room": room, "data": data });
            self.context.effects.push_back(RoomsEffect::Tell { name: "signal", argument });
        }
        Ok(())
    }

    pub(crate) fn process(&mut self, processor: Processor, reply: Reply<InboxOpened>) {
        match &self.context.over {
            Some(over) => drop(reply.send(Err(over.clone()))),
            None => self.inbox.process(processor, reply, &mut self.context),
        }
    }

    pub(crate) fn stop_processing(&mut self) {
        self.inbox.cancel(&mut self.context);
    }

    /// The application closes the connection, for a while.
    pub(crate) fn background(&mut self) {
        self.is_away = true;
    }

    /// There may be another network, or one again: what waits for its next try is due.
    pub(crate) fn hurry(&mut self) {
        let now = self.context.now;
        self.connect_at.iter_mut().for_each(|retry| retry.hurry(now));
        self.renewal.hurry(now);
        self.rooms.values_mut().for_each(|room| room.hurry(now));
        self.inbox.hurry(now);
    }

    pub(crate) fn cursor(&self) -> Option<Position> {
        self.inbox.cursor().cloned()
    }

    pub(crate) fn room_state(&self, room: &str) -> RoomState {
        self.rooms.get(room).map_or(RoomState::Detached, RoomMachine::state)
    }

    pub(crate) fn position(&mut self, room: &str) -> Option<Position> {
        self.rooms.get_mut(room)?.position()
    }

    pub(crate) fn members(&self, room: &str) -> Members {
        self.rooms.get(room).map(|room| room.members.clone()).unwrap_or_default()
    }

    pub(crate) fn room_events(&mut self, room: &str) -> (Subscription<Result<RoomEvent, RoomsError>>, Bookmark) {
        match &self.context.over {
            Some(_) => (Subscription::ended(None), Bookmark::default()),
            None => self.room(room).0.events(),
        }
    }

    pub(crate) fn messages(&mut self, room: &str) -> (Subscription<Result<Message, RoomsError>>, Bookmark) {
        match &self.context.over {
            Some(over) => (Subscription::ended(over.unless_closed().map(Err)), Bookmark::default()),
            None => self.room(room).0.messages(),
        }
    }

    pub(crate) fn events(&mut self) -> Subscription<RoomsEvent> {
        if self.context.over.is_some() { Subscription::ended(None) } else { self.context.broadcast.subscribe(None) }
    }

    /// Publishes and sends that were accepted, and have no answer yet.
    pub(crate) fn unsent(&self) -> usize {
        self.context.pending()
    }

    /// Told when there are none of those.
    pub(crate) fn flush(&mut self, done: oneshot::Sender<()>) {
        self.flushes.push(done);
    }

    /// Nobody has a handle any more: closes when what was accepted has left.
    pub(crate) fn leave_all(&mut self) {
        self.leaving_until = Some(self.context.now.saturating_add(LEAVING));
        self.settle();
    }

    /// What was accepted leaves now, as far as the connection takes it; nobody will hear whether it came.
    pub(super) fn hand_over(&mut self) {
        if self.context.over.is_some() {
            return;
        }
        for room in self.rooms.values() {
            room.hand_over(&mut self.context);
        }
        for queue in self.sends.values() {
            self.context.hand_over(queue);
        }
    }
}
