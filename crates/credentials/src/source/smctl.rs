//! smctl's properties file. smctl stores the API key and the password of the key store in it, and host and
//! path of the key store in variables; this source reads both, and no other variables.

use std::path::{Path, PathBuf};

use digicert_one_core::{Code, CredentialError, Warning};

use super::environment::{SKIP_VERIFY, refuse_skip_verify};
use super::gather::{NamedFile, conflict, read_pair};
use super::properties::Properties;
use crate::file::read_secret_file;
use crate::variable::{Environment, get, home};
use crate::{Fetched, RawCredential, Source, Variable, shown};

/// Source: DigiCert Software Trust, "Secure your credentials": the properties file.
const FILE: [&str; 2] = [".signingmanager", "ssm-config.properties"];
const CERTIFICATE_FILE: &str = "SM_CLIENT_CERT_FILE";

/// Returns the source that reads smctl's configuration: `SM_API_KEY` and `SM_CLIENT_CERT_PASSWORD` in
/// `~/.signingmanager/ssm-config.properties`, and the path of the key store from the variable
/// `SM_CLIENT_CERT_FILE` or the same file.
///
/// ```
/// use digicert_one_credentials::{Source, Variable, source};
/// let source = source::smctl(None, &Variable::from_env);
/// println!("{}", source.name());
/// ```
///
/// `file` replaces the path of the properties file. Other programs cannot read what smctl stores in the operating system's own store.
#[must_use]
pub fn smctl(file: Option<&Path>, lookup: &Environment<'_>) -> impl Source + use<> {
    match file {
        Some(file) => SmctlSource::new(lookup).with_file(file),
        None => SmctlSource::new(lookup),
    }
}

/// The properties file, and what variables add to it.
#[derive(Clone, Debug)]
pub(crate) struct SmctlSource {
    path: Option<PathBuf>,
    certificate: Option<Variable>,
}

impl SmctlSource {
    /// Creates a source for the user's properties file; the home directory and `SM_CLIENT_CERT_FILE` come
    /// from `lookup`.
    #[must_use]
    pub(crate) fn new(lookup: &Environment<'_>) -> Self {
        let path = home(lookup).map(|home| home.join(FILE[0]).join(FILE[1]));
        Self { path, certificate: get(lookup, CERTIFICATE_FILE) }
    }

    /// Sets another properties file.
    #[must_use]
    pub(crate) fn with_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Returns the path of the properties file, if it is known.
    pub(crate) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Returns the host in the properties file.
    pub(crate) fn host(&self) -> Result<Option<Variable>, CredentialError> {
        let Some(properties) = self.properties(&mut Vec::new())? else { return Ok(None) };
        let Some(host) = properties.get("SM_HOST") else { return Ok(None) };
        Ok(Some(Variable::new(&**host.origin(), host.expose_text()?)))
    }

