//! When a credential is valid: from the first second of its certificate until the earliest of three end
//! dates. Times are instants here; [`EndDate`](crate::EndDate) parses dates such as `2026-12-31`.

use std::fmt;
use std::time::{Duration, SystemTime};

use x509_cert::der::DateTime;

use crate::diagnosis::Code;
use crate::span::span;
use crate::{ClientIdentity, CredentialError, Material};

/// When a lease's material is valid, as far as known.
///
/// A certificate contains its own dates. The end dates of an API key and of a service user are stored in
/// DigiCert ONE only; a source that knows them passes them on.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use digicert_one_core::{ExpiryCause, Expiry, Validity};
///
/// let end = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
/// let validity = Validity::default().with_key_ends(Some(end)).with_owner_ends(Some(end + Duration::from_secs(60)));
/// assert_eq!(validity.expiry(), Some(Expiry::new(end, ExpiryCause::Key)));
/// assert!(validity.check(end + Duration::from_secs(1)).is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Validity {
    /// The first second of the certificate.
    pub not_before: Option<SystemTime>,
    /// The last second of the certificate.
    pub certificate_ends: Option<SystemTime>,
    /// The last second of the API key.
    pub key_ends: Option<SystemTime>,
    /// The last second of the service user; nothing of it works afterwards.
    pub owner_ends: Option<SystemTime>,
}

impl Validity {
    /// Returns the dates that the material itself contains.
    #[must_use]
    pub fn of(material: &Material) -> Self {
        let identity = material.identity();
        Self {
            not_before: identity.map(ClientIdentity::not_before),
            certificate_ends: identity.map(ClientIdentity::not_after),
            key_ends: None,
            owner_ends: None,
        }
    }

    /// Adds the last second of the API key.
    #[must_use]
    pub fn with_key_ends(mut self, ends: Option<SystemTime>) -> Self {
        self.key_ends = ends;
        self
    }

    /// Adds the last second of the service user.
    #[must_use]
    pub fn with_owner_ends(mut self, ends: Option<SystemTime>) -> Self {
        self.owner_ends = ends;
        self
    }

    /// Returns the earliest known end date, and what it belongs to.
    #[must_use]
    pub fn expiry(&self) -> Option<Expiry> {
        let ends = [
            (self.owner_ends, ExpiryCause::Owner),
            (self.key_ends, ExpiryCause::Key),
            (self.certificate_ends, ExpiryCause::Certificate),
        ];
        ends.into_iter().filter_map(|(at, cause)| Some(Expiry { at: at?, cause })).min_by_key(|expiry| expiry.at)
    }

    /// Checks whether the material is valid at this time.
    ///
    /// # Errors
    /// Returns an error if it has expired (ID-09 for a certificate, ID-15 for a key or its service user), or
    /// is not yet valid (ID-09).
    pub fn check(&self, now: SystemTime) -> Result<(), CredentialError> {
        if let Some(expiry) = self.expiry().filter(|expiry| expiry.has_passed(now)) {
            let ago = now.duration_since(expiry.at).unwrap_or_default();
            let message = format!("the {} expired {}, {} ago", expiry.cause, instant(expiry.at), span(ago));
            let code = if expiry.cause == ExpiryCause::Certificate { Code::ID_09 } else { Code::ID_15 };
            return Err(CredentialError::new(code, message));
        }
        if let Some(ahead) =
            self.not_before.and_then(|begin| begin.duration_since(now).ok()).filter(|wait| !wait.is_zero())
        {
            let message = format!(
                "by this machine's clock ({}) the client certificate is valid only in {}",
                instant(now),
                span(ahead)
            );
            return Err(CredentialError::new(Code::ID_09, message));
        }
        Ok(())
    }
}

/// The expiry of a credential: when, and what expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Expiry {
    /// The last second in which it works.
    pub at: SystemTime,
    /// What expires then.
    pub cause: ExpiryCause,
}

impl Expiry {
    /// Creates an expiry.
    #[must_use]
    pub fn new(at: SystemTime, cause: ExpiryCause) -> Self {
        Self { at, cause }
    }

    /// Returns whether the last second is over. During that second, the credential is still valid.
    #[must_use]
    pub fn has_passed(&self, now: SystemTime) -> bool {
        now.duration_since(self.at).is_ok_and(|past| past >= Duration::from_secs(1))
    }

    /// Returns the time left until the last second; zero once that has begun.
    #[must_use]
    pub fn remaining(&self, now: SystemTime) -> Duration {
        self.at.duration_since(now).unwrap_or_default()
    }
}

/// The part of a credential whose end date comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExpiryCause {
    /// The API key.
    Key,
    /// The client certificate.
    Certificate,
    /// The service user that owns them.
    Owner,
    /// A CA certificate that is sent with the client certificate. A server that has a newer one does not need it.
    Issuer,
}

impl ExpiryCause {
    /// The part as a word of machine-readable output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "api_key",
            Self::Certificate => "client_certificate",
            Self::Owner => "service_user",
            Self::Issuer => "certificate_issuer",
        }
    }
}

impl fmt::Display for ExpiryCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "API key",
            Self::Certificate => "client certificate",
            Self::Owner => "service user",
            Self::Issuer => "certificate issuer",
        })
    }
}

/// `2026-12-31T23:59:59Z`.
fn instant(time: SystemTime) -> String {
    DateTime::from_system_time(time).map_or_else(|_| "in a far year".to_owned(), |time| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn earliest_end_date_counts_and_is_named() {
        let validity = Validity { certificate_ends: Some(at(300)), ..Validity::default() }
            .with_key_ends(Some(at(200)))
            .with_owner_ends(Some(at(100)));
        assert_eq!(validity.expiry(), Some(Expiry::new(at(100), ExpiryCause::Owner)));
        assert_eq!(validity.with_owner_ends(None).expiry().map(|expiry| expiry.cause), Some(ExpiryCause::Key));
        assert_eq!(Validity::default().expiry(), None);
    }

    #[test]
    fn check_names_what_expired_and_when() {
        let day = 24 * 3600;
        let validity =
            Validity { not_before: Some(at(day)), ..Validity::default() }.with_key_ends(Some(at(10 * day - 1)));
        validity.check(at(2 * day)).expect("inside");
        let ended = validity.check(at(13 * day)).expect_err("over");
        assert_eq!(ended.code(), Code::ID_15);
        assert_eq!(ended.to_string(), "the API key expired 1970-01-10T23:59:59Z, 3 days ago");
        let early = validity.check(at(3600)).expect_err("too early");
        assert_eq!(early.code(), Code::ID_09);
        assert!(
            early.to_string().contains("1970-01-01T01:00:00Z") && early.to_string().contains("23 hours"),
            "{early}"
        );
    }

    #[test]
    fn credential_is_valid_in_its_last_second() {
        let expiry = Expiry::new(at(100), ExpiryCause::Key);
        assert!(!expiry.has_passed(at(100)));
        assert!(!expiry.has_passed(at(100) + Duration::from_millis(999)));
        assert!(expiry.has_passed(at(101)));
        assert_eq!(expiry.remaining(at(40)), Duration::from_secs(60));
        assert_eq!(expiry.remaining(at(101)), Duration::ZERO);
    }
}
