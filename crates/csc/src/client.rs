//! The handle that programs hold: the CSC calls, the whole signing run, and the sign-in of a signer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use digicert_one_client::Error;
use digicert_one_core::{ConnectorInfo, Secret};

use crate::credentials::{CredentialInfo, CredentialsList, ListRequest};
use crate::csc_request::RetryClass;
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

    /// Returns the description of the service: its login methods and OAuth server. Sends no credential.
    ///
    /// Source: `POST info`, CSC API v1.0.4 (spec); the response of DigiCert ONE is not published.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn info(&self) -> Result<Info, Error> {
        self.0.info(RetryClass::Opens).await
    }

    /// A page of the ids of a user's credentials.
    ///
    /// Source: `POST credentials/list`; the user is named in the query, as DigiCert's service expects (community), and in the body,
    /// as in CSC v1.0.4 (spec).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn credentials_list(&self, request: &ListRequest) -> Result<CredentialsList, Error> {
        self.0.list(request).await
    }

    /// The ids of all credentials of a user, page after page, each a call of its own. The end is detected as in every
    /// [list](digicert_one_client::Client::pages).
    ///
    /// # Errors
    /// As [`credentials_list`](Self::credentials_list); AUT-05 for a response that is not a list; API-04 if a page repeats, leads
    /// back, or is the last one before the total.
    pub async fn all_credentials(&self, request: &ListRequest) -> Result<Vec<String>, Error> {
        self.0.list_all(request).await
    }

    /// Everything about one credential, its certificate chain included.
    ///
    /// Source: `POST credentials/info` (community; the response: spec).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn credentials_info(&self, credential_id: &str) -> Result<CredentialInfo, Error> {
        self.0.credential(credential_id).await
    }

    /// Authorises signatures. A signer may have to approve it on another device, so its deadline is longer than that of other calls
    /// ([`approval_limit`](crate::CscClientBuilder::approval_limit)). Never retried if it may have been processed: the signer would be
    /// asked twice.
    ///
    /// Source: `POST credentials/authorize` (community; PIN, OTP and clientData: spec).
    ///
    /// # Errors
    /// See [`Error`]; a wrong PIN or OTP is a [`Rejection`](crate::Rejection).
    pub async fn credentials_authorize(&self, request: &AuthorizeRequest) -> Result<Authorization, Error> {
        self.0.authorize(request).await
    }

    /// Extends an authorisation that covers more signatures than were made yet to further hashes. The new SAD replaces the previous one.
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

    /// Signs the hashes of the request, all in one call, under an authorisation. Returns one signature for each hash, in order.
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
    /// With more hashes than are signed [at once](SignRequest::batch_size), the authorisation is extended for each further part.
    ///
    /// If a later part fails, the signatures of the earlier ones are not returned. To keep them, make the three calls separately.
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
        for part in request.hashes.chunks(request.batch_size) {
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

    /// Begins a sign-in for a token of the service (scope `service`): returns the URL for the signer's browser. Calls `info` for the
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
    /// Another credential than an authorization code, or no OAuth server that may be called. See [`Error`].
    pub async fn authorize_url(&self) -> Result<SignIn, Error> {
        self.0.within(self.0.deadline, self.0.sign_in(None)).await
    }

    /// Begins a sign-in for the right to sign (scope `credential`), for credentials whose
    /// [`AuthMode`](crate::AuthMode) is `oauth2code`. [`exchange_sad`](Self::exchange_sad) completes it. PIN and OTP of the request are
    /// not used: the OAuth server asks the signer itself.
    ///
    /// # Errors
    /// As [`authorize_url`](Self::authorize_url).
    pub async fn authorize_credential_url(&self, request: &AuthorizeRequest) -> Result<SignIn, Error> {
        self.0.within(self.0.deadline, self.0.sign_in(Some(request))).await
    }

    /// Completes a sign-in: checks the state, and exchanges the code for a token, which later calls use.
    ///
    /// # Errors
    /// Another state than that of the sign-in: nothing was sent. A used or expired code (AUT-01). See [`Error`].
    pub async fn exchange(&self, pending: PendingSignIn, code: &str, state: &str) -> Result<(), Error> {
        let granted = self.0.within(self.0.deadline, self.0.returned(pending, code, state)).await?;
        self.0.session.keep(granted)
    }

    /// As [`exchange`](Self::exchange), from the whole redirect URL, or its query.
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange), and an error of the OAuth server in the URL (a [`Rejection`](crate::Rejection)).
    pub async fn exchange_redirect(&self, pending: PendingSignIn, address: &str) -> Result<(), Error> {
        let Returned { code, state } = Returned::read(address, &pending)?;
        self.exchange(pending, &code, &state).await
    }

    /// Completes a sign-in that was [begun for the right to sign](Self::authorize_credential_url).
    ///
    /// # Errors
    /// As [`exchange`](Self::exchange).
    pub async fn exchange_sad(&self, pending: PendingSignIn, code: &str, state: &str) -> Result<Authorization, Error> {
        let granted = self.0.within(self.0.deadline, self.0.returned(pending, code, state)).await?;
        Ok(Authorization {
            sad: Sad::new(granted.access.as_str()),
            expires_in: granted.lifetime,
            requested_at: granted.asked,
        })
    }

    /// As [`exchange_sad`](Self::exchange_sad), from the whole redirect URL, or its query.
    ///
    /// # Errors
    /// As [`exchange_redirect`](Self::exchange_redirect).
    pub async fn exchange_sad_redirect(&self, pending: PendingSignIn, address: &str) -> Result<Authorization, Error> {
        let Returned { code, state } = Returned::read(address, &pending)?;
        self.exchange_sad(pending, &code, &state).await
    }

    /// The refresh token of the last sign-in, to be stored for
    /// [`with_refresh_token`](crate::CscCredential::with_refresh_token); `None` if the server sent none.
    #[must_use]
    pub fn refresh_token(&self) -> Option<Secret> {
        self.0.session.refresh_token()
    }

    /// Revokes and drops the tokens of this client. Client credentials and a login get new ones with the next call.
    ///
    /// Source: `{oauth2}/oauth2/revoke`, and `POST auth/revoke` after a login (spec).
    ///
    /// # Errors
    /// The credential is an API key or a fixed token; no revocation endpoint is known. See [`Error`].
    pub async fn revoke(&self) -> Result<(), Error> {
        self.0.within(self.0.deadline, self.0.revoked()).await
    }

    /// Refuses new calls on all clones, and waits until the calls in flight have finished and all listeners (audit, retries) have been
    /// called, but at most this long. Returns how many calls are still in flight then.
    pub async fn shut_down(&self, within: Duration) -> usize {
        self.0.client.shut_down(within).await
    }

    /// The TLS stack.
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
