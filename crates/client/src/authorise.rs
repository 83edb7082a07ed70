//! The seam for callers who prove themselves by something else than the client's credential: tokens, which only some APIs of the
//! platform take. Their calls travel the same road as all others. Public as far as `digicert-one-csc` needs it; not for programs: it
//! changes without notice.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_core::diagnosis::PlatformAnswer;
use digicert_one_core::{
    ApiKey, CallContext, Code, Credential, CredentialError, Fingerprint, Generation, KeyShape, Lease, LeaseNeed, Mode,
    Origin, RequestTarget,
};
use http::{HeaderMap, HeaderValue};

use crate::error::Error;

/// Gives each attempt of a call its proof, and says what an error response to it means.
#[async_trait]
pub trait Authoriser: Send + Sync + 'static {
    /// What the next attempt shows; after a refusal something newer than what was refused, and nothing where there is none.
    ///
    /// # Errors
    /// There is no proof. It counts as the failure of the attempt, and is repeated as such.
    async fn pass(&self, refused: Option<&Pass>) -> Result<Option<Pass>, Error>;

    /// The error of an error response.
    fn refused(&self, refusal: Refusal<'_>) -> Error;

    /// What an error response may quote and an error must not, beside the pass itself.
    fn secrets(&self) -> Vec<&str>;
}

/// What one attempt shows.
#[derive(Clone)]
pub struct Pass(Shown);

#[derive(Clone)]
enum Shown {
    Nothing,
    Key(ApiKey),
    Token { value: HeaderValue, caller: Fingerprint, generation: Option<Generation> },
}

impl Pass {
    /// Nothing at all.
    #[must_use]
    pub fn nothing() -> Self {
        Self(Shown::Nothing)
    }

    /// This key, as `x-api-key`.
    #[must_use]
    pub fn key(key: ApiKey) -> Self {
        Self(Shown::Key(key))
    }

    /// This value of the header `Authorization`, whom it counts for, and which reading it is where there can be a newer one.
    #[must_use]
    pub fn token(value: HeaderValue, caller: Fingerprint, generation: Option<Generation>) -> Self {
        Self(Shown::Token { value, caller, generation })
    }

    /// Which reading of the token it is.
    #[must_use]
    pub fn generation(&self) -> Option<Generation> {
        match &self.0 {
            Shown::Token { generation, .. } => *generation,
            _ => None,
        }
    }

    /// Whether it is a token.
    #[must_use]
    pub fn is_token(&self) -> bool {
        matches!(self.0, Shown::Token { .. })
    }

    /// The mode that it stands for; none for a token, which has none.
    pub(crate) fn mode(&self) -> Option<Mode> {
        match self.0 {
            Shown::Nothing => Some(Mode::Anonymous),
            Shown::Key(_) => Some(Mode::Key),
            Shown::Token { .. } => None,
        }
    }

    /// Whom the platform counts, if anybody.
    pub(crate) fn caller(&self) -> Option<Fingerprint> {
        match &self.0 {
            Shown::Nothing => None,
            Shown::Key(key) => Some(key.fingerprint()),
            Shown::Token { caller, .. } => Some(*caller),
        }
    }

    pub(crate) fn key_shape(&self) -> Option<KeyShape> {
        match &self.0 {
            Shown::Key(key) => Some(key.shape()),
            _ => None,
        }
    }

    /// The header that shows it.
    pub(crate) fn header(&self) -> Option<(http::HeaderName, HeaderValue)> {
        match &self.0 {
            Shown::Nothing => None,
            Shown::Key(key) => Some((digicert_one_core::API_KEY_HEADER, key.header_value())),
            Shown::Token { value, .. } => Some((http::header::AUTHORIZATION, value.clone())),
        }
    }

    /// What an error response may quote of it: a token behind the word that says what it is; a key as it is.
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
    /// What was shown.
    pub pass: &'a Pass,
    /// What was read of it.
    pub answer: PlatformAnswer,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// The beginning of its body.
    pub body: &'a Bytes,
    /// Where it came from, and what was seen on the way.
    pub context: CallContext,
}

/// A POST with a proof of its own. Its redirects are never followed: what it shows is meant for one host.
pub struct AuthorisedRequest {
    /// What observers see for the path.
    pub name: &'static str,
    /// Where it goes, if not to the platform host.
    pub origin: Option<Origin>,
    /// Path and query.
    pub target: RequestTarget,
    /// Without the proof.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether it does the same however often it is processed.
    pub idempotent: bool,
    /// Whether it is tried once, whatever happens: for what another call needs, and repeats with itself.
    pub once: bool,
    /// The limit of one attempt.
    pub attempt_limit: Duration,
    /// The limit of the whole call.
    pub deadline: Duration,
    /// Who gives the proof.
    pub authoriser: Box<dyn Authoriser>,
}

impl fmt::Debug for AuthorisedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorisedRequest").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The credential of a client whose every call brings a proof of its own.
#[derive(Debug)]
pub(crate) struct NoCredential;

#[async_trait]
impl Credential for NoCredential {
    async fn lease(&self, _need: &LeaseNeed) -> Result<Lease, CredentialError> {
        Err(CredentialError::new(Code::CFG_01, "the calls of this client bring proofs of their own"))
    }
}
