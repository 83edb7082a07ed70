//! OpenSSL's contexts, one for each choice of trust roots and shared by all transports of the process: OpenSSL takes some 50 ms to
//! read the system's roots, which a new transport for a rotated identity must not cost.
//!
//! A context holds trust roots and fixed settings, nothing of a caller: identity, versions and protocols are set on each connection.
//! Clients on OpenSSL resume a session only where they hand it over themselves, which we never do, so none passes from one
//! transport to another.

use std::path::Path;

use digicert_one_core::TrustRoots;
use digicert_one_error_kinds::{RootCache, RootPlaces};
use openssl::error::ErrorStack;
use openssl::ssl::{SslContext, SslMethod, SslMode, SslOptions, SslVerifyMode};
use openssl::x509::X509;

/// As the `openssl` crate configures its `SslConnector`, which would read the system's roots in any case.
const CIPHERS: &str = "DEFAULT:!aNULL:!eNULL:!MD5:!3DES:!DES:!RC4:!IDEA:!SEED:!aDSS:!SRP:!PSK";

/// Returns the context for these roots.
pub(crate) fn context(trust: &TrustRoots) -> Result<SslContext, ErrorStack> {
    static CONTEXTS: RootCache<(), SslContext> = RootCache::new();
    // "OPENSSLDIR: "/usr/lib/ssl"", or N/A.
    let own = openssl::version::dir().split('"').nth(1).map(Path::new);
    CONTEXTS.get((), trust, || RootPlaces::of_system(own), |places| read(places, trust))
}

fn read(places: Option<&RootPlaces>, trust: &TrustRoots) -> Result<SslContext, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    let options = SslOptions::ALL | SslOptions::NO_COMPRESSION | SslOptions::NO_SSLV2 | SslOptions::NO_SSLV3;
    context.set_options(options & !SslOptions::DONT_INSERT_EMPTY_FRAGMENTS);
    context.set_mode(
        SslMode::AUTO_RETRY
            | SslMode::ACCEPT_MOVING_WRITE_BUFFER
            | SslMode::ENABLE_PARTIAL_WRITE
            | SslMode::RELEASE_BUFFERS,
    );
    context.set_cipher_list(CIPHERS)?;
    context.set_verify(SslVerifyMode::PEER);
    if let Some(places) = places {
        // OpenSSL reads a bundle now and a directory when it verifies. A place that cannot be read has no roots, as in native-tls.
        for file in places.files() {
            let _ = context.load_verify_locations(Some(file), None);
        }
        for directory in places.directories() {
            let _ = context.load_verify_locations(None, Some(directory));
        }
    }
    if let TrustRoots::Only(given) | TrustRoots::SystemAnd(given) = trust {
        for root in given {
            context.cert_store_mut().add_cert(X509::from_der(root)?)?;
        }
    }
    Ok(context.build())
}

#[cfg(test)]
mod tests {
    use digicert_one_testbed::Pki;

    use super::*;

    #[test]
    fn second_context_for_the_same_roots_is_the_first() {
        let root = Pki::shared().root_der().to_vec().into();
        let (only, system) = (TrustRoots::Only(vec![root]), TrustRoots::System);
        let [first, second, other] = [&only, &only, &system].map(|trust| context(trust).expect("a context"));
        assert!(std::ptr::eq(first.cert_store(), second.cert_store()));
        assert!(!std::ptr::eq(first.cert_store(), other.cert_store()));
        assert_eq!(first.cert_store().all_certificates().len(), 1);
    }
}
