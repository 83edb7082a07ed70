//! Tokens from an OAuth server (RFC 6749, RFC 7009), with the `oauth2` crate over the engine of the client. `fault.rs` interprets error
//! responses, so that Retry-After, codes and remedies are the same as everywhere.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use http::header::AUTHORIZATION;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AccessToken, AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, ErrorResponse, HttpRequest,
    HttpResponse, PkceCodeVerifier, RedirectUrl, RefreshToken, RequestTokenError, RevocationUrl, Scope,
    StandardRevocableToken, TokenResponse, TokenUrl,
};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use zeroize::{Zeroize, Zeroizing};

use crate::credential::OAuthClient;
use crate::csc_request::{RetryClass, Shows};
use crate::discovery::Endpoint;
use crate::fault::unexpected;
use crate::granted::Granted;
use crate::inner::Inner;
use crate::open::{maybe_number, maybe_text};
use crate::secret::wiped;
use digicert_one_client::seam::{self, Pass};
use digicert_one_client::{Error, ErrorKind, json_mismatch};

/// The client of the `oauth2` crate, with our lenient token response.
type KnownClient = oauth2::Client<
    BasicErrorResponse,
    LenientTokenResponse,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
>;

/// A token response (RFC 6749 section 5.1), read leniently: some servers give the lifetime as text or with a fraction, or leave out the
/// type of the token, which then is a bearer token.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct LenientTokenResponse {
    access_token: AccessToken,
    #[serde(default = "bearer", deserialize_with = "token_type")]
    token_type: BasicTokenType,
    #[serde(default, deserialize_with = "lifetime")]
    expires_in: Option<u64>,
    #[serde(default)]
    refresh_token: Option<RefreshToken>,
}

impl TokenResponse for LenientTokenResponse {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        self.refresh_token.as_ref()
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

/// Digits, quoted or not. Anything else is an error: without a lifetime the token would never be replaced.
fn lifetime<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty()) {
        return Ok(None);
    }
    let unreadable = || D::Error::custom("invalid type: a lifetime, expected a number of seconds");
    maybe_number(value).map_err(|_| unreadable())?.map(Some).ok_or_else(unreadable)
}

fn token_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BasicTokenType, D::Error> {
    Ok(match maybe_text(deserializer)? {
        Some(kind) if !kind.eq_ignore_ascii_case("bearer") && !kind.trim().is_empty() => {
            BasicTokenType::Extension(kind)
        }
        _ => BasicTokenType::Bearer,
    })
}

/// The grant of a token request.
pub(crate) enum Grant<'a> {
    ClientCredentials,
    Refresh(&'a str),
    Code { code: &'a str, verifier: &'a str, redirect_uri: &'a str },
}

impl Inner {
    /// Requests a token.
    pub(crate) async fn grant(self: &Arc<Self>, client: &OAuthClient, grant: Grant<'_>) -> Result<Granted, Error> {
        let class = match grant {
            Grant::Code { .. } => RetryClass::Opens,
            Grant::ClientCredentials | Grant::Refresh(_) => RetryClass::Discovers,
        };
        let endpoints = self.endpoints(class).await?;
        let secret = client.text()?;
        let token_url = TokenUrl::new(endpoints.token.url.clone()).map_err(invalid_url)?;
        let oauth = client.known(secret).set_token_uri(token_url);
        let what = match grant {
            Grant::ClientCredentials => "OAuth client",
            Grant::Refresh(_) => "refresh token",
            Grant::Code { .. } => "authorization code",
        };
        let shown = match grant {
            Grant::ClientCredentials => [None, None],
            Grant::Refresh(token) => [Some(token), None],
            Grant::Code { code, verifier, .. } => [Some(code), Some(verifier)],
        };
        let secrets = secret.into_iter().chain(shown.into_iter().flatten());
        let carrier = Carrier::new(self, ("oauth2/token", &endpoints.token), secrets, what);
        let asked = self.client.clock().now();
        let response = match grant {
            Grant::ClientCredentials => oauth.exchange_client_credentials().request_async(&carrier).await,
            Grant::Refresh(token) => {
                oauth.exchange_refresh_token(&RefreshToken::new(token.to_owned())).request_async(&carrier).await
            }
            Grant::Code { code, verifier, redirect_uri } => {
                let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(invalid_url)?;
                oauth
                    .set_redirect_uri(redirect)
                    .exchange_code(AuthorizationCode::new(code.to_owned()))
                    .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()))
                    .request_async(&carrier)
                    .await
            }
        };
        response.map(|response| Granted::read(&response, asked)).map_err(failed)
    }

    /// Revokes a token (RFC 7009).
    pub(crate) async fn give_back(
        self: &Arc<Self>,
        client: &OAuthClient,
        token: &str,
        refreshes: bool,
    ) -> Result<(), Error> {
        let endpoints = self.endpoints(RetryClass::Opens).await?;
        let Some(endpoint) = &endpoints.revoke else {
            let text = "missing revocation endpoint: set it with OAuthEndpoints::revoke";
            return Err(Error::local(ErrorKind::Config, text));
        };
        let secret = client.text()?;
        let url = RevocationUrl::new(endpoint.url.clone()).map_err(invalid_url)?;
        let secrets = secret.into_iter().chain([token]);
        let carrier = Carrier::new(self, ("oauth2/revoke", endpoint), secrets, "revocation");
        let token = match refreshes {
            true => StandardRevocableToken::RefreshToken(RefreshToken::new(token.to_owned())),
            false => StandardRevocableToken::AccessToken(AccessToken::new(token.to_owned())),
        };
        let oauth = client.known(secret).set_revocation_url(url);
        let request = oauth
            .revoke_token(token)
            .map_err(|error| Error::local(ErrorKind::Config, "invalid revocation endpoint").with_source(error))?;
        request.request_async(&carrier).await.map_err(failed)
    }
}

