//! The client identity in native-tls. It takes PEM in PKCS#8 only, which is the normal form already.

use digicert_one_core::{ClientIdentity, Delivery, TransportError, TransportErrorKind};
use native_tls::Identity;

/// The identity for this stack.
pub(crate) fn identity(identity: &ClientIdentity) -> Result<Identity, TransportError> {
    let chain = identity.chain_pem();
    identity
        .expose_key_pem(|key| Identity::from_pkcs8(chain.as_bytes(), key.as_bytes()))
        .map_err(|error| TransportError::new(TransportErrorKind::LocalIdentity, Delivery::NotSent).with_source(error))
}
