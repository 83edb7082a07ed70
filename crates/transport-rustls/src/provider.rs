//! The cryptography below rustls, by feature.

use rustls::crypto::CryptoProvider;

#[cfg(feature = "aws-lc-rs")]
pub(crate) const NAME: &str = "aws-lc-rs";

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
pub(crate) const NAME: &str = "ring";

#[cfg(feature = "aws-lc-rs")]
pub(crate) fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
pub(crate) fn provider() -> CryptoProvider {
    rustls::crypto::ring::default_provider()
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
compile_error!("digicert-one-rustls needs one of its features `aws-lc-rs` and `ring`");
