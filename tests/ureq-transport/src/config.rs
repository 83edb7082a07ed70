//! Maps `TransportConfig` to ureq. What ureq would silently omit, or panic over in the first call, is checked here.

use std::sync::Arc;
use std::time::Duration;

use digicert_one_core::{TlsVersion, TlsVersions, TransportConfig, TransportError, TransportErrorKind as Kind};
use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use ureq::config::Config;
use ureq::tls::{Certificate, ClientCert, PrivateKey, RootCerts, TlsConfig};

use crate::error::local;

/// Thirty years: the effective maximum. ureq adds to the clock without a check.
pub(crate) const FAR: Duration = Duration::from_secs(1_000_000_000);

/// The settings of all agents of a transport. Each of these lines changes a default that would fail a case.
pub(crate) fn agent(config: &TransportConfig, tls: TlsConfig) -> Config {
    Config::builder()
        .tls_config(tls)
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .user_agent("")
        .accept("")
        .accept_encoding("")
        .allow_non_standard_methods(true)
        .max_idle_age(config.timeouts().pool_idle().min(FAR))
        .build()
}

/// Roots, identity and versions, each as given or refused.
pub(crate) fn tls(config: &TransportConfig, roots: &[CertificateDer<'static>]) -> Result<TlsConfig, TransportError> {
    // ureq omits a root that it cannot parse, and reports it only in its log.
    for root in roots {
        RootCertStore::empty().add(root.clone()).map_err(|error| local(Kind::TrustRoots, error))?;
    }
    let provider = provider(config.tls_versions());
    Ok(TlsConfig::builder()
        .root_certs(RootCerts::from(roots.iter().map(|root| Certificate::from_der(root).to_owned())))
        .client_cert(identity(config, &provider)?)
        .unversioned_rustls_crypto_provider(Arc::new(provider))
        .build())
}

/// ureq offers every TLS version; rustls omits a version for which the provider has no cipher.
fn provider(versions: TlsVersions) -> CryptoProvider {
    let mut provider = aws_lc_rs::default_provider();
    if let TlsVersions::Only(version) = versions {
        let kept = if version == TlsVersion::Tls12 { &rustls::version::TLS12 } else { &rustls::version::TLS13 };
        provider.cipher_suites.retain(|suite| suite.version() == kept);
    }
    provider
}

/// The identity for ureq, tried before: ureq would panic in the first call over a key that rustls cannot use.
fn identity(config: &TransportConfig, provider: &CryptoProvider) -> Result<Option<ClientCert>, TransportError> {
    let Some(identity) = config.identity() else { return Ok(None) };
    let key = identity.expose_key_pem(|pem| PrivateKey::from_pem(pem.as_bytes()));
    let key = key.map_err(|error| local(Kind::LocalIdentity, error))?;
    identity
        .expose_pkcs8(|der| {
            CertifiedKey::from_der(identity.chain().to_vec(), PrivatePkcs8KeyDer::from(der.to_vec()).into(), provider)
        })
        .map_err(|error| local(Kind::LocalIdentity, error))?;
    let chain: Vec<_> = identity.chain().iter().map(|one| Certificate::from_der(one).to_owned()).collect();
    Ok(Some(ClientCert::new_with_certs(&chain, key)))
}
