//! Signs digests that were computed elsewhere, as signing services do.
//!
//! rustls and rcgen sign messages only, so this uses the provider below them.

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{self, EcdsaKeyPair, RsaEncoding, RsaKeyPair};

use crate::certificate::ClientCert;
use crate::spec::KeyKind;

/// The hash functions of digests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestKind {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// Why a digest is not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// It has another length than digests of this hash function.
    #[error("a digest of this hash function has {expected} bytes, and this one has {given}")]
    Length {
        /// The right length.
        expected: usize,
        /// The given length.
        given: usize,
    },
    /// The key does not sign digests of this hash function: P-256 requires SHA-256, P-384 SHA-384, P-521
    /// SHA-512; RSA signs each, Ed25519 none.
    #[error("this key does not sign digests of this hash function")]
    Kind,
    /// The provider failed.
    #[error("the key could not sign")]
    Provider,
}

impl DigestKind {
    /// The length of a digest in bytes.
    pub fn length(self) -> usize {
        self.algorithm().output_len()
    }

    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            DigestKind::Sha256 => &digest::SHA256,
            DigestKind::Sha384 => &digest::SHA384,
            DigestKind::Sha512 => &digest::SHA512,
        }
    }
}

impl ClientCert {
    /// Signs a digest: PKCS#1 v1.5 for RSA, the DER form for ECDSA.
    pub fn sign_digest(&self, kind: DigestKind, digest: &[u8]) -> Result<Vec<u8>, SignError> {
        let digest = Digest::import_less_safe(digest, kind.algorithm())
            .map_err(|_| SignError::Length { expected: kind.length(), given: digest.len() })?;
        match (self.key_kind(), kind) {
            (KeyKind::P256, DigestKind::Sha256) => self.ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING, &digest),
            (KeyKind::P384, DigestKind::Sha384) => self.ecdsa(&signature::ECDSA_P384_SHA384_ASN1_SIGNING, &digest),
            (KeyKind::P521, DigestKind::Sha512) => self.ecdsa(&signature::ECDSA_P521_SHA512_ASN1_SIGNING, &digest),
            (KeyKind::Rsa2048, DigestKind::Sha256) => self.rsa(&signature::RSA_PKCS1_SHA256, &digest),
            (KeyKind::Rsa2048, DigestKind::Sha384) => self.rsa(&signature::RSA_PKCS1_SHA384, &digest),
            (KeyKind::Rsa2048, DigestKind::Sha512) => self.rsa(&signature::RSA_PKCS1_SHA512, &digest),
            (KeyKind::P256 | KeyKind::P384 | KeyKind::P521 | KeyKind::Ed25519, _) => Err(SignError::Kind),
        }
    }

    fn ecdsa(
        &self,
        algorithm: &'static signature::EcdsaSigningAlgorithm,
        digest: &Digest,
    ) -> Result<Vec<u8>, SignError> {
        let key = EcdsaKeyPair::from_pkcs8(algorithm, self.pkcs8_der()).map_err(|_| SignError::Provider)?;
        key.sign_digest(digest).map(|signature| signature.as_ref().to_vec()).map_err(|_| SignError::Provider)
    }

    fn rsa(&self, encoding: &'static dyn RsaEncoding, digest: &Digest) -> Result<Vec<u8>, SignError> {
        let key = RsaKeyPair::from_pkcs8(self.pkcs8_der()).map_err(|_| SignError::Provider)?;
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign_digest(encoding, digest, &mut signature).map_err(|_| SignError::Provider)?;
        Ok(signature)
    }
}
