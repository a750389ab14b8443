//! Credentials that the suite is asked for: an event `ask`, and a command `give`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use crossroom::{Backoff, CredentialsError, Transport};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::oneshot;

use crate::{lock, wire};

type Given = Result<Value, CredentialsError>;

#[derive(Clone, Default)]
pub struct Questions(Arc<Mutex<Open>>);

#[derive(Default)]
struct Open {
    last: u64,
    waiting: HashMap<u64, oneshot::Sender<Given>>,
}

impl Questions {
    /// Asks, and waits for what is given.
    pub async fn ask(self, client: String) -> Given {
        let (give, given) = oneshot::channel();
        let key = {
            let mut open = lock(&self.0);
            open.last += 1;
            let key = open.last;
            open.waiting.insert(key, give);
            key
        };
        wire::tell(&client, "ask", json!({ "key": key }));
        given.await.unwrap_or_else(|_| Err(CredentialsError::temporary("nothing was given")))
    }

    pub fn give(&self, command: &Value) -> Result<(), Value> {
        let key = command["key"].as_u64().unwrap_or_default();
        let waiting = lock(&self.0).waiting.remove(&key);
        let give = waiting.ok_or_else(|| wire::failure("no_question", "there is no such question"))?;
        let error = &command["error"];
        let message = error["message"].as_str().unwrap_or("failed");
        let given = match () {
            () if error.is_null() => Ok(command["value"].clone()),
            () if error["final"] == true => Err(CredentialsError::last(message)),
            () => Err(CredentialsError::temporary(message)),
        };
        // The client may have lost interest.
        let _ = give.send(given);
        Ok(())
    }
}

/// The header option, as the client takes it.
pub fn headers(command: &Value) -> Vec<(String, String)> {
    let headers = command["headers"].as_object().into_iter().flatten();
    headers.map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// The option `reconnect`: delays, and what an attempt may take.
pub fn reconnect(command: &Value) -> (Backoff, Option<Duration>) {
    let milliseconds = |name: &str| command["reconnect"][name].as_u64().map(Duration::from_millis);
    let mut backoff = Backoff::default();
    backoff.min = milliseconds("min").unwrap_or(backoff.min);
    backoff.max = milliseconds("max").unwrap_or(backoff.max);
    (backoff, milliseconds("timeout"))
}

/// The transports that the environment names for all clients; `None`: their default.
pub fn transports() -> Option<Vec<Transport>> {
    let names = std::env::var("CROSSROOM_TRANSPORTS").unwrap_or_default();
    let known = names.split(',').filter_map(|name| Transport::from_name(name.trim())).collect();
    (!names.is_empty()).then_some(known)
}
