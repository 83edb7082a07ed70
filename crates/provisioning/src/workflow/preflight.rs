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
pub(super) struct Survey {
    /// The caller.
    pub(super) me: Id<User>,
    /// The owner of the new credential; `None` for a service user that does not exist yet.
    pub(super) owner: Option<User>,
    /// The beginning of the new name.
    pub(super) base: String,
    /// When the new credential expires.
    pub(super) ends: Option<EndDate>,
    /// The credential in use, if it is identified.
    pub(super) old: Option<String>,
    /// Why there is nothing to do.
    pub(super) not_due: Option<String>,
    pub(super) notes: Vec<String>,
}

/// A token or certificate of the owner, with their common fields.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) id: String,
    pub(super) name: Option<String>,
    pub(super) ends: Option<EndDate>,
    /// Enabled, unless the platform reports it as disabled.
    pub(super) enabled: bool,
    pub(super) made: Option<SystemTime>,
}

impl From<ApiToken> for Item {
    fn from(token: ApiToken) -> Self {
        let made = token.created_at.as_deref().and_then(instant).or_else(|| name::made_at(token.name.as_deref()?));
        let enabled = token.is_enabled() != Some(false);
        Self { id: token.id.to_string(), name: token.name, ends: token.end_date, enabled, made }
    }
}

impl From<ClientCertificate> for Item {
    fn from(certificate: ClientCertificate) -> Self {
        let made = certificate.nickname.as_deref().and_then(name::made_at);
        let enabled = certificate.is_enabled() != Some(false);
        Self { id: certificate.id.to_string(), name: certificate.nickname, ends: certificate.end_date, enabled, made }
    }
}

impl Item {
    pub(super) fn is_of(&self, base: &str) -> bool {
        self.name.as_deref().is_some_and(|name| name::is_of(name, base))
    }

    /// Returns whether it is enabled and was created more recently than this.
    pub(super) fn is_fresh(&self, newer_than: Duration, now: SystemTime) -> bool {
        let age = self.made.map(|made| now.duration_since(made).unwrap_or_default());
        self.enabled && age.is_some_and(|age| age < newer_than)
    }

