//! The options of a client.

use std::future::Future;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures_util::FutureExt;
use serde::Serialize;
use serde_json::{Map, Value};
use tokio_tungstenite::tungstenite::http::Uri;

use crate::client::Client;
use crate::client_shell::{ClientShell, Target};
use crate::clock::random;
use crate::dial::{Address, Headers};
use crate::driver::{Ending, Shared, drive};
use crate::headers::header_map;
use crate::protocol::backoff::Backoff;
use crate::protocol::client_machine::{ClientMachine, ClientSettings};
use crate::protocol::errors::{CredentialsError, Error};
use crate::protocol::event_queue::Bounds;
#[cfg(feature = "http")]
use crate::protocol::http::ways::AllowedWays;
use crate::protocol::lifecycle::LifecycleSettings;
use crate::protocol::transport::Transport;
use crate::source::Source;
use crate::tls;

impl Client {
    /// Options of a new client. `url` is the server's: `http`, `https`, `ws` or `wss`.
    pub fn builder(url: impl Into<String>) -> ClientBuilder {
        ClientBuilder::new(url.into())
    }
}

/// Options of a client, before it is made.
#[must_use]
pub struct ClientBuilder {
    url: String,
    path: String,
    query: Vec<(String, String)>,
    auth: Result<Source<String, Map<String, Value>>, Error>,
    headers: Source<(), Headers>,
    transports: Vec<Transport>,
    backoff: Backoff,
    max_attempts: Option<u32>,
    attempt_timeout: Duration,
    bounds: Bounds,
    max_unread: usize,
}

impl ClientBuilder {
    fn new(url: String) -> Self {
        Self {
            url,
            path: "/bridge".to_owned(),
            query: Vec::new(),
            auth: Ok(Source::Fixed(Map::new())),
            headers: Source::Fixed(Vec::new()),
            transports: Transport::ALL.into_iter().filter(is_built_in).collect(),
            backoff: Backoff::default(),
            max_attempts: None,
            attempt_timeout: Duration::from_secs(20),
            bounds: Bounds { events: 1_000, bytes: 8 << 20 },
            max_unread: 1_000,
        }
    }

    /// The path of the bridge. Default: `/bridge`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// A parameter of the URL's query, which reaches the server's application as `handshake.query`. Percent-encoded for
    /// you.
    pub fn query(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    /// Credentials: what serialises as a JSON object. The server's application finds it in `handshake.auth`.
    pub fn auth(mut self, auth: impl Serialize) -> Self {
        self.auth = match serde_json::to_value(auth) {
            Ok(Value::Object(auth)) => Ok(Source::Fixed(auth)),
            Ok(_) => Err(Error::InvalidArgument("auth is not a JSON object".to_owned())),
            Err(error) => Err(Error::InvalidArgument(error.to_string())),
        };
        self
    }

    /// A function that gives the credentials of a namespace, whose name it is told. It is asked at *every* connect and
    /// reconnect. If it fails it is asked again with backoff, unless the error is [`CredentialsError::last`].
    ///
    /// It runs in the client's task: it must not block.
    pub fn auth_with<Ask, Answer, Auth>(mut self, ask: Ask) -> Self
    where
        Ask: Fn(String) -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Result<Auth, CredentialsError>> + Send + 'static,
        Auth: Serialize,
    {
        self.auth = Ok(Source::Asked(Box::new(move |namespace| {
            ask(namespace)
                .map(|auth| match serde_json::to_value(auth?)? {
                    Value::Object(auth) => Ok(auth),
                    _ => Err(CredentialsError::temporary("auth is not a JSON object")),
                })
                .boxed()
        })));
        self
    }

    /// A header of the request that opens the connection: `Authorization`, say.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        if let Source::Fixed(headers) = &mut self.headers {
            headers.push((name.into(), value.into()));
        }
        self
    }

    /// A function that gives the headers, names and values, instead of [`header`](Self::header). It is asked at every attempt;
    /// one that fails is an attempt that failed. It runs in the client's task: it must not block.
    pub fn headers_with<Ask, Answer>(mut self, ask: Ask) -> Self
    where
        Ask: Fn() -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Result<Vec<(String, String)>, CredentialsError>> + Send + 'static,
    {
        self.headers = Source::Asked(Box::new(move |()| ask().boxed()));
        self
    }

    /// The transports that may be used; their order means nothing. Default: all that this build has. A WebSocket is tried first;
    /// where something on the way refuses it, a session over HTTP is opened, which reads a stream, or polls where a stream is held
    /// up. `[Transport::WebSocket]` turns HTTP off.
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.transports = transports.into_iter().collect();
        self
    }

    /// How long to wait before attempts to reconnect.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// How many attempts follow one another before giving up, after the first one. Default: no limit.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// How long an attempt to connect may take. Default: 20 s.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = timeout;
        self
    }

    /// How many events, and how many bytes of them, may wait to be sent in one namespace. Default: 1,000, and 8 MiB.
    pub fn max_buffered(mut self, events: usize, bytes: usize) -> Self {
        self.bounds = Bounds { events, bytes };
        self
    }

    /// How many events may wait in one stream to be read by the application; then no more is read from the connection.
    /// Default: 1,000.
    pub fn max_unread(mut self, events: usize) -> Self {
        self.max_unread = events.max(1);
        self
    }

    /// Makes the client, and its task. It does not connect yet: [`Namespace::connect`](crate::Namespace::connect) does.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for a URL, a header, transports or credentials that cannot be used; [`Error::NoRuntime`] outside of a
    /// tokio runtime.
    pub fn build(self) -> Result<Client, Error> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let url = socket_url(&self.url, &self.path, &self.query)?;
        if let Source::Fixed(headers) = &self.headers {
            header_map(headers)?;
        }
        check_transports(&self.transports)?;
        let settings = ClientSettings {
            lifecycle: LifecycleSettings {
                backoff: self.backoff,
                max_attempts: self.max_attempts,
                attempt_timeout: u64::try_from(self.attempt_timeout.as_millis()).unwrap_or(u64::MAX),
            },
            bounds: self.bounds,
            max_unread: self.max_unread,
        };
        let shared = Shared::new(|waker| ClientMachine::new(settings, random, waker));
        let address = Address {
            url,
            headers: self.headers,
            #[cfg(feature = "http")]
            allowed: AllowedWays::of(&self.transports),
            attempt_timeout: self.attempt_timeout,
            is_stripped: AtomicBool::new(false),
        };
        let target = Target { address, auth: self.auth? };
        runtime.spawn(drive(Ending::of(&shared), ClientShell::new(&shared, target)));
        Ok(Client::from_shared(shared))
    }
}

