//! The operating system's keyring: Secret Service on Linux and the BSDs (over D-Bus in pure Rust: no system
//! library, no tokio), Keychain on macOS, Credential Manager on Windows. Behind the feature `keyring`,
//! because of its dependencies.

use std::fmt;
use std::sync::Arc;

use digicert_one_core::{Code, CredentialError, Secret};
use keyring_core::{CredentialStore, Error};

use super::gather::end_date;
use crate::{Fetched, RawCredential, Source};

/// The default service of the items.
pub const KEYRING_SERVICE: &str = "digicert-one";

/// Returns the source that reads the operating system's keyring: items of this service, such as
/// [`KEYRING_SERVICE`], by these account names:
///
/// `api-key`; `certificate` (any format; base64 if the keyring stores text only), `private-key`, `password`;
/// `api-key-ends`, `owner-ends`.
///
/// On Linux: `secret-tool store --label='DigiCert ONE' service digicert-one username api-key`. A locked
/// keyring may prompt its user. Windows allows 2560 bytes per item, too few for most key stores: store those
/// in a file, with their password here.
///
/// ```no_run
/// use digicert_one_credentials::source;
/// let source = source::keyring("digicert-one-staging");
/// ```
#[must_use]
pub fn keyring(service: impl Into<String>) -> impl Source {
    KeyringSource { store: None, service: service.into(), optional: false }
}

/// Returns the same source as [`keyring`], over another store of the `keyring` family of crates.
#[must_use]
pub fn keyring_in(store: Arc<CredentialStore>, service: impl Into<String>) -> impl Source {
    KeyringSource { store: Some(store), service: service.into(), optional: false }
}

/// A keyring, opened at the first fetch, and the service of the items.
#[derive(Clone)]
pub(crate) struct KeyringSource {
    store: Option<Arc<CredentialStore>>,
    service: String,
    optional: bool,
}

impl KeyringSource {
    /// Creates the last source of a chain: an unreachable keyring counts as not configured, since it was not
    /// requested explicitly.
    pub(crate) fn if_reachable() -> Self {
        Self { store: None, service: KEYRING_SERVICE.to_owned(), optional: true }
    }
}

impl fmt::Debug for KeyringSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyringSource").field("service", &self.service).finish_non_exhaustive()
    }
}

impl Source for KeyringSource {
    fn name(&self) -> String {
        format!("keyring service {}", self.service)
    }

    fn fetch(&self) -> Result<Fetched, CredentialError> {
        let unreachable = |error: Error| failed(&self.name(), &error);
        let store = match self.store.clone().map_or_else(platform_keyring, Ok) {
            Ok(store) => store,
            Err(error) if self.optional => return Ok(Fetched::Absent(unreachable(error).message().to_owned())),
            Err(error) => return Err(unreachable(error)),
        };
        let item = |account: &str| read(&*store, &self.service, account);
        let mut warnings = Vec::new();
        let mut text = |account: &str| item(account).map(|found| found.map(|secret| secret.line(&mut warnings)));
        let mut raw = RawCredential::new();
        raw.api_key = text("api-key")?;
        raw.certificate = item("certificate")?;
        if raw.certificate.is_some() {
            raw.private_key = item("private-key")?;
            raw.password = text("password")?;
        }
        if raw.api_key.is_none() && raw.certificate.is_none() {
            return Ok(Fetched::Absent("it has no item named api-key or certificate".to_owned()));
        }
        let mut ends = |account: &str| text(account)?.map(|secret| end_date(&secret)).transpose();
        raw = raw.with_ends(ends("api-key-ends")?, ends("owner-ends")?);
        raw.warnings.append(&mut warnings);
        Ok(Fetched::Found(raw))
    }
}

/// Reads one item of this system's keyring, for a reference.
pub(crate) fn item(account: &str) -> Result<Option<Secret>, CredentialError> {
    let store = platform_keyring().map_err(|error| failed(&format!("keyring item {account}"), &error))?;
    read(&*store, KEYRING_SERVICE, account)
}

fn read(store: &CredentialStore, service: &str, account: &str) -> Result<Option<Secret>, CredentialError> {
    let origin = format!("keyring item {account} of {service}");
    match store.build(service, account, None).and_then(|entry| entry.get_secret()) {
        Ok(bytes) => Ok(Some(Secret::new(bytes, origin))),
        Err(Error::NoEntry) => Ok(None),
        Err(error) => Err(failed(&origin, &error)),
    }
}

/// Describes a failure without the error's debug form, which may contain the secret.
fn failed(place: &str, error: &Error) -> CredentialError {
    let message = match error {
        Error::PlatformFailure(cause) => format!("failed to reach the keyring: {cause}"),
        Error::NoStorageAccess(cause) => format!("the keyring is locked or denies access: {cause}"),
        Error::Ambiguous(_) => "the keyring has more than one such item: remove all but one".to_owned(),
        Error::BadEncoding(_) | Error::BadDataFormat(..) => "the item is damaged: store it again".to_owned(),
        Error::NotSupportedByStore(what) => format!("unsupported by the keyring: {what}"),
        _ => "the keyring failed".to_owned(),
    };
    CredentialError::new(Code::ID_13, message).at(place)
}

