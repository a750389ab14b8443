//! Where the requests of a session go, and what they have in common.

use std::io;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderValue, InvalidHeaderValue};
use hyper::http::uri::InvalidUri;
use hyper::{HeaderMap, Method, Request, Uri};

use super::http_connection::{HttpConnection, HttpRequest, exchange};
use crate::protocol::errors::Error;
use crate::protocol::http::http_answers::Opening;
use crate::protocol::http::session::HttpEffect;

/// An address, and the application's headers, which all requests have.
pub(crate) struct HttpTarget {
    /// `http` or `https`, or the same as `ws` or `wss`.
    uri: Uri,
    /// The application's, and the host.
    headers: HeaderMap,
}

impl HttpTarget {
    /// `url`: the WebSocket's.
    pub(crate) fn new(url: &str, mut headers: HeaderMap) -> Result<Self, Error> {
        let invalid = |error: String| Error::InvalidArgument(format!("{url}: {error}"));
        let uri: Uri = url.parse().map_err(|error: InvalidUri| invalid(error.to_string()))?;
        let host = uri.host().unwrap_or_default();
        let host = uri.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        if !headers.contains_key(HOST) {
            headers.insert(HOST, host.parse().map_err(|error: InvalidHeaderValue| invalid(error.to_string()))?);
        }
        Ok(Self { uri, headers })
    }

    pub(crate) fn uri(&self) -> Uri {
        self.uri.clone()
    }

    /// Opens a session. An error: there was no answer.
    pub(crate) async fn open(&self) -> io::Result<(Opening, HttpConnection)> {
        let response = exchange(self.uri(), None, self.request(Method::POST, HeaderMap::new(), String::new())).await?;
        let (answer, connection) = response.read().await?;
        Ok((Opening::of(&answer), connection))
    }

    /// The request of a session that an effect is about; `None` where it is about none.
    pub(crate) fn request_of(&self, session: &HeaderValue, effect: HttpEffect) -> Option<HttpRequest> {
        let mut headers = HeaderMap::new();
        headers.insert("crossroom-session", session.clone());
        Some(match effect {
            HttpEffect::Get { is_stream, ack } => {
                let accept = if is_stream { "text/event-stream" } else { "text/plain" };
                headers.insert(ACCEPT, HeaderValue::from_static(accept));
                headers.insert("crossroom-ack", ack.into());
                self.request(Method::GET, headers, String::new())
            }
            HttpEffect::Post { seq, ack, body } => {
                headers.insert("crossroom-ack", ack.into());
                if let Some(seq) = seq {
                    headers.insert("crossroom-seq", seq.into());
                    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
                }
                self.request(Method::POST, headers, body)
            }
            HttpEffect::Delete => self.request(Method::DELETE, headers, String::new()),
            HttpEffect::DropGet | HttpEffect::DropPost | HttpEffect::DropIdle => return None,
        })
    }

    /// With the application's headers, and in their place those that are the protocol's.
    fn request(&self, method: Method, own: HeaderMap, body: String) -> HttpRequest {
        let mut headers = self.headers.clone();
        headers.extend(own);
        if method == Method::POST {
            // Said outright: some proxies want it of every POST, and the library leaves it out where there is no body.
            headers.insert(CONTENT_LENGTH, body.len().into());
        }
        let mut request = Request::new(Full::new(Bytes::from(body)));
        *request.method_mut() = method;
        // The path alone: it is the server itself that is asked, and no proxy.
        let path = self.uri.path_and_query().cloned();
        *request.uri_mut() = path.map_or_else(|| Uri::from_static("/"), Uri::from);
        *request.headers_mut() = headers;
        request
    }
}
