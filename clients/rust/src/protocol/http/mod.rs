//! The bridge over HTTP without its I/O (PROTOCOL.md, 12): what a session's answers say, and what is to be done about it; and
//! which way to the server is tried.

pub(crate) mod event_parser;
pub(crate) mod http_answers;
mod reader;
mod sender;
pub(crate) mod session;
pub(crate) mod ways;
