//! Where material comes from: a source that is asked before every attempt and hands out a lease. Reading and rotating
//! happen behind it; the `credentials` crate holds the sources.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;

use crate::{ApiKey, ClientIdentity, CredentialError, Material, Validity};

/// A source of proof of who is calling. Asked once per attempt, so it must be cheap.
#[async_trait]
pub trait Credential: fmt::Debug + Send + Sync + 'static {
    /// Material that is good for one attempt.
    ///
    /// # Errors
    /// The source cannot be read or holds nothing usable. The call then ends here: nothing is sent, least of all an
    /// anonymous request.
    async fn lease(&self, need: &LeaseNeed) -> Result<Lease, CredentialError>;

    /// What became of an attempt with this lease.
    fn report(&self, lease: &Lease, verdict: Verdict) {
        let _ = (lease, verdict);
    }
}

/// What a caller needs from a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeaseNeed {
    /// The caller's time.
    pub now: SystemTime,
    /// A generation that was refused: only a newer one helps.
    pub newer_than: Option<Generation>,
}

impl LeaseNeed {
    /// Any material that is good at `now`.
    #[must_use]
    pub fn at(now: SystemTime) -> Self {
        Self { now, newer_than: None }
    }
}

/// Material, how long it is good for, and which reading of the source it came from.
#[derive(Clone, Debug)]
pub struct Lease {
    material: Material,
    validity: Validity,
    generation: Generation,
    source: Arc<str>,
}

impl Lease {
    /// A lease of `material`, read from what `source` names (a variable, a path; never a value).
    #[must_use]
    pub fn new(material: Material, generation: Generation, source: impl Into<Arc<str>>) -> Self {
        let validity = Validity::of(&material);
        Self { material, validity, generation, source: source.into() }
    }

    /// Adds end dates that the material itself does not show: those of the key and of the service user.
    #[must_use]
    pub fn with_validity(mut self, validity: Validity) -> Self {
        self.validity = validity;
        self
    }

    /// What to send.
    #[must_use]
    pub fn material(&self) -> &Material {
        &self.material
    }

    /// How long it is good for.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Which reading of the source this is.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// The name of the source.
    #[must_use]
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }
}

/// Counts the readings of one source. Two generations of one credential are compared, never two secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u64);

impl Generation {
    /// The first reading.
    pub const FIRST: Self = Self(1);

    /// The reading after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The count of readings up to this one.
    #[must_use]
    pub fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What the platform made of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// It knew the caller.
    Accepted,
    /// It refused the caller's proof.
    Rejected,
    /// The attempt did not get far enough to tell.
    Unclear,
}

/// A credential whose material never changes.
///
/// ```
/// use digicert_one_core::{ApiKey, FixedCredential};
/// let credential = FixedCredential::api_key(ApiKey::new("an-api-key")?);
/// assert!(!format!("{credential:?}").contains("an-api-key"));
/// # Ok::<(), digicert_one_core::CredentialError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FixedCredential(Lease);

impl FixedCredential {
    /// The given material, read from what `source` names.
    #[must_use]
    pub fn new(material: Material, source: impl Into<Arc<str>>) -> Self {
        Self(Lease::new(material, Generation::FIRST, source))
    }

    /// The material, end dates and source of this lease.
    #[must_use]
    pub fn from_lease(lease: Lease) -> Self {
        Self(lease)
    }

    /// An API key alone.
    #[must_use]
    pub fn api_key(key: ApiKey) -> Self {
        Self::new(Material::api_key(key), "the program")
    }

    /// A client certificate alone.
    #[must_use]
    pub fn certificate(identity: ClientIdentity) -> Self {
        Self::new(Material::certificate(identity), "the program")
    }

    /// Certificate and key together.
    #[must_use]
    pub fn certificate_and_key(identity: ClientIdentity, key: ApiKey) -> Self {
        Self::new(Material::certificate_and_key(identity, key), "the program")
    }
}

#[async_trait]
impl Credential for FixedCredential {
    async fn lease(&self, _need: &LeaseNeed) -> Result<Lease, CredentialError> {
        Ok(self.0.clone())
    }
}
