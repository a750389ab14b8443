//! The handle of one's inbox.

use std::future::Future;
use std::sync::Arc;

use futures_util::FutureExt;

use super::handle::Handle;
use super::protocol::inbox_item::InboxItem;
use super::protocol::rooms_effect::Processor;
use super::protocol::rooms_error::RoomsError;
use super::protocol::rooms_machine::RoomsMachine;
use super::protocol::values::{InboxOpened, Position};

/// One's inbox. A handle: clones are the same inbox.
#[derive(Clone)]
pub struct Inbox {
    pub(crate) inner: Arc<Handle>,
}

impl Inbox {
    /// Opens the inbox, with the function that processes an item. Items come one at a time, in order, each once; an item is
    /// processed, and acked, when the function is done with it. Where it fails, or panics, the item comes again after a
    /// pause, and the session's warnings tell. Each run is a task of its own, and is aborted when the client is closed.
    ///
    /// There is one processor at a time, until [`stop`](Self::stop). Resolves when the inbox is open. It begins at once. A
    /// function that holds a handle of this client keeps the client alive: it is then closed by [`Rooms::close`] alone, and not
    /// by dropping your other handles.
    ///
    /// [`Rooms::close`]: super::Rooms::close
    ///
    /// # Errors
    /// `in_use`, or what the server refuses.
    pub fn process<Process, Done, E>(
        &self,
        process: Process,
    ) -> impl Future<Output = Result<InboxOpened, RoomsError>> + Send + use<Process, Done, E>
    where
        Process: Fn(InboxItem) -> Done + Send + Sync + 'static,
        Done: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display,
    {
        let processor: Processor =
            Arc::new(move |item| process(item).map(|done| done.map_err(|error| error.to_string())).boxed());
        // One that is not taken is dropped here, and not under the machine's lock, which the end of its handles may ask for.
        self.inner.ask(|machine, reply| machine.process(Arc::clone(&processor), reply))
    }

    /// Has nobody process items any more, at once. A run that is under way is aborted where it next awaits; its item, and what
    /// comes meanwhile, waits for the next [`process`](Self::process). One that still waits for the inbox to be open fails with
    /// `aborted`.
    pub fn stop(&self) {
        self.inner.shared.with(RoomsMachine::stop_processing);
    }

    /// Up to where this device has processed it; `None` before it was open.
    #[must_use]
    pub fn cursor(&self) -> Option<Position> {
        self.inner.shared.look(|machine| machine.cursor())
    }
}

impl std::fmt::Debug for Inbox {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Inbox").field("cursor", &self.cursor()).finish_non_exhaustive()
    }
}
