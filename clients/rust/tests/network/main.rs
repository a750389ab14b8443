//! The client over real sockets, against a server that does what the test says.

mod bridge;
mod hostile;
mod rooms;
mod support;
