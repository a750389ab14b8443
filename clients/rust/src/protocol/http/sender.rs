//! What a session has to send. Pure.

use std::collections::VecDeque;

use crate::protocol::frames::{Decoded, decode};

/// Longer than a `pong` without data is, however it is written.
const MAX_PONG: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Sender {
    /// What the server does not have yet, as far as is known.
    pub(crate) lines: VecDeque<String>,
    /// The number of the first of them.
    pub(crate) first: u64,
    pub(crate) state: Sending,
    /// In a row.
    pub(crate) failures: u32,
    /// Whether a POST is wanted, even if there is no line.
    pub(crate) wants_empty: bool,
    pub(crate) probe: Probe,
}

#[derive(Debug, Default)]
pub(crate) enum Sending {
    #[default]
    Idle,
    UnderWay {
        since: u64,
        lines: usize,
    },
    /// To be sent again.
    Waiting {
        until: u64,
    },
}

/// Whether the stream is not held up after its first bytes: a `ping` frame is sent with the first lines, and its `pong` must come.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) enum Probe {
    /// Not sent.
    #[default]
    None,
    /// On its way, in the line with this number.
    Sent {
        line: u64,
    },
    /// The server has had it since this time.
    Waiting {
        since: u64,
    },
    Done,
}

impl Sender {
    pub(crate) fn is_flushed(&self) -> bool {
        self.lines.is_empty()
    }

    pub(crate) fn look_for_pong(&mut self, text: &str) {
        let waits = matches!(self.probe, Probe::Sent { .. } | Probe::Waiting { .. });
        if waits && text.len() <= MAX_PONG && decode(text) == Decoded::Pong {
            self.probe = Probe::Done;
        }
    }
}
