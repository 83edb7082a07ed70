//! For OpenSSL: the identity in memory.

use digicert_one_core::{ClientIdentity, TransportError};
use isahc::tls::{Identity, PrivateKey};
use zeroize::Zeroizing;

/// The identity in memory, which OpenSSL takes as it is; isahc keeps the text without a copy, so it is wiped.
pub(crate) struct Handover(Identity);

impl Handover {
    pub(crate) fn new(identity: &ClientIdentity) -> Result<Self, TransportError> {
        let key = identity.expose_key_pem(|pem| PrivateKey::from_pem(Zeroizing::new(pem.as_bytes().to_vec()), None));
        Ok(Self(Identity::from_pem(identity.chain_pem().into_bytes(), Some(key))))
    }

    pub(crate) fn identity(&self) -> Identity {
        self.0.clone()
    }
}
