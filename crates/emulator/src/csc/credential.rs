//! Signing credentials: key, certificate, and real signatures over hashes.
//!
//! Keys are generated when a credential is first read, since RSA keys take long and most tests sign nothing.

use std::sync::{Arc, OnceLock};

use digicert_one_testbed::{ClientCert, ClientSpec, DigestKind, KeyKind, Pki};

use super::options::{CscCredentialSpec, SigningKey};
use super::refusal::Refused;

pub(super) struct Credential {
    pub(super) spec: CscCredentialSpec,
    pki: Arc<Pki>,
    certificate: OnceLock<ClientCert>,
}

pub(super) struct KeyFacts {
    kind: KeyKind,
    pub(super) bits: u32,
    pub(super) curve: Option<&'static str>,
    /// The algorithm that leaves the hash open.
    general: &'static str,
    /// The algorithms that name the hash.
    combined: &'static [(&'static str, Hash)],
}

/// A hash function, found possible for a key.
#[derive(Clone, Copy)]
pub(super) struct Hash {
    oid: &'static str,
    pub(super) kind: DigestKind,
}

const SHA256: Hash = Hash { oid: "2.16.840.1.101.3.4.2.1", kind: DigestKind::Sha256 };
const SHA384: Hash = Hash { oid: "2.16.840.1.101.3.4.2.2", kind: DigestKind::Sha384 };
const SHA512: Hash = Hash { oid: "2.16.840.1.101.3.4.2.3", kind: DigestKind::Sha512 };

const RSA: KeyFacts = KeyFacts {
    kind: KeyKind::Rsa2048,
    bits: 2048,
    curve: None,
    general: "1.2.840.113549.1.1.1",
    combined: &[
        ("1.2.840.113549.1.1.11", SHA256),
        ("1.2.840.113549.1.1.12", SHA384),
        ("1.2.840.113549.1.1.13", SHA512),
    ],
};

const P256: KeyFacts = KeyFacts {
    kind: KeyKind::P256,
    bits: 256,
    curve: Some("1.2.840.10045.3.1.7"),
    general: "1.2.840.10045.2.1",
    combined: &[("1.2.840.10045.4.3.2", SHA256)],
};

const P384: KeyFacts = KeyFacts {
    kind: KeyKind::P384,
    bits: 384,
    curve: Some("1.3.132.0.34"),
    general: "1.2.840.10045.2.1",
    combined: &[("1.2.840.10045.4.3.3", SHA384)],
};

impl Credential {
    pub(super) fn new(spec: CscCredentialSpec, pki: Arc<Pki>) -> Self {
        Credential { spec, pki, certificate: OnceLock::new() }
    }

    pub(super) fn key(&self) -> &'static KeyFacts {
        match self.spec.key {
            SigningKey::Rsa2048 => &RSA,
            SigningKey::P256 => &P256,
            SigningKey::P384 => &P384,
        }
    }

    /// Returns its certificate with the chain, which is created at the first call.
    pub(super) fn certificate(&self) -> &ClientCert {
        self.certificate.get_or_init(|| {
            let common_name = format!("Signer {}", self.spec.id);
            self.pki.client(ClientSpec { key: self.key().kind, common_name, ..ClientSpec::default() })
        })
    }

    pub(super) fn chain(&self) -> Vec<&[u8]> {
        let sent = self.certificate().chain_der().iter().map(Vec::as_slice);
        sent.chain([self.pki.root_der()]).collect()
    }

    /// `key.algo`: the general algorithm first, then those that name the hash.
    pub(super) fn algorithms(&self) -> Vec<&'static str> {
        let key = self.key();
        std::iter::once(key.general).chain(key.combined.iter().map(|(oid, _)| *oid)).collect()
    }

    /// The hash of a call, by the object identifiers of its algorithms.
    pub(super) fn hash(&self, sign_algo: &str, hash_algo: Option<&str>) -> Result<Hash, Refused> {
        let key = self.key();
        let mut hashes = key.combined.iter();
        if sign_algo == key.general {
            let wanted = hash_algo.ok_or_else(|| Refused::missing("string", "hashAlgo"))?;
            return hashes
                .find(|(_, hash)| hash.oid == wanted)
                .map(|(_, hash)| *hash)
                .ok_or_else(|| Refused::parameter("hashAlgo"));
        }
        let (_, hash) = hashes.find(|(oid, _)| *oid == sign_algo).ok_or_else(|| Refused::parameter("signAlgo"))?;
        if hash_algo.is_none_or(|other| other == hash.oid) { Ok(*hash) } else { Err(Refused::parameter("hashAlgo")) }
    }

    /// A signature over each hash, in their order. `None`: the library refuses the key or the hash.
    pub(super) fn sign(&self, hash: Hash, values: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
        values.iter().map(|value| self.certificate().sign_digest(hash.kind, value).ok()).collect()
    }
}
