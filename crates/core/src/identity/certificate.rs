//! What we read from a leaf certificate: its public key, its names and its dates. No verification: that is the server's.

use std::fmt;
use std::time::SystemTime;

use rustls_pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::ExtendedKeyUsage;

use crate::CredentialError;
use crate::diagnosis::Code;

/// Public facts of a leaf.
pub(super) struct Leaf {
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) not_before: SystemTime,
    pub(super) not_after: SystemTime,
    pub(super) public_key: PublicKey,
    /// Extended key usages in dotted form; `None` where the certificate does not restrict them.
    pub(super) purposes: Option<Vec<String>>,
}

/// A public key as a certificate holds it; equal keys have equal bits under an equal algorithm.
#[derive(PartialEq, Eq)]
pub(super) struct PublicKey {
    /// Object identifier of the algorithm, and of the curve where there is one.
    pub(super) algorithm: Algorithm,
    pub(super) bits: Vec<u8>,
}

/// Object identifiers in dotted form.
#[derive(PartialEq, Eq)]
pub(super) struct Algorithm {
    pub(super) oid: String,
    pub(super) curve: Option<String>,
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.oid.as_str(), self.curve.as_deref()) {
            ("1.2.840.113549.1.1.1", _) => f.write_str("RSA"),
            ("1.3.101.112", _) => f.write_str("Ed25519"),
            (_, Some("1.2.840.10045.3.1.7")) => f.write_str("P-256"),
            (_, Some("1.3.132.0.34")) => f.write_str("P-384"),
            (_, Some("1.3.132.0.35")) => f.write_str("P-521"),
            (oid, _) => f.write_str(oid),
        }
    }
}

impl Leaf {
    pub(super) fn read(der: &CertificateDer<'_>) -> Result<Self, CredentialError> {
        let unreadable = |error: x509_cert::der::Error| {
            CredentialError::new(Code::ID_07, "the first certificate cannot be read").with_source(error.to_string())
        };
        let certificate = Certificate::from_der(der).map_err(unreadable)?;
        let body = certificate.tbs_certificate();
        let key = body.subject_public_key_info();
        let curve = match &key.algorithm.parameters {
            Some(parameters) => parameters.decode_as::<x509_cert::der::oid::ObjectIdentifier>().ok(),
            None => None,
        };
        let purposes = match body.get_extension::<ExtendedKeyUsage>() {
            Ok(Some((_, usage))) => Some(usage.0.iter().map(ToString::to_string).collect()),
            Ok(None) => None,
            Err(error) => return Err(unreadable(error)),
        };
        Ok(Self {
            purposes,
            subject: body.subject().to_string(),
            issuer: body.issuer().to_string(),
            not_before: body.validity().not_before.to_system_time(),
            not_after: body.validity().not_after.to_system_time(),
            public_key: PublicKey {
                algorithm: Algorithm { oid: key.algorithm.oid.to_string(), curve: curve.map(|oid| oid.to_string()) },
                bits: key.subject_public_key.raw_bytes().to_vec(),
            },
        })
    }
}
