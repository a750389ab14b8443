//! What brings a room from one state to the next, and who waits for it. A state machine with no I/O.

use super::rooms_error::RoomsError;
use super::send_queue::Reply;
use super::values::{Joined, RoomState};

/// Who waits for a room to be joined.
pub(crate) struct Waiter {
    pub(crate) id: u64,
    pub(crate) reply: Reply<Joined>,
}

pub(crate) struct RoomMembership {
    state: RoomState,
    /// Whether the server has this device in the room: so it is before what was missed is read.
    is_in: bool,
    /// Counts connections, joins and leaves: what belongs to an earlier one is ignored.
    generation: u64,
    waiters: Vec<Waiter>,
    /// Joins that are done, and whose callers have not seen it yet.
    unseen: Vec<u64>,
    /// Whether a caller has seen that the room is joined: it is not given up from then on.
    is_seen: bool,
}

impl RoomMembership {
    pub(crate) fn new(generation: u64) -> Self {
        Self {
            state: RoomState::Detached,
            is_in: false,
            generation,
            waiters: Vec::new(),
            unseen: Vec::new(),
            is_seen: false,
        }
    }

    pub(crate) fn state(&self) -> RoomState {
        self.state
    }

    pub(crate) fn is_in(&self) -> bool {
        self.is_in
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Somebody waits for the end of a join.
    pub(crate) fn wait(&mut self, waiter: Waiter) {
        self.waiters.push(waiter);
    }

    /// The room is asked for.
    pub(crate) fn begin(&mut self) {
        self.state = RoomState::Joining;
    }

    /// The connection is lost, or the room is joined anew: what is under way is of an earlier generation.
    pub(crate) fn interrupt(&mut self) {
        self.generation += 1;
        self.is_in = false;
        if self.state == RoomState::Joined {
            self.state = RoomState::Recovering;
        }
    }

    /// The server has this device in the room.
    pub(crate) fn answered(&mut self) {
        self.is_in = true;
    }

    /// Everything up to now was delivered, or as much as the readers take.
    pub(crate) fn caught_up(&mut self, joined: &Joined) {
        self.state = if self.is_in { RoomState::Joined } else { RoomState::Recovering };
        for waiter in std::mem::take(&mut self.waiters) {
            self.tell(waiter, joined.clone());
        }
    }

    /// The join of this caller is done.
    pub(crate) fn tell(&mut self, waiter: Waiter, joined: Joined) {
        // Where the caller has gone meanwhile, `give_up` says so.
        if waiter.reply.send(Ok(joined)).is_ok() {
            self.unseen.push(waiter.id);
        }
    }

    /// The room was left, or joining was refused for good: the joins that wait fail with the error.
    pub(crate) fn detach(&mut self, error: &RoomsError) {
        self.state = RoomState::Detached;
        self.is_seen = false;
        self.unseen.clear();
        for waiter in self.waiters.drain(..) {
            // The caller may have gone meanwhile.
            let _ = waiter.reply.send(Err(error.clone()));
        }
    }

    /// The caller has seen that the room is joined.
    pub(crate) fn seen(&mut self, id: u64) {
        self.unseen.retain(|unseen| *unseen != id);
        self.is_seen |= self.state != RoomState::Detached;
    }

    /// The caller does not wait any more, or not for what has come. True where nobody else wants the room.
    pub(crate) fn give_up(&mut self, id: u64) -> bool {
        self.waiters.retain(|waiter| waiter.id != id);
        self.unseen.retain(|unseen| *unseen != id);
        let is_wanted = self.is_seen || !self.waiters.is_empty() || !self.unseen.is_empty();
        !is_wanted && self.state != RoomState::Detached
    }
}

#[cfg(test)]
#[path = "room_membership_tests.rs"]
mod tests;
