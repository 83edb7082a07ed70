//! The TLS engine below native-tls: its name, and what it can do.

use digicert_one_core::{Capabilities, Capability};

/// What the engine below can do. Only OpenSSL is put to the test; of the others the least is claimed.
pub(crate) fn capabilities() -> Capabilities {
    // TLS 1.3 encrypts the server's request, and native-tls has no callback for it.
    let missing = [Capability::ClientAuthSignal, Capability::HttpsProxy, Capability::SocksProxy];
    let openssl = missing.into_iter().fold(Capabilities::all(), Capabilities::without);
    if cfg!(not(any(target_os = "windows", target_vendor = "apple"))) {
        return openssl;
    }
    // Their error texts are in the user's language and name neither alert nor fault.
    let others = openssl
        .without(Capability::AlertDetail)
        .without(Capability::PeerFaultDetail)
        .without(Capability::Ed25519Identity);
    if cfg!(target_vendor = "apple") { others.without(Capability::Tls13) } else { others }
}

#[cfg(not(any(target_os = "windows", target_vendor = "apple", target_os = "android")))]
pub(crate) fn engine() -> String {
    // "OpenSSL 3.6.3 7 Apr 2026" without its date.
    let version: Vec<&str> = openssl::version::version().split(' ').take(2).collect();
    version.join(" ")
}

#[cfg(target_os = "android")]
pub(crate) fn engine() -> String {
    "native-tls 0.2 / OpenSSL".to_owned()
}

#[cfg(target_os = "windows")]
pub(crate) fn engine() -> String {
    "native-tls 0.2 / SChannel".to_owned()
}

#[cfg(target_vendor = "apple")]
pub(crate) fn engine() -> String {
    "native-tls 0.2 / Security.framework".to_owned()
}
