//! The state of content signing, and one call on its way through it.

use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use digicert_one_testbed::Pki;
use http::Request;

use super::book::Book;
use super::credential::Credential;
use super::digest_auth::Nonces;
use super::options::CscOptions;
use super::transaction::Transactions;
use crate::id::new_secret;
use crate::observation::HostKind;
use crate::state::CscSecrets;

/// The state of content signing.
pub(crate) struct CscState {
    /// With all secrets filled in, and no credentials: those are below.
    pub(super) options: CscOptions,
    pub(super) credentials: Vec<Credential>,
    signer_agrees: AtomicBool,
    /// The URL of the platform listener, once it listens.
    pub(super) platform: OnceLock<String>,
    desk: Mutex<Desk>,
}

/// What changes with each call.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) book: Book,
    pub(super) transactions: Transactions,
    pub(super) nonces: Nonces,
}

/// One call on its way.
pub(super) struct Context<'a> {
    pub(super) csc: &'a CscState,
    pub(super) request: &'a Request<Bytes>,
    pub(super) host: HostKind,
    /// The version of the API in the path, if there is one.
    pub(super) version: &'a str,
    pub(super) now: SystemTime,
}

impl CscState {
    /// Secrets that the options leave open are those of the last start, or new ones, which are stored.
    pub(crate) fn create(mut options: CscOptions, pki: &Arc<Pki>, stored: &mut CscSecrets) -> Self {
        for client in &mut options.clients {
            settle(&mut client.secret, stored.clients.entry(client.id.clone()));
        }
        for user in &mut options.digest_users {
            settle(&mut user.password, stored.digest_users.entry(user.name.clone()));
        }
        let credentials = std::mem::take(&mut options.credentials);
        CscState {
            credentials: credentials.into_iter().map(|spec| Credential::new(spec, Arc::clone(pki))).collect(),
            signer_agrees: AtomicBool::new(options.signer_agrees),
            platform: OnceLock::new(),
            desk: Mutex::default(),
            options,
        }
    }

    /// Sets the URL of the platform listener; called once, at start.
    pub(crate) fn listens_at(&self, platform: String) {
        let _ = self.platform.set(platform);
    }

    pub(super) fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn signer_agrees(&self) -> bool {
        self.signer_agrees.load(Ordering::Relaxed)
    }

    pub(super) fn set_signer_agrees(&self, agrees: bool) {
        self.signer_agrees.store(agrees, Ordering::Relaxed);
    }

    pub(super) fn credential(&self, id: &str) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.spec.id == id)
    }

    /// Whether anybody can log in.
    pub(super) fn login_offered(&self) -> bool {
        !self.options.digest_users.is_empty()
    }
}

/// A secret that is given counts more than the stored one.
fn settle(secret: &mut Option<String>, stored: Entry<'_, String, String>) {
    match secret {
        Some(given) => *stored.or_default() = given.clone(),
        None => *secret = Some(stored.or_insert_with(new_secret).clone()),
    }
}
