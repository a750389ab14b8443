//! What the handles of a rooms client have in common: of the client itself, of its rooms, and of its inbox.

use std::sync::Arc;

use futures_channel::oneshot;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::protocol::rooms_error::RoomsError;
use super::protocol::rooms_machine::RoomsMachine;
use super::protocol::send_queue::Reply;
use crate::client::Client;
use crate::driver::Shared;

/// Closes the client when the last one is dropped.
pub(crate) struct Handle {
    pub(crate) shared: Arc<Shared<RoomsMachine>>,
    pub(crate) client: Client,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.with(RoomsMachine::leave_all);
    }
}

impl Handle {
    /// Asks at once, and gives what waits for the answer.
    pub(crate) fn ask<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&mut RoomsMachine, Reply<T>),
    ) -> BoxFuture<'static, Result<T, RoomsError>> {
        let (reply, answer) = oneshot::channel();
        self.shared.with(|machine| ask(machine, reply));
        // Without an answer the machine is gone, and was closed before.
        answer.map(|answer| answer.unwrap_or_else(|_| Err(RoomsError::own("closed")))).boxed()
    }
}
