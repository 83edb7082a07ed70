//! Removes what was created on the platform without a stored secret: a token is deleted, or disabled if that
//! is refused; a certificate is disabled. A created service user stays, and gets another token.

use std::time::Duration;

use digicert_one_account::{AccountExt as _, ApiToken, Id, User};
use digicert_one_client::Error;

use super::attempt::{Attempt, IssuedKind};
use super::driver::Driver;
use super::preflight::{Item, instant, items};
use super::{IssueError, IssueErrorKind, RecoveryAction, SecretLocation, TaskStep};

/// How much earlier than the task began the platform's creation time may be, by the platform's clock.
const CLOCKS: Duration = Duration::from_secs(10 * 60);

impl Driver<'_> {
    /// Removes whatever an attempt created, and records it.
    pub(super) async fn remove(&mut self, attempt: &Attempt) -> Result<(), IssueError> {
        let step = TaskStep::RemoveOrphan;
        self.session.guard(step, Duration::ZERO).await?;
        self.session.notify(step, false, attempt.shown())?;
        let removed = self.remove_all(attempt).await;
        let (owner, removed) = removed.map_err(|error| {
            let message = format!(
                "failed to find or remove what is left of an attempt, the {} {}",
                attempt.thing.as_str(),
                attempt.shown()
            );
            let error = IssueError::call(IssueErrorKind::Platform, step, message, error);
            self.named(error).with_secret(SecretLocation::Lost).then(RecoveryAction::Resume)
        })?;
        self.session.notify(step, true, removed.join(", "))?;
        self.session.notes.extend(removed.into_iter().map(|what| format!("from an interrupted attempt: {what}")));
        self.note_removed(owner.as_ref()).await
    }

    /// Returns whether another machine has rotated while this one did not hold the lock. To store this secret in a place of both would
    /// make an orphan of the other one.
    pub(super) async fn is_superseded(&self, attempt: &Attempt) -> Result<bool, IssueError> {
        let (Some(renewal), Some(owner)) = (self.renewal(), self.owner()) else { return Ok(false) };
        let listed = items(&self.session.flows.client.account(), &owner, self.task.kind().is_certificate()).await;
        let listed = listed.map_err(|error| {
            let message = "failed to find out whether another machine has rotated";
            let error = IssueError::call(IssueErrorKind::Platform, TaskStep::Inspect, message, error);
            self.named(error).then(RecoveryAction::Resume)
        })?;
        let (name_prefix, previous, now) = (self.name_prefix(), self.session.fact("old"), self.session.now());
        let is_other = |item: &Item| item.name.as_deref() != Some(&attempt.name) && Some(item.id.as_str()) != previous;
        Ok(listed
            .iter()
            .any(|item| item.is_of(&name_prefix) && item.is_fresh(renewal.newer_than, now) && is_other(item)))
    }

    /// Returns the service user that was created anyway, and what was removed.
    async fn remove_all(&self, attempt: &Attempt) -> Result<(Option<Id<User>>, Vec<String>), Error> {
        let mut removed = Vec::new();
        match attempt.thing {
            IssuedKind::User => {
                let owner = match self.made_owner() {
                    Some(owner) => Some(owner),
                    None => self.made_user(&attempt.name).await?,
                };
                if let Some(owner) = &owner {
                    // This task created it, so the secrets of its tokens are lost.
                    for token in items(&self.session.flows.client.account(), owner, false).await? {
                        removed.push(self.remove_token(&Id::new(token.id)).await?);
                    }
                }
                return Ok((owner, removed));
            }
            IssuedKind::Token => {
                for id in self.ids_of(attempt).await? {
                    removed.push(self.remove_token(&Id::new(id)).await?);
                }
            }
            IssuedKind::Certificate => {
                let certificates = self.session.flows.client.account().certificates();
                for id in self.ids_of(attempt).await? {
                    certificates.disable(&Id::new(&id)).await?;
                    removed.push(format!("the client certificate {id} is disabled"));
                }
            }
        }
        Ok((None, removed))
    }

    async fn ids_of(&self, attempt: &Attempt) -> Result<Vec<String>, Error> {
        match &attempt.id {
            Some(id) => Ok(vec![id.clone()]),
            None => self.find(&attempt.name).await,
        }
    }

    /// Returns the ids of the owner's tokens or certificates with this name: one, or none.
    pub(super) async fn find(&self, name: &str) -> Result<Vec<String>, Error> {
        let Some(owner) = self.owner() else { return Ok(Vec::new()) };
        let certificates = self.task.kind().is_certificate();
        let items = items(&self.session.flows.client.account(), &owner, certificates).await?;
        let named = |item: &Item| item.enabled && item.name.as_deref() == Some(name);
        Ok(items.into_iter().filter(named).map(|item| item.id).collect())
    }

    /// Returns the service user with this name, if this task created it: the name was free when the task
    /// began, and the platform reports nothing else.
    pub(super) async fn made_user(&self, friendly_name: &str) -> Result<Option<Id<User>>, Error> {
        let users = self.session.flows.client.account().users().service().all().await?;
        let began = self.session.pending().map(|pending| pending.operation().at());
        let is_ours = |user: &User| {
            let by_caller =
                user.created_by.as_ref().map(Id::as_str).is_none_or(|by| Some(by) == self.session.fact("caller"));
            let made = user.created_at.as_deref().and_then(instant);
            let later =
                made.zip(began).is_none_or(|(made, began)| made.checked_add(CLOCKS).is_some_and(|made| made >= began));
            user.friendly_name.as_deref() == Some(friendly_name) && by_caller && later
        };
        Ok(users.into_iter().find(is_ours).map(|user| user.id))
    }

    /// Deletes a token, or disables it if that is refused, or the call does not exist: not found is the same response. Returns the result
    /// as text.
    pub(super) async fn remove_token(&self, id: &Id<ApiToken>) -> Result<String, Error> {
        let tokens = self.session.flows.client.account().tokens();
        match tokens.delete(id).await {
            Ok(()) => Ok(format!("the API token {id} is deleted")),
            Err(error) if error.status().is_some_and(|status| status.is_client_error()) => {
                match tokens.disable(id).await {
                    Err(second) if error.is_not_found() && second.is_not_found() => {
                        Ok(format!("the API token {id} is gone"))
                    }
                    disabled => disabled.map(|_| format!("the API token {id} is disabled")),
                }
            }
            Err(error) => Err(error),
        }
    }

    /// Checks again at the end: an interrupted call may have been processed after the first check.
    pub(super) async fn remove_late_ones(&mut self, all: &[Attempt]) -> Result<(), IssueError> {
        let Some((last, before)) = all.split_last().filter(|(_, before)| !before.is_empty()) else { return Ok(()) };
        let certificates = self.task.kind().is_certificate();
        let failed = |error: Error| {
            let message = "failed to check again for what an interrupted attempt created";
            IssueError::call(IssueErrorKind::Retire, TaskStep::RemoveOrphan, message, error)
        };
        let Some(owner) = self.owner() else { return Ok(()) };
        let account = self.hand().account();
        let items = items(&account, &owner, certificates).await;
        let items = items.map_err(|error| self.named(failed(error)).then(RecoveryAction::Resume))?;
        let is_late = |item: &Item| {
            let named = |name: &str| item.name.as_deref() == Some(name);
            // All other tokens of a service user that this task created belong to its attempts.
            let of_user = before.iter().any(|one| one.thing == IssuedKind::User);
            let is_last = last.id.as_ref() == Some(&item.id) || named(&last.name);
            item.enabled && !is_last && (of_user || before.iter().any(|one| named(&one.name)))
        };
        for item in items.into_iter().filter(is_late) {
            self.session.notify(TaskStep::RemoveOrphan, false, &item.id)?;
            let removed = match certificates {
                true => account.certificates().disable(&Id::new(&item.id)).await,
                false => self.remove_token(&Id::new(&item.id)).await.map(drop),
            };
            removed.map_err(|error| self.named(failed(error)).then(RecoveryAction::Resume))?;
            self.session.notify(TaskStep::RemoveOrphan, true, &item.id)?;
        }
        Ok(())
    }
}
