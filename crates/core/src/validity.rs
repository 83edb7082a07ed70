//! When a credential works: from the first second of its certificate until the earliest of three ends. Times are instants
//! here; reading a date such as `2026-12-31` as its last second in UTC is the `credentials` crate's.

use std::fmt;
use std::time::{Duration, SystemTime};

use x509_cert::der::DateTime;

use crate::diagnosis::Code;
use crate::span::span;
use crate::{ClientIdentity, CredentialError, Material};

/// When a lease's material works, as far as that is known.
///
/// A certificate knows its own dates. The end dates of an API key and of a service user stand in DigiCert ONE only; a source
/// that was told them hands them on.
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
    /// What the material itself shows.
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

    /// The earliest of the known ends, and whose it is.
    #[must_use]
    pub fn expiry(&self) -> Option<Expiry> {
        let ends = [
            (self.owner_ends, Ending::Owner),
            (self.key_ends, Ending::Key),
            (self.certificate_ends, Ending::Certificate),
        ];
        ends.into_iter().filter_map(|(at, of)| Some(Expiry { at: at?, of })).min_by_key(|expiry| expiry.at)
    }

    /// Whether the material works at this time.
    ///
    /// # Errors
    /// It ended (ID-09 for a certificate, ID-15 for a key or its service user), or begins only later (ID-09).
    pub fn check(&self, now: SystemTime) -> Result<(), CredentialError> {
        if let Some(expiry) = self.expiry().filter(|expiry| expiry.has_passed(now)) {
            let ago = now.duration_since(expiry.at).unwrap_or_default();
            let message = format!("the {} ended {}, {} ago", expiry.of, instant(expiry.at), span(ago));
            let code = if expiry.of == Ending::Certificate { Code::ID_09 } else { Code::ID_15 };
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

/// The end of a credential: when, and what ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Expiry {
    /// The last second in which it works.
    pub at: SystemTime,
    /// What ends then.
    pub of: Ending,
}

impl Expiry {
    /// An end.
    #[must_use]
    pub fn new(at: SystemTime, of: Ending) -> Self {
        Self { at, of }
    }

    /// Whether the last second is over. Inside it, the credential still works.
    #[must_use]
    pub fn has_passed(&self, now: SystemTime) -> bool {
        now.duration_since(self.at).is_ok_and(|past| past >= Duration::from_secs(1))
    }

    /// What is left, counted to the last second; nothing once that has begun.
    #[must_use]
    pub fn remaining(&self, now: SystemTime) -> Duration {
        self.at.duration_since(now).unwrap_or_default()
    }
}

/// What of a credential can end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Ending {
    /// The API key.
    Key,
    /// The client certificate.
    Certificate,
    /// The service user that owns them.
    Owner,
}

impl Ending {
    /// The part as a word of machine-readable output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Key => "api_key",
            Self::Certificate => "client_certificate",
            Self::Owner => "service_user",
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "API key",
            Self::Certificate => "client certificate",
            Self::Owner => "service user",
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
    fn the_earliest_end_counts_and_is_named() {
        let validity = Validity { certificate_ends: Some(at(300)), ..Validity::default() }
            .with_key_ends(Some(at(200)))
            .with_owner_ends(Some(at(100)));
        assert_eq!(validity.expiry(), Some(Expiry::new(at(100), Ending::Owner)));
        assert_eq!(validity.with_owner_ends(None).expiry().map(|expiry| expiry.of), Some(Ending::Key));
        assert_eq!(Validity::default().expiry(), None);
    }

    #[test]
    fn a_check_says_what_ended_and_when() {
        let day = 24 * 3600;
        let validity =
            Validity { not_before: Some(at(day)), ..Validity::default() }.with_key_ends(Some(at(10 * day - 1)));
        validity.check(at(2 * day)).expect("inside");
        let ended = validity.check(at(13 * day)).expect_err("over");
        assert_eq!(ended.code(), Code::ID_15);
        assert_eq!(ended.to_string(), "the API key ended 1970-01-10T23:59:59Z, 3 days ago");
        let early = validity.check(at(3600)).expect_err("too early");
        assert_eq!(early.code(), Code::ID_09);
        assert!(
            early.to_string().contains("1970-01-01T01:00:00Z") && early.to_string().contains("23 hours"),
            "{early}"
        );
    }

    #[test]
    fn the_last_second_still_works() {
        let expiry = Expiry::new(at(100), Ending::Key);
        assert!(!expiry.has_passed(at(100)));
        assert!(!expiry.has_passed(at(100) + Duration::from_millis(999)));
        assert!(expiry.has_passed(at(101)));
        assert_eq!(expiry.remaining(at(40)), Duration::from_secs(60));
        assert_eq!(expiry.remaining(at(101)), Duration::ZERO);
    }
}
