//! The caller, as the platform identifies it.

use std::collections::BTreeSet;
use std::fmt;

use digicert_one_account::{Account, Id, User, UserType};
use digicert_one_core::{EndDate, Expiry};

/// The caller, as the platform identifies it. Fields missing from the response are empty or `None`.
///
/// ```no_run
/// # async fn example(one: digicert_one::DigiCertOne) -> Result<(), digicert_one::Error> {
/// let me = one.whoami().await?;
/// if !me.permissions.contains("VIEW_AM_AUDIT_LOG") {
///     println!("{} may not read the audit log", me.friendly_name);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct WhoAmI {
    /// The id.
    pub id: Id<User>,
    /// The name of a service user; the address of a person; otherwise the id.
    pub friendly_name: String,
    /// Person or service user; `unknown` if missing from the response.
    pub user_type: UserType,
    /// The account that it belongs to.
    pub account: Option<Id<Account>>,
    /// Its roles, such as `AM_ACCOUNT_USER`.
    pub roles: Vec<String>,
    /// Permissions in all applications, such as `VIEW_AM_AUDIT_LOG`.
    pub permissions: BTreeSet<String>,
    /// The last second in which the user is valid.
    pub user_end_date: Option<EndDate>,
    /// The earliest known expiry of what this client uses: API key, client certificate or service user. The
    /// end date of an API key is known only if it was configured (`docs/credentials.md`), or to
    /// [`users`](digicert_one_account::Users) who may list tokens.
    pub credential_expiry: Option<Expiry>,
}

impl WhoAmI {
    pub(crate) fn new(user: User, credential_expiry: Option<Expiry>) -> Self {
        let friendly_name = user.friendly_name.or(user.email).unwrap_or_else(|| user.id.to_string());
        Self {
            friendly_name,
            id: user.id,
            user_type: user.user_type.unwrap_or_else(|| UserType::from("unknown")),
            account: user.primary_account_id.or_else(|| user.accounts.into_iter().next()),
            roles: user.roles,
            permissions: user.applications.into_iter().flat_map(|application| application.permissions).collect(),
            user_end_date: user.end_date,
            credential_expiry,
        }
    }
}

impl fmt::Display for WhoAmI {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, {})", self.friendly_name, self.user_type, self.id)
    }
}
