//! The client over real sockets, against a server that does what the test says.

mod bridge;
mod hostile;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
mod http_support;
mod refusals;
mod rooms;
mod support;
#[cfg(feature = "http")]
mod ways;
