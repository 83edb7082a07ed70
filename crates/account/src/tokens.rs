//! The calls about API tokens.

use digicert_one_client::{Client, Error, Made, RequestBuilder};
use http::Method;
use serde_json::Value;

use crate::call::{self, path};
use crate::{ApiToken, CreatedToken, List, NewToken, TokenChange, TokenId, UserId, shown_once};

const RESOURCE: &str = "api-access-token";
const TOKEN: &str = "/account/api/v1/api-access-token/{id}";

/// API tokens. Made by [`AccountManager::tokens`](crate::AccountManager::tokens).
///
/// Every user may manage its own with any of the roles `AM_DEFAULT_USER`, `AM_ACCOUNT_USER`, `AM_ACCOUNT_MANAGER`,
/// `AM_ACCOUNT_ADMIN` (documented: "Manage the API token lifecycle"); for those of others it needs *Manage users* (inferred).
#[derive(Clone, Debug)]
pub struct Tokens {
    client: Client,
}

impl Tokens {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// The tokens of a user: `GET api-access-token?user_id={id}`. [`UserId::me`] stands for the caller.
    ///
    /// Permission: one's own: any of the roles above. Source: "Manage the API token lifecycle" (documented; the envelope is inferred).
    pub fn list(&self, user: &UserId) -> List<ApiToken> {
        List::new(&self.client, path(&[RESOURCE])).filter("user_id", user.as_str())
    }

    /// Makes an API token: `POST api-access-token`. The answer is the only one that shows the API key.
    ///
    /// Permission: for oneself, any of the roles above. Source: "Manage the API token lifecycle" (documented); the body and the name of
    /// the key in the answer are inferred.
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
    /// See [`Error`]. Before anything is sent: a name with other characters than letters, digits, blanks, `-` and `_`, an end date that
    /// is over ([`InvalidField`](crate::InvalidField)). From the platform: what [`Refusal`](crate::Refusal) tells; API-07, where an older
    /// platform allows one token only. API-05, where something was made and no key is in the answer. Never repeated once it may
    /// have been processed; then [`Error::left_behind`] tells what may have been made.
    pub async fn create(&self, token: &NewToken) -> Result<CreatedToken, Error> {
        token.check(self.client.clock().now())?;
        let mut answer = call::create(&self.client, RESOURCE, token, Made::ApiToken, &token.name).await?;
        let Some(shown) = shown_once::take(&mut answer.object, &answer.origin) else {
            return Err(answer.not_shown("API key"));
        };
        let beside = shown.beside.and_then(|fields| serde_json::from_value(Value::Object(fields)).ok());
        Ok(CreatedToken { token: answer.into_object().or(beside), api_key: shown.api_key })
    }

    /// One token, without its secret: `GET api-access-token/{id}`.
    ///
    /// Permission: one's own: any of the roles above. Source: "Manage the API token lifecycle" (documented).
    ///
    /// # Errors
    /// See [`Error`]; API-02 where there is none.
    pub async fn get(&self, id: &TokenId) -> Result<ApiToken, Error> {
        call::read(self.at(Method::GET, id)?).await
    }

    /// Changes a token; what the change does not name stays: `PUT api-access-token/{id}`. Gives it as it is now.
    ///
    /// Permission: one's own: any of the roles above. Source: "Manage the API token lifecycle" (documented; the body is inferred).
    ///
    /// # Errors
    /// See [`Error`]. Before anything is sent: a change of nothing, or a value that [`create`](Self::create) would refuse.
    pub async fn update(&self, id: &TokenId, change: &TokenChange) -> Result<ApiToken, Error> {
        change.check(self.client.clock().now())?;
        match call::change(self.at(Method::PUT, id)?.json(change)).await? {
            Some(token) => Ok(token),
            None => self.get(id).await,
        }
    }

    /// Switches a token off: calls with its key stop at once.
    ///
    /// Permission, source: as [`update`](Self::update).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn disable(&self, id: &TokenId) -> Result<ApiToken, Error> {
        self.switch(id, false).await
    }

    /// Switches a token on again.
    ///
    /// Permission, source: as [`update`](Self::update).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn enable(&self, id: &TokenId) -> Result<ApiToken, Error> {
        self.switch(id, true).await
    }

    /// Deletes a token: `DELETE api-access-token/{id}`. Calls with its key stop at once.
    ///
    /// Permission: one's own: any of the roles above. Source: "Manage the API token lifecycle" (documented).
    ///
    /// # Errors
    /// See [`Error`]; API-02 where there is none, unless an attempt before may have deleted it; AUT-05 where the platform accepted it
    /// (202) and has not done it yet.
    pub async fn delete(&self, id: &TokenId) -> Result<(), Error> {
        call::delete(self.at(Method::DELETE, id)?, self.at(Method::GET, id)?).await
    }

    async fn switch(&self, id: &TokenId, enabled: bool) -> Result<ApiToken, Error> {
        let token = self.update(id, &TokenChange::new().with_enabled(enabled)).await?;
        call::check_state(Made::ApiToken, enabled, token.enabled, token.status.as_ref())?;
        Ok(token)
    }

    fn at(&self, method: Method, id: &TokenId) -> Result<RequestBuilder, Error> {
        let id = call::checked("token_id", id.as_str())?;
        Ok(self.client.request(method, path(&[RESOURCE, id])).template(TOKEN))
    }
}
