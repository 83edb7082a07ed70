//! A certificate chain with its key, in the forms that programs read.
//!
//! The key is stored as PKCS#8 version 1; the traditional forms are derived from it on request, so that all
//! of them are one key.

use std::sync::Arc;

use der::Encode;
use pem_rfc7468::LineEnding;
use pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use rcgen::{KeyPair, PublicKeyData};
use x509_cert::Certificate;
use x509_cert::der::Decode;

use crate::provider::sha256_hex;
use crate::spec::KeyKind;

/// How a private key is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyEncoding {
    /// `PRIVATE KEY`, any key.
    Pkcs8,
    /// `EC PRIVATE KEY`, with the curve named in it as openssl writes it.
    Sec1,
    /// `RSA PRIVATE KEY`.
    Pkcs1,
}

/// A server's chain and key.
#[derive(Clone, Debug)]
pub struct ServerCert(pub(crate) Arc<Issued>);

/// A client's chain and key.
#[derive(Clone, Debug)]
pub struct ClientCert(pub(crate) Arc<Issued>);

/// Why a stored chain and key are not a valid [`ClientCert`].
#[derive(Debug, thiserror::Error)]
pub enum ClientCertError {
    /// The certificate is missing, or the first one cannot be parsed.
    #[error("failed to parse the stored client certificate")]
    Certificate,
    /// The key cannot be read.
    #[error("failed to parse the stored key of a client certificate")]
    Key(#[source] rcgen::Error),
}

/// The serial number of a certificate (DER) as the platform writes it, in upper-case hexadecimal; `None` if it cannot be read.
pub fn serial_number(certificate: &[u8]) -> Option<String> {
    let certificate = Certificate::from_der(certificate).ok()?;
    Some(data_encoding::HEXUPPER.encode(certificate.tbs_certificate().serial_number().as_bytes()))
}

/// A certificate in PEM.
pub fn certificate_pem(der: &[u8]) -> String {
    pem("CERTIFICATE", der)
}

impl ServerCert {
    /// The chain as sent, leaf first.
    pub fn chain_pem(&self) -> String {
        self.0.chain_pem()
    }

    /// The chain as sent, leaf first.
    pub fn chain_der(&self) -> &[Vec<u8>] {
        &self.0.chain
    }

    /// The key, PKCS#8.
    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.0.pkcs8)
    }

    /// The key, PKCS#8.
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.0.pkcs8
    }

    /// This chain, shown by a server that does not have its key and signs with the one of `other`.
    #[must_use]
    pub fn with_key_of(&self, other: &ServerCert) -> ServerCert {
        ServerCert(Arc::new(self.0.with_key_of(&other.0)))
    }

    /// A chain (DER, leaf first) and a key (PEM, in any form that OpenSSL reads) from elsewhere, which a
    /// server presents unchanged: the certificates are not parsed or checked.
    ///
    /// # Errors
    /// The key cannot be read.
    #[cfg(feature = "openssl")]
    pub fn from_elsewhere(chain: Vec<Vec<u8>>, key: &str) -> std::io::Result<Self> {
        let key = openssl::pkey::PKey::private_key_from_pem(key.as_bytes())?.private_key_to_pkcs8()?;
        Ok(ServerCert(Arc::new(Issued::of_any_key(chain, key))))
    }

    /// Lower-case hexadecimal SHA-256 of the leaf.
    pub fn fingerprint(&self) -> String {
        sha256_hex(&self.0.chain[0])
    }
}

impl ClientCert {
    /// A certificate as it was before: the chain in DER, leaf first, and the key in PKCS#8.
    pub fn from_parts(chain: Vec<Vec<u8>>, pkcs8: &[u8]) -> Result<Self, ClientCertError> {
        if chain.first().is_none_or(|leaf| Certificate::from_der(leaf).is_err()) {
            return Err(ClientCertError::Certificate);
        }
        let key = KeyPair::try_from(pkcs8).map_err(ClientCertError::Key)?;
        let kind = match key.algorithm() {
            algorithm if *algorithm == rcgen::PKCS_ECDSA_P256_SHA256 => KeyKind::P256,
            algorithm if *algorithm == rcgen::PKCS_ECDSA_P384_SHA384 => KeyKind::P384,
            algorithm if *algorithm == rcgen::PKCS_ECDSA_P521_SHA512 => KeyKind::P521,
            algorithm if *algorithm == rcgen::PKCS_ED25519 => KeyKind::Ed25519,
            _ => KeyKind::Rsa2048,
        };
        Ok(ClientCert(Arc::new(Issued::new(chain, &key, kind))))
    }

    /// The leaf's public key (DER, SubjectPublicKeyInfo).
    pub fn public_key_der(&self) -> Vec<u8> {
        let leaf = Certificate::from_der(&self.0.chain[0]).expect("a leaf of ours is a certificate");
        leaf.tbs_certificate().subject_public_key_info().to_der().expect("a key just decoded encodes again")
    }

