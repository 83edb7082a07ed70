//! Public facts of a server's certificate (names, issuer, dates of the leaf), for diagnoses. Nothing is
//! verified here.

use std::time::SystemTime;

use rustls_pki_types::CertificateDer;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Maximum number of stored names; a certificate may hold hundreds.
const MAX_NAMES: usize = 8;
/// Maximum stored characters of a name: text from an unknown server ends up on terminals and in logs.
const MAX_LENGTH: usize = 150;

/// Public facts of the certificate that a server presented, trusted or not.
///
/// ```no_run
/// use digicert_one_core::ServerCertificate;
///
/// # fn example(der: rustls_pki_types::CertificateDer<'_>) {
/// if let Some(certificate) = ServerCertificate::read(&der) {
///     println!("{:?} issued by {}", certificate.names, certificate.issuer);
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerCertificate {
    /// Its own name, such as `CN=one.example.com`.
    pub subject: String,
    /// The issuer's name, such as `CN=DigiCert Global G2 TLS RSA SHA256 2020 CA1,O=DigiCert Inc,C=US`.
    pub issuer: String,
    /// The first names (DNS and IP) that it is valid for.
    pub names: Vec<String>,
    /// The first second in which it is valid.
    pub not_before: SystemTime,
    /// The last second in which it is valid.
    pub not_after: SystemTime,
}

impl ServerCertificate {
    /// Reads the facts of a leaf in DER; `None` if it cannot be parsed.
    #[must_use]
    pub fn read(leaf: &CertificateDer<'_>) -> Option<Self> {
        let certificate = Certificate::from_der(leaf).ok()?;
        let body = certificate.tbs_certificate();
        let names = match body.get_extension::<SubjectAltName>() {
            Ok(Some((_, names))) => names.0.iter().filter_map(name).take(MAX_NAMES).collect(),
            _ => Vec::new(),
        };
        Some(Self {
            subject: printable(&body.subject().to_string()),
            issuer: printable(&body.issuer().to_string()),
            names,
            not_before: body.validity().not_before.to_system_time(),
            not_after: body.validity().not_after.to_system_time(),
        })
    }
}

/// Returns a name of the two kinds that a TLS client compares (RFC 5280 §4.2.1.6).
fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(printable(name.as_str())),
        GeneralName::IpAddress(bytes) => match *bytes.as_bytes() {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
            ref bytes => <[u8; 16]>::try_from(bytes).ok().map(|bytes| std::net::Ipv6Addr::from(bytes).to_string()),
        },
        _ => None,
    }
}

fn printable(text: &str) -> String {
    text.chars().filter(|one| !one.is_control()).take(MAX_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_a_certificate_give_none() {
        for bytes in [&b""[..], b"\x30\x82\xff\xff", b"-----BEGIN CERTIFICATE-----"] {
            assert_eq!(ServerCertificate::read(&CertificateDer::from(bytes)), None);
        }
    }

    #[test]
    fn names_from_unknown_servers_are_escaped_and_bounded() {
        assert_eq!(printable("a\x1b[2Jb\r\nc"), "a[2Jbc");
        assert_eq!(printable(&"x".repeat(10_000)).len(), MAX_LENGTH);
    }
}
