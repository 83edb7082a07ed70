//! A store with a fallback: both are checked before the platform is called, and if the first fails anyway, the
//! secret goes to the second and the error reports it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use super::{PreparedStore, SecretKind, SecretStore, StoreError, StoreReceipt, StoredSecret};

/// A prepared store and an optional prepared last resort.
#[derive(Debug)]
pub(crate) struct FallbackStore {
    store: Box<dyn PreparedStore>,
    last_resort: Option<Box<dyn PreparedStore>>,
}

impl FallbackStore {
    /// Checks both places.
    ///
    /// # Errors
    /// Returns an error if one of them cannot store the secret. The platform must not be called then.
    pub(crate) fn prepare(
        kind: SecretKind,
        store: &dyn SecretStore,
        last_resort: Option<&dyn SecretStore>,
    ) -> Result<Self, StoreError> {
        let last_resort = last_resort.map(|store| store.prepare(kind)).transpose()?;
        Ok(Self { store: store.prepare(kind)?, last_resort })
    }

    /// Runs [`prepare`](Self::prepare) on a thread for blocking work.
    ///
    /// # Errors
    /// See [`prepare`](Self::prepare).
    pub(crate) async fn prepare_unblocked(
        kind: SecretKind,
        store: Arc<dyn SecretStore>,
        last_resort: Option<Arc<dyn SecretStore>>,
    ) -> Result<Self, StoreError> {
        blocking::unblock(move || {
            Self::prepare(kind, &store, last_resort.as_ref().map(|store| store as &dyn SecretStore))
        })
        .await
    }

    /// Stores the secret in the store, else in the last resort. May be called again.
    ///
    /// # Errors
    /// Returns an error if the secret is not in the store. [`FallbackError::stored`] returns where it is instead, if
    /// anywhere; the caller still has it.
    pub(crate) fn store(&mut self, secret: &StoredSecret) -> Result<StoreReceipt, FallbackError> {
        let because = match self.store.store(secret) {
            Ok(stored) => return Ok(stored),
            Err(error) => error,
        };
        let rescued = self.last_resort.as_mut().map(|store| store.store(secret));
        Err(FallbackError { because, rescued })
    }

    /// Runs [`store`](Self::store) on a thread for blocking work. Returns the stores for another attempt.
    pub(crate) async fn store_unblocked(mut self, secret: StoredSecret) -> (Self, Result<StoreReceipt, FallbackError>) {
        blocking::unblock(move || {
            let stored = self.store(&secret);
            (self, stored)
        })
        .await
    }

    /// Returns the name of the store in reports.
    #[must_use]
    pub(crate) fn name(&self) -> String {
        self.store.name()
    }
}

/// Error returned when the store failed although it was checked. Names where the secret is now.
#[derive(Clone, Debug)]
pub(crate) struct FallbackError {
    because: StoreError,
    rescued: Option<Result<StoreReceipt, StoreError>>,
}

impl FallbackError {
    /// Returns where the secret is now, if the last resort accepted it.
    #[must_use]
    pub(crate) fn stored(&self) -> Option<&StoreReceipt> {
        self.rescued.as_ref()?.as_ref().ok()
    }

    /// Returns why the store failed.
    #[must_use]
    pub(crate) fn because(&self) -> &StoreError {
        &self.because
    }

    /// Returns why the last resort failed, if there was one and it failed.
    #[must_use]
    pub(crate) fn last_resort_failed(&self) -> Option<&StoreError> {
        self.rescued.as_ref()?.as_ref().err()
    }
}

impl fmt::Display for FallbackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "failed to store the secret in its place ({})", self.because)?;
        match &self.rescued {
            Some(Ok(stored)) => write!(f, "; it is in the last resort instead: {}", stored.place),
            Some(Err(error)) => write!(
                f,
                "; the last resort failed too ({error}), and the secret is stored nowhere; disable it on the platform and create \
                 another"
            ),
            None => f.write_str(
                "; there was no last resort, and the secret is stored nowhere; disable it on the platform and create another",
            ),
        }
    }
}

