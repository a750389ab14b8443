//! What is told to the application: to each stream that it took, in order, and none of it lost before it is read.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::Stream;

/// The sending end: one for each kind of news, with any number of streams that read it.
pub(crate) struct Broadcast<T> {
    subscribers: Vec<Subscriber<T>>,
    last_id: u64,
}

struct Subscriber<T> {
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
pub(crate) struct WakeOnRead {
    pub(crate) waker: Waker,
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

impl<T: Clone> Broadcast<T> {
    pub(crate) const fn new() -> Self {
        Self { subscribers: Vec::new(), last_id: 0 }
    }

    /// A stream of all that comes from now on.
    pub(crate) fn subscribe(&mut self, wake_on_read: Option<WakeOnRead>) -> Subscription<T> {
        self.last_id += 1;
        let subscription = Subscription::new(self.last_id, wake_on_read);
        self.subscribers.push(Subscriber { id: subscription.id, queue: Arc::clone(&subscription.queue) });
        subscription
    }

    pub(crate) fn push(&mut self, item: &T) {
        self.push_bounded(item, usize::MAX, item);
    }

    /// The same; but a stream in which `max` items are unread gets `last` instead, and ends.
    pub(crate) fn push_bounded(&mut self, item: &T, max: usize, last: &T) {
        self.prune();
        self.subscribers.retain(|subscriber| {
            let is_full = subscriber.queue.lock().items.len() >= max;
            subscriber.queue.push(if is_full { last } else { item }.clone());
            if is_full {
                subscriber.queue.end();
            }
            !is_full
        });
    }

    /// To each stream in which fewer than `max` items are unread. False where one has missed it.
    pub(crate) fn push_where_room(&mut self, item: &T, max: usize) -> bool {
        self.prune();
        let (full, free): (Vec<_>, Vec<_>) =
            self.subscribers.iter().partition(|subscriber| subscriber.queue.lock().items.len() >= max);
        free.into_iter().for_each(|subscriber| subscriber.queue.push(item.clone()));
        full.is_empty()
    }

    /// To one stream alone.
    pub(crate) fn push_to(&self, id: u64, item: T) {
        if let Some(subscriber) = self.subscribers.iter().find(|subscriber| subscriber.id == id) {
            subscriber.queue.push(item);
        }
    }

    /// Whether anybody has a stream of it.
    pub(crate) fn is_read(&self) -> bool {
        self.subscribers.iter().any(|subscriber| !subscriber.queue.lock().is_dropped)
    }

    /// Whether a stream has as many unread items.
    pub(crate) fn is_full(&self, max: usize) -> bool {
        self.unread() >= max
    }

    /// How many items are unread in the stream that is furthest behind.
    pub(crate) fn unread(&self) -> usize {
        let unread = self.subscribers.iter().map(|subscriber| subscriber.queue.lock());
        unread.filter(|unread| !unread.is_dropped).map(|unread| unread.items.len()).max().unwrap_or(0)
    }

    /// Whether this stream is still read.
    pub(crate) fn is_open(&self, id: u64) -> bool {
        self.subscribers.iter().any(|subscriber| subscriber.id == id && !subscriber.queue.lock().is_dropped)
    }

    /// Whether such an item was not read, or not before the stream was dropped.
    pub(crate) fn has(&self, id: u64, is_such: impl Fn(&T) -> bool) -> bool {
        let subscriber = self.subscribers.iter().find(|subscriber| subscriber.id == id);
        subscriber.is_some_and(|subscriber| subscriber.queue.lock().items.iter().any(is_such))
    }

    /// Takes unread items back.
    pub(crate) fn take_back(&mut self, is_such: impl Fn(&T) -> bool) {
        for subscriber in &self.subscribers {
            subscriber.queue.lock().items.retain(|item| !is_such(item));
        }
    }

    /// The streams end, once all that was pushed is read.
    pub(crate) fn end(&mut self) {
        for subscriber in self.subscribers.drain(..) {
            subscriber.queue.end();
        }
    }

