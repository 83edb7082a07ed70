//! What a place for secrets is, and what it gives back.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use super::error::SinkError;
use super::secret::{KeptSecret, SecretKind};

/// A place that keeps secrets. Using it may block: an async caller does so through [`Safekeeping`](crate::Safekeeping) or on a thread of its own.
pub trait SecretSink: fmt::Debug + Send + Sync + 'static {
    /// What reports call it: a kind and a place, such as `file /etc/d1/api-key`. Never a value.
    fn name(&self) -> String;

    /// The files that it writes, where it writes files: none of them may serve another purpose.
    fn files(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Opens the place and proves that a secret of this kind can be kept there: as near to the real thing as it goes without
    /// the secret. Called before the platform is asked for anything.
    ///
    /// # Errors
    /// The place cannot keep it; nothing is left behind.
    fn prepare(&self, kind: SecretKind) -> Result<Box<dyn PreparedSink>, SinkError>;
}

/// A place that is open and proved. Dropped without use, it leaves nothing behind.
pub trait PreparedSink: fmt::Debug + Send + 'static {
    /// What reports call it.
    fn name(&self) -> String;

    /// Makes the secret durable and reads it back. Only `Ok` means that it is there for good; what was there before is
    /// replaced whole or not at all. May be called again, after a failure or with another secret.
    ///
    /// # Errors
    /// It is not there, or not as it was given. The caller still has the secret.
    fn keep(&mut self, secret: &KeptSecret) -> Result<Kept, SinkError>;
}

impl<S: SecretSink + ?Sized> SecretSink for Arc<S> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn files(&self) -> Vec<PathBuf> {
        (**self).files()
    }

    fn prepare(&self, kind: SecretKind) -> Result<Box<dyn PreparedSink>, SinkError> {
        (**self).prepare(kind)
    }
}

/// Where a secret is now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Kept {
    /// A kind and a place, such as `file /etc/d1/api-key`.
    pub place: String,
    /// Whether it was read back and compared. Terminals, and commands without a command to read with, cannot be.
    pub read_back: bool,
}

impl Kept {
    /// A secret that was read back from `place`.
    #[must_use]
    pub fn read_back(place: impl Into<String>) -> Self {
        Self { place: place.into(), read_back: true }
    }

    /// A secret that was handed to `place`, which cannot be read.
    #[must_use]
    pub fn handed_over(place: impl Into<String>) -> Self {
        Self { place: place.into(), read_back: false }
    }
}