    pub(super) fn is_over(&self, now: SystemTime) -> bool {
        self.ends.is_some_and(|end| end.last_second() < now)
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
    response.json().await.map_err(failed)
}

fn shown(time: SystemTime) -> String {
    name::utc(time).map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}

/// Reads everything that this task depends on. `owner` is already known if a service user was just created.
pub(super) async fn survey(
    client: &Client,
    task: &Task,
    state: &State,
    owner: Option<&Id<User>>,
) -> Result<Survey, IssueError> {
    let me = who_am_i(client).await?;
    let account = client.account();
    let now = client.clock().now();
    let found = Survey {
        me: me.id.clone(),
        owner: None,
        base: String::new(),
        ends: None,
        old: None,
        not_due: None,
        notes: Vec::new(),
    };
    match task {
        Task::CreateServiceUser(task) if owner.is_none() => {
            name_is_free(&account, &task.friendly_name).await?;
            let ends = task.end_date.map_or(EndDatePolicy::WithOwner, EndDatePolicy::On);
            Ok(Survey { base: task.friendly_name.clone(), ends: end_date::resolve(ends, None, now)?, ..found })
        }
        Task::CreateServiceUser(task) => {
            let owner = get_owner(&account, me, owner).await?;
            let ends = end_date::resolve(EndDatePolicy::WithOwner, owner.end_date, now)?;
            Ok(Survey { owner: Some(owner), base: task.friendly_name.clone(), ends, ..found })
        }
        Task::CreateToken(task) => {
            let owner = get_owner(&account, me, task.owner.as_ref()).await?;
            let ends = end_date::resolve(task.ends, owner.end_date, now)?;
            Ok(Survey { owner: Some(owner), base: task.base.clone(), ends, ..found })
        }
        Task::RequestCertificate(task) => {
            let ends = end_date::resolve(task.ends, me.end_date, now)?;
            Ok(Survey { owner: Some(me), base: task.base.clone(), ends, ..found })
        }
        Task::RotateToken(task) => {
            let owner = get_owner(&account, me, task.owner.as_ref()).await?;
            let old = task.old.as_ref().map(|id| id.as_str());
            let rotation =
                Rotation { old, remembered: state.token.as_ref(), base: task.base.as_deref(), certificates: false };
            rotation.look(&account, owner, &task.renewal, now, found).await
        }
        Task::RotateCertificate(task) => {
            let old = task.old.as_ref().map(|id| id.as_str());
            let remembered = state.certificate.as_ref();
            let rotation = Rotation { old, remembered, base: task.base.as_deref(), certificates: true };
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
    let step = TaskStep::Look;
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
    old: Option<&'a str>,
    remembered: Option<&'a InUse>,
    base: Option<&'a str>,
    certificates: bool,
}

impl Rotation<'_> {
    async fn look(
        self,
        account: &AccountManager,
        owner: User,
        renewal: &Renewal,
        now: SystemTime,
        mut found: Survey,
    ) -> Result<Survey, IssueError> {
        let what = if self.certificates { "client certificates" } else { "API tokens" };
        let items = items(account, &owner.id, self.certificates).await.map_err(|error| {
            let message = format!("failed to list the {what} of {}", owner.id);
            IssueError::call(IssueErrorKind::Platform, TaskStep::Look, message, error)
        })?;
        let by_id = |id: &str| items.iter().find(|item| item.id == id);
        let old = match self.old {
            Some(id) => Some(by_id(id).ok_or_else(|| {
                let message = format!("{id}, which should be replaced, is not among the {what} of {}", owner.id);
                IssueError::new(IssueErrorKind::Task, TaskStep::Look, message).code(Code::API_02)
            })?),
            None => {
                let remembered = self.remembered.filter(|one| one.owner == owner.id.as_str());
                remembered.and_then(|one| by_id(one.id.as_deref()?)).filter(|item| item.enabled)
            }
        };
        found.base = match (self.base, old.and_then(|old| old.name.as_deref())) {
            (Some(base), _) => base.to_owned(),
            (None, Some(name)) => name::base_of(name).unwrap_or(name).to_owned(),
            (None, None) => match self.remembered.and_then(|one| name::base_of(&one.name)) {
                Some(base) => base.to_owned(),
                None => owner.friendly_name.clone().unwrap_or_else(|| "d1".to_owned()),
            },
        };
        let of_base = || items.iter().filter(|item| item.enabled && item.is_of(&found.base));
        let newest = of_base().max_by_key(|item| item.made);
        let fresh = of_base().chain(old).find(|item| item.is_fresh(renewal.newer_than, now));
        found.not_due = match fresh {
            Some(item) => {
                let name = item.name.as_deref().unwrap_or(&item.id);
                Some(format!("{name} was created less than {} seconds ago", renewal.newer_than.as_secs()))
            }
            None => {
                // Otherwise every run of a job that names the same one would leave another one behind.
                if let Some(old) = old.filter(|old| !old.enabled) {
                    let message = format!(
                        "{}, which should be replaced, is already disabled; name the one in use, or none, or create a new one",
                        old.id
                    );
                    return Err(IssueError::new(IssueErrorKind::Task, TaskStep::Look, message));
                }
                not_near(old.or(newest), renewal, owner.end_date, now)
            }
        };
        found.old = old.map(|item| item.id.clone());
        if found.old.is_none() {
            found
                .notes
                .push("the credential in use is unknown; it is looked for by name when the new one works".to_owned());
        }
        found.ends = match &found.not_due {
            // Its end date is irrelevant.
            Some(_) => None,
            None => end_date::resolve(renewal.ends, owner.end_date, now)?,
        };
        found.owner = Some(owner);
        Ok(found)
    }
}

/// Returns why the credential in use need not be replaced yet.
fn not_near(current: Option<&Item>, renewal: &Renewal, owner: Option<EndDate>, now: SystemTime) -> Option<String> {
    let (within, current) = (renewal.ends_within?, current?);
    let name = current.name.as_deref().unwrap_or(&current.id);
    let Some(end) = current.ends else { return Some(format!("{name} has no end date")) };
    if now.checked_add(within).is_none_or(|then| end.last_second() > then) {
        return Some(format!("{name} expires {end}, which is not soon"));
    }
    if owner.is_some_and(|owner| owner <= end) && !current.is_over(now) {
        return Some(format!(
            "{name} expires {end} with its owner, and so would a new one; have the owner's end date extended"
        ));
    }
    None
}