    fn prune(&mut self) {
        self.subscribers.retain(|subscriber| !subscriber.queue.lock().is_dropped);
    }
}

/// A broadcast that is gone has nothing more to say.
impl<T> Drop for Broadcast<T> {
    fn drop(&mut self) {
        for subscriber in &self.subscribers {
            subscriber.queue.end();
        }
    }
}

/// The reading end.
pub(crate) struct Subscription<T> {
    id: u64,
    queue: Arc<Queue<T>>,
    wake_on_read: Option<WakeOnRead>,
}

impl<T> Subscription<T> {
    fn new(id: u64, wake_on_read: Option<WakeOnRead>) -> Self {
        let unread = Unread { items: VecDeque::new(), waker: None, has_ended: false, is_dropped: false };
        Self { id, queue: Arc::new(Queue(Mutex::new(unread))), wake_on_read }
    }

    /// One that has ended, after `last`.
    pub(crate) fn ended(last: Option<T>) -> Self {
        let subscription = Self::new(0, None);
        last.into_iter().for_each(|last| subscription.queue.push(last));
        subscription.queue.end();
        subscription
    }

    /// Its own, among the streams of its broadcast.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }
}

impl<T> Stream for Subscription<T> {
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
        if let Some(reading) = self.wake_on_read.as_ref().filter(|notice| notice.at == left) {
            reading.waker.wake_by_ref();
        }
        Poll::Ready(Some(item))
    }
}

impl<T> Drop for Subscription<T> {
    fn drop(&mut self) {
        self.queue.lock().is_dropped = true;
        if let Some(notice) = &self.wake_on_read {
            notice.waker.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::Wake;

    use futures_util::{FutureExt, StreamExt};

    use super::*;

    #[test]
    fn gives_each_stream_everything_from_then_on() {
        let mut broadcast = Broadcast::new();
        broadcast.push(&0);
        let mut first = broadcast.subscribe(None);
        broadcast.push(&1);
        let mut second = broadcast.subscribe(None);
        broadcast.push(&2);
        broadcast.end();
        assert_eq!(first.by_ref().collect::<Vec<_>>().now_or_never(), Some(vec![1, 2]));
        assert_eq!(second.by_ref().collect::<Vec<_>>().now_or_never(), Some(vec![2]));
    }

    #[test]
    fn is_full_until_something_is_read_or_nobody_reads() {
        let mut broadcast = Broadcast::new();
        let mut subscription = broadcast.subscribe(None);
        broadcast.push(&1);
        broadcast.push(&2);
        assert!(broadcast.is_full(2));
        assert_eq!(subscription.next().now_or_never(), Some(Some(1)));
        assert!(!broadcast.is_full(2));
        broadcast.push(&3);
        drop(subscription);
        assert!(!broadcast.is_full(2));
    }

    #[test]
    fn ends_a_stream_that_lags_too_far_behind() {
        let mut broadcast = Broadcast::new();
        let subscription = broadcast.subscribe(None);
        for item in [1, 2, 3, 4] {
            broadcast.push_bounded(&item, 2, &-1);
        }
        assert_eq!(subscription.collect::<Vec<_>>().now_or_never(), Some(vec![1, 2, -1]));
    }

    #[test]
    fn gives_where_there_is_room_and_takes_back_what_was_not_read() {
        let mut broadcast = Broadcast::new();
        let mut subscription = broadcast.subscribe(None);
        broadcast.push(&1);
        let other = broadcast.subscribe(None);
        assert!(broadcast.push_where_room(&2, 2));
        assert!(!broadcast.push_where_room(&3, 2), "the first has no room");
        assert!(broadcast.has(subscription.id(), |item| *item == 2));
        broadcast.take_back(|item| *item == 2);
        broadcast.end();
        assert_eq!(subscription.by_ref().collect::<Vec<_>>().now_or_never(), Some(vec![1]));
        assert_eq!(other.collect::<Vec<_>>().now_or_never(), Some(vec![3]));
    }

    #[test]
    fn tells_when_so_many_are_unread_again_and_when_it_is_dropped() {
        #[derive(Default)]
        struct Told(AtomicBool);
        impl Wake for Told {
            fn wake(self: Arc<Self>) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let told = Arc::new(Told::default());
        let is_told = || told.0.swap(false, Ordering::Relaxed);
        let mut broadcast = Broadcast::new();
        let mut subscription = broadcast.subscribe(Some(WakeOnRead { waker: Arc::clone(&told).into(), at: 1 }));
        [1, 2, 3].iter().for_each(|item| broadcast.push(item));
        let mut reads = || subscription.next().now_or_never().flatten().map(|_| is_told());
        assert_eq!([reads(), reads(), reads()], [Some(false), Some(true), Some(false)]);
        drop(subscription);
        assert!(is_told());
    }
}
