//! A session over HTTP as a connection: it makes the requests that the session's machine asks for.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use hyper::header::HeaderValue;
use tokio::time::{Instant, Sleep};

use super::http_connection::{HttpConnection, HttpResponse, exchange};
use super::http_target::HttpTarget;
use crate::clock::{Clock, random};
use crate::known_ways::with_known_ways;
use crate::protocol::http::http_answers::Opened;
use crate::protocol::http::session::{HttpEffect, HttpSession, SessionEvent};
use crate::protocol::refusal::HttpAnswer;
use crate::protocol::transport::Transport;
use crate::transport_event::TransportEvent;

/// At least this often the clock is looked at: a timer stands still in sleep.
const CLOCK_CHECK: u64 = 1_000;

/// How long the server has to take the last frames and to say goodbye.
const FAREWELL: Duration = Duration::from_secs(1);

/// Connections that are kept for the next request: a stream has one, a POST another.
const MAX_IDLE: usize = 2;

type Asked<T> = BoxFuture<'static, io::Result<T>>;

enum Get {
    None,
    Asked(Asked<HttpResponse>),
    Answered(Box<HttpResponse>),
    /// An answer with another status than 200.
    Refused(Asked<(HttpAnswer, HttpConnection)>),
}

pub(crate) struct HttpTransport {
    target: HttpTarget,
    /// The server, as its ways are remembered.
    server: String,
    name: HeaderValue,
    session: HttpSession,
    clock: Clock,
    transport: Transport,
    idle: VecDeque<HttpConnection>,
    get: Get,
    post: Option<Asked<(HttpAnswer, HttpConnection)>>,
    delete: Option<Asked<(HttpAnswer, HttpConnection)>>,
    /// With the deadline that it is for.
    timer: Option<(u64, Pin<Box<Sleep>>)>,
}

impl HttpTransport {
    /// `transport`: what the session begins with. `connection`: of its opening.
    pub(crate) fn new(
        target: HttpTarget,
        server: String,
        opened: Opened,
        connection: HttpConnection,
        transport: Transport,
        may_poll: bool,
    ) -> Self {
        let clock = Clock::new();
        // Letters, digits and `-_.`: what was opened has been looked at.
        let mut name = HeaderValue::from_str(&opened.session).unwrap_or(HeaderValue::from_static(""));
        name.set_sensitive(true);
        let session = HttpSession::new(opened, transport == Transport::Sse, may_poll, random, clock.now());
        let idle = VecDeque::from([connection]);
        let (get, post, delete, timer) = (Get::None, None, None, None);
        Self { target, server, name, session, clock, transport, idle, get, post, delete, timer }
    }

    pub(crate) fn transport(&self) -> Transport {
        self.transport
    }

    /// Whether the server has all that was given to send.
    pub(crate) fn is_flushed(&self) -> bool {
        self.session.is_flushed()
    }

    /// The network is another one.
    pub(crate) fn renew(&mut self) {
        self.session.at(self.clock.now()).renew();
    }

