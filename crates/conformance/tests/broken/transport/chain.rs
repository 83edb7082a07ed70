//! Defects of verifiers that skip one rule for chains or names, and apply the others.

use std::time::SystemTime;

use digicert_one_core::ServerCertificate;
use tokio_rustls::rustls::CertificateError;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};

use super::Flaw;
use crate::table::Defect;

/// id-kp-serverAuth.
const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
/// The testbed's unknown extension.
const UNKNOWN: &[u8] = &[0x06, 0x04, 0x2a, 0x03, 0x04, 0x05];

/// What a server presents, and the name that is called.
pub(super) struct Shown<'a> {
    pub(super) leaf: &'a CertificateDer<'a>,
    pub(super) others: &'a [CertificateDer<'a>],
    pub(super) name: &'a ServerName<'a>,
}

impl Shown<'_> {
    /// Whether the defect ignores what webpki found.
    pub(super) fn is_overlooked(&self, fault: &CertificateError, flaw: Flaw) -> bool {
        // webpki's own names are only text below rustls's.
        let said = format!("{fault:?}");
        let is_about_purpose =
            matches!(fault, CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. });
        let is_about_dates = matches!(
            fault,
            CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. }
        );
        let is_about_constraints = said.contains("NameConstraintViolation");
        let overlooked = [
            (Defect::TrustsIssuersThatAreNoAuthorities, said.contains("EndEntityUsedAsCa")),
            (Defect::IgnoresPathLengths, said.contains("PathLenConstraintViolated")),
            (Defect::IgnoresNameConstraints, is_about_constraints),
            (Defect::ChecksConstraintsOfTheIssuerAlone, is_about_constraints && self.others.len() > 1),
            (
                Defect::ComparesWildcardsWithConstraints,
                is_about_constraints && self.names().any(|name| name.contains('*')),
            ),
            (Defect::ChecksDatesOfTheLeafAlone, is_about_dates && self.is_leaf_valid()),
            (Defect::IgnoresPurposesOfAuthorities, is_about_purpose && contains(self.leaf, SERVER_AUTH)),
            (Defect::ComparesIssuersByName, matches!(fault, CertificateError::BadSignature)),
            (
                Defect::IgnoresCriticalExtensionsOfAuthorities,
                said.contains("UnsupportedCriticalExtension")
                    && self.others.iter().any(|other| contains(other, UNKNOWN)),
            ),
        ];
        overlooked.into_iter().any(|(defect, holds)| holds && flaw.is(defect)) || self.is_name_overlooked(flaw)
    }

    /// Whether the defect finds the called name where it must not look.
    fn is_name_overlooked(&self, flaw: Flaw) -> bool {
        let called = self.name.to_str();
        let is_address = matches!(self.name, ServerName::IpAddress(_));
        let terminated = [called.as_bytes(), b"\0"].concat();
        let is_dns = |name: &String| name.parse::<std::net::IpAddr>().is_err();
        let is_common_name = !is_address && contains(self.leaf, called.as_bytes());
        let mut behind = self.others.iter().filter_map(ServerCertificate::read).flat_map(|shown| shown.names);
        [
            (Defect::FindsNamesAnywhereInTheChain, behind.any(|name| name == called)),
            (Defect::StopsNamesAtZeroBytes, contains(self.leaf, &terminated)),
            (Defect::ComparesTheEndsOfNames, self.names().any(|name| called.ends_with(&name))),
            (Defect::TakesNamesForAddresses, is_address && self.names().any(|name| name == called)),
            (Defect::ComparesTheCommonName, is_common_name && self.names().any(|name| is_dns(&name))),
            (Defect::FallsBackToTheCommonName, is_common_name && !self.names().any(|name| is_dns(&name))),
        ]
        .into_iter()
        .any(|(defect, holds)| holds && flaw.is(defect))
    }

    fn names(&self) -> impl Iterator<Item = String> {
        ServerCertificate::read(self.leaf).into_iter().flat_map(|shown| shown.names)
    }

    fn is_leaf_valid(&self) -> bool {
        let now = SystemTime::now();
        ServerCertificate::read(self.leaf).is_some_and(|shown| shown.not_before <= now && now <= shown.not_after)
    }
}

fn contains(certificate: &CertificateDer<'_>, part: &[u8]) -> bool {
    certificate.windows(part.len()).any(|found| found == part)
}
