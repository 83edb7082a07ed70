//! TLS by native-tls, where the operating system has one of its own: it keeps the roots, too.

use digicert_one_core::{
    BoxError, Capability, ClientIdentity, Delivery, HttpVersions, KeyKind, TlsVersion, TlsVersions, TransportConfig,
    TransportError, TransportErrorKind, TrustRoots,
};
use digicert_one_hyper::Wire;
use native_tls::{Certificate, Identity, Protocol, TlsConnector};
use tokio_native_tls::TlsStream;

/// A stream after its handshake.
pub(crate) type Encrypted = TlsStream<Wire>;

/// What the connections of one transport have in common.
pub(crate) struct Connector(tokio_native_tls::TlsConnector);

impl Connector {
    pub(crate) fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        Ok(Self(tls(config)?.into()))
    }

    pub(crate) async fn connect(&self, name: &str, wire: Wire) -> Result<Encrypted, native_tls::Error> {
        self.0.connect(name, wire).await
    }
}

/// The TCP side.
pub(crate) fn wire(stream: &mut Encrypted) -> &mut Wire {
    stream.get_mut().get_mut().get_mut()
}

/// Whether the server ended TCP.
pub(crate) fn has_ended(stream: &Encrypted) -> bool {
    stream.get_ref().get_ref().get_ref().has_ended()
}

/// The protocol that the server chose.
pub(crate) fn alpn(stream: &Encrypted) -> Option<Vec<u8>> {
    stream.get_ref().negotiated_alpn().ok().flatten()
}

/// The server's certificate, in DER.
pub(crate) fn server_der(stream: &Encrypted) -> Option<Vec<u8>> {
    stream.get_ref().peer_certificate().ok()??.to_der().ok()
}

fn tls(config: &TransportConfig) -> Result<TlsConnector, TransportError> {
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
        builder.identity(present(identity)?);
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

/// The identity as native-tls presents it. It takes PEM, and the chain has to be given whole: native-tls adds no intermediate.
fn present(identity: &ClientIdentity) -> Result<Identity, TransportError> {
    if identity.key_kind() == KeyKind::Ed25519 && !crate::about::capabilities().has(Capability::Ed25519Identity) {
        let why = "this system's TLS cannot sign with an Ed25519 key";
        return Err(TransportError::unsupported(Capability::Ed25519Identity, why));
    }
    let chain = identity.chain_pem();
    identity
        .expose_key_pem(|key| Identity::from_pkcs8(chain.as_bytes(), key.as_bytes()))
        .map_err(|error| TransportError::new(TransportErrorKind::LocalIdentity, Delivery::NotSent).with_source(error))
}
