//! Secrets in the operating system's keyring, in the items that a keyring source reads.

use std::fmt;
use std::sync::Arc;

use digicert_one_credentials::{KeyringSource, platform_keyring};
use keyring_core::{CredentialStore, Entry, Error};
use zeroize::Zeroizing;

use super::file::expect_kind;
use super::{Kept, KeptSecret, PreparedSink, SecretKind, SecretSink, SinkError, SinkErrorKind};
use crate::durable::random_name;

/// Items of the operating system's keyring that a [`KeyringSource`](digicert_one_credentials::KeyringSource) of the same service reads: `api-key`
/// and `api-key-ends`; or `certificate` with private key and chain in one PEM text, so that they change in one step;
/// `owner-ends`.
///
/// Checked beforehand with an item as large as the secret can become, which is written, read and deleted.
/// Windows allows 2560 bytes per item, too few for a certificate with its key.
///
/// ```no_run
/// use digicert_one_provisioning::{KeyringSink, SecretKind, SecretSink};
/// let prepared = KeyringSink::new().with_service("digicert-one-staging").prepare(SecretKind::ApiKey)?;
/// # Ok::<(), digicert_one_provisioning::SinkError>(())
/// ```
#[derive(Clone)]
pub struct KeyringSink {
    store: Option<Arc<CredentialStore>>,
    service: String,
}

impl KeyringSink {
    /// Creates a sink for the keyring of this system.
    #[must_use]
    pub fn new() -> Self {
        Self { store: None, service: KeyringSource::SERVICE.to_owned() }
    }

    /// Creates a sink for another store of the `keyring` family of crates.
    #[must_use]
    pub fn over(store: Arc<CredentialStore>) -> Self {
        Self { store: Some(store), ..Self::new() }
    }

    /// Sets another service than `digicert-one`, for example one per service user.
    #[must_use]
    pub fn with_service(mut self, service: impl Into<String>) -> Self {
        self.service = service.into();
        self
    }
}

impl Default for KeyringSink {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for KeyringSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringSink").field("service", &self.service).finish_non_exhaustive()
    }
}

impl SecretSink for KeyringSink {
    fn name(&self) -> String {
        format!("keyring service {}", self.service)
    }

    fn prepare(&self, kind: SecretKind) -> Result<Box<dyn PreparedSink>, SinkError> {
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

impl PreparedSink for Prepared {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn keep(&mut self, secret: &KeptSecret) -> Result<Kept, SinkError> {
        expect_kind(self.kind, secret, &self.name)?;
        let (facts, text) = (secret.facts(), secret.text());
        match self.kind {
            SecretKind::ApiKey => {
                let key = text.strip_suffix(b"\n").unwrap_or(&text);
                // First the old end date: it must not be combined with the new key.
                self.delete("api-key-ends")?;
                self.put("api-key", key)?;
                if let Some(ends) = facts.ends {
                    self.put("api-key-ends", ends.to_string().as_bytes())?;
                }
            }
            SecretKind::Certificate => {
                self.put("certificate", &text)?;
                self.delete("private-key")?;
                self.delete("password")?;
            }
        }
        if let Some(ends) = facts.owner_ends {
            self.put("owner-ends", ends.to_string().as_bytes())?;
        }
        Ok(Kept::read_back(self.name.clone()))
    }
}

impl Prepared {
    fn probe(&self) -> Result<(), SinkError> {
        let name = random_name().map_err(|error| SinkError::io(&*self.name, "failed to generate a name", error))?;
        let account = format!("probe-{name}");
        let size = match self.kind {
            SecretKind::ApiKey => 128,
            SecretKind::Certificate => 8 << 10,
        };
        let probed = self.put(&account, &vec![b'0'; size]);
        let deleted = self.delete(&account);
        probed.and(deleted)
    }

    fn entry(&self, account: &str) -> Result<Entry, SinkError> {
        self.store.build(&self.service, account, None).map_err(|error| failed(&self.place(account), &error))
    }

    fn place(&self, account: &str) -> String {
        format!("keyring item {account} of {}", self.service)
    }

    fn put(&self, account: &str, content: &[u8]) -> Result<(), SinkError> {
        let entry = self.entry(account)?;
        entry.set_secret(content).map_err(|error| failed(&self.place(account), &error))?;
        let found = entry.get_secret().map(Zeroizing::new).map_err(|error| failed(&self.place(account), &error))?;
        if *found == content {
            return Ok(());
        }
        let message = "the content read back differs from what was written";
        Err(SinkError::new(SinkErrorKind::ReadBackDiffers, self.place(account), message))
    }

    fn delete(&self, account: &str) -> Result<(), SinkError> {
        match self.entry(account)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(failed(&self.place(account), &error)),
        }
    }
}

/// Describes a failure without the error's content, which may include the item.
fn failed(place: &str, error: &Error) -> SinkError {
    let message = match error {
        Error::PlatformFailure(cause) => format!("failed to reach the keyring: {cause}"),
        Error::NoStorageAccess(cause) => format!("the keyring is locked or denies access: {cause}"),
        Error::TooLong(_, limit) => {
            let message = format!("the keyring allows at most {limit} bytes per item; use a file");
            return SinkError::new(SinkErrorKind::Full, place, message);
        }
        Error::Ambiguous(_) => "the keyring has more than one such item: remove all but one".to_owned(),
        Error::NotSupportedByStore(what) => format!("unsupported by the keyring: {what}"),
        Error::NoEntry => "the item is missing after it was written".to_owned(),
        _ => "the keyring failed".to_owned(),
    };
    SinkError::new(SinkErrorKind::Keyring, place, message)
}

#[cfg(test)]
mod tests {
    use digicert_one_core::Secret;
    use digicert_one_credentials::{Fetched, KeyringSource, Source};
    use keyring_core::api::CredentialStoreApi;
    use keyring_core::mock;

