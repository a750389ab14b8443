//! What all streams of the public interface have.

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
