//! What the server tells by itself.

use serde::de::DeserializeOwned;

use super::RoomsMachine;
use crate::protocol::args::Args;
use crate::rooms::protocol::answers::{DeviceTaken, PresenceEvent, SessionEnd, TokenRenewed};
use crate::rooms::protocol::inbox_item::InboxItem;
use crate::rooms::protocol::reconnect_policy::TokenSource;
use crate::rooms::protocol::rooms_effect::SendQueueKey;
use crate::rooms::protocol::values::{Me, Message, RoomsEvent, Signal};

impl RoomsMachine {
    /// The server has sent an event.
    pub(crate) fn notice(&mut self, name: &str, args: &Args) {
        match name {
            "welcome" => return self.parsed(name, args, Self::welcomed),
            "session_end" => {
                return self.parsed(name, args, |machine, end: SessionEnd| machine.policy.end_announced(end.error));
            }
            _ if !self.context.is_up => return,
            _ => {}
        }
        match name {
            "message" => self.parsed(name, args, |machine, message: Message| {
                if let Some(room) = machine.rooms.get_mut(&message.room) {
                    room.on_message(message, &mut machine.context);
                }
            }),
            "signal" => self.parsed(name, args, |machine, signal: Signal| {
                if let Some(room) = machine.rooms.get_mut(&signal.room) {
                    room.on_signal(signal, &mut machine.context);
                }
            }),
            "presence" => self.parsed(name, args, |machine, event: PresenceEvent| {
                if let Some(room) = machine.rooms.get_mut(&event.room) {
                    room.on_presence(event, &mut machine.context);
                }
            }),
            "inbox" => {
                self.parsed(name, args, |machine, item: InboxItem| machine.inbox.on_item(item, &mut machine.context))
            }
            "token_expiring" => self.renewal.start(&mut self.context),
            "token_renewed" => self.parsed(name, args, |machine, renewed: TokenRenewed| {
                if machine.context.me.as_ref().is_some_and(|me| me.guest) {
                    machine.keep_guest(Some(&renewed.token));
                    machine.report_storage();
                }
            }),
            "device_taken" => self.parsed(name, args, |machine, taken: DeviceTaken| {
                machine.inbox.taken();
                machine.context.tell(&RoomsEvent::DeviceTaken(taken.sid));
            }),
            "device_returned" => {
                self.inbox.returned(&mut self.context);
                self.context.tell(&RoomsEvent::DeviceReturned);
            }
            // A newer server's.
            _ => {}
        }
    }

    fn parsed<T: DeserializeOwned>(&mut self, name: &str, args: &Args, act: impl FnOnce(&mut Self, T)) {
        match args.first() {
            Ok(notice) => act(self, notice),
            Err(error) => self.context.warn(format!("the server's event \"{name}\" is not as it should be: {error}")),
        }
    }

    /// Rooms first, as publishes wait for them; the inbox last.
    fn welcomed(&mut self, me: Me) {
        if self.context.over.is_some() {
            return;
        }
        self.policy.welcomed(self.context.now);
        self.is_away = false;
        self.context.is_up = true;
        if let (true, Some(token)) = (me.guest, &me.token) {
            self.keep_guest(Some(token));
            // From now on this guest is the one of that token: if it is refused, another guest comes.
            let mut shown = self.shown.lock();
            if shown.source == TokenSource::None {
                shown.source = TokenSource::Guest;
            }
        }
        self.context.me = Some(me.clone());
        for reply in self.ready.drain(..) {
            let _ = reply.send(Ok(me.clone()));
        }
        self.context.tell(&RoomsEvent::Connected(me.clone()));
        for room in self.rooms.values_mut() {
            room.up(&mut self.context);
        }
        for (to, queue) in &mut self.sends {
            queue.resume(self.context.now);
            self.context.flush(queue, || SendQueueKey::Sends(to.clone()));
        }
        self.inbox.up(&me.user, &mut self.context);
        self.report_storage();
    }
}
