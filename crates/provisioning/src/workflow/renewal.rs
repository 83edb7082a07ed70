//! The two rotations as plain data: when there is something to do, and what becomes of the one before.

use std::time::Duration;

use digicert_one_account::{CertificateId, TokenId, UserId};
use digicert_one_identity::KeyAlgorithm;
use serde::{Deserialize, Serialize};

use super::end_date_policy::{Ends, as_text};

/// When a rotation has something to do, and what becomes of the one before. The same for tokens and certificates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Renewal {
    /// When the new one is to end.
    pub ends: Ends,
    /// Nothing is done if one was made less long ago than this: of two machines that come at once, the second finds the work of
    /// the first. Ten minutes, if not said otherwise.
    pub newer_than: Duration,
    /// Nothing is done unless the one in use ends within this time; without it, a rotation is always due.
    pub ends_within: Option<Duration>,
    /// How long the one before stays enabled after every watcher here has switched, for those elsewhere. Two minutes, if not
    /// said otherwise: a watching credential reads its source once a minute.
    pub grace: Duration,
    /// Deletes the one before this long after it was disabled, when the next task runs; at once for no time at all. Certificates
    /// cannot be deleted.
    pub delete_after: Option<Duration>,
    /// Leaves the one before enabled.
    pub leave_old: bool,
}

impl Default for Renewal {
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        Self {
            ends: Ends::WithOwner,
            newer_than: 10 * minute,
            ends_within: None,
            grace: 2 * minute,
            delete_after: None,
            leave_old: false,
        }
    }
}

macro_rules! renewals {
    ($($name:ident)+) => {$(
        impl $name {
            /// What the name of the new one begins with; a date and a random part follow. If it is not said, the name of the
            /// one in use tells, else the name of its owner.
            #[must_use]
            pub fn base(mut self, base: impl Into<String>) -> Self {
                self.base = Some(base.into());
                self
            }

            /// When the new one is to end.
            #[must_use]
            pub fn ends(mut self, ends: Ends) -> Self {
                self.renewal.ends = ends;
                self
            }

            /// Does nothing if one was made less long ago than this.
            #[must_use]
            pub fn newer_than(mut self, age: Duration) -> Self {
                self.renewal.newer_than = age;
                self
            }

            /// Does nothing unless the one in use ends within this time.
            #[must_use]
            pub fn if_ends_within(mut self, time: Duration) -> Self {
                self.renewal.ends_within = Some(time);
                self
            }

            /// How long the one before stays enabled after every watcher here has switched.
            #[must_use]
            pub fn grace(mut self, time: Duration) -> Self {
                self.renewal.grace = time;
                self
            }

            /// Leaves the one before enabled.
            #[must_use]
            pub fn leave_old(mut self) -> Self {
                self.renewal.leave_old = true;
                self
            }
        }
    )+};
}

renewals! { RotateToken RotateCertificate }

/// An API token that is to be replaced.
///
/// ```
/// use std::time::Duration;
/// use digicert_one_provisioning::{Ends, RotateToken};
/// let week = Duration::from_secs(7 * 24 * 60 * 60);
/// let task = RotateToken::new().ends(Ends::AfterDays(90)).if_ends_within(2 * week).delete_after(week);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RotateToken {
    /// What the name of the new one begins with.
    pub base: Option<String>,
    /// Whose it is; the caller's own, if nobody is named.
    pub owner: Option<UserId>,
    /// The one to be replaced. If it is not named, what was remembered of the last task tells, else the names do.
    pub old: Option<TokenId>,
    /// When there is something to do, and what becomes of the one before.
    pub renewal: Renewal,
}

impl RotateToken {
    /// The caller's own token, always due.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whose it is.
    #[must_use]
    pub fn owner(mut self, owner: impl Into<UserId>) -> Self {
        self.owner = Some(owner.into());
        self
    }

    /// The one to be replaced.
    #[must_use]
    pub fn old(mut self, id: impl Into<TokenId>) -> Self {
        self.old = Some(id.into());
        self
    }

    /// Deletes the one before, this long after it was disabled.
    #[must_use]
    pub fn delete_after(mut self, time: Duration) -> Self {
        self.renewal.delete_after = Some(time);
        self
    }
}

/// A client certificate that is to be replaced, with a new private key.
///
/// ```
/// use digicert_one_provisioning::{Ends, RotateCertificate};
/// let task = RotateCertificate::new().ends(Ends::AfterDays(365));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RotateCertificate {
    /// What the nickname of the new one begins with.
    pub base: Option<String>,
    /// The name that the request carries; the base, if there is none.
    pub common_name: Option<String>,
    /// The kind of key.
    #[serde(with = "as_text")]
    pub key: KeyAlgorithm,
    /// The one to be replaced. If it is not named, what was remembered of the last task tells, else the nicknames do.
    pub old: Option<CertificateId>,
    /// When there is something to do, and what becomes of the one before.
    pub renewal: Renewal,
}

impl Default for RotateCertificate {
    fn default() -> Self {
        let (key, renewal) = (KeyAlgorithm::default(), Renewal::default());
        Self { base: None, common_name: None, key, old: None, renewal }
    }
}

impl RotateCertificate {
    /// The caller's own certificate, always due.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The name that the request carries.
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

    /// The one to be replaced.
    #[must_use]
    pub fn old(mut self, id: impl Into<CertificateId>) -> Self {
        self.old = Some(id.into());
        self
    }
}
