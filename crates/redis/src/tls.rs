//! TLS to Redis, over rustls.

use std::sync::Arc;

use digicert_one_core::TrustRoots;
use digicert_one_error_kinds::server_verifier;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::error::{FleetError, FleetErrorKind};

/// The handshake with this host.
pub(crate) async fn handshake(
    stream: TcpStream,
    host: &str,
    trust: &TrustRoots,
) -> Result<TlsStream<TcpStream>, FleetError> {
    let failed = |error: rustls::Error| {
        FleetError::new(FleetErrorKind::Tls, "failed to set up TLS to Redis; check the trust roots").caused_by(error)
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = server_verifier(trust, &provider).map_err(|error| {
        FleetError::new(FleetErrorKind::Tls, "failed to read the trust roots for Redis").caused_by(error)
    })?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).map_err(|error| {
        FleetError::new(FleetErrorKind::Tls, "the host of Redis is not a valid name for TLS").caused_by(error)
    })?;
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| {
        let message = "TLS to Redis was refused; check that this port has TLS, and the trust roots";
        FleetError::new(FleetErrorKind::Tls, message).caused_by(error)
    })
}
