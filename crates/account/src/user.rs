//! Users: the platform's object, and the requests to create or change one. The calls are in `users.rs`.

use digicert_one_core::EndDate;
use serde::de::Deserializer;
use serde::{Deserialize, Serialize};

use crate::check::{self, InvalidField};
use crate::fields::{Extra, Fields, write_end};
use crate::{Account, ClientCertificate, Id, Status, UserType};

/// A user or service user.
///
/// Source: the list of users (documented) has the fields up to `applications`; `end_date`, `roles`,
/// `accounts` and `client_auth_certificates` are inferred. Missing fields are `None`; unknown ones are in
/// `extra`.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct User {
    /// The id.
    pub id: Id<User>,
    /// The contact's e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Person or service user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_type: Option<UserType>,
    /// The name of a service user, which the audit log shows too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// For example `account`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_scope: Option<String>,
    /// The account that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_account_id: Option<Id<Account>>,
    /// When it was created, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Who created it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<Id<User>>,
    /// For example `en_US`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The last second in which it, and everything that belongs to it, is valid.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write_end")]
    pub end_date: Option<EndDate>,
    /// The ids of its roles, such as `AM_ACCOUNT_USER`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// The accounts that it may use.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<Id<Account>>,
    /// The applications that it may use, with its permissions.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub applications: Vec<Application>,
    /// Its client certificates, if a single user is read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub client_auth_certificates: Vec<ClientCertificate>,
    /// Unknown fields.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Field names of a user's client certificates. (inferred)
pub(crate) const CERTIFICATES: [&str; 4] =
    ["client_auth_certificates", "client_auth_certs", "authentication_certificates", "certificates"];

impl User {
    /// Returns whether it has this permission in any application, such as `MANAGE_AM_ACCOUNT`.
    #[must_use]
    pub fn may(&self, permission: &str) -> bool {
        self.applications.iter().any(|one| one.permissions.iter().any(|granted| granted == permission))
    }
}

impl Id<User> {
    /// Returns the id of the caller: the platform accepts the word `me` instead of a user id.
    ///
    /// Source: "Manage the API token lifecycle" (documented).
    #[must_use]
    pub fn me() -> Self {
        Self::new("me")
    }
}

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::read(deserializer)?;
        Ok(Self {
            id: fields.need(&["id", "user_id"])?,
            email: fields.take(&["email"]),
            status: fields.take(&["status"]),
            user_type: fields.take(&["user_type"]),
            friendly_name: fields.take(&["friendly_name", "nickname"]),
            description: fields.take(&["description"]),
            access_scope: fields.take(&["access_scope"]),
            primary_account_id: fields.take(&["primary_account_id"]),
            created_at: fields.take(&["created_at"]),
            created_by: fields.take(&["created_by"]),
            locale: fields.take(&["locale"]),
            end_date: fields.end_date(),
            roles: fields.list(&["roles"]),
            accounts: fields.list(&["accounts"]),
            applications: fields.list(&["applications"]),
            client_auth_certificates: fields.list(&CERTIFICATES),
            extra: fields.rest(),
        })
    }
}

/// An application and a user's permissions in it.
///
/// Source: the list of users (documented).
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Application {
    /// The id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The display name, such as `Account Manager`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// For example `VIEW_AM_AUDIT_LOG`: an open set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub permissions: Vec<String>,
    /// Unknown fields.
    #[serde(flatten)]
    pub extra: Extra,
}

impl<'de> Deserialize<'de> for Application {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut fields = Fields::read(deserializer)?;
        Ok(Self {
            id: fields.take(&["id"]),
            name: fields.take(&["name"]),
            permissions: fields.list(&["permissions"]),
            extra: fields.rest(),
        })
    }
}

/// A request to create a service user.
///
/// ```
/// use digicert_one_account::NewServiceUser;
/// let user = NewServiceUser::new("ci-bot").roles(["AM_ACCOUNT_USER"]).end_date("2099-12-31".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Source: the UI's form has these fields; their names on the wire are inferred.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct NewServiceUser {
    user_type: UserType,
    /// The name, unique among service users.
    pub friendly_name: String,
    /// The contact's e-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The accounts that it may use; if empty, the platform decides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accounts: Vec<Id<Account>>,
    /// The ids of its roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// Its last day.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write_end")]
    pub end_date: Option<EndDate>,
}

