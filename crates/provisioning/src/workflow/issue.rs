//! Creates something on the platform. The name is in the journal before the call, and the private key of a
//! certificate next to it; the secret from the response must be stored at once.

use digicert_one_account::{
    AccountExt as _, ApiToken, Id, IssuedCertificate, NewClientCertificate, NewToken, Refusal, User,
};
use digicert_one_client::{Error, ErrorKind, ResourceKind};
use digicert_one_core::{ApiKey, ClientIdentity, EndDate, Secret};
use digicert_one_identity::{NewKey, ReadOptions};

use super::attempt::{Attempt, CREATED, IssuedKind, NAMED, key};
use super::driver::Driver;
use super::{IssueError, IssueErrorKind, RecoveryAction, SecretLocation, Task, TaskStep, name};
use crate::StoredSecret;

/// The result of a call.
struct New {
    id: Option<String>,
    called: Option<String>,
    end_date: Option<EndDate>,
    owner: Option<Id<User>>,
    fingerprint: Option<String>,
    chain: Option<String>,
    secret: StoredSecret,
}

impl Driver<'_> {
    /// Chooses a name, calls the platform, and records the result. The secret is in `self.secret` then.
    pub(super) async fn make(&mut self, number: usize) -> Result<(), IssueError> {
        let thing = self.thing();
        let chosen = match &self.task {
            Task::CreateServiceUser(task) if thing == IssuedKind::User => task.friendly_name.clone(),
            _ => name::fresh(&self.name_prefix(), self.session.now()),
        };
        let end_date = self.preflight.as_ref().and_then(|preflight| preflight.end_date);
        let csr = if thing == IssuedKind::Certificate { Some(self.key_and_request().await?) } else { None };
        let mut facts = vec![(key("name", number), chosen.clone()), (key("thing", number), thing.as_str().to_owned())];
        facts.extend(end_date.map(|end| (key("ends", number), end.to_string())));
        self.session.guard(TaskStep::Create, std::time::Duration::ZERO).await?;
        self.session.note(TaskStep::NoteName, NAMED, facts).await?;
        let Some(attempt) = self.attempts().pop() else { return Err(self.impossible()) };
        self.session.notify(TaskStep::Create, false, &chosen)?;
        let made = match (thing, csr) {
            (IssuedKind::User, _) => self.make_user().await,
            (IssuedKind::Token, _) => self.make_token(&attempt).await,
            (IssuedKind::Certificate, csr) => self.make_certificate(&attempt, csr.unwrap_or_default()).await,
        };
        let new = match made {
            Ok(new) => new,
            Err(error) => return Err(self.give_up(error).await),
        };
        self.session.notify(TaskStep::Create, true, new.id.as_deref().unwrap_or_default())?;
        self.secret = Some(new.secret);
        let mut facts: Vec<(String, String)> = Vec::new();
        let values = [("id", new.id), ("called", new.called), ("fingerprint", new.fingerprint), ("chain", new.chain)];
        facts.extend(values.into_iter().filter_map(|(name, value)| Some((key(name, number), value?))));
        facts.extend(new.end_date.map(|end| (key("ends", number), end.to_string())));
        facts.extend(new.owner.map(|owner| ("made-owner".to_owned(), owner.to_string())));
        match self.session.note(TaskStep::NoteCreated, CREATED, facts).await {
            Err(error) if error.kind() != IssueErrorKind::Stopped => Err(self.store_anyway(&attempt, error).await),
            noted => noted,
        }
    }

    /// Stores a secret that is not shown again, although the journal cannot be written.
    async fn store_anyway(&mut self, attempt: &Attempt, error: IssueError) -> IssueError {
        let (Some(secret), Some(places)) = (self.secret.take(), self.stores.take()) else { return error };
        let secret = places.store_unblocked(secret).await.1;
        let place = match secret {
            Ok(stored) => SecretLocation::Stored(stored.place),
            Err(error) => {
                error.stored().map_or(SecretLocation::Lost, |stored| SecretLocation::LastResort(stored.place.clone()))
            }
        };
        error.leaving(format!("the {} {} was created", attempt.thing.as_str(), attempt.shown())).with_secret(place)
    }

    async fn make_user(&mut self) -> Result<New, IssueError> {
        let Task::CreateServiceUser(wanted) = self.task.clone() else { return Err(self.impossible()) };
        let created = self.session.flows.client.account().users().create(&wanted).await;
        let created = match created {
            Ok(created) => created,
            Err(error) => return Err(self.not_made(IssuedKind::User, error).await),
        };
        let end_date = |token: &ApiToken| token.end_date;
        let end = created.token.as_ref().and_then(end_date).or(wanted.end_date);
        let owner_ends = created.user.as_ref().and_then(|user| user.end_date).or(wanted.end_date);
        let owner = created.user.map(|user| user.id);
        Ok(new_key(created.api_key, created.token, end, owner_ends, owner))
    }

    async fn make_token(&mut self, attempt: &Attempt) -> Result<New, IssueError> {
        let mut wanted = NewToken::new(&attempt.name);
        wanted.end_date = attempt.end_date;
        if !self.is_own() {
            wanted.user_id = self.owner();
        }
        let created = self.session.flows.client.account().tokens().create(&wanted).await;
        let created = match created {
            Ok(created) => created,
            Err(error) => return Err(self.not_made(IssuedKind::Token, error).await),
        };
        let end = created.token.as_ref().and_then(|token| token.end_date).or(attempt.end_date);
        let owner_ends = self.owner_ends();
        let mut new = new_key(created.api_key, created.token, end, owner_ends, None);
        if new.id.is_none() {
            new.id = self.id_of(&attempt.name).await;
        }
        Ok(new)
    }

    async fn make_certificate(&mut self, attempt: &Attempt, csr: String) -> Result<New, IssueError> {
        let mut wanted = NewClientCertificate::new(&attempt.name, csr);
        wanted.end_date = attempt.end_date;
        let issued = self.session.flows.client.account().certificates().request(&wanted).await;
        let issued = match issued {
            Ok(issued) => issued,
            Err(error) => return Err(self.not_made(IssuedKind::Certificate, error).await),
        };
        let chain = issued.chain_pem();
        let IssuedCertificate { certificate, .. } = &issued;
        let id = match certificate {
            Some(certificate) => Some(certificate.id.to_string()),
            None => self.id_of(&attempt.name).await,
        };
        let Some(key) = &self.key else { return Err(self.impossible()) };
        let end_date = certificate.as_ref().and_then(|one| one.end_date).or(attempt.end_date);
        let identity = match pair(key, &chain) {
            Ok(identity) => identity,
            Err(error) => {
                let kind = IssueErrorKind::WrongKey;
                let message = "the certificate from the platform does not belong to the key generated here";
                let failed = self.session.error(kind, TaskStep::Create, message).code(error.code()).caused_by(error);
                return Err(self.withdraw(IssuedKind::Certificate, &attempt.name, id, failed).await);
            }
        };
        let secret = StoredSecret::certificate(identity.clone()).with_ends(end_date, self.owner_ends());
        let secret = about(secret, id.as_deref(), Some(&attempt.name));
        Ok(New {
            id,
            called: None,
            end_date,
            owner: None,
            fingerprint: Some(identity.fingerprint().to_string()),
            chain: Some(chain),
            secret,
        })
    }

    /// Generates a private key, stores it next to the journal, and returns the request for it.
    async fn key_and_request(&mut self) -> Result<String, IssueError> {
        let (common_name, algorithm) = match &self.task {
            Task::RequestCertificate(task) => (task.common_name.clone(), task.key),
            Task::RotateCertificate(task) => (task.common_name.clone(), task.key),
            _ => return Err(self.impossible()),
        };
        let common_name = common_name.unwrap_or_else(|| name::legal(&self.name_prefix()));
        let made = blocking::unblock(move || {
            let key = NewKey::generate(algorithm)?;
            let csr = key.csr_pem(&common_name)?;
            Ok::<_, digicert_one_core::CredentialError>((key, csr))
        });
        let (key, csr) = match made.await {
            Ok(made) => made,
            Err(error) => {
                let failed =
                    self.session.error(IssueErrorKind::Task, TaskStep::StoreKey, "failed to create a key or a request");
                return Err(self
                    .give_up(failed.code(error.code()).caused_by(error).then(RecoveryAction::Correct))
                    .await);
            }
        };
        self.session.notify(TaskStep::StoreKey, false, "")?;
        let pem = key.to_pem();
        self.session.journal(TaskStep::StoreKey, move |journal| journal.store_key(&pem).map(drop)).await?;
        self.key = Some(key);
        self.session.notify(TaskStep::StoreKey, true, "")?;
        Ok(csr)
    }

    /// Handles a failed create call: what it may have left behind, and what to do.
    async fn not_made(&mut self, thing: IssuedKind, error: Error) -> IssueError {
        let what = thing.as_str();
        let Some(left) = error.orphan().cloned() else { return self.refused(thing, error) };
        if error.kind() != ErrorKind::NotShown {
            let message = format!("the call to create the {what} failed, and may have created it");
            let failed = IssueError::call(IssueErrorKind::Platform, TaskStep::Create, message, error);
            let failed = failed.leaving(left.to_string()).with_secret(SecretLocation::Lost);
            return self.named(failed).then(RecoveryAction::Resume);
        }
        let lacks = if thing == IssuedKind::Certificate { "certificate" } else { "secret" };
        let message = format!("the platform created the {what}, but its response lacks the {lacks}");
        let failed = self.named(IssueError::call(IssueErrorKind::NotShown, TaskStep::Create, message, error));
        let thing = match left.kind {
            ResourceKind::ServiceUser => IssuedKind::User,
            ResourceKind::ClientCertificate => IssuedKind::Certificate,
            _ => thing,
        };
        self.withdraw(thing, &left.name, left.id, failed.with_secret(SecretLocation::Lost)).await
    }

    /// Removes what was just created and is unusable, and reports the result in the error.
    async fn withdraw(&mut self, thing: IssuedKind, name: &str, id: Option<String>, error: IssueError) -> IssueError {
        let step = TaskStep::RemoveOrphan;
        if let Err(stopped) = self.session.notify(step, false, name) {
            return stopped;
        }
        match self.take_back(thing, name, id.as_deref()).await {
            Ok(what) => {
                let error = error.leaving(what);
                if let Err(stopped) = self.session.notify(step, true, name) {
                    return stopped;
                }
                match self.note_removed(None).await {
                    Ok(()) => error.then(RecoveryAction::Correct),
                    Err(failed) if failed.kind() == IssueErrorKind::Stopped => failed,
                    Err(_) => error.then(RecoveryAction::Resume),
                }
            }
            Err(failed) => {
                let id = id.map(|id| format!(" (id {id})")).unwrap_or_default();
                let left = format!(
                    "the {} {name:?}{id} exists, is unusable and could not be removed: {failed}",
                    thing.as_str()
                );
                error.leaving(left).then(RecoveryAction::Resume)
            }
        }
    }

    /// Removes what this call created. Returns the result as text.
    async fn take_back(&self, thing: IssuedKind, name: &str, id: Option<&str>) -> Result<String, Error> {
        let account = self.session.flows.client.account();
        let what = thing.as_str();
        let found = match (thing, id) {
            (_, Some(id)) => Some(id.to_owned()),
            (IssuedKind::User, None) => self.made_user(name).await?.map(|id| id.to_string()),
            (_, None) => self.find(name).await?.first().cloned(),
        };
        let Some(id) = found else { return Ok(format!("the {what} {name:?} does not exist")) };
        match thing {
            IssuedKind::Certificate => {
                account.certificates().disable(&Id::new(&id)).await?;
                Ok(format!("the {what} {name:?} (id {id}) is disabled"))
            }
            IssuedKind::Token => self.remove_token(&Id::new(&id)).await,
            IssuedKind::User => {
                let user = Id::new(&id);
                let Err(error) = account.users().delete(&user).await else {
                    return Ok(format!("the {what} {name:?} (id {id}) is deleted"));
                };
                // Not found is also the response where there is no such call.
                match account.users().disable(&user).await {
                    Err(second) if error.is_not_found() && second.is_not_found() => {
                        Ok(format!("the {what} {name:?} (id {id}) is gone"))
                    }
                    disabled => disabled.map(|_| format!("the {what} {name:?} (id {id}) is disabled")),
                }
            }
        }
    }

    /// Handles a create call that certainly created nothing.
    fn refused(&self, thing: IssuedKind, error: Error) -> IssueError {
        let what = thing.as_str();
        let step = TaskStep::Create;
        let (kind, message) = match Refusal::of(&error) {
            Some(Refusal::TokenLimit) => {
                let owner = self.owner().map(|owner| owner.to_string()).unwrap_or_default();
                let message = format!(
                    "this platform allows one API token per service user, so that of {owner} cannot be replaced: create a second \
                     service user and move to it, or have an administrator extend the end date of the existing one"
                );
                (IssueErrorKind::TokenLimit, message)
            }
            Some(Refusal::Forbidden { permission: Some(permission) }) => (
                IssueErrorKind::Platform,
                format!("the caller may not create the {what}: missing permission {permission}"),
            ),
            _ => (IssueErrorKind::Platform, format!("failed to create the {what}")),
        };
        // An unreachable platform may be reachable later; a refusal needs another request.
        let next = if error.kind() == ErrorKind::Platform { RecoveryAction::Correct } else { RecoveryAction::Retry };
        self.named(IssueError::call(kind, step, message, error)).then(next)
    }

    fn owner_ends(&self) -> Option<EndDate> {
        self.preflight.as_ref()?.owner.as_ref()?.end_date
    }

    /// Finds the id by name, if the response does not contain it. An unknown id is not an error.
    async fn id_of(&self, name: &str) -> Option<String> {
        self.find(name).await.ok()?.into_iter().next()
    }
}

