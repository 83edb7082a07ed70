//! Secrets in the operating system's keyring, in the items that a keyring source reads.

use std::fmt;
use std::sync::Arc;

use digicert_one_credentials::source::platform_keyring;
use keyring_core::{CredentialStore, Entry, Error};
use zeroize::Zeroizing;

use super::file::expect_kind;
use super::{PreparedStore, SecretKind, SecretStore, StoreError, StoreErrorKind, StoreReceipt, StoredSecret};
use crate::durable::random_name;

/// Returns the store that writes items of the operating system's keyring, which a [keyring source](digicert_one_credentials::source::keyring) of the same service reads: `api-key`
/// and `api-key-end_date`; or `certificate` with private key and chain in one PEM text, so that they change in one step;
/// `owner-end_date`.
///
/// Checked beforehand with an item as large as the secret can become, which is written, read and deleted.
/// Windows allows 2560 bytes per item, too few for a certificate with its key.
///
/// ```no_run
/// use digicert_one_provisioning::store::{self, SecretKind, SecretStore};
/// let prepared = store::keyring("digicert-one-staging").prepare(SecretKind::ApiKey)?;
/// # Ok::<(), digicert_one_provisioning::StoreError>(())
/// ```
#[must_use]
pub fn keyring(service: impl Into<String>) -> impl SecretStore {
    KeyringStore { store: None, service: service.into() }
}

/// Returns the same store as [`keyring`], over another store of the `keyring` family of crates.
#[must_use]
pub fn keyring_in(store: Arc<CredentialStore>, service: impl Into<String>) -> impl SecretStore {
    KeyringStore { store: Some(store), service: service.into() }
}

/// A keyring, and the service of the items.
#[derive(Clone)]
struct KeyringStore {
    store: Option<Arc<CredentialStore>>,
    service: String,
}

impl fmt::Debug for KeyringStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringStore").field("service", &self.service).finish_non_exhaustive()
    }
}

impl SecretStore for KeyringStore {
    fn name(&self) -> String {
        format!("keyring service {}", self.service)
    }

    fn prepare(&self, kind: SecretKind) -> Result<Box<dyn PreparedStore>, StoreError> {
        let store =
            self.store.clone().map_or_else(platform_keyring, Ok).map_err(|error| failed(&self.name(), &error))?;
        let prepared = Prepared { store, service: self.service.clone(), name: self.name(), kind };
        prepared.probe()?;
        Ok(Box::new(prepared))
    }
}

struct Prepared {
    store: Arc<CredentialStore>,
    service: String,
    name: String,
    kind: SecretKind,
}

impl fmt::Debug for Prepared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Prepared({})", self.name)
    }
}

impl PreparedStore for Prepared {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn store(&mut self, secret: &StoredSecret) -> Result<StoreReceipt, StoreError> {
        expect_kind(self.kind, secret, &self.name)?;
        let text = secret.text();
        match self.kind {
            SecretKind::ApiKey => {
                let key = text.strip_suffix(b"\n").unwrap_or(&text);
                // First the old end date: it must not be combined with the new key.
                self.delete("api-key-ends")?;
                self.put("api-key", key)?;
                if let Some(end_date) = secret.end_date() {
                    self.put("api-key-ends", end_date.to_string().as_bytes())?;
                }
            }
            SecretKind::Certificate => {
                self.put("certificate", &text)?;
                self.delete("private-key")?;
                self.delete("password")?;
            }
        }
        if let Some(end_date) = secret.owner_ends() {
            self.put("owner-ends", end_date.to_string().as_bytes())?;
        }
        Ok(StoreReceipt::read_back(self.name.clone()))
    }
}

impl Prepared {
    fn probe(&self) -> Result<(), StoreError> {
        let name = random_name().map_err(|error| StoreError::io(&*self.name, "failed to generate a name", error))?;
        let account = format!("probe-{name}");
        let size = match self.kind {
            SecretKind::ApiKey => 128,
            SecretKind::Certificate => 8 << 10,
        };
        let probed = self.put(&account, &vec![b'0'; size]);
        let deleted = self.delete(&account);
        probed.and(deleted)
    }

    fn entry(&self, account: &str) -> Result<Entry, StoreError> {
        self.store.build(&self.service, account, None).map_err(|error| failed(&self.place(account), &error))
    }

    fn place(&self, account: &str) -> String {
        format!("keyring item {account} of {}", self.service)
    }

    fn put(&self, account: &str, content: &[u8]) -> Result<(), StoreError> {
        let entry = self.entry(account)?;
        entry.set_secret(content).map_err(|error| failed(&self.place(account), &error))?;
        let found = entry.get_secret().map(Zeroizing::new).map_err(|error| failed(&self.place(account), &error))?;
        if *found == content {
            return Ok(());
        }
        let message = "the content read back differs from what was written";
        Err(StoreError::new(StoreErrorKind::ReadBackDiffers, self.place(account), message))
    }

    fn delete(&self, account: &str) -> Result<(), StoreError> {
        match self.entry(account)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(failed(&self.place(account), &error)),
        }
    }
}

