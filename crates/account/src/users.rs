//! The calls for users and service users.

use digicert_one_client::{Client, Error, RequestBuilder, ResourceKind};
use http::Method;
use serde_json::Value;

use crate::call::{self, path};
use crate::{CreatedKey, Id, List, NewServiceUser, Status, User, UserChange, UserType, shown_once};

const USER: &str = "/account/api/v1/user/{id}";

/// Users and service users. Created by [`AccountManager::users`](crate::AccountManager::users).
#[derive(Clone, Debug)]
pub struct Users {
    client: Client,
}

impl Users {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Returns all users that the caller may see: `GET user`.
    ///
    /// Permission: to see users, by the caller's roles (inferred). Source: "Make your first API call" (documented).
    pub fn list(&self) -> List<User> {
        List::new(&self.client, path(&["user"]))
    }

    /// Returns the service users that the caller may see: `GET user?user_type=service`.
    ///
    /// Permission: to see users, by the caller's roles (inferred). Source: "Make your first API call" (documented).
    pub fn service(&self) -> List<User> {
        self.list().filter("user_type", UserType::Service.as_str())
    }

    /// Returns one user: `GET user/{id}`.
    ///
    /// Permission: none for oneself, else to see users (inferred). Source: "Create and authenticate a service user" (documented).
    ///
    /// # Errors
    /// See [`Error`]; API-02 if it does not exist.
    pub async fn get(&self, id: &Id<User>) -> Result<User, Error> {
        call::read(self.at(Method::GET, id)?).await
    }

    /// Returns the caller: `GET user/me`.
    ///
    /// Permission: none. Source: "Create and authenticate a service user" (documented).
    ///
    /// ```no_run
    /// use digicert_one_account::AccountExt as _;
    /// # async fn example(client: digicert_one_client::Client) -> Result<(), digicert_one_client::Error> {
    /// let me = client.account().users().me().await?;
    /// println!("{} until {:?}", me.friendly_name.unwrap_or_default(), me.end_date);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn me(&self) -> Result<User, Error> {
        call::read(self.client.get(path(&["user", "me"])).template("/account/api/v1/user/me")).await
    }

    /// Creates a service user and its first API token: `POST user`. Only this response shows the API key.
    ///
    /// Permission: *Manage users* (documented). Source: that the call returns the key is documented ("Authentication", the API's own
    /// introduction); the body and the name of the key in the response are inferred.
    ///
    /// ```no_run
    /// # use digicert_one_account::NewServiceUser;
    /// use digicert_one_account::AccountExt as _;
    /// # async fn example(client: digicert_one_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let user = NewServiceUser::new("ci-bot").roles(["AM_ACCOUNT_USER"]).end_date("2099-12-31".parse()?);
    /// let created = client.account().users().create(&user).await?;
    /// keep(created.api_key.expose()); // at once: it is never shown again
    /// # fn keep(_: &[u8]) {}
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. Before anything is sent: an empty name or address, a control character, an end date in
    /// the past. From the platform: see [`Refusal`](crate::Refusal).
    /// API-05 if a user was created but its key is missing from the response. Never retried once it may have
    /// been processed; [`Error::orphan`] then lists what may have been created.
    pub async fn create(&self, user: &NewServiceUser) -> Result<CreatedKey, Error> {
        user.check(self.client.clock().now())?;
        let mut response =
            call::create(&self.client, "user", user, ResourceKind::ServiceUser, &user.friendly_name).await?;
        let Some(shown) = shown_once::take(&mut response.object, &response.origin) else {
            return Err(response.not_shown("API key"));
        };
        let token = shown.beside.and_then(|fields| serde_json::from_value(Value::Object(fields)).ok());
        Ok(CreatedKey { user: response.into_object(), token, api_key: shown.api_key })
    }

    /// Changes a user: `PUT user/{id}`. Fields that are not set stay. Returns the new state.
    ///
    /// Permission: *Manage users* (inferred). Source: the UI changes service users; the call is inferred.
    ///
    /// # Errors
    /// See [`Error`]. Before anything is sent: an empty change, or a value that [`create`](Self::create)
    /// would refuse.
    pub async fn update(&self, id: &Id<User>, change: &UserChange) -> Result<User, Error> {
        change.check(self.client.clock().now())?;
        match call::change(self.at(Method::PUT, id)?.json(change)).await? {
            Some(user) => Ok(user),
            None => self.get(id).await,
        }
    }

    /// Disables a user. Its API tokens and client certificates stop working at once; [`enable`](Self::enable)
    /// restores them.
    ///
    /// Permission: *Manage users* (inferred). Source: the UI's function is documented ("Disable a service
    /// user"); the call, a change of the state, is inferred.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn disable(&self, id: &Id<User>) -> Result<User, Error> {
        self.switch(id, false).await
    }

    /// Enables a user again.
    ///
    /// Permission, source: as [`disable`](Self::disable).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn enable(&self, id: &Id<User>) -> Result<User, Error> {
        self.switch(id, true).await
    }

    /// Deletes a user: `DELETE user/{id}`.
    ///
    /// Permission: *Manage users* (inferred). Source: none; it is unknown whether the platform has this call
    /// (inferred).
    ///
    /// # Errors
    /// See [`Error`]; API-02 if it does not exist, unless a previous attempt may have deleted it; AUT-05 if
    /// the platform accepted the call (202) and has not executed it yet.
    pub async fn delete(&self, id: &Id<User>) -> Result<(), Error> {
        call::delete(self.at(Method::DELETE, id)?, self.at(Method::GET, id)?).await
    }

    async fn switch(&self, id: &Id<User>, enabled: bool) -> Result<User, Error> {
        let status = if enabled { Status::Active } else { Status::Disabled };
        let user = self.update(id, &UserChange::new().status(status)).await?;
        call::check_state(ResourceKind::ServiceUser, enabled, None, user.status.as_ref())?;
        Ok(user)
    }

    fn at(&self, method: Method, id: &Id<User>) -> Result<RequestBuilder, Error> {
        let id = call::checked("user_id", id.as_str())?;
        Ok(self.client.request(method, path(&["user", id])).template(USER))
    }
}
