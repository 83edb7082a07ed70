//! `TransportConfig` in terms of rustls.

use std::sync::Arc;

use digicert_one_core::{
    Delivery, HttpVersions, TlsVersion, TlsVersions, TransportConfig, TransportError, TransportErrorKind,
};
use rustls::{ClientConfig, SupportedProtocolVersion};

use crate::identity::Resolver;
use crate::provider::provider;
use crate::verifier::Witness;

/// The configuration of one transport, and its session cache.
pub(crate) fn tls(config: &TransportConfig) -> Result<ClientConfig, TransportError> {
    let provider = Arc::new(provider());
    let verifier = Witness::new(config.trust(), &provider)?;
    let resolver = Resolver::new(config.identity(), &provider)?;
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions(config.tls_versions()))
        .map_err(|error| TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(resolver));
    tls.alpn_protocols = match config.http_versions() {
        HttpVersions::Http1 => vec![b"http/1.1".to_vec()],
        _ => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
    };
    Ok(tls)
}

fn versions(versions: TlsVersions) -> &'static [&'static SupportedProtocolVersion] {
    static TLS12: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
    static TLS13: [&SupportedProtocolVersion; 1] = [&rustls::version::TLS13];
    match versions {
        TlsVersions::Only(TlsVersion::Tls12) => &TLS12,
        TlsVersions::Only(TlsVersion::Tls13) => &TLS13,
        _ => rustls::DEFAULT_VERSIONS,
    }
}
