//! Reads the state on the platform before anything is created: the caller, the owner, the credential in use,
//! and whether anything is due. Sends only GET requests.

use std::time::{Duration, SystemTime};

use digicert_one_account::{AccountExt as _, AccountManager, ApiToken, ClientCertificate, Id, User};
use digicert_one_client::{Client, Error};
use digicert_one_core::{Code, EndDate};
use http::header::DATE;

use super::state::{InUse, State};
use super::{EndDatePolicy, IssueError, IssueErrorKind, Renewal, Task, TaskStep, end_date, name};

/// The state found.
#[derive(Debug)]
pub(super) struct Preflight {
    /// The caller.
    pub(super) me: Id<User>,
    /// The owner of the new credential; `None` for a service user that does not exist yet.
    pub(super) owner: Option<User>,
    /// The beginning of the new name.
    pub(super) name_prefix: String,
    /// When the new credential expires.
    pub(super) end_date: Option<EndDate>,
    /// The credential in use, if it is identified.
    pub(super) previous: Option<String>,
    /// Why there is nothing to do.
    pub(super) not_due: Option<String>,
    pub(super) notes: Vec<String>,
}

/// A token or certificate of the owner, with their common fields.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) end_date: Option<EndDate>,
    /// The field of an end date in an unknown form.
    pub(super) unread_end_date: Option<String>,
    /// Enabled, unless the platform reports it as disabled.
    pub(super) enabled: bool,
    pub(super) made: Option<SystemTime>,
}

impl From<ApiToken> for Item {
    fn from(token: ApiToken) -> Self {
        let made = token.created_at.as_deref().and_then(instant).or_else(|| name::made_at(token.name.as_deref()?));
        let enabled = token.is_enabled() != Some(false);
        let unread_end_date = token.end_date.map_or_else(|| token.extra.unread_end_date().map(str::to_owned), |_| None);
        Self { id: token.id.to_string(), name: token.name, end_date: token.end_date, unread_end_date, enabled, made }
    }
}

impl From<ClientCertificate> for Item {
    fn from(certificate: ClientCertificate) -> Self {
        let made = certificate.nickname.as_deref().and_then(name::made_at);
        let enabled = certificate.is_enabled() != Some(false);
        Self {
            id: certificate.id.to_string(),
            name: certificate.nickname,
            end_date: certificate.end_date,
            unread_end_date: certificate
                .extra
                .unread_end_date()
                .filter(|_| certificate.end_date.is_none())
                .map(str::to_owned),
            enabled,
            made,
        }
    }
}

impl Item {
    pub(super) fn is_of(&self, name_prefix: &str) -> bool {
        self.name.as_deref().is_some_and(|name| name::is_of(name, name_prefix))
    }

    /// Returns whether it is enabled and was created more recently than this.
    pub(super) fn is_fresh(&self, newer_than: Duration, now: SystemTime) -> bool {
        let age = self.made.map(|made| now.duration_since(made).unwrap_or_default());
        self.enabled && age.is_some_and(|age| age < newer_than)
    }

    pub(super) fn is_over(&self, now: SystemTime) -> bool {
        self.end_date.is_some_and(|end| end.last_second() < now)
    }
}

/// Parses an instant as the platform writes it.
pub(super) fn instant(text: &str) -> Option<SystemTime> {
    let is_day = text.len() <= 10;
    text.parse::<EndDate>().ok().filter(|_| !is_day).map(EndDate::last_second)
}

/// Returns the tokens or certificates of a user.
pub(super) async fn items(account: &AccountManager, owner: &Id<User>, certificates: bool) -> Result<Vec<Item>, Error> {
    if certificates {
        return Ok(account.certificates().of(owner).await?.into_iter().map(Item::from).collect());
    }
    Ok(account.tokens().list(owner).all().await?.into_iter().map(Item::from).collect())
}

/// Returns the caller. Also checks whether the clocks of this machine and the platform agree.
pub(super) async fn who_am_i(client: &Client) -> Result<User, IssueError> {
    let step = TaskStep::WhoAmI;
    let failed = |error| IssueError::call(IssueErrorKind::Platform, step, "failed to identify the caller", error);
    let path = "/account/api/v1/user/me";
    let response = client.get(path).template(path).send().await.map_err(failed)?;
    let date = response.headers().get(DATE).and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok());
    let now = client.clock().now();
    if let Some(date) = date.filter(|date| end_date::clocks_differ(now, *date)) {
        let [ours, theirs] = [now, date].map(shown);
        let message = format!(
            "this machine's clock shows {ours} and the platform's {theirs}, so end dates would be wrong; set the clock, or check which \
             server responds instead of the platform"
        );
        return Err(IssueError::new(IssueErrorKind::Clock, step, message));
    }
    response.object().await.map_err(failed)
}

