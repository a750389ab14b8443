//! What the layer keeps in the application's storage: the device, the guest's token, and how far the inbox is processed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::storage::Storage;
use super::values::Position;

/// The storage, by what is in it. The keys are those of the clients in other languages.
pub(crate) struct StoredState {
    storage: Arc<dyn Storage>,
    /// What has failed, to be told as warnings.
    pub(crate) failures: Vec<String>,
}

impl StoredState {
    pub(crate) fn new(storage: Arc<dyn Storage>) -> Self {
        Self { storage, failures: Vec::new() }
    }

    pub(crate) fn device(&mut self) -> Option<String> {
        self.get("device")
    }

    pub(crate) fn keep_device(&mut self, device: &str) {
        self.set("device", Some(device));
    }

    pub(crate) fn guest_token(&mut self) -> Option<String> {
        self.get("guest")
    }

    /// `None`: forgets it.
    pub(crate) fn keep_guest_token(&mut self, token: Option<&str>) {
        self.set("guest", token);
    }

    pub(crate) fn processed(&mut self, user: &str, device: &str) -> Option<Position> {
        let text = self.get(&inbox_key(user, device))?;
        // Written by `keep_processed`: the epoch may hold a colon, the offset cannot.
        let (offset, epoch) = text.split_once(':')?;
        Some(Position { epoch: epoch.to_owned(), offset: offset.parse().ok()? })
    }

    pub(crate) fn keep_processed(&mut self, user: &str, device: &str, position: &Position) {
        self.set(&inbox_key(user, device), Some(&format!("{}:{}", position.offset, position.epoch)));
    }

    fn get(&mut self, key: &str) -> Option<String> {
        let key = format!("crossroom.{key}");
        let result = guarded(|| self.storage.get(&key));
        self.look_at(result).flatten()
    }

    fn set(&mut self, key: &str, value: Option<&str>) {
        let key = format!("crossroom.{key}");
        let result = guarded(|| match value {
            Some(value) => self.storage.set(&key, value),
            None => self.storage.remove(&key),
        });
        self.look_at(result);
    }

    fn look_at<T>(&mut self, result: Result<T, Failure>) -> Option<T> {
        result.map_err(|error| self.failures.push(format!("the storage failed: {error}"))).ok()
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A storage that panics is one that failed.
fn guarded<T>(act: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|_| Err("it panicked".into()))
}

/// JSON, so that no two pairs have the same key.
fn inbox_key(user: &str, device: &str) -> String {
    format!("inbox.{}", serde_json::json!([user, device]))
}

#[cfg(test)]
mod tests {
    use super::super::storage::MemoryStorage;
    use super::*;

    struct Broken;

    impl Storage for Broken {
        fn get(&self, _: &str) -> Result<Option<String>, Box<dyn std::error::Error + Send + Sync>> {
            Err("no disk".into())
        }
        fn set(&self, _: &str, _: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            Err("no disk".into())
        }
        fn remove(&self, _: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            Err("no disk".into())
        }
    }

    #[test]
    fn keeps_positions_by_user_and_device() {
        let mut stored = StoredState::new(Arc::new(MemoryStorage::default()));
        let position = Position { epoch: "e:1".to_owned(), offset: 12 };
        stored.keep_processed("ada", "phone", &position);
        assert_eq!(stored.processed("ada", "phone"), Some(position));
        assert_eq!(stored.processed("ada", "tablet"), None);
    }

    #[test]
    fn forgets_a_guest() {
        let mut stored = StoredState::new(Arc::new(MemoryStorage::default()));
        stored.keep_guest_token(Some("t"));
        assert_eq!(stored.guest_token().as_deref(), Some("t"));
        stored.keep_guest_token(None);
        assert_eq!(stored.guest_token(), None);
    }

    struct Panicking;

    impl Storage for Panicking {
        fn get(&self, _: &str) -> Result<Option<String>, Box<dyn std::error::Error + Send + Sync>> {
            panic!("the application's fault")
        }
        fn set(&self, _: &str, _: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            panic!("the application's fault")
        }
        fn remove(&self, _: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            panic!("the application's fault")
        }
    }

    #[test]
    fn works_without_a_storage_that_fails_or_panics_and_says_so() {
        for storage in [Arc::new(Broken) as Arc<dyn Storage>, Arc::new(Panicking)] {
            let mut stored = StoredState::new(storage);
            stored.keep_device("d");
            stored.keep_guest_token(None);
            assert_eq!(stored.device(), None);
            assert_eq!(stored.failures.len(), 3);
        }
    }
}
