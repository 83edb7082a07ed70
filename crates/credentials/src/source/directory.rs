//! A directory with well-known file names, as Kubernetes mounts a Secret and systemd passes credentials.
//! Kubernetes replaces all files at once by renaming the symlink `..data`; so that link is resolved once, and
//! everything is read through it.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use digicert_one_core::{Code, CredentialError, Warning};

use super::gather::{NamedFile, agreeing, end_date, read_pair};
use crate::{Fetched, RawCredential, Source, Variable, shown};

/// Maximum restarts of a reading because the directory was swapped meanwhile.
const SWAPS: usize = 50;

/// A directory with files of these names, all optional:
///
/// | file | holds |
/// |---|---|
/// | `api-key` (or `api_key`, `DC_API_KEY`) | API key |
/// | `tls.crt`, else `tls.p12`, else `client.p12` | certificate, in any format |
/// | `tls.key` | its key, if separate |
/// | `password` | password of the key or the PKCS#12 |
/// | `api-key-ends`, `owner-ends` | last day of the API key, of the service user |
///
/// Other files (`ca.crt`) are ignored. A volume that Kubernetes swaps is read consistently: all old or all new.
///
/// ```no_run
/// use digicert_one_credentials::DirectorySource;
/// let source = DirectorySource::new("/run/secrets/digicert-one");
/// ```
#[derive(Clone, Debug)]
pub struct DirectorySource {
    path: PathBuf,
    required: Option<String>,
    warning: Option<Warning>,
}

/// File names.
impl DirectorySource {
    /// Files of an API key; at most one may exist.
    pub const API_KEY: [&str; 3] = ["api-key", "api_key", "DC_API_KEY"];
    /// Files of a certificate; the first that exists is used.
    pub const CERTIFICATE: [&str; 3] = ["tls.crt", "tls.p12", "client.p12"];
    /// The file of a private key that is separate from its certificate.
    pub const PRIVATE_KEY: &str = "tls.key";
    /// The file of the password of a key or key store.
    pub const PASSWORD: &str = "password";
    /// The file of the last day of the API key.
    pub const KEY_ENDS: &str = "api-key-ends";
    /// The file of the last day of the service user.
    pub const OWNER_ENDS: &str = "owner-ends";
    /// The link that is renamed over the old one.
    ///
    /// Source: Kubernetes, `pkg/volume/util/atomic_writer.go`.
    pub const DATA: &str = "..data";
}

impl DirectorySource {
    /// Creates a source for this directory. A directory that does not exist, or holds none of the files,
    /// counts as not configured.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), required: None, warning: None }
    }

    /// Creates a source for the directory that a variable names.
    pub(crate) fn of(setting: &Variable) -> Self {
        Self { warning: setting.warning(), ..Self::new(setting.path()) }
    }

    /// Returns the name used in errors.
    fn place(&self) -> String {
        self.required.as_ref().map_or_else(|| shown::path(&self.path), |by| shown::path_by(&self.path, by))
    }

    /// Makes a missing or empty directory an error; `by` is what named it: a variable, an option.
    #[must_use]
    pub fn required(mut self, by: impl Into<String>) -> Self {
        self.required = Some(by.into());
        self
    }

    fn absent(&self, reason: &str) -> Result<Fetched, CredentialError> {
        match &self.required {
            None => Ok(Fetched::Absent(reason.to_owned())),
            Some(by) => {
                let hint = shown::hint(&self.path, by);
                Err(CredentialError::new(Code::ID_13, format!("{reason}{hint}")).at(self.place()))
            }
        }
    }

    /// Returns where the files are now: in the target of `..data`, if it exists.
    fn resolve(&self) -> std::io::Result<PathBuf> {
        match std::fs::canonicalize(self.path.join(DirectorySource::DATA)) {
            Err(error) if error.kind() == ErrorKind::NotFound => std::fs::canonicalize(&self.path),
            resolved => resolved,
        }
    }

    /// Reads in a resolved directory; `None` if none of the files exists.
    fn read_in(&self, resolved: &Path) -> Result<Option<RawCredential>, CredentialError> {
        let place = |name: &str| NamedFile::called(resolved.join(name), self.path.join(name));
        // A broken link or an unreadable file is not absent: reading it gives the error.
        let there = |name: &&&str| resolved.join(name).symlink_metadata().is_ok();
        let one = |name: &'static str| Some(&name).filter(there).map(|name| place(name));
        let mut raw = RawCredential::new();
        raw.warnings.extend(self.warning.clone());
        let mut keys = Vec::new();
        for name in DirectorySource::API_KEY.iter().filter(there) {
            keys.push(place(name).read(&mut raw.warnings)?);
        }
        raw.api_key = agreeing(keys)?;
        let mut certificates = DirectorySource::CERTIFICATE.iter().filter(there);
        if let Some(name) = certificates.next() {
            read_pair(&place(name), one(DirectorySource::PRIVATE_KEY).as_ref(), &mut raw)?;
            for other in certificates {
                let origin = shown::path(&self.path.join(other));
                raw.warnings.push(Warning::new(Code::ID_13, format!("not used, because {name} exists"), origin));
            }
        }
        if raw.api_key.is_none() && raw.certificate.is_none() {
            return Ok(None);
        }
        if let Some(place) = one(DirectorySource::PASSWORD) {
            raw.password = Some(place.read_password(&mut raw.warnings)?);
        }
        let ends = |name| match one(name) {
            Some(place) => end_date(&place.read_password(&mut Vec::new())?).map(Some),
            None => Ok(None),
        };
        let (key_ends, owner_ends) = (ends(DirectorySource::KEY_ENDS)?, ends(DirectorySource::OWNER_ENDS)?);
        Ok(Some(raw.with_ends(key_ends, owner_ends)))
    }
}

