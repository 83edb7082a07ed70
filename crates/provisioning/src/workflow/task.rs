//! Tasks as plain data: they can be planned, run, and read from a journal after a crash. They contain no secret.

use std::fmt;

use digicert_one_account::{Account, Id, NewServiceUser, User};
use digicert_one_core::EndDate;
use digicert_one_identity::KeyAlgorithm;
use serde::{Deserialize, Serialize};

use super::end_date_policy::{EndDatePolicy, as_text};
use super::renewal::{RotateCertificate, RotateToken};

/// One of the workflows, with its parameters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Task {
    /// Creates a service user and stores its API key.
    CreateServiceUser(CreateServiceUser),
    /// Creates an API token for an existing user, and stores its API key.
    CreateToken(CreateToken),
    /// Generates a private key and requests a client certificate for it.
    RequestCertificate(RequestCertificate),
    /// Replaces the API token in use by a new one.
    RotateToken(RotateToken),
    /// Replaces the client certificate in use by a new one.
    RotateCertificate(RotateCertificate),
}

/// The kind of task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TaskKind {
    /// See [`CreateServiceUser`].
    CreateServiceUser,
    /// See [`CreateToken`].
    CreateToken,
    /// See [`RequestCertificate`].
    RequestCertificate,
    /// See [`RotateToken`].
    RotateToken,
    /// See [`RotateCertificate`].
    RotateCertificate,
}

impl TaskKind {
    /// Returns the stable word for it, which the journal also uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateServiceUser => "create-service-user",
            Self::CreateToken => "create-token",
            Self::RequestCertificate => "request-certificate",
            Self::RotateToken => "rotate-token",
            Self::RotateCertificate => "rotate-certificate",
        }
    }

    /// Returns whether it creates a client certificate, and not an API key.
    #[must_use]
    pub fn is_certificate(self) -> bool {
        matches!(self, Self::RequestCertificate | Self::RotateCertificate)
    }

    /// Returns whether it replaces a credential in use.
    #[must_use]
    pub fn is_rotation(self) -> bool {
        matches!(self, Self::RotateToken | Self::RotateCertificate)
    }
}

impl fmt::Display for TaskKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Task {
    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> TaskKind {
        match self {
            Self::CreateServiceUser(_) => TaskKind::CreateServiceUser,
            Self::CreateToken(_) => TaskKind::CreateToken,
            Self::RequestCertificate(_) => TaskKind::RequestCertificate,
            Self::RotateToken(_) => TaskKind::RotateToken,
            Self::RotateCertificate(_) => TaskKind::RotateCertificate,
        }
    }
}

macro_rules! tasks {
    ($($name:ident)+) => {$(
        impl From<$name> for Task {
            fn from(task: $name) -> Self {
                Self::$name(task)
            }
        }
    )+};
}

tasks! { CreateServiceUser CreateToken RequestCertificate RotateToken RotateCertificate }

/// Creates a service user and stores its API key.
///
/// ```
/// use digicert_one_account::NewServiceUser;
/// use digicert_one_provisioning::{CreateServiceUser, Task};
/// let user = NewServiceUser::new("ci-bot").with_roles(["AM_ACCOUNT_USER"]).with_end_date("2099-12-31".parse()?);
/// let task: Task = CreateServiceUser::new(user).into();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreateServiceUser {
    /// The name, unique among service users.
    pub friendly_name: String,
    /// The contact's e-mail address.
    pub email: Option<String>,
    /// The description.
    pub description: Option<String>,
    /// The accounts that it may use.
    pub accounts: Vec<Id<Account>>,
    /// The ids of its roles.
    pub roles: Vec<String>,
    /// Its last day.
    #[serde(with = "as_optional_text")]
    pub end_date: Option<EndDate>,
}

impl CreateServiceUser {
    /// Creates a task for this service user.
    #[must_use]
    pub fn new(user: NewServiceUser) -> Self {
        let NewServiceUser { friendly_name, email, description, accounts, roles, end_date, .. } = user;
        Self { friendly_name, email, description, accounts, roles, end_date }
    }

