//! What the application gives: as it is, or by a function.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::protocol::errors::CredentialsError;

/// Something that the application gives: as it is, or by a function that is asked each time.
pub(crate) enum Source<Question, T> {
    Fixed(T),
    Asked(Box<dyn Fn(Question) -> BoxFuture<'static, Result<T, CredentialsError>> + Send + Sync>),
}

impl<Question, T: Clone + Send + 'static> Source<Question, T> {
    pub(crate) fn is_asked(&self) -> bool {
        matches!(self, Self::Asked(_))
    }

    /// A function that panics is one that failed.
    pub(crate) fn get(&self, question: Question) -> BoxFuture<'static, Result<T, CredentialsError>> {
        let panicked = |_| CredentialsError::temporary("the function panicked");
        match self {
            Self::Fixed(value) => std::future::ready(Ok(value.clone())).boxed(),
            Self::Asked(ask) => match std::panic::catch_unwind(AssertUnwindSafe(|| ask(question))) {
                Ok(answer) => {
                    AssertUnwindSafe(answer).catch_unwind().map(move |result| result.map_err(panicked)?).boxed()
                }
                Err(panic) => std::future::ready(Err(panicked(panic))).boxed(),
            },
        }
    }
}
