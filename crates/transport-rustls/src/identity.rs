//! The client identity in rustls: a resolver that presents it, and a key that notes when it signs.

use std::fmt;
use std::sync::Arc;

use digicert_one_core::{ClientIdentity, Delivery, TransportError, TransportErrorKind};
use digicert_one_error_kinds::IdentityRefusal;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{SignatureAlgorithm, SignatureScheme};

use crate::notes::Notes;

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
            Ok(mut certified) => {
                certified.key = Arc::new(Witnessed(certified.key));
                Ok(Self { key: Some(Arc::new(certified)) })
            }
            Err(error) => Err(TransportError::new(TransportErrorKind::LocalIdentity, Delivery::NotSent)
                .with_source(IdentityRefusal::from(error))),
        }
    }
}

impl ResolvesClientCert for Resolver {
    fn resolve(&self, _issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Notes::certificate_requested();
        // Offered whatever issuers the server lists: its list may be wrong, and a refusal reports more than a missing certificate.
        self.key.clone().filter(|certified| certified.key.choose_scheme(schemes).is_some())
    }

    fn has_certs(&self) -> bool {
        self.key.is_some()
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("identity", &self.key.is_some()).finish()
    }
}

/// A key whose signatures are noted.
#[derive(Debug)]
struct Witnessed(Arc<dyn SigningKey>);

impl SigningKey for Witnessed {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        self.0.choose_scheme(offered).map(|signer| Box::new(WitnessedSigner(signer)) as _)
    }

    fn public_key(&self) -> Option<SubjectPublicKeyInfoDer<'_>> {
        self.0.public_key()
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

#[derive(Debug)]
struct WitnessedSigner(Box<dyn Signer>);

impl Signer for WitnessedSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        let signature = self.0.sign(message)?;
        Notes::certificate_sent();
        Ok(signature)
    }

    fn scheme(&self) -> SignatureScheme {
        self.0.scheme()
    }
}
