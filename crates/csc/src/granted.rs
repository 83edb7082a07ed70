//! A token as a server gave it, before it is put to use.

use std::time::{Duration, SystemTime};

use digicert_one_client::{Error, ErrorKind};
use digicert_one_core::{Code, Diagnosis};
use zeroize::Zeroizing;

use crate::secret::CscToken;

/// A token as the server gave it.
pub(crate) struct Granted {
    pub(crate) access: Zeroizing<String>,
    pub(crate) is_bearer: bool,
    pub(crate) lifetime: Option<Duration>,
    pub(crate) refresh: Option<Zeroizing<String>>,
    pub(crate) asked: SystemTime,
}

impl Granted {
    /// For the `Authorization` header. RFC 6749 §7.1: a token of a kind that one does not know is not used.
    pub(crate) fn token(&self) -> Result<CscToken, Error> {
        if !self.is_bearer {
            return Err(unusable("the server gave a token that is no bearer token."));
        }
        CscToken::new(self.access.as_str())
            .map_err(|error| unusable("the server gave a token that cannot be sent.").with_source(error))
    }
}

/// The error of an answer that gives no token.
pub(crate) fn unusable(summary: &str) -> Error {
    Error::new(ErrorKind::Decode, Diagnosis::of(Code::AUT_05, summary))
}
