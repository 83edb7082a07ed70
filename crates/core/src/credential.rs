//! Credentials: a source that is asked for a lease before every attempt. Reading and rotation happen inside
//! the source; the `credentials` crate has the implementations.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;

use crate::{ApiKey, ClientIdentity, CredentialError, Material, Validity};

/// A source of authentication material. Asked once per attempt, so it must be cheap.
///
/// ```
/// use async_trait::async_trait;
/// use digicert_one_core::{
///     ApiKey, Credential, CredentialError, Generation, Lease, LeaseRequest, Material, Verdict,
/// };
///
/// /// A key that the program has from elsewhere.
/// #[derive(Debug)]
/// struct FromVault(ApiKey);
///
/// #[async_trait]
/// impl Credential for FromVault {
///     async fn lease(&self, _need: &LeaseRequest) -> Result<Lease, CredentialError> {
///         Ok(Lease::new(Material::api_key(self.0.clone()), Generation::FIRST, "the vault"))
///     }
///
///     fn report(&self, _lease: &Lease, verdict: Verdict) {
///         if verdict == Verdict::Rejected {
///             eprintln!("the platform rejects the key");
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait Credential: fmt::Debug + Send + Sync + 'static {
    /// Returns material that is valid for one attempt.
    ///
    /// # Errors
    /// Returns an error if the source cannot be read or holds nothing usable. The call then fails and nothing
    /// is sent; in particular, no anonymous request.
    async fn lease(&self, need: &LeaseRequest) -> Result<Lease, CredentialError>;

    /// Reports the outcome of an attempt with this lease.
    fn report(&self, lease: &Lease, verdict: Verdict) {
        let _ = (lease, verdict);
    }
}

/// What a caller needs from a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeaseRequest {
    /// The caller's time.
    pub now: SystemTime,
    /// A generation that was refused: only a newer one is useful.
    pub newer_than: Option<Generation>,
}

impl LeaseRequest {
    /// Requests any material that is valid at `now`.
    #[must_use]
    pub fn at(now: SystemTime) -> Self {
        Self { now, newer_than: None }
    }
}

/// Material, its validity, and the reading of the source that it came from.
#[derive(Clone, Debug)]
pub struct Lease {
    material: Material,
    validity: Validity,
    generation: Generation,
    source: Arc<str>,
}

impl Lease {
    /// Creates a lease of `material`, read from `source` (the name of a variable or a path; never a value).
    #[must_use]
    pub fn new(material: Material, generation: Generation, source: impl Into<Arc<str>>) -> Self {
        let validity = Validity::of(&material);
        Self { material, validity, generation, source: source.into() }
    }

    /// Adds end dates that the material itself does not contain: those of the API key and of the service user.
    #[must_use]
    pub fn with_validity(mut self, validity: Validity) -> Self {
        self.validity = validity;
        self
    }

    /// Returns what to send.
    #[must_use]
    pub fn material(&self) -> &Material {
        &self.material
    }

    /// Returns how long it is valid.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Returns which reading of the source this is.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// Returns the name of the source.
    #[must_use]
    pub fn source(&self) -> &Arc<str> {
        &self.source
    }
}

/// Counts the readings of one source. Generations are compared instead of secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(u64);

impl Generation {
    /// The first reading.
    pub const FIRST: Self = Self(1);

    /// Returns the generation after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// Returns the number of readings up to this one.
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

/// The platform's verdict on an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// The caller was authenticated.
    Accepted,
    /// The credential was refused.
    Rejected,
    /// Unknown: the attempt did not get far enough.
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
    /// Creates a credential with the given material, read from `source` (a name, never a value).
    #[must_use]
    pub fn new(material: Material, source: impl Into<Arc<str>>) -> Self {
        Self(Lease::new(material, Generation::FIRST, source))
    }

    /// Creates a credential with the material, end dates and source of this lease.
    #[must_use]
    pub fn from_lease(lease: Lease) -> Self {
        Self(lease)
    }

    /// Creates a credential with an API key only.
    #[must_use]
    pub fn api_key(key: ApiKey) -> Self {
        Self::new(Material::api_key(key), "the program")
    }

    /// Creates a credential with a client certificate only.
    #[must_use]
    pub fn certificate(identity: ClientIdentity) -> Self {
        Self::new(Material::certificate(identity), "the program")
    }

    /// Creates a credential with certificate and key.
    #[must_use]
    pub fn certificate_and_key(identity: ClientIdentity, key: ApiKey) -> Self {
        Self::new(Material::certificate_and_key(identity, key), "the program")
    }
}

#[async_trait]
impl Credential for FixedCredential {
    async fn lease(&self, _need: &LeaseRequest) -> Result<Lease, CredentialError> {
        Ok(self.0.clone())
    }
}
