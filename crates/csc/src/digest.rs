//! **Experimental.** `auth/login` by HTTP Digest (RFC 7616): user and password never leave, a token comes back. DigiCert's pages
//! name "digest" and no more; this is what the CSC specification means by it.

use std::fmt;
use std::sync::PoisonError;
use std::time::Duration;

use digicert_one_core::{Code, Diagnosis, Secret};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use http_auth::digest::{Algorithm, DigestClient, Qop};
use http_auth::{PasswordParams, parse_challenges};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::AuthType;
use crate::client::Inner;
use crate::fault::{self, Asked};
use crate::oauth::Granted;
use crate::open::{maybe_number, maybe_text};
use crate::secret::{CscToken, Enclosed, wipe, wiped};
use crate::wire::{Answer, Letter};
use digicert_one_client::{Error, ErrorKind};

/// A request without a proof, one with, and one more where the nonce was too old.
const ROUNDS: usize = 3;

/// The server's challenge, with the count of how often its nonce was used.
pub(crate) struct Challenge(DigestClient);

impl Challenge {
    /// The best one that the answer offers: SHA-256 before MD5, and always with `qop=auth`.
    fn best(headers: &HeaderMap) -> Option<Self> {
        let mut offered: Vec<DigestClient> = headers
            .get_all(WWW_AUTHENTICATE)
            .into_iter()
            .filter_map(|value| value.to_str().ok())
            .filter_map(|text| parse_challenges(text).ok())
            .flatten()
            .filter(|challenge| challenge.scheme.eq_ignore_ascii_case("digest"))
            .filter_map(|challenge| DigestClient::try_from(&challenge).ok())
            .filter(|client| client.qop() & Qop::Auth && !client.rfc2069_compat())
            .collect();
        // The order of the server counts among equals.
        offered.sort_by_key(|client| matches!(client.algorithm(), Algorithm::Md5));
        offered.into_iter().next().map(Self)
    }
}

/// A token as `auth/login` gives it (spec).
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
    /// A token for user and password.
    pub(crate) async fn log_in(&self, user: &str, password: &Secret) -> Result<Granted, Error> {
        let secret = password.expose_text().map_err(Error::credential)?;
        let info = self.info().await?;
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
        // The nonce of the last login may serve again; if not, the server says so.
        let mut challenge = self.session.challenge.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (mut rounds, mut answered) = (0, false);
        loop {
            rounds += 1;
            let mut headers = json_headers();
            if let Some(Challenge(client)) = &mut challenge {
                let shown = PasswordParams { username: user, password: secret, uri, method: "POST", body: None };
                let proof = client.respond(&shown).map_err(|_| unanswerable(self))?;
                headers.insert(AUTHORIZATION, sensitive(proof)?);
            }
            let letter = Letter {
                origin: &self.platform,
                target: &target,
                headers,
                body: bytes::Bytes::from_static(b"{}"),
                secrets: vec![secret],
                limit: self.wire.total,
            };
            let answer = self.wire.post(letter).await?;
            match answer.status.as_u16() {
                401 if rounds < ROUNDS => {
                    let next = Challenge::best(&answer.headers);
                    match next {
                        // An answer to this server's own challenge was refused: another one would be too.
                        Some(next) if !answered || next.0.stale() => {
                            if matches!(next.0.algorithm(), Algorithm::Md5) {
                                tracing::warn!(host = %answer.host, "the login offers no better digest than MD5");
                            }
                            (challenge, answered) = (Some(next), true);
                        }
                        Some(_) => return Err(refused(&answer)),
                        None if answered => return Err(refused(&answer)),
                        None => return Err(unanswerable(self)),
                    }
                }
                400.. => return Err(refused(&answer)),
                _ => {
                    *self.session.challenge.lock().unwrap_or_else(PoisonError::into_inner) = challenge;
                    return granted(answer);
                }
            }
        }
    }

    /// Ends what a login began.
    pub(crate) async fn log_out(&self, token: &CscToken) -> Result<(), Error> {
        let target = self.target("auth/revoke")?;
        let mut headers = json_headers();
        headers.insert(AUTHORIZATION, token.header_value());
        let body = LogOut { token: Enclosed(token.expose()), token_type_hint: "access_token" };
        let letter = Letter {
            origin: &self.platform,
            target: &target,
            headers,
            body: wiped(serde_json::to_vec(&body).unwrap_or_default()),
            secrets: vec![token.expose()],
            limit: self.wire.total,
        };
        let answer = self.wire.post(letter).await?;
        match answer.status.as_u16() {
            400.. => Err(fault::refused(&answer, Asked::WithToken)),
            _ => Ok(()),
        }
    }
}

fn json_headers() -> HeaderMap {
    HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))])
}

/// The response is no password, but one could be sought that makes it.
fn sensitive(proof: String) -> Result<HeaderValue, Error> {
    let mut value = HeaderValue::from_maybe_shared(wiped(proof.into_bytes()))
        .map_err(|_| Error::local(ErrorKind::Credential, "the user name cannot be sent in a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn granted(answer: Answer) -> Result<Granted, Error> {
    let login: LoggedIn = answer.json()?;
    let asked = answer.asked;
    wipe(answer.body);
    Ok(Granted {
        access: Zeroizing::new(login.access_token),
        is_bearer: login.token_type.is_none_or(|kind| kind.eq_ignore_ascii_case("bearer")),
        lifetime: login.expires_in.map(Duration::from_secs),
        refresh: None,
        asked,
    })
}

fn refused(answer: &Answer) -> Error {
    fault::refused(answer, Asked::ForToken("login"))
}

fn unanswerable(inner: &Inner) -> Error {
    let summary = format!("{} asks for no proof of a login that can be given.", inner.platform);
    let cause = "it offers no HTTP Digest with SHA-256 or MD5 and qop=auth (RFC 7616)";
    Error::new(ErrorKind::Decode, Diagnosis::new(Code::AUT_05, summary, cause))
}

fn listed(types: &[AuthType]) -> String {
    match types {
        [] => "nothing".to_owned(),
        types => types.iter().map(AuthType::as_str).collect::<Vec<_>>().join(", "),
    }
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Challenge")
    }
}
