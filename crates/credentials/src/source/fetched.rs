//! The trait of sources and their results.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use digicert_one_core::CredentialError;

use crate::RawCredential;

/// A place that holds a credential. Reading it may block; a watching credential reads on a thread of its own.
pub trait Source: fmt::Debug + Send + Sync + 'static {
    /// Returns the name used in reports: a kind and a place, such as `directory /run/secrets/d1`. Never a value.
    fn name(&self) -> String;

    /// Reads what the source holds now.
    ///
    /// # Errors
    /// Returns an error if the source exists but cannot be read; the error names the variable or path. A
    /// source that does not exist is [`Fetched::Absent`].
    fn fetch(&self) -> Result<Fetched, CredentialError>;

    /// Returns files and directories whose changes mean that the source should be read again.
    fn watched_paths(&self) -> Vec<PathBuf> {
        Vec::new()
    }
}

impl<S: Source + ?Sized> Source for Arc<S> {
    fn name(&self) -> String {
        (**self).name()
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        (**self).fetch()
    }

    fn watched_paths(&self) -> Vec<PathBuf> {
        (**self).watched_paths()
    }
}

/// The result of a fetch.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "made once a reading and taken apart at once")]
pub enum Fetched {
    /// The source holds this.
    Found(RawCredential),
    /// Not configured, for this reason. Only then does a chain ask its next source: a source that is
    /// configured but broken must not be replaced by another caller silently.
    Absent(String),
}