/// Over HTTP only with the feature `http`.
fn is_built_in(transport: &Transport) -> bool {
    cfg!(feature = "http") || *transport == Transport::WebSocket
}

fn check_transports(transports: &[Transport]) -> Result<(), Error> {
    if transports.is_empty() {
        return Err(Error::InvalidArgument("no transport may be used: give one at least".to_owned()));
    }
    match transports.iter().find(|transport| !is_built_in(transport)) {
        Some(missing) => {
            Err(Error::InvalidArgument(format!("this build has no {missing}: turn on the feature http of the crate")))
        }
        None => Ok(()),
    }
}

/// The address of the WebSocket.
fn socket_url(url: &str, path: &str, query: &[(String, String)]) -> Result<String, Error> {
    let invalid = |message: &str| Error::InvalidArgument(format!("{message}: {url}"));
    let uri: Uri = url.parse().map_err(|_| invalid("not a URL of a server"))?;
    let scheme = match uri.scheme_str() {
        Some("http" | "ws") => "ws",
        Some("https" | "wss") if tls::IS_AVAILABLE => "wss",
        Some("https" | "wss") => return Err(invalid("this build has no TLS: turn on a feature of the crate for it")),
        _ => return Err(invalid("not a URL of a server (http, https, ws or wss)")),
    };
    if !matches!(uri.path(), "" | "/") {
        return Err(invalid("the URL has a path: give the bridge's own with `path`, and namespaces with `namespace`"));
    }
    let authority = uri.authority().ok_or_else(|| invalid("not a URL of a server"))?;
    let mut pairs: Vec<String> = uri.query().map(str::to_owned).into_iter().collect();
    pairs.extend(query.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))));
    let slash = if path.starts_with('/') { "" } else { "/" };
    let question = if pairs.is_empty() { "" } else { "?" };
    Ok(format!("{scheme}://{authority}{slash}{path}{question}{}", pairs.join("&")))
}

/// Percent-encoding (RFC 3986, 2.1) of all but unreserved characters.
fn encode(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(url: &str, path: &str) -> String {
        socket_url(url, path, &[]).unwrap_or_else(|error| error.code().to_owned())
    }

    #[test]
    fn makes_the_address_of_the_bridge() {
        assert_eq!(url("http://127.0.0.1:3000", "/bridge"), "ws://127.0.0.1:3000/bridge");
        assert_eq!(url("ws://[::1]:3000/", "other"), "ws://[::1]:3000/other");
        assert_eq!(url("http://a/?x=1", "/b"), "ws://a/b?x=1");
        let query = [("a b".to_owned(), "ü&".to_owned())];
        assert_eq!(socket_url("http://a?x=1", "/b", &query).unwrap(), "ws://a/b?x=1&a%20b=%C3%BC%26");
    }

    #[test]
    fn refuses_what_is_no_server() {
        for given in ["", "a", "ftp://a", "http://", "http://a/chat"] {
            assert_eq!(url(given, "/bridge"), "invalid_argument", "{given}");
        }
    }

    #[test]
    fn takes_https_where_there_is_tls() {
        let expected = if tls::IS_AVAILABLE { "wss://a/bridge" } else { "invalid_argument" };
        assert_eq!(url("https://a", "/bridge"), expected);
    }

    #[test]
    fn needs_a_runtime() {
        assert_eq!(Client::builder("http://a").build().err(), Some(Error::NoRuntime));
    }

    #[tokio::test]
    async fn refuses_headers_and_credentials_that_cannot_be_sent() {
        let build = |builder: ClientBuilder| builder.build().err().map(|error| error.code().to_owned());
        let invalid = Some("invalid_argument".to_owned());
        assert_eq!(build(Client::builder("http://a").header("a b", "c")), invalid);
        assert_eq!(build(Client::builder("http://a").auth("token")), invalid);
    }

    #[tokio::test]
    async fn takes_the_transports_that_this_build_has() {
        let build = |transports: &[Transport]| {
            let built = Client::builder("http://a").transports(transports.iter().copied()).build();
            built.err().map_or("ok".to_owned(), |error| error.code().to_owned())
        };
        assert_eq!(build(&[Transport::WebSocket]), "ok");
        assert_eq!(build(&[]), "invalid_argument");
        let over_http = if cfg!(feature = "http") { "ok" } else { "invalid_argument" };
        assert_eq!(build(&[Transport::Polling, Transport::Sse]), over_http);
    }
}
