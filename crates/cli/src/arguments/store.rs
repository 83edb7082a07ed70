//! The value of `--store`: where a secret is stored that is shown once. Its forms are those of the references that are read.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser};
use digicert_one::core::{ValueShape, is_random_word};

use super::{pasted, path};

const FORMS: &str = "expected file:PATH, dir:PATH, keyring:NAME, exec:COMMAND or stdout";

/// A store for a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    /// `file:PATH`: one file, mode 0600.
    File(PathBuf),
    /// `dir:PATH`: an existing directory, in the layout of Kubernetes and systemd.
    Directory(PathBuf),
    /// `keyring:NAME`: items of this service in the system's keyring.
    Keyring(String),
    /// `exec:COMMAND`: a program that reads the secret from its standard input.
    Program(String),
    /// `stdout`: the terminal, once.
    Terminal,
}

impl Store {
    /// The store as it is typed, with the path that was meant by `~/`.
    pub(crate) fn typed(&self) -> OsString {
        let (scheme, value) = match self {
            Self::File(path) => ("file:", path.as_os_str()),
            Self::Directory(path) => ("dir:", path.as_os_str()),
            Self::Keyring(service) => ("keyring:", OsStr::new(service)),
            Self::Program(command) => ("exec:", OsStr::new(command)),
            Self::Terminal => ("stdout", OsStr::new("")),
        };
        let mut typed = OsString::from(scheme);
        typed.push(value);
        typed
    }
}

/// Reads a store.
pub(super) fn parser() -> impl TypedValueParser<Value = Store> {
    OsStringValueParser::new().try_map(|text| read(&text))
}

fn read(text: &OsStr) -> Result<Store, String> {
    if text == "stdout" {
        return Ok(Store::Terminal);
    }
    if text == "-" {
        return Err(format!("{FORMS}; stdout shows the secret on the terminal"));
    }
    if let Some(path) = after(text, "file:") {
        return match path.to_str() {
            Some("-") => Err("`-` is not a file: --store stdout shows the secret on the terminal".to_owned()),
            _ => place(path, "file:PATH").map(Store::File),
        };
    }
    if let Some(path) = after(text, "dir:") {
        return place(path, "dir:PATH").map(Store::Directory);
    }
    let Some((scheme, value)) = text.to_str().and_then(|text| text.split_once(':')) else {
        return Err(FORMS.to_owned());
    };
    let is_blank = value.trim().is_empty();
    match scheme {
        "keyring" if is_blank => Err("missing name of the service: expected keyring:NAME".to_owned()),
        "keyring" if ValueShape::of(value).is_some() || is_random_word(value) || pasted::is_password(value) => {
            Err("this may be a secret and not the name of a service: expected keyring:NAME".to_owned())
        }
        "keyring" => Ok(Store::Keyring(value.to_owned())),
        "exec" if is_blank => Err("missing program: expected exec:COMMAND".to_owned()),
        "exec" if pasted::shape(value).is_some() || pasted::is_password(value) => Err(
            "this may be a secret and not a command: expected exec:COMMAND, which gets the secret on standard input"
                .to_owned(),
        ),
        "exec" => Ok(Store::Program(value.to_owned())),
        _ => Err(FORMS.to_owned()),
    }
}

/// A path that is not empty and not a secret. A shell leaves `~/` as it is behind a scheme.
fn place(text: OsString, form: &str) -> Result<PathBuf, String> {
    if text.is_empty() {
        return Err(format!("missing path: expected {form}"));
    }
    // Its own error names the variables that are read.
    let path = path::read(text).map_err(|_| {
        format!(
            "this may be a secret and not a path: expected {form}, with its directory, as in {}./NAME",
            &form[..form.len() - 4]
        )
    })?;
    let Ok(below) = path.strip_prefix("~") else { return Ok(path) };
    match std::env::home_dir().filter(|home| home.is_absolute()) {
        Some(home) => Ok(home.join(below)),
        None => Err("~/ needs a home directory, and HOME is not set: write the whole path".to_owned()),
    }
}

/// The text after the scheme. Paths need not be UTF-8.
fn after(text: &OsStr, scheme: &str) -> Option<OsString> {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        text.as_bytes().strip_prefix(scheme.as_bytes()).map(|rest| OsStr::from_bytes(rest).to_owned())
    }
    #[cfg(not(unix))]
    text.to_str()?.strip_prefix(scheme).map(OsString::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Store, String> {
        read(OsStr::new(text))
    }

    #[test]
    fn every_form_is_read_and_typed_the_same() {
        for (text, store) in [
            ("file:/etc/d1/api-key", Store::File("/etc/d1/api-key".into())),
            ("file:api-key", Store::File("api-key".into())),
            ("dir:/run/secrets/d1", Store::Directory("/run/secrets/d1".into())),
            ("keyring:digicert one", Store::Keyring("digicert one".to_owned())),
            ("exec:vault kv put secret/ci api_key=-", Store::Program("vault kv put secret/ci api_key=-".to_owned())),
            ("stdout", Store::Terminal),
        ] {
            assert_eq!(of(text), Ok(store.clone()), "{text}");
            assert_eq!(store.typed(), text);
        }
    }

    #[cfg(unix)]
    #[test]
    fn path_that_is_not_utf_8_is_read_if_it_exists() {
        use std::os::unix::ffi::OsStrExt;
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join(OsStr::from_bytes(b"k\xffy"));
        std::fs::write(&path, "").expect("written");
        let mut text = OsString::from("file:");
        text.push(&path);
        assert_eq!(read(&text), Ok(Store::File(path)));
    }

    #[test]
    fn malformed_store_is_refused_with_the_form_that_is_expected() {
        for (text, words) in [
            ("", FORMS),
            ("api-key", FORMS),
            ("/etc/d1/api-key", FORMS),
            ("vault:secret/ci", FORMS),
            ("FILE:/etc/d1/api-key", FORMS),
            ("stdout:", FORMS),
            ("-", "stdout"),
            ("file:", "file:PATH"),
            ("file:-", "--store stdout"),
            ("dir:", "dir:PATH"),
            ("keyring:", "keyring:NAME"),
            ("keyring: ", "keyring:NAME"),
            ("exec:", "exec:COMMAND"),
        ] {
            let error = of(text).expect_err(text);
            assert!(error.contains(words), "{text:?}: {error}");
        }
    }

    #[test]
    fn secret_behind_any_scheme_is_refused_without_an_echo() {
        let key = format!("{}_{}", "01".repeat(13), "c7".repeat(32));
        let pem = "-----BEGIN PRIVATE KEY-----\nMIIKWgIBAzCCChAGCSqGSIb3DQEHAaCCCgEEggn9\n-----END PRIVATE KEY-----\n";
        for secret in [key.as_str(), pem, "Tr0ub4dor&3xyz"] {
            for scheme in ["", "file:", "dir:", "keyring:", "exec:", "vault:"] {
                let error = of(&format!("{scheme}{secret}")).expect_err(scheme);
                assert!(!error.contains(&secret[..8]), "{error}");
            }
        }
    }
}
