//! A token as the server sent it, before it is used.

use std::time::{Duration, SystemTime};

use digicert_one_client::Error;
use zeroize::Zeroizing;

use crate::fault::unexpected;
use crate::secret::CscToken;

/// A token as the server sent it.
pub(crate) struct Granted {
    pub(crate) access: Zeroizing<String>,
    pub(crate) is_bearer: bool,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) refresh: Option<Zeroizing<String>>,
    pub(crate) asked: SystemTime,
}

impl Granted {
    /// The token for the `Authorization` header. RFC 6749 §7.1: a token of an unknown type is not used.
    pub(crate) fn token(&self) -> Result<CscToken, Error> {
        if !self.is_bearer {
            let summary = "the server sent a token that is not a bearer token.";
            return Err(unexpected(summary, "a token of another type cannot be sent (RFC 6749, section 7.1)"));
        }
        CscToken::new(self.access.as_str()).map_err(|error| {
            let summary = "the server sent a token that is not a valid header value.";
            unexpected(summary, "it is empty, or holds a character that cannot be sent").with_source(error)
        })
    }
}
