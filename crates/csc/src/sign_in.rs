//! The sign-in of a signer with a browser: the authorization URL, and the exchange of the code. Always with PKCE (RFC 7636, S256) and a
//! checked state.

use std::fmt;
use std::sync::Arc;

use digicert_one_core::{Advice, Code, Diagnosis};
use oauth2::url::form_urlencoded;
use oauth2::{AuthUrl, CsrfToken, PkceCodeChallenge, RedirectUrl, Scope};
use zeroize::Zeroizing;

use crate::credential::{Kind, OAuthClient};
use crate::csc_request::RetryClass;
use crate::fault::Rejection;
use crate::granted::Granted;
use crate::inner::Inner;
use crate::oauth::{Grant, invalid_url};
use crate::signing::AuthorizeRequest;
use digicert_one_client::{Error, ErrorKind};

/// A sign-in in progress: the URL for the signer's browser, and the state until the redirect.
#[derive(Debug)]
#[non_exhaustive]
pub struct SignIn {
    /// The URL for the signer's browser. Holds no secret of the client.
    pub url: String,
    /// The state for [`exchange`](crate::CscClient::exchange).
    pub pending: PendingSignIn,
}

/// State and PKCE verifier of a sign-in, to be stored in the signer's session until the redirect. Used once.
pub struct PendingSignIn {
    state: Zeroizing<String>,
    verifier: Zeroizing<String>,
}

impl PendingSignIn {
    /// Restores a sign-in from its stored values, in another process.
    #[must_use]
    pub fn resume(state: impl Into<String>, verifier: impl Into<String>) -> Self {
        Self { state: Zeroizing::new(state.into()), verifier: Zeroizing::new(verifier.into()) }
    }

    /// The state, which the redirect must contain.
    #[must_use]
    pub fn state(&self) -> &str {
        &self.state
    }

    /// The PKCE verifier. A secret: with it and the code one can get the token.
    #[must_use]
    pub fn verifier(&self) -> &str {
        &self.verifier
    }

    /// Compares in constant time, as the `oauth2` crate does (by digests).
    fn check(&self, state: &str) -> Result<(), Error> {
        if CsrfToken::new(self.state.to_string()) == CsrfToken::new(state.to_owned()) {
            return Ok(());
        }
        let mut diagnosis = Diagnosis::new(
            Code::CFG_01,
            "the state of the redirect is not that of this sign-in; the code was not used.",
            "the redirect belongs to another sign-in, or was forged (cross-site request forgery, RFC 6749 §10.12)",
        );
        diagnosis.remedy =
            "Check that each sign-in is kept in the session of its own user, and begin a new one.".to_owned();
        Err(Error::new(ErrorKind::Request, diagnosis))
    }
}

impl fmt::Debug for PendingSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PendingSignIn(redacted)")
    }
}

/// The parameters of a redirect.
pub(crate) struct Returned {
    pub(crate) code: Zeroizing<String>,
    pub(crate) state: Zeroizing<String>,
}

impl Returned {
    /// Reads the redirect URL, or its query alone. The redirect of another sign-in is refused first.
    pub(crate) fn read(redirect: &str, pending: &PendingSignIn) -> Result<Self, Error> {
        let query = redirect.split_once('?').map_or(redirect, |(_, query)| query);
        let query = query.split('#').next().unwrap_or_default();
        let value = |wanted: &str| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            pairs.find(|(name, _)| name == wanted).map(|(_, value)| Zeroizing::new(value.into_owned()))
        };
        let state = value("state").unwrap_or_default();
        pending.check(&state)?;
        match (value("error"), value("code")) {
            (Some(code), _) => {
                let described = value("error_description");
                let rejection = Rejection::new(&code, described.as_deref().map(String::as_str));
                let summary = format!("the sign-in was not completed ({rejection}).");
                let mut diagnosis = Diagnosis::new(Code::AUT_03, summary, "denied by the signer or the OAuth server");
                diagnosis.remedy = "Ask the signer to sign in again, or check the OAuth integration.".to_owned();
                let error = Error::new(ErrorKind::Platform, diagnosis.advising(Advice::GiveUp));
                Err(error.with_source(rejection))
            }
            (None, Some(code)) => Ok(Self { code, state }),
            (None, None) => Err(Error::local(ErrorKind::Request, "invalid redirect URL: expected a code or an error")),
        }
    }
}

impl Inner {
    /// The authorization URL, for a token of the service or, with a request, for the right to sign.
    pub(crate) async fn sign_in(self: &Arc<Self>, credential: Option<&AuthorizeRequest>) -> Result<SignIn, Error> {
        let (client, redirect_uri) = self.code_client()?;
        let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(invalid_url)?;
        let endpoints = self.endpoints(RetryClass::Opens).await?;
        let Some(authorize) = &endpoints.authorize else {
            let text = "missing authorization endpoint: set it with OAuthEndpoints::authorize";
            return Err(Error::local(ErrorKind::Config, text));
        };
        let url = AuthUrl::new(authorize.url.clone()).map_err(invalid_url)?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let oauth = client.known(None).set_auth_uri(url).set_redirect_uri(redirect);
        let request = oauth.authorize_url(CsrfToken::new_random).set_pkce_challenge(challenge);
        // The two scopes are requested separately, never together.
        let request = match credential {
            None => request.add_scope(Scope::new("service".to_owned())),
            Some(asked) => {
                let request = request
                    .add_scope(Scope::new("credential".to_owned()))
                    .add_extra_param("credentialID", asked.credential_id.clone())
                    .add_extra_param("numSignatures", asked.number()?.to_string());
                let request = match asked.hashes.is_empty() {
                    true => request,
                    false => request.add_extra_param("hash", in_url(&asked.hashes)),
                };
                match &asked.description {
                    Some(description) => request.add_extra_param("description", description.clone()),
                    None => request,
                }
            }
        };
        let (url, state) = request.url();
        let pending = PendingSignIn::resume(state.into_secret(), verifier.into_secret());
        Ok(SignIn { url: url.into(), pending })
    }

    /// The token for a code.
    pub(crate) async fn returned(
        self: &Arc<Self>,
        pending: PendingSignIn,
        code: &str,
        state: &str,
    ) -> Result<Granted, Error> {
        let (client, redirect_uri) = self.code_client()?;
        pending.check(state)?;
        self.grant(client, Grant::Code { code, verifier: &pending.verifier, redirect_uri }).await
    }

    fn code_client(&self) -> Result<(&OAuthClient, &str), Error> {
        match &self.session.kind {
            Kind::AuthorizationCode { client, redirect_uri, .. } => Ok((client, redirect_uri)),
            other => {
                let text = format!(
                    "a sign-in needs an OAuth authorization code; the credential of this client is: {}",
                    other.name()
                );
                Err(Error::local(ErrorKind::Config, text))
            }
        }
    }
}

/// Hashes in a URL: base64url, separated by commas (spec).
fn in_url(hashes: &[Vec<u8>]) -> String {
    hashes.iter().map(|hash| data_encoding::BASE64URL_NOPAD.encode(hash)).collect::<Vec<_>>().join(",")
}
