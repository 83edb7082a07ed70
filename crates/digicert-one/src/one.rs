//! The client that users hold.

use std::ops::Deref;

#[cfg(feature = "account")]
use digicert_one_account::AccountManager;
use digicert_one_client::Client;
#[cfg(feature = "account")]
use digicert_one_client::Error;

#[cfg(feature = "account")]
use crate::whoami::WhoAmI;

/// Calls DigiCert ONE as one caller. Cheap to clone; clones share connections, credential and limits.
///
/// Made by [`from_env`](crate::from_env) or [`builder`](crate::builder). It is a [`Client`] with what the front door adds: everything
/// that a client does (`get`, `post`, `pages`, `expiry`, `shut_down`, ..) is there too.
///
/// ```no_run
/// # async fn example() -> Result<(), digicert_one::Error> {
/// let one = digicert_one::from_env()?;
/// let users: serde_json::Value = one.get("/account/api/v1/user").query("user_type", "service").send().await?.json().await?;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct DigiCertOne(Client);

impl DigiCertOne {
    /// The client itself, for code that takes one.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.0
    }

    /// The Account Manager API, typed.
    #[cfg(feature = "account")]
    #[must_use]
    pub fn account(&self) -> AccountManager {
        AccountManager::new(self.0.clone())
    }

    /// Who the platform takes the caller for, and when the credential ends: `GET /account/api/v1/user/me`.
    ///
    /// Source: DigiCert ONE, "Create and authenticate a service user" (documented; the fields of roles and end dates are inferred).
    ///
    /// # Errors
    /// See [`Error`]: [`diagnosis`](Error::diagnosis) says who rejected whom, and what to do.
    #[cfg(feature = "account")]
    pub async fn whoami(&self) -> Result<WhoAmI, Error> {
        let user = self.account().users().me().await?;
        Ok(WhoAmI::new(user, self.0.expiry().await?))
    }
}

impl From<Client> for DigiCertOne {
    fn from(client: Client) -> Self {
        Self(client)
    }
}

impl From<DigiCertOne> for Client {
    fn from(one: DigiCertOne) -> Self {
        one.0
    }
}

impl Deref for DigiCertOne {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.0
    }
}
