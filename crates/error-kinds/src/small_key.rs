//! Keys that rustls takes for a signature that does not match: RSA below 2048 bits.

use rustls::pki_types::CertificateDer;

/// Whether the certificate has an RSA key below 2048 bits, which fails as a signature that does not match.
fn has_small_key(certificate: &CertificateDer<'_>) -> bool {
    const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    /// The lengths of the public keys of RSA 512 and of RSA 2048 in DER. What is shorter holds no key.
    const SMALL: std::ops::Range<usize> = 92..294;
    webpki::EndEntityCert::try_from(certificate).is_ok_and(|certificate| {
        let key = certificate.subject_public_key_info();
        SMALL.contains(&key.len()) && key.windows(RSA.len()).any(|part| part == RSA)
    })
}

/// Finds the small keys among the certificates of a server and the roots that were given. rustls says of them that a signature does not
/// match; with one in the chain it means [`WeakKey`](digicert_one_core::PeerFault::WeakKey).
#[derive(Debug)]
pub struct SmallKeys {
    /// The names of the given roots with such a key.
    roots: Vec<Vec<u8>>,
}

impl SmallKeys {
    /// With the roots that the caller trusts besides the system's, or instead of them.
    #[must_use]
    pub fn new(roots: &[CertificateDer<'_>]) -> Self {
        let small = roots.iter().filter(|root| has_small_key(root));
        let roots = small.filter_map(|root| Some(webpki::EndEntityCert::try_from(root).ok()?.subject().to_vec()));
        Self { roots: roots.collect() }
    }

    /// Whether this certificate has a small key, or a root with one issued it.
    #[must_use]
    pub fn explain(&self, certificate: &CertificateDer<'_>) -> bool {
        has_small_key(certificate) || self.is_issued_by_small_root(certificate)
    }

    fn is_issued_by_small_root(&self, certificate: &CertificateDer<'_>) -> bool {
        !self.roots.is_empty()
            && webpki::EndEntityCert::try_from(certificate)
                .is_ok_and(|certificate| self.roots.iter().any(|root| root == certificate.issuer()))
    }
}

#[cfg(test)]
mod tests {
    use digicert_one_testbed::{Pki, ServerFlaw, ServerSpec};

    use super::*;

    #[test]
    fn small_root_explains_what_it_issued_and_nothing_else() {
        let small = ServerSpec { flaw: Some(ServerFlaw::SmallKey), ..ServerSpec::default() };
        let small = CertificateDer::from(Pki::shared().server_with(small).chain_der()[0].clone());
        let root = CertificateDer::from(Pki::shared().root_der().to_vec());
        assert!(SmallKeys::new(std::slice::from_ref(&root)).roots.is_empty());
        assert_eq!(SmallKeys::new(std::slice::from_ref(&small)).roots.len(), 1);
        assert!(SmallKeys::new(&[]).explain(&small) && !SmallKeys::new(&[small]).explain(&root));

        let leaf = CertificateDer::from(Pki::shared().server(&["one.test"]).chain_der()[0].clone());
        let issuer = webpki::EndEntityCert::try_from(&leaf).expect("a certificate").issuer().to_vec();
        let keys = SmallKeys { roots: vec![issuer] };
        assert!(keys.explain(&leaf) && !keys.explain(&root));
    }
}