    fn properties(&self, warnings: &mut Vec<Warning>) -> Result<Option<Properties>, CredentialError> {
        match &self.path {
            Some(path) if path.symlink_metadata().is_ok() => {
                let file = read_secret_file(path, warnings)?;
                Properties::read(&file.utf8(warnings)).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Returns the key store: from the variable and from the file, which must not differ.
    fn certificate(&self, properties: &Properties) -> Result<Option<NamedFile>, CredentialError> {
        let of_file = properties.get(CERTIFICATE_FILE);
        match (&self.certificate, of_file) {
            (Some(variable), Some(of_file)) if variable.path().as_os_str() != of_file.expose_text()? => {
                Err(conflict(variable.name(), of_file.origin()))
            }
            (Some(variable), _) => Ok(Some(NamedFile::of(variable))),
            (None, Some(of_file)) => Ok(Some(NamedFile::named(of_file.expose_text()?, of_file.origin()))),
            (None, None) => Ok(None),
        }
    }
}

impl Source for SmctlSource {
    fn name(&self) -> String {
        match &self.path {
            Some(path) => format!("smctl's properties {}", shown::path(path)),
            None => "smctl's properties".to_owned(),
        }
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        let mut raw = RawCredential::new();
        let Some(properties) = self.properties(&mut raw.warnings)? else {
            let reason = if self.path.is_some() { "the file does not exist" } else { "the home directory is unknown" };
            return Ok(Fetched::Absent(reason.to_owned()));
        };
        if let Some(skip) = properties.get(SKIP_VERIFY) {
            refuse_skip_verify(Some(&Variable::new(&**skip.origin(), skip.expose_text()?)))?;
        }
        raw.api_key = properties.get("SM_API_KEY");
        let password = properties.get("SM_CLIENT_CERT_PASSWORD");
        match (self.certificate(&properties)?, password) {
            (Some(place), password) if raw.api_key.is_some() || password.is_some() => {
                read_pair(&place, None, &mut raw)?;
                raw.password = password;
            }
            (None, Some(password)) => {
                let text = "the password is not used: it is set without SM_CLIENT_CERT_FILE";
                raw.warnings.push(Warning::new(Code::ID_13, text, password.origin().to_string()));
            }
            _ => {}
        }
        match raw.api_key.is_some() || raw.certificate.is_some() {
            true => Ok(Fetched::Found(raw)),
            false => Ok(Fetched::Absent("the file has neither SM_API_KEY nor SM_CLIENT_CERT_PASSWORD".to_owned())),
        }
    }

    fn watched_paths(&self) -> Vec<PathBuf> {
        self.path.iter().cloned().chain(self.certificate.as_ref().map(Variable::path)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Home(tempfile::TempDir);

    impl Home {
        fn with(properties: &[u8]) -> Self {
            let home = tempfile::tempdir().expect("a directory");
            std::fs::create_dir(home.path().join(FILE[0])).expect("made");
            std::fs::write(home.path().join(FILE[0]).join(FILE[1]), properties).expect("written");
            Self(home)
        }

        fn fetch(&self, certificate: Option<&Path>) -> Result<Fetched, CredentialError> {
            SmctlSource::new(&|name| match name {
                "HOME" | "USERPROFILE" => Some(Variable::new(name, self.0.path())),
                "SM_CLIENT_CERT_FILE" => certificate.map(|path| Variable::new(name, path)),
                _ => None,
            })
            .fetch()
        }
    }

    fn store() -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "store").expect("written");
        file
    }

    #[test]
    fn key_and_password_are_in_file_and_store_is_in_variable() {
        let (home, store) = (Home::with(b"SM_API_KEY=k\nSM_CLIENT_CERT_PASSWORD=p\n"), store());
        let Ok(Fetched::Found(raw)) = home.fetch(Some(store.path())) else { panic!("all is there") };
        assert!(raw.api_key.expect("a key").origin().ends_with("ssm-config.properties, SM_API_KEY"));
        assert!(raw.certificate.expect("a store").origin().contains("SM_CLIENT_CERT_FILE"));
        assert_eq!(raw.password.expect("a password").expose(), b"p");
    }

    #[test]
    fn store_may_be_named_in_file_and_must_match_variable() {
        let store = store();
        // A backslash is an escape in files of properties.
        let path = store.path().display().to_string().replace('\\', "\\\\");
        let text = format!("SM_API_KEY=k\nSM_CLIENT_CERT_FILE={path}\n");
        let home = Home::with(text.as_bytes());
        for variable in [None, Some(store.path())] {
            let Ok(Fetched::Found(raw)) = home.fetch(variable) else { panic!("all is there") };
            assert_eq!(raw.certificate.expect("a store").expose(), b"store");
        }
        let error = home.fetch(Some(Path::new("/elsewhere.p12"))).expect_err("they differ");
        assert!(error.to_string().contains("SM_CLIENT_CERT_FILE"), "{error}");
    }

    #[test]
    fn missing_or_empty_file_is_absent() {
        assert!(matches!(SmctlSource::new(&|_| None).fetch(), Ok(Fetched::Absent(_))));
        assert!(matches!(SmctlSource::new(&|_| None).with_file("/nonexistent").fetch(), Ok(Fetched::Absent(_))));
        let store = store();
        assert!(matches!(Home::with(b"# nothing\n").fetch(Some(store.path())), Ok(Fetched::Absent(_))));
        assert!(matches!(Home::with(b"SM_CLIENT_CERT_PASSWORD=p\n").fetch(None), Ok(Fetched::Absent(_))));
    }

    #[test]
    fn password_without_store_and_skip_verify_are_reported() {
        let Ok(Fetched::Found(raw)) = Home::with(b"SM_API_KEY=k\nSM_CLIENT_CERT_PASSWORD=p\n").fetch(None) else {
            panic!("there is a key")
        };
        assert!(raw.warnings.iter().any(|warning| warning.origin.ends_with("SM_CLIENT_CERT_PASSWORD")));
        let error = Home::with(b"SM_API_KEY=k\nSM_TLS_SKIP_VERIFY=true\n").fetch(None).expect_err("refused");
        assert_eq!(error.code(), Code::TR_04);
    }

    #[test]
    fn error_for_binary_file_names_it() {
        let error = Home::with(b"SM_API_KEY=canary\0\x01\x02").fetch(None).expect_err("binary");
        assert_eq!(error.code(), Code::ID_07);
        assert!(
            error.to_string().contains("ssm-config.properties") && !error.to_string().contains("canary"),
            "{error}"
        );
    }
}
