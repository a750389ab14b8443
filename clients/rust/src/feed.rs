//! What is told to the application: to each stream that it took, in order, and none of it lost before it is read.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::Stream;
use tokio::sync::Notify;

/// The sending end: one for each kind of news, with any number of streams that read it.
pub(crate) struct Feed<T> {
    taps: Vec<Tap<T>>,
    last_id: u64,
}

struct Tap<T> {
    id: u64,
    queue: Arc<Queue<T>>,
}

/// What a stream has not read yet. Shared by both ends.
struct Queue<T>(Mutex<Unread<T>>);

struct Unread<T> {
    items: VecDeque<T>,
    waker: Option<Waker>,
    /// Nothing more will be pushed.
    has_ended: bool,
    /// Nothing more will be read.
    is_dropped: bool,
}

/// Who is told when a stream is read: at the moment when only `at` items are unread again, and when it is dropped.
#[derive(Clone)]
pub(crate) struct Reading {
    pub(crate) wake: Arc<Notify>,
    pub(crate) at: usize,
}

impl<T> Queue<T> {
    fn lock(&self) -> MutexGuard<'_, Unread<T>> {
        // Consistent whenever it is unlocked: only an item's clone or drop may panic, and not in between.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, item: T) {
        let waker = {
            let mut unread = self.lock();
            unread.items.push_back(item);
            unread.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    fn end(&self) {
        let waker = {
            let mut unread = self.lock();
            unread.has_ended = true;
            unread.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }
}

impl<T: Clone> Feed<T> {
    pub(crate) const fn new() -> Self {
        Self { taps: Vec::new(), last_id: 0 }
    }

    /// A stream of all that comes from now on.
    pub(crate) fn tap(&mut self, reading: Option<Reading>) -> Tail<T> {
        self.last_id += 1;
        let tail = Tail::new(self.last_id, reading);
        self.taps.push(Tap { id: tail.id, queue: Arc::clone(&tail.queue) });
        tail
    }

    pub(crate) fn push(&mut self, item: &T) {
        self.push_bounded(item, usize::MAX, item);
    }

    /// The same; but a stream in which `max` items are unread gets `last` instead, and ends.
    pub(crate) fn push_bounded(&mut self, item: &T, max: usize, last: &T) {
        self.prune();
        self.taps.retain(|tap| {
            let is_full = tap.queue.lock().items.len() >= max;
            tap.queue.push(if is_full { last } else { item }.clone());
            if is_full {
                tap.queue.end();
            }
            !is_full
        });
    }

    /// To each stream in which fewer than `max` items are unread. False where one has missed it.
    pub(crate) fn push_where_room(&mut self, item: &T, max: usize) -> bool {
        self.prune();
        let (full, free): (Vec<_>, Vec<_>) = self.taps.iter().partition(|tap| tap.queue.lock().items.len() >= max);
        free.into_iter().for_each(|tap| tap.queue.push(item.clone()));
        full.is_empty()
    }

    /// To one stream alone.
    pub(crate) fn push_to(&self, id: u64, item: T) {
        if let Some(tap) = self.taps.iter().find(|tap| tap.id == id) {
            tap.queue.push(item);
        }
    }

    /// Whether anybody has a stream of it.
    pub(crate) fn is_read(&self) -> bool {
        self.taps.iter().any(|tap| !tap.queue.lock().is_dropped)
    }

    /// Whether a stream has as many unread items.
    pub(crate) fn is_full(&self, max: usize) -> bool {
        self.unread() >= max
    }

    /// How many items are unread in the stream that is furthest behind.
    pub(crate) fn unread(&self) -> usize {
        let unread = self.taps.iter().map(|tap| tap.queue.lock());
        unread.filter(|unread| !unread.is_dropped).map(|unread| unread.items.len()).max().unwrap_or(0)
    }

    /// Whether this stream is still read.
    pub(crate) fn is_open(&self, id: u64) -> bool {
        self.taps.iter().any(|tap| tap.id == id && !tap.queue.lock().is_dropped)
    }

    /// Whether such an item was not read, or not before the stream was dropped.
    pub(crate) fn has(&self, id: u64, is_such: impl Fn(&T) -> bool) -> bool {
        let tap = self.taps.iter().find(|tap| tap.id == id);
        tap.is_some_and(|tap| tap.queue.lock().items.iter().any(is_such))
    }

    /// Takes unread items back.
    pub(crate) fn take_back(&mut self, is_such: impl Fn(&T) -> bool) {
        for tap in &self.taps {
            tap.queue.lock().items.retain(|item| !is_such(item));
        }
    }

    /// The streams end, once all that was pushed is read.
    pub(crate) fn end(&mut self) {
        for tap in self.taps.drain(..) {
            tap.queue.end();
        }
    }

    fn prune(&mut self) {
        self.taps.retain(|tap| !tap.queue.lock().is_dropped);
    }
}

/// A feed that is gone has nothing more to say.
impl<T> Drop for Feed<T> {
    fn drop(&mut self) {
        for tap in &self.taps {
            tap.queue.end();
        }
    }
}

/// The reading end.
pub(crate) struct Tail<T> {
    id: u64,
    queue: Arc<Queue<T>>,
    reading: Option<Reading>,
}

impl<T> Tail<T> {
    fn new(id: u64, reading: Option<Reading>) -> Self {
        let unread = Unread { items: VecDeque::new(), waker: None, has_ended: false, is_dropped: false };
        Self { id, queue: Arc::new(Queue(Mutex::new(unread))), reading }
    }

    /// One that has ended, after `last`.
    pub(crate) fn ended(last: Option<T>) -> Self {
        let tail = Self::new(0, None);
        last.into_iter().for_each(|last| tail.queue.push(last));
        tail.queue.end();
        tail
    }

    /// Its own, among the streams of its feed.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }
}

impl<T> Stream for Tail<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let (item, left) = {
            let mut unread = self.queue.lock();
            let Some(item) = unread.items.pop_front() else {
                if unread.has_ended {
                    return Poll::Ready(None);
                }
                unread.waker = Some(context.waker().clone());
                return Poll::Pending;
            };
            (item, unread.items.len())
        };
        if let Some(reading) = self.reading.as_ref().filter(|reading| reading.at == left) {
            reading.wake.notify_one();
        }
        Poll::Ready(Some(item))
    }
}

