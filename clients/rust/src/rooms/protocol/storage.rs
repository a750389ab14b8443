//! Where what must outlast the program is kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Where the layer keeps what must outlast the program: a file, a database, the system's keychain.
///
/// It is called in the client's task: it should be quick, and must not call the client. A `set` has returned when the value
/// is kept. One that fails, or panics, is as one that keeps nothing, and the session's warnings tell.
pub trait Storage: Send + Sync {
    /// What was kept under the key, if anything was.
    ///
    /// # Errors
    /// Where it cannot be known.
    fn get(&self, key: &str) -> Result<Option<String>, Box<dyn std::error::Error + Send + Sync>>;

    /// Keeps a value under the key.
    ///
    /// # Errors
    /// Where it cannot be kept.
    fn set(&self, key: &str, value: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;

    /// Forgets what was kept under the key, if anything was.
    ///
    /// # Errors
    /// Where it cannot be forgotten.
    fn remove(&self, key: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>>;
}

/// A storage that lasts as long as the program: what there is without another one, and for tests. Give it to two
/// clients, one after the other, and the second is the same device.
#[derive(Debug, Default)]
pub struct MemoryStorage(Mutex<HashMap<String, String>>);

impl Storage for MemoryStorage {
    fn get(&self, key: &str) -> Result<Option<String>, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned())
    }

    fn set(&self, key: &str, value: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned(), value.to_owned());
        Ok(())
    }

    fn remove(&self, key: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
        Ok(())
    }
}
