//! jsign's combined string: `key|path|password`. It is itself a secret, so it comes from a variable or a file
//! and never from a command line.

use std::path::{Path, PathBuf};

use digicert_one_core::{Code, CredentialError, Secret};

use super::gather::{NamedFile, read_pair};
use crate::file::read_secret_file;
use crate::variable::{Environment, get};
use crate::{Fetched, RawCredential, Source, shown};

/// Returns the source that reads jsign's `--storepass` for the store type DIGICERTONE: API key, path of the PKCS#12 and its password,
/// separated by `|`. The string comes from a variable; [`jsign_file`] reads it from a file.
///
/// jsign requires exactly three parts; here the password may contain `|` and may be missing.
///
/// ```
/// use digicert_one_credentials::{Source, Variable, source};
///
/// let lookup = |name: &str| Some(Variable::new(name, "an-api-key|/nonexistent/client.p12|a password"));
/// let error = source::jsign("JSIGN_STOREPASS", &lookup).fetch().unwrap_err();
/// assert!(error.to_string().contains("/nonexistent/client.p12"));
/// ```
#[must_use]
pub fn jsign(variable: &str, lookup: &Environment<'_>) -> impl Source + use<> {
    JsignSource::from_variable(variable, lookup)
}

/// Returns the same source as [`jsign`], with the string in a file.
#[must_use]
pub fn jsign_file(path: &Path) -> impl Source + use<> {
    JsignSource::from_file(path)
}

/// The string, or where it is.
#[derive(Clone, Debug)]
pub(crate) struct JsignSource {
    place: JsignLocation,
}

#[derive(Clone, Debug)]
enum JsignLocation {
    Variable(String, Option<Secret>),
    File(PathBuf),
}

impl JsignSource {
    /// Creates a source for the string in a variable.
    #[must_use]
    pub(crate) fn from_variable(name: impl Into<String>, lookup: &Environment<'_>) -> Self {
        let name = name.into();
        let secret = get(lookup, &name).map(|setting| setting.secret());
        Self { place: JsignLocation::Variable(name, secret) }
    }

    /// Creates a source for the string in a file.
    #[must_use]
    pub(crate) fn from_file(path: impl Into<PathBuf>) -> Self {
        Self { place: JsignLocation::File(path.into()) }
    }
}

impl Source for JsignSource {
    fn name(&self) -> String {
        match &self.place {
            JsignLocation::Variable(name, _) => format!("jsign's string in {name}"),
            JsignLocation::File(path) => format!("jsign's string in {}", shown::path(path)),
        }
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        let mut raw = RawCredential::new();
        let whole = match &self.place {
            JsignLocation::Variable(name, None) => return Ok(Fetched::Absent(format!("{name} is not set"))),
            JsignLocation::Variable(_, Some(secret)) => secret.clone(),
            JsignLocation::File(path) => read_secret_file(path, &mut raw.warnings)?,
        };
        let whole = whole.line(&mut raw.warnings);
        let origin = whole.origin();
        let mut parts = whole.expose_text()?.splitn(3, '|');
        let mut part = |what: &str| match parts.next() {
            Some("") => Err(format!("empty {what}")),
            Some(part) => Ok(part),
            None => Err(format!("missing {what}")),
        };
        let both = part("API key").and_then(|key| part("path of a PKCS#12").map(|path| (key, path)));
        let (key, path) = both.map_err(|what| {
            let message = format!("invalid value: expected key|path|password: {what}");
            CredentialError::new(Code::ID_07, message).at(origin.to_string())
        })?;
        raw.api_key = Some(Secret::new(key, format!("{origin}, first part")));
        raw.password = parts.next().map(|password| Secret::new(password, format!("{origin}, third part")));
        // If the path cannot be read, it is shown: it is the only part that may be.
        read_pair(&NamedFile::named(path, origin), None, &mut raw)?;
        Ok(Fetched::Found(raw))
    }

    fn watched_paths(&self) -> Vec<PathBuf> {
        match &self.place {
            JsignLocation::Variable(..) => Vec::new(),
            JsignLocation::File(path) => vec![path.clone()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Variable;

    fn fetch(value: &str) -> Result<Fetched, CredentialError> {
        JsignSource::from_variable("STOREPASS", &|name| Some(Variable::new(name, value))).fetch()
    }

    fn store() -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "store").expect("written");
        file
    }

    #[test]
    fn three_parts_are_parsed_and_password_may_contain_bars() {
        let store = store();
        for (end, password) in [("|a|b\n", Some("a|b")), ("|", Some("")), ("", None)] {
            let Ok(Fetched::Found(raw)) = fetch(&format!("canary|{}{end}", store.path().display())) else {
                panic!("all is there: {end:?}")
            };
            assert_eq!(raw.api_key.expect("a key").expose(), b"canary");
            assert_eq!(raw.certificate.expect("a store").expose(), b"store");
            assert_eq!(raw.password.as_ref().map(Secret::expose), password.map(str::as_bytes));
        }
    }

    #[test]
    fn missing_part_is_named_and_nothing_is_shown() {
        for (value, named) in
            [("canary", "missing path"), ("canary|", "empty path of a PKCS#12"), ("|canary", "empty API key")]
        {
            let error = fetch(value).expect_err(value);
            assert_eq!(error.code(), Code::ID_07);
            let text = format!("{error} {error:?}");
            assert!(text.contains(named) && text.contains("STOREPASS") && !text.contains("canary"), "{text}");
        }
    }

    #[test]
    fn string_may_be_in_a_file_and_unset_variable_is_absent() {
        let (store, file) = (store(), tempfile::NamedTempFile::new().expect("a file"));
        std::fs::write(file.path(), format!("k|{}|p\n", store.path().display())).expect("written");
        assert!(matches!(JsignSource::from_file(file.path()).fetch(), Ok(Fetched::Found(_))));
        assert!(matches!(JsignSource::from_variable("STOREPASS", &|_| None).fetch(), Ok(Fetched::Absent(_))));
        assert!(JsignSource::from_file("/nonexistent").fetch().is_err());
    }
}
