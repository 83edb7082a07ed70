//! The public key of a certificate, for comparing and naming keys.

use std::fmt;

use x509_cert::der::asn1::{AnyRef, UintRef};
use x509_cert::der::{Decode, Reader, SliceReader};

use super::algorithm;
use super::key_kind::KeyKind;
use crate::CredentialError;
use crate::diagnosis::Code;

/// The public key of a certificate (RFC 5280 section 4.1.2.7): equal keys have equal algorithm and bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    algorithm: String,
    curve: Option<String>,
    bits: Vec<u8>,
}

impl PublicKey {
    /// Creates a key from the object identifiers of its algorithm and, if it has one, of its curve, in dotted
    /// form, and the octets of its BIT STRING.
    #[must_use]
    pub fn new(algorithm: impl Into<String>, curve: Option<String>, bits: impl Into<Vec<u8>>) -> Self {
        Self { algorithm: algorithm.into(), curve, bits: bits.into() }
    }

    /// Returns the octets of the BIT STRING.
    #[must_use]
    pub fn bits(&self) -> &[u8] {
        &self.bits
    }

    /// Returns the kind of key, and its size in bits.
    ///
    /// # Errors
    /// Returns an error for a kind that DigiCert ONE does not use, and for an RSA key that cannot be parsed (ID-07).
    pub fn kind(&self) -> Result<(KeyKind, usize), CredentialError> {
        match (self.algorithm.as_str(), self.curve.as_deref()) {
            ("1.2.840.113549.1.1.1", _) => match modulus_bits(&self.bits) {
                Some(bits) => Ok((KeyKind::Rsa, bits)),
                None => Err(CredentialError::new(Code::ID_07, "failed to parse the RSA key of the certificate")),
            },
            ("1.3.101.112", _) => Ok((KeyKind::Ed25519, 256)),
            ("1.2.840.10045.2.1", Some("1.2.840.10045.3.1.7")) => Ok((KeyKind::P256, 256)),
            ("1.2.840.10045.2.1", Some("1.3.132.0.34")) => Ok((KeyKind::P384, 384)),
            ("1.2.840.10045.2.1", Some("1.3.132.0.35")) => Ok((KeyKind::P521, 521)),
            _ => {
                let message = format!("unsupported key in the certificate: {self}");
                Err(CredentialError::new(Code::ID_07, message))
            }
        }
    }
}

/// Prints the name of the algorithm, or of the curve.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&algorithm::name(self.curve.as_ref().unwrap_or(&self.algorithm)))
    }
}

/// RFC 8017 appendix A.1.1: modulus and public exponent.
fn modulus_bits(key: &[u8]) -> Option<usize> {
    let sequence = AnyRef::from_der(key).ok()?;
    let mut reader = SliceReader::new(sequence.value()).ok()?;
    let modulus: UintRef<'_> = reader.decode().ok()?;
    let modulus = modulus.as_bytes();
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    (!modulus.is_empty()).then(|| modulus.len() * 8 - leading)
}