fn shown(time: SystemTime) -> String {
    name::utc(time).map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}

/// Reads everything that this task depends on. `owner` is already known if a service user was just created.
pub(super) async fn preflight(
    client: &Client,
    task: &Task,
    state: &State,
    owner: Option<&Id<User>>,
) -> Result<Preflight, IssueError> {
    let me = who_am_i(client).await?;
    let account = client.account();
    let now = client.clock().now();
    let found = Preflight {
        me: me.id.clone(),
        owner: None,
        name_prefix: String::new(),
        end_date: None,
        previous: None,
        not_due: None,
        notes: Vec::new(),
    };
    match task {
        Task::CreateServiceUser(task) if owner.is_none() => {
            name_is_free(&account, &task.friendly_name).await?;
            let end_date = task.end_date.map_or(EndDatePolicy::WithOwner, EndDatePolicy::On);
            Ok(Preflight {
                name_prefix: task.friendly_name.clone(),
                end_date: end_date::resolve(end_date, None, now)?,
                ..found
            })
        }
        Task::CreateServiceUser(task) => {
            let owner = get_owner(&account, me, owner).await?;
            let end_date = end_date::resolve(EndDatePolicy::WithOwner, owner.end_date, now)?;
            Ok(Preflight { owner: Some(owner), name_prefix: task.friendly_name.clone(), end_date, ..found })
        }
        Task::CreateToken(task) => {
            let owner = get_owner(&account, me, task.owner.as_ref()).await?;
            let end_date = end_date::resolve(task.end_date, owner.end_date, now)?;
            let notes = unread_owner(&owner).into_iter().collect();
            Ok(Preflight { owner: Some(owner), name_prefix: task.name_prefix.clone(), end_date, notes, ..found })
        }
        Task::RequestCertificate(task) => {
            let end_date = end_date::resolve(task.end_date, me.end_date, now)?;
            let notes = unread_owner(&me).into_iter().collect();
            Ok(Preflight { owner: Some(me), name_prefix: task.name_prefix.clone(), end_date, notes, ..found })
        }
        Task::RotateToken(task) => {
            let owner = get_owner(&account, me, task.owner.as_ref()).await?;
            let previous = task.previous.as_ref().map(|id| id.as_str());
            let rotation = Rotation {
                previous,
                remembered: state.token.as_ref(),
                name_prefix: task.name_prefix.as_deref(),
                certificates: false,
            };
            rotation.look(&account, owner, &task.renewal, now, found).await
        }
        Task::RotateCertificate(task) => {
            let previous = task.previous.as_ref().map(|id| id.as_str());
            let remembered = state.certificate.as_ref();
            let rotation =
                Rotation { previous, remembered, name_prefix: task.name_prefix.as_deref(), certificates: true };
            rotation.look(&account, me, &task.renewal, now, found).await
        }
    }
}

async fn get_owner(account: &AccountManager, me: User, owner: Option<&Id<User>>) -> Result<User, IssueError> {
    match owner.filter(|owner| **owner != me.id && **owner != Id::me()) {
        None => Ok(me),
        Some(owner) => account.users().get(owner).await.map_err(|error| {
            let message = format!("failed to read the user {owner}");
            IssueError::call(IssueErrorKind::Platform, TaskStep::WhoAmI, message, error)
        }),
    }
}

/// Checks that a name is free: an existing service user must not be mistaken for a created one.
async fn name_is_free(account: &AccountManager, friendly_name: &str) -> Result<(), IssueError> {
    let step = TaskStep::Inspect;
    let users = account.users().service().all().await;
    let users = users
        .map_err(|error| IssueError::call(IssueErrorKind::Platform, step, "failed to list the service users", error))?;
    match users.iter().find(|user| user.friendly_name.as_deref() == Some(friendly_name)) {
        None => Ok(()),
        Some(user) => {
            let message = format!("the service user {friendly_name:?} already exists, with the id {}", user.id);
            Err(IssueError::new(IssueErrorKind::Task, step, message).code(Code::API_06))
        }
    }
}

/// The inputs that decide whether a rotation is due.
struct Rotation<'a> {
    previous: Option<&'a str>,
    remembered: Option<&'a InUse>,
    name_prefix: Option<&'a str>,
    certificates: bool,
}

