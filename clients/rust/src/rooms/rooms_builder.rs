//! The options of a rooms client.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;

use super::client::Rooms;
use super::credentials::{Credentials, Tokens};
use super::protocol::rooms_context::{Bounds, RoomsContext};
use super::protocol::rooms_error::RoomsError;
use super::protocol::rooms_machine::RoomsMachine;
use super::protocol::shown_token::ShownToken;
use super::protocol::storage::{MemoryStorage, Storage};
use super::protocol::stored_state::StoredState;
use super::rooms_shell::RoomsShell;
use crate::client::Client;
use crate::client_builder::ClientBuilder;
use crate::clock::{new_id, random};
use crate::driver::{Ending, Shared, drive};
use crate::protocol::backoff::Backoff;
use crate::protocol::errors::CredentialsError;
use crate::protocol::transport::Transport;
use crate::source::Source;

impl Rooms {
    /// Options of a new client. `url` is the server's: `http`, `https`, `ws` or `wss`.
    pub fn builder(url: impl Into<String>) -> RoomsBuilder {
        RoomsBuilder::new(url.into())
    }
}

/// Options of a rooms client, before it is made.
#[must_use]
pub struct RoomsBuilder {
    client: ClientBuilder,
    token: Tokens,
    name: Option<String>,
    device: Option<String>,
    storage: Arc<dyn Storage>,
    ack_timeout: Duration,
    max_pending: usize,
    max_unread: usize,
}

impl RoomsBuilder {
    fn new(url: String) -> Self {
        Self {
            client: Client::builder(url),
            token: None,
            name: None,
            device: None,
            storage: Arc::new(MemoryStorage::default()),
            ack_timeout: Duration::from_secs(10),
            max_pending: 1_000,
            max_unread: 1_000,
        }
    }

    /// A token: a JWT. Default: one is a guest. One that expires ends the session; give [`token_with`](Self::token_with) to
    /// go on.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Source::Fixed(token.into()));
        self
    }

    /// A function that gets a token: asked at *every* connect and reconnect, and before the token runs out. If it fails it
    /// is asked again after a while, unless the error is [`CredentialsError::last`], which ends the session.
    ///
    /// It runs in the client's task: it must not block.
    pub fn token_with<Ask, Answer>(mut self, ask: Ask) -> Self
    where
        Ask: Fn() -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Result<String, CredentialsError>> + Send + 'static,
    {
        self.token = Some(Source::Asked(Box::new(move |()| ask().boxed())));
        self
    }

    /// For people to see: 1 to 64 characters. Default: the token's, or one that the server makes up.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Names this installation, 1 to 64 characters: one that runs twice at a time needs two. Default: made at random, and
    /// kept in the storage.
    pub fn device(mut self, device: impl Into<String>) -> Self {
        self.device = Some(device.into());
        self
    }

    /// What keeps the device's id, a guest's token and the inbox position. Default: memory, so that a program that is started
    /// again is a new device, and a new guest.
    pub fn storage(mut self, storage: Arc<dyn Storage>) -> Self {
        self.storage = storage;
        self
    }

    /// How long to wait for an ack before a call is made again. Default: 10 s.
    pub fn ack_timeout(mut self, timeout: Duration) -> Self {
        self.ack_timeout = timeout;
        self
    }

    /// How many publishes and sends may wait for their acks, together. Default: 1,000; one more is `too_many_pending`.
    pub fn max_pending(mut self, count: usize) -> Self {
        self.max_pending = count;
        self
    }

    /// How many items may be unread in one stream of a room. Default: 1,000; what comes then is read from the room's log, when
    /// half of them are read.
    pub fn max_unread(mut self, items: usize) -> Self {
        self.max_unread = items.max(1);
        self
    }

    /// The path of the bridge. Default: `/bridge`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.client = self.client.path(path);
        self
    }

    /// A header of the request that opens the connection.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.client = self.client.header(name, value);
        self
    }

    /// A function that gives the headers, as [`ClientBuilder::headers_with`].
    pub fn headers_with<Ask, Answer>(mut self, ask: Ask) -> Self
    where
        Ask: Fn() -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Result<Vec<(String, String)>, CredentialsError>> + Send + 'static,
    {
        self.client = self.client.headers_with(ask);
        self
    }

    /// The transports that may be used, as [`ClientBuilder::transports`].
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.client = self.client.transports(transports);
        self
    }

    /// How long to wait before attempts to reconnect.
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.client = self.client.backoff(backoff);
        self
    }

    /// How long an attempt to connect may take. Default: 20 s.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.client = self.client.attempt_timeout(timeout);
        self
    }

    /// Makes the client, which begins to connect.
    ///
    /// # Errors
    /// `invalid_argument` for a URL or a header that cannot be used; `no_runtime` outside of a tokio runtime.
    pub fn build(self) -> Result<Rooms, RoomsError> {
        let mut stored = StoredState::new(Arc::clone(&self.storage));
        let device = self.device.unwrap_or_else(|| {
            stored.device().unwrap_or_else(|| {
                let device = new_id();
                stored.keep_device(&device);
                device
            })
        });
        let shown = ShownToken::default();
        let credentials = Credentials::new(self.token, self.name, device.clone(), self.storage, shown.clone());
        let credentials = Arc::new(credentials);
        let auth = Arc::clone(&credentials);
        let client = self.client.auth_with(move |_| Arc::clone(&auth).auth()).build()?;
        let bounds = Bounds {
            ack_timeout: u64::try_from(self.ack_timeout.as_millis()).unwrap_or(u64::MAX),
            max_pending: self.max_pending,
            max_unread: self.max_unread,
        };
        let shared =
            Shared::new(|waker| RoomsMachine::new(RoomsContext::new(device, stored, bounds, random, waker), shown));
        let shell = RoomsShell::new(&shared, &client, credentials);
        tokio::spawn(drive(Ending::of(&shared), shell));
        Ok(Rooms::from_parts(shared, client))
    }
}
