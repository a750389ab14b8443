//! What a state machine is to the task that drives it.

/// A state machine without I/O. Its methods are of these kinds, and are called in this order, again and again:
///
/// 1. `at`: what time it is. Before anything else.
/// 2. Input: what happened, or what the application asks for. These are the machine's own methods; and `tick`, when the
///    `deadline` has passed, or sooner.
/// 3. Output: `poll_effect`, until there is nothing left to be done. Effects are done in the order in which they come, and
///    what comes of them is input.
/// 4. `settle`, when all effects are done.
/// 5. `deadline`: how long nothing need be called, unless something happens.
///
/// Once `is_over`, and what `poll_effect` still gives is done, the machine is not driven any more.
pub(crate) trait Machine {
    /// What it wants done.
    type Effect;

    /// Sets the clock: milliseconds that never go back.
    fn at(&mut self, now: u64) -> &mut Self;

    /// Output: the next thing to do, if there is any.
    fn poll_effect(&mut self) -> Option<Self::Effect>;

    /// When `tick` is due, by the clock of `at`; `None`: not before something happens.
    fn deadline(&self) -> Option<u64>;

    /// Input: time has passed, or a stream was read. Returns soon where nothing is due.
    fn tick(&mut self);

    /// Tells those who wait until nothing is left to be sent. It may bring effects.
    fn settle(&mut self);

    /// Whether it was closed, or has come to its end by itself.
    fn is_over(&self) -> bool;

    /// Input: ends everything. What waits fails, and streams end. May be called twice.
    fn close(&mut self);
}
