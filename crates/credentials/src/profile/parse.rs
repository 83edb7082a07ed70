//! Parses profiles from TOML. Written by hand because an error must name line, profile and field, suggest
//! what was meant, and never quote the line, which may contain a secret.

use std::collections::BTreeMap;
use std::path::PathBuf;

use digicert_one_core::{Code, CredentialError, EndDate, Mode};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::entry::Profile;
use super::suggest::suggest;
use crate::shown;

const FIELDS: [&str; 13] = [
    "host",
    "clientauth_host",
    "mode",
    "ca_file",
    "api_key",
    "certificate",
    "private_key",
    "password",
    "api_key_ends",
    "owner_ends",
    "limiter",
    "limiter_password",
    "limiter_rate",
];
/// Longer names, and names with other characters, may be values and are not shown.
const LONGEST_NAME: usize = 24;

/// Parses the profiles of a file; `origin` is its path.
pub(crate) fn profiles(text: &str, origin: &str) -> Result<BTreeMap<String, Profile>, CredentialError> {
    let file = FileText { text, origin };
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        file.error(at, &format!("invalid TOML{}", file.reason(at, error.message())))
    })?;
    let mut profiles = BTreeMap::new();
    for (key, value) in table.get_ref() {
        if key.get_ref() != "profiles" {
            return Err(file.unknown(key, &["profiles"], "the file", "[profiles.NAME]"));
        }
        let DeValue::Table(tables) = value.get_ref() else {
            return Err(file.error(value.span().start, "invalid profiles: expected tables: [profiles.NAME]"));
        };
        for (name, value) in tables {
            let DeValue::Table(fields) = value.get_ref() else {
                return Err(file.error(value.span().start, "invalid profile: expected a table: [profiles.NAME]"));
            };
            profiles.insert(name.get_ref().to_string(), file.profile(name.get_ref(), fields)?);
        }
    }
    Ok(profiles)
}

struct FileText<'a> {
    text: &'a str,
    origin: &'a str,
}

