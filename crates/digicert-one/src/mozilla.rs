//! Mozilla's trust roots.

use digicert_one_core::TrustRoots;

/// Returns the roots of Mozilla's list, as the crate `webpki-root-certs` of this build has them, for containers without a bundle. Every
/// transport that trusts exactly the given roots takes them.
///
/// The list is part of the program: only a new build with a newer `webpki-root-certs` changes it. Some of these roots have constraints
/// outside of the certificate (such as a last date of issue), which no transport checks.
///
/// ```no_run
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let one = digicert_one::builder()
///     .host("one.digicert.com")
///     .api_key(digicert_one::ApiKey::new(std::env::var("DC_API_KEY")?)?)
///     .mozilla_roots()
///     .build()?;
/// # Ok(()) }
/// ```
#[must_use]
pub fn mozilla_roots() -> TrustRoots {
    TrustRoots::Only(webpki_root_certs::TLS_SERVER_ROOT_CERTS.to_vec())
}

#[cfg(test)]
mod tests {
    use digicert_one_core::TransportConfig;

    #[test]
    fn every_transport_that_takes_exact_roots_takes_the_list() {
        let config = TransportConfig::new().with_trust(super::mozilla_roots());
        assert!(config.trust().given().is_ok_and(|roots| roots.len() > 100));
        for connector in crate::transport::all() {
            if connector.capabilities().has(digicert_one_core::Capability::TrustOnly) {
                assert!(connector.connect(&config).is_ok(), "{}", connector.info().name);
            }
        }
    }
}