    /// The leaf's serial number in upper-case hexadecimal.
    pub fn serial_number(&self) -> String {
        serial_number(&self.0.chain[0]).expect("a leaf of ours is a certificate")
    }

    /// The chain, leaf first.
    pub fn chain_pem(&self) -> String {
        self.0.chain_pem()
    }

    /// The chain, leaf first.
    pub fn chain_der(&self) -> &[Vec<u8>] {
        &self.0.chain
    }

    /// The key in one of its forms, or `None` where this kind of key has no such form.
    pub fn key_pem(&self, encoding: KeyEncoding) -> Option<String> {
        match encoding {
            KeyEncoding::Pkcs8 => Some(pem("PRIVATE KEY", &self.0.pkcs8)),
            KeyEncoding::Sec1 => Some(pem("EC PRIVATE KEY", &self.0.sec1()?)),
            KeyEncoding::Pkcs1 => {
                (self.0.kind == KeyKind::Rsa2048).then(|| pem("RSA PRIVATE KEY", inner_key(&self.0.pkcs8)))
            }
        }
    }

    /// Chain and PKCS#8 key in one text.
    pub fn bundle_pem(&self) -> String {
        self.chain_pem() + &pem("PRIVATE KEY", &self.0.pkcs8)
    }

    /// The key, PKCS#8.
    pub fn pkcs8_der(&self) -> &[u8] {
        &self.0.pkcs8
    }

    /// Lower-case hexadecimal SHA-256 of the leaf.
    pub fn fingerprint(&self) -> String {
        sha256_hex(&self.0.chain[0])
    }

    /// The kind of key.
    pub fn key_kind(&self) -> KeyKind {
        self.0.kind
    }
}

#[derive(Debug)]
pub(crate) struct Issued {
    chain: Vec<Vec<u8>>,
    pkcs8: Vec<u8>,
    kind: KeyKind,
    public_point: Vec<u8>,
}

impl Issued {
    pub(crate) fn new(chain: Vec<Vec<u8>>, key: &KeyPair, kind: KeyKind) -> Self {
        Issued { chain, pkcs8: plain_pkcs8(key), kind, public_point: key.der_bytes().to_vec() }
    }

    /// For servers, whose key may be of any kind: the kind matters for clients only.
    #[cfg(feature = "openssl")]
    pub(crate) fn of_any_key(chain: Vec<Vec<u8>>, pkcs8: Vec<u8>) -> Self {
        Issued { chain, pkcs8, kind: KeyKind::Rsa2048, public_point: Vec::new() }
    }

    fn with_key_of(&self, other: &Issued) -> Self {
        Issued {
            chain: self.chain.clone(),
            pkcs8: other.pkcs8.clone(),
            kind: other.kind,
            public_point: other.public_point.clone(),
        }
    }

    /// With another text in the leaf.
    pub(crate) fn altered(&self, text: &[u8], other: &[u8]) -> Self {
        let mut chain = self.chain.clone();
        for start in 0..chain[0].len().saturating_sub(text.len()) {
            let found = &mut chain[0][start..start + text.len()];
            if found == text {
                found.copy_from_slice(other);
            }
        }
        Issued { chain, pkcs8: self.pkcs8.clone(), kind: self.kind, public_point: self.public_point.clone() }
    }

    fn chain_pem(&self) -> String {
        self.chain.iter().map(|der| pem("CERTIFICATE", der)).collect()
    }

    fn sec1(&self) -> Option<Vec<u8>> {
        let curve = match self.kind {
            KeyKind::P256 => ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
            KeyKind::P384 => ObjectIdentifier::new_unwrap("1.3.132.0.34"),
            KeyKind::P521 => ObjectIdentifier::new_unwrap("1.3.132.0.35"),
            KeyKind::Rsa2048 | KeyKind::Ed25519 => return None,
        };
        let inner = sec1::EcPrivateKey::try_from(inner_key(&self.pkcs8)).expect("an EC key holds SEC1 in its PKCS#8");
        let whole = sec1::EcPrivateKey {
            private_key: inner.private_key,
            parameters: Some(sec1::EcParameters::NamedCurve(curve)),
            public_key: Some(&self.public_point),
        };
        Some(whole.to_der().expect("a key just decoded encodes again"))
    }
}

/// PKCS#8 version 1, as openssl writes it: its older releases refuse the public key that version 2 adds.
fn plain_pkcs8(key: &KeyPair) -> Vec<u8> {
    let der = key.serialized_der();
    let mut info = PrivateKeyInfoRef::try_from(der).expect("a fresh key is PKCS#8");
    info.public_key = None;
    info.to_der().expect("a key just decoded encodes again")
}

fn inner_key(pkcs8: &[u8]) -> &[u8] {
    PrivateKeyInfoRef::try_from(pkcs8).expect("a fresh key is PKCS#8").private_key.as_bytes()
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    pem_rfc7468::encode_string(label, LineEnding::LF, der).expect("the label is valid and memory suffices")
}
