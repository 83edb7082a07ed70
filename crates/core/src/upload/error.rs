//! How the body of an upload fails.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Error of an [`UploadBody`](crate::UploadBody): the source of a [`TransportErrorKind::Upload`](crate::TransportErrorKind::Upload).
///
/// ```
/// use digicert_one_core::UploadError;
///
/// let error = UploadError::TooShort { declared: 10, given: 3 };
/// assert_eq!(error.to_string(), "the request body ended after 3 of its 10 bytes");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum UploadError {
    /// The caller's body failed; its error is the source.
    Failed(Arc<dyn Error + Send + Sync>),
    /// The call or its response was dropped before the body had ended.
    Cancelled,
    /// The body ended before its declared length.
    TooShort {
        /// The length that was declared.
        declared: u64,
        /// The bytes that the body gave.
        given: u64,
    },
    /// The body gave more bytes than were declared.
    TooLong {
        /// The length that was declared.
        declared: u64,
    },
}

impl fmt::Display for UploadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(_) => f.write_str("failed to read the request body"),
            Self::Cancelled => f.write_str("the upload was cancelled"),
            Self::TooShort { declared, given } => {
                write!(f, "the request body ended after {given} of its {declared} bytes")
            }
            Self::TooLong { declared } => write!(f, "the request body is longer than its {declared} bytes"),
        }
    }
}

impl Error for UploadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(error) => Some(&**error),
            Self::Cancelled | Self::TooShort { .. } | Self::TooLong { .. } => None,
        }
    }
}