    use super::*;
    use crate::SecretFacts;

    fn key(text: &str) -> KeptSecret {
        let ends = Some("2027-01-31".parse().expect("a day"));
        KeptSecret::api_key(Secret::new(text, "a test"), SecretFacts::new().with_ends(ends, ends))
    }

    fn keep(store: &Arc<mock::Store>, secret: &KeptSecret) -> Result<Kept, SinkError> {
        KeyringSink::over(Arc::clone(store) as _).prepare(secret.kind())?.keep(secret)
    }

    #[test]
    fn stored_secret_is_read_by_a_keyring_source() {
        let store = mock::Store::new().expect("a store in memory");
        for text in ["canary-before", "canary"] {
            assert!(keep(&store, &key(text)).expect("kept").read_back);
        }
        let Ok(Fetched::Found(raw)) = KeyringSource::over(Arc::clone(&store) as _).fetch() else {
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
            let entry = store.build(KeyringSource::SERVICE, account, None).expect("an entry");
            entry.set_secret(b"old").expect("stored");
        }
        let new =
            digicert_one_identity::NewKey::generate(digicert_one_identity::KeyAlgorithm::P256).expect("random numbers");
        let pem = new.to_pem();
        let pair = rcgen::KeyPair::from_pem(pem.expose_text().expect("text")).expect("a key");
        let certificate = rcgen::CertificateParams::default().self_signed(&pair).expect("signed");
        let identity = new.pair_with(vec![certificate.der().clone()]).expect("they belong together");
        keep(&store, &KeptSecret::certificate(identity.clone(), SecretFacts::new())).expect("kept");
        let Ok(Fetched::Found(raw)) = KeyringSource::over(Arc::clone(&store) as _).fetch() else {
            panic!("it is there")
        };
        let reading = raw.read(&digicert_one_identity::Rules::at(std::time::SystemTime::now())).expect("usable");
        assert_eq!(reading.material.identity().expect("there").thumbprint(), identity.thumbprint());
    }

    #[test]
    fn prepared_keyring_has_no_new_items() {
        let store = mock::Store::new().expect("a store in memory");
        let sink = KeyringSink::over(Arc::clone(&store) as _);
        drop(sink.prepare(SecretKind::Certificate).expect("prepared"));
        assert!(matches!(KeyringSource::over(store as _).fetch(), Ok(Fetched::Absent(_))));
    }

    #[test]
    fn failing_keyring_is_named_without_the_item() {
        let store = mock::Store::new().expect("a store in memory");
        let mut prepared = KeyringSink::over(Arc::clone(&store) as _).prepare(SecretKind::ApiKey).expect("prepared");
        for (error, kind, named) in [
            (Error::NoStorageAccess("locked".into()), SinkErrorKind::Keyring, "locked"),
            (Error::BadEncoding(b"canary".to_vec()), SinkErrorKind::Keyring, "failed"),
            (Error::TooLong("secret".to_owned(), 2560), SinkErrorKind::Full, "2560"),
        ] {
            let entry = store.build(KeyringSource::SERVICE, "api-key", None).expect("an entry");
            entry.as_any().downcast_ref::<mock::Cred>().expect("of the mock").set_error(error);
            let error = prepared.keep(&key("canary")).expect_err("it fails");
            assert_eq!(error.kind(), kind);
            let text = format!("{error} {error:?}");
            assert!(text.contains(named) && text.contains("api-key") && !text.contains("canary"), "{text}");
        }
    }
}
