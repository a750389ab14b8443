//! Which way to the server is tried first, and when a client falls back to HTTP (PROTOCOL.md, 12.15 to 12.17). Pure.

use std::collections::BTreeMap;

use crate::protocol::transport::Transport;

/// Milliseconds that a way is remembered for, from the fallback or the change to polls on.
const REMEMBERED: u64 = 600_000;

/// Milliseconds before the next try, where there was no bridge over HTTP.
const NO_BRIDGE: u64 = 300_000;

/// Milliseconds after which a WebSocket without an answer is one that does not come through, however it was closed.
const UNANSWERED: u64 = 10_000;

/// The ways that an application allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct AllowedWays {
    pub(crate) websocket: bool,
    pub(crate) sse: bool,
    pub(crate) polling: bool,
}

impl AllowedWays {
    pub(crate) fn of(transports: &[Transport]) -> Self {
        let has = |transport| transports.contains(&transport);
        Self { websocket: has(Transport::WebSocket), sse: has(Transport::Sse), polling: has(Transport::Polling) }
    }

    /// The way that a session over HTTP begins with; `None`: HTTP is not allowed.
    pub(crate) fn over_http(self) -> Option<Transport> {
        if self.sse { Some(Transport::Sse) } else { self.polling.then_some(Transport::Polling) }
    }

    fn has(self, transport: Transport) -> bool {
        match transport {
            Transport::WebSocket => self.websocket,
            Transport::Sse => self.sse,
            Transport::Polling => self.polling,
        }
    }
}

/// Whether a WebSocket that was open, and that ended before any frame of the server's, is one that does not come through.
/// `lasted`: milliseconds.
pub(crate) fn is_held_up(code: Option<u16>, lasted: u64) -> bool {
    code.is_none() || lasted >= UNANSWERED
}

/// What is known of the ways to some servers.
#[derive(Debug, Default)]
pub(crate) struct KnownWays {
    servers: BTreeMap<String, Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// What worked, and until when it is tried first.
    worked: Option<(Transport, u64)>,
    /// A WebSocket did not come through: the next attempt is over HTTP.
    is_held_up: bool,
    no_bridge_until: u64,
}

impl KnownWays {
    pub(crate) const fn new() -> Self {
        Self { servers: BTreeMap::new() }
    }

    /// What an attempt begins with, and whether it may fall back if that is a WebSocket.
    pub(crate) fn first(&mut self, server: &str, allowed: AllowedWays, now: u64) -> (Transport, Option<Transport>) {
        let over_http = allowed.over_http();
        let known = self.servers.get_mut(server);
        let may_fall_back = known.as_ref().is_none_or(|known| now >= known.no_bridge_until);
        let first = known.and_then(|known| {
            let is_held_up = std::mem::take(&mut known.is_held_up) && may_fall_back;
            let worked = known.worked.filter(|(way, until)| now < *until && allowed.has(*way)).map(|(way, _)| way);
            worked.or(if is_held_up { over_http } else { None })
        });
        match (first, over_http) {
            (Some(way), _) => (way, None),
            (None, Some(way)) if !allowed.websocket => (way, None),
            (None, over_http) => (Transport::WebSocket, over_http.filter(|_| may_fall_back)),
        }
    }

    /// A session over HTTP was opened after a WebSocket had failed, or reads by polls, as its stream was held up.
    pub(crate) fn remember(&mut self, server: &str, way: Transport, now: u64) {
        self.known(server, now).worked = Some((way, now.saturating_add(REMEMBERED)));
    }

    /// What was remembered opened no session: the next attempt begins with the WebSocket.
    pub(crate) fn forget(&mut self, server: &str) {
        if let Some(known) = self.servers.get_mut(server) {
            known.worked = None;
        }
    }

    /// There is no bridge over HTTP.
    pub(crate) fn no_bridge(&mut self, server: &str, now: u64) {
        self.forget(server);
        self.known(server, now).no_bridge_until = now.saturating_add(NO_BRIDGE);
    }

    /// A WebSocket was open, and does not come through.
    pub(crate) fn held_up(&mut self, server: &str, now: u64) {
        self.known(server, now).is_held_up = true;
    }