/// Adds id and name, as far as they are known.
fn about(secret: StoredSecret, id: Option<&str>, name: Option<&str>) -> StoredSecret {
    let secret = id.into_iter().fold(secret, StoredSecret::with_id);
    name.into_iter().fold(secret, StoredSecret::with_name)
}

fn new_key(
    secret: Secret,
    token: Option<ApiToken>,
    end_date: Option<EndDate>,
    owner_ends: Option<EndDate>,
    owner: Option<Id<User>>,
) -> New {
    let (id, called) = token.map(|token| (token.id.to_string(), token.name)).unzip();
    let called = called.flatten();
    // Even a key that cannot be a header value is stored; it only cannot be identified later.
    let key = secret.expose_text().ok().and_then(|text| ApiKey::new(text).ok());
    let fingerprint = key.map(|key| key.fingerprint().to_string());
    let secret = about(StoredSecret::api_key(secret).with_ends(end_date, owner_ends), id.as_deref(), called.as_deref());
    New { id, called, end_date, owner, fingerprint, chain: None, secret }
}

/// Combines the key with its issued certificate, whatever its dates.
pub(super) fn pair(key: &NewKey, chain_pem: &str) -> Result<ClientIdentity, digicert_one_core::CredentialError> {
    let certificates = Secret::new(chain_pem, "the response of the platform");
    let rules = ReadOptions::at(std::time::SystemTime::UNIX_EPOCH).allow_expired(true);
    key.into_identity(&certificates, &rules, &mut Vec::new())
}
