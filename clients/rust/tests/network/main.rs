//! The client over real sockets, against a server that does what the test says.

mod bridge;
mod hostile;
mod refusals;
mod rooms;
mod support;