impl Source for DirectorySource {
    fn name(&self) -> String {
        format!("directory {}", shown::path(&self.path))
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        let mut left = SWAPS;
        loop {
            let resolved = match self.resolve() {
                Ok(resolved) if resolved.is_dir() => resolved,
                Ok(_) => {
                    let error = CredentialError::new(Code::ID_13, "not a directory");
                    return Err(error.at(self.place()));
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    return self.absent("the directory does not exist");
                }
                Err(error) => {
                    let hint = shown::hint(&self.path, self.required.as_deref().unwrap_or_default());
                    let message = format!("failed to read the directory: {error}{hint}");
                    let error = CredentialError::new(Code::ID_13, message).with_source(error);
                    return Err(error.at(self.place()));
                }
            };
            let read = self.read_in(&resolved);
            // After a swap during the reading, the result says nothing about the current content.
            left -= 1;
            if left > 0 && self.resolve().is_ok_and(|now| now != resolved) {
                continue;
            }
            return match read? {
                Some(raw) => Ok(Fetched::Found(raw)),
                None => self.absent("it holds none of api-key, tls.crt, tls.p12 and client.p12"),
            };
        }
    }

    fn watched_paths(&self) -> Vec<PathBuf> {
        vec![self.path.clone()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(directory: &Path, files: &[(&str, &str)]) {
        for (name, content) in files {
            std::fs::write(directory.join(name), content).expect("written");
        }
    }

    fn found(source: &DirectorySource) -> RawCredential {
        match source.fetch().expect("readable") {
            Fetched::Found(raw) => raw,
            Fetched::Absent(reason) => panic!("{reason}"),
        }
    }

    #[test]
    fn every_file_is_read_and_named_by_its_path() {
        let directory = tempfile::tempdir().expect("a directory");
        let files =
            [("api-key", "k\n"), ("tls.crt", "c"), ("tls.key", "p"), ("password", "w\n"), ("ca.crt", "ignored")];
        write(directory.path(), &files);
        write(directory.path(), &[("api-key-ends", "2026-12-31\n"), ("owner-ends", "2027-01-31")]);
        let raw = found(&DirectorySource::new(directory.path()));
        assert_eq!(raw.certificate.expect("read").expose(), b"c");
        assert_eq!(raw.private_key.expect("read").expose(), b"p");
        assert_eq!(raw.password.expect("read").expose(), b"w");
        assert_eq!(**raw.api_key.expect("read").origin(), *directory.path().join("api-key").display().to_string());
        assert_eq!(raw.key_ends.expect("read").to_string(), "2026-12-31T23:59:59Z");
        assert!(raw.owner_ends.is_some());
    }

    #[test]
    fn directory_without_files_is_absent_unless_required() {
        let directory = tempfile::tempdir().expect("a directory");
        write(directory.path(), &[("ca.crt", "ignored"), ("password", "alone")]);
        for path in [directory.path().to_owned(), directory.path().join("missing")] {
            let source = DirectorySource::new(&path);
            assert!(matches!(source.fetch(), Ok(Fetched::Absent(_))));
            let error = source.required("DC_CREDENTIALS_DIR").fetch().expect_err("it was named");
            assert_eq!(error.code(), Code::ID_13);
            let (text, path) = (error.to_string(), path.display().to_string());
            assert!(text.contains("DC_CREDENTIALS_DIR") && text.contains(&path), "{text}");
        }
    }

    #[test]
    fn file_instead_of_directory_is_an_error() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let error = DirectorySource::new(file.path()).fetch().expect_err("no directory");
        assert!(error.to_string().contains("ot a directory"), "{error}");
    }

    #[test]
    fn differing_key_files_and_extra_certificates_are_reported() {
        let directory = tempfile::tempdir().expect("a directory");
        write(directory.path(), &[("tls.crt", "c"), ("tls.p12", "s")]);
        let warnings = found(&DirectorySource::new(directory.path())).warnings;
        assert!(warnings.iter().any(|warning| warning.origin.ends_with("tls.p12")), "{warnings:?}");
        write(directory.path(), &[("api-key", "canary1"), ("DC_API_KEY", "canary2")]);
        let error = DirectorySource::new(directory.path()).fetch().expect_err("they differ");
        assert!(error.to_string().contains("DC_API_KEY") && !error.to_string().contains("canary"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn broken_link_is_an_error_not_absent() {
        let directory = tempfile::tempdir().expect("a directory");
        std::os::unix::fs::symlink("gone", directory.path().join("tls.crt")).expect("linked");
        let error = DirectorySource::new(directory.path()).fetch().expect_err("it leads nowhere");
        assert!(error.to_string().contains("tls.crt"), "{error}");
    }

    /// A volume laid out as in Kubernetes, with two versions.
    #[cfg(unix)]
    fn volume() -> tempfile::TempDir {
        use std::os::unix::fs::symlink;
        let directory = tempfile::tempdir().expect("a directory");
        for version in ["..1", "..2"] {
            let inner = directory.path().join(version);
            std::fs::create_dir(&inner).expect("made");
            write(&inner, &[("tls.crt", version), ("tls.key", version)]);
        }
        symlink("..1", directory.path().join(DirectorySource::DATA)).expect("linked");
        symlink("..data/tls.crt", directory.path().join("tls.crt")).expect("linked");
        symlink("..data/tls.key", directory.path().join("tls.key")).expect("linked");
        directory
    }

    #[cfg(unix)]
    fn swap(directory: &Path) {
        std::os::unix::fs::symlink("..2", directory.join("..data_tmp")).expect("linked");
        std::fs::rename(directory.join("..data_tmp"), directory.join(DirectorySource::DATA)).expect("renamed");
    }

    #[cfg(unix)]
    #[test]
    fn swap_during_a_reading_gives_no_torn_pair() {
        let directory = volume();
        let source = DirectorySource::new(directory.path());
        let resolved = source.resolve().expect("it is there");
        swap(directory.path());
        let old = source.read_in(&resolved).expect("still there").expect("complete");
        assert_eq!(old.certificate.expect("read").expose(), old.private_key.expect("read").expose());
        let new = found(&source);
        assert_eq!(new.certificate.as_ref().expect("read").expose(), b"..2");
        // Named by the path that users know, not by the version.
        assert_eq!(**new.certificate.expect("read").origin(), *directory.path().join("tls.crt").display().to_string());
    }

    #[cfg(unix)]
    #[test]
    fn readings_during_swaps_are_all_old_or_all_new() {
        let directory = volume();
        let source = DirectorySource::new(directory.path());
        let path = directory.path().to_owned();
        let swapping = std::thread::spawn(move || {
            for round in 0..200 {
                let (temporary, version) = (path.join("..data_tmp"), format!("..{}", 1 + round % 2));
                std::os::unix::fs::symlink(version, &temporary).expect("linked");
                std::fs::rename(&temporary, path.join(DirectorySource::DATA)).expect("renamed");
            }
        });
        while !swapping.is_finished() {
            let raw = found(&source);
            assert_eq!(raw.certificate.expect("read").expose(), raw.private_key.expect("read").expose());
        }
        swapping.join().expect("swapped");
    }
}
