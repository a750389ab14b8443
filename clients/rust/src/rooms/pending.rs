//! What is tried until it is done: publishes and sends that are under way.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_channel::oneshot;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::handle::Handle;
use super::protocol::rooms_effect::SendQueueKey;
use super::protocol::rooms_error::RoomsError;
use super::protocol::rooms_machine::RoomsMachine;
use super::protocol::send_queue::Reply;
use super::protocol::values::{Published, Sent};

/// A publish that is under way.
pub type Publishing = Pending<Published>;

/// A send that is under way.
pub type Sending = Pending<Sent>;

/// Something that is tried until it is done. Dropping it gives it up.
#[must_use = "dropping it gives it up: await it, or detach it"]
pub struct Pending<T> {
    answer: Pin<Box<dyn Future<Output = Result<T, RoomsError>> + Send>>,
    guard: Option<Guard>,
}

impl<T: DeserializeOwned> Pending<T> {
    pub(crate) fn start(
        inner: &Arc<Handle>,
        data: Result<Value, RoomsError>,
        start: impl FnOnce(&mut RoomsMachine, &Value, Reply<Value>) -> Result<(SendQueueKey, u64), RoomsError>,
    ) -> Self {
        let (reply, answer) = oneshot::channel();
        let started = data.and_then(|data| inner.shared.with(|machine| start(machine, &data, reply)));
        let (guard, error) = match started {
            Ok((queue, call)) => (Some(Guard { inner: Arc::clone(inner), queue, call }), None),
            Err(error) => (None, Some(error)),
        };
        let answer = async move {
            if let Some(error) = error {
                return Err(error);
            }
            let result = answer.await.unwrap_or_else(|_| Err(RoomsError::own("closed")))?;
            T::deserialize(result).map_err(RoomsError::bad_answer)
        };
        Self { answer: Box::pin(answer), guard }
    }
}

impl<T> Pending<T> {
    /// Lets it go on without you. Nobody hears of its outcome.
    pub fn detach(mut self) {
        if let Some(guard) = self.guard.take() {
            guard.disarm();
        }
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, RoomsError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let polled = self.answer.as_mut().poll(context);
        if polled.is_ready() {
            if let Some(guard) = self.guard.take() {
                guard.disarm();
            }
        }
        polled
    }
}

impl<T> std::fmt::Debug for Pending<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Pending").finish_non_exhaustive()
    }
}

/// Gives a call up when it is dropped.
struct Guard {
    inner: Arc<Handle>,
    queue: SendQueueKey,
    call: u64,
}

impl Guard {
    /// The call is done, or is to go on.
    fn disarm(mut self) {
        self.call = 0;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Keys begin at 1.
        if self.call != 0 {
            self.inner.shared.with(|machine| machine.forget(&self.queue, self.call));
        }
    }
}
