//! Tasks as plain data: they can be planned, run, and read from a journal after a crash. They contain no secret.

use std::fmt;

use digicert_one_account::{Id, NewServiceUser, User};
use digicert_one_identity::KeyAlgorithm;
use serde::{Deserialize, Serialize};

use super::end_date_policy::{EndDatePolicy, as_text};
use super::renewal::{RotateCertificate, RotateToken};

/// One of the workflows, with its parameters.
///
/// ```
/// use digicert_one_account::NewServiceUser;
/// use digicert_one_provisioning::Task;
/// let user = NewServiceUser::new("ci-bot").roles(["AM_ACCOUNT_USER"]).end_date("2099-12-31".parse()?);
/// let task = Task::from(user);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Task {
    /// Creates a service user and stores its API key.
    CreateServiceUser(#[serde(with = "service_user")] NewServiceUser),
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
    /// See [`Task::CreateServiceUser`].
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

impl From<NewServiceUser> for Task {
    fn from(user: NewServiceUser) -> Self {
        Self::CreateServiceUser(user)
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

tasks! { CreateToken RequestCertificate RotateToken RotateCertificate }

/// Creates an API token for an existing user and stores its API key.
///
/// ```
/// use digicert_one_provisioning::{CreateToken, EndDatePolicy};
/// let task = CreateToken::new("ci-bot").end_date(EndDatePolicy::AfterDays(90));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreateToken {
    /// The beginning of its name; a date and a random part follow, so that no name is used twice.
    #[serde(alias = "base")]
    pub name_prefix: String,
    /// The owner; by default the caller.
    pub owner: Option<Id<User>>,
    /// When it expires.
    #[serde(alias = "ends")]
    pub end_date: EndDatePolicy,
}

impl CreateToken {
    /// Creates a task for a token of the caller, with this beginning of its name.
    #[must_use]
    pub fn new(name_prefix: impl Into<String>) -> Self {
        Self { name_prefix: name_prefix.into(), owner: None, end_date: EndDatePolicy::WithOwner }
    }

    /// Sets the owner.
    #[must_use]
    pub fn owner(mut self, owner: impl Into<Id<User>>) -> Self {
        self.owner = Some(owner.into());
        self
    }

    /// Sets when it expires.
    #[must_use]
    pub fn end_date(mut self, end_date: EndDatePolicy) -> Self {
        self.end_date = end_date;
        self
    }
}

/// Generates a private key and requests a client certificate for it, always for the caller.
///
/// ```
/// use digicert_one_provisioning::{EndDatePolicy, RequestCertificate};
/// let task = RequestCertificate::new("ci-bot").end_date(EndDatePolicy::AfterDays(365));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RequestCertificate {
    /// The beginning of its nickname; a date and a random part follow.
    #[serde(alias = "base")]
    pub name_prefix: String,
    /// The name in the request; by default the base.
    pub common_name: Option<String>,
    /// The kind of key.
    #[serde(with = "as_text")]
    pub key: KeyAlgorithm,
    /// When it expires.
    #[serde(alias = "ends")]
    pub end_date: EndDatePolicy,
}

impl RequestCertificate {
    /// Creates a task for a certificate with this beginning of its nickname.
    #[must_use]
    pub fn new(name_prefix: impl Into<String>) -> Self {
        Self {
            name_prefix: name_prefix.into(),
            common_name: None,
            key: KeyAlgorithm::default(),
            end_date: EndDatePolicy::WithOwner,
        }
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
    pub fn end_date(mut self, end_date: EndDatePolicy) -> Self {
        self.end_date = end_date;
        self
    }
}

/// A service user as the journal stores it.
mod service_user {
    use digicert_one_account::NewServiceUser;
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::{Serialize, Serializer};

    #[derive(serde::Serialize, serde::Deserialize)]
    struct Stored {
        friendly_name: String,
        email: Option<String>,
        description: Option<String>,
        accounts: Vec<String>,
        roles: Vec<String>,
        end_date: Option<String>,
    }

    pub(super) fn serialize<S: Serializer>(user: &NewServiceUser, serializer: S) -> Result<S::Ok, S::Error> {
        let user = user.clone();
        Stored {
            friendly_name: user.friendly_name,
            email: user.email,
            description: user.description,
            accounts: user.accounts.iter().map(ToString::to_string).collect(),
            roles: user.roles,
            end_date: user.end_date.map(|end| end.to_string()),
        }
        .serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NewServiceUser, D::Error> {
        let stored = Stored::deserialize(deserializer)?;
        let end_date = stored.end_date.map(|text| text.parse().map_err(|_| D::Error::custom("invalid text")));
        let mut user = NewServiceUser::new(stored.friendly_name).accounts(stored.accounts).roles(stored.roles);
        user.email = stored.email;
        user.description = stored.description;
        user.end_date = end_date.transpose()?;
        Ok(user)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn every_task_round_trips_through_the_journal() {
        let user = NewServiceUser::new("ci").roles(["A"]).end_date("2099-12-31".parse().expect("a day"));
        let tasks: [Task; 5] = [
            user.into(),
            CreateToken::new("ci").owner("u").end_date(EndDatePolicy::On("2099-12-31".parse().expect("a day"))).into(),
            RequestCertificate::new("ci").key(KeyAlgorithm::P384).common_name("x").into(),
            RotateToken::new().previous("t").delete_after(Duration::from_secs(5)).into(),
            RotateCertificate::new().end_date(EndDatePolicy::AfterDays(3)).keep_previous().into(),
        ];
        for task in tasks {
            let text = serde_json::to_string(&task).expect("written");
            assert_eq!(serde_json::from_str::<Task>(&text).expect("read"), task);
        }
    }

    #[test]
    fn tasks_of_older_journals_are_read() {
        let old = r#"{"create-token":{"base":"ci","owner":null,"ends":{"after-days":7}}}"#;
        let task = CreateToken::new("ci").end_date(EndDatePolicy::AfterDays(7));
        assert_eq!(serde_json::from_str::<Task>(old).expect("read"), task.into());
        let mut text =
            serde_json::to_string(&Task::from(RotateToken::new().previous("t").keep_previous())).expect("written");
        for (new, old) in [("end_date", "ends"), ("expires_within", "ends_within"), ("keep_previous", "leave_old")] {
            text = text.replace(&format!("\"{new}\""), &format!("\"{old}\""));
        }
        text = text.replace("\"previous\"", "\"old\"").replace("\"name_prefix\"", "\"base\"");
        let read = serde_json::from_str::<Task>(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(read, RotateToken::new().previous("t").keep_previous().into());
    }
}
