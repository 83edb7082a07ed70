//! `TransportConfig` in terms of native-tls.

use digicert_one_core::{
    BoxError, Capability, Delivery, HttpVersions, TlsVersion, TlsVersions, TransportConfig, TransportError,
    TransportErrorKind, TrustRoots,
};
use native_tls::{Certificate, Protocol, TlsConnector};

use crate::identity;

pub(crate) fn tls(config: &TransportConfig) -> Result<TlsConnector, TransportError> {
    let mut builder = TlsConnector::builder();
    let (lowest, highest) = versions(config.tls_versions())?;
    builder.min_protocol_version(Some(lowest)).max_protocol_version(highest);
    for root in config.trust().given()? {
        builder.add_root_certificate(Certificate::from_der(root).map_err(unusable_roots)?);
    }
    match config.trust() {
        TrustRoots::System | TrustRoots::SystemAnd(_) => {}
        TrustRoots::Only(_) => {
            builder.disable_built_in_roots(true);
        }
        _ => return Err(invalid("a kind of trust roots that this transport does not know")),
    }
    if let Some(identity) = config.identity() {
        builder.identity(identity::identity(identity)?);
    }
    builder.request_alpns(match config.http_versions() {
        HttpVersions::Http1 => &["http/1.1"],
        _ => &["h2", "http/1.1"],
    });
    // Everything has been read by now but the identity, which OpenSSL checks when it takes it up.
    builder.build().map_err(|error| {
        let kind =
            if config.identity().is_some() { TransportErrorKind::LocalIdentity } else { TransportErrorKind::Config };
        TransportError::new(kind, Delivery::NotSent).with_source(error)
    })
}

fn versions(versions: TlsVersions) -> Result<(Protocol, Option<Protocol>), TransportError> {
    match versions {
        TlsVersions::Only(TlsVersion::Tls12) => Ok((Protocol::Tlsv12, Some(Protocol::Tlsv12))),
        TlsVersions::Only(TlsVersion::Tls13) if crate::about::capabilities().has(Capability::Tls13) => {
            Ok((Protocol::Tlsv13, Some(Protocol::Tlsv13)))
        }
        TlsVersions::Only(TlsVersion::Tls13) => {
            Err(TransportError::unsupported(Capability::Tls13, "this system's TLS ends at TLS 1.2"))
        }
        TlsVersions::Both => Ok((Protocol::Tlsv12, None)),
        _ => Err(invalid("a TLS version that this transport does not know")),
    }
}

fn unusable_roots(source: native_tls::Error) -> TransportError {
    TransportError::new(TransportErrorKind::TrustRoots, Delivery::NotSent).with_source(source)
}

fn invalid(source: impl Into<BoxError>) -> TransportError {
    TransportError::new(TransportErrorKind::Config, Delivery::NotSent).with_source(source)
}
