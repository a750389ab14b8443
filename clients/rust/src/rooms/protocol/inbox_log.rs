//! How far this device has processed its inbox: one item at a time, in order, each once. A state machine with no I/O:
//! methods return what is to be done, in order. docs/rooms-api.md, 9, is its rule.

use std::collections::VecDeque;

use super::inbox_item::InboxItem;
use super::values::Position;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum InboxLogEffect {
    Process(InboxItem),
    /// Keep the position, so that it outlasts the program.
    Keep(Position),
    /// Tell the server; then call `acked` or `ack_failed`, unless the connection is lost before.
    Ack(Position),
}

pub(crate) struct InboxLog {
    queue: VecDeque<InboxItem>,
    current: Option<InboxItem>,
    /// Of the last item that was taken into the queue: what is not after it has come before.
    last: Option<Position>,
    processed: Option<Position>,
    is_open: bool,
    is_acking: bool,
    has_processor: bool,
    /// What the server has not been told yet.
    due: Option<Position>,
}

impl InboxLog {
    /// `processed` is what was kept of an earlier run.
    pub(crate) fn new(processed: Option<Position>) -> Self {
        Self {
            queue: VecDeque::new(),
            current: None,
            last: processed.clone(),
            processed,
            is_open: false,
            is_acking: false,
            has_processor: false,
            due: None,
        }
    }

    pub(crate) fn cursor(&self) -> Option<&Position> {
        self.processed.as_ref()
    }

    /// The inbox is open on this connection, from the server's cursor on.
    pub(crate) fn opened(&mut self, cursor: &Position) -> Vec<InboxLogEffect> {
        self.is_open = true;
        self.is_acking = false;
        let mut effects = Vec::new();
        // The server has what was processed, by `since`; and where this device knows nothing, it begins at the cursor.
        if !is_reached(cursor, self.processed.as_ref()) {
            self.processed = Some(cursor.clone());
            effects.push(InboxLogEffect::Keep(cursor.clone()));
        }
        if !is_reached(cursor, self.last.as_ref()) {
            self.last = Some(cursor.clone());
        }
        // Processed elsewhere, under this device's name; or told in the words of a log that is gone.
        self.queue.retain(|item| !is_reached(item.position(), Some(cursor)));
        if self.due.as_ref().is_some_and(|due| due.epoch != cursor.epoch) {
            self.due = None;
        }
        effects.extend(self.ack());
        effects
    }

    /// The connection is lost. What has come already is still processed.
    pub(crate) fn away(&mut self) {
        self.is_open = false;
    }

    /// Another connection of this device has the inbox: what was not processed here is processed there, or comes again.
    pub(crate) fn taken(&mut self) {
        self.is_open = false;
        self.queue.clear();
        self.last = self.current.as_ref().map(|item| item.position().clone()).or_else(|| self.processed.clone());
    }

    /// The inbox is this connection's again, and goes on after the device's cursor.
    pub(crate) fn returned(&mut self) -> Vec<InboxLogEffect> {
        self.is_open = true;
        self.is_acking = false;
        self.ack().into_iter().collect()
    }

    pub(crate) fn received(&mut self, item: InboxItem) -> Vec<InboxLogEffect> {
        if is_reached(item.position(), self.last.as_ref()) {
            return Vec::new();
        }
        self.last = Some(item.position().clone());
        self.queue.push_back(item);
        self.process().into_iter().collect()
    }

    /// There is somebody to process items, or nobody any more: then the item in hand comes again.
    pub(crate) fn processing(&mut self, is_possible: bool) -> Vec<InboxLogEffect> {
        self.has_processor = is_possible;
        if !is_possible {
            self.put_back();
        }
        self.process().into_iter().collect()
    }

    /// The item in hand was processed.
    pub(crate) fn done(&mut self) -> Vec<InboxLogEffect> {
        let Some(item) = self.current.take() else { return Vec::new() };
        let position = item.position().clone();
        self.processed = Some(position.clone());
        self.due = Some(position.clone());
        let mut effects = vec![InboxLogEffect::Keep(position)];
        effects.extend(self.ack());
        effects.extend(self.process());
        effects
    }

    /// The item in hand could not be processed; it comes again with `processing(true)`.
    pub(crate) fn failed(&mut self) {
        self.put_back();
        self.has_processor = false;
    }

    /// The server knows; or it does not want to.
    pub(crate) fn acked(&mut self) -> Vec<InboxLogEffect> {
        self.is_acking = false;
        self.ack().into_iter().collect()
    }

    /// The position is still to be told: now, or with the next `opened`.
    pub(crate) fn ack_failed(&mut self, position: Position) -> Vec<InboxLogEffect> {
        self.due.get_or_insert(position);
        self.acked()
    }

    fn put_back(&mut self) {
        if let Some(item) = self.current.take() {
            self.queue.push_front(item);
        }
    }

    fn process(&mut self) -> Option<InboxLogEffect> {
        if !self.has_processor || self.current.is_some() {
            return None;
        }
        self.current = self.queue.pop_front();
        self.current.clone().map(InboxLogEffect::Process)
    }

    /// One ack at a time: what is processed meanwhile goes into the next one, which covers all before it.
    fn ack(&mut self) -> Option<InboxLogEffect> {
        if !self.is_open || self.is_acking {
            return None;
        }
        let position = self.due.take()?;
        self.is_acking = true;
        Some(InboxLogEffect::Ack(position))
    }
}

/// Whether `position` is not after `known`. Positions of another epoch are always new.
fn is_reached(position: &Position, known: Option<&Position>) -> bool {
    known.is_some_and(|known| position.epoch == known.epoch && position.offset <= known.offset)
}

#[cfg(test)]
#[path = "inbox_log_tests.rs"]
mod tests;
