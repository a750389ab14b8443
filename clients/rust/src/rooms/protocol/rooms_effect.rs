//! What a rooms client wants done, and whose calls are under way.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::inbox_item::InboxItem;
use super::send_queue::Reply;
use super::values::Position;

/// The application's function; where it fails, it says why.
pub(crate) type Processor = Arc<dyn Fn(InboxItem) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// What the shell is to do, in order.
pub(crate) enum RoomsEffect {
    /// Connect the namespace, and tell what comes of it.
    Connect,
    /// Make a call, and tell its outcome with the key.
    Call { key: u64, name: &'static str, argument: Value },
    /// Make a call whose ack nobody needs.
    Tell { name: &'static str, argument: Value },
    /// Ask for a token to go on with.
    NewToken { generation: u64 },
    /// Nobody waits for this call any more.
    Forget { key: u64 },
    /// Have an item processed.
    Process { run: u64, item: InboxItem, processor: Processor },
    /// Stop processing, and drop the processor. It is the application's, and may hold handles of this client, whose end asks
    /// for the machine's lock: it is never dropped under it.
    Release { processor: Processor },
}

/// Which queue something is in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum SendQueueKey {
    Publishes(String),
    Readings(String),
    Sends(String),
}

/// Whose call it is, and of which generation.
pub(crate) enum CallTag {
    Join { room: String, generation: u64 },
    Leave { room: String, reply: Reply<()> },
    Read { room: String, generation: u64 },
    Queued(SendQueueKey),
    OpenInbox { generation: u64 },
    AckInbox { generation: u64, position: Position },
    Refresh { generation: u64, token: String },
}
