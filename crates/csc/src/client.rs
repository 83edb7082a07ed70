//! The handle that programs hold: each call of CSC, the whole signing run, and the sign-in of a signer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use digicert_one_client::Error;
use digicert_one_core::{ConnectorInfo, Secret};

use crate::credentials::{CredentialInfo, CredentialsList, ListRequest};
use crate::info::Info;
use crate::inner::Inner;
use crate::secret::Sad;
use crate::sign_in::{PendingSignIn, Returned, SignIn};
use crate::signing::{Authorization, AuthorizeRequest, SignRequest};

/// Calls the CSC endpoints of Document Trust (Content Trust) of one installation.
///
/// Cheap to clone; clones share tokens and connections. See [the crate](crate).
#[derive(Clone)]
pub struct CscClient(Arc<Inner>);

impl CscClient {
    pub(crate) fn new(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Describes the service: how one logs in, where its OAuth server is. Sends no credential.
    ///
    /// Source: `POST info`, CSC API v1.0.4 (spec); what DigiCert ONE answers is not published.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn info(&self) -> Result<Info, Error> {
        self.0.info().await
    }

    /// A page of the ids of a user's credentials.
    ///
    /// Source: `POST credentials/list`; the user is named in the query, as DigiCert's service wants it (community), and in the body,
    /// as CSC v1.0.4 has it (spec).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn credentials_list(&self, request: &ListRequest) -> Result<CredentialsList, Error> {
        self.0.list(request).await
    }

    /// The ids of all credentials of a user, page after page, each a call of its own. The end is judged as that of every
    /// [list](digicert_one_client::Client::pages).
    ///
    /// # Errors
    /// As [`credentials_list`](Self::credentials_list); AUT-05 for a response that is not a list; API-04 where a page repeats, leads
    /// back, or is the last one before the total that the service names.
    pub async fn all_credentials(&self, request: &ListRequest) -> Result<Vec<String>, Error> {
        self.0.list_all(request).await
    }

    /// Everything about one credential, its certificate chain included.
    ///
    /// Source: `POST credentials/info` (community; the answer: spec).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn credentials_info(&self, credential_id: &str) -> Result<CredentialInfo, Error> {
        self.0.credential(credential_id).await
    }

    /// Asks for the right to sign. A signer may have to approve it on another device, so this waits longer than other calls do
    /// ([`approval_limit`](crate::CscClientBuilder::approval_limit)). Never repeated where it may have been processed: a signer would be
    /// asked twice.
    ///
    /// Source: `POST credentials/authorize` (community; PIN, OTP and clientData: spec).
    ///
    /// # Errors
    /// See [`Error`]; a wrong PIN or OTP is a [`Rejection`](crate::Rejection).
    pub async fn credentials_authorize(&self, request: &AuthorizeRequest) -> Result<Authorization, Error> {
        self.0.authorize(request).await
    }

    /// The right to sign further hashes under an authorisation that covers more signatures than were made yet. The new SAD
    /// takes the place of the one before.
    ///
    /// Source: `POST credentials/extendTransaction` (community).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn extend_transaction(
        &self,
        credential_id: &str,
        sad: &Sad,
        hashes: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Result<Authorization, Error> {
        let hashes: Vec<Vec<u8>> = hashes.into_iter().map(|hash| hash.as_ref().to_vec()).collect();
        self.0.extend(credential_id, sad, &hashes).await
    }

    /// Signs the hashes of the request, all in one call, under an authorisation. Gives one signature for each hash, in their order.
    ///
    /// Source: `POST signatures/signHash` (community).
    ///
    /// # Errors
    /// A hash of another length than its algorithm's, or an algorithm that contradicts it: nothing was sent. Another number of
    /// signatures than of hashes (AUT-05). See [`Error`].
    pub async fn sign_hash(&self, request: &SignRequest, sad: &Sad) -> Result<Vec<Vec<u8>>, Error> {
        request.check()?;
        self.0.sign(request, &request.hashes, sad).await
    }

    /// Authorises and signs: the whole run for a credential of SCAL1 or SCAL2 whose use is authorised `implicit`ly or `explicit`ly.
    /// Where more hashes are given than go [at once](SignRequest::at_once), the authorisation is extended for each further part.
    ///
    /// If a later part fails, the signatures of the former ones are lost to the caller; whoever wants to keep them makes the three
    /// calls apart.
    ///
    /// ```no_run
    /// use digicert_one_core::Secret;
    /// use digicert_one_csc::{CscClient, HashAlgo, SignAlgo, SignRequest};
    ///
    /// # async fn example(client: &CscClient, hash: [u8; 32]) -> Result<(), digicert_one_client::Error> {
    /// let request = SignRequest::new("credential-1", HashAlgo::Sha256, SignAlgo::Rsa)
    ///     .hashes([hash])
    ///     .description("invoice 4711")
    ///     .pin(Secret::new("1234", "the prompt"));
    /// let signatures = client.sign_hashes(&request).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`credentials_authorize`](Self::credentials_authorize) and [`sign_hash`](Self::sign_hash).
    pub async fn sign_hashes(&self, request: &SignRequest) -> Result<Vec<Vec<u8>>, Error> {
        request.check()?;
        let mut signatures = Vec::with_capacity(request.hashes.len());
        let mut right: Option<Authorization> = None;
        for part in request.hashes.chunks(request.at_once) {
            let granted = match &right {
                None => {
                    let asked = request.authorization(part);
                    self.0.authorize(&asked).await?
                }
                Some(right) => self.0.extend(&request.credential_id, &right.sad, part).await?,
            };
            signatures.extend(self.0.sign(request, part, &granted.sad).await?);
            right = Some(granted);
        }
        Ok(signatures)
    }

    /// Begins a sign-in for a token of the service (scope `service`): gives the address for the signer's browser. Asks `info` for the
    /// OAuth server, if it is not known yet; sends no credential.
    ///
    /// ```no_run
    /// use digicert_one_csc::{CscClient, PendingSignIn, SignIn};
    ///
    /// # async fn example(client: &CscClient, come_back: impl Fn(&str) -> String) -> Result<(), digicert_one_client::Error> {
    /// let SignIn { url, pending, .. } = client.authorize_url().await?;
    /// // Send the browser to `url`; keep `pending` until it comes back to the redirect address.
    /// let address = come_back(&url);
    /// client.exchange_redirect(pending, &address).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// The credential is no authorization code, or no OAuth server is known that may be called. See [`Error`].
    pub async fn authorize_url(&self) -> Result<SignIn, Error> {
        self.0.within(self.0.deadline, self.0.sign_in(None)).await
    }

    /// Begins a sign-in for the right to sign (scope `credential`), for credentials whose
    /// [`AuthMode`](crate::AuthMode) is `oauth2code`. [`exchange_sad`](Self::exchange_sad) ends it. PIN and OTP of the request are
    /// not used: the OAuth server asks the signer itself.
    ///
    /// # Errors
    /// As [`authorize_url`](Self::authorize_url).
    pub async fn authorize_credential_url(&self, request: &AuthorizeRequest) -> Result<SignIn, Error> {
        self.0.within(self.0.deadline, self.0.sign_in(Some(request))).await
    }

    /// Ends a sign-in: checks the state, and gets a token for the code, which later calls use.
    ///
    /// # Errors
    /// Another state than that of the sign-in: nothing was sent. A code that is used or ended (AUT-01). See [`Error`].
    pub async fn exchange(&self, pending: PendingSignIn, code: &str, state: &str) -> Result<(), Error> {
        let granted = self.0.within(self.0.deadline, self.0.returned(pending, code, state)).await?;
        self.0.session.keep(granted)
    }

    /// As [`exchange`](Self::exchange), from the whole address that the browser was sent to, or its query.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange), and what the OAuth server wrote into the address (a [`Rejection`](crate::Rejection)).
    pub async fn exchange_redirect(&self, pending: PendingSignIn, address: &str) -> Result<(), Error> {
        let Returned { code, state } = Returned::read(address, &pending)?;
        self.exchange(pending, &code, &state).await
    }

    /// Ends a sign-in that was [begun for the right to sign](Self::authorize_credential_url).
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    pub async fn exchange_sad(&self, pending: PendingSignIn, code: &str, state: &str) -> Result<Authorization, Error> {
        let granted = self.0.within(self.0.deadline, self.0.returned(pending, code, state)).await?;
        Ok(Authorization {
            sad: Sad::new(granted.access.as_str()),
            expires_in: granted.lifetime,
            asked_at: granted.asked,
        })
    }

    /// As [`exchange_sad`](Self::exchange_sad), from the whole address that the browser was sent to, or its query.
    ///
    /// # Errors
    /// As [`exchange_redirect`](Self::exchange_redirect).
    pub async fn exchange_sad_redirect(&self, pending: PendingSignIn, address: &str) -> Result<Authorization, Error> {
        let Returned { code, state } = Returned::read(address, &pending)?;
        self.exchange_sad(pending, &code, &state).await
    }

    /// The refresh token of the last sign-in, to be kept for
    /// [`with_refresh_token`](crate::CscCredential::with_refresh_token); none where the server gave none.
    #[must_use]
    pub fn refresh_token(&self) -> Option<Secret> {
        self.0.session.refresh_token()
    }

    /// Revokes the tokens that this client got, and forgets them. Client credentials and a login get new ones at the next call.
    ///
    /// Source: `{oauth2}/oauth2/revoke`, and `POST auth/revoke` after a login (spec).
    ///
    /// # Errors
    /// The credential is an API key or a token from elsewhere; no address to revoke at is known. See [`Error`].
    pub async fn revoke(&self) -> Result<(), Error> {
        self.0.within(self.0.deadline, self.0.revoked()).await
    }

    /// Takes no new calls, on no clone, and waits until those in flight have ended and all listeners (audit, retries) have heard of
    /// them, but no longer than this; gives back how many are still in flight then.
    pub async fn shut_down(&self, within: Duration) -> usize {
        self.0.client.shut_down(within).await
    }

    /// The TLS stack underneath.
    #[must_use]
    pub fn connector_info(&self) -> ConnectorInfo {
        self.0.client.connector_info()
    }
}

impl fmt::Debug for CscClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CscClient")
            .field("platform", &self.0.platform)
            .field("credential", &self.0.session)
            .field("connector", &self.connector_info().name)
            .finish_non_exhaustive()
    }
}