    /// Sends what `next` gives, as fast as the server takes it, and reads, if it may.
    pub(crate) fn poll(
        &mut self,
        context: &mut Context<'_>,
        next: &mut dyn FnMut() -> Option<String>,
        may_read: bool,
    ) -> Poll<TransportEvent> {
        loop {
            self.session.at(self.clock.now());
            if !may_read {
                self.session.rest();
            }
            self.session.pull(next);
            self.perform_all();
            if let Some(event) = self.session.next_event(may_read) {
                match self.public(event) {
                    Some(event) => return Poll::Ready(event),
                    None => continue,
                }
            }
            // What has come is told before silence is taken for death.
            if self.poll_requests(context, may_read) {
                continue;
            }
            self.session.tick();
            if !self.session.has_output(may_read) && self.poll_timer(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Sends the last words, and ends the session.
    pub(crate) async fn farewell(mut self, last_words: Vec<String>) {
        self.session.at(self.clock.now()).leave(last_words);
        let leaving = std::future::poll_fn(|context| {
            while !self.session.is_over() {
                if self.poll(context, &mut || None, true).is_pending() {
                    return if self.session.is_over() { Poll::Ready(()) } else { Poll::Pending };
                }
            }
            Poll::Ready(())
        });
        // Whatever comes of it, the session is over for this client.
        let _ = tokio::time::timeout(FAREWELL, leaving).await;
    }

    /// `None` for what the rest of the client need not know.
    fn public(&mut self, event: SessionEvent) -> Option<TransportEvent> {
        Some(match event {
            SessionEvent::Frame(text) => TransportEvent::Text(text),
            SessionEvent::Heard => TransportEvent::Heard,
            SessionEvent::Counted => TransportEvent::Counted,
            SessionEvent::ReadsByPolls => {
                self.transport = Transport::Polling;
                TransportEvent::Changed(Transport::Polling)
            }
            SessionEvent::PollsWork => {
                with_known_ways(|ways, now| ways.remember(&self.server, Transport::Polling, now));
                return None;
            }
            SessionEvent::Lost { code, reason } => TransportEvent::Lost { code, reason },
            SessionEvent::Refused(error) => TransportEvent::Refused(error),
        })
    }

    fn perform_all(&mut self) {
        while let Some(effect) = self.session.next_effect() {
            match effect {
                HttpEffect::DropGet => self.get = Get::None,
                HttpEffect::DropPost => self.post = None,
                HttpEffect::DropIdle => self.idle.clear(),
                HttpEffect::Get { .. } => {
                    // The one before goes first: its connection is not this one's.
                    self.get = Get::None;
                    self.get = Get::Asked(self.ask(effect));
                }
                HttpEffect::Post { .. } => self.post = Some(self.ask_whole(effect)),
                HttpEffect::Delete => self.delete = Some(self.ask_whole(effect)),
            }
        }
    }

    fn ask(&mut self, effect: HttpEffect) -> Asked<HttpResponse> {
        match self.target.request_of(&self.name, effect) {
            Some(request) => {
                self.idle.retain_mut(HttpConnection::is_ready);
                exchange(self.target.uri(), self.idle.pop_front(), request).boxed()
            }
            None => std::future::pending().boxed(),
        }
    }

    fn ask_whole(&mut self, effect: HttpEffect) -> Asked<(HttpAnswer, HttpConnection)> {
        let asked = self.ask(effect);
        async move { asked.await?.read().await }.boxed()
    }

    /// Whether anything has come of a request.
    fn poll_requests(&mut self, context: &mut Context<'_>, may_read: bool) -> bool {
        let posted = self.post.as_mut().map(|post| post.poll_unpin(context));
        if let Some(Poll::Ready(posted)) = posted {
            self.post = None;
            match self.keep(posted) {
                Some(answer) => self.session.posted(&answer),
                None => self.session.post_failed(),
            }
            return true;
        }
        let deleted = self.delete.as_mut().map(|delete| delete.poll_unpin(context));
        if let Some(Poll::Ready(deleted)) = deleted {
            self.delete = None;
            self.keep(deleted);
            self.session.deleted();
            return true;
        }
        may_read && self.poll_get(context)
    }

    fn poll_get(&mut self, context: &mut Context<'_>) -> bool {
        match &mut self.get {
            Get::None => return false,
            Get::Asked(asked) => {
                let Poll::Ready(answered) = asked.poll_unpin(context) else { return false };
                self.get = match answered {
                    Ok(response) if response.status() == 200 => Get::Answered(Box::new(response)),
                    Ok(response) => Get::Refused(response.read().boxed()),
                    Err(_) => Get::None,
                };
                if matches!(self.get, Get::None) {
                    self.idle.clear();
                    self.session.read_ended(false);
                }
            }
            Get::Refused(refused) => {
                let Poll::Ready(refused) = refused.poll_unpin(context) else { return false };
                self.get = Get::None;
                match self.keep(refused) {
                    Some(answer) => self.session.read_refused(&answer),
                    None => self.session.read_ended(false),
                }
            }
            Get::Answered(response) => {
                let Poll::Ready(read) = response.poll_bytes(context) else { return false };
                match read {
                    Some(Ok(bytes)) => self.session.read_bytes(&bytes),
                    ended => {
                        let before = std::mem::replace(&mut self.get, Get::None);
                        if let (None, Get::Answered(response)) = (&ended, before) {
                            self.put_back(response.into_connection());
                        }
                        self.session.read_ended(ended.is_none());
                    }
                }
            }
        }
        true
    }

    /// The answer, if there was one. Its connection is kept.
    fn keep(&mut self, answered: io::Result<(HttpAnswer, HttpConnection)>) -> Option<HttpAnswer> {
        match answered {
            Ok((answer, connection)) => {
                self.put_back(connection);
                Some(answer)
            }
            Err(_) => {
                // Those that are kept may be as dead as this one.
                self.idle.clear();
                None
            }
        }
    }

    fn put_back(&mut self, connection: HttpConnection) {
        self.idle.push_front(connection);
        self.idle.truncate(MAX_IDLE);
    }

    /// Ready when a deadline has passed, or when the clock is to be looked at.
    fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.session.deadline() else { return Poll::Pending };
        let wait = |now: u64| Duration::from_millis(deadline.saturating_sub(now).clamp(1, CLOCK_CHECK));
        let now = self.clock.now();
        let (of, timer) = self.timer.get_or_insert_with(|| (deadline, Box::pin(tokio::time::sleep(wait(now)))));
        if *of != deadline {
            *of = deadline;
            timer.as_mut().reset(Instant::now() + wait(now));
        }
        if timer.poll_unpin(context).is_pending() {
            return Poll::Pending;
        }
        timer.as_mut().reset(Instant::now() + wait(now));
        Poll::Ready(())
    }
}
