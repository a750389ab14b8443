//! The I/O of the bridge over HTTP.

pub(crate) mod http_connection;
pub(crate) mod http_target;
pub(crate) mod http_transport;
pub(crate) mod websocket_watch;
