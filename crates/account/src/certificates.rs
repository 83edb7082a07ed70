//! The calls for client certificates. They are the caller's own: the platform has no call for those of others.

use digicert_one_client::{Client, Error, ErrorKind, ResourceKind};
use digicert_one_core::{Code, Diagnosis};
use http::StatusCode;
use serde_json::{Value, json};

use crate::call::{self, path};
use crate::certificate::take_chain;
use crate::fields::field;
use crate::user::CERTIFICATES;
use crate::{ClientCertificate, Id, IssuedCertificate, NewClientCertificate, User, Users, shown_once};

const RESOURCE: &str = "client-auth-certificate";

/// Client certificates. Created by [`AccountManager::certificates`](crate::AccountManager::certificates).
#[derive(Clone, Debug)]
pub struct Certificates {
    client: Client,
}

impl Certificates {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Returns the caller's client certificates, from `GET user/me`.
    ///
    /// Permission: none. Source: the tutorial on multi-factor authentication reads them there; the name of the field is inferred.
    ///
    /// # Errors
    /// See [`Error`]; AUT-05 if they are present but unreadable.
    pub async fn list(&self) -> Result<Vec<ClientCertificate>, Error> {
        self.of(&Id::me()).await
    }

    /// Returns the client certificates of a user, from `GET user/{id}`.
    ///
    /// Permission: none for oneself, else to see users (inferred). Source: as [`list`](Self::list); that other users show theirs is
    /// inferred.
    ///
    /// # Errors
    /// Same as [`list`](Self::list).
    pub async fn of(&self, user: &Id<User>) -> Result<Vec<ClientCertificate>, Error> {
        let user = Users::new(self.client.clone()).get(user).await?;
        let unread = CERTIFICATES.iter().find_map(|name| field(&user.extra, name));
        match unread.filter(|name| user.extra.get(name).is_some_and(|value| !value.is_null())) {
            Some(name) => {
                let summary = format!("the field {name} of the user is not a list of client certificates.");
                Err(Error::new(ErrorKind::Decode, Diagnosis::of(Code::AUT_05, summary)))
            }
            None => Ok(user.client_auth_certificates),
        }
    }

    /// Creates a client certificate for the caller, from a certificate signing request: `POST
    /// client-auth-certificate`. The private key never leaves the machine. Only this response shows the
    /// certificate.
    ///
    /// Permission: none named. Source: method, path and purpose are documented ("Set up service user multi-factor authentication");
    /// body and response are inferred.
    ///
    /// ```no_run
    /// # use digicert_one_account::NewClientCertificate;
    /// use digicert_one_account::AccountExt as _;
    /// # async fn example(client: digicert_one_client::Client, csr: &str) -> Result<(), digicert_one_client::Error> {
    /// let wanted = NewClientCertificate::new("ci-bot 2026-07", csr);
    /// let issued = client.account().certificates().request(&wanted).await?;
    /// println!("{}", issued.chain_pem());
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// See [`Error`]. Before anything is sent: a nickname with other characters than letters, digits, blanks,
    /// `-` and `_`, an end date in the past, a text that is not a request or holds a private key
    ///. From the platform: see [`Refusal`](crate::Refusal). API-05 if
    /// a certificate was created but is missing from the response. Never retried once it may have been
    /// processed; [`Error::orphan`] then lists what may have been created.
    pub async fn request(&self, wanted: &NewClientCertificate) -> Result<IssuedCertificate, Error> {
        wanted.check(self.client.clock().now())?;
        let made = ResourceKind::ClientCertificate;
        let mut response = call::create(&self.client, RESOURCE, wanted, made, &wanted.nickname).await?;
        let mut chain = shown_once::unwrapped(&mut response.object).map(take_chain).unwrap_or_default();
        if chain.is_empty() {
            chain = response.object.as_object_mut().map(take_chain).unwrap_or_default();
        }
        if chain.is_empty() {
            return Err(response.not_shown("certificate"));
        }
        Ok(IssuedCertificate { certificate: response.into_object(), chain })
    }

    /// Enables a certificate: `PUT client-auth-certificate/{id}/enable`.
    ///
    /// Permission: none named for one's own. Source: documented ("Set up service user multi-factor authentication"); the body,
    /// `{"enabled": true}`, is inferred.
    ///
    /// # Errors
    /// See [`Error`]; API-02 if it does not exist.
    pub async fn enable(&self, id: &Id<ClientCertificate>) -> Result<(), Error> {
        self.switch(id, true).await
    }

    /// Disables a certificate: handshakes with it still succeed, calls do not. The platform has no call that revokes one.
    ///
    /// Permission, source: as [`enable`](Self::enable); the same path does both (documented).
    ///
    /// # Errors
    /// See [`Error`]; API-02 if it does not exist.
    pub async fn disable(&self, id: &Id<ClientCertificate>) -> Result<(), Error> {
        self.switch(id, false).await
    }

    async fn switch(&self, id: &Id<ClientCertificate>, enabled: bool) -> Result<(), Error> {
        let id = call::checked("certificate_id", id.as_str())?;
        let request = self.client.put(path(&[RESOURCE, id, "enable"]));
        let request = request.template("/account/api/v1/client-auth-certificate/{id}/enable");
        let (status, shown) = call::act(request.json(&json!({ "enabled": enabled }))).await?;
        let shown = shown.and_then(|mut response| shown_once::unwrapped(&mut response).map(std::mem::take));
        let shown = shown.and_then(|fields| serde_json::from_value::<ClientCertificate>(Value::Object(fields)).ok());
        let now = match shown.filter(|one| one.is_enabled().is_some()) {
            Some(shown) => Some(shown),
            // The caller's own, unless this call has locked it out.
            None => self.list().await.unwrap_or_default().into_iter().find(|one| one.id.as_str() == id),
        };
        match now.filter(|one| one.is_enabled().is_some()) {
            Some(one) => call::check_state(ResourceKind::ClientCertificate, enabled, one.enabled, one.status.as_ref()),
            None if status == StatusCode::ACCEPTED => Err(call::not_proved("change of the client certificate")),
            None => Ok(()),
        }
    }
}
