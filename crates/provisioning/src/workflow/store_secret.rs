//! Stores a secret in its place; after a crash, finds out where it is.

use std::sync::Arc;

use digicert_one_core::{CredentialError, Mode};
use digicert_one_credentials::{Fetched, RawCredential, Source};
use digicert_one_identity::{NewKey, ReadOptions};

use super::attempt::{Attempt, IssuedKind, RESCUED, STORED};
use super::driver::Driver;
use super::issue::pair;
use super::{IssueError, IssueErrorKind, RecoveryAction, SecretLocation, TaskStep};
use crate::store::{FallbackError, FallbackStore, StoreErrorKind};
use crate::{SecretKind, StoredSecret};

/// Whether a place holds the secret of an attempt.
pub(super) enum SecretSearch {
    /// It holds this secret.
    Here(Box<RawCredential>),
    /// It holds another secret, or none.
    Another,
    /// It cannot be read now.
    Unreadable(CredentialError),
    /// This process can never read it.
    Unknown,
}

impl Driver<'_> {
    /// Stores the secret in its place; if it is lost, removes its token or certificate.
    pub(super) async fn store(&mut self, attempt: &Attempt) -> Result<(), IssueError> {
        let secret = match self.secret.take() {
            Some(secret) => secret,
            None => {
                if let SecretSearch::Here(_) = self.find_secret(attempt).await {
                    self.tidy().await;
                    let place = self.session.flows.store.name();
                    return self.note_stored(attempt, &place, true).await;
                }
                match self.recover(attempt).await? {
                    Some(_) if self.is_superseded(attempt).await? => return self.remove(attempt).await,
                    Some(secret) => secret,
                    None => return self.remove(attempt).await,
                }
            }
        };
        if !self.stores.are_checked() {
            self.prepare().await.map_err(|error| self.still_rescued(attempt, error))?;
        }
        self.session.guard_shared(TaskStep::Store, std::time::Duration::ZERO).await?;
        let Some(places) = self.stores.take() else { return Err(self.impossible()) };
        self.session.notify(TaskStep::Store, false, places.name())?;
        let (places, stored) = places.store_unblocked(secret.clone()).await;
        match stored {
            Ok(stored) => {
                // The reservation in the last resort is removed before the journal records it, since no
                // process looks for it later.
                blocking::unblock(move || drop(places)).await;
                self.session.notify(TaskStep::Store, true, &stored.place)?;
                self.secret = Some(secret);
                if let Some(rescued) = &attempt.rescued {
                    self.session.notes.push(format!("{rescued} also holds the secret; remove it there"));
                }
                self.note_stored(attempt, &stored.place, stored.read_back).await
            }
            Err(error) => {
                self.stores.put(places);
                Err(self.not_stored(attempt, error).await)
            }
        }
    }

    /// Removes what a killed process had reserved in the places; checking them again does that.
    async fn tidy(&self) {
        let (store, last_resort) = self.session.flows.store.stores();
        // The secret is in its place, so it does not matter whether another one could be stored.
        let _ = FallbackStore::prepare_unblocked(self.secret_kind(), store, last_resort).await;
    }

    async fn note_stored(&mut self, attempt: &Attempt, place: &str, read_back: bool) -> Result<(), IssueError> {
        let mut facts = vec![(self.fact(attempt, "place"), place.to_owned())];
        if read_back {
            facts.push((self.fact(attempt, "read-back"), "yes".to_owned()));
        }
        let noted = self.session.note(TaskStep::NoteStored, STORED, facts).await;
        noted.map_err(|error| error.with_secret(SecretLocation::Stored(place.to_owned())))
    }

    /// Handles a store that failed anyway. A secret in the last resort waits there; without a stored secret,
    /// the token or certificate is removed.
    async fn not_stored(&mut self, attempt: &Attempt, error: FallbackError) -> IssueError {
        let made = format!("the {} {} is enabled", attempt.thing.as_str(), attempt.shown());
        let mut message = format!("failed to store the secret in its place ({})", error.because());
        if let Some(last) = error.last_resort_failed() {
            message.push_str(&format!(", nor in the last resort ({last})"));
        }
        let failed = self.session.error(IssueErrorKind::Store, TaskStep::Store, message);
        if let Some(place) = error.stored().map(|stored| stored.place.clone()) {
            // Even without the record, it is looked for there.
            let facts = [(self.fact(attempt, "rescued"), place.clone())];
            let _ = self.session.note_silently(TaskStep::Store, RESCUED, facts).await;
            return failed.caused_by(error).leaving(made).with_secret(SecretLocation::LastResort(place));
        }
        let failed = failed.caused_by(error.because().clone());
        if attempt.thing == IssuedKind::Certificate {
            // Key and certificate are in the journal and next to it.
            return failed.leaving(made).with_secret(SecretLocation::Unknown);
        }
        let failed = match error.because().kind() {
            // It may fail after it has replaced what was there.
            StoreErrorKind::CommandFailed => failed
                .leaving("the program may have stored it before it failed: then what it had stored before is replaced, so check it")
                .with_secret(SecretLocation::Unknown),
            _ => failed.with_secret(SecretLocation::Lost),
        };
        match self.remove(attempt).await {
            Ok(()) => {
                let failed = failed.leaving(format!("the API token {} is removed", attempt.shown()));
                self.give_up(failed.then(RecoveryAction::Correct)).await
            }
            Err(error) if error.kind() == IssueErrorKind::Stopped => error,
            Err(error) => failed.leaving(format!("{made}, and could not be removed: {error}")),
        }
    }

    fn still_rescued(&self, attempt: &Attempt, error: IssueError) -> IssueError {
        let error = error.leaving(format!("the {} {} is enabled", attempt.thing.as_str(), attempt.shown()));
        let place = attempt.rescued.clone().map_or(SecretLocation::Unknown, SecretLocation::LastResort);
        error.with_secret(place).then(RecoveryAction::Resume)
    }

    /// Returns the secret from elsewhere: for a certificate, the journal, else the last resort.
    async fn recover(&mut self, attempt: &Attempt) -> Result<Option<StoredSecret>, IssueError> {
        let name = attempt.called.as_ref().unwrap_or(&attempt.name);
        let about = |secret: StoredSecret| {
            let secret = secret.with_name(name).with_ends(attempt.end_date, None);
            attempt.id.iter().fold(secret, StoredSecret::with_id)
        };
        if let Some(chain) = attempt.chain.clone() {
            let key = self.session.journal(TaskStep::Store, |journal| journal.key()).await?;
            let identity = key.and_then(|key| NewKey::from_pem(&key).ok()).and_then(|key| pair(&key, &chain).ok());
            return Ok(identity.map(|identity| about(StoredSecret::certificate(identity))));
        }
        let kind = self.secret_kind();
        match look_in(self.session.flows.store.last_source(kind), kind, attempt).await {
            SecretSearch::Here(raw) => Ok(raw.api_key.map(|key| about(StoredSecret::api_key(key)))),
            _ => Ok(None),
        }
    }

    /// Returns whether the secret is in its place.
    pub(super) async fn find_secret(&self, attempt: &Attempt) -> SecretSearch {
        let kind = self.secret_kind();
        look_in(self.session.flows.store.source(kind), kind, attempt).await
    }
}

async fn look_in(source: Option<Arc<dyn Source>>, kind: SecretKind, attempt: &Attempt) -> SecretSearch {
    let Some(source) = source else { return SecretSearch::Unknown };
    let fetched = blocking::unblock(move || source.fetch()).await;
    let raw = match fetched {
        Ok(Fetched::Found(raw)) => raw,
        Ok(_) => return SecretSearch::Another,
        Err(error) if is_missing(&error) => return SecretSearch::Another,
        Err(error) => return SecretSearch::Unreadable(error),
    };
    let mode = match kind {
        SecretKind::Certificate => Mode::Certificate,
        _ => Mode::Key,
    };
    let raw = raw.with_mode(mode);
    // Its dates are irrelevant here.
    let rules = ReadOptions::at(std::time::SystemTime::UNIX_EPOCH).allow_expired(true);
    match raw.read(&rules) {
        Ok(reading) if Some(reading.material.caller().to_string()) == attempt.fingerprint => {
            SecretSearch::Here(Box::new(raw))
        }
        _ => SecretSearch::Another,
    }
}

fn is_missing(error: &CredentialError) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            return true;
        }
        cause = error.source();
    }
    false
}
