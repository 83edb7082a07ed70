//! Calls that are authorised by something other than the client's credential: tokens, which only some APIs of the platform accept. They
//! go through the same engine. Public as far as `digicert-one-csc` needs it; not for programs: it changes without notice.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_core::diagnosis::ErrorResponse;
use digicert_one_core::{
    ApiKey, CallContext, Code, Credential, CredentialError, Fingerprint, Generation, Lease, LeaseRequest, Mode, Origin,
    RequestTarget,
};
use http::{HeaderMap, HeaderValue};

use crate::error::Error;

/// Authorises each attempt of a call, and interprets error responses to it.
#[async_trait]
pub trait Authoriser: Send + Sync + 'static {
    /// The pass for the next attempt; after a refusal a newer one than the refused one, or `None` without a newer one.
    ///
    /// # Errors
    /// No pass could be obtained. It counts as the failure of the attempt, and is retried as such.
    async fn pass(&self, refused: Option<&Pass>) -> Result<Option<Pass>, Error>;

    /// The error for an error response.
    fn refused(&self, refusal: Refusal<'_>) -> Error;

    /// Secrets, beside the pass itself, that a response may quote and an error must not.
    fn secrets(&self) -> Vec<&str>;
}

/// The authorisation of one attempt.
#[derive(Clone)]
pub struct Pass(Proof);

#[derive(Clone)]
enum Proof {
    Nothing,
    Key(ApiKey),
    Token { value: HeaderValue, caller: Fingerprint, generation: Option<Generation> },
}

impl Pass {
    /// No authorisation.
    #[must_use]
    pub fn nothing() -> Self {
        Self(Proof::Nothing)
    }

    /// An API key, sent as `x-api-key`.
    #[must_use]
    pub fn key(key: ApiKey) -> Self {
        Self(Proof::Key(key))
    }

    /// A token: the value of the header `Authorization`, the caller it counts for, and its generation if there can be a newer one.
    #[must_use]
    pub fn token(value: HeaderValue, caller: Fingerprint, generation: Option<Generation>) -> Self {
        Self(Proof::Token { value, caller, generation })
    }

    /// The generation of the token.
    #[must_use]
    pub fn generation(&self) -> Option<Generation> {
        match &self.0 {
            Proof::Token { generation, .. } => *generation,
            _ => None,
        }
    }

    /// Whether it is a token.
    #[must_use]
    pub fn is_token(&self) -> bool {
        matches!(self.0, Proof::Token { .. })
    }

    /// The mode; `None` for a token.
    pub(crate) fn mode(&self) -> Option<Mode> {
        match self.0 {
            Proof::Nothing => Some(Mode::Anonymous),
            Proof::Key(_) => Some(Mode::Key),
            Proof::Token { .. } => None,
        }
    }

    /// The caller whose requests the platform counts.
    pub(crate) fn caller(&self) -> Option<Fingerprint> {
        match &self.0 {
            Proof::Nothing => None,
            Proof::Key(key) => Some(key.fingerprint()),
            Proof::Token { caller, .. } => Some(*caller),
        }
    }

    pub(crate) fn key_shape(&self) -> Option<(usize, bool)> {
        match &self.0 {
            Proof::Key(key) => Some(key.shape()),
            _ => None,
        }
    }

    /// The header that carries it.
    pub(crate) fn header(&self) -> Option<(http::HeaderName, HeaderValue)> {
        match &self.0 {
            Proof::Nothing => None,
            Proof::Key(key) => Some((digicert_one_core::API_KEY_HEADER, key.header_value())),
            Proof::Token { value, .. } => Some((http::header::AUTHORIZATION, value.clone())),
        }
    }

    /// The secret that an error response may quote: the key, or the token without its scheme.
    pub(crate) fn secret(&self) -> Option<HeaderValue> {
        let (_, value) = self.header()?;
        match value.to_str().ok()?.rsplit_once(' ') {
            Some((_, token)) => HeaderValue::from_str(token).ok(),
            None => Some(value),
        }
    }
}

impl fmt::Debug for Pass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pass(redacted)")
    }
}

/// An error response, without the secrets of the call.
#[derive(Debug)]
pub struct Refusal<'a> {
    /// The pass that was sent.
    pub pass: &'a Pass,
    /// The response, read.
    pub response: ErrorResponse,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The beginning of its body.
    pub body: &'a Bytes,
    /// The host, and the facts about the connection.
    pub context: CallContext,
}

/// A POST with an authoriser of its own. Its redirects are never followed: its authorisation is meant for one host.
pub struct AuthorisedRequest {
    /// The name that observers see instead of the path.
    pub name: &'static str,
    /// The origin, if it is not the platform host.
    pub origin: Option<Origin>,
    /// Path and query.
    pub target: RequestTarget,
    /// The headers, without those of the authorisation.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether it is idempotent.
    pub idempotent: bool,
    /// Whether it is never retried: for a step of another call, which is retried as a whole.
    pub once: bool,
    /// The time limit of one attempt.
    pub attempt_timeout: Duration,
    /// The deadline of the whole call.
    pub deadline: Duration,
    /// The authoriser.
    pub authoriser: Box<dyn Authoriser>,
}

impl fmt::Debug for AuthorisedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorisedRequest").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The credential of a client whose calls all have authorisers of their own.
#[derive(Debug)]
pub(crate) struct NoCredential;

#[async_trait]
impl Credential for NoCredential {
    async fn lease(&self, _need: &LeaseRequest) -> Result<Lease, CredentialError> {
        Err(CredentialError::new(Code::CFG_01, "the calls of this client have authorisers of their own"))
    }
}
