//! Everything a transport is made with: identity, trust, limits, versions, name overrides, proxy. Each part is readable,
//! so that a transport outside this workspace can honour it, and must be refused where it cannot be honoured.

use std::net::IpAddr;
use std::time::Duration;

use rustls_pki_types::CertificateDer;
use x509_cert::der::Decode;

use crate::{
    Capabilities, Capability, ClientIdentity, Delivery, Material, Proxy, TlsVersion, TransportError, TransportErrorKind,
};

/// One configuration for one transport object, the client identity included.
///
/// ```
/// use std::time::Duration;
/// use digicert_one_core::{Timeouts, TransportConfig, TrustRoots};
///
/// let config = TransportConfig::new()
///     .with_timeouts(Timeouts::new().with_connect(Duration::from_secs(5)))
///     .with_trust(TrustRoots::System);
/// assert!(config.identity().is_none());
/// assert_eq!(config.timeouts().connect(), Duration::from_secs(5));
/// ```
#[derive(Clone, Debug, Default)]
pub struct TransportConfig {
    identity: Option<ClientIdentity>,
    trust: TrustRoots,
    timeouts: Timeouts,
    proxy: Proxy,
    tls: TlsVersions,
    http: HttpVersions,
    names: Vec<NameOverride>,
}

impl TransportConfig {
    /// No identity, the system's roots, default limits, no proxy, TLS 1.2 and 1.3, HTTP/1.1 and HTTP/2.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The client identity to present whenever a server asks for one.
    #[must_use]
    pub fn with_identity(mut self, identity: Option<ClientIdentity>) -> Self {
        self.identity = identity;
        self
    }

    /// The identity of `material`, if its mode has one.
    #[must_use]
    pub fn for_material(self, material: &Material) -> Self {
        self.with_identity(material.identity().cloned())
    }

    /// The roots to trust.
    #[must_use]
    pub fn with_trust(mut self, trust: TrustRoots) -> Self {
        self.trust = trust;
        self
    }

    /// The limits of time.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// The proxy, or none. Proxy variables of the environment are never read.
    #[must_use]
    pub fn with_proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// The TLS versions to offer.
    #[must_use]
    pub fn with_tls_versions(mut self, versions: TlsVersions) -> Self {
        self.tls = versions;
        self
    }

    /// The HTTP versions to offer.
    #[must_use]
    pub fn with_http_versions(mut self, versions: HttpVersions) -> Self {
        self.http = versions;
        self
    }

    /// Adds one name override.
    #[must_use]
    pub fn with_name_override(mut self, host: impl Into<String>, address: IpAddr) -> Self {
        self.names.push(NameOverride { host: host.into().to_ascii_lowercase(), address });
        self
    }

    /// The client identity to present, if any.
    #[must_use]
    pub fn identity(&self) -> Option<&ClientIdentity> {
        self.identity.as_ref()
    }

    /// The roots to trust.
    #[must_use]
    pub fn trust(&self) -> &TrustRoots {
        &self.trust
    }

    /// The limits of time.
    #[must_use]
    pub fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// The proxy, or none.
    #[must_use]
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// The TLS versions to offer.
    #[must_use]
    pub fn tls_versions(&self) -> TlsVersions {
        self.tls
    }

    /// The HTTP versions to offer.
    #[must_use]
    pub fn http_versions(&self) -> HttpVersions {
        self.http
    }

    /// Names that go to a fixed address instead of the resolver.
    #[must_use]
    pub fn name_overrides(&self) -> &[NameOverride] {
        &self.names
    }
}

