//! The error of a credential that cannot be read or used.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::cause::BoxError;
use crate::diagnosis::Code;

/// Error returned when a credential cannot be read or used. Names its source, never its value.
#[derive(Clone, Debug)]
pub struct CredentialError(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    code: Code,
    message: String,
    place: Option<String>,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl CredentialError {
    /// Creates an error from a code and a message, which must contain no part of the value.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { code, message: message.into(), place: None, source: None }))
    }

    /// Adds where the bad value came from: a variable, a path.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.0.place.get_or_insert(place.into());
        self
    }

    /// Adds the underlying error. It must hold no secret.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(Arc::from(source.into()));
        self
    }

    /// Returns the diagnosis code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// Returns what is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Returns where the bad value came from, if known.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.0.place.as_deref()
    }
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)?;
        if let Some(place) = &self.0.place {
            write!(f, " (from {place})")?;
        }
        Ok(())
    }
}

impl Error for CredentialError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
