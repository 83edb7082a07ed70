//! Verifies a new credential: a call with it must succeed, as the right user. Then all consumers are notified.

use std::sync::Arc;
use std::time::Duration;

use digicert_one_account::{AccountExt as _, User};
use digicert_one_client::{Client, Error};
use digicert_one_core::Code;
use digicert_one_credentials::RawCredential;
use digicert_one_identity::ReadOptions;

use super::attempt::{Attempt, IssuedKind, SWITCHED, VERIFIED};
use super::driver::Driver;
use super::preflight::items;
use super::state::InUse;
use super::store_secret::SecretSearch;
use super::{CredentialChange, IssueError, IssueErrorKind, RecoveryAction, Renewal, SecretLocation, Task, TaskStep};

/// The first delay for a platform that does not know the new credential yet; doubles each time.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The result of the verification.
enum Verification {
    Works(Box<User>),
    /// It no longer exists on the platform, or is disabled.
    IsDead,
}

impl Driver<'_> {
    /// Verifies the new credential, and records it unless it was already recorded.
    pub(super) async fn verify(&mut self, attempt: &Attempt) -> Result<(), IssueError> {
        let raw = match self.secret.take() {
            Some(secret) => secret.raw(),
            None => match self.find_secret(attempt).await {
                SecretSearch::Here(raw) => *raw,
                // Another secret was stored there: this one is orphaned.
                SecretSearch::Another => return self.remove(attempt).await,
                SecretSearch::Unreadable(error) => {
                    let message = "failed to read the place of the secret, so it cannot be verified";
                    let failed = self.verification_failed(attempt, message).code(error.code());
                    return Err(failed.caused_by(error).with_secret(SecretLocation::Unknown));
                }
                SecretSearch::Unknown => return self.cannot_verify(attempt).await,
            },
        };
        self.session.notify(TaskStep::Verify, false, attempt.shown())?;
        let client = self.client_of(attempt, &raw)?;
        let user = match self.ask(attempt, &client).await? {
            Verification::Works(user) => user,
            Verification::IsDead => return self.remove(attempt).await,
        };
        if let Some(owner) = self.owner().filter(|owner| *owner != user.id) {
            let message = format!("the new credential belongs to {}, not to {owner}", user.id);
            return Err(self.verification_failed(attempt, message));
        }
        self.session.notify(TaskStep::Verify, true, user.id.to_string())?;
        let mut facts = Vec::new();
        if self.owner().is_none() {
            facts.push(("made-owner".to_owned(), user.id.to_string()));
        }
        if attempt.id.is_none() && attempt.thing == IssuedKind::User {
            // A newly created service user has one token.
            if let Ok([token]) = items(&client.account(), &user.id, false).await.as_deref() {
                facts.push((self.fact(attempt, "id"), token.id.clone()));
            }
        }
        self.verified = Some(client);
        self.note_verified(attempt, facts).await
    }

    async fn note_verified(&mut self, attempt: &Attempt, facts: Vec<(String, String)>) -> Result<(), IssueError> {
        if attempt.position >= super::attempt::Position::Verified {
            return Ok(());
        }
        self.session.note(TaskStep::NoteVerified, VERIFIED, facts).await
    }

    /// Only the process that created it could have verified it. It is stored, so the task continues; the
    /// previous credential stays.
    async fn cannot_verify(&mut self, attempt: &Attempt) -> Result<(), IssueError> {
        let place = self.session.flows.store.name();
        self.session
            .notes
            .push(format!("{place} cannot be read, so the new credential was not verified after the crash"));
        self.note_verified(attempt, Vec::new()).await
    }

    /// Returns a client that authenticates with the new credential only.
    fn client_of(&self, attempt: &Attempt, raw: &RawCredential) -> Result<Client, IssueError> {
        let reading = raw.read(&ReadOptions::at(self.session.now())).map_err(|error| {
            let message = format!("the new credential cannot be used: {error}");
            self.verification_failed(attempt, message).code(error.code()).caused_by(error)
        })?;
        Ok(self.session.flows.client.with_credential(Arc::new(reading.fixed())))
    }

    /// Asks the platform for the user; retries for a while, because it may not know the new credential at once.
    async fn ask(&self, attempt: &Attempt, client: &Client) -> Result<Verification, IssueError> {
        let clock = self.session.clock();
        let (began, mut wait) = (clock.now(), FIRST_WAIT);
        loop {
            let error = match client.account().users().me().await {
                Ok(user) => return Ok(Verification::Works(Box::new(user))),
                Err(error) => error,
            };
            if !is_rejected(&error) {
                let message = "failed to verify the new credential with a call";
                return Err(self.verification_failed(attempt, message).code(error.code()).caused_by(error));
            }
            if self.resumed && self.is_dead(attempt).await {
                return Ok(Verification::IsDead);
            }
            let waited = clock.now().duration_since(began).unwrap_or_default();
            if waited + wait > self.session.flows.verification {
                let message =
                    format!("the platform does not accept the new credential after {} seconds", waited.as_secs());
                return Err(self.verification_failed(attempt, message).code(Code::ROT_06).caused_by(error));
            }
            clock.sleep(wait).await;
            wait *= 2;
        }
    }

    /// Returns whether the platform reports it as unusable; false if it cannot be asked.
    async fn is_dead(&self, attempt: &Attempt) -> bool {
        let Some(owner) = self.owner() else { return false };
        let certificates = attempt.thing == IssuedKind::Certificate;
        let Ok(items) = items(&self.session.flows.client.account(), &owner, certificates).await else { return false };
        let name = attempt.called.as_ref().unwrap_or(&attempt.name);
        let is_it = |id: &str, named: Option<&str>| match &attempt.id {
            Some(known) => known == id,
            None => named == Some(name),
        };
        items.iter().find(|item| is_it(&item.id, item.name.as_deref())).is_none_or(|item| !item.enabled)
    }

    fn verification_failed(&self, attempt: &Attempt, message: impl Into<String>) -> IssueError {
        let place = attempt.stored.as_ref().map_or_else(|| self.session.flows.store.name(), |(place, _)| place.clone());
        let made =
            format!("the {} {} exists, and the previous one is unchanged", attempt.thing.as_str(), attempt.shown());
        let failed = self.session.error(IssueErrorKind::Verify, TaskStep::Verify, message);
        failed.leaving(made).with_secret(SecretLocation::Stored(place)).then(RecoveryAction::Resume)
    }

    /// Remembers which one is in use, notifies all consumers, and waits for those elsewhere.
    pub(super) async fn switch(&mut self, attempt: &Attempt) -> Result<(), IssueError> {
        self.remember(attempt).await?;
        let renewal = self.renewal().cloned();
        if let Some(renewal) = renewal {
            let to = CredentialChange {
                task: self.task.kind(),
                place: attempt.stored.as_ref().map(|(place, _)| place.clone()).unwrap_or_default(),
                name: attempt.name.clone(),
                id: attempt.id.clone(),
            };
            for consumer in &self.session.flows.consumers {
                self.session.notify(TaskStep::Switch, false, consumer.name())?;
                consumer.switch(&to, &self.session.clock()).await.map_err(|error| {
                    let message = format!("{} does not use the new credential", consumer.name());
                    let left =
                        format!("the previous credential is unchanged, and the new one {} works", attempt.shown());
                    let failed = self.session.error(IssueErrorKind::Switch, TaskStep::Switch, message).leaving(left);
                    failed.caused_by(error).with_secret(SecretLocation::Stored(to.place.clone()))
                })?;
                self.session.notify(TaskStep::Switch, true, consumer.name())?;
            }
            if !renewal.keep_previous && !renewal.grace.is_zero() {
                self.session.guard(TaskStep::Grace, renewal.grace).await?;
                self.session.notify(TaskStep::Grace, false, format!("{} seconds", renewal.grace.as_secs()))?;
                self.session.clock().sleep(renewal.grace).await;
                self.session.notify(TaskStep::Grace, true, "")?;
            }
        }
        self.session.note(TaskStep::NoteSwitched, SWITCHED, None).await
    }

    async fn remember(&mut self, attempt: &Attempt) -> Result<(), IssueError> {
        let owner = self.owner().map(|owner| owner.to_string()).unwrap_or_default();
        let name = attempt.called.as_ref().unwrap_or(&attempt.name).clone();
        let in_use = Some(InUse { id: attempt.id.clone(), name, owner });
        match attempt.thing {
            IssuedKind::Certificate => self.session.state.certificate = in_use,
            IssuedKind::User | IssuedKind::Token => self.session.state.token = in_use,
        }
        self.session.notify(TaskStep::Remember, false, "")?;
        self.session.write_state(TaskStep::Remember).await?;
        self.session.notify(TaskStep::Remember, true, "")
    }

    /// Returns the renewal options, if this is a rotation.
    pub(super) fn renewal(&self) -> Option<&Renewal> {
        match &self.task {
            Task::RotateToken(task) => Some(&task.renewal),
            Task::RotateCertificate(task) => Some(&task.renewal),
            _ => None,
        }
    }

    /// Returns the client for calls after the verification. A caller that rotates its own credential
    /// continues with the new one, since these calls disable the previous one.
    pub(super) fn hand(&self) -> &Client {
        self.verified.as_ref().filter(|_| self.is_own()).unwrap_or(&self.session.flows.client)
    }
}

/// Returns whether the platform, or its TLS, refused the credential.
pub(super) fn is_rejected(error: &Error) -> bool {
    matches!(error.code(), Code::AUT_01 | Code::AUT_06 | Code::HS_02)
}
