//! The main client type.

use std::ops::Deref;

#[cfg(feature = "account")]
use digicert_one_account::AccountManager;
use digicert_one_client::Client;
#[cfg(feature = "account")]
use digicert_one_client::Error;

#[cfg(feature = "account")]
use crate::whoami::WhoAmI;

/// A client that calls DigiCert ONE as one caller. Cheap to clone; clones share connections, credential and limits.
///
/// Created by [`from_env`](crate::from_env) or [`builder`](crate::builder). It dereferences to [`Client`]
/// (`get`, `post`, `pages`, `expiry`, `shut_down`, ..) and adds the product APIs.
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
    /// Returns the underlying client, for code that takes one.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.0
    }

    /// Returns the typed Account Manager API.
    #[cfg(feature = "account")]
    #[must_use]
    pub fn account(&self) -> AccountManager {
        AccountManager::new(self.0.clone())
    }

    /// Returns who the platform identifies as the caller, and when the credential expires: `GET
    /// /account/api/v1/user/me`.
    ///
    /// Source: DigiCert ONE, "Create and authenticate a service user" (documented; the fields of roles and end dates are inferred).
    ///
    /// # Errors
    /// See [`Error`]: [`diagnosis`](Error::diagnosis) shows who rejected whom, and what to do.
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
