//! What a join may ask for.

use super::values::Position;

/// Options of a join.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct JoinOptions {
    /// As in [`Room::join_since`](crate::rooms::Room::join_since).
    pub since: Option<Position>,
    /// How many of the newest messages are wanted in the result, 1 to 500: `Joined::history`. It may have fewer. With `since`, only
    /// where that could not be gone back to. For this join alone, and not those after a reconnect.
    pub history: Option<u32>,
}

impl JoinOptions {
    /// What came after this position comes first.
    #[must_use]
    pub fn since(mut self, position: Position) -> Self {
        self.since = Some(position);
        self
    }

    /// So many of the newest messages, at most, in the result.
    #[must_use]
    pub fn history(mut self, messages: u32) -> Self {
        self.history = Some(messages);
        self
    }
}
