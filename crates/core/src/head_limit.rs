//! The size limit for response heads, the same on every transport, so that a response does not depend on the stack.

use std::error::Error;
use std::fmt;

use http::HeaderMap;

use crate::{Delivery, TransportError, TransportErrorKind};

/// Error returned when a response head exceeds the limit, with its size if known.
///
/// ```
/// use digicert_one_core::HeadLimit;
///
/// let mut head = http::HeaderMap::new();
/// assert!(HeadLimit::check(&head).is_ok());
/// head.insert("x-long", "x".repeat(HeadLimit::BYTES).parse()?);
/// assert!(HeadLimit::check(&head).is_err());
/// # Ok::<(), http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeadLimit {
    measured: Option<(usize, usize)>,
}

impl HeadLimit {
    /// Maximum bytes of names and values, counting the four bytes per field that HTTP/1.1 adds.
    pub const BYTES: usize = 64 * 1024;
    /// Maximum number of fields.
    pub const FIELDS: usize = 256;

    /// Returns the error for a head that the library gave up on before it was complete.
    #[must_use]
    pub fn unmeasured() -> Self {
        Self { measured: None }
    }

    /// Checks a head.
    ///
    /// # Errors
    ///
    /// Returns the size of a head that exceeds the limit.
    pub fn check(head: &HeaderMap) -> Result<(), Self> {
        let bytes = head.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
        match bytes <= Self::BYTES && head.len() <= Self::FIELDS {
            true => Ok(()),
            false => Err(Self { measured: Some((bytes, head.len())) }),
        }
    }

    /// Converts to the error that a transport returns.
    #[must_use]
    pub fn error(self) -> TransportError {
        TransportError::new(TransportErrorKind::HeadLimit, Delivery::Sent).with_source(self)
    }
}

impl fmt::Display for HeadLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((bytes, fields)) = self.measured {
            write!(f, "the head has {bytes} bytes in {fields} fields; ")?;
        }
        write!(f, "the limit is {} bytes in {} fields", Self::BYTES, Self::FIELDS)
    }
}

impl Error for HeadLimit {}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn head(fields: usize, length: usize) -> HeaderMap {
        let value = HeaderValue::from_str(&"v".repeat(length)).expect("a value");
        let mut head = HeaderMap::new();
        for _ in 0..fields {
            head.append("x-a", value.clone());
        }
        head
    }

    #[test]
    fn head_limit_accepts_up_to_64_kb_and_256_fields() {
        assert_eq!(HeadLimit::check(&head(HeadLimit::FIELDS, 1)), Ok(()));
        assert_eq!(HeadLimit::check(&head(1, HeadLimit::BYTES - 7)), Ok(()));
    }

    #[test]
    fn head_limit_error_names_the_size() {
        let fields = HeadLimit::check(&head(HeadLimit::FIELDS + 1, 1)).expect_err("too many fields");
        assert!(fields.to_string().contains("257 fields"), "{fields}");
        let bytes = HeadLimit::check(&head(1, HeadLimit::BYTES - 6)).expect_err("too many bytes");
        assert!(bytes.to_string().contains("65537 bytes in 1 fields"), "{bytes}");
        let error = bytes.error();
        assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::HeadLimit, Delivery::Sent));
    }
}
