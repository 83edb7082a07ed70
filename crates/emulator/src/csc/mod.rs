//! Content signing by the Cloud Signature Consortium's API, with the OAuth server in front of it.
//!
//! A world of its own beside the core products: tokens instead of API keys (which are taken too), error bodies of its own,
//! and signers, who are no service users. Paths and names are the CSC's (API 1.0.4) and OAuth's; what DigiCert adds
//! (`user_id` in the query) is marked where it is read. This file holds the state and what the one who starts it may see.

mod access;
mod authorize;
mod body;
mod book;
mod calls;
mod credential;
mod credentials;
mod digest_auth;
mod form;
mod handle;
mod info;
mod login;
mod options;
mod refusal;
mod signatures;
mod token;
mod transaction;

use std::collections::btree_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use digicert_one_testbed::Pki;

use book::Book;
use credential::Credential;
use digest_auth::Nonces;
use transaction::Transactions;

use crate::state::CscSecrets;

pub(crate) use access::bearer_sent;
pub(crate) use calls::respond;
pub use handle::Csc;
pub use options::{AuthMode, CscCredentialSpec, CscOptions, DigestUserSpec, OAuthClientSpec, Scal, SigningKey};

/// What the content-signing side knows.
pub(crate) struct State {
    /// With all secrets filled in, and no credentials: those are below.
    options: CscOptions,
    credentials: Vec<Credential>,
    signer_agrees: AtomicBool,
    /// Where the platform listener is, once it listens.
    platform: OnceLock<String>,
    desk: Mutex<Desk>,
}

/// What changes with each call.
#[derive(Default)]
struct Desk {
    book: Book,
    transactions: Transactions,
    nonces: Nonces,
}

impl State {
    /// Secrets that the options leave open are those of before, or new ones, which are kept.
    pub(crate) fn create(mut options: CscOptions, pki: &Arc<Pki>, kept: &mut CscSecrets) -> Self {
        for client in &mut options.clients {
            settle(&mut client.secret, kept.clients.entry(client.id.clone()));
        }
        for user in &mut options.digest_users {
            settle(&mut user.password, kept.digest_users.entry(user.name.clone()));
        }
        let credentials = std::mem::take(&mut options.credentials);
        State {
            credentials: credentials.into_iter().map(|spec| Credential::new(spec, Arc::clone(pki))).collect(),
            signer_agrees: AtomicBool::new(options.signer_agrees),
            platform: OnceLock::new(),
            desk: Mutex::default(),
            options,
        }
    }

    /// Tells where the platform listener is.
    pub(crate) fn listens_at(&self, platform: String) {
        // Told once, by the one start there is.
        let _ = self.platform.set(platform);
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn signer_agrees(&self) -> bool {
        self.signer_agrees.load(Ordering::Relaxed)
    }

    fn credential(&self, id: &str) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.spec.id == id)
    }
}

/// A secret that is given counts more than the one of before.
fn settle(secret: &mut Option<String>, kept: Entry<'_, String, String>) {
    match secret {
        Some(given) => *kept.or_default() = given.clone(),
        None => *secret = Some(kept.or_insert_with(book::secret).clone()),
    }
}

/// Why these options cannot be, in words that follow "the content-signing options".
pub(crate) fn defect(options: &CscOptions) -> Option<&'static str> {
    let repeated = |names: Vec<&str>| (1..names.len()).any(|end| names[..end].contains(&names[end]));
    if options.clients.is_empty() {
        return Some("have no OAuth client; give at least one");
    }
    if options.credentials.is_empty() {
        return Some("have no signing credential; give at least one");
    }
    if repeated(options.clients.iter().map(|client| client.id.as_str()).collect()) {
        return Some("have two OAuth clients of one id; ids are unique");
    }
    if repeated(options.credentials.iter().map(|credential| credential.id.as_str()).collect()) {
        return Some("have two signing credentials of one id; ids are unique");
    }
    if repeated(options.digest_users.iter().map(|user| user.name.as_str()).collect()) {
        return Some("have two digest users of one name; names are unique");
    }
    if options.clients.iter().flat_map(|client| &client.redirect_uris).any(|uri| uri.contains('#')) {
        return Some("have a redirect URI with a fragment, which OAuth forbids (RFC 6749 §3.1.2)");
    }
    None
}
