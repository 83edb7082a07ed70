//! Reading certificate requests (PKCS#10) as an authority must: whole, signed by their own key, and not too weak a key.
//!
//! rcgen verifies the signature, and also refuses extensions that it cannot copy. Nothing is copied here, so
//! such a refusal is ignored.

use pem_rfc7468::decode_vec;
use pkcs1::RsaPublicKeyRef;
use rcgen::{CertificateSigningRequestParams, Error, SubjectPublicKeyInfo};
use rustls::pki_types::CertificateSigningRequestDer;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::request::CertReq;

use crate::spec::{Purpose, Validity};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const SMALLEST_RSA_KEY: usize = 2048;

/// What to certify a requested key with.
#[derive(Clone, Debug)]
pub struct RequestSpec {
    /// The subject.
    pub common_name: String,
    /// When the certificate is valid.
    pub validity: Validity,
    /// The extended key usage.
    pub purpose: Purpose,
}

/// Why a certificate request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// It is not PEM, or has another label.
    #[error("the certificate request is not PEM with the label CERTIFICATE REQUEST")]
    NotPem,
    /// The PEM holds no request.
    #[error("the certificate request is not PKCS#10")]
    Malformed,
    /// It was changed after it was signed, or another key signed it.
    #[error("the signature of the certificate request does not belong to its key")]
    BadSignature,
    /// Keys of this kind are not certified here.
    #[error("the key of the certificate request is of no kind that is certified: RSA, P-256, P-384, P-521 or Ed25519")]
    UnknownKey,
    /// The key can be broken.
    #[error("the RSA key of the certificate request has {bits} bits, and at least 2048 are needed")]
    WeakKey {
        /// Its length.
        bits: usize,
    },
}

/// Returns the key of a request with a valid signature.
pub(crate) fn public_key(pem: &str) -> Result<SubjectPublicKeyInfo, RequestError> {
    let (label, der) = decode_vec(pem.trim().as_bytes()).map_err(|_| RequestError::NotPem)?;
    if !matches!(label, "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST") {
        return Err(RequestError::NotPem);
    }
    let request = CertReq::from_der(&der).map_err(|_| RequestError::Malformed)?;
    let key = &request.info.public_key;
    // Before the signature: no short key is worth checking one with.
    if key.algorithm.oid == RSA {
        let bits = key
            .subject_public_key
            .as_bytes()
            .and_then(|bytes| RsaPublicKeyRef::try_from(bytes).ok())
            .map(|key| bit_length(key.modulus.as_bytes()))
            .ok_or(RequestError::Malformed)?;
        if bits < SMALLEST_RSA_KEY {
            return Err(RequestError::WeakKey { bits });
        }
    }
    match CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(der.as_slice())) {
        Ok(_) | Err(Error::UnsupportedExtension) => {}
        Err(Error::InvalidCertificationRequestSignature) => return Err(RequestError::BadSignature),
        Err(Error::UnsupportedSignatureAlgorithm) => return Err(RequestError::UnknownKey),
        Err(_) => return Err(RequestError::Malformed),
    }
    let key = key.to_der().map_err(|_| RequestError::Malformed)?;
    SubjectPublicKeyInfo::from_der(&key).map_err(|_| RequestError::UnknownKey)
}

fn bit_length(big_endian: &[u8]) -> usize {
    let bytes = big_endian.iter().skip_while(|byte| **byte == 0);
    let leading = bytes.clone().next().map_or(0, |byte| byte.leading_zeros() as usize);
    bytes.count() * 8 - leading
}