/// The certificate authorities whose servers we trust. Verification itself cannot be switched off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrustRoots {
    /// The operating system's roots.
    #[default]
    System,
    /// Exactly these, nothing else.
    Only(Vec<CertificateDer<'static>>),
    /// The operating system's roots and these.
    SystemAnd(Vec<CertificateDer<'static>>),
}

/// What there is to warn of where [`TrustRoots::beside_system`] had to leave out the system's roots.
const NARROWED: &str = "this transport cannot trust given roots beside the system's: it trusts the given roots alone (rustls, reqwest and native-tls trust both)";

impl TrustRoots {
    /// The system's roots and these; on a transport that cannot have both, these alone, with the text of a warning. That trusts less
    /// than what was asked for, never more. Of a transport that has neither, `connect` refuses the configuration.
    #[must_use]
    pub fn beside_system(
        roots: Vec<CertificateDer<'static>>,
        capabilities: &Capabilities,
    ) -> (Self, Option<&'static str>) {
        if !capabilities.has(Capability::TrustSystemAnd) && capabilities.has(Capability::TrustOnly) {
            return (Self::Only(roots), Some(NARROWED));
        }
        (Self::SystemAnd(roots), None)
    }

    /// The given roots; none for [`System`](Self::System).
    ///
    /// # Errors
    /// A list that is empty, which on some stacks would mean the system's roots, and a root that is no certificate: some stacks
    /// would notice only at the first call.
    pub fn given(&self) -> Result<&[CertificateDer<'static>], TransportError> {
        match self {
            Self::System => Ok(&[]),
            Self::Only(roots) | Self::SystemAnd(roots) => {
                let unusable = |why: String| {
                    TransportError::new(TransportErrorKind::TrustRoots, Delivery::NotSent).with_source(why)
                };
                if roots.is_empty() {
                    return Err(unusable("the list of trust roots is empty".to_owned()));
                }
                for (index, root) in roots.iter().enumerate() {
                    if let Err(error) = x509_cert::Certificate::from_der(root) {
                        return Err(unusable(format!("trust root {} is not a certificate: {error}", index + 1)));
                    }
                }
                Ok(roots)
            }
        }
    }
}

/// The limits of time of one call, and of the connections between calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    connect: Duration,
    total: Duration,
    pool_idle: Duration,
}

impl Timeouts {
    /// 10 seconds to connect, 60 for the whole call; a connection without a call is kept for 90.
    #[must_use]
    pub fn new() -> Self {
        let [connect, total, pool_idle] = [10, 60, 90].map(Duration::from_secs);
        Self { connect, total, pool_idle }
    }

    /// The limit for name, TCP and TLS together.
    #[must_use]
    pub fn with_connect(mut self, limit: Duration) -> Self {
        self.connect = limit;
        self
    }

    /// The limit for the whole call, from the first step to the last byte of the body.
    #[must_use]
    pub fn with_total(mut self, limit: Duration) -> Self {
        self.total = limit;
        self
    }

    /// How long a connection is kept that carries no call. A stack may count in whole seconds, and close it at the next call.
    #[must_use]
    pub fn with_pool_idle(mut self, limit: Duration) -> Self {
        self.pool_idle = limit;
        self
    }

    /// The limit for name, TCP and TLS together.
    #[must_use]
    pub fn connect(&self) -> Duration {
        self.connect
    }

    /// The limit for the whole call, its body included.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.total
    }

    /// How long a connection is kept that carries no call.
    #[must_use]
    pub fn pool_idle(&self) -> Duration {
        self.pool_idle
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::new()
    }
}

/// The TLS versions to offer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsVersions {
    /// TLS 1.2 and 1.3.
    #[default]
    Both,
    /// Exactly one version.
    Only(TlsVersion),
}

impl TlsVersions {
    /// The lowest version to offer.
    #[must_use]
    pub fn lowest(self) -> TlsVersion {
        match self {
            Self::Both => TlsVersion::Tls12,
            Self::Only(version) => version,
        }
    }

    /// The highest version to offer.
    #[must_use]
    pub fn highest(self) -> TlsVersion {
        match self {
            Self::Both => TlsVersion::Tls13,
            Self::Only(version) => version,
        }
    }
}

/// The HTTP versions to offer by ALPN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum HttpVersions {
    /// HTTP/2 where the server takes it, else HTTP/1.1.
    #[default]
    Both,
    /// HTTP/1.1 only. Under TLS 1.3 it tells most about a refused client certificate.
    Http1,
}

/// A name that goes to a fixed address, on every port, as an entry in a hosts file would.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NameOverride {
    /// The host name, in lower case.
    pub host: String,
    /// The address to use for it.
    pub address: IpAddr,
}
