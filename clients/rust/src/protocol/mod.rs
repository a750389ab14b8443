//! The bridge layer without its I/O: the protocol's frames, and the state machines of a client, its connection and its
//! namespaces. What happened is passed in, with the time; what is to be done comes out. Nothing here knows a socket, a timer
//! or a runtime (tests/modules/ sees to that).

pub(crate) mod args;
pub(crate) mod backoff;
pub(crate) mod binary;
pub(crate) mod broadcast;
pub(crate) mod client_machine;
mod close_codes;
pub(crate) mod errors;
pub(crate) mod event_queue;
mod frames;
pub(crate) mod handshake_failure;
#[cfg(feature = "http")]
pub(crate) mod http;
pub(crate) mod lifecycle;
pub(crate) mod machine;
pub(crate) mod namespace_event;
mod namespace_machine;
mod rate_limiter;
pub(crate) mod refusal;
pub(crate) mod transport;
