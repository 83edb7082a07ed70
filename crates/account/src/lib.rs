//! The Account Manager API: service users, their API tokens and client certificates, accounts, roles and the
//! audit log.
//!
//! ```no_run
//! use digicert_one_account::{NewToken, Id};
//!
//! use digicert_one_account::AccountExt as _;
//! # async fn example(client: digicert_one_client::Client) -> Result<(), Box<dyn std::error::Error>> {
//! let account = client.account();
//! let me = account.users().me().await?;
//! for token in account.tokens().list(&Id::me()).all().await? {
//!     println!("{} {:?} until {:?}", token.id, token.name, token.end_date);
//! }
//! let created = account.tokens().create(&NewToken::new("next").end_date("2099-12-31".parse()?)).await?;
//! # let _ = (me, created);
//! # Ok(()) }
//! ```
//!
//! # What is known of this API
//!
//! We found no published schema. Each method says how certain its source is: *documented* (a DigiCert page
//! names it), or *inferred*. So parsing is tolerant: fields have aliases, missing ones are `None`, unknown
//! fields and values are preserved, and an end date may be a day, an instant or a number. All guesses about
//! responses with a secret that is shown once are in `shown_once.rs`.
//!
//! # Secrets that are shown once
//!
//! Only one response contains the API key of a new service user or API token, or the certificate of a
//! request. They are moved into types that print nothing, and the text of the response is overwritten. A
//! create call is never retried once it may have been processed; if it fails after that,
//! [`Error::orphan`](digicert_one_client::Error::orphan) lists what may have been created.

mod audit_entry;
mod call;
mod certificate;
mod certificates;
mod check;
mod created;
mod directory;
mod fields;
mod id;
mod list;
mod open;
mod refusal;
mod shown_once;
mod token;
mod tokens;
mod user;
mod users;

pub use audit_entry::AuditEntry;
pub use certificate::{ClientCertificate, IssuedCertificate, NewClientCertificate};
pub use certificates::Certificates;
pub use created::CreatedKey;
use digicert_one_client::{Client, Error};
pub use directory::{Account, Organization, Role};
pub use fields::Extra;
pub use id::Id;
pub use list::List;
pub use open::{Status, UserType};
pub use refusal::Refusal;
pub use token::{ApiToken, NewToken, TokenChange};
pub use tokens::Tokens;
pub use user::{Application, NewServiceUser, User, UserChange};
pub use users::Users;

/// The application code of Account Manager, for [`AccountManager::roles`].
pub const ACCOUNT_MANAGER: &str = "account_manager";

/// The Account Manager API. Cheap to clone.
#[derive(Clone, Debug)]
pub struct AccountManager {
    client: Client,
}

/// Adds [`AccountManager`] to a client.
pub trait AccountExt {
    /// Returns the Account Manager API, called by this client.
    fn account(&self) -> AccountManager;
}

impl AccountExt for Client {
    fn account(&self) -> AccountManager {
        AccountManager::new(self.clone())
    }
}

impl AccountManager {
    /// Creates the API over this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Returns users and service users.
    #[must_use]
    pub fn users(&self) -> Users {
        Users::new(self.client.clone())
    }

    /// Returns API tokens.
    #[must_use]
    pub fn tokens(&self) -> Tokens {
        Tokens::new(self.client.clone())
    }

    /// Returns client certificates.
    #[must_use]
    pub fn certificates(&self) -> Certificates {
        Certificates::new(self.client.clone())
    }

    /// Returns the accounts that the caller may use: `GET account`.
    ///
    /// Permission: none named. Source: "Create and authenticate a service user" (documented).
    pub fn accounts(&self) -> List<Account> {
        List::new(&self.client, call::path(&["account"]))
    }

    /// Returns the roles of an application, such as [`ACCOUNT_MANAGER`], and their permissions: `GET
    /// role?application_code={code}`.
    ///
    /// Permission: none named. Source: "Create and authenticate a service user" (documented; the fields are inferred).
    pub fn roles(&self, application_code: &str) -> List<Role> {
        List::new(&self.client, call::path(&["role"])).filter("application_code", application_code)
    }

    /// Returns the audit log, page by page: `GET audit-log`.
    ///
    /// Permission: `VIEW_AM_AUDIT_LOG` (inferred from its name). Source: the path is documented; envelope, fields and filters are
    /// inferred from the log of Trust Lifecycle (`resource_type`, `action`, `status`, `from`, `to`, …).
    pub fn audit_log(&self) -> List<AuditEntry> {
        List::new(&self.client, call::path(&["audit-log"]))
    }

    /// Returns an organisation: `GET organization/{id}`.
    ///
    /// Permission: none named. Source: the path is documented; the fields are inferred.
    ///
    /// # Errors
    /// See [`Error`]; API-02 if it does not exist.
    pub async fn organization(&self, id: &Id<Organization>) -> Result<Organization, Error> {
        let id = call::checked("organization_id", id.as_str())?;
        let request = self.client.get(call::path(&["organization", id]));
        call::read(request.template("/account/api/v1/organization/{id}")).await
    }
}
