//! Secrets in files: the API key as a line of text, the certificate and its private key in one PEM file or two.

use std::path::PathBuf;

use super::occupied::Expected;
use super::{PreparedStore, SecretKind, SecretStore, StoreError, StoreErrorKind, StoreReceipt, StoredSecret};
use crate::durable::Reserved;

/// Returns the store that replaces this file, in an existing directory, atomically.
///
/// An API key is written as a line of text, a certificate as a PEM file with the private key first and the
/// chain after it; a [`FileSource`](digicert_one_credentials::FileSource) reads both. The old content stays
/// until the new file is durable. A symlink is refused: it would be replaced, not followed.
///
/// A new file has mode 0600. One that replaces another keeps its owner, group, mode (up to 0640; 0644 for a
/// certificate chain without its key), ACLs and other extended attributes. If that is not possible, or the
/// file has hard links, is bind-mounted or is protected by a flag or a sticky directory, `prepare` fails. It
/// also fails if the file holds anything but a secret of this kind.
///
/// ```
/// use digicert_one_provisioning::store::{self, SecretKind, SecretStore, StoredSecret};
/// use digicert_one_core::Secret;
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("api-key");
/// let mut prepared = store::file(&path).prepare(SecretKind::ApiKey)?;
/// let key = StoredSecret::api_key(Secret::new("an-api-key", "the response"));
/// prepared.store(&key)?;
/// assert_eq!(std::fs::read(&path)?, b"an-api-key\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn file(path: impl Into<PathBuf>) -> impl SecretStore {
    FileStore { path: path.into(), private_key: None }
}

/// Returns the same store as [`file`](file()), with the private key of a certificate in a separate file.
///
/// Two files cannot change in one step: the key is renamed first, and a reader in between finds a pair
/// that does not match (a watching credential keeps the previous one). A process that is killed in
/// between leaves such a pair; one file, or a [`directory`](super::directory()), never does.
#[must_use]
pub fn file_pair(certificate: impl Into<PathBuf>, private_key: impl Into<PathBuf>) -> impl SecretStore {
    FileStore { path: certificate.into(), private_key: Some(private_key.into()) }
}

/// A file, or two: the second one for the private key.
#[derive(Clone, Debug)]
struct FileStore {
    path: PathBuf,
    private_key: Option<PathBuf>,
}

impl FileStore {
    fn reserve(&self, kind: SecretKind) -> Result<(Reserved, Option<Reserved>), StoreError> {
        if self.private_key.is_some() && kind == SecretKind::ApiKey {
            let message = "an API key has no private key; use one file only";
            return Err(StoreError::new(StoreErrorKind::Unsuitable, self.name(), message));
        }
        if self.private_key.as_ref() == Some(&self.path) {
            let message = "certificate and private key have the same path; give it once for one file with both";
            return Err(StoreError::new(StoreErrorKind::Unsuitable, self.name(), message));
        }
        let expected = match (kind, &self.private_key) {
            (SecretKind::ApiKey, _) => Expected::ApiKey,
            (_, None) => Expected::PrivateKey,
            (_, Some(_)) => Expected::Chain,
        };
        expected.check(&self.path)?;
        self.private_key.as_ref().map_or(Ok(()), |path| Expected::KeyAlone.check(path))?;
        let other = self.private_key.as_ref().map(|path| Reserved::new(path, kind.reserve())).transpose()?;
        let file = if other.is_some() { Reserved::public } else { Reserved::new };
        Ok((file(&self.path, kind.reserve())?, other))
    }
}

impl SecretStore for FileStore {
    fn name(&self) -> String {
        match &self.private_key {
            Some(key) => format!("files {} and {}", self.path.display(), key.display()),
            None => format!("file {}", self.path.display()),
        }
    }

    fn files(&self) -> Vec<PathBuf> {
        std::iter::once(&self.path).chain(&self.private_key).cloned().collect()
    }

    fn prepare(&self, kind: SecretKind) -> Result<Box<dyn PreparedStore>, StoreError> {
        let reserved = Some(self.reserve(kind)?);
        Ok(Box::new(Prepared { store: self.clone(), kind, reserved }))
    }
}

#[derive(Debug)]
struct Prepared {
    store: FileStore,
    kind: SecretKind,
    reserved: Option<(Reserved, Option<Reserved>)>,
}

impl PreparedStore for Prepared {
    fn name(&self) -> String {
        self.store.name()
    }

    fn store(&mut self, secret: &StoredSecret) -> Result<StoreReceipt, StoreError> {
        expect_kind(self.kind, secret, &self.store.name())?;
        let (mut file, mut other) = match self.reserved.take() {
            Some(reserved) => reserved,
            None => self.store.reserve(self.kind)?,
        };
        let stored = match (&mut other, secret.halves()) {
            (Some(other), Some((chain, key))) => (|| {
                // Both are durable before either is visible.
                other.write(&key)?;
                file.write(chain.as_bytes())?;
                other.publish()?;
                file.publish()?;
                crate::durable::compare(&self.store.path, chain.as_bytes(), &self.store.path)?;
                self.store.private_key.as_ref().map_or(Ok(()), |path| crate::durable::compare(path, &key, path))
            })(),
            _ => file.commit(&secret.text()),
        };
        // After a failure, the next attempt starts with new files.
        stored.map(|()| StoreReceipt::read_back(self.store.name()))
    }
}

/// Checks that a store stores the kind of secret that it was prepared for.
pub(super) fn expect_kind(kind: SecretKind, secret: &StoredSecret, place: &str) -> Result<(), StoreError> {
    if secret.kind() == kind {
        return Ok(());
    }
    let message = format!("it was prepared for the kind {kind}, but received the kind {}", secret.kind());
    Err(StoreError::new(StoreErrorKind::Unsuitable, place, message))
}
