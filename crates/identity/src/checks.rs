//! Checks for what a server would refuse, before anything is sent: dates, purpose, key size.

use std::time::{Duration, SystemTime};

use digicert_one_core::{ClientIdentity, Code, CredentialError, KeyKind, Warning};
use jiff::Timestamp;

use crate::ReadOptions;

const DAY: u64 = 24 * 60 * 60;
/// TLS libraries and servers refuse smaller RSA keys.
const MIN_RSA_BITS: usize = 2048;
const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
const ANY_PURPOSE: &str = "2.5.29.37.0";

/// Checks an identity.
///
/// # Errors
/// Returns an error for a wrong purpose (ID-12), a small key (ID-16), or an identity outside its dates
/// (ID-09); each is a warning if the rules allow it.
pub(crate) fn check(
    identity: &ClientIdentity,
    rules: &ReadOptions,
    place: &str,
    warnings: &mut Vec<Warning>,
) -> Result<(), CredentialError> {
    for found in [purpose(identity), key_size(identity)] {
        match found {
            Err(error) if rules.report_only => warnings.push(Warning::new(error.code(), error.message(), place)),
            found => found.map_err(|error| error.at(place))?,
        }
    }
    for quirk in identity.quirks() {
        let text = format!("certificate \"{}\": {quirk}", identity.subject());
        warnings.push(Warning::new(Code::ID_06, text, place));
    }
    match dates(identity, rules.now) {
        Some(text) if rules.allow_expired => warnings.push(Warning::new(Code::ID_09, text, place)),
        Some(text) => return Err(CredentialError::new(Code::ID_09, text).at(place)),
        None => {}
    }
    Ok(())
}

pub(crate) fn purpose(identity: &ClientIdentity) -> Result<(), CredentialError> {
    let Some(purposes) = identity.extended_key_usages() else { return Ok(()) };
    if purposes.iter().any(|purpose| [CLIENT_AUTH, ANY_PURPOSE].contains(&purpose.as_str())) {
        return Ok(());
    }
    let list: Vec<&str> = purposes.iter().map(|purpose| purpose_name(purpose)).collect();
    let message = format!(
        "certificate \"{}\" is not valid for client authentication, only for: {}",
        identity.subject(),
        if list.is_empty() { "nothing".to_owned() } else { list.join(", ") }
    );
    Err(CredentialError::new(Code::ID_12, message))
}

/// Returns the name of an extended key usage given in dotted form, or that form if it has no common name. The names are those of RFC
/// 5280 section 4.2.1.12, and two others in use.
#[must_use]
pub fn purpose_name(oid: &str) -> &str {
    match oid {
        ANY_PURPOSE => "any purpose",
        CLIENT_AUTH => "client authentication",
        "1.3.6.1.5.5.7.3.1" => "server authentication",
        "1.3.6.1.5.5.7.3.3" => "code signing",
        "1.3.6.1.5.5.7.3.4" => "e-mail protection",
        "1.3.6.1.5.5.7.3.8" => "time stamping",
        "1.3.6.1.5.5.7.3.9" => "OCSP signing",
        "1.3.6.1.5.5.7.3.36" | "1.3.6.1.4.1.311.10.3.12" => "document signing",
        "1.3.6.1.4.1.311.20.2.2" => "smart card logon",
        other => other,
    }
}

fn key_size(identity: &ClientIdentity) -> Result<(), CredentialError> {
    let bits = identity.key_bits();
    if identity.key_kind() != KeyKind::Rsa || bits >= MIN_RSA_BITS {
        return Ok(());
    }
    let message = format!("the RSA key has {bits} bits; at least {MIN_RSA_BITS} are required");
    Err(CredentialError::new(Code::ID_16, message))
}

fn dates(identity: &ClientIdentity, now: SystemTime) -> Option<String> {
    let (from, until) = (identity.not_before(), identity.not_after());
    let subject = identity.subject();
    // The last second counts as valid.
    let text = match (now.duration_since(until), from.duration_since(now)) {
        (Ok(since), _) if since >= Duration::from_secs(1) => {
            format!("certificate \"{subject}\" expired at {} ({} ago)", date(until), days(since))
        }
        (_, Ok(left)) if !left.is_zero() => {
            format!("certificate \"{subject}\" is not valid before {} (in {})", date(from), days(left))
        }
        _ => return None,
    };
    Some(format!("{text}; this machine's clock shows {}", date(now)))
}

/// Formats a time in ISO 8601.
pub(crate) fn date(time: SystemTime) -> String {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let time = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| "a time out of range".to_owned(), |time| time.to_string())
}

fn days(span: Duration) -> String {
    match span.as_secs() / DAY {
        0 => "less than a day".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}
