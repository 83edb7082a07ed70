//! The directory in which systemd passes credentials to a service (`LoadCredential=`,
//! `SetCredentialEncrypted=`). Its path is in a variable that only services have; the file names are those of
//! [`DirectorySource`].

use std::path::PathBuf;

use digicert_one_core::CredentialError;

use super::directory::DirectorySource;
use crate::variable::{Environment, get};
use crate::{Fetched, Source};

/// Source: systemd.exec(5), "Credentials".
const VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// Returns the source that reads the credentials of a systemd service: `$CREDENTIALS_DIRECTORY`, with the
/// names of a [`DirectorySource`].
///
/// ```text
/// [Service]
/// LoadCredential=api-key:/etc/d1/api-key
/// LoadCredential=tls.p12:/etc/d1/client.p12
/// LoadCredential=password:/etc/d1/password
/// ```
///
/// ```
/// use digicert_one_credentials::{Source, Variable, source};
/// let source = source::systemd(&Variable::from_env);
/// println!("{}", source.name());
/// ```
///
/// systemd copies credentials when the service starts, so changes need a restart of the service.
#[must_use]
pub fn systemd(lookup: &Environment<'_>) -> impl Source + use<> {
    SystemdSource::new(lookup)
}

/// The directory, if the variable is set.
#[derive(Clone, Debug)]
pub(crate) struct SystemdSource {
    directory: Option<DirectorySource>,
}

impl SystemdSource {
    /// Creates a source for the directory that `lookup` names.
    #[must_use]
    pub(crate) fn new(lookup: &Environment<'_>) -> Self {
        Self { directory: get(lookup, VARIABLE).map(|setting| DirectorySource::of(&setting)) }
    }
}

impl Source for SystemdSource {
    fn name(&self) -> String {
        match &self.directory {
            Some(directory) => format!("systemd {}", directory.name()),
            None => "systemd".to_owned(),
        }
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        match &self.directory {
            // A service may have other credentials.
            Some(directory) => directory.fetch(),
            None => Ok(Fetched::Absent(format!("{VARIABLE} is not set"))),
        }
    }

    fn watched_paths(&self) -> Vec<PathBuf> {
        self.directory.as_ref().map(Source::watched_paths).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variable::given;

    #[test]
    fn source_is_absent_outside_a_service() {
        assert!(matches!(SystemdSource::new(&given(&[])).fetch(), Ok(Fetched::Absent(_))));
    }

    #[test]
    fn service_credentials_are_found_and_others_ignored() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().display().to_string();
        std::fs::write(directory.path().join("database-password"), "not ours").expect("written");
        let settings = [("CREDENTIALS_DIRECTORY", &*path)];
        let source = SystemdSource::new(&given(&settings));
        assert!(matches!(source.fetch(), Ok(Fetched::Absent(_))));
        std::fs::write(directory.path().join("api-key"), "k").expect("written");
        assert!(matches!(source.fetch(), Ok(Fetched::Found(_))));
    }
}
