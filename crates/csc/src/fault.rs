//! Error answers: CSC and OAuth share one shape, `{"error","error_description"}`. Here it becomes a typed [`Rejection`] and, with
//! the rest of the answer, a diagnosis.

use std::fmt;

use digicert_one_client::Error;
use digicert_one_client::seam::{self, Refusal};
use digicert_one_core::diagnosis::{Side, diagnose_answer};
use digicert_one_core::{Advice, Code, Diagnosis};
use http::header::{HeaderMap, WWW_AUTHENTICATE};
use serde_json::Value;

use crate::open::open_enum;

/// The part of a description that is kept.
const MAX_DESCRIPTION: usize = 500;

open_enum! {
    /// The machine code of an error answer.
    ///
    /// Sources: RFC 6749 §4.1.2.1 and §5.2; CSC API v1.0.4 (spec).
    ErrorCode {
        /// A parameter is missing or wrong. CSC says so of nearly everything; the description tells more.
        InvalidRequest = "invalid_request",
        /// The OAuth client is not known, or its secret is wrong.
        InvalidClient = "invalid_client",
        /// The code or refresh token is used up, ended, or another client's.
        InvalidGrant = "invalid_grant",
        /// The scope is not known, or not this client's.
        InvalidScope = "invalid_scope",
        /// The access token is not good.
        InvalidToken = "invalid_token",
        /// The PIN is wrong.
        InvalidPin = "invalid_pin",
        /// The one-time password is wrong.
        InvalidOtp = "invalid_otp",
        /// The client may not do this.
        UnauthorizedClient = "unauthorized_client",
        /// The server does not know this grant.
        UnsupportedGrantType = "unsupported_grant_type",
        /// The server does not know this kind of answer.
        UnsupportedResponseType = "unsupported_response_type",
        /// The signer or the service said no.
        AccessDenied = "access_denied",
        /// The server failed.
        ServerError = "server_error",
        /// Not now.
        TemporarilyUnavailable = "temporarily_unavailable",
    }
}

/// What the service said no with.
///
/// ```
/// use digicert_one_client::Error;
/// use digicert_one_csc::{ErrorCode, Rejection};
///
/// fn is_wrong_pin(error: &Error) -> bool {
///     Rejection::of(error).is_some_and(|rejection| *rejection.code() == ErrorCode::InvalidPin)
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    code: ErrorCode,
    description: Option<String>,
}

impl Rejection {
    /// The rejection behind an error, if an answer of that shape is behind it.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        std::error::Error::source(error)?.downcast_ref()
    }

    /// The machine code.
    #[must_use]
    pub fn code(&self) -> &ErrorCode {
        &self.code
    }

    /// The text beside it, cleaned of control characters.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    pub(crate) fn new(code: &str, description: Option<&str>) -> Self {
        let description = description.map(|text| seam::clean(text, MAX_DESCRIPTION)).filter(|text| !text.is_empty());
        Self { code: ErrorCode::from(code), description }
    }

    /// Reads a body. `{"status":500,"error":"Internal Server Error","path":…}` is a framework's and none of this shape.
    fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let code = body.get("error")?.as_str()?;
        let described = ["error_description", "errorDescription"].into_iter().find_map(|name| body.get(name)?.as_str());
        let is_code = code.len() <= 100 && !code.is_empty() && !code.contains(|one: char| !one.is_ascii_graphic());
        (is_code && body.get("path").is_none()).then(|| Self::new(code, described))
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.description {
            Some(description) => write!(f, "{}: {description}", self.code),
            None => self.code.fmt(f),
        }
    }
}

impl std::error::Error for Rejection {}

