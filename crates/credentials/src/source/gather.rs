//! Shared by all sources that read files: places with the names used in errors, and the rules for conflicts.
//! Knows no format.

use std::path::PathBuf;

use data_encoding::BASE64;
use digicert_one_core::{Code, CredentialError, EndDate, Secret, Warning};
use zeroize::Zeroizing;

use crate::file::read_named;
use crate::{RawCredential, Variable, shown};

/// A file and the name used in errors.
#[derive(Clone, Debug)]
pub(crate) struct NamedFile {
    path: PathBuf,
    origin: String,
    warning: Option<Warning>,
}

impl NamedFile {
    /// Creates a file named by its path.
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { origin: shown::path(&path), path, warning: None }
    }

    /// Creates a file that `by` (a variable, a field) names.
    pub(crate) fn named(path: impl Into<PathBuf>, by: &str) -> Self {
        let path = path.into();
        Self { origin: shown::path_by(&path, by), path, warning: None }
    }

    /// Creates the file that a variable or field names, without surrounding blanks and quotes.
    pub(crate) fn of(setting: &Variable) -> Self {
        Self { warning: setting.warning(), ..Self::named(setting.path(), setting.name()) }
    }

    /// Creates a file named only by its variable or field: the path may be a secret.
    pub(crate) fn unshown(path: impl Into<PathBuf>, by: &str) -> Self {
        Self { path: path.into(), origin: by.to_owned(), warning: None }
    }

    /// Creates a file whose name in errors differs from the path that is read.
    pub(crate) fn called(path: impl Into<PathBuf>, name: PathBuf) -> Self {
        Self { path: path.into(), origin: shown::path(&name), warning: None }
    }

    pub(crate) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// Reads the file's content.
    pub(crate) fn read(&self, warnings: &mut Vec<Warning>) -> Result<Secret, CredentialError> {
        warnings.extend(self.warning.clone());
        read_named(&self.path, &self.origin, warnings)
    }

    /// Reads a password, without the trailing line end that every editor and `echo` adds.
    pub(crate) fn read_password(&self, warnings: &mut Vec<Warning>) -> Result<Secret, CredentialError> {
        self.read(warnings).map(|password| password.line(warnings))
    }
}

/// Reads the certificate and, if separate, its key. A certificate with a separate key is public: its
/// permissions are not checked.
pub(crate) fn read_pair(
    certificate: &NamedFile,
    private_key: Option<&NamedFile>,
    raw: &mut RawCredential,
) -> Result<(), CredentialError> {
    let mut warnings = Vec::new();
    raw.certificate = Some(certificate.read(&mut warnings)?);
    match private_key {
        Some(key) => raw.private_key = Some(key.read(&mut raw.warnings)?),
        None => raw.warnings.append(&mut warnings),
    }
    Ok(())
}

/// Parses the end date of a source.
pub(crate) fn end_date(secret: &Secret) -> Result<EndDate, CredentialError> {
    secret
        .utf8(&mut Vec::new())
        .expose_text()?
        .parse()
        .map_err(|error: CredentialError| error.at(secret.origin().to_string()))
}

/// Returns the first value; all others must be equal.
pub(crate) fn agreeing(found: Vec<Secret>) -> Result<Option<Secret>, CredentialError> {
    let mut found = found.into_iter();
    let Some(first) = found.next() else { return Ok(None) };
    match found.find(|other| !same(&first, other)) {
        Some(other) => Err(conflict(first.origin(), other.origin())),
        None => Ok(Some(first)),
    }
}

/// Returns the error for two places with different values.
pub(crate) fn conflict(first: &str, second: &str) -> CredentialError {
    let message = format!("{first} and {second} are both set and differ: unset one of them");
    CredentialError::new(Code::CFG_01, message)
}

/// Returns whether two values are equal, ignoring surrounding blanks and base64 (used for key stores in variables).
fn same(first: &Secret, second: &Secret) -> bool {
    let (first, second) = (first.expose().trim_ascii(), second.expose().trim_ascii());
    let decoded = |bytes: &[u8]| {
        let bare: Zeroizing<Vec<u8>> =
            Zeroizing::new(bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect());
        BASE64.decode(&bare).ok().map(Zeroizing::new)
    };
    let is =
        |decoded: Option<Zeroizing<Vec<u8>>>, other: &[u8]| decoded.is_some_and(|bytes| bytes.trim_ascii() == other);
    first == second || is(decoded(first), second) || is(decoded(second), first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_without_blanks_and_base64() {
        let secret = |text: &str| Secret::new(text, "somewhere");
        assert!(same(&secret("canary\n"), &secret("canary")));
        assert!(same(&secret("canary-store"), &secret("Y2FuYXJ5\n LXN0b3Jl")));
        assert!(!same(&secret("canary"), &secret("other")));
    }
}
