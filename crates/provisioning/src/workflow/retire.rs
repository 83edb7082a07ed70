//! Disables the previous credential: only after the new one is stored, verified and in use, and only if the
//! previous one is identified.

use std::time::Duration;

use digicert_one_account::{AccountExt as _, AccountManager, Id};
use digicert_one_client::{Client, Error};
use digicert_one_core::Code;

use super::attempt::{Attempt, RETIRED};
use super::driver::Driver;
use super::preflight::{Item, items};
use super::state::PendingDeletion;
use super::{IssueError, IssueErrorKind, PreviousCredential, RecoveryAction, SecretLocation, TaskStep};

impl Driver<'_> {
    /// Disables the previous credential, and records the result.
    pub(super) async fn retire(&mut self, attempt: &Attempt) -> Result<(), IssueError> {
        let previous = match self.renewal().cloned() {
            None => PreviousCredential::None,
            Some(renewal) if renewal.keep_previous => self.left("it was left on request"),
            Some(_) if self.verified.is_none() => self.left("the new credential could not be verified after the crash"),
            Some(renewal) => match self.previous(attempt).await? {
                Ok(item) => self.disable(attempt, &item, renewal.delete_after).await?,
                Err(previous) => previous,
            },
        };
        let facts = serde_json::to_string(&previous).ok().map(|previous| ("old-became".to_owned(), previous));
        self.session.note(TaskStep::NoteRetired, RETIRED, facts).await
    }

    fn left(&self, why: &str) -> PreviousCredential {
        PreviousCredential::Left { id: self.session.fact("old").map(str::to_owned), why: why.to_owned() }
    }

    /// Returns the previous credential, or the reason why it is left.
    async fn previous(&mut self, attempt: &Attempt) -> Result<Result<Item, PreviousCredential>, IssueError> {
        let certificates = self.task.kind().is_certificate();
        let Some(owner) = self.owner() else { return Ok(Err(self.left("its owner is unknown"))) };
        let listed = match items(&self.hand().account(), &owner, certificates).await {
            Err(error) if is_not_allowed(&error) => {
                items(&self.session.flows.client.account(), &owner, certificates).await
            }
            listed => listed,
        };
        let listed = listed.map_err(|error| {
            let what = if certificates { "client certificates" } else { "API tokens" };
            self.not_retired(attempt, format!("failed to list the {what}"), error)
        })?;
        let named = |item: &&Item| item.name.as_deref() == Some(&attempt.name);
        let new = attempt.id.clone().or_else(|| listed.iter().find(named).map(|item| item.id.clone()));
        if let Some(id) = self.session.fact("old").map(str::to_owned) {
            return Ok(match listed.into_iter().find(|item| item.id == id) {
                _ if new.as_ref() == Some(&id) => Err(self.left("it is the new credential")),
                None => Err(PreviousCredential::Deleted(id)),
                Some(item) if !item.enabled => Err(PreviousCredential::Disabled(id)),
                Some(item) => Ok(item),
            });
        }
        let Some(new) = new else { return Ok(Err(self.left("the id of the new credential is unknown"))) };
        let (name_prefix, now) = (self.name_prefix(), self.session.now());
        let others: Vec<Item> =
            listed.into_iter().filter(|item| item.enabled && item.id != new && !item.is_over(now)).collect();
        match &*others {
            [] => Ok(Err(PreviousCredential::None)),
            [item] if item.is_of(&name_prefix) => {
                // After a crash it must be the same one again.
                let facts = [("old".to_owned(), item.id.clone())];
                self.session.note_silently(TaskStep::DisablePrevious, "old-chosen", facts).await?;
                Ok(Ok(item.clone()))
            }
            // A name alone is not conclusive: another machine may use a credential with it.
            _ => {
                let ids: Vec<&str> = others.iter().map(|item| item.id.as_str()).collect();
                let which = if ids.len() == 1 { "the previous one may be" } else { "the previous one may be one of" };
                Ok(Err(self.left(&format!("{which} {}; disable it, or give its id next time", ids.join(", ")))))
            }
        }
    }

    async fn disable(
        &mut self,
        attempt: &Attempt,
        item: &Item,
        delete_after: Option<Duration>,
    ) -> Result<PreviousCredential, IssueError> {
        let certificates = self.task.kind().is_certificate();
        self.session.guard(TaskStep::DisablePrevious, Duration::ZERO).await?;
        self.session.notify(TaskStep::DisablePrevious, false, &item.id)?;
        match self.with_either(|account| switch_off(account, item.id.clone(), certificates)).await {
            Ok(()) => {}
            Err(error) if error.code() == Code::API_02 => return self.gone(attempt, item, error).await,
            Err(_) if item.is_over(self.session.now()) => {
                return Ok(PreviousCredential::Left { id: Some(item.id.clone()), why: "it has expired".to_owned() });
            }
            Err(error) => {
                let message = format!("failed to disable the previous one, {}", item.id);
                return Err(self.not_retired(attempt, message, error));
            }
        }
        self.session.notify(TaskStep::DisablePrevious, true, &item.id)?;
        match delete_after {
            Some(after) if !certificates => self.delete(item, after).await,
            _ => Ok(PreviousCredential::Disabled(item.id.clone())),
        }
    }

    /// Checks whether what the platform does not find is gone: the response is the same for what is not visible.
    async fn gone(&self, attempt: &Attempt, item: &Item, error: Error) -> Result<PreviousCredential, IssueError> {
        let certificates = self.task.kind().is_certificate();
        let Some(owner) = self.owner() else { return Ok(self.left("its owner is unknown")) };
        let listed = items(&self.session.flows.client.account(), &owner, certificates).await;
        let is_enabled = |items: Vec<Item>| items.iter().any(|other| other.id == item.id && other.enabled);
        match listed.map(is_enabled) {
            Ok(false) => Ok(PreviousCredential::Deleted(item.id.clone())),
            _ => Err(self.not_retired(attempt, format!("failed to disable the previous one, {}", item.id), error)),
        }
    }

    async fn delete(&mut self, item: &Item, after: Duration) -> Result<PreviousCredential, IssueError> {
        let id = item.id.clone();
        if after.is_zero() {
            self.session.notify(TaskStep::DeletePrevious, false, &id)?;
            let deleted = self.with_either(|account| delete(account, id.clone())).await;
            self.session.notify(TaskStep::DeletePrevious, true, &id)?;
            match deleted {
                Ok(()) => return Ok(PreviousCredential::Deleted(id)),
                Err(error) if self.is_gone(&id, &error).await => return Ok(PreviousCredential::Deleted(id)),
                Err(error) => self.session.notes.push(format!("{id} is disabled but not deleted yet: {error}")),
            }
        }
        let due = self.session.now().checked_add(after).unwrap_or_else(|| self.session.now());
        if !self.session.state.to_delete.iter().any(|one| one.id == id) {
            self.session.state.to_delete.push(PendingDeletion::new(&id, due));
            self.session.write_state(TaskStep::DisablePrevious).await?;
        }
        Ok(PreviousCredential::Disabled(id))
    }

    /// Whether a token that the platform did not find is gone: it is the same response where the call does not exist, or the token is not
    /// visible, so the list decides.
    pub(super) async fn is_gone(&self, id: &str, error: &Error) -> bool {
        let Some(owner) = self.owner().filter(|_| error.code() == Code::API_02) else { return false };
        let listed = items(&self.session.flows.client.account(), &owner, false).await;
        listed.is_ok_and(|listed| listed.iter().all(|item| item.id != id))
    }

    /// Does this with the new credential, or, if that is not allowed, as the caller.
    async fn with_either<F: Future<Output = Result<(), Error>>>(
        &self,
        call: impl Fn(AccountManager) -> F,
    ) -> Result<(), Error> {
        match call(Client::account(self.hand())).await {
            Err(error) if is_not_allowed(&error) => call(self.session.flows.client.account()).await,
            done => done,
        }
    }

    fn not_retired(&self, attempt: &Attempt, message: String, error: Error) -> IssueError {
        let place = attempt.stored.as_ref().map(|(place, _)| place.clone()).unwrap_or_default();
        let failed = self.named(IssueError::call(IssueErrorKind::Retire, TaskStep::DisablePrevious, message, error));
        let left = format!("the new one {} is in use, and the previous one is still enabled", attempt.shown());
        failed.leaving(left).with_secret(SecretLocation::Stored(place)).then(RecoveryAction::Resume)
    }
}

async fn switch_off(account: AccountManager, id: String, certificates: bool) -> Result<(), Error> {
    if certificates {
        return account.certificates().disable(&Id::new(id)).await;
    }
    account.tokens().disable(&Id::new(id)).await.map(drop)
}

async fn delete(account: AccountManager, id: String) -> Result<(), Error> {
    account.tokens().delete(&Id::new(id)).await
}

/// Returns whether another caller might have permission.
fn is_not_allowed(error: &Error) -> bool {
    matches!(error.code(), Code::AUT_01 | Code::AUT_02 | Code::AUT_03 | Code::AUT_06)
}
