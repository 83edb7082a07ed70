//! Settings of a transport in terms of rustls: who verifies the server, which versions are offered.

use std::sync::Arc;

use digicert_one_core::{
    Delivery, HttpVersions, TlsVersion, TlsVersions, TransportError, TransportErrorKind, TrustRoots,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::{RootCertStore, SupportedProtocolVersion};

#[cfg(all(unix, not(any(target_vendor = "apple", target_os = "android"))))]
use crate::roots::{RootCache, RootPlaces};

/// Returns the verifier of server certificates for these roots: webpki for exactly the given ones, the platform's where the system's
/// roots count. The system's roots are read only in the latter case, once per process and again after a change.
///
/// # Errors
/// Roots that cannot be used ([`TrustRoots`](TransportErrorKind::TrustRoots)), and a kind of trust that this version does not support
/// ([`Config`](TransportErrorKind::Config)).
pub fn server_verifier(
    trust: &TrustRoots,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TransportError> {
    #[cfg(all(unix, not(any(target_vendor = "apple", target_os = "android"))))]
    {
        static VERIFIERS: RootCache<usize, Arc<dyn ServerCertVerifier>> = RootCache::new();
        // All that a verifier takes from its provider is this static list.
        let algorithms = provider.signature_verification_algorithms.all.as_ptr() as usize;
        VERIFIERS.get(algorithms, trust, RootPlaces::of_native_certs, |_| new_verifier(trust, provider))
    }
    #[cfg(not(all(unix, not(any(target_vendor = "apple", target_os = "android")))))]
    new_verifier(trust, provider)
}

fn new_verifier(
    trust: &TrustRoots,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, TransportError> {
    let unusable = |error: rustls::Error| {
        TransportError::new(TransportErrorKind::TrustRoots, Delivery::NotSent).with_source(error)
    };
    let given = trust.given()?;
    let provider = Arc::clone(provider);
    Ok(match trust {
        TrustRoots::Only(_) => {
            let mut roots = RootCertStore::empty();
            for root in given {
                roots.add(root.clone()).map_err(unusable)?;
            }
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().map_err(|error| {
                TransportError::new(TransportErrorKind::TrustRoots, Delivery::NotSent).with_source(error)
            })?
        }
        TrustRoots::SystemAnd(_) => Arc::new(
            rustls_platform_verifier::Verifier::new_with_extra_roots(given.to_vec(), provider).map_err(unusable)?,
        ),
        TrustRoots::System => Arc::new(rustls_platform_verifier::Verifier::new(provider).map_err(unusable)?),
        _ => {
            let why = "unsupported kind of trust roots";
            return Err(TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(why));
        }
    })
}

/// Returns the protocol versions of rustls for these TLS versions.
///
/// ```
/// use digicert_one_core::{TlsVersion, TlsVersions};
/// use digicert_one_error_kinds::protocol_versions;
///
/// assert_eq!(protocol_versions(TlsVersions::Only(TlsVersion::Tls13)).len(), 1);
/// assert_eq!(protocol_versions(TlsVersions::Both).len(), 2);
/// ```
#[must_use]
pub fn protocol_versions(versions: TlsVersions) -> &'static [&'static SupportedProtocolVersion] {
    static TLS12: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
    static TLS13: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];
    match versions {
        TlsVersions::Only(TlsVersion::Tls12) => &TLS12,
        TlsVersions::Only(TlsVersion::Tls13) => &TLS13,
        _ => rustls::DEFAULT_VERSIONS,
    }
}

/// Returns the names of these HTTP versions for ALPN (RFC 7301, RFC 9113 section 3.2), the preferred one first.
///
/// ```
/// use digicert_one_core::HttpVersions;
/// assert_eq!(digicert_one_error_kinds::alpn(HttpVersions::Http1), [b"http/1.1"]);
/// ```
#[must_use]
pub fn alpn(versions: HttpVersions) -> Vec<Vec<u8>> {
    match versions {
        HttpVersions::Http1 => vec![b"http/1.1".to_vec()],
        _ => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
    }
}
