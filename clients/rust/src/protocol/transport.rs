//! The ways to a server, by their names.

use std::fmt;

/// A way to a server: what a client's connection goes over. To your program they are the same.
///
/// More may be added: a `match` needs a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// A WebSocket.
    WebSocket,
    /// A session over HTTP that reads a stream of server-sent events.
    Sse,
    /// A session over HTTP that reads by long polling.
    Polling,
}

impl Transport {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::WebSocket, Self::Sse, Self::Polling];

    /// `websocket`, `sse` or `polling`, as in the clients of all languages.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::Sse => "sse",
            Self::Polling => "polling",
        }
    }

    /// The one of this name; `None` for a name that is not known.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transport| transport.name() == name)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_the_names_that_all_clients_have() {
        assert_eq!(Transport::ALL.map(Transport::name), ["websocket", "sse", "polling"]);
        assert_eq!(Transport::from_name("sse"), Some(Transport::Sse));
        assert_eq!(Transport::from_name("webtransport"), None);
    }
}
