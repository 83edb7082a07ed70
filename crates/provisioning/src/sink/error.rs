//! Why a secret could not be kept: a kind to act on, the path or program it is about, and never a byte of the secret.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

/// What went wrong in a sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SinkErrorKind {
    /// The directory or program is not there.
    Missing,
    /// It is there, and we may not write to it.
    NotWritable,
    /// The file system is mounted read-only.
    ReadOnly,
    /// No space, quota or file size is left.
    Full,
    /// The place is something else than it should be: a directory or a symlink where a file should be.
    Unexpected,
    /// What the file there has beside its content (owner, mode, ACL, other names) would be lost.
    Metadata,
    /// Another process is writing there.
    Busy,
    /// The sink cannot hold this kind of secret as it is set up.
    Unsuitable,
    /// What was read back is not what was written.
    ReadBackDiffers,
    /// The program failed, or took too long.
    CommandFailed,
    /// The terminal is none.
    NoTerminal,
    /// The keyring cannot be reached or refuses.
    Keyring,
    /// The password does not open the file, or the file was changed.
    WrongPassword,
    /// The system failed in another way; the source tells.
    System,
}

impl SinkErrorKind {
    /// A stable word for logs and scripts.
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

    /// The kind of a failure of the file system.
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

impl fmt::Display for SinkErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A secret that could not be kept, or a place that would not keep one. Names the place, never the secret.
#[derive(Clone)]
pub struct SinkError(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: SinkErrorKind,
    place: String,
    message: String,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl SinkError {
    /// What went wrong with `place`, in a sentence without any part of the secret.
    #[must_use]
    pub fn new(kind: SinkErrorKind, place: impl Into<String>, message: impl Into<String>) -> Self {
        Self(Box::new(Inner { kind, place: place.into(), message: message.into(), source: None }))
    }

    /// What failed with `place`, and how the system said so.
    #[must_use]
    pub fn io(place: impl Into<String>, what: &str, error: io::Error) -> Self {
        let kind = SinkErrorKind::of(&error);
        let advice = match kind {
            SinkErrorKind::Missing => "; make the directory first",
            SinkErrorKind::NotWritable => "; allow this user to write there, or name another place",
            SinkErrorKind::ReadOnly => "; name a place on another file system",
            SinkErrorKind::Full => "; make room, or name another place",
            _ => "",
        };
        Self::new(kind, place, format!("{what}: {error}{advice}")).with_source(error)
    }

    /// The error below this one. It must hold no secret.
    #[must_use]
    pub fn with_source(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Arc::new(source));
        self
    }

    /// What went wrong, to act on.
    #[must_use]
    pub fn kind(&self) -> SinkErrorKind {
        self.0.kind
    }

    /// The path, program or service it is about.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// What is wrong, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }
}

impl fmt::Display for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.place, self.0.message)
    }
}

impl fmt::Debug for SinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SinkError({} {self})", self.0.kind)
    }
}

impl Error for SinkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_says_becomes_a_kind_and_stays_the_source() {
        for (told, kind) in [
            (io::ErrorKind::StorageFull, SinkErrorKind::Full),
            (io::ErrorKind::QuotaExceeded, SinkErrorKind::Full),
            (io::ErrorKind::FileTooLarge, SinkErrorKind::Full),
            (io::ErrorKind::ReadOnlyFilesystem, SinkErrorKind::ReadOnly),
            (io::ErrorKind::PermissionDenied, SinkErrorKind::NotWritable),
            (io::ErrorKind::NotFound, SinkErrorKind::Missing),
            (io::ErrorKind::Other, SinkErrorKind::System),
        ] {
            let error = SinkError::io("/etc/d1/key", "cannot write the file", told.into());
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().starts_with("/etc/d1/key: cannot write the file: ") && error.source().is_some());
        }
    }
}
