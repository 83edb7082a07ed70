//! The calls for API tokens.

use digicert_one_client::{Client, Error, RequestBuilder, ResourceKind};
use http::Method;
use serde_json::Value;

use crate::call::{self, path};
use crate::{ApiToken, CreatedKey, Id, List, NewToken, TokenChange, User, shown_once};

const RESOURCE: &str = "api-access-token";
const TOKEN: &str = "/account/api/v1/api-access-token/{id}";

/// API tokens. Created by [`AccountManager::tokens`](crate::AccountManager::tokens).
///
/// Every user may manage their own tokens with any of the roles `AM_DEFAULT_USER`, `AM_ACCOUNT_USER`,
/// `AM_ACCOUNT_MANAGER`, `AM_ACCOUNT_ADMIN` (documented: "Manage the API token lifecycle"); tokens of others
/// need *Manage users* (inferred).
#[derive(Clone, Debug)]
pub struct Tokens {
    client: Client,
}

impl Tokens {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Returns the tokens of a user: `GET api-access-token?user_id={id}`. Use [`Id::me`] for the caller.
    ///
    /// Permission: one's own: any of the roles above. Source: "Manage the API token lifecycle" (documented; the envelope is inferred).
    pub fn list(&self, user: &Id<User>) -> List<ApiToken> {
        List::new(&self.client, path(&[RESOURCE])).filter("user_id", user.as_str())
    }

    /// Creates an API token: `POST api-access-token`. Only this response shows the API key.
    ///
    /// Permission: for oneself, any of the roles above. Source: "Manage the API token lifecycle" (documented); the body and the name of
    /// the key in the response are inferred.
    ///
    /// ```no_run
    /// # use digicert_one_account::NewToken;
    /// use digicert_one_account::AccountExt as _;
    /// # async fn example(client: digicert_one_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let created = client.account().tokens().create(&NewToken::new("ci-bot 2026-07")).await?;
    /// keep(created.api_key.expose()); // at once: it is never shown again
    /// # fn keep(_: &[u8]) {}
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. Before anything is sent: a name with other characters than letters, digits, blanks, `-`
    /// and `_`, an end date in the past. From the platform: see
    /// [`Refusal`](crate::Refusal); API-07 if an older platform allows one token only. API-05 if a token was
    /// created but its key is missing from the response. Never retried once it may have been processed;
    /// [`Error::orphan`] then lists what may have been created.
    pub async fn create(&self, token: &NewToken) -> Result<CreatedKey, Error> {
        token.check(self.client.clock().now())?;
        let mut response = call::create(&self.client, RESOURCE, token, ResourceKind::ApiToken, &token.name).await?;
        let Some(shown) = shown_once::take(&mut response.object, &response.origin) else {
            return Err(response.not_shown("API key"));
        };
        let beside = shown.beside.and_then(|fields| serde_json::from_value(Value::Object(fields)).ok());
        Ok(CreatedKey { user: None, token: response.into_object().or(beside), api_key: shown.api_key })
    }

    /// Returns one token, without its secret: `GET api-access-token/{id}`.
    ///
    /// Permission: one's own: any of the roles above. Source: "Manage the API token lifecycle" (documented).
    ///
    /// # Errors
    /// See [`Error`]; API-02 if it does not exist.
    pub async fn get(&self, id: &Id<ApiToken>) -> Result<ApiToken, Error> {
        call::read(self.at(Method::GET, id)?).await
    }

    /// Changes a token: `PUT api-access-token/{id}`. Fields that are not set stay. Returns the new state.
    ///
    /// Permission: one's own: any of the roles above. Source: "Manage the API token lifecycle" (documented; the body is inferred).
    ///
    /// # Errors
    /// See [`Error`]. Before anything is sent: an empty change, or a value that [`create`](Self::create)
    /// would refuse.
    pub async fn update(&self, id: &Id<ApiToken>, change: &TokenChange) -> Result<ApiToken, Error> {
        change.check(self.client.clock().now())?;
        match call::change(self.at(Method::PUT, id)?.json(change)).await? {
            Some(token) => Ok(token),
            None => self.get(id).await,
        }
    }

    /// Disables a token: calls with its key fail at once.
    ///
    /// Permission, source: as [`update`](Self::update).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn disable(&self, id: &Id<ApiToken>) -> Result<ApiToken, Error> {
        self.switch(id, false).await
    }

    /// Enables a token again.
    ///
    /// Permission, source: as [`update`](Self::update).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn enable(&self, id: &Id<ApiToken>) -> Result<ApiToken, Error> {
        self.switch(id, true).await
    }

    /// Deletes a token: `DELETE api-access-token/{id}`. Calls with its key fail at once.
    ///
    /// Permission: one's own: any of the roles above. Source: "Manage the API token lifecycle" (documented).
    ///
    /// # Errors
    /// See [`Error`]; API-02 if it does not exist, unless a previous attempt may have deleted it; AUT-05 if
    /// the platform accepted the call (202) and has not executed it yet.
    pub async fn delete(&self, id: &Id<ApiToken>) -> Result<(), Error> {
        call::delete(self.at(Method::DELETE, id)?, self.at(Method::GET, id)?).await
    }

    async fn switch(&self, id: &Id<ApiToken>, enabled: bool) -> Result<ApiToken, Error> {
        let token = self.update(id, &TokenChange::new().enabled(enabled)).await?;
        call::check_state(ResourceKind::ApiToken, enabled, token.enabled, token.status.as_ref())?;
        Ok(token)
    }

    fn at(&self, method: Method, id: &Id<ApiToken>) -> Result<RequestBuilder, Error> {
        let id = call::checked("token_id", id.as_str())?;
        Ok(self.client.request(method, path(&[RESOURCE, id])).template(TOKEN))
    }
}
