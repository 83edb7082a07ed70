//! Certificates with their keys as stored in the state file, and Software Trust key pairs made of them.
//! Signatures are real: the certificate verifies them.

use data_encoding::BASE64;
use digicert_one_testbed::{ClientCert, ClientSpec, DigestKind, KeyKind, Pki, SignError};
use serde::{Deserialize, Serialize};

use crate::id::new_id;

/// A chain, leaf first, and its key (PKCS#8), both DER in Base64.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredIdentity {
    pub(crate) chain: Vec<String>,
    pub(crate) pkcs8: String,
}

impl StoredIdentity {
    pub(crate) fn of(certificate: &ClientCert) -> Self {
        StoredIdentity {
            chain: certificate.chain_der().iter().map(|der| BASE64.encode(der)).collect(),
            pkcs8: BASE64.encode(certificate.pkcs8_der()),
        }
    }

    /// Parses them; `None` if the stored data is not a certificate with its key.
    pub(crate) fn certificate(&self) -> Option<ClientCert> {
        let chain: Option<Vec<_>> = self.chain.iter().map(|text| BASE64.decode(text.as_bytes()).ok()).collect();
        ClientCert::from_parts(chain?, &BASE64.decode(self.pkcs8.as_bytes()).ok()?).ok()
    }
}

/// One key pair with its certificate.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SigningKey {
    pub(crate) certificate_id: String,
    pub(crate) keypair_id: String,
    pub(crate) alias: String,
    pub(crate) created_on: String,
    identity: StoredIdentity,
}

/// Why a hash is not signed.
pub(crate) enum NotSigned {
    /// The key pair does not support the algorithm; it supports these.
    Algorithm(Vec<&'static str>),
    /// The hash is not of the algorithm's length.
    Length { expected: usize, given: usize },
    /// The stored key cannot be used.
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
            identity: StoredIdentity::of(&certificate),
        }
    }

    /// The leaf and its issuer, DER in Base64.
    pub(crate) fn chain(&self) -> &[String] {
        &self.identity.chain
    }

    /// The certificate with its key; `None` if the stored one cannot be used.
    pub(crate) fn certificate(&self) -> Option<ClientCert> {
        self.identity.certificate()
    }

    /// Signs a hash. Algorithms are named as in Java, and compared without regard to case.
    pub(crate) fn sign(&self, algorithm: &str, hash: &[u8]) -> Result<Vec<u8>, NotSigned> {
        let certificate = self.certificate().ok_or(NotSigned::Key)?;
        let supported = algorithms(certificate.key_kind());
        let Some((_, digest)) = supported.iter().find(|(name, _)| name.eq_ignore_ascii_case(algorithm)) else {
            return Err(NotSigned::Algorithm(supported.iter().map(|(name, _)| *name).collect()));
        };
        certificate.sign_digest(*digest, hash).map_err(|error| match error {
            SignError::Length { expected, given } => NotSigned::Length { expected, given },
            _ => NotSigned::Key,
        })
    }
}

pub(crate) fn key_words(kind: KeyKind) -> (u32, &'static str) {
    match kind {
        KeyKind::Rsa2048 => (2048, "RSA"),
        KeyKind::P256 => (256, "ECDSA"),
        KeyKind::P384 => (384, "ECDSA"),
        KeyKind::P521 => (521, "ECDSA"),
        KeyKind::Ed25519 => (256, "EdDSA"),
    }
}

fn algorithms(kind: KeyKind) -> &'static [(&'static str, DigestKind)] {
    match kind {
        KeyKind::Rsa2048 => &[
            ("SHA256withRSA", DigestKind::Sha256),
            ("SHA384withRSA", DigestKind::Sha384),
            ("SHA512withRSA", DigestKind::Sha512),
        ],
        KeyKind::P256 => &[("SHA256withECDSA", DigestKind::Sha256)],
        KeyKind::P384 => &[("SHA384withECDSA", DigestKind::Sha384)],
        KeyKind::P521 => &[("SHA512withECDSA", DigestKind::Sha512)],
        KeyKind::Ed25519 => &[],
    }
}
