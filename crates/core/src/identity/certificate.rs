//! Parses a certificate: its public key, names and dates. Nothing is verified here: that is the server's job.

use std::time::SystemTime;

use rustls_pki_types::CertificateDer;
use x509_cert::certificate::{CertificateInner, Raw, Version};
use x509_cert::der::Decode;
use x509_cert::ext::pkix::ExtendedKeyUsage;

use super::{PublicKey, algorithm};
use crate::CredentialError;
use crate::diagnosis::Code;

/// Extensions that every TLS library supports (RFC 5280 section 4.2.1): basic constraints, key usage,
/// alternative names, name constraints, revocation lists, extended key usage.
const KNOWN_EXTENSIONS: [&str; 6] = ["2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.30", "2.5.29.31", "2.5.29.37"];

/// Public facts of a certificate, as it states them; nothing is verified.
///
/// ```no_run
/// use digicert_one_core::{CertificateFacts, KeyKind};
///
/// # fn example(der: rustls_pki_types::CertificateDer<'_>) -> Result<(), digicert_one_core::CredentialError> {
/// let facts = CertificateFacts::read(&der)?;
/// let (kind, bits) = facts.public_key.kind()?;
/// if kind == KeyKind::Rsa {
///     println!("{}: {} with {bits} bits", facts.subject, facts.public_key);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CertificateFacts {
    /// The subject's name.
    pub subject: String,
    /// The issuer's name.
    pub issuer: String,
    /// The serial number in lower-case hexadecimal digits.
    pub serial_number: String,
    /// The first second in which it is valid.
    pub not_before: SystemTime,
    /// The last second in which it is valid.
    pub not_after: SystemTime,
    /// The public key.
    pub public_key: PublicKey,
    /// Extended key usages in dotted form; `None` where the certificate does not restrict them.
    pub extended_key_usages: Option<Vec<String>>,
    /// Reasons why some TLS libraries refuse it.
    pub quirks: Vec<String>,
}

impl CertificateFacts {
    pub(super) fn of(chain: &[CertificateDer<'_>]) -> Result<Self, CredentialError> {
        let der = chain.first().ok_or_else(|| CredentialError::new(Code::ID_07, "missing certificate"))?;
        Self::read(der)
    }

    /// Reads a certificate.
    ///
    /// # Errors
    /// It is not an X.509 certificate, or is damaged (ID-07).
    pub fn read(der: &CertificateDer<'_>) -> Result<Self, CredentialError> {
        let unreadable = |error: x509_cert::der::Error| {
            CredentialError::new(Code::ID_07, "failed to parse the certificate").with_source(error.to_string())
        };
        // Serial numbers and dates in unusual forms are for the server to judge.
        let certificate = CertificateInner::<Raw>::from_der(der).map_err(unreadable)?;
        let body = certificate.tbs_certificate();
        let key = body.subject_public_key_info();
        let curve = match &key.algorithm.parameters {
            Some(parameters) => parameters.decode_as::<x509_cert::der::oid::ObjectIdentifier>().ok(),
            None => None,
        };
        let extended_key_usages = match body.get_extension::<ExtendedKeyUsage>() {
            Ok(Some((_, usage))) => Some(usage.0.iter().map(ToString::to_string).collect()),
            Ok(None) => None,
            Err(error) => return Err(unreadable(error)),
        };
        Ok(Self {
            extended_key_usages,
            quirks: quirks(&certificate),
            subject: body.subject().to_string(),
            issuer: body.issuer().to_string(),
            serial_number: body.serial_number().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect(),
            not_before: body.validity().not_before.to_system_time(),
            not_after: body.validity().not_after.to_system_time(),
            public_key: PublicKey::new(
                key.algorithm.oid.to_string(),
                curve.map(|oid| oid.to_string()),
                key.subject_public_key.raw_bytes(),
            ),
        })
    }
}

fn quirks(certificate: &CertificateInner<Raw>) -> Vec<String> {
    let body = certificate.tbs_certificate();
    let mut all = Vec::new();
    if body.version() != Version::V3 {
        let version = if body.version() == Version::V1 { 1 } else { 2 };
        all.push(format!(
            "it is an X.509 version {version} certificate, and TLS libraries such as rustls accept version 3 only"
        ));
    }
    let critical = body.extensions().into_iter().flatten().filter(|extension| extension.critical);
    for oid in critical.map(|extension| extension.extn_id.to_string()) {
        if !KNOWN_EXTENSIONS.contains(&oid.as_str()) {
            let name = algorithm::extension(&oid);
            all.push(format!(
                "its {name} is critical, and TLS libraries that do not support it must refuse the certificate"
            ));
        }
    }
    if body.issuer_unique_id().is_some() || body.subject_unique_id().is_some() {
        all.push(
            "it has a unique identifier of X.509 version 2, which TLS libraries such as rustls do not accept"
                .to_owned(),
        );
    }
    if body.signature() != certificate.signature_algorithm() {
        all.push("it names two different algorithms for its signature".to_owned());
    }
    all
}
