//! The client identity in native-tls. It takes PEM, and the chain has to be given whole: native-tls adds no intermediate.

use digicert_one_core::{Capability, ClientIdentity, Delivery, KeyKind, TransportError, TransportErrorKind};
use native_tls::Identity;

/// The identity as native-tls presents it.
pub(crate) fn identity(identity: &ClientIdentity) -> Result<Identity, TransportError> {
    if identity.key_kind() == KeyKind::Ed25519 && !crate::about::capabilities().has(Capability::Ed25519Identity) {
        let why = "this system's TLS cannot sign with an Ed25519 key";
        return Err(TransportError::unsupported(Capability::Ed25519Identity, why));
    }
    let chain = identity.chain_pem();
    identity
        .expose_key_pem(|key| Identity::from_pkcs8(chain.as_bytes(), key.as_bytes()))
        .map_err(|error| TransportError::new(TransportErrorKind::LocalIdentity, Delivery::NotSent).with_source(error))
}