    fn known(&mut self, server: &str, now: u64) -> &mut Known {
        // What has run out is forgotten, so that a program with ever new servers does not grow.
        self.servers.retain(|_, known| {
            known.is_held_up || now < known.no_bridge_until || known.worked.is_some_and(|(_, until)| now < until)
        });
        self.servers.entry(server.to_owned()).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: AllowedWays = AllowedWays { websocket: true, sse: true, polling: true };
    const WITHOUT_STREAMS: AllowedWays = AllowedWays { sse: false, ..ALL };
    const WEBSOCKET_FIRST: (Transport, Option<Transport>) = (Transport::WebSocket, Some(Transport::Sse));

    #[test]
    fn a_websocket_that_is_cut_before_an_answer_or_closed_late_does_not_come_through() {
        assert!(is_held_up(None, 0) && is_held_up(Some(4505), 10_000) && !is_held_up(Some(4501), 9_999));
    }

    #[test]
    fn begins_with_the_websocket_where_it_is_allowed_and_with_a_stream_where_it_is_not() {
        let first = |transports: &[Transport]| KnownWays::new().first("a", AllowedWays::of(transports), 0);
        assert_eq!(first(&Transport::ALL), WEBSOCKET_FIRST);
        assert_eq!(first(&[Transport::WebSocket]), (Transport::WebSocket, None));
        assert_eq!(first(&[Transport::Polling, Transport::WebSocket]).1, Some(Transport::Polling));
        assert_eq!(first(&[Transport::Polling, Transport::Sse]), (Transport::Sse, None));
        assert_eq!(first(&[Transport::Polling]), (Transport::Polling, None));
    }

    #[test]
    fn tries_what_worked_for_ten_minutes_which_using_it_does_not_make_longer() {
        let mut ways = KnownWays::new();
        ways.remember("a", Transport::Sse, 1_000);
        for now in [1_000, 300_000, 600_999] {
            assert_eq!(ways.first("a", ALL, now), (Transport::Sse, None), "{now}");
        }
        assert_eq!(ways.first("a", ALL, 601_000), WEBSOCKET_FIRST);
        assert_eq!(ways.first("b", ALL, 1_000), WEBSOCKET_FIRST, "of another server nothing is known");
        assert_eq!(ways.first("a", WITHOUT_STREAMS, 1_000).0, Transport::WebSocket, "another client may not stream");
        ways.remember("a", Transport::Polling, 2_000);
        assert_eq!(ways.first("a", ALL, 601_500), (Transport::Polling, None));
        ways.forget("a");
        assert_eq!(ways.first("a", ALL, 2_000), WEBSOCKET_FIRST);
    }

    #[test]
    fn does_not_fall_back_for_five_minutes_where_there_was_no_bridge() {
        let mut ways = KnownWays::new();
        ways.remember("a", Transport::Sse, 0);
        ways.no_bridge("a", 0);
        ways.held_up("a", 0);
        assert_eq!(ways.first("a", ALL, 299_999), (Transport::WebSocket, None));
        assert_eq!(ways.first("a", ALL, 300_000), WEBSOCKET_FIRST);
        let http_alone = AllowedWays { websocket: false, ..ALL };
        assert_eq!(ways.first("a", http_alone, 1_000), (Transport::Sse, None), "there is nothing else to try");
    }

    #[test]
    fn the_attempt_after_a_websocket_that_did_not_come_through_is_over_http() {
        let mut ways = KnownWays::new();
        ways.held_up("a", 0);
        assert_eq!(ways.first("a", ALL, 1_000), (Transport::Sse, None));
        assert_eq!(ways.first("a", ALL, 2_000), WEBSOCKET_FIRST, "it opened no session");
    }

    #[test]
    fn what_has_run_out_takes_no_memory() {
        let mut ways = KnownWays::new();
        for server in 0..1_000_u64 {
            ways.remember(&server.to_string(), Transport::Sse, server * REMEMBERED);
        }
        assert_eq!(ways.servers.len(), 1);
    }
}
