//! What is told to the application: to each stream that it took, in order, and none of it lost before it is read.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::Stream;
use tokio::sync::{Notify, mpsc};

/// The sending end: one for each kind of news, with any number of streams that read it.
pub(crate) struct Feed<T> {
    taps: Vec<Tap<T>>,
    last_id: u64,
}

struct Tap<T> {
    id: u64,
    to: mpsc::UnboundedSender<T>,
    /// Items that were not read yet.
    unread: Arc<AtomicUsize>,
}

impl<T: Clone> Feed<T> {
    pub(crate) const fn new() -> Self {
        Self { taps: Vec::new(), last_id: 0 }
    }

    /// A stream of all that comes from now on. `reading`: told whenever something was read, or the stream was dropped.
    pub(crate) fn tap(&mut self, reading: Option<Arc<Notify>>) -> Tail<T> {
        let (to, from) = mpsc::unbounded_channel();
        let unread = Arc::new(AtomicUsize::new(0));
        self.last_id += 1;
        self.taps.push(Tap { id: self.last_id, to, unread: Arc::clone(&unread) });
        Tail { id: self.last_id, from, unread, reading }
    }

    pub(crate) fn push(&mut self, item: &T) {
        self.push_bounded(item, usize::MAX, item);
    }

    /// The same; but a stream in which `max` items are unread gets `last` instead, and ends.
    pub(crate) fn push_bounded(&mut self, item: &T, max: usize, last: &T) {
        self.taps.retain(|tap| {
            let is_full = tap.unread.fetch_add(1, Ordering::AcqRel) >= max;
            let is_read = tap.to.send(if is_full { last } else { item }.clone()).is_ok();
            is_read && !is_full
        });
    }

    /// To one stream alone.
    pub(crate) fn push_to(&self, id: u64, item: T) {
        if let Some(tap) = self.taps.iter().find(|tap| tap.id == id) {
            tap.unread.fetch_add(1, Ordering::AcqRel);
            // The stream may have been dropped: then nobody wants to know.
            let _ = tap.to.send(item);
        }
    }

    /// Whether anybody has a stream of it.
    pub(crate) fn is_read(&self) -> bool {
        self.taps.iter().any(|tap| !tap.to.is_closed())
    }

    /// Whether a stream has as many unread items.
    pub(crate) fn is_full(&self, max: usize) -> bool {
        self.taps.iter().any(|tap| !tap.to.is_closed() && tap.unread.load(Ordering::Acquire) >= max)
    }

    /// The streams end, once all that was pushed is read.
    pub(crate) fn end(&mut self) {
        self.taps.clear();
    }
}

/// The reading end.
pub(crate) struct Tail<T> {
    id: u64,
    from: mpsc::UnboundedReceiver<T>,
    unread: Arc<AtomicUsize>,
    reading: Option<Arc<Notify>>,
}

impl<T> Tail<T> {
    /// One that has ended, after `last`.
    pub(crate) fn ended(last: Option<T>) -> Self {
        let (to, from) = mpsc::unbounded_channel();
        let unread = Arc::new(AtomicUsize::new(usize::from(last.is_some())));
        if let Some(last) = last {
            // Cannot fail: the receiver is here.
            let _ = to.send(last);
        }
        Self { id: 0, from, unread, reading: None }
    }

    /// Its own, among the streams of its feed.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }
}

impl<T> Stream for Tail<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let polled = self.from.poll_recv(context);
        if let Poll::Ready(Some(_)) = polled {
            self.unread.fetch_sub(1, Ordering::AcqRel);
            if let Some(reading) = &self.reading {
                reading.notify_one();
            }
        }
        polled
    }
}

impl<T> Drop for Tail<T> {
    fn drop(&mut self) {
        self.from.close();
        if let Some(reading) = &self.reading {
            reading.notify_one();
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
}
