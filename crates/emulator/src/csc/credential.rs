//! Signing credentials: key, certificate, and real signatures over hashes.
//!
//! Keys are made when a credential is first looked at, since RSA keys take long to make and most tests sign nothing.

use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaKeyPair, RsaSignatureEncoding,
};
use digicert_one_testbed::{ClientCert, ClientSpec, KeyKind, Pki};

use super::options::{CscCredentialSpec, SigningKey};

/// A credential, with its key to come.
pub(crate) struct Credential {
    pub(crate) spec: CscCredentialSpec,
    pki: Arc<Pki>,
    certificate: OnceLock<ClientCert>,
}

/// A hash function, by what it is called in three places.
#[derive(Clone, Copy)]
pub(crate) struct Hash {
    oid: &'static str,
    digest: &'static digest::Algorithm,
    rsa: &'static RsaSignatureEncoding,
}

/// What `signHash` was asked to do with each hash, found possible.
#[derive(Clone, Copy)]
pub(crate) struct Algorithm {
    hash: Hash,
}

/// Why an algorithm cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoAlgorithm {
    SignAlgo,
    HashAlgoMissing,
    HashAlgo,
}

const RSA_ENCRYPTION: &str = "1.2.840.113549.1.1.1";
const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";

const SHA256: Hash = Hash { oid: "2.16.840.1.101.3.4.2.1", digest: &digest::SHA256, rsa: &RSA_PKCS1_SHA256 };
const SHA384: Hash = Hash { oid: "2.16.840.1.101.3.4.2.2", digest: &digest::SHA384, rsa: &RSA_PKCS1_SHA384 };
const SHA512: Hash = Hash { oid: "2.16.840.1.101.3.4.2.3", digest: &digest::SHA512, rsa: &RSA_PKCS1_SHA512 };

impl Credential {
    pub(crate) fn new(spec: CscCredentialSpec, pki: Arc<Pki>) -> Self {
        Credential { spec, pki, certificate: OnceLock::new() }
    }

    /// Its certificate with the chain; made at the first call.
    pub(crate) fn certificate(&self) -> &ClientCert {
        self.certificate.get_or_init(|| {
            let key = match self.spec.key {
                SigningKey::Rsa2048 => KeyKind::Rsa2048,
                SigningKey::P256 => KeyKind::P256,
                SigningKey::P384 => KeyKind::P384,
            };
            self.pki.client(ClientSpec {
                key,
                common_name: format!("Signer {}", self.spec.id),
                ..ClientSpec::default()
            })
        })
    }

    /// Leaf, intermediate, root.
    pub(crate) fn chain(&self) -> Vec<&[u8]> {
        let sent = self.certificate().chain_der().iter().map(Vec::as_slice);
        sent.chain([self.pki.root_der()]).collect()
    }

    /// `key.algo`: the general algorithm first, then those with the hash in them.
    pub(crate) fn algorithms(&self) -> Vec<&'static str> {
        let key = self.spec.key;
        std::iter::once(key.general()).chain(key.combined().iter().map(|(oid, _)| *oid)).collect()
    }

    /// The algorithm of a call, by its object identifiers.
    pub(crate) fn algorithm(&self, sign_algo: &str, hash_algo: Option<&str>) -> Result<Algorithm, NoAlgorithm> {
        let key = self.spec.key;
        if sign_algo == key.general() {
            let wanted = hash_algo.ok_or(NoAlgorithm::HashAlgoMissing)?;
            let known = key.combined().iter().find(|(_, hash)| hash.oid == wanted);
            return known.map(|(_, hash)| Algorithm { hash: *hash }).ok_or(NoAlgorithm::HashAlgo);
        }
        let (_, hash) = key.combined().iter().find(|(oid, _)| *oid == sign_algo).ok_or(NoAlgorithm::SignAlgo)?;
        match hash_algo {
            Some(other) if other != hash.oid => Err(NoAlgorithm::HashAlgo),
            _ => Ok(Algorithm { hash: *hash }),
        }
    }

    /// A signature over each hash, in their order. `None`: the library refuses the key or the hash.
    pub(crate) fn sign(&self, algorithm: Algorithm, hashes: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
        let pkcs8 = self.certificate().pkcs8_der();
        let digests = hashes.iter().map(|hash| Digest::import_less_safe(hash, algorithm.hash.digest).ok());
        match self.spec.key.ecdsa() {
            None => {
                let key = RsaKeyPair::from_pkcs8(pkcs8).ok()?;
                let sign = |digest: Digest| {
                    let mut signature = vec![0; key.public_modulus_len()];
                    key.sign_digest(algorithm.hash.rsa, &digest, &mut signature).ok()?;
                    Some(signature)
                };
                digests.map(|digest| sign(digest?)).collect()
            }
            Some(curve) => {
                let key = EcdsaKeyPair::from_pkcs8(curve, pkcs8).ok()?;
                digests.map(|digest| Some(key.sign_digest(&digest?).ok()?.as_ref().to_vec())).collect()
            }
        }
    }
}

impl Algorithm {
    /// The length of its hashes in bytes.
    pub(crate) fn hash_len(self) -> usize {
        self.hash.digest.output_len()
    }
}

impl SigningKey {
    pub(crate) fn bits(self) -> u32 {
        match self {
            SigningKey::Rsa2048 => 2048,
            SigningKey::P256 => 256,
            SigningKey::P384 => 384,
        }
    }

    /// The object identifier of its curve.
    pub(crate) fn curve(self) -> Option<&'static str> {
        match self {
            SigningKey::Rsa2048 => None,
            SigningKey::P256 => Some("1.2.840.10045.3.1.7"),
            SigningKey::P384 => Some("1.3.132.0.34"),
        }
    }

    fn ecdsa(self) -> Option<&'static EcdsaSigningAlgorithm> {
        match self {
            SigningKey::Rsa2048 => None,
            SigningKey::P256 => Some(&ECDSA_P256_SHA256_ASN1_SIGNING),
            SigningKey::P384 => Some(&ECDSA_P384_SHA384_ASN1_SIGNING),
        }
    }

    /// The algorithm that leaves the hash open.
    fn general(self) -> &'static str {
        match self {
            SigningKey::Rsa2048 => RSA_ENCRYPTION,
            SigningKey::P256 | SigningKey::P384 => EC_PUBLIC_KEY,
        }
    }

    /// The algorithms that name the hash.
    fn combined(self) -> &'static [(&'static str, Hash)] {
        match self {
            SigningKey::Rsa2048 => &[
                ("1.2.840.113549.1.1.11", SHA256),
                ("1.2.840.113549.1.1.12", SHA384),
                ("1.2.840.113549.1.1.13", SHA512),
            ],
            SigningKey::P256 => &[("1.2.840.10045.4.3.2", SHA256)],
            SigningKey::P384 => &[("1.2.840.10045.4.3.3", SHA384)],
        }
    }
}
