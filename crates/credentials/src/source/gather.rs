//! What every source that reads files shares: places with the names of those who pointed to them, and the few rules about
//! what may stand beside what. No format is known here.

use std::path::PathBuf;

use data_encoding::BASE64;
use digicert_one_core::{Code, CredentialError, EndDate, Secret, Warning};
use zeroize::Zeroizing;

use crate::file::read_named;
use crate::{RawCredential, Setting, shown};

/// A file and what errors call it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    path: PathBuf,
    origin: String,
    warning: Option<Warning>,
}

impl Place {
    /// A file that is called by its path.
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { origin: shown::path(&path), path, warning: None }
    }

    /// A file that `by` (a variable, a field) points to.
    pub(crate) fn named(path: impl Into<PathBuf>, by: &str) -> Self {
        let path = path.into();
        Self { origin: shown::path_by(&path, by), path, warning: None }
    }

    /// The file that a variable or field names, without what surrounds the path by mistake.
    pub(crate) fn of(setting: &Setting) -> Self {
        Self { warning: setting.warning(), ..Self::named(setting.path(), setting.name()) }
    }

    /// The same file, called by its variable or field alone: what was written there may be a secret.
    pub(crate) fn unshown(path: impl Into<PathBuf>, by: &str) -> Self {
        Self { path: path.into(), origin: by.to_owned(), warning: None }
    }

    /// A file that is called by another path than it is read by.
    pub(crate) fn called(path: impl Into<PathBuf>, name: PathBuf) -> Self {
        Self { path: path.into(), origin: shown::path(&name), warning: None }
    }

    pub(crate) fn path(&self) -> &PathBuf {
        &self.path
    }

    /// The file's content.
    pub(crate) fn read(&self, warnings: &mut Vec<Warning>) -> Result<Secret, CredentialError> {
        warnings.extend(self.warning.clone());
        read_named(&self.path, &self.origin, warnings)
    }

    /// A password in a file, without the line end that every editor and `echo` ends a file with.
    pub(crate) fn read_password(&self, warnings: &mut Vec<Warning>) -> Result<Secret, CredentialError> {
        self.read(warnings).map(|password| password.line(warnings))
    }
}

/// Reads the certificate and, if it stands apart, its key. A certificate whose key stands apart is public: its permissions
/// are nobody's concern.
pub(crate) fn read_pair(
    certificate: &Place,
    private_key: Option<&Place>,
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

/// An end date as a source holds it.
pub(crate) fn end_date(secret: &Secret) -> Result<EndDate, CredentialError> {
    secret
        .utf8(&mut Vec::new())
        .expose_text()?
        .parse()
        .map_err(|error: CredentialError| error.at(secret.origin().to_string()))
}

/// The first of these; the others must say the same.
pub(crate) fn agreeing(found: Vec<Secret>) -> Result<Option<Secret>, CredentialError> {
    let mut found = found.into_iter();
    let Some(first) = found.next() else { return Ok(None) };
    match found.find(|other| !same(&first, other)) {
        Some(other) => Err(conflict(first.origin(), other.origin())),
        None => Ok(Some(first)),
    }
}

/// Two places say different things about one caller.
pub(crate) fn conflict(first: &str, second: &str) -> CredentialError {
    let message = format!("{first} and {second} are both set and differ: unset one of them");
    CredentialError::new(Code::CFG_01, message)
}

/// Whether two values are the same but for blanks around them and base64, in which a key store goes into a variable.
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
    fn values_agree_but_for_blanks_and_base64() {
        let secret = |text: &str| Secret::new(text, "somewhere");
        assert!(same(&secret("canary\n"), &secret("canary")));
        assert!(same(&secret("canary-store"), &secret("Y2FuYXJ5\n LXN0b3Jl")));
        assert!(!same(&secret("canary"), &secret("other")));
    }
}
