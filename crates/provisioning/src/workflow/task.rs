//! What is to be done, as plain data: it can be planned, run, and read again out of a journal after a crash. No secret is in it.

use std::fmt;

use digicert_one_account::{AccountId, NewServiceUser, UserId};
use digicert_one_core::EndDate;
use digicert_one_identity::KeyAlgorithm;
use serde::{Deserialize, Serialize};

use super::end_date_policy::{Ends, as_text};
use super::renewal::{RotateCertificate, RotateToken};

/// One of the workflows, with everything that it needs to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Task {
    /// Makes a service user and keeps the API key that it comes with.
    CreateServiceUser(CreateServiceUser),
    /// Makes an API token for a user that is there, and keeps its API key.
    CreateToken(CreateToken),
    /// Makes a private key and gets a client certificate for it.
    RequestCertificate(RequestCertificate),
    /// Replaces the API token in use by a new one.
    RotateToken(RotateToken),
    /// Replaces the client certificate in use by a new one.
    RotateCertificate(RotateCertificate),
}

/// Which workflow it is.
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
    /// The stable word for it, which the journal has, too.
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

    /// Whether it ends with a client certificate, and not with an API key.
    #[must_use]
    pub fn is_certificate(self) -> bool {
        matches!(self, Self::RequestCertificate | Self::RotateCertificate)
    }

    /// Whether it replaces something that is in use.
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
    /// Which one it is.
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

/// A service user that is to be made, and whose API key is to be kept.
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
    /// The address of the contact.
    pub email: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The accounts that it may use.
    pub accounts: Vec<AccountId>,
    /// The ids of its roles.
    pub roles: Vec<String>,
    /// Its last day.
    #[serde(with = "as_optional_text")]
    pub end_date: Option<EndDate>,
}

impl CreateServiceUser {
    /// This service user.
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

/// An API token that is to be made for a user that is there, and whose API key is to be kept.
///
/// ```
/// use digicert_one_provisioning::{CreateToken, Ends};
/// let task = CreateToken::new("ci-bot").ends(Ends::AfterDays(90));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreateToken {
    /// What its name begins with; a date and a random part follow, so that no name is ever used twice.
    pub base: String,
    /// Whose it is to be; the caller's own, if nobody is named.
    pub owner: Option<UserId>,
    /// When it is to end.
    pub ends: Ends,
}

impl CreateToken {
    /// A token for the caller, of which the name begins like this.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        Self { base: base.into(), owner: None, ends: Ends::WithOwner }
    }

    /// Whose it is to be.
    #[must_use]
    pub fn owner(mut self, owner: impl Into<UserId>) -> Self {
        self.owner = Some(owner.into());
        self
    }

    /// When it is to end.
    #[must_use]
    pub fn ends(mut self, ends: Ends) -> Self {
        self.ends = ends;
        self
    }
}

/// A private key that is to be made here, and a client certificate for it. It is always the caller's own.
///
/// ```
/// use digicert_one_provisioning::{Ends, RequestCertificate};
/// let task = RequestCertificate::new("ci-bot").ends(Ends::AfterDays(365));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RequestCertificate {
    /// What its nickname begins with; a date and a random part follow.
    pub base: String,
    /// The name that the request carries; the base, if there is none.
    pub common_name: Option<String>,
    /// The kind of key.
    #[serde(with = "as_text")]
    pub key: KeyAlgorithm,
    /// When it is to end.
    pub ends: Ends,
}

impl RequestCertificate {
    /// A certificate of which the nickname begins like this.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        Self { base: base.into(), common_name: None, key: KeyAlgorithm::default(), ends: Ends::WithOwner }
    }

    /// The name that the request carries. What the certificate says in the end is the platform's choice.
    #[must_use]
    pub fn common_name(mut self, name: impl Into<String>) -> Self {
        self.common_name = Some(name.into());
        self
    }

    /// The kind of key.
    #[must_use]
    pub fn key(mut self, key: KeyAlgorithm) -> Self {
        self.key = key;
        self
    }

    /// When it is to end.
    #[must_use]
    pub fn ends(mut self, ends: Ends) -> Self {
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
        text.map(|text| text.parse().map_err(|_| D::Error::custom("not what was written"))).transpose()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_task_survives_the_journal() {
        let user = NewServiceUser::new("ci").with_roles(["A"]).with_end_date("2099-12-31".parse().expect("a day"));
        let tasks: [Task; 5] = [
            CreateServiceUser::new(user).into(),
            CreateToken::new("ci").owner("u").ends(Ends::On("2099-12-31".parse().expect("a day"))).into(),
            RequestCertificate::new("ci").key(KeyAlgorithm::P384).common_name("x").into(),
            RotateToken::new().old("t").delete_after(Duration::from_secs(5)).into(),
            RotateCertificate::new().ends(Ends::AfterDays(3)).leave_old().into(),
        ];
        for task in tasks {
            let text = serde_json::to_string(&task).expect("written");
            assert_eq!(serde_json::from_str::<Task>(&text).expect("read"), task);
        }
    }
}
