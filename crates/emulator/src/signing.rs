//! What Software Trust keeps for the account: key pairs with their certificates, to list and to sign with.
//!
//! Signatures are real: who has the certificate can verify them.

use digicert_one_testbed::{ClientCert, ClientSpec, DigestKind, KeyKind, Pki, SignError};
use serde::{Deserialize, Serialize};

use crate::state::KeptIdentity;
use crate::store::new_id;

/// One key pair with its certificate.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SigningKey {
    pub(crate) certificate_id: String,
    pub(crate) keypair_id: String,
    pub(crate) alias: String,
    pub(crate) created_on: String,
    identity: KeptIdentity,
}

/// A signature algorithm that a key pair has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Algorithm {
    /// As Java names it; compared without regard to case.
    name: &'static str,
    digest: DigestKind,
}

/// Why a hash is not signed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NotSigned {
    /// The key pair has no such algorithm; these are those that it has.
    Algorithm(Vec<&'static str>),
    /// The hash is not of the algorithm's length.
    Length { expected: usize, given: usize },
    /// What was kept is no key.
    Key,
}

impl SigningKey {
    pub(crate) fn create(pki: &Pki, number: usize, key: KeyKind, created_on: &str) -> Self {
        let alias = format!("release-{number}");
        let certificate = pki.client(ClientSpec { key, common_name: alias.clone(), ..ClientSpec::default() });
        SigningKey {
            certificate_id: new_id(),
            keypair_id: new_id(),
            alias,
            created_on: created_on.to_owned(),
            identity: KeptIdentity::of(&certificate),
        }
    }

    /// The leaf and its issuer, DER in Base64.
    pub(crate) fn chain(&self) -> &[String] {
        &self.identity.chain
    }

    /// The certificate with its key; `None` if what was kept is none.
    pub(crate) fn certificate(&self) -> Option<ClientCert> {
        self.identity.certificate()
    }

    /// Signs a hash.
    pub(crate) fn sign(&self, algorithm: &str, hash: &[u8]) -> Result<Vec<u8>, NotSigned> {
        let certificate = self.certificate().ok_or(NotSigned::Key)?;
        let own = algorithms(certificate.key_kind());
        let Some(algorithm) = own.iter().find(|own| own.name.eq_ignore_ascii_case(algorithm)) else {
            return Err(NotSigned::Algorithm(own.iter().map(|own| own.name).collect()));
        };
        certificate.sign_digest(algorithm.digest, hash).map_err(|error| match error {
            SignError::Length { expected, given } => NotSigned::Length { expected, given },
            _ => NotSigned::Key,
        })
    }
}

/// Size in bits and name of an algorithm, as key pairs show them.
pub(crate) fn key_words(kind: KeyKind) -> (u32, &'static str) {
    match kind {
        KeyKind::Rsa2048 => (2048, "RSA"),
        KeyKind::P256 => (256, "ECDSA"),
        KeyKind::P384 => (384, "ECDSA"),
        KeyKind::P521 => (521, "ECDSA"),
        KeyKind::Ed25519 => (256, "EdDSA"),
    }
}

fn algorithms(kind: KeyKind) -> &'static [Algorithm] {
    const SHA256_RSA: Algorithm = Algorithm { name: "SHA256withRSA", digest: DigestKind::Sha256 };
    const SHA384_RSA: Algorithm = Algorithm { name: "SHA384withRSA", digest: DigestKind::Sha384 };
    const SHA512_RSA: Algorithm = Algorithm { name: "SHA512withRSA", digest: DigestKind::Sha512 };
    const SHA256_ECDSA: Algorithm = Algorithm { name: "SHA256withECDSA", digest: DigestKind::Sha256 };
    const SHA512_ECDSA: Algorithm = Algorithm { name: "SHA512withECDSA", digest: DigestKind::Sha512 };
    const SHA384_ECDSA: Algorithm = Algorithm { name: "SHA384withECDSA", digest: DigestKind::Sha384 };
    match kind {
        KeyKind::Rsa2048 => &[SHA256_RSA, SHA384_RSA, SHA512_RSA],
        KeyKind::P256 => &[SHA256_ECDSA],
        KeyKind::P384 => &[SHA384_ECDSA],
        KeyKind::P521 => &[SHA512_ECDSA],
        KeyKind::Ed25519 => &[],
    }
}