/// Describes a failure without the error's content, which may include the item.
fn failed(place: &str, error: &Error) -> StoreError {
    let message = match error {
        Error::PlatformFailure(cause) => format!("failed to reach the keyring: {cause}"),
        Error::NoStorageAccess(cause) => format!("the keyring is locked or denies access: {cause}"),
        Error::TooLong(_, limit) => {
            let message = format!("the keyring allows at most {limit} bytes per item; use a file");
            return StoreError::new(StoreErrorKind::Full, place, message);
        }
        Error::Ambiguous(_) => "the keyring has more than one such item: remove all but one".to_owned(),
        Error::NotSupportedByStore(what) => format!("unsupported by the keyring: {what}"),
        Error::NoEntry => "the item is missing after it was written".to_owned(),
        _ => "the keyring failed".to_owned(),
    };
    StoreError::new(StoreErrorKind::Keyring, place, message)
}

#[cfg(test)]
mod tests {
    use digicert_one_core::Secret;
    use digicert_one_credentials::source::{Fetched, KEYRING_SERVICE, Source, keyring_in as source_in};
    use keyring_core::api::CredentialStoreApi;
    use keyring_core::mock;

    use super::*;

    fn key(text: &str) -> StoredSecret {
        let end_date = Some("2027-01-31".parse().expect("a day"));
        StoredSecret::api_key(Secret::new(text, "a test")).with_ends(end_date, end_date)
    }

    fn store_in(store: &Arc<mock::Store>, secret: &StoredSecret) -> Result<StoreReceipt, StoreError> {
        keyring_in(Arc::clone(store) as _, KEYRING_SERVICE).prepare(secret.kind())?.store(secret)
    }

    #[test]
    fn stored_secret_is_read_by_a_keyring_source() {
        let store = mock::Store::new().expect("a store in memory");
        for text in ["canary-before", "canary"] {
            assert!(store_in(&store, &key(text)).expect("stored").read_back);
        }
        let Ok(Fetched::Found(raw)) = source_in(Arc::clone(&store) as _, KEYRING_SERVICE).fetch() else {
            panic!("it is there")
        };
        assert_eq!(raw.api_key.expect("a key").expose(), b"canary");
        assert_eq!(raw.key_ends.expect("a day").to_string(), "2027-01-31T23:59:59Z");
        assert!(raw.owner_ends.is_some());
    }

    #[test]
    fn certificate_replaces_a_pair_and_its_password() {
        let store = mock::Store::new().expect("a store in memory");
        for account in ["certificate", "private-key", "password"] {
            let entry = store.build(KEYRING_SERVICE, account, None).expect("an entry");
            entry.set_secret(b"old").expect("stored");
        }
        let new =
            digicert_one_identity::NewKey::generate(digicert_one_identity::KeyAlgorithm::P256).expect("random numbers");
        let pem = new.to_pem();
        let pair = rcgen::KeyPair::from_pem(pem.expose_text().expect("text")).expect("a key");
        let certificate = rcgen::CertificateParams::default().self_signed(&pair).expect("signed");
        let identity = new.pair_with(vec![certificate.der().clone()]).expect("they belong together");
        store_in(&store, &StoredSecret::certificate(identity.clone())).expect("stored");
        let Ok(Fetched::Found(raw)) = source_in(Arc::clone(&store) as _, KEYRING_SERVICE).fetch() else {
            panic!("it is there")
        };
        let reading = raw.read(&digicert_one_identity::ReadOptions::at(std::time::SystemTime::now())).expect("usable");
        assert_eq!(reading.material.identity().expect("there").thumbprint(), identity.thumbprint());
    }

    #[test]
    fn prepared_keyring_has_no_new_items() {
        let store = mock::Store::new().expect("a store in memory");
        drop(keyring_in(Arc::clone(&store) as _, KEYRING_SERVICE).prepare(SecretKind::Certificate).expect("prepared"));
        assert!(matches!(source_in(store as _, KEYRING_SERVICE).fetch(), Ok(Fetched::Absent(_))));
    }

    #[test]
    fn failing_keyring_is_named_without_the_item() {
        let store = mock::Store::new().expect("a store in memory");
        let mut prepared =
            keyring_in(Arc::clone(&store) as _, KEYRING_SERVICE).prepare(SecretKind::ApiKey).expect("prepared");
        for (error, kind, named) in [
            (Error::NoStorageAccess("locked".into()), StoreErrorKind::Keyring, "locked"),
            (Error::BadEncoding(b"canary".to_vec()), StoreErrorKind::Keyring, "failed"),
            (Error::TooLong("secret".to_owned(), 2560), StoreErrorKind::Full, "2560"),
        ] {
            let entry = store.build(KEYRING_SERVICE, "api-key", None).expect("an entry");
            entry.as_any().downcast_ref::<mock::Cred>().expect("of the mock").set_error(error);
            let error = prepared.store(&key("canary")).expect_err("it fails");
            assert_eq!(error.kind(), kind);
            let text = format!("{error} {error:?}");
            assert!(text.contains(named) && text.contains("api-key") && !text.contains("canary"), "{text}");
        }
    }
}
