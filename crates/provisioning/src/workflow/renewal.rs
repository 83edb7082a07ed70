//! The two rotations as plain data: when they are due, and what happens to the previous credential.

use std::time::Duration;

use digicert_one_account::{ApiToken, ClientCertificate, Id, User};
use digicert_one_identity::KeyAlgorithm;
use serde::{Deserialize, Serialize};

use super::end_date_policy::{EndDatePolicy, as_text};

/// When a rotation is due, and what happens to the previous credential. The same for tokens and certificates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Renewal {
    /// When the new credential expires.
    #[serde(alias = "ends")]
    pub end_date: EndDatePolicy,
    /// Not due if a credential was created more recently than this: if two machines rotate at once, the
    /// second finds the result of the first. Ten minutes by default.
    pub newer_than: Duration,
    /// Due only if the credential in use expires within this time; if not set, a rotation is always due.
    #[serde(alias = "ends_within")]
    pub expires_within: Option<Duration>,
    /// How long the previous credential stays enabled after every local consumer has switched, for consumers
    /// elsewhere. Two minutes by default: a watching credential reads its source once a minute.
    pub grace: Duration,
    /// Deletes the previous credential this long after it was disabled, when the next task runs; at once if
    /// zero. Certificates cannot be deleted.
    pub delete_after: Option<Duration>,
    /// Leaves the previous credential enabled.
    #[serde(alias = "leave_old")]
    pub keep_previous: bool,
}

impl Default for Renewal {
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        Self {
            end_date: EndDatePolicy::WithOwner,
            newer_than: 10 * minute,
            expires_within: None,
            grace: 2 * minute,
            delete_after: None,
            keep_previous: false,
        }
    }
}

macro_rules! renewals {
    ($($name:ident)+) => {$(
        impl $name {
            /// Sets the beginning of the new name; a date and a random part follow. By default that of the
            /// credential in use, else the name of its owner.
            #[must_use]
            pub fn name_prefix(mut self, name_prefix: impl Into<String>) -> Self {
                self.name_prefix = Some(name_prefix.into());
                self
            }

            /// Sets when the new credential expires.
            #[must_use]
            pub fn end_date(mut self, end_date: EndDatePolicy) -> Self {
                self.renewal.end_date = end_date;
                self
            }

            /// Skips the rotation if a credential was created more recently than this.
            #[must_use]
            pub fn newer_than(mut self, age: Duration) -> Self {
                self.renewal.newer_than = age;
                self
            }

            /// Skips the rotation unless the credential in use expires within this time.
            #[must_use]
            pub fn if_expires_within(mut self, time: Duration) -> Self {
                self.renewal.expires_within = Some(time);
                self
            }

            /// Sets how long the previous credential stays enabled after every local consumer has switched.
            #[must_use]
            pub fn grace(mut self, time: Duration) -> Self {
                self.renewal.grace = time;
                self
            }

            /// Leaves the previous credential enabled.
            #[must_use]
            pub fn keep_previous(mut self) -> Self {
                self.renewal.keep_previous = true;
                self
            }
        }
    )+};
}

renewals! { RotateToken RotateCertificate }

/// The rotation of an API token.
///
/// ```
/// use std::time::Duration;
/// use digicert_one_provisioning::{EndDatePolicy, RotateToken};
/// let week = Duration::from_secs(7 * 24 * 60 * 60);
/// let task = RotateToken::new().end_date(EndDatePolicy::AfterDays(90)).if_expires_within(2 * week).delete_after(week);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RotateToken {
    /// The beginning of the new name.
    #[serde(alias = "base")]
    pub name_prefix: Option<String>,
    /// The owner; by default the caller.
    pub owner: Option<Id<User>>,
    /// The token to replace. By default the remembered one of the last task, else found by name.
    #[serde(alias = "old")]
    pub previous: Option<Id<ApiToken>>,
    /// When it is due, and what happens to the previous token.
    pub renewal: Renewal,
}

impl RotateToken {
    /// Creates a rotation of the caller's own token, always due.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the owner.
    #[must_use]
    pub fn owner(mut self, owner: impl Into<Id<User>>) -> Self {
        self.owner = Some(owner.into());
        self
    }

    /// Sets the token to replace.
    #[must_use]
    pub fn previous(mut self, id: impl Into<Id<ApiToken>>) -> Self {
        self.previous = Some(id.into());
        self
    }

    /// Deletes the previous token this long after it was disabled.
    #[must_use]
    pub fn delete_after(mut self, time: Duration) -> Self {
        self.renewal.delete_after = Some(time);
        self
    }
}

/// The rotation of a client certificate, with a new private key.
///
/// ```
/// use digicert_one_provisioning::{EndDatePolicy, RotateCertificate};
/// let task = RotateCertificate::new().end_date(EndDatePolicy::AfterDays(365));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RotateCertificate {
    /// The beginning of the new nickname.
    #[serde(alias = "base")]
    pub name_prefix: Option<String>,
    /// The name in the request; by default the base.
    pub common_name: Option<String>,
    /// The kind of key.
    #[serde(with = "as_text")]
    pub key: KeyAlgorithm,
    /// The certificate to replace. By default the remembered one of the last task, else found by nickname.
    #[serde(alias = "old")]
    pub previous: Option<Id<ClientCertificate>>,
    /// When it is due, and what happens to the previous certificate.
    pub renewal: Renewal,
}

impl Default for RotateCertificate {
    fn default() -> Self {
        let (key, renewal) = (KeyAlgorithm::default(), Renewal::default());
        Self { name_prefix: None, common_name: None, key, previous: None, renewal }
    }
}

impl RotateCertificate {
    /// Creates a rotation of the caller's own certificate, always due.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the name in the request.
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

    /// Sets the certificate to replace.
    #[must_use]
    pub fn previous(mut self, id: impl Into<Id<ClientCertificate>>) -> Self {
        self.previous = Some(id.into());
        self
    }
}
