//! A certificate, parsed as far as chain building needs it.

use std::time::SystemTime;

use der::Decode;
use x509_cert::certificate::{CertificateInner, Raw};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, KeyUsage, SubjectKeyIdentifier};

use crate::name::ComparableName;
use crate::signature::{Signed, Verdict};

/// A certificate. Checks of RFC 5280 that chain building does not need are omitted, so that an unusual serial
/// number does not exclude an intermediate.
pub(crate) struct Node<'a> {
    certificate: CertificateInner<Raw>,
    signed: Option<Signed<'a>>,
    subject: ComparableName,
    issuer: ComparableName,
    key_id: Option<Vec<u8>>,
    issuer_key_id: Option<Vec<u8>>,
    /// The issuer's issuer and serial number, if the certificate names them.
    issuer_serial: Option<(Option<ComparableName>, Vec<u8>)>,
    /// Whether it may sign certificates; `None` if it does not say (version 1).
    is_authority: Option<bool>,
}

/// Evidence that a certificate is the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Evidence {
    /// Whether the signature was verified; false if it could not be checked.
    pub(crate) signed: bool,
    /// Whether the key and certificate ids match those that the issued certificate names.
    pub(crate) ids_agree: bool,
}

impl<'a> Node<'a> {
    pub(crate) fn read(der: &'a [u8]) -> Option<Self> {
        let certificate = CertificateInner::<Raw>::from_der(der).ok()?;
        let body = certificate.tbs_certificate();
        let key_id =
            body.get_extension::<SubjectKeyIdentifier>().ok().flatten().map(|(_, id)| id.0.as_bytes().to_vec());
        let authority = body.get_extension::<AuthorityKeyIdentifier>().ok().flatten().map(|(_, id)| id);
        let issuer_key_id =
            authority.as_ref().and_then(|id| id.key_identifier.as_ref()).map(|id| id.as_bytes().to_vec());
        let issuer_serial = authority.as_ref().and_then(|id| {
            let directory_name = |name: &GeneralName| match name {
                GeneralName::DirectoryName(name) => Some(ComparableName::new(name)),
                _ => None,
            };
            let name = id.authority_cert_issuer.iter().flatten().find_map(directory_name);
            Some((name, id.authority_cert_serial_number.as_ref()?.as_bytes().to_vec()))
        });
        let may_sign = match body.get_extension::<KeyUsage>() {
            Ok(Some((_, usage))) => usage.key_cert_sign(),
            _ => true,
        };
        let is_authority = match body.get_extension::<BasicConstraints>() {
            Ok(Some((_, constraints))) => Some(constraints.ca && may_sign),
            _ if body.extensions().is_some() => Some(false),
            _ => None,
        };
        Some(Self {
            signed: Signed::read(der),
            subject: ComparableName::new(body.subject()),
            issuer: ComparableName::new(body.issuer()),
            key_id,
            issuer_key_id,
            issuer_serial,
            is_authority,
            certificate,
        })
    }

    /// Returns the subject, for messages.
    pub(crate) fn subject(&self) -> String {
        self.certificate.tbs_certificate().subject().to_string()
    }

    /// Returns the name of the issuer, for messages.
    pub(crate) fn issuer(&self) -> String {
        self.certificate.tbs_certificate().issuer().to_string()
    }

    pub(crate) fn not_before(&self) -> SystemTime {
        self.certificate.tbs_certificate().validity().not_before.to_system_time()
    }

    pub(crate) fn not_after(&self) -> SystemTime {
        self.certificate.tbs_certificate().validity().not_after.to_system_time()
    }

    pub(crate) fn is_inside_dates(&self, now: SystemTime) -> bool {
        let validity = self.certificate.tbs_certificate().validity();
        // The last second counts as valid.
        let ended = now.duration_since(validity.not_after.to_system_time()).is_ok_and(|since| since.as_secs() > 0);
        !ended && validity.not_before.to_system_time() <= now
    }

    pub(crate) fn is_authority(&self) -> Option<bool> {
        self.is_authority
    }

    /// Returns whether the other one has the same name and key.
    pub(crate) fn is_twin_of(&self, other: &Self) -> bool {
        let (one, two) = (self.certificate.tbs_certificate(), other.certificate.tbs_certificate());
        self.subject == other.subject && one.subject_public_key_info() == two.subject_public_key_info()
    }

    /// Returns whether the other one may be the issuer, by its name.
    pub(crate) fn names_as_issuer(&self, other: &Self) -> bool {
        self.issuer == other.subject && !self.issuer.is_empty()
    }

    /// Returns the evidence for the other one as issuer; `None` if it is not.
    pub(crate) fn issued_by(&self, other: &Self) -> Option<Evidence> {
        if !self.names_as_issuer(other) {
            return None;
        }
        let key = other.certificate.tbs_certificate().subject_public_key_info();
        let verdict = self.signed.as_ref().map_or(Verdict::Unknown, |signed| signed.is_by(key));
        let keys_agree = match (&self.issuer_key_id, &other.key_id) {
            (Some(wanted), Some(id)) => wanted == id,
            _ => true,
        };
        let serials_agree = self.issuer_serial.as_ref().is_none_or(|(name, serial)| {
            name.as_ref().is_none_or(|name| *name == other.issuer)
                && other.certificate.tbs_certificate().serial_number().as_bytes() == serial
        });
        match verdict {
            Verdict::Signed => Some(Evidence { signed: true, ids_agree: keys_agree && serials_agree }),
            Verdict::Unknown if keys_agree => Some(Evidence { signed: false, ids_agree: serials_agree }),
            Verdict::Unknown | Verdict::NotSigned => None,
        }
    }
}
