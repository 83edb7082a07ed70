//! Trust roots in terms of libcurl, whose engines differ here most: rustls takes given roots in place of the system's, OpenSSL
//! beside them.

use digicert_one_core::{Capability, Delivery, TransportError, TransportErrorKind, TrustRoots};
use isahc::tls::TrustStore;

use crate::config::invalid;
use crate::engine::OPENSSL;

#[cfg(feature = "openssl-engine")]
mod system;

/// The platform's verifier knows the system's roots, and given ones stand alone.
#[cfg(not(feature = "openssl-engine"))]
mod system {
    use std::io;

    use isahc::tls::{TrustStore, TrustStoreBuilder};

    #[expect(clippy::unnecessary_wraps, reason = "the other engine reads a file")]
    pub(super) fn store() -> io::Result<TrustStore> {
        Ok(TrustStore::native())
    }

    #[expect(clippy::unnecessary_wraps, reason = "the other engine reads a file")]
    pub(super) fn builder() -> io::Result<TrustStoreBuilder> {
        Ok(TrustStore::builder())
    }
}

/// What makes libcurl trust these roots and no others. Reads files with OpenSSL; to be made once a transport.
pub(crate) fn store(trust: &TrustRoots) -> Result<TrustStore, TransportError> {
    let given = trust.given()?;
    let unreadable = |error: std::io::Error| {
        TransportError::new(TransportErrorKind::TrustRoots, Delivery::NotSent).with_source(error)
    };
    match trust {
        TrustRoots::System => return system::store().map_err(unreadable),
        TrustRoots::Only(_) if OPENSSL => {
            // curl sets the directory on every handle, and isahc has no way to unset it.
            let why = "libcurl on OpenSSL also trusts the system's CA directory; use the rustls engine";
            return Err(TransportError::unsupported(Capability::TrustOnly, why));
        }
        TrustRoots::SystemAnd(_) if !OPENSSL => {
            let why = "libcurl on rustls takes given roots in place of the system's, not beside them";
            return Err(TransportError::unsupported(Capability::TrustSystemAnd, why));
        }
        TrustRoots::Only(_) | TrustRoots::SystemAnd(_) => {}
        _ => return Err(invalid("a kind of trust roots that this transport does not know")),
    }
    let store = system::builder().map_err(unreadable)?;
    Ok(given.iter().fold(store, |store, root| store.certificate_from_der(root)).build())
}