impl Rotation<'_> {
    async fn look(
        self,
        account: &AccountManager,
        owner: User,
        renewal: &Renewal,
        now: SystemTime,
        mut found: Preflight,
    ) -> Result<Preflight, IssueError> {
        let what = if self.certificates { "client certificates" } else { "API tokens" };
        let items = items(account, &owner.id, self.certificates).await.map_err(|error| {
            let message = format!("failed to list the {what} of {}", owner.id);
            IssueError::call(IssueErrorKind::Platform, TaskStep::Inspect, message, error)
        })?;
        let by_id = |id: &str| items.iter().find(|item| item.id == id);
        let previous = match self.previous {
            Some(id) => Some(by_id(id).ok_or_else(|| {
                let message = format!("{id}, which should be replaced, is not among the {what} of {}", owner.id);
                IssueError::new(IssueErrorKind::Task, TaskStep::Inspect, message).code(Code::API_02)
            })?),
            None => {
                let remembered = self.remembered.filter(|one| one.owner == owner.id.as_str());
                remembered.and_then(|one| by_id(one.id.as_deref()?)).filter(|item| item.enabled)
            }
        };
        found.name_prefix = match (self.name_prefix, previous.and_then(|previous| previous.name.as_deref())) {
            (Some(name_prefix), _) => name_prefix.to_owned(),
            (None, Some(name)) => name::prefix_of(name).unwrap_or(name).to_owned(),
            (None, None) => match self.remembered.and_then(|one| name::prefix_of(&one.name)) {
                Some(name_prefix) => name_prefix.to_owned(),
                None => owner.friendly_name.clone().unwrap_or_else(|| "d1".to_owned()),
            },
        };
        let of_prefix = || items.iter().filter(|item| item.enabled && item.is_of(&found.name_prefix));
        let newest = of_prefix().max_by_key(|item| item.made);
        let fresh = of_prefix().chain(previous).find(|item| item.is_fresh(renewal.newer_than, now));
        found.not_due = match fresh {
            Some(item) => {
                let name = item.name.as_deref().unwrap_or(&item.id);
                Some(format!("{name} was created less than {} seconds ago", renewal.newer_than.as_secs()))
            }
            None => {
                // Otherwise every run of a job that names the same one would leave another one behind.
                if let Some(previous) = previous.filter(|previous| !previous.enabled) {
                    let message = format!(
                        "{}, which should be replaced, is already disabled; name the one in use, or none, or create a new one",
                        previous.id
                    );
                    return Err(IssueError::new(IssueErrorKind::Task, TaskStep::Inspect, message));
                }
                not_near(previous.or(newest), renewal, owner.end_date, now)?
            }
        };
        found.previous = previous.map(|item| item.id.clone());
        if found.previous.is_none() {
            found
                .notes
                .push("the credential in use is unknown; it is looked for by name when the new one works".to_owned());
        }
        found.end_date = match &found.not_due {
            // Its end date is irrelevant.
            Some(_) => None,
            None => {
                found.notes.extend(unread_owner(&owner));
                end_date::resolve(renewal.end_date, owner.end_date, now)?
            }
        };
        found.owner = Some(owner);
        Ok(found)
    }
}

/// Returns why the credential in use need not be replaced yet. An end date that cannot be read is an error: a timer that takes it for none
/// would never rotate.
fn not_near(
    current: Option<&Item>,
    renewal: &Renewal,
    owner: Option<EndDate>,
    now: SystemTime,
) -> Result<Option<String>, IssueError> {
    let (Some(within), Some(current)) = (renewal.expires_within, current) else { return Ok(None) };
    let name = current.name.as_deref().unwrap_or(&current.id);
    let Some(end) = current.end_date else {
        let Some(field) = &current.unread_end_date else { return Ok(Some(format!("{name} has no end date"))) };
        let message = format!(
            "the end date of {name} is in an unknown form (the field {field:?}), so it is not known whether it expires soon; rotate it \
             without that condition"
        );
        return Err(IssueError::new(IssueErrorKind::EndDate, TaskStep::Inspect, message));
    };
    if now.checked_add(within).is_none_or(|then| end.last_second() > then) {
        return Ok(Some(format!("{name} expires {end}, which is not soon")));
    }
    if owner.is_some_and(|owner| owner <= end) && !current.is_over(now) {
        return Ok(Some(format!(
            "{name} expires {end} with its owner, and so would a new one; have the owner's end date extended"
        )));
    }
    Ok(None)
}

/// A note on an owner whose end date cannot be compared with that of the new credential.
fn unread_owner(owner: &User) -> Option<String> {
    let field = owner.extra.unread_end_date().filter(|_| owner.end_date.is_none())?;
    Some(format!(
        "the owner's end date is in an unknown form (the field {field:?}): the new credential may end with it, earlier than planned"
    ))
}
