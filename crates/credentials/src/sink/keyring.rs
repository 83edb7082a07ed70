//! Secrets in the operating system's keyring, in the items that a keyring source reads.

use std::fmt;
use std::sync::Arc;

use keyring_core::{CredentialStore, Entry, Error};
use zeroize::Zeroizing;

use super::file::expect_kind;
use super::{Kept, KeptSecret, PreparedSink, SecretKind, SecretSink, SinkError, SinkErrorKind};
use crate::durable::random_name;
use crate::source::keyring::{SERVICE, platform};

/// Items of the operating system's keyring that a [`KeyringSource`](crate::KeyringSource) of the same service reads: `api-key`
/// and `api-key-ends`; or `certificate` with private key and chain in one PEM text, so that they change in one step;
/// `owner-ends`.
///
/// Proved beforehand by an item as large as the secret may become, which is written, read and deleted. Windows takes 2560
/// bytes an item, which is too few for a certificate with its key.
///
/// ```no_run
/// use digicert_one_credentials::{KeyringSink, SecretKind, SecretSink};
/// let prepared = KeyringSink::new().with_service("digicert-one-staging").prepare(SecretKind::ApiKey)?;
/// # Ok::<(), digicert_one_credentials::SinkError>(())
/// ```
#[derive(Clone)]
pub struct KeyringSink {
    store: Option<Arc<CredentialStore>>,
    service: String,
}

impl KeyringSink {
    /// The keyring of this system.
    #[must_use]
    pub fn new() -> Self {
        Self { store: None, service: SERVICE.to_owned() }
    }

    /// Another store of the `keyring` family of crates.
    #[must_use]
    pub fn over(store: Arc<CredentialStore>) -> Self {
        Self { store: Some(store), ..Self::new() }
    }

    /// Another service than `digicert-one`: one for each service user.
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
        let store = self.store.clone().map_or_else(platform, Ok).map_err(|error| failed(&self.name(), &error))?;
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
                // First the old end date: it must not stand beside the new key.
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
        let name = random_name().map_err(|error| SinkError::io(&*self.name, "cannot make a name", error))?;
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
        let message = "what was read back is not what was written";
        Err(SinkError::new(SinkErrorKind::ReadBackDiffers, self.place(account), message))
    }

    fn delete(&self, account: &str) -> Result<(), SinkError> {
        match self.entry(account)?.delete_credential() {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(failed(&self.place(account), &error)),
        }
    }
}

/// What went wrong, without what the error holds of the item.
fn failed(place: &str, error: &Error) -> SinkError {
    let message = match error {
        Error::PlatformFailure(cause) => format!("the keyring cannot be reached: {cause}"),
        Error::NoStorageAccess(cause) => format!("the keyring is locked or does not let us in: {cause}"),
        Error::TooLong(_, limit) => {
            let message = format!("the keyring takes no more than {limit} bytes an item; use a file");
            return SinkError::new(SinkErrorKind::Full, place, message);
        }
        Error::Ambiguous(_) => "the keyring has more than one such item: remove all but one".to_owned(),
        Error::NotSupportedByStore(what) => format!("the keyring cannot do this: {what}"),
        Error::NoEntry => "the item is not there after it was written".to_owned(),
        _ => "the keyring failed".to_owned(),
    };
    SinkError::new(SinkErrorKind::Keyring, place, message)
}
