//! Where to store a secret, the fallback if that fails, and how to read it back: after a crash, the next
//! process decides from this whether the secret was lost.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use digicert_one_core::{Code, CredentialError, Secret};
use digicert_one_credentials::{DirectorySource, Fetched, FileSource, Source};

use crate::store::{self, SecretKind, SecretStore, read_encrypted_file};

/// A place for a secret, a last resort, and the readers of both.
///
/// ```
/// use digicert_one_provisioning::StoreOptions;
/// let store = StoreOptions::file("/etc/d1/api-key").last_resort_file("/var/lib/d1/rescued");
/// ```
#[derive(Clone)]
pub struct StoreOptions {
    store: Store,
    source: Option<Arc<dyn Source>>,
    last_resort: Option<Store>,
    last_source: Option<Arc<dyn Source>>,
}

/// The reader of a file depends on the task.
#[derive(Clone)]
enum Store {
    File(PathBuf),
    Other(Arc<dyn SecretStore>),
}

impl Store {
    fn store(&self) -> Arc<dyn SecretStore> {
        match self {
            Self::File(path) => Arc::new(store::file(path)),
            Self::Other(store) => Arc::clone(store),
        }
    }

    fn source(&self, kind: SecretKind) -> Option<Arc<dyn Source>> {
        match self {
            Self::File(path) => Some(Arc::new(one_file(path, kind))),
            Self::Other(_) => None,
        }
    }
}

fn one_file(path: &Path, kind: SecretKind) -> FileSource {
    match kind {
        SecretKind::Certificate => FileSource::new().certificate_file(path),
        _ => FileSource::new().api_key_file(path),
    }
}

impl StoreOptions {
    /// Uses a store that cannot be read back, such as a terminal. After a crash during storing, it is unknown
    /// whether the secret was stored: [`resume`](super::Workflows::resume) then treats it as lost and creates
    /// another one. See [`read_by`](Self::read_by).
    #[must_use]
    pub fn new(store: impl SecretStore) -> Self {
        Self { store: Store::Other(Arc::new(store)), source: None, last_resort: None, last_source: None }
    }

    /// Uses one file, for a key or for a certificate with its private key.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self { store: Store::File(path.into()), source: None, last_resort: None, last_source: None }
    }

    /// Uses a directory, in the layout of Kubernetes and systemd.
    #[must_use]
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self::new(store::directory(&path)).read_by(DirectorySource::new(path))
    }

    /// Sets how the store is read.
    #[must_use]
    pub fn read_by(mut self, source: impl Source) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Sets where the secret is stored if the store fails anyway. It is checked too.
    #[must_use]
    pub fn last_resort(mut self, store: impl SecretStore) -> Self {
        self.last_resort = Some(Store::Other(Arc::new(store)));
        self
    }

    /// Sets how the last resort is read, so that [`resume`](super::Workflows::resume) can move the secret
    /// from there to the store.
    #[must_use]
    pub fn last_resort_read_by(mut self, source: impl Source) -> Self {
        self.last_source = Some(Arc::new(source));
        self
    }

    /// Uses a file as the last resort.
    #[must_use]
    pub fn last_resort_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.last_resort = Some(Store::File(path.into()));
        self.last_source = None;
        self
    }

    /// Uses an encrypted file as the last resort.
    #[must_use]
    pub fn last_resort_encrypted(self, path: impl Into<PathBuf>, password: Secret) -> Self {
        let path = path.into();
        let store = store::encrypted_file(&path, password.clone());
        self.last_resort(store).last_resort_read_by(EncryptedFile { path, password })
    }

    /// Returns the name of the store in reports.
    #[must_use]
    pub fn name(&self) -> String {
        self.store.store().name()
    }

    /// Returns the name of the last resort in reports.
    #[must_use]
    pub fn last_resort_name(&self) -> Option<String> {
        self.last_resort.as_ref().map(|store| store.store().name())
    }

    pub(super) fn stores(&self) -> (Arc<dyn SecretStore>, Option<Arc<dyn SecretStore>>) {
        (self.store.store(), self.last_resort.as_ref().map(Store::store))
    }

    pub(super) fn source(&self, kind: SecretKind) -> Option<Arc<dyn Source>> {
        self.source.clone().or_else(|| self.store.source(kind))
    }

    pub(super) fn last_source(&self, kind: SecretKind) -> Option<Arc<dyn Source>> {
        self.last_source.clone().or_else(|| self.last_resort.as_ref()?.source(kind))
    }
}

impl fmt::Debug for StoreOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreOptions")
            .field("store", &self.name())
            .field("last_resort", &self.last_resort_name())
            .finish_non_exhaustive()
    }
}

/// An encrypted file as a source.
#[derive(Debug)]
struct EncryptedFile {
    path: PathBuf,
    password: Secret,
}

impl Source for EncryptedFile {
    fn name(&self) -> String {
        format!("encrypted file {}", self.path.display())
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        if !self.path.exists() {
            return Ok(Fetched::Absent("the file does not exist".to_owned()));
        }
        let secret = read_encrypted_file(&self.path, &self.password)
            .map_err(|error| CredentialError::new(Code::ID_13, error.message()).at(self.name()).with_source(error))?;
        Ok(Fetched::Found(secret.raw()))
    }
}