impl NewServiceUser {
    /// Creates a service user with this name.
    #[must_use]
    pub fn new(friendly_name: impl Into<String>) -> Self {
        Self {
            user_type: UserType::Service,
            friendly_name: friendly_name.into(),
            email: None,
            description: None,
            accounts: Vec::new(),
            roles: Vec::new(),
            end_date: None,
        }
    }

    /// Sets the contact's e-mail address.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Sets its description.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets the accounts that it may use.
    #[must_use]
    pub fn accounts(mut self, accounts: impl IntoIterator<Item = impl Into<Id<Account>>>) -> Self {
        self.accounts = accounts.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the ids of its roles.
    #[must_use]
    pub fn roles(mut self, roles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.roles = roles.into_iter().map(Into::into).collect();
        self
    }

    /// Sets its last day; it is valid until 23:59:59 UTC.
    #[must_use]
    pub fn end_date(mut self, end_date: EndDate) -> Self {
        self.end_date = Some(end_date);
        self
    }

    pub(crate) fn check(&self, now: std::time::SystemTime) -> Result<(), InvalidField> {
        check::text("friendly_name", &self.friendly_name)?;
        self.email.as_deref().map_or(Ok(()), |email| check::email("email", email))?;
        self.accounts.iter().try_for_each(|id| check::id("accounts", id.as_str()))?;
        self.roles.iter().try_for_each(|role| check::text("roles", role))?;
        check::end_date(self.end_date, now)
    }
}

/// A change of a user; fields that are not set stay.
///
/// ```
/// use digicert_one_account::UserChange;
/// let change = UserChange::new().description("moved to the new cluster").end_date("2099-12-31".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Serialize)]
#[non_exhaustive]
pub struct UserChange {
    /// A new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    /// A new e-mail address of the contact.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// A new description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// A new last day.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "write_end")]
    pub end_date: Option<EndDate>,
    /// The complete list of roles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// The complete list of accounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounts: Option<Vec<Id<Account>>>,
    /// A new state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

impl UserChange {
    /// Creates an empty change.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets a new name.
    #[must_use]
    pub fn friendly_name(mut self, name: impl Into<String>) -> Self {
        self.friendly_name = Some(name.into());
        self
    }

    /// Sets a new e-mail address of the contact.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Sets a new description; an empty one clears it.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Sets a new last day. It can be moved while it has not passed.
    #[must_use]
    pub fn end_date(mut self, end_date: EndDate) -> Self {
        self.end_date = Some(end_date);
        self
    }

    /// Replaces all roles.
    #[must_use]
    pub fn roles(mut self, roles: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.roles = Some(roles.into_iter().map(Into::into).collect());
        self
    }

    /// Replaces all accounts.
    #[must_use]
    pub fn accounts(mut self, accounts: impl IntoIterator<Item = impl Into<Id<Account>>>) -> Self {
        self.accounts = Some(accounts.into_iter().map(Into::into).collect());
        self
    }

    /// Sets a new state.
    #[must_use]
    pub fn status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    pub(crate) fn check(&self, now: std::time::SystemTime) -> Result<(), InvalidField> {
        let Self { friendly_name, email, description, end_date, roles, accounts, status } = self;
        let texts = friendly_name.is_none() && email.is_none() && description.is_none() && status.is_none();
        check::change(texts && end_date.is_none() && roles.is_none() && accounts.is_none())?;
        friendly_name.as_deref().map_or(Ok(()), |name| check::text("friendly_name", name))?;
        email.as_deref().map_or(Ok(()), |email| check::email("email", email))?;
        roles.iter().flatten().try_for_each(|role| check::text("roles", role))?;
        accounts.iter().flatten().try_for_each(|id| check::id("accounts", id.as_str()))?;
        check::end_date(*end_date, now)
    }
}