impl<T> Drop for Tail<T> {
    fn drop(&mut self) {
        self.queue.lock().is_dropped = true;
        if let Some(reading) = &self.reading {
            reading.wake.notify_one();
        }
    }
}

/// Gives a public stream its `Stream` implementation, and a `next` of its own, so that a loop needs no other crate.
macro_rules! public_stream {
    ($name:ident, $item:ty, $next:literal) => {
        impl $name {
            #[doc = $next]
            pub async fn next(&mut self) -> Option<$item> {
                std::future::poll_fn(|context| futures_util::Stream::poll_next(std::pin::Pin::new(&mut *self), context))
                    .await
            }
        }

        impl futures_util::Stream for $name {
            type Item = $item;

            fn poll_next(
                mut self: std::pin::Pin<&mut Self>,
                context: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Option<Self::Item>> {
                self.poll_item(context)
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}
pub(crate) use public_stream;

#[cfg(test)]
mod tests {
    use futures_util::{FutureExt, StreamExt};

    use super::*;

    #[test]
    fn gives_each_stream_everything_from_then_on() {
        let mut feed = Feed::new();
        feed.push(&0);
        let mut first = feed.tap(None);
        feed.push(&1);
        let mut second = feed.tap(None);
        feed.push(&2);
        feed.end();
        assert_eq!(first.by_ref().collect::<Vec<_>>().now_or_never(), Some(vec![1, 2]));
        assert_eq!(second.by_ref().collect::<Vec<_>>().now_or_never(), Some(vec![2]));
    }

    #[test]
    fn is_full_until_something_is_read_or_nobody_reads() {
        let mut feed = Feed::new();
        let mut tail = feed.tap(None);
        feed.push(&1);
        feed.push(&2);
        assert!(feed.is_full(2));
        assert_eq!(tail.next().now_or_never(), Some(Some(1)));
        assert!(!feed.is_full(2));
        feed.push(&3);
        drop(tail);
        assert!(!feed.is_full(2));
    }

    #[test]
    fn ends_a_stream_that_lags_too_far_behind() {
        let mut feed = Feed::new();
        let tail = feed.tap(None);
        for item in [1, 2, 3, 4] {
            feed.push_bounded(&item, 2, &-1);
        }
        assert_eq!(tail.collect::<Vec<_>>().now_or_never(), Some(vec![1, 2, -1]));
    }

    #[test]
    fn gives_where_there_is_room_and_takes_back_what_was_not_read() {
        let mut feed = Feed::new();
        let mut tail = feed.tap(None);
        feed.push(&1);
        let other = feed.tap(None);
        assert!(feed.push_where_room(&2, 2));
        assert!(!feed.push_where_room(&3, 2), "the first has no room");
        assert!(feed.has(tail.id(), |item| *item == 2));
        feed.take_back(|item| *item == 2);
        feed.end();
        assert_eq!(tail.by_ref().collect::<Vec<_>>().now_or_never(), Some(vec![1]));
        assert_eq!(other.collect::<Vec<_>>().now_or_never(), Some(vec![3]));
    }

    #[test]
    fn tells_when_so_many_are_unread_again_and_when_it_is_dropped() {
        let wake = Arc::new(Notify::new());
        let is_told = || wake.notified().now_or_never().is_some();
        let mut feed = Feed::new();
        let mut tail = feed.tap(Some(Reading { wake: Arc::clone(&wake), at: 1 }));
        [1, 2, 3].iter().for_each(|item| feed.push(item));
        let mut reads = || tail.next().now_or_never().flatten().map(|_| is_told());
        assert_eq!([reads(), reads(), reads()], [Some(false), Some(true), Some(false)]);
        drop(tail);
        assert!(is_told());
    }
}
