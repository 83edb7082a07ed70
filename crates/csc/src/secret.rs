//! The secrets of CSC: the bearer token of its OAuth and login, and the SAD that one signing needs. They have types of their own, which no
//! core product API accepts.

use std::fmt;

use bytes::Bytes;
use digicert_one_core::{Code, CredentialError};
use http::HeaderValue;
use serde::{Serialize, Serializer};
use zeroize::{Zeroize, Zeroizing};

const SCHEME: &str = "Bearer ";

/// A bearer token for CSC only: it cannot be used with a [`Client`](digicert_one_client::Client).
///
/// It has no `Display`, no `PartialEq` and no serialised form; `Debug` prints a fixed word, and its bytes are wiped when the last
/// header value made from it is dropped. Copies that the `oauth2` crate and an HTTP library make are out of reach.
///
/// ```
/// use digicert_one_csc::CscToken;
/// let token = CscToken::new("canary")?;
/// assert_eq!(format!("{token:?}"), "CscToken(redacted)");
/// # Ok::<(), digicert_one_core::CredentialError>(())
/// ```
#[derive(Clone)]
pub struct CscToken(HeaderValue);

impl CscToken {
    /// Takes the token without `Bearer`.
    ///
    /// # Errors
    /// An empty token, or an invalid character (ID-07): RFC 6750 §2.1 allows visible ASCII only. The value is not shown.
    pub fn new(text: impl Into<String>) -> Result<Self, CredentialError> {
        let text = Zeroizing::new(text.into());
        let invalid = |why: String| Err(CredentialError::new(Code::ID_07, why));
        if text.is_empty() {
            return invalid("the access token is empty".to_owned());
        }
        if let Some(position) = text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            let (position, length) = (position + 1, text.len());
            return invalid(format!("the access token has an invalid character at position {position} of {length}"));
        }
        let mut bytes = Vec::with_capacity(SCHEME.len() + text.len());
        bytes.extend_from_slice(SCHEME.as_bytes());
        bytes.extend_from_slice(text.as_bytes());
        let mut value = HeaderValue::from_maybe_shared(wiped(bytes)).map_err(|error| {
            CredentialError::new(Code::ID_07, "the access token is not a valid header value").with_source(error)
        })?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// The value for the `Authorization` header, marked sensitive. Shares the token's buffer.
    pub(crate) fn header_value(&self) -> HeaderValue {
        self.0.clone()
    }

    /// The token itself, for its revocation.
    pub(crate) fn expose(&self) -> &str {
        // Built above from a prefix and visible ASCII.
        self.0.to_str().ok().and_then(|text| text.strip_prefix(SCHEME)).unwrap_or_default()
    }
}

impl fmt::Debug for CscToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CscToken(redacted)")
    }
}

/// Signature activation data (SAD): authorises certain signatures with one credential for a limited time. A secret.
///
/// Source: CSC API v1.0.4, `credentials/authorize` (spec).
#[derive(Clone)]
pub struct Sad(Zeroizing<String>);

impl Sad {
    /// Takes it from [`credentials_authorize`](crate::CscClient::credentials_authorize) in another process,
    /// for example.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The value itself, which authorises signatures.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sad(redacted)")
    }
}

/// A secret that is serialised into a request body.
#[derive(Clone, Copy)]
pub(crate) struct Enclosed<'a>(pub(crate) &'a str);

impl Serialize for Enclosed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

/// Bytes that are wiped when the last reference is dropped.
pub(crate) fn wiped(bytes: Vec<u8>) -> Bytes {
    Bytes::from_owner(Zeroizing::new(bytes))
}

/// Wipes a response that held a secret, unless there are other references.
pub(crate) fn wipe(bytes: Bytes) {
    if let Ok(mut bytes) = bytes.try_into_mut() {
        bytes.as_mut().zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_is_a_sensitive_header_and_shows_nothing() {
        let token = CscToken::new("canary-token").expect("a token");
        assert_eq!(token.header_value().as_bytes(), b"Bearer canary-token");
        assert!(token.header_value().is_sensitive());
        assert_eq!(token.expose(), "canary-token");
        assert!(!format!("{token:?} {:?}", Sad::new("canary")).contains("canary"));
    }

    #[test]
    fn token_that_cannot_be_sent_is_refused_and_not_shown() {
        for bad in ["", "can ary", "canary\r\n", "canäry"] {
            let error = CscToken::new(bad).expect_err(bad);
            assert_eq!(error.code(), Code::ID_07, "{bad}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
    }
}
