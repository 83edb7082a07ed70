//! A directory with well-known file names, updated like a Kubernetes Secret volume: everything is written
//! into a new directory inside it, and one rename of the symlink `..data` makes all of it visible at once.

#[cfg(not(unix))]
#[path = "directory/plain.rs"]
mod layout;
#[cfg(unix)]
#[path = "directory/swap.rs"]
mod layout;

use std::path::PathBuf;

use super::{PreparedStore, SecretKind, SecretStore, StoreError};

/// Returns the store that writes a directory that a [`DirectorySource`](digicert_one_credentials::DirectorySource) or [systemd source](digicert_one_credentials::source::systemd) reads: `api-key`
/// and `api-key-end_date`, or `tls.crt` and `tls.key`, and `owner-end_date`.
///
/// On Unix a reader never sees a torn pair: it sees all of the old content or all of the new. Other files
/// (the API key when the certificate changes, a `ca.crt`) stay. A directory of plain files becomes one of
/// symlinks at the first change; the versions behind them are directories with names that begin with `..d1-`,
/// and only the last one stays. On other systems the names are plain files, and the certificate and its key
/// share `tls.crt`.
///
/// New files have mode 0600. One that replaces another, or is added next to a replaced one, keeps its owner,
/// group, mode (up to 0640 for secrets), ACLs and other extended attributes, and all users with access to the
/// directory have access to a version. If that is not possible, or a name is a symlink to elsewhere, has hard
/// links, is bind-mounted or is protected, `prepare` fails.
///
/// The directory must exist, and have one writer at a time.
///
/// ```
/// use digicert_one_credentials::{DirectorySource, Fetched, Source};
/// use digicert_one_provisioning::store::{self, SecretKind, SecretStore, StoredSecret};
/// use digicert_one_core::Secret;
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path();
/// let mut prepared = store::directory(path).prepare(SecretKind::ApiKey)?;
/// let key = StoredSecret::api_key(Secret::new("an-api-key", "the response"));
/// prepared.store(&key.with_ends(Some("2027-01-31".parse()?), None))?;
/// let Fetched::Found(raw) = DirectorySource::new(path).fetch()? else { panic!("it is there") };
/// assert!(raw.api_key.is_some() && raw.key_ends.is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn directory(path: impl Into<PathBuf>) -> impl SecretStore {
    DirectoryStore { path: path.into() }
}

/// The directory.
#[derive(Clone, Debug)]
struct DirectoryStore {
    path: PathBuf,
}

impl SecretStore for DirectoryStore {
    fn name(&self) -> String {
        format!("directory {}", self.path.display())
    }

    fn files(&self) -> Vec<PathBuf> {
        ["api-key", "api-key-ends", "tls.crt", "tls.key", "owner-ends"].map(|name| self.path.join(name)).into()
    }

    fn prepare(&self, kind: SecretKind) -> Result<Box<dyn PreparedStore>, StoreError> {
        layout::prepare(&self.path, self.name(), kind)
    }
}