/// The error that an error answer is, to a call or, where that is named, to the wish for a token.
pub(crate) fn refused(refusal: Refusal<'_>, for_token: Option<&'static str>) -> Error {
    let Refusal { pass, answer: mut platform, headers, body, context } = refusal;
    let rejection = Rejection::read(body);
    if let Some(rejection) = &rejection {
        platform.code = Some(rejection.code.as_str().to_owned());
        platform.message = rejection.description.clone();
        platform.recognised = true;
    }
    let mut diagnosis = diagnose_answer(&platform, &context);
    match for_token {
        Some(what) => {
            let asked = Asked { host: &context.host, status: platform.status.as_u16(), headers, what };
            asked.explain(&mut diagnosis, rejection.as_ref());
        }
        None if pass.is_token() && diagnosis.code == Code::AUT_01 => {
            diagnosis.cause =
                "the access token is unknown, ended or revoked, or its scope does not cover this call".to_owned();
            diagnosis.remedy =
                "Check that the token was made for this service and host; a signer may have to sign in again."
                    .to_owned();
        }
        None => {}
    }
    let error = Error::platform(diagnosis, platform);
    match rejection {
        Some(rejection) => error.with_source(rejection),
        None => error,
    }
}

fn is_challenge(headers: &HeaderMap) -> bool {
    let kinds = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    kinds.into_iter().any(|kind| kind.trim_start().to_ascii_lowercase().starts_with("digest"))
}

/// A refusal of the OAuth server or the login.
struct Asked<'a> {
    host: &'a str,
    status: u16,
    headers: &'a HeaderMap,
    what: &'static str,
}

impl Asked<'_> {
    /// What it means: its statuses say little, its codes much.
    fn explain(&self, diagnosis: &mut Diagnosis, rejection: Option<&Rejection>) {
        let Self { host, status, headers, what } = *self;
        let (code, cause, remedy) = match rejection.map(Rejection::code) {
            Some(ErrorCode::InvalidClient) => (
                Code::AUT_01,
                "the client ID is not known there, or its secret is another",
                "Check client ID and secret against the OAuth integration in Account Manager, and that it is one of this host.",
            ),
            Some(ErrorCode::InvalidGrant) => (
                Code::AUT_01,
                "the code or refresh token was used before, has ended or was revoked, or is another client's",
                "Have the signer sign in again (authorize_url); a code can be used once, within minutes, by the client that asked for it.",
            ),
            Some(ErrorCode::UnauthorizedClient | ErrorCode::AccessDenied) => (
                Code::AUT_03,
                "the OAuth integration may not use this way to a token, or the signer said no",
                "Ask an administrator to allow this way for the OAuth integration in Account Manager.",
            ),
            // A page of a gateway is not what the server thinks of the client, unless it is the login's own challenge.
            None if status == 401 && (diagnosis.side() != Side::Gateway || is_challenge(headers)) => (
                Code::AUT_01,
                "what was shown to it is not known there",
                "Check user and password, or client ID and secret, and that they are of this host.",
            ),
            _ => return,
        };
        let says = rejection.map(|rejection| format!(" {rejection}")).unwrap_or_default();
        let explained =
            Diagnosis::new(code, format!("{host} gives no token for the {what} (HTTP {status}{says})."), cause);
        let evidence = std::mem::take(&mut diagnosis.evidence);
        *diagnosis = evidence.into_iter().fold(explained, Diagnosis::with_evidence);
        diagnosis.remedy = remedy.to_owned();
        // Whether there is something newer is for the session to know, which is asking for it.
        diagnosis.advice = Advice::GiveUp;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_is_told_from_a_frameworks() {
        let read = |body: &str| Rejection::read(body.as_bytes()).map(|one| one.to_string());
        assert_eq!(read(r#"{"error":"invalid_client"}"#).as_deref(), Some("invalid_client"));
        let described = r#"{"error":"invalid_request","errorDescription":"a\u001b[31m\nb"}"#;
        assert_eq!(read(described).as_deref(), Some("invalid_request: a [31m b"));
        assert_eq!(read(r#"{"status":500,"error":"Internal Server Error","path":"/x"}"#), None);
        for other in ["", "[]", r#"{"error":{"code":"x"}}"#, r#"{"error":"two words"}"#, r#"{"error":""}"#] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
