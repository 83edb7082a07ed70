//! The state of content signing, the handling of one call, and what a test may read.

use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::SystemTime;

use bytes::Bytes;
use digicert_one_testbed::{ClientCert, Pki};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};

use super::code_store::Book;
use super::credential::Credential;
use super::digest_auth::Nonces;
use super::options::CscOptions;
use super::refusal::Refused;
use super::transaction::Transactions;
use crate::id::new_secret;
use crate::observation::HostKind;
use crate::state::CscSecrets;
use crate::words::readers;

pub(crate) struct CscState {
    /// With all secrets filled in, and no credentials: those are below.
    pub(super) options: CscOptions,
    pub(super) credentials: Vec<Credential>,
    signer_agrees: AtomicBool,
    pub(super) platform: OnceLock<String>,
    desk: Mutex<Desk>,
}

/// The state that changes with each call.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) book: Book,
    pub(super) transactions: Transactions,
    pub(super) nonces: Nonces,
}

pub(super) struct Context<'a> {
    pub(super) csc: &'a CscState,
    pub(super) request: &'a Request<Bytes>,
    pub(super) host: HostKind,
    /// Returns the version of the API in the path, if any.
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

    pub(super) fn credential(&self, id: &str) -> Option<&Credential> {
        self.credentials.iter().find(|credential| credential.spec.id == id)
    }

    pub(super) fn login_offered(&self) -> bool {
        !self.options.digest_users.is_empty()
    }
}

impl<'a> Context<'a> {
    /// Returns the single `Authorization` header, if any.
    pub(super) fn authorization(&self) -> Result<Option<&'a HeaderValue>, Refused> {
        let mut headers = self.request.headers().get_all(AUTHORIZATION).iter();
        match (headers.next(), headers.next()) {
            (Some(_), Some(_)) => Err(Refused::malformed_authorization()),
            (header, _) => Ok(header),
        }
    }
}

/// A given secret replaces the stored one.
fn settle(secret: &mut Option<String>, stored: Entry<'_, String, String>) {
    match secret {
        Some(given) => *stored.or_default() = given.clone(),
        None => *secret = Some(stored.or_insert_with(new_secret).clone()),
    }
}

/// The content-signing side of a running emulator, as [`Emulator::csc`](crate::Emulator::csc) returns it.
#[derive(Clone, Copy)]
pub struct Csc<'e>(pub(crate) &'e CscState);

readers! { Csc<'e> as csc {
    /// The id of the first OAuth client.
    client_id: &'e str = &csc.0.options.clients[0].id;
    /// The secret of the first OAuth client.
    client_secret: &'e str = csc.0.options.clients[0].secret.as_deref().unwrap_or_default();
    /// The first redirect URI of the first OAuth client, if it has one.
    redirect_uri: Option<&'e str> = csc.0.options.clients[0].redirect_uris.first().map(String::as_str);
    /// Returns the name of the first digest user, if any.
    digest_user: Option<&'e str> = csc.0.options.digest_users.first().map(|user| user.name.as_str());
    /// Returns the password of the first digest user, if any.
    digest_password: Option<&'e str> = csc.0.options.digest_users.first()?.password.as_deref();
    /// Returns the id of the signer who signs in at the authorisation endpoint; a valid `user_id`.
    signer_id: &'e str = &csc.0.options.signer_id;
    /// Returns the ids of all signing credentials, in the order of the options. There is at least one.
    credential_ids: Vec<&'e str> = csc.0.credentials.iter().map(|credential| credential.spec.id.as_str()).collect();
} }

impl<'e> Csc<'e> {
    /// The secret of the OAuth client of this id.
    pub fn secret_of(&self, client_id: &str) -> Option<&'e str> {
        self.0.options.clients.iter().find(|client| client.id == client_id)?.secret.as_deref()
    }

    /// Returns the certificate of a signing credential with the chain, leaf first. Its key is generated at
    /// the first call.
    pub fn certificate(&self, credential_id: &str) -> Option<&'e ClientCert> {
        Some(self.0.credential(credential_id)?.certificate())
    }

    /// The same in PEM: the leaf, then its issuer. (The root is [`Emulator::ca_pem`](crate::Emulator::ca_pem).)
    pub fn certificate_pem(&self, credential_id: &str) -> Option<String> {
        Some(self.certificate(credential_id)?.chain_pem())
    }

    /// Whether the signer agrees from now on, when `/oauth2/authorize` asks; otherwise the response is `access_denied`.
    pub fn set_signer_agrees(&self, agrees: bool) {
        self.0.signer_agrees.store(agrees, Ordering::Relaxed);
    }
}

impl fmt::Debug for Csc<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("Csc");
        debug
            .field("client_id", &self.client_id())
            .field("credential_ids", &self.credential_ids())
            .finish_non_exhaustive()
    }
}
