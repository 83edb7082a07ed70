//! The client identity in rustls: a resolver that presents it and notes that the server asked. The note is a better witness
//! than the alert, which TLS 1.3 over HTTP/2 mostly loses.

use std::sync::Arc;

use digicert_one_core::{ClientIdentity, Delivery, TransportError, TransportErrorKind};
use digicert_one_error_kinds::IdentityRefusal;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::sign::CertifiedKey;

use crate::handshake::Handshake;

/// Answers every certificate request of one transport.
///
/// A new transport has a new resolver: rustls compares resolvers by address before it resumes a session, so no session of
/// one identity is resumed under another.
pub(crate) struct Resolver {
    key: Option<Arc<CertifiedKey>>,
}

impl Resolver {
    pub(crate) fn new(identity: Option<&ClientIdentity>, provider: &CryptoProvider) -> Result<Self, TransportError> {
        let Some(identity) = identity else { return Ok(Self { key: None }) };
        let key = identity.expose_pkcs8(|der| {
            let der = PrivatePkcs8KeyDer::from(der.to_vec()).into();
            CertifiedKey::from_der(identity.chain().to_vec(), der, provider)
        });
        match key {
            Ok(key) => Ok(Self { key: Some(Arc::new(key)) }),
            Err(error) => {
                let refusal = IdentityRefusal::from(error);
                Err(TransportError::new(TransportErrorKind::LocalIdentity, Delivery::NotSent).with_source(refusal))
            }
        }
    }
}

impl ResolvesClientCert for Resolver {
    fn resolve(&self, _issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // Offered whatever issuers the server lists: its list may be wrong, and a refusal reports more than a missing certificate.
        let usable = self.key.clone().filter(|certified| certified.key.choose_scheme(schemes).is_some());
        Handshake::note_certificate_request(usable.is_some());
        usable
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").field("identity", &self.key.is_some()).finish()
    }
}
