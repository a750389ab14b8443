//! What is shown to the server at each connect (docs/rooms-api.md, 10).

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::protocol::reconnect_policy::TokenSource;
use super::protocol::shown_token::ShownToken;
use super::protocol::storage::Storage;
use super::protocol::stored_state::StoredState;
use crate::protocol::errors::CredentialsError;
use crate::source::Source;

/// What the application gives as its token, if it gives one.
pub(crate) type Tokens = Option<Source<(), String>>;

/// What the client's `auth` is made of, at each connect.
pub(crate) struct Credentials {
    pub(crate) tokens: Tokens,
    name: Option<String>,
    device: String,
    storage: Arc<dyn Storage>,
    shown: ShownToken,
}

impl Credentials {
    pub(crate) fn new(
        tokens: Tokens,
        name: Option<String>,
        device: String,
        storage: Arc<dyn Storage>,
        shown: ShownToken,
    ) -> Self {
        Self { tokens, name, device, storage, shown }
    }

    /// The newest that is kept: by another program that has the same storage, maybe. One that failed has kept nothing, and says so
    /// where it is written.
    fn guest_token(&self) -> Option<String> {
        let kept = StoredState::new(Arc::clone(&self.storage)).guest_token();
        let mut shown = self.shown.lock();
        if let Some(kept) = kept.filter(|kept| shown.refused.as_ref() != Some(kept)) {
            shown.guest_token = Some(kept);
        }
        shown.guest_token.clone()
    }

    /// The `auth` of a connect.
    pub(crate) async fn auth(self: Arc<Self>) -> Result<Map<String, Value>, CredentialsError> {
        let (token, source) = match &self.tokens {
            Some(tokens) => {
                let source = if tokens.is_asked() { TokenSource::Provider } else { TokenSource::Fixed };
                (Some(tokens.get(()).await?), source)
            }
            None => match self.guest_token() {
                Some(token) => (Some(token), TokenSource::Guest),
                None => (None, TokenSource::None),
            },
        };
        self.shown.lock().source = source;
        let mut auth = Map::from_iter([("device".to_owned(), json!(self.device))]);
        auth.extend(self.name.as_ref().map(|name| ("name".to_owned(), json!(name))));
        auth.extend(token.map(|token| ("token".to_owned(), json!(token))));
        Ok(auth)
    }
}
