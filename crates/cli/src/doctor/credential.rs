//! The offline checks of a credential that could be read: what it is, and what a server would refuse.

use std::time::SystemTime;

use digicert_one::core::diagnosis::Diagnosis;
use digicert_one::core::{Expiry, ExpiryCause, Warning};
use digicert_one::identity::purpose_name;
use digicert_one::{ClientIdentity, Code};

use super::report::{Mark, Report};
use crate::connection::{self, LoadedConnection};
use crate::failure::Failure;
use crate::{end_date, expiry};

const GROUP: &str = "credential";

impl Report {
    pub(super) fn of_credential(&mut self, found: &LoadedConnection) {
        let (material, warnings) = (&found.reading.material, &found.reading.warnings);
        let source = format!("{}, from {}", connection::name_of(material.mode()), found.reading.source);
        self.add(GROUP, "source", Mark::Ok, source);
        if let Some(key) = material.key() {
            self.add(GROUP, "key", Mark::Ok, format!("API key with the fingerprint {}", key.fingerprint()));
        }
        if let Some(identity) = material.identity() {
            self.of_certificate(identity, warnings);
        }
        self.of_warnings("files", warnings, &[Code::ID_13], Mark::Warning, || {
            "no file of the credential can be read by others".to_owned()
        });
        let own = [Code::ID_09, Code::ID_10, Code::ID_11, Code::ID_12, Code::ID_13, Code::ID_16];
        for warning in warnings.iter().filter(|warning| !own.contains(&warning.code)) {
            self.warned(GROUP, "warning", diagnosis(warning));
        }
        self.of_expiry(found);
    }

    pub(super) fn of_certificate(&mut self, identity: &ClientIdentity, warnings: &[Warning]) {
        let fact = format!("client certificate {}, issued by {}", identity.subject(), identity.issuer());
        self.add(GROUP, "certificate", Mark::Ok, fact);
        let above = identity.chain().len() - 1;
        // A leaf outside its dates fails the check of the end dates.
        let is_inside = (identity.not_before()..=identity.not_after()).contains(&SystemTime::now());
        let codes = [Code::ID_10, Code::ID_11, Code::ID_09];
        self.of_warnings(
            "chain",
            warnings,
            if is_inside { &codes } else { &codes[..2] },
            Mark::Warning,
            || match above {
                0 => "the certificate alone is sent".to_owned(),
                1 => "the certificate and 1 intermediate are sent".to_owned(),
                several => format!("the certificate and {several} intermediates are sent"),
            },
        );
        let issuer = expiry::issuer_end(identity).map(|end| Expiry::new(end, ExpiryCause::Issuer));
        // One that has expired is a warning above.
        if let Some(end) = issuer.filter(|end| !end.has_passed(SystemTime::now())) {
            self.of_end_date(GROUP, "chain", end);
        }
        self.of_warnings("purpose", warnings, &[Code::ID_12], Mark::Failed, || match identity.extended_key_usages() {
            Some(oids) => oids.iter().map(|oid| purpose_name(oid)).collect::<Vec<_>>().join(", "),
            None => "not restricted".to_owned(),
        });
        self.of_warnings("key strength", warnings, &[Code::ID_16], Mark::Failed, || {
            format!("{}, {} bits", identity.key_kind(), identity.key_bits())
        });
    }

    /// The dates of a certificate that belongs to no caller yet.
    pub(super) fn of_dates(&mut self, identity: &ClientIdentity) {
        let (now, ends) = (SystemTime::now(), identity.not_after());
        let fact = format!("the certificate {} ({})", end_date::until(ends, now), end_date::shown(ends));
        if now < identity.not_before() {
            let text = format!("the certificate is valid from {} on", end_date::shown(identity.not_before()));
            let warning = Warning::new(Code::ID_09, text, identity.subject().to_owned());
            self.failed(GROUP, "dates", Failure::Unfit(warning));
        } else if now > ends {
            self.failed(GROUP, "dates", Failure::Unfit(Warning::new(Code::ID_09, fact, identity.subject().to_owned())));
        } else {
            self.add(GROUP, "dates", Mark::Ok, fact);
        }
    }

    /// A check that is made of the warnings with these codes, or else of a fact.
    fn of_warnings(
        &mut self,
        id: &'static str,
        warnings: &[Warning],
        codes: &[Code],
        mark: Mark,
        fact: impl FnOnce() -> String,
    ) {
        let mut found = warnings.iter().filter(|warning| codes.contains(&warning.code)).peekable();
        if found.peek().is_none() {
            return self.add(GROUP, id, Mark::Ok, fact());
        }
        for warning in found {
            match mark {
                Mark::Failed => self.failed(GROUP, id, Failure::Unfit(warning.clone())),
                _ => self.warned(GROUP, id, diagnosis(warning)),
            }
        }
    }

    fn of_expiry(&mut self, found: &LoadedConnection) {
        let now = SystemTime::now();
        let Some(end) = found.reading.validity.expiry() else {
            return self.skipped(GROUP, "expiry", "no end date is known here; `d1 expiry` asks the platform");
        };
        match found.reading.validity.check(now) {
            Err(error) => self.failed(GROUP, "expiry", Failure::Setup(error.into())),
            Ok(()) => self.of_end_date(GROUP, "expiry", end),
        }
    }

    /// A warning where less than 30 days are left.
    pub(super) fn of_end_date(&mut self, group: &'static str, id: &'static str, end: Expiry) {
        let now = SystemTime::now();
        let fact = format!("the {} {} ({})", end.cause, end_date::until(end.at, now), end_date::shown(end.at));
        if end.remaining(now) >= end_date::NEAR {
            return self.add(group, id, Mark::Ok, fact);
        }
        let (code, remedy) = match end.cause {
            ExpiryCause::Key => (Code::ID_15, "make a new one in time: d1 token rotate"),
            ExpiryCause::Certificate => (Code::ID_09, "make a new one in time: d1 cert rotate"),
            ExpiryCause::Issuer => (
                Code::ID_09,
                "put the new certificate of this CA into the file in time, or make a new one: d1 cert rotate",
            ),
            // A new key or certificate of the same service user would expire with it.
            _ => (Code::ID_15, "have an administrator extend the service user"),
        };
        let mut diagnosis = Diagnosis::of(code, fact);
        diagnosis.cause = match end.at > now {
            true if end.cause == ExpiryCause::Issuer => {
                "less than 30 days are left; servers that have no newer one refuse the client certificate from then on"
            }
            true => "less than 30 days are left; every call fails from then on",
            // A credential that is known here to have expired is a failure before.
            false => "the platform accepted the call all the same: it has another end date there, or is refused soon",
        }
        .to_owned();
        diagnosis.remedy = remedy.to_owned();
        self.warned(group, id, diagnosis);
    }
}

/// The diagnosis of a warning. Its text says what is the case: that of the code is about calls and files that fail.
pub(super) fn diagnosis(warning: &Warning) -> Diagnosis {
    let mut diagnosis = Diagnosis::of(warning.code, format!("{}: {}", warning.origin, warning.text));
    if ![Code::ID_10, Code::ID_11].contains(&warning.code) {
        diagnosis.cause.clear();
        diagnosis.remedy.clear();
    }
    diagnosis
}
