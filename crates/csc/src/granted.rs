//! A token as the server sent it, before it is used.

use std::time::{Duration, SystemTime};

use digicert_one_client::{Error, ErrorKind};
use digicert_one_core::{Code, Diagnosis};
use zeroize::Zeroizing;

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
            return Err(unusable("the server sent a token that is not a bearer token."));
        }
        CscToken::new(self.access.as_str())
            .map_err(|error| unusable("the server sent a token that is not a valid header value.").with_source(error))
    }
}

/// The error for a response without a usable token.
pub(crate) fn unusable(summary: &str) -> Error {
    Error::new(ErrorKind::Decode, Diagnosis::of(Code::AUT_05, summary))
}
