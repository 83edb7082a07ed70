//! `TransportConfig` in terms of native-tls.

use digicert_one_core::{
    Capability, Connector as _, Delivery, HttpVersions, TlsVersion, TransportConfig, TransportError,
    TransportErrorKind, TrustRoots,
};
use native_tls::{Certificate, Protocol, TlsConnector};

use crate::identity::identity;

/// A TLS connector with exactly this identity, trust and these versions.
pub(crate) fn tls(config: &TransportConfig) -> Result<TlsConnector, TransportError> {
    let mut builder = TlsConnector::builder();
    for root in config.trust().given()? {
        let root = Certificate::from_der(root).map_err(|error| {
            TransportError::new(TransportErrorKind::TrustRoots, Delivery::NotSent).with_source(error)
        })?;
        builder.add_root_certificate(root);
    }
    match config.trust() {
        TrustRoots::Only(_) => {
            builder.disable_built_in_roots(true);
        }
        TrustRoots::System | TrustRoots::SystemAnd(_) => {}
        _ => return Err(invalid("a kind of trust roots that this transport does not know")),
    }
    if let Some(given) = config.identity() {
        builder.identity(identity(given)?);
    }
    builder.min_protocol_version(Some(protocol(config.tls_versions().lowest())?));
    // "Both" on a stack without TLS 1.3 means what it has; TLS 1.3 asked for alone was refused as the lowest.
    builder.max_protocol_version(protocol(config.tls_versions().highest()).ok());
    builder.request_alpns(match config.http_versions() {
        HttpVersions::Http1 => &["http/1.1"],
        _ => &["h2", "http/1.1"],
    });
    builder.build().map_err(invalid)
}

fn protocol(version: TlsVersion) -> Result<Protocol, TransportError> {
    match version {
        TlsVersion::Tls12 => Ok(Protocol::Tlsv12),
        _ if !crate::Connector::new().capabilities().has(Capability::Tls13) => {
            Err(TransportError::unsupported(Capability::Tls13, "native-tls has no TLS 1.3 on this system"))
        }
        _ => Ok(Protocol::Tlsv13),
    }
}

pub(crate) fn invalid(source: impl Into<digicert_one_core::BoxError>) -> TransportError {
    TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(source)
}
