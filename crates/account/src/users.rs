//! The calls about users and service users.

use digicert_one_client::{Client, Error, Made, RequestBuilder};
use http::Method;
use serde_json::Value;

use crate::call::{self, path};
use crate::{CreatedServiceUser, List, NewServiceUser, Status, User, UserChange, UserId, UserType, shown_once};

const USER: &str = "/account/api/v1/user/{id}";

/// Users and service users. Made by [`AccountManager::users`](crate::AccountManager::users).
#[derive(Clone, Debug)]
pub struct Users {
    client: Client,
}

impl Users {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// All users that the caller may see: `GET user`.
    ///
    /// Permission: to see users, by the caller's roles (inferred). Source: "Make your first API call" (documented).
    pub fn list(&self) -> List<User> {
        List::new(&self.client, path(&["user"]))
    }

    /// The service users that the caller may see: `GET user?user_type=service`.
    ///
    /// Permission: to see users, by the caller's roles (inferred). Source: "Make your first API call" (documented).
    pub fn service(&self) -> List<User> {
        self.list().filter("user_type", UserType::Service.as_str())
    }

    /// One user: `GET user/{id}`.
    ///
    /// Permission: none for oneself, else to see users (inferred). Source: "Create and authenticate a service user" (documented).
    ///
    /// # Errors
    /// See [`Error`]; API-02 where there is none.
    pub async fn get(&self, id: &UserId) -> Result<User, Error> {
        call::read(self.at(Method::GET, id)?).await
    }

    /// Whoever is calling: `GET user/me`.
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

    /// Makes a service user, and its first API token: `POST user`. The answer is the only one that shows the API key.
    ///
    /// Permission: *Manage users* (documented). Source: that the call returns the key is documented ("Authentication", the API's own
    /// introduction); the body and the name of the key in the answer are inferred.
    ///
    /// ```no_run
    /// # use digicert_one_account::NewServiceUser;
    /// use digicert_one_account::AccountExt as _;
    /// # async fn example(client: digicert_one_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let user = NewServiceUser::new("ci-bot").with_roles(["AM_ACCOUNT_USER"]).with_end_date("2099-12-31".parse()?);
    /// let created = client.account().users().create(&user).await?;
    /// keep(created.api_key.expose()); // at once: it is never shown again
    /// # fn keep(_: &[u8]) {}
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. Before anything is sent: an empty name or address, a control character, an end date that is over
    /// ([`InvalidField`](crate::InvalidField)). From the platform: what [`Refusal`](crate::Refusal) tells. API-05, where something was
    /// made and no key is in the answer. Never repeated once it may have been processed; then
    /// [`Error::left_behind`] tells what may have been made.
    pub async fn create(&self, user: &NewServiceUser) -> Result<CreatedServiceUser, Error> {
        user.check(self.client.clock().now())?;
        let mut answer = call::create(&self.client, "user", user, Made::ServiceUser, &user.friendly_name).await?;
        let Some(shown) = shown_once::take(&mut answer.object, &answer.origin) else {
            return Err(answer.not_shown("API key"));
        };
        let token = shown.beside.and_then(|fields| serde_json::from_value(Value::Object(fields)).ok());
        Ok(CreatedServiceUser { user: answer.into_object(), token, api_key: shown.api_key })
    }

    /// Changes a user; what the change does not name stays: `PUT user/{id}`. Gives it as it is now.
    ///
    /// Permission: *Manage users* (inferred). Source: the UI changes service users; the call is inferred.
    ///
    /// # Errors
    /// See [`Error`]. Before anything is sent: a change of nothing, or a value that [`create`](Self::create) would refuse.
    pub async fn update(&self, id: &UserId, change: &UserChange) -> Result<User, Error> {
        change.check(self.client.clock().now())?;
        match call::change(self.at(Method::PUT, id)?.json(change)).await? {
            Some(user) => Ok(user),
            None => self.get(id).await,
        }
    }

    /// Switches a user off. Its API tokens and client certificates stop at once; [`enable`](Self::enable) brings them back.
    ///
    /// Permission: *Manage users* (inferred). Source: that it can be done is documented ("Disable a service user", of the UI); the
    /// call, a change of the state, is inferred.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn disable(&self, id: &UserId) -> Result<User, Error> {
        self.switch(id, false).await
    }

    /// Switches a user on again.
    ///
    /// Permission, source: as [`disable`](Self::disable).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn enable(&self, id: &UserId) -> Result<User, Error> {
        self.switch(id, true).await
    }

    /// Deletes a user: `DELETE user/{id}`.
    ///
    /// Permission: *Manage users* (inferred). Source: none: whether the platform has the call is not known (inferred).
    ///
    /// # Errors
    /// See [`Error`]; API-02 where there is none, unless an attempt before may have deleted it; AUT-05 where the platform accepted it
    /// (202) and has not done it yet.
    pub async fn delete(&self, id: &UserId) -> Result<(), Error> {
        call::delete(self.at(Method::DELETE, id)?, self.at(Method::GET, id)?).await
    }

    async fn switch(&self, id: &UserId, enabled: bool) -> Result<User, Error> {
        let status = if enabled { Status::Active } else { Status::Disabled };
        let user = self.update(id, &UserChange::new().with_status(status)).await?;
        call::check_state(Made::ServiceUser, enabled, None, user.status.as_ref())?;
        Ok(user)
    }

    fn at(&self, method: Method, id: &UserId) -> Result<RequestBuilder, Error> {
        let id = call::checked("user_id", id.as_str())?;
        Ok(self.client.request(method, path(&["user", id])).template(USER))
    }
}
