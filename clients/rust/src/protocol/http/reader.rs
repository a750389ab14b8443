//! What a session is reading. Pure.

use super::event_parser::EventParser;

#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) is_stream: bool,
    /// Whether it reads by polls as a stream was held up, and none of them has come through yet.
    pub(crate) has_changed: bool,
    /// Frames that have come.
    pub(crate) received: u64,
    /// In a row.
    pub(crate) failures: u32,
    pub(crate) state: Reading,
    /// Bytes that have come without a word to the server.
    pub(crate) unacked: usize,
}

#[derive(Debug)]
pub(crate) enum Reading {
    /// Nothing is read any more.
    Off,
    Waiting {
        until: u64,
    },
    UnderWay(Box<Answer>),
}

/// An answer that is awaited or being read. Times are in milliseconds.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) since: u64,
    pub(crate) parser: EventParser,
    pub(crate) opened_at: Option<u64>,
    /// When a `ping` came last.
    pub(crate) pinged_at: Option<u64>,
    pub(crate) heard_at: u64,
    /// The number of the next frame in it.
    pub(crate) next: u64,
    /// Whether it brought more than its beginning.
    pub(crate) is_empty: bool,
}

impl Reader {
    pub(crate) fn new(is_stream: bool) -> Self {
        Self { is_stream, has_changed: false, received: 0, failures: 0, state: Reading::Off, unacked: 0 }
    }

    pub(crate) fn is_idle(&self) -> bool {
        !matches!(self.state, Reading::UnderWay(_))
    }
}

impl Answer {
    /// To a GET that is made now.
    pub(crate) fn since(now: u64) -> Self {
        Self {
            since: now,
            parser: EventParser::default(),
            opened_at: None,
            pinged_at: None,
            heard_at: now,
            next: 0,
            is_empty: true,
        }
    }
}