impl OAuthClient {
    /// The secret as text.
    fn text(&self) -> Result<Option<&str>, Error> {
        self.secret.as_ref().map(|secret| secret.expose_text().map_err(Error::credential)).transpose()
    }

    /// The client for the `oauth2` crate. Id and secret are sent in the form, as in CSC (spec).
    pub(crate) fn known(&self, secret: Option<&str>) -> KnownClient {
        let client = KnownClient::new(ClientId::new(self.id.clone())).set_auth_type(AuthType::RequestBody);
        match secret {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret.to_owned())),
            None => client,
        }
    }
}

impl Granted {
    fn read(response: &LenientTokenResponse, asked: SystemTime) -> Self {
        Self {
            access: Zeroizing::new(response.access_token().secret().clone()),
            is_bearer: *response.token_type() == BasicTokenType::Bearer,
            lifetime: response.expires_in(),
            refresh: response.refresh_token().map(|token| Zeroizing::new(token.secret().clone())),
            asked,
        }
    }
}

/// The engine as an HTTP client of the `oauth2` crate, for one endpoint, whatever URL the crate writes into the request. Owns its parts:
/// with a lifetime the compiler cannot prove that calls are `Send`.
struct Carrier {
    inner: Arc<Inner>,
    name: &'static str,
    endpoint: Endpoint,
    secrets: Vec<Zeroizing<String>>,
    what: &'static str,
}

impl Carrier {
    fn new<'a>(
        inner: &Arc<Inner>,
        (name, endpoint): (&'static str, &Endpoint),
        secrets: impl Iterator<Item = &'a str>,
        what: &'static str,
    ) -> Self {
        let secrets = secrets.map(|secret| Zeroizing::new(secret.to_owned())).collect();
        Self { inner: Arc::clone(inner), name, endpoint: endpoint.clone(), secrets, what }
    }

    async fn carry(&self, request: HttpRequest) -> Result<HttpResponse, Error> {
        let (mut head, body) = request.into_parts();
        if let Some(value) = head.headers.get_mut(AUTHORIZATION) {
            value.set_sensitive(true);
        }
        let Endpoint { origin, target, .. } = self.endpoint.clone();
        let shows = Shows { pass: Pass::nothing(), secrets: self.secrets.clone(), what: Some(self.what) };
        let inner = &self.inner;
        let step = inner.step(self.name, Some(origin), target, head.headers, wiped(body), Box::new(shows));
        let response = inner.run(step).await?;
        if let Some(error) = response.head.foreign_body(&response.body) {
            return Err(error);
        }
        if let Some(error) = response.reported() {
            let text = error.to_string();
            let quotes = self.secrets.iter().any(|secret| !secret.is_empty() && text.contains(secret.as_str()));
            let unshown =
                || unexpected("the OAuth server reports an error.", "its text is not shown, since it quotes a secret");
            return Err(if quotes { unshown() } else { error });
        }
        // The crate accepts only 200, but a revocation may have 204.
        let mut response = HttpResponse::new(seam::utf8_json(response.body).to_vec());
        *response.status_mut() = StatusCode::OK;
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Carrier {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.carry(request))
    }
}

/// The error of the `oauth2` crate without the response, which may hold a token.
fn failed<T: ErrorResponse + 'static>(error: RequestTokenError<Error, T>) -> Error {
    match error {
        RequestTokenError::Request(error) => error,
        RequestTokenError::Parse(error, mut body) => {
            body.zeroize();
            let cause = "it is not a token response (RFC 6749, section 5.1)";
            unexpected("the response of the OAuth server is not the expected JSON.", cause)
                .with_source(json_mismatch(error.inner()))
        }
        RequestTokenError::ServerResponse(_) | RequestTokenError::Other(_) => {
            unexpected("the response of the OAuth server is empty.", "a token response has a body")
        }
    }
}

/// The error for an invalid URL.
pub(crate) fn invalid_url(error: oauth2::url::ParseError) -> Error {
    Error::local(ErrorKind::Config, format!("invalid OAuth URL: {error}")).with_source(error)
}
