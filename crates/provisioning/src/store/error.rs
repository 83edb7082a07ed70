//! Errors of stores: a kind to act on, the path or program, and never a byte of the secret.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

/// The kind of a store error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The directory or program does not exist.
    Missing,
    /// It exists, but is not writable.
    NotWritable,
    /// The file system is mounted read-only.
    ReadOnly,
    /// The space, the quota or the file size limit is exhausted.
    Full,
    /// The path has an unexpected type: a directory or a symlink where a file should be.
    Unexpected,
    /// Metadata of the existing file (owner, mode, ACL, other names) would be lost.
    Metadata,
    /// Another process is writing there.
    Busy,
    /// The store does not support this kind of secret in this configuration.
    Unsuitable,
    /// The content read back differs from what was written.
    ReadBackDiffers,
    /// The program failed, or exceeded its timeout.
    CommandFailed,
    /// The stream is not a terminal.
    NoTerminal,
    /// The keyring cannot be reached or denies access.
    Keyring,
    /// The password is wrong, or the file was changed.
    WrongPassword,
    /// Another system error; see the source.
    System,
}

impl StoreErrorKind {
    /// Returns a stable word for logs and scripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotWritable => "not-writable",
            Self::ReadOnly => "read-only",
            Self::Full => "full",
            Self::Unexpected => "unexpected",
            Self::Metadata => "metadata",
            Self::Busy => "busy",
            Self::Unsuitable => "unsuitable",
            Self::ReadBackDiffers => "read-back-differs",
            Self::CommandFailed => "command-failed",
            Self::NoTerminal => "no-terminal",
            Self::Keyring => "keyring",
            Self::WrongPassword => "wrong-password",
            Self::System => "system",
        }
    }

    /// Returns the kind of a file system error.
    fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::NotWritable,
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => Self::Full,
            io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
                Self::Unexpected
            }
            _ => Self::System,
        }
    }
}

impl fmt::Display for StoreErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Error returned when a secret cannot be stored. Names the place, never the secret.
#[derive(Clone)]
pub struct StoreError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: StoreErrorKind,
    place: String,
    message: String,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl StoreError {
    /// Creates an error about `place`; the message must contain no part of the secret.
    #[must_use]
    pub fn new(kind: StoreErrorKind, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, place: place.into(), message: message.into(), source: None }))
    }

    /// Creates an error about `place` from a system error.
    #[must_use]
    pub fn io(place: impl Into<String>, what: &str, error: io::Error) -> Self {
        let kind = StoreErrorKind::of(&error);
        let advice = match kind {
            StoreErrorKind::Missing => "; create the directory first",
            StoreErrorKind::NotWritable => "; allow this user to write there, or use another place",
            StoreErrorKind::ReadOnly => "; use a place on another file system",
            StoreErrorKind::Full => "; make room, or use another place",
            _ => "",
        };
        Self::new(kind, place, format!("{what}: {error}{advice}")).with_source(error)
    }

    /// Adds the underlying error. It must hold no secret.
    #[must_use]
    pub fn with_source(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// Returns the kind, to act on.
    #[must_use]
    pub fn kind(&self) -> StoreErrorKind {
        self.0.kind
    }

    /// Returns the path, program or service.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// Returns the message, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.place, self.0.message)
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoreError({} {self})", self.0.kind)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_error_becomes_a_kind_and_stays_the_source() {
        for (code, kind) in [
            (io::ErrorKind::StorageFull, StoreErrorKind::Full),
            (io::ErrorKind::QuotaExceeded, StoreErrorKind::Full),
            (io::ErrorKind::FileTooLarge, StoreErrorKind::Full),
            (io::ErrorKind::ReadOnlyFilesystem, StoreErrorKind::ReadOnly),
            (io::ErrorKind::PermissionDenied, StoreErrorKind::NotWritable),
            (io::ErrorKind::NotFound, StoreErrorKind::Missing),
            (io::ErrorKind::Other, StoreErrorKind::System),
        ] {
            let error = StoreError::io("/etc/d1/key", "failed to write the file", code.into());
            assert_eq!(error.kind(), kind);
            assert!(
                error.to_string().starts_with("/etc/d1/key: failed to write the file: ") && error.source().is_some()
            );
        }
    }
}