/// Returns the keyring of this system.
///
/// # Errors
/// Returns an error if it cannot be reached, or no supported keyring exists.
#[cfg(all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android"))))]
pub fn platform_keyring() -> Result<Arc<CredentialStore>, Error> {
    Ok(zbus_secret_service_keyring_store::Store::new()?)
}

/// Returns the keyring of this system.
///
/// # Errors
/// Returns an error if it cannot be reached.
#[cfg(target_os = "macos")]
pub fn platform_keyring() -> Result<Arc<CredentialStore>, Error> {
    Ok(apple_native_keyring_store::keychain::Store::new()?)
}

/// Returns the keyring of this system.
///
/// # Errors
/// Returns an error if it cannot be reached.
#[cfg(windows)]
pub fn platform_keyring() -> Result<Arc<CredentialStore>, Error> {
    Ok(windows_native_keyring_store::Store::new()?)
}

/// Returns the keyring of this system.
///
/// # Errors
/// Always returns an error: no supported keyring exists.
#[cfg(not(any(
    windows,
    target_os = "macos",
    all(unix, not(any(target_os = "macos", target_os = "ios", target_os = "android")))
)))]
pub fn platform_keyring() -> Result<Arc<CredentialStore>, Error> {
    Err(Error::NotSupportedByStore("no supported keyring exists on this system".to_owned()))
}

#[cfg(test)]
mod tests {
    use keyring_core::api::CredentialStoreApi;
    use keyring_core::mock;

    use super::*;

    fn store(items: &[(&str, &[u8])]) -> Arc<mock::Store> {
        let store = mock::Store::new().expect("a store in memory");
        for (account, secret) in items {
            let entry = store.build(KEYRING_SERVICE, account, None).expect("an entry");
            entry.set_secret(secret).expect("stored");
        }
        store
    }

    #[test]
    fn items_are_found_by_account_name() {
        let items = store(&[
            ("api-key", b"canary\n"),
            ("certificate", b"\x30\x82"),
            ("password", b"p"),
            ("owner-ends", b"2027-01-31"),
        ]);
        let source = keyring_in(items, KEYRING_SERVICE);
        let Ok(Fetched::Found(raw)) = source.fetch() else { panic!("they are there") };
        let key = raw.api_key.expect("a key");
        assert_eq!((key.expose(), &**key.origin()), (&b"canary"[..], "keyring item api-key of digicert-one"));
        assert_eq!(raw.certificate.expect("a store").expose(), b"\x30\x82");
        assert!(raw.private_key.is_none() && raw.password.is_some() && raw.owner_ends.is_some());
        assert!(!format!("{source:?}").contains("canary"));
    }

    #[test]
    fn missing_items_and_items_of_another_service_are_absent() {
        let source = keyring_in(store(&[("password", b"alone")]), KEYRING_SERVICE);
        assert!(matches!(source.fetch(), Ok(Fetched::Absent(_))));
        let source = keyring_in(store(&[("api-key", b"k")]), "another");
        assert!(matches!(source.fetch(), Ok(Fetched::Absent(_))));
    }

    #[cfg(windows)]
    #[test]
    fn item_of_the_credential_manager_is_found() {
        let service = format!("digicert-one-test-{}", std::process::id());
        let store = platform_keyring().expect("the Credential Manager");
        let entry = store.build(&service, "api-key", None).expect("an entry");
        entry.set_secret(b"canary").expect("stored");
        let fetched = keyring(service.as_str()).fetch();
        entry.delete_credential().expect("removed");
        let Ok(Fetched::Found(raw)) = fetched else { panic!("it is there") };
        assert_eq!(raw.api_key.expect("a key").expose(), b"canary");
        assert!(matches!(keyring(service).fetch(), Ok(Fetched::Absent(_))));
    }

    #[test]
    fn failing_keyring_is_a_coded_error_without_the_item() {
        for (error, named) in [
            (Error::PlatformFailure("no session bus".into()), "reach the keyring: no session bus"),
            (Error::NoStorageAccess("locked".into()), "locked"),
            (Error::BadEncoding(b"canary".to_vec()), "damaged"),
            (Error::BadDataFormat(b"canary".to_vec(), "odd".into()), "damaged"),
        ] {
            let store = store(&[("api-key", b"canary")]);
            let entry = store.build(KEYRING_SERVICE, "api-key", None).expect("an entry");
            entry.as_any().downcast_ref::<mock::Cred>().expect("of the mock").set_error(error);
            let error = keyring_in(store, KEYRING_SERVICE).fetch().expect_err("it fails");
            assert_eq!(error.code(), Code::ID_13);
            let text = format!("{error} {error:?}");
            assert!(text.contains(named) && text.contains("api-key") && !text.contains("canary"), "{text}");
            assert!(!text.contains(&format!("{:?}", b"canary")), "{text}");
        }
    }
}
