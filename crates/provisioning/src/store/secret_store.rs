//! The trait of places for secrets, and its results.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::error::StoreError;
use super::secret::{SecretKind, StoredSecret};

/// A place that stores secrets. It may block: async callers use a
/// separate thread.
pub trait SecretStore: fmt::Debug + Send + Sync + 'static {
    /// Returns the name used in reports: a kind and a place, such as `file /etc/d1/api-key`. Never a value.
    fn name(&self) -> String;

    /// Returns the files that it writes, if any: they must have no other purpose.
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Opens the place and checks that a secret of this kind can be stored there, as realistically as
    /// possible without the secret. Called before the platform is called.
    ///
    /// # Errors
    /// Returns an error if the place cannot store it; nothing is left behind.
    fn prepare(&self, kind: SecretKind) -> Result<Box<dyn PreparedStore>, StoreError>;
}

/// A place that is open and checked. Dropped without use, it leaves nothing behind.
pub trait PreparedStore: fmt::Debug + Send + 'static {
    /// Returns the name used in reports.
    fn name(&self) -> String;

    /// Stores the secret durably and reads it back. Only `Ok` means that it is stored; the old content is
    /// replaced atomically. May be called again, after a failure or with another secret.
    ///
    /// # Errors
    /// Returns an error if it is not stored, or differs from the given one. The caller still has the secret.
    fn store(&mut self, secret: &StoredSecret) -> Result<StoreReceipt, StoreError>;
}

impl<S: SecretStore + ?Sized> SecretStore for Arc<S> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn files(&self) -> Vec<PathBuf> {
        (**self).files()
    }

    fn prepare(&self, kind: SecretKind) -> Result<Box<dyn PreparedStore>, StoreError> {
        (**self).prepare(kind)
    }
}

/// Where a secret is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreReceipt {
    /// A kind and a place, such as `file /etc/d1/api-key`.
    pub place: String,
    /// Whether it was read back and compared. Not possible for terminals, and for commands without a command
    /// to read with.
    pub read_back: bool,
}

impl StoreReceipt {
    /// A secret that was read back from `place`.
    #[must_use]
    pub fn read_back(place: impl Into<String>) -> Self {
        Self { place: place.into(), read_back: true }
    }

    /// A secret that was passed to `place`, which cannot be read.
    #[must_use]
    pub fn handed_over(place: impl Into<String>) -> Self {
        Self { place: place.into(), read_back: false }
    }
}
