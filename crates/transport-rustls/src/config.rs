//! `TransportConfig` in terms of rustls.

use std::sync::Arc;

use digicert_one_core::{Delivery, TransportConfig, TransportError, TransportErrorKind};
use digicert_one_error_kinds::{alpn, protocol_versions};
use rustls::ClientConfig;

use crate::identity::Resolver;
use crate::provider::provider;
use crate::verifier::Witness;

/// The configuration of one transport, and its session cache.
pub(crate) fn tls(config: &TransportConfig) -> Result<ClientConfig, TransportError> {
    let provider = Arc::new(provider());
    let verifier = Witness::new(config.trust(), &provider)?;
    let resolver = Resolver::new(config.identity(), &provider)?;
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(protocol_versions(config.tls_versions()))
        .map_err(|error| TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::new(resolver));
    tls.alpn_protocols = alpn(config.http_versions());
    Ok(tls)
}
