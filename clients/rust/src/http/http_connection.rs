//! One HTTP connection, and the request over it. The only code that knows the library. Nothing of it is a task: who waits for
//! an answer drives the connection, and who drops it closes it.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use http_body_util::Full;
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper::{Request, Response, Uri};
use hyper_util::rt::TokioIo;

use crate::network::{Stream, connect};
use crate::protocol::refusal::HttpAnswer;

/// Bytes of an answer that is no stream and no poll; no server's has as many.
const MAX_ANSWER: usize = 256 << 10;

pub(crate) type HttpRequest = Request<Full<Bytes>>;

type Driver = Connection<TokioIo<Stream>, Full<Bytes>>;

pub(crate) struct HttpConnection {
    sender: SendRequest<Full<Bytes>>,
    /// `None`: it is over.
    connection: Option<Pin<Box<Driver>>>,
}

impl HttpConnection {
    async fn open(uri: &Uri) -> io::Result<Self> {
        let stream = connect(uri).await?;
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        Ok(Self { sender, connection: Some(Box::pin(connection)) })
    }

    fn drive(&mut self, context: &mut Context<'_>) {
        if let Some(connection) = &mut self.connection {
            // An error is told to whoever waits for the answer.
            if connection.as_mut().poll(context).is_ready() {
                self.connection = None;
            }
        }
    }

    /// Whether another request may go over it: the server may have closed it meanwhile.
    pub(crate) fn is_ready(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.connection.is_some() && self.sender.is_ready()
    }
}

/// An answer whose body has not been read.
pub(crate) struct HttpResponse {
    connection: HttpConnection,
    response: Response<Incoming>,
}

/// Makes a request, over a connection that is there or over a new one.
pub(crate) async fn exchange(uri: Uri, idle: Option<HttpConnection>, request: HttpRequest) -> io::Result<HttpResponse> {
    let mut connection = match idle {
        Some(connection) => connection,
        None => HttpConnection::open(&uri).await?,
    };
    let response = {
        let mut answer = pin!(connection.sender.send_request(request));
        let driver = &mut connection.connection;
        std::future::poll_fn(|context| {
            if driver.as_mut().is_some_and(|driver| driver.as_mut().poll(context).is_ready()) {
                *driver = None;
            }
            answer.as_mut().poll(context)
        })
        .await
        .map_err(io::Error::other)?
    };
    Ok(HttpResponse { connection, response })
}

impl HttpResponse {
    pub(crate) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The next bytes of the body; `None` at its end.
    pub(crate) fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        loop {
            self.connection.drive(context);
            let Poll::Ready(frame) = Pin::new(self.response.body_mut()).poll_frame(context) else {
                return Poll::Pending;
            };
            match frame {
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(io::Error::other(error)))),
                None => return Poll::Ready(None),
            }
        }
    }

    /// The whole answer, and the connection, which may be used again.
    pub(crate) async fn read(mut self) -> io::Result<(HttpAnswer, HttpConnection)> {
        let mut body = Vec::new();
        while let Some(bytes) = std::future::poll_fn(|context| self.poll_bytes(context)).await {
            body.extend_from_slice(&bytes?);
            if body.len() > MAX_ANSWER {
                return Err(io::Error::other("the answer is larger than any of this protocol"));
            }
        }
        let status = self.response.status();
        let retry_after = self.response.headers().get("retry-after").and_then(|after| after.to_str().ok());
        let answer = HttpAnswer {
            status: status.as_u16(),
            reason: status.canonical_reason().unwrap_or_default().to_owned(),
            retry_after: retry_after.map(str::to_owned),
            body,
        };
        Ok((answer, self.connection))
    }

    /// After the end of the body.
    pub(crate) fn into_connection(self) -> HttpConnection {
        self.connection
    }
}
