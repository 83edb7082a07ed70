//! What a source is, and what it gives.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use digicert_one_core::CredentialError;

use crate::RawCredential;

/// A place that holds a credential. Reading it may block; a watching credential does so on a thread for blocking work.
pub trait Source: fmt::Debug + Send + Sync + 'static {
    /// What reports call it: a kind and a place, such as `directory /run/secrets/d1`. Never a value.
    fn name(&self) -> String;

    /// Gathers what the source holds now.
    ///
    /// # Errors
    /// The source is there and cannot be read; the error names the variable or path. A source that simply is not there is
    /// [`Fetched::Absent`].
    fn fetch(&self) -> Result<Fetched, CredentialError>;

    /// Files and directories in which a change means that it is worth fetching again.
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

/// What a source answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "made once a reading and taken apart at once")]
pub enum Fetched {
    /// It holds this.
    Found(RawCredential),
    /// Nothing is set up here, for this reason. Only this lets a chain go on to its next source: a source that is set up and
    /// broken must not silently become another caller.
    Absent(String),
}
