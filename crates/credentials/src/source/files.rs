//! Files that the program names. Every named file must exist.

use std::path::PathBuf;

use digicert_one_core::{CredentialError, EndDate};

use super::gather::{NamedFile, read_pair};
use crate::{Fetched, RawCredential, Source, shown};

/// Files by explicit paths.
///
/// ```no_run
/// use digicert_one_credentials::FileSource;
///
/// let source = FileSource::new()
///     .certificate_file("/etc/d1/client.p12")
///     .password_file("/etc/d1/password")
///     .api_key_file("/etc/d1/api-key")
///     .end_dates(Some("2026-12-31".parse()?), None);
/// # Ok::<(), digicert_one_core::CredentialError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct FileSource {
    api_key: Option<NamedFile>,
    certificate: Option<NamedFile>,
    private_key: Option<NamedFile>,
    password: Option<NamedFile>,
    key_ends: Option<EndDate>,
    owner_ends: Option<EndDate>,
}

impl FileSource {
    /// Creates a source without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the file with the API key.
    #[must_use]
    pub fn api_key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.api_key = Some(NamedFile::new(path));
        self
    }

    /// Sets the file with the client certificate in any format, with or without its key.
    #[must_use]
    pub fn certificate_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.certificate = Some(NamedFile::new(path));
        self
    }

    /// Sets the file with the certificate's key, if separate.
    #[must_use]
    pub fn private_key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.private_key = Some(NamedFile::new(path));
        self
    }

    /// Sets the file with the password of the key or the PKCS#12.
    #[must_use]
    pub fn password_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.password = Some(NamedFile::new(path));
        self
    }

    /// Sets the end dates of the API key and of the service user.
    #[must_use]
    pub fn end_dates(mut self, key: Option<EndDate>, owner: Option<EndDate>) -> Self {
        self.key_ends = key;
        self.owner_ends = owner;
        self
    }

    fn places(&self) -> impl Iterator<Item = &NamedFile> {
        [&self.api_key, &self.certificate, &self.private_key, &self.password].into_iter().flatten()
    }
}

impl Source for FileSource {
    fn name(&self) -> String {
        let paths: Vec<String> = self.places().map(|place| shown::path(place.path())).collect();
        format!("files {}", paths.join(", "))
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        if self.api_key.is_none() && self.certificate.is_none() {
            return Ok(Fetched::Absent("missing file with an API key or a certificate".to_owned()));
        }
        let mut raw = RawCredential::new().with_ends(self.key_ends, self.owner_ends);
        if let Some(place) = &self.api_key {
            raw.api_key = Some(place.read(&mut raw.warnings)?);
        }
        if let Some(place) = &self.certificate {
            read_pair(place, self.private_key.as_ref(), &mut raw)?;
        }
        if let Some(place) = &self.password {
            raw.password = Some(place.read_password(&mut raw.warnings)?);
        }
        Ok(Fetched::Found(raw))
    }

    fn watched_paths(&self) -> Vec<PathBuf> {
        self.places().map(|place| place.path().clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use digicert_one_core::Code;

    use super::*;

    #[test]
    fn every_file_is_read_and_named_by_its_path() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = |name: &str| directory.path().join(name);
        for (name, content) in [("key", "k\n"), ("cert.pem", "c"), ("key.pem", "p"), ("password", "w\n")] {
            std::fs::write(file(name), content).expect("written");
        }
        let source = FileSource::new()
            .api_key_file(file("key"))
            .certificate_file(file("cert.pem"))
            .private_key_file(file("key.pem"))
            .password_file(file("password"));
        let Fetched::Found(raw) = source.fetch().expect("readable") else { panic!("they are there") };
        let certificate = raw.certificate.expect("read");
        assert_eq!(**certificate.origin(), *file("cert.pem").display().to_string());
        assert_eq!((certificate.expose(), raw.private_key.expect("read").expose()), (&b"c"[..], &b"p"[..]));
        assert_eq!(raw.password.expect("read").expose(), b"w");
        assert_eq!(source.watched_paths().len(), 4);

        std::fs::remove_file(file("key.pem")).expect("removed");
        let error = source.fetch().expect_err("one is gone");
        assert_eq!(error.code(), Code::ID_13);
        assert!(error.to_string().contains("key.pem"), "{error}");
    }

    #[test]
    fn no_files_is_absent() {
        assert!(matches!(FileSource::new().fetch(), Ok(Fetched::Absent(_))));
        assert!(matches!(FileSource::new().password_file("/nonexistent").fetch(), Ok(Fetched::Absent(_))));
    }
}