impl FileText<'_> {
    fn profile(&self, name: &str, fields: &DeTable<'_>) -> Result<Profile, CredentialError> {
        let mut profile = Profile::default();
        for (key, value) in fields {
            let field = &**key.get_ref();
            let text = match value.get_ref() {
                DeValue::String(text) => text.to_string(),
                // An end date may be written without quotes.
                DeValue::Datetime(date) if field.ends_with("_ends") => date.to_string(),
                _ if FIELDS.contains(&field) && field.ends_with("_ends") => {
                    let expected = "expected a day (2026-12-31), or text in quotes";
                    return Err(self.field(value, name, field, expected));
                }
                _ if FIELDS.contains(&field) => {
                    return Err(self.field(value, name, field, "expected text in quotes"));
                }
                _ => String::new(),
            };
            // `\t` in the middle of a Windows path, for example.
            let is_mangled = text.contains(|one: char| one.is_control());
            let mangled =
                || self.field(value, name, field, "a control character in it; write a Windows path in single quotes");
            let reference = || match text.parse() {
                Ok(_) if is_mangled => Err(mangled()),
                Ok(reference) => Ok(Some(reference)),
                Err(error) => Err(self.field(value, name, field, CredentialError::message(&error))),
            };
            let end = || {
                let end: Result<EndDate, CredentialError> = text.parse();
                end.map(Some).map_err(|error| self.field(value, name, field, error.message()))
            };
            match field {
                "host" => profile.host = Some(text),
                "clientauth_host" => profile.clientauth_host = Some(text),
                "mode" => {
                    let mode = mode(&text).ok_or("expected key, certificate or both");
                    profile.mode = Some(mode.map_err(|message| self.field(value, name, field, message))?);
                }
                "ca_file" if is_mangled => return Err(mangled()),
                "ca_file" => profile.ca_file = Some(PathBuf::from(text)),
                "api_key" => profile.api_key = reference()?,
                "certificate" => profile.certificate = reference()?,
                "private_key" => profile.private_key = reference()?,
                "password" => profile.password = reference()?,
                "limiter" => {
                    let address = is_address_without_password(&text).then_some(text);
                    let expected = "expected an address of Redis without a password, such as redis://host";
                    profile.limiter = Some(address.ok_or_else(|| self.field(value, name, field, expected))?);
                }
                "limiter_password" => profile.limiter_password = reference()?,
                "limiter_rate" => {
                    let rate = is_rate(&text).then_some(text);
                    let rate = rate.ok_or_else(|| self.field(value, name, field, "expected a rate such as 1000/60s"));
                    profile.limiter_rate = Some(rate?);
                }
                "api_key_ends" => profile.api_key_ends = end()?,
                "owner_ends" => profile.owner_ends = end()?,
                _ => {
                    return Err(self.unknown(
                        key,
                        &FIELDS,
                        &format!("profile {}", shown::name(name)),
                        &FIELDS.join(", "),
                    ));
                }
            }
        }
        let without = [
            ("private_key", profile.private_key.is_some(), "certificate", profile.certificate.is_some()),
            ("password", profile.password.is_some(), "certificate", profile.certificate.is_some()),
            ("limiter_password", profile.limiter_password.is_some(), "limiter", profile.limiter.is_some()),
            ("limiter_rate", profile.limiter_rate.is_some(), "limiter", profile.limiter.is_some()),
        ];
        match without.iter().find(|(_, is_there, _, has_needed)| *is_there && !has_needed) {
            Some((field, _, needed, _)) => {
                let message = format!("profile {} has {field} but no {needed}", shown::name(name));
                Err(CredentialError::new(Code::CFG_01, message).at(self.origin))
            }
            None => Ok(profile),
        }
    }

    fn field(&self, value: &Spanned<DeValue<'_>>, name: &str, field: &str, what: &str) -> CredentialError {
        self.error(value.span().start, &format!("profile {}, field {field}: {what}", shown::name(name)))
    }

    fn unknown(
        &self,
        key: &Spanned<std::borrow::Cow<'_, str>>,
        known: &[&str],
        place: &str,
        all: &str,
    ) -> CredentialError {
        let name = &**key.get_ref();
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        let meant = suggest(name, known.iter().copied());
        // A name that resembles no field may be a value.
        let shown = match !meant.is_empty() && name.len() <= LONGEST_NAME && name.bytes().all(is_name) {
            true => format!(" {name:?}"),
            false => String::new(),
        };
        self.error(key.span().start, &format!("{place} has an unknown field{shown}{meant}; available: {all}"))
    }

    /// What is wrong with a line, in words of our own: those of the parser may quote it.
    fn reason(&self, at: usize, message: &str) -> &'static str {
        let before = self.text.get(..at).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let value = line.split_once('=').map_or("", |(_, value)| value.trim_start());
        match () {
            () if message.contains("duplicate") => ": this name is used twice",
            () if value.starts_with('"') && value.contains('\\') => {
                ": \\ has a meaning in double quotes; write a Windows path in single quotes"
            }
            () if !value.is_empty() && !value.starts_with(['"', '\'']) => ": expected the value in quotes",
            () if line.trim_start().starts_with('[') => ": expected [profiles.NAME]",
            () => ": expected NAME = \"VALUE\"",
        }
    }

    fn error(&self, at: usize, what: &str) -> CredentialError {
        let line = 1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        CredentialError::new(Code::CFG_01, format!("{what} (line {line})")).at(self.origin)
    }
}

/// The address is shown, so it may hold no password.
fn is_address_without_password(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let user = rest.split('/').next().and_then(|authority| authority.rsplit_once('@')).map_or("", |(user, _)| user);
    ["redis", "rediss", "redis+unix", "redis+sentinel", "rediss+sentinel"].contains(&scheme) && !user.contains(':')
}

/// Digits, words and marks of a rate: no secret fits.
fn is_rate(text: &str) -> bool {
    let is_part = |part: &str| {
        part.trim().len() <= 24
            && part.trim().split_once('/').is_some_and(|(count, _)| count.trim().parse::<u32>().is_ok())
    };
    text.split(',').all(is_part)
}

