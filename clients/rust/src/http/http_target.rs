//! Where the requests of a session go, and what they have in common.

use std::io;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST};
use hyper::{HeaderMap, Method, Request, Uri, http};

use super::http_connection::{HttpConnection, HttpRequest, exchange};
use crate::protocol::errors::Error;
use crate::protocol::http::http_answers::Opening;
use crate::protocol::http::session::HttpEffect;

/// An address, and the application's headers, which all requests have.
pub(crate) struct HttpTarget {
    /// `http` or `https`, or the same as `ws` or `wss`.
    uri: Uri,
    headers: HeaderMap,
}

impl HttpTarget {
    /// `url`: the WebSocket's.
    pub(crate) fn new(url: &str, headers: HeaderMap) -> Result<Self, Error> {
        let uri = url.parse().map_err(|error| Error::InvalidArgument(format!("{url}: {error}")))?;
        Ok(Self { uri, headers })
    }

    pub(crate) fn uri(&self) -> Uri {
        self.uri.clone()
    }

    /// Opens a session. An error: there was no answer.
    pub(crate) async fn open(&self) -> io::Result<(Opening, HttpConnection)> {
        // Said outright: some proxies want it of every POST, and the library leaves it out.
        let opening = self.request(Method::POST).header(CONTENT_LENGTH, 0).body(Full::default());
        let response = exchange(self.uri(), None, opening.map_err(io::Error::other)?).await?;
        let (answer, connection) = response.read().await?;
        Ok((Opening::of(&answer), connection))
    }

    /// The request that an effect is about; `None` where it is about none.
    pub(crate) fn request_of(&self, session: &str, effect: HttpEffect) -> Option<http::Result<HttpRequest>> {
        let of_session = |method| self.request(method).header("crossroom-session", session);
        Some(match effect {
            HttpEffect::Get { is_stream, ack } => of_session(Method::GET)
                .header(ACCEPT, if is_stream { "text/event-stream" } else { "text/plain" })
                .header("crossroom-ack", ack)
                .body(Full::default()),
            HttpEffect::Post { seq, ack, body } => {
                let mut request = of_session(Method::POST).header("crossroom-ack", ack);
                if let Some(seq) = seq {
                    request = request.header("crossroom-seq", seq).header(CONTENT_TYPE, "application/x-ndjson");
                }
                request.header(CONTENT_LENGTH, body.len()).body(Full::new(Bytes::from(body)))
            }
            HttpEffect::Delete => of_session(Method::DELETE).body(Full::default()),
            HttpEffect::DropGet | HttpEffect::DropPost | HttpEffect::DropIdle => return None,
        })
    }

    fn request(&self, method: Method) -> http::request::Builder {
        let path = self.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let mut request = Request::builder().method(method).uri(path);
        if let Some(headers) = request.headers_mut() {
            let host = self.uri.host().unwrap_or_default();
            let host = self.uri.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
            headers.extend(host.parse().map(|host| (HOST, host)));
            headers.extend(self.headers.clone());
        }
        request
    }
}