    pub(super) fn user(&self) -> NewServiceUser {
        let mut user = NewServiceUser::new(&self.friendly_name);
        user.email.clone_from(&self.email);
        user.description.clone_from(&self.description);
        user.accounts.clone_from(&self.accounts);
        user.roles.clone_from(&self.roles);
        user.end_date = self.end_date;
        user
    }
}

/// Creates an API token for an existing user and stores its API key.
///
/// ```
/// use digicert_one_provisioning::{CreateToken, EndDatePolicy};
/// let task = CreateToken::new("ci-bot").ends(EndDatePolicy::AfterDays(90));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreateToken {
    /// The beginning of its name; a date and a random part follow, so that no name is used twice.
    pub base: String,
    /// The owner; by default the caller.
    pub owner: Option<Id<User>>,
    /// When it expires.
    pub ends: EndDatePolicy,
}

impl CreateToken {
    /// Creates a task for a token of the caller, with this beginning of its name.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        Self { base: base.into(), owner: None, ends: EndDatePolicy::WithOwner }
    }

    /// Sets the owner.
    #[must_use]
    pub fn owner(mut self, owner: impl Into<Id<User>>) -> Self {
        self.owner = Some(owner.into());
        self
    }

    /// Sets when it expires.
    #[must_use]
    pub fn ends(mut self, ends: EndDatePolicy) -> Self {
        self.ends = ends;
        self
    }
}

/// Generates a private key and requests a client certificate for it, always for the caller.
///
/// ```
/// use digicert_one_provisioning::{EndDatePolicy, RequestCertificate};
/// let task = RequestCertificate::new("ci-bot").ends(EndDatePolicy::AfterDays(365));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RequestCertificate {
    /// The beginning of its nickname; a date and a random part follow.
    pub base: String,
    /// The name in the request; by default the base.
    pub common_name: Option<String>,
    /// The kind of key.
    #[serde(with = "as_text")]
    pub key: KeyAlgorithm,
    /// When it expires.
    pub ends: EndDatePolicy,
}

impl RequestCertificate {
    /// Creates a task for a certificate with this beginning of its nickname.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        Self { base: base.into(), common_name: None, key: KeyAlgorithm::default(), ends: EndDatePolicy::WithOwner }
    }

    /// Sets the name in the request. The platform decides what the certificate contains.
    #[must_use]
    pub fn common_name(mut self, name: impl Into<String>) -> Self {
        self.common_name = Some(name.into());
        self
    }

    /// Sets the kind of key.
    #[must_use]
    pub fn key(mut self, key: KeyAlgorithm) -> Self {
        self.key = key;
        self
    }

    /// Sets when it expires.
    #[must_use]
    pub fn ends(mut self, ends: EndDatePolicy) -> Self {
        self.ends = ends;
        self
    }
}

mod as_optional_text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    #[expect(clippy::ref_option, reason = "the form that serde calls")]
    pub(super) fn serialize<T: Display, S: Serializer>(value: &Option<T>, serializer: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => serializer.collect_str(value),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(|_| D::Error::custom("invalid text"))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_task_round_trips_through_the_journal() {
        let user = NewServiceUser::new("ci").with_roles(["A"]).with_end_date("2099-12-31".parse().expect("a day"));
        let tasks: [Task; 5] = [
            CreateServiceUser::new(user).into(),
            CreateToken::new("ci").owner("u").ends(EndDatePolicy::On("2099-12-31".parse().expect("a day"))).into(),
            RequestCertificate::new("ci").key(KeyAlgorithm::P384).common_name("x").into(),
            RotateToken::new().old("t").delete_after(Duration::from_secs(5)).into(),
            RotateCertificate::new().ends(EndDatePolicy::AfterDays(3)).leave_old().into(),
        ];
        for task in tasks {
            let text = serde_json::to_string(&task).expect("written");
            assert_eq!(serde_json::from_str::<Task>(&text).expect("read"), task);
        }
    }
}