fn mode(text: &str) -> Option<Mode> {
    [Mode::Key, Mode::Certificate, Mode::Both].into_iter().find(|mode| mode.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reference;

    fn read(text: &str) -> Result<BTreeMap<String, Profile>, CredentialError> {
        profiles(text, "/etc/d1.toml")
    }

    const FULL: &str = r#"
[profiles.ci-prod]
host = "https://one.digicert.com"
clientauth_host = "https://clientauth.one.digicert.com"
mode = "both"
ca_file = "ca.pem"
api_key = "env:CI_KEY"
certificate = "file:~/client.p12"
private_key = "fd:3"
password = "exec:pass show 'd1 p12'"
api_key_ends = 2026-12-31
owner_ends = "2027-01-31"
limiter = "redis://ci@cache.example.com/2"
limiter_password = "file:/run/secrets/redis"
limiter_rate = "1000/60s, 100/5s"

[profiles.demo]
api_key = "keyring:demo"
"#;

    #[test]
    fn every_field_is_parsed() {
        let profiles = read(FULL).expect("profiles");
        let profile = &profiles["ci-prod"];
        assert_eq!(profile.mode, Some(Mode::Both));
        assert_eq!(profile.certificate, Some(Reference::File("~/client.p12".to_owned())));
        assert_eq!(profile.api_key_ends.expect("given").to_string(), "2026-12-31T23:59:59Z");
        assert_eq!(profiles["demo"].api_key, Some(Reference::Keyring("demo".to_owned())));
        assert!(read("").expect("no profiles").is_empty());
    }

    #[test]
    fn secret_05_serialized_profile_holds_references() {
        let profiles = read(FULL).expect("profiles");
        let written = toml::to_string(&BTreeMap::from([("profiles", &profiles)])).expect("TOML");
        assert!(written.contains("env:CI_KEY") && written.contains("fd:3"), "{written}");
        assert_eq!(read(&written).expect("what we write"), profiles);
    }

    #[test]
    fn error_names_line_profile_and_field_but_not_the_value() {
        for (text, named) in [
            ("[profiles.ci]\napi_key = \"canary\"", &["line 2", "profile ci", "field api_key", "env:NAME"][..]),
            ("[profiles.ci]\npassword = \"vault:canary\"", &["line 2", "field password"]),
            ("[profiles.ci]\ncertificate = '''-----BEGIN canary'''", &["field certificate"]),
            ("[profiles.ci]\napi_key = 1234", &["field api_key", "text"]),
            ("[profiles.ci]\napi_key = [\"canary\"]", &["field api_key", "text"]),
            ("[profiles.ci]\napi_kye = \"env:X\"", &["line 2", "\"api_kye\"", "api_key"]),
            ("[profiles.ci]\ncanary_canary_canary_canary_canary = 1", &["line 2", "unknown field"]),
            ("[profiles.ci]\nmode = \"canary\"", &["field mode", "certificate"]),
            ("[profiles.ci]\nowner_ends = \"canary\"", &["field owner_ends", "2026-12-31"]),
            ("[profiles.ci]\nowner_ends = 20261231", &["field owner_ends", "a day (2026-12-31)"]),
            ("[profiles.ci]\npassword = \"env:X\"", &["profile ci", "no certificate"]),
            ("[profiles.ci]\nlimiter = \"redis://:canary@cache\"", &["field limiter", "without a password"]),
            ("[profiles.ci]\nlimiter = \"redis://ci:canary@cache/1\"", &["field limiter", "without a password"]),
            ("[profiles.ci]\nlimiter = \"canary\"", &["field limiter", "redis://host"]),
            (
                "[profiles.ci]\nlimiter = \"redis://cache\"\nlimiter_rate = \"canary/60s\"",
                &["limiter_rate", "1000/60s"],
            ),
            ("[profiles.ci]\nlimiter_rate = \"1000/60s\"", &["profile ci", "no limiter"]),
            ("[profile.ci]\napi_key = \"canary\"", &["line 1", "profiles"]),
            ("profiles = \"canary\"", &["line 1", "tables"]),
            ("[profiles]\nci = \"canary\"", &["line 2", "table"]),
            ("[profiles.ci]\napi_key = canary", &["line 2", "in quotes"]),
            ("[profiles.ci]\napi_key = \"canary", &["line 2", "TOML"]),
            ("[profiles.ci]\nhost = \"a\"\nhost = \"canary\"", &["line 3", "twice"]),
            ("[profiles.ci\napi_key = \"canary\"", &["line 1", "[profiles.NAME]"]),
            ("[profiles.ci]\ncertificate = \"file:C:\\Users\\canary\"", &["line 2", "single quotes"]),
            ("[profiles.ci]\ncertificate = \"file:C:\\temp\\canary\"", &["line 2", "single quotes"]),
            ("[profiles.ci]\nca_file = \"C:\\temp\\canary\"", &["line 2", "single quotes"]),
        ] {
            let error = read(text).expect_err(text);
            assert_eq!(error.code(), Code::CFG_01);
            let shown = format!("{error} {error:?}");
            assert!(named.iter().all(|part| shown.contains(part)) && shown.contains("/etc/d1.toml"), "{text}: {shown}");
            assert!(!shown.contains("canary"), "{text}: {shown}");
        }
    }

    #[test]
    fn ten_thousand_brackets_are_an_error_without_overflow() {
        assert!(read(&format!("x = {}", "[".repeat(10_000))).is_err());
    }
}
