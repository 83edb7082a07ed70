//! The configuration of a transport: identity, trust, timeouts, versions, name overrides, proxy. Every part
//! is readable, so that a transport outside this workspace can honour it; what it cannot honour it must
//! refuse.

use std::net::IpAddr;
use std::time::Duration;

use rustls_pki_types::CertificateDer;
use x509_cert::der::Decode;

use crate::{
    Capabilities, Capability, ClientIdentity, Delivery, Proxy, TlsVersion, TransportError, TransportErrorKind,
};

/// The configuration of one transport object, including the client identity.
///
/// ```
/// use std::time::Duration;
/// use digicert_one_core::{HttpVersions, Proxy, Timeouts, TlsVersion, TlsVersions, TransportConfig, TrustRoots};
///
/// let config = TransportConfig::new()
///     .with_timeouts(Timeouts::new().with_connect(Duration::from_secs(5)))
///     .with_trust(TrustRoots::System)
///     .with_tls_versions(TlsVersions::Only(TlsVersion::Tls13))
///     .with_http_versions(HttpVersions::Http1)
///     .with_proxy(Proxy::parse("http://proxy.corp.test:3128")?);
/// assert!(config.identity().is_none());
/// assert_eq!(config.timeouts().connect(), Duration::from_secs(5));
/// # Ok::<(), digicert_one_core::ProxyError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TransportConfig {
    identity: Option<ClientIdentity>,
    trust: TrustRoots,
    timeouts: Timeouts,
    proxy: Proxy,
    tls: TlsVersions,
    http: HttpVersions,
    names: Vec<(String, IpAddr)>,
}

impl TransportConfig {
    /// Returns the defaults: no identity, the system's roots, default timeouts, no proxy, TLS 1.2 and 1.3,
    /// HTTP/1.1 and HTTP/2.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the client identity to present whenever a server asks for one.
    #[must_use]
    pub fn with_identity(mut self, identity: Option<ClientIdentity>) -> Self {
        self.identity = identity;
        self
    }

    /// Sets the roots to trust.
    #[must_use]
    pub fn with_trust(mut self, trust: TrustRoots) -> Self {
        self.trust = trust;
        self
    }

    /// Sets the timeouts.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets the proxy. Proxy variables of the environment are never read.
    #[must_use]
    pub fn with_proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// Sets the TLS versions to offer.
    #[must_use]
    pub fn with_tls_versions(mut self, versions: TlsVersions) -> Self {
        self.tls = versions;
        self
    }

    /// Sets the HTTP versions to offer.
    #[must_use]
    pub fn with_http_versions(mut self, versions: HttpVersions) -> Self {
        self.http = versions;
        self
    }

    /// Adds a name override.
    #[must_use]
    pub fn with_name_override(mut self, host: impl Into<String>, address: IpAddr) -> Self {
        self.names.push((host.into().to_ascii_lowercase(), address));
        self
    }

    /// Returns the client identity to present, if any.
    #[must_use]
    pub fn identity(&self) -> Option<&ClientIdentity> {
        self.identity.as_ref()
    }

    /// Returns the roots to trust.
    #[must_use]
    pub fn trust(&self) -> &TrustRoots {
        &self.trust
    }

    /// Returns the timeouts.
    #[must_use]
    pub fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// Returns the proxy, or [`Proxy::None`].
    #[must_use]
    pub fn proxy(&self) -> &Proxy {
        &self.proxy
    }

    /// Returns the TLS versions to offer.
    #[must_use]
    pub fn tls_versions(&self) -> TlsVersions {
        self.tls
    }

    /// Returns the HTTP versions to offer.
    #[must_use]
    pub fn http_versions(&self) -> HttpVersions {
        self.http
    }

    /// Returns the host names that have a fixed address and are not resolved.
    #[must_use]
    pub fn name_overrides(&self) -> &[(String, IpAddr)] {
        &self.names
    }
}

/// The certificate authorities whose servers are trusted. Verification itself cannot be disabled.
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

/// The warning used when [`TrustRoots::beside_system`] had to leave out the system's roots.
const NARROWED: &str = "this transport cannot trust given roots together with the system's: it trusts the given roots only (rustls, reqwest and native-tls trust both)";

impl TrustRoots {
    /// Returns the system's roots plus these; on a transport that does not support both, only these, with the
    /// text of a warning. That trusts less than requested, never more. If the transport supports neither,
    /// `connect` refuses the configuration.
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

    /// Returns the given roots; none for [`System`](Self::System).
    ///
    /// # Errors
    /// Returns an error for an empty list, which on some stacks would mean the system's roots, and for a root
    /// that is not a certificate, which some stacks would only notice at the first call.
    pub fn given(&self) -> Result<&[CertificateDer<'static>], TransportError> {
        match self {
            Self::System => Ok(&[]),
            Self::Only(roots) | Self::SystemAnd(roots) => {
                let unusable = |why: String| {
                    TransportError::new(TransportErrorKind::TrustRoots, Delivery::NotSent).with_source(why)
                };
                if roots.is_empty() {
                    return Err(unusable("missing trust roots: the list is empty".to_owned()));
                }
                for (index, root) in roots.iter().enumerate() {
                    if let Err(error) = x509_cert::Certificate::from_der(root) {
                        return Err(unusable(format!(
                            "invalid trust root {}: expected a certificate: {error}",
                            index + 1
                        )));
                    }
                }
                Ok(roots)
            }
        }
    }
}

/// The timeouts of one call, and the idle time of connections between calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    connect: Duration,
    total: Duration,
    pool_idle: Duration,
}

impl Timeouts {
    /// Returns the defaults: 10 seconds to connect, 60 for the whole call, 90 for idle connections.
    #[must_use]
    pub fn new() -> Self {
        let [connect, total, pool_idle] = [10, 60, 90].map(Duration::from_secs);
        Self { connect, total, pool_idle }
    }

    /// Sets the timeout for name resolution, TCP and TLS together.
    #[must_use]
    pub fn with_connect(mut self, limit: Duration) -> Self {
        self.connect = limit;
        self
    }

    /// Sets the timeout for the whole call, from the first step to the last byte of the body.
    #[must_use]
    pub fn with_total(mut self, limit: Duration) -> Self {
        self.total = limit;
        self
    }

    /// Sets how long an idle connection stays open. A stack may round to whole seconds, and may close it only
    /// at the next call.
    #[must_use]
    pub fn with_pool_idle(mut self, limit: Duration) -> Self {
        self.pool_idle = limit;
        self
    }

    /// Returns the timeout for name resolution, TCP and TLS together.
    #[must_use]
    pub fn connect(&self) -> Duration {
        self.connect
    }

    /// Returns the timeout for the whole call, including its body.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.total
    }

    /// Returns how long an idle connection stays open.
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
    /// Returns the lowest version to offer.
    #[must_use]
    pub fn lowest(self) -> TlsVersion {
        match self {
            Self::Both => TlsVersion::Tls12,
            Self::Only(version) => version,
        }
    }

    /// Returns the highest version to offer.
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
    /// HTTP/2 if the server supports it, else HTTP/1.1.
    #[default]
    Both,
    /// HTTP/1.1 only. Under TLS 1.3 it gives the most detail about a refused client certificate.
    Http1,
}