impl Error for FallbackError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.because)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use digicert_one_core::Secret;

    use super::*;
    use crate::store::{StoreErrorKind, encrypted_file, file, read_encrypted_file};

    const CANARY: &str = "01canary_5ecret";

    fn api_key(text: &str) -> StoredSecret {
        StoredSecret::api_key(Secret::new(text, "a test"))
    }

    fn names(directory: &Path) -> Vec<std::ffi::OsString> {
        let entries = std::fs::read_dir(directory).expect("listed");
        entries.map(|entry| entry.expect("an entry").file_name()).collect()
    }

    /// Places in two directories, of which the first is removed after it was checked.
    fn broken(gone: &Path, last_resort: Option<&dyn SecretStore>) -> FallbackStore {
        std::fs::create_dir(gone).expect("made");
        let places = FallbackStore::prepare(SecretKind::ApiKey, &file(gone.join("api-key")), last_resort);
        let places = places.expect("both are fine");
        std::fs::remove_dir_all(gone).expect("removed");
        places
    }

    #[test]
    fn secret_of_failed_sink_is_in_the_last_resort() {
        let directory = tempfile::tempdir().expect("a directory");
        let rescued = directory.path().join("rescued");
        let password = Secret::new("password", "a prompt");
        let last = encrypted_file(&rescued, password.clone());
        let mut places = broken(&directory.path().join("gone"), Some(&last));
        let error = places.store(&api_key(CANARY)).expect_err("the place is gone");
        assert!(error.to_string().contains(&rescued.display().to_string()), "{error}");
        assert_eq!(error.stored().map(|stored| stored.place.clone()), Some(last.name()));
        assert!(!format!("{error} {error:?}").contains("canary"));
        let found = read_encrypted_file(&rescued, &password).expect("it opens").raw();
        assert_eq!(found.api_key.expect("a key").expose(), CANARY.as_bytes());
    }

    #[test]
    fn secret_stored_nowhere_is_reported() {
        let directory = tempfile::tempdir().expect("a directory");
        let mut places = broken(&directory.path().join("gone"), None);
        let error = places.store(&api_key(CANARY)).expect_err("the place is gone");
        assert!(error.stored().is_none() && error.to_string().contains("stored nowhere"), "{error}");

        let other = directory.path().join("other");
        std::fs::create_dir(&other).expect("made");
        let last = file(other.join("rescued"));
        let mut places = broken(&directory.path().join("gone"), Some(&last));
        std::fs::remove_dir_all(&other).expect("removed");
        let error = places.store(&api_key(CANARY)).expect_err("both are gone");
        assert!(error.stored().is_none() && error.last_resort_failed().is_some(), "{error}");
        assert!(error.to_string().contains("stored nowhere"), "{error}");
    }

    #[test]
    fn last_resort_is_unused_if_the_sink_succeeds() {
        let directory = tempfile::tempdir().expect("a directory");
        let (path, last) = (directory.path().join("api-key"), directory.path().join("rescued"));
        let places =
            FallbackStore::prepare_unblocked(SecretKind::ApiKey, Arc::new(file(&path)), Some(Arc::new(file(&last))));
        let places = futures_executor::block_on(places).expect("prepared");
        let (places, stored) = futures_executor::block_on(places.store_unblocked(api_key(CANARY)));
        assert!(stored.expect("stored").read_back);
        drop(places);
        assert_eq!(names(directory.path()), ["api-key"]);
    }

    #[test]
    fn unusable_last_resort_is_detected_beforehand() {
        let directory = tempfile::tempdir().expect("a directory");
        let last = file(directory.path().join("missing").join("rescued"));
        let store = file(directory.path().join("api-key"));
        let error = FallbackStore::prepare(SecretKind::ApiKey, &store, Some(&last)).expect_err("no directory");
        assert_eq!(error.kind(), StoreErrorKind::Missing);
        assert!(names(directory.path()).is_empty());
    }
}
