//! The TLS engine below libcurl.

/// Whether libcurl's engine is OpenSSL.
pub(crate) const OPENSSL: bool = cfg!(feature = "openssl-engine");

/// Whether this libcurl throws away what it has read when the connection ends (vendor/rustls-ffi/PATCH.md).
pub(crate) fn loses_responses(version: &str) -> bool {
    version.contains("rustls-ffi/") && !version.contains("+digicert-one")
}
