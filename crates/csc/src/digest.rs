//! **Experimental.** `auth/login` by HTTP Digest (RFC 7616): the password is not sent, and the response holds a token. DigiCert's
//! pages only name "digest"; this follows the CSC specification.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_client::seam::{Authoriser, Pass, Refusal};
use digicert_one_client::{Error, ErrorKind};
use digicert_one_core::diagnosis::BodyKind;
use digicert_one_core::{Code, Diagnosis, Secret};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use http_auth::PasswordParams;
use http_auth::digest::Algorithm;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::challenge::Challenge;
use crate::csc_request::{CscResponse, RetryClass, Shows};
use crate::fault;
use crate::granted::Granted;
use crate::info::AuthType;
use crate::inner::Inner;
use crate::open::{maybe_number, maybe_text};
use crate::secret::{CscToken, Enclosed, wipe, wiped};

/// The most rounds: without a digest, with one, and once more if the nonce was stale.
const ROUNDS: usize = 3;

/// The token response of `auth/login` (spec).
#[derive(Deserialize)]
struct LoggedIn {
    access_token: String,
    #[serde(default, deserialize_with = "maybe_number")]
    expires_in: Option<u64>,
    #[serde(default, deserialize_with = "maybe_text")]
    token_type: Option<String>,
}

#[derive(Serialize)]
struct LogOut<'a> {
    token: Enclosed<'a>,
    token_type_hint: &'static str,
}

impl Inner {
    /// Logs in with user and password for a token.
    pub(crate) async fn log_in(self: &Arc<Self>, user: &str, password: &Secret) -> Result<Granted, Error> {
        let secret = password.expose_text().map_err(Error::credential)?;
        let info = self.info(RetryClass::Discovers).await?;
        if !info.auth_type.contains(&AuthType::Digest) {
            let summary = format!("{} does not offer a login by HTTP Digest.", self.platform);
            let cause = format!("its info lists: {}", listed(&info.auth_type));
            let mut diagnosis = Diagnosis::new(Code::CFG_01, summary, cause);
            diagnosis.remedy = "Use one of those that it lists, or an API key.".to_owned();
            return Err(Error::new(ErrorKind::Config, diagnosis));
        }
        let target = self.target("auth/login")?;
        let uri = self.platform.uri(&target);
        let uri = uri.path_and_query().map_or("/", |path| path.as_str());
        // The nonce of the last login may be valid; if not, the server sends a new challenge.
        let mut challenge = self.session.challenge.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (mut rounds, mut responded) = (0, false);
        loop {
            rounds += 1;
            let mut headers = json_headers();
            if let Some(Challenge(client)) = &mut challenge {
                let shown = PasswordParams { username: user, password: secret, uri, method: "POST", body: None };
                let proof = client.respond(&shown).map_err(|_| unanswerable(self))?;
                headers.insert(AUTHORIZATION, sensitive(proof)?);
            }
            let login = Login { secret: Zeroizing::new(secret.to_owned()), refusal: Arc::default() };
            let refusal = Arc::clone(&login.refusal);
            let body = Bytes::from_static(b"{}");
            let request = self.step("auth/login", None, target.clone(), headers, body, Box::new(login));
            let error = match self.run(request).await {
                Ok(response) => {
                    *self.session.challenge.lock().unwrap_or_else(PoisonError::into_inner) = challenge;
                    return granted(response);
                }
                Err(error) if error.status().is_some_and(|status| status == 401) && rounds < ROUNDS => error,
                Err(error) => return Err(error),
            };
            match refusal.lock().unwrap_or_else(PoisonError::into_inner).take() {
                // The digest for this challenge was refused, so the next one would be, too.
                Some(next) if !responded || next.0.stale() => {
                    if matches!(next.0.algorithm(), Algorithm::Md5) {
                        tracing::warn!(host = %self.platform, "the login supports only MD5 for HTTP Digest");
                    }
                    (challenge, responded) = (Some(next), true);
                }
                Some(_) => return Err(error),
                // Without a challenge, what the response says is why: it may be of a gateway, or of a locked user.
                None if responded || says_why(&error) => return Err(error),
                None => return Err(unanswerable(self)),
            }
        }
    }

    /// Revokes the session of a login.
    pub(crate) async fn log_out(self: &Arc<Self>, token: &CscToken) -> Result<(), Error> {
        let target = self.target("auth/revoke")?;
        let body = LogOut { token: Enclosed(token.expose()), token_type_hint: "access_token" };
        let body = wiped(serde_json::to_vec(&body).unwrap_or_default());
        let pass = Pass::token(token.header_value(), self.session.caller, None);
        let shows = Shows { pass, secrets: Vec::new(), what: None };
        self.run(self.step("auth/revoke", None, target, json_headers(), body, Box::new(shows))).await.map(drop)
    }
}

/// One round of a login: sends its header, and records the next challenge.
struct Login {
    secret: Zeroizing<String>,
    refusal: Arc<Mutex<Option<Challenge>>>,
}

#[async_trait]
impl Authoriser for Login {
    async fn pass(&self, refused: Option<&Pass>) -> Result<Option<Pass>, Error> {
        Ok(refused.is_none().then(Pass::nothing))
    }

    fn refused(&self, refusal: Refusal<'_>) -> Error {
        *self.refusal.lock().unwrap_or_else(PoisonError::into_inner) = Challenge::best(refusal.headers);
        fault::refused(refusal, Some("login"))
    }

    fn secrets(&self) -> Vec<&str> {
        vec![&self.secret]
    }
}

fn json_headers() -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))])
}

/// The digest response is sensitive: the password could be guessed from it offline.
fn sensitive(proof: String) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_maybe_shared(wiped(proof.into_bytes()))
        .map_err(|_| Error::local(ErrorKind::Credential, "the user name is not valid in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn granted(response: CscResponse) -> Result<Granted, Error> {
    let login: LoggedIn = response.json()?;
    let asked = response.head.sent_at();
    wipe(response.body);
    Ok(Granted {
        access: Zeroizing::new(login.access_token),
        is_bearer: login.token_type.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer")),
        lifetime: login.expires_in.map(Duration::from_secs),
        refresh: None,
        asked,
    })
}

/// Whether the response to a login has a text of its own.
fn says_why(error: &Error) -> bool {
    error
        .response()
        .is_some_and(|response| response.recognised || !matches!(response.body, BodyKind::Empty | BodyKind::Json))
}

fn unanswerable(inner: &Inner) -> Error {
    let summary = format!("{} offers no login that is supported.", inner.platform);
    let cause = "it offers no HTTP Digest with SHA-256 or MD5 and qop=auth (RFC 7616)";
    Error::new(ErrorKind::Decode, Diagnosis::new(Code::AUT_05, summary, cause))
}

fn listed(types: &[AuthType]) -> String {
    match types {
        [] => "nothing".to_owned(),
        types => types.iter().map(AuthType::as_str).collect::<Vec<_>>().join(", "),
    }
}
