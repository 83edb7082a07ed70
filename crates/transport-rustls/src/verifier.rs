//! The verifier of servers: webpki or the platform decides, and what the server shows is noted.

use std::sync::Arc;

use digicert_one_core::{TlsVersion, TransportError, TrustRoots};
use digicert_one_error_kinds::{SmallKeys, server_verifier};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};

use crate::notes::Notes;

/// Lets the real verifier decide and notes what the server shows and which TLS version asked.
#[derive(Debug)]
pub(crate) struct Witness {
    inner: Arc<dyn ServerCertVerifier>,
    small_keys: SmallKeys,
}

impl Witness {
    pub(crate) fn new(trust: &TrustRoots, provider: &Arc<CryptoProvider>) -> Result<Self, TransportError> {
        Ok(Self { inner: server_verifier(trust, provider)?, small_keys: SmallKeys::new(trust.given()?) })
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let small_key = std::iter::once(end_entity).chain(intermediates).any(|one| self.small_keys.explain(one));
        Notes::server_shows(end_entity, small_key);
        self.inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Notes::version(TlsVersion::Tls12);
        self.inner.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Notes::version(TlsVersion::Tls13);
        self.inner.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}
