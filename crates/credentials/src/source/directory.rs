//! A directory with a file a value, as Kubernetes mounts a Secret: each update makes a new directory and turns the symlink
//! `..data` to it, all at once. Reading through that link once gives files that belong together.

use std::path::{Path, PathBuf};

use digicert_one_core::CredentialError;

use super::{Fetched, Source};
use crate::file::read_secret;
use crate::{EndDate, RawCredential, Secret, Warning};

/// The names under which each value is looked for, in this order.
const API_KEY: &[&str] = &["api-key", "api_key", "DC_API_KEY"];
const CERTIFICATE: &[&str] = &["tls.crt", "tls.p12", "client.p12", "client.pem"];
const PRIVATE_KEY: &[&str] = &["tls.key"];
const PASSWORD: &[&str] = &["password", "keystore-password"];
const KEY_ENDS: &[&str] = &["api-key-ends"];
const OWNER_ENDS: &[&str] = &["owner-ends"];

/// A directory that holds a credential in files of known names.
///
/// | value | names |
/// |---|---|
/// | API key | `api-key`, `api_key`, `DC_API_KEY` |
/// | client certificate | `tls.crt`, `tls.p12`, `client.p12`, `client.pem` |
/// | its private key | `tls.key` |
/// | password | `password`, `keystore-password` |
/// | end dates of key and service user | `api-key-ends`, `owner-ends` (`2026-12-31`) |
///
/// `ca.crt` is not read: trust is the business of whoever makes the client.
///
/// ```no_run
/// use digicert_one_credentials::{DirectorySource, Source};
/// let source = DirectorySource::new("/run/secrets/d1");
/// assert_eq!(source.name(), "directory /run/secrets/d1");
/// ```
#[derive(Clone, Debug)]
pub struct DirectorySource {
    path: PathBuf,
}

impl DirectorySource {
    /// The directory at this path.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

impl Source for DirectorySource {
    fn name(&self) -> String {
        format!("directory {}", self.path.display())
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        gather(&self.path)
    }

    fn watched_paths(&self) -> Vec<PathBuf> {
        vec![self.path.clone()]
    }
}

/// What a directory of values holds.
pub(super) fn gather(path: &Path) -> Result<Fetched, CredentialError> {
    if !path.is_dir() {
        return Ok(Fetched::Absent(format!("there is no directory {}", path.display())));
    }
    // Once: a swap between two files must not show one of each. Elsewhere the files are read in place.
    let now = std::fs::canonicalize(path.join("..data"));
    let folder = now.as_deref().unwrap_or(path);
    let mut raw = RawCredential::new();
    let mut read = |names: &[&str]| value(path, folder, names, &mut raw.warnings);
    let (api_key, certificate) = (read(API_KEY)?, read(CERTIFICATE)?);
    let (private_key, password) = (read(PRIVATE_KEY)?, read(PASSWORD)?);
    let (key_ends, owner_ends) = (read(KEY_ENDS)?, read(OWNER_ENDS)?);
    if api_key.is_none() && certificate.is_none() {
        let names = [API_KEY, CERTIFICATE].concat().join(", ");
        return Ok(Fetched::Absent(format!("{} has none of the files {names}", path.display())));
    }
    raw.key_ends = key_ends.as_ref().map(end_date).transpose()?;
    raw.owner_ends = owner_ends.as_ref().map(end_date).transpose()?;
    (raw.api_key, raw.certificate, raw.private_key, raw.password) = (api_key, certificate, private_key, password);
    Ok(Fetched::Found(raw))
}

/// The first of these files that is there. Its origin is the path that the user knows, not the one behind the link.
fn value(
    shown: &Path,
    folder: &Path,
    names: &[&str],
    warnings: &mut Vec<Warning>,
) -> Result<Option<Secret>, CredentialError> {
    let Some(name) = names.iter().find(|name| folder.join(name).symlink_metadata().is_ok()) else { return Ok(None) };
    let known = shown.join(name).display().to_string();
    let mut found = Vec::new();
    let secret = read_secret(&folder.join(name), &mut found)?;
    warnings.extend(found.into_iter().map(|warning| Warning { origin: known.clone(), ..warning }));
    Ok(Some(Secret::new(secret.expose(), known)))
}

/// An end date that stands in a value.
pub(super) fn end_date(value: &Secret) -> Result<EndDate, CredentialError> {
    value.expose_text()?.parse::<EndDate>().map_err(|error| error.at(value.origin().to_string()))
}

#[cfg(test)]
mod tests {
    use digicert_one_core::Code;

    use super::*;

    fn found(path: &Path) -> RawCredential {
        match gather(path).expect("readable") {
            Fetched::Found(raw) => raw,
            Fetched::Absent(why) => panic!("absent: {why}"),
        }
    }

    #[test]
    fn values_are_found_under_their_names_with_their_paths_as_origins() {
        let directory = tempfile::tempdir().expect("a directory");
        for (name, content) in [
            ("api-key", "canary"),
            ("tls.crt", "chain"),
            ("tls.key", "key"),
            ("password", "word"),
            ("owner-ends", "2026-12-31\n"),
        ] {
            std::fs::write(directory.path().join(name), content).expect("written");
        }
        let raw = found(directory.path());
        let origin = |secret: &Option<Secret>| secret.as_ref().expect("found").origin().to_string();
        assert_eq!(origin(&raw.api_key), directory.path().join("api-key").display().to_string());
        assert_eq!(origin(&raw.private_key), directory.path().join("tls.key").display().to_string());
        assert_eq!(raw.owner_ends.expect("read").to_string(), "2026-12-31T23:59:59Z");
        assert!(!format!("{raw:?}").contains("canary"));
    }

    #[test]
    fn an_empty_or_missing_directory_is_absent_and_a_broken_one_is_an_error() {
        let directory = tempfile::tempdir().expect("a directory");
        for path in [directory.path().to_owned(), directory.path().join("missing")] {
            let Ok(Fetched::Absent(why)) = gather(&path) else { panic!("absent: {}", path.display()) };
            assert!(why.contains(&path.display().to_string()), "{why}");
        }
        std::fs::create_dir(directory.path().join("api-key")).expect("a directory in place of a file");
        assert_eq!(gather(directory.path()).expect_err("a directory").code(), Code::ID_13);
    }

    #[test]
    fn a_date_that_is_none_names_its_file() {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join("api-key"), "canary").expect("written");
        std::fs::write(directory.path().join("api-key-ends"), "soon").expect("written");
        let error = gather(directory.path()).expect_err("no date");
        assert!(error.to_string().contains("api-key-ends"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_kubernetes_volume_is_read_through_its_link_once() {
        let directory = tempfile::tempdir().expect("a directory");
        for (folder, content) in [("..one", "first"), ("..two", "second")] {
            let folder = directory.path().join(folder);
            std::fs::create_dir(&folder).expect("a directory");
            std::fs::write(folder.join("api-key"), content).expect("written");
        }
        let link = directory.path().join("..data");
        std::os::unix::fs::symlink("..one", &link).expect("a link");
        std::os::unix::fs::symlink("..data/api-key", directory.path().join("api-key")).expect("a link");
        let key = |raw: RawCredential| raw.api_key.expect("found").expose().to_vec();
        assert_eq!(key(found(directory.path())), b"first");
        std::fs::remove_file(&link).expect("removed");
        std::os::unix::fs::symlink("..two", &link).expect("a link");
        assert_eq!(key(found(directory.path())), b"second");
    }
}
