//! Error responses: CSC and OAuth share one form, `{"error","error_description"}`. It becomes a typed [`Rejection`] and, with the rest of
//! the response, a diagnosis.

use std::fmt;

use digicert_one_client::seam::{self, Refusal};
use digicert_one_client::{Error, ErrorKind};
use digicert_one_core::diagnosis::{Side, diagnose_response};
use digicert_one_core::{Advice, Code, Diagnosis};
use http::header::{HeaderMap, WWW_AUTHENTICATE};
use http_auth::parse_challenges;
use serde_json::Value;

use crate::open::open_enum;

/// The longest description.
const MAX_DESCRIPTION: usize = 500;

open_enum! {
    /// The machine code of an error response.
    ///
    /// Sources: RFC 6749 §4.1.2.1 and §5.2; CSC API v1.0.4 (spec).
    ErrorCode {
        /// A parameter is missing or wrong. CSC uses it for nearly everything; see the description.
        InvalidRequest = "invalid_request",
        /// The OAuth client is not known, or its secret is wrong.
        InvalidClient = "invalid_client",
        /// The code or refresh token is used, expired, or of another client.
        InvalidGrant = "invalid_grant",
        /// The scope is not known, or not this client's.
        InvalidScope = "invalid_scope",
        /// The access token is invalid.
        InvalidToken = "invalid_token",
        /// The PIN is wrong.
        InvalidPin = "invalid_pin",
        /// The one-time password is wrong.
        InvalidOtp = "invalid_otp",
        /// The client is not allowed to do this.
        UnauthorizedClient = "unauthorized_client",
        /// Unsupported grant.
        UnsupportedGrantType = "unsupported_grant_type",
        /// Unsupported response type.
        UnsupportedResponseType = "unsupported_response_type",
        /// Denied by the signer or the service.
        AccessDenied = "access_denied",
        /// The server failed.
        ServerError = "server_error",
        /// Temporarily unavailable.
        TemporarilyUnavailable = "temporarily_unavailable",
    }
}

/// The rejection of a request by the service.
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
    /// The rejection that is the source of an error, if there is one.
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        std::error::Error::source(error)?.downcast_ref()
    }

    /// The machine code.
    #[must_use]
    pub fn code(&self) -> &ErrorCode {
        &self.code
    }

    /// The description, without control characters.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    pub(crate) fn new(code: &str, description: Option<&str>) -> Self {
        let description = description.map(|text| seam::clean(text, MAX_DESCRIPTION)).filter(|text| !text.is_empty());
        Self { code: ErrorCode::from(code), description }
    }

    /// Reads a body. `{"status":500,"error":"Internal Server Error","path":…}` is the form of a framework.
    fn read(body: &[u8]) -> Option<Self> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let code = body.get("error")?.as_str()?;
        let described = ["error_description", "errorDescription"].into_iter().find_map(|name| body.get(name)?.as_str());
        (is_code(code) && body.get("path").is_none()).then(|| Self::new(code, described))
    }

    /// Reads the header of a response that refuses a token (RFC 6750 section 3).
    fn challenged(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
        let mut challenges = values.filter_map(|text| parse_challenges(text).ok()).flatten();
        let challenge = challenges.find(|one| one.scheme.eq_ignore_ascii_case("bearer"))?;
        let param = |name: &str| {
            let found = challenge.params.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
            found.map(|(_, value)| value.to_unescaped())
        };
        let code = param("error").filter(|code| is_code(code))?;
        Some(Self::new(&code, param("error_description").as_deref()))
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

fn is_code(text: &str) -> bool {
    text.len() <= 100 && !text.is_empty() && !text.contains(|one: char| !one.is_ascii_graphic())
}

/// The error for an error response, to a call or to the request for a token of this kind.
pub(crate) fn refused(refusal: Refusal<'_>, for_token: Option<&'static str>) -> Error {
    let Refusal { pass, response: mut platform, headers, body, context } = refusal;
    let rejection = Rejection::read(body).or_else(|| Rejection::challenged(headers));
    if let Some(rejection) = &rejection {
        platform.code = Some(rejection.code.as_str().to_owned());
        platform.message = rejection.description.clone();
        // These codes are the service's own, with a description or without one.
        (platform.recognised, platform.foreign_form) = (true, false);
    }
    let mut diagnosis = diagnose_response(&platform, &context);
    match for_token {
        Some(what) => {
            let asked = Asked { host: &context.host, status: platform.status.as_u16(), headers, what };
            asked.explain(&mut diagnosis, rejection.as_ref());
            if diagnosis.code == Code::AUT_04 {
                of_token(&mut diagnosis);
            }
        }
        None if pass.is_token() => of_token(&mut diagnosis),
        None => {}
    }
    let error = Error::platform(diagnosis, platform);
    match rejection {
        Some(rejection) => error.with_source(rejection),
        None => error,
    }
}

/// The error for the response of a service or OAuth server that lacks what was asked for.
pub(crate) fn unexpected(summary: impl Into<String>, cause: &'static str) -> Error {
    let mut diagnosis = Diagnosis::new(Code::AUT_05, summary, cause);
    diagnosis.remedy =
        "Check host and path; if both are right, report it to the operator of the server, with the time of \
                        the call."
            .to_owned();
    Error::new(ErrorKind::Decode, diagnosis)
}

/// Fits a fault of paging to a list that cannot be read in another way.
pub(crate) fn list_fault(error: Error) -> Error {
    let mut diagnosis = error.diagnosis().clone();
    if diagnosis.code != Code::API_04 {
        return error;
    }
    diagnosis.remedy =
        "Read the list again; if the error persists, report it to the operator of the service.".to_owned();
    Error::new(error.kind(), diagnosis)
}

/// Fits what is said of service users and their keys to the caller of a token.
fn of_token(diagnosis: &mut Diagnosis) {
    match diagnosis.code {
        Code::AUT_01 => {
            diagnosis.cause =
                "the access token is unknown, expired or revoked, or its scope does not cover this call".to_owned();
            diagnosis.remedy =
                "Check that the token was made for this service and host; a signer may have to sign in again."
                    .to_owned();
        }
        Code::AUT_03 if diagnosis.summary.contains("for the service user") => {
            diagnosis.summary = diagnosis.summary.replace("for the service user", "for the owner of the token");
            diagnosis.cause =
                "the service accepted the token, but its scope, or the rights of its owner, do not cover this call"
                    .to_owned();
            diagnosis.remedy = "Have an administrator extend the scope of the OAuth integration, or the rights of the \
                                signer. Another token for the same does not help."
                .to_owned();
        }
        Code::AUT_04 => {
            diagnosis.cause = diagnosis
                .cause
                .replace(
                    "rate limits apply per API key: spread bursts over time or over service users",
                    "spread bursts over time",
                )
                .replace("which counts per API key", "which counts per caller");
        }
        _ => {}
    }
}

fn is_challenge(headers: &HeaderMap) -> bool {
    let kinds = headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok());
    kinds.into_iter().any(|kind| kind.trim_start().to_ascii_lowercase().starts_with("digest"))
}

/// A refused request for a token.
struct Asked<'a> {
    host: &'a str,
    status: u16,
    headers: &'a HeaderMap,
    what: &'static str,
}

impl Asked<'_> {
    /// Sets the diagnosis from the code of the rejection.
    fn explain(&self, diagnosis: &mut Diagnosis, rejection: Option<&Rejection>) {
        let Self { host, status, headers, what } = *self;
        let (code, cause, remedy) = match rejection.map(Rejection::code) {
            Some(ErrorCode::InvalidClient) => (
                Code::AUT_01,
                "the client ID is unknown there, or its secret is wrong",
                "Check client ID and secret against the OAuth integration in Account Manager, and that it is one of this host.",
            ),
            Some(ErrorCode::InvalidGrant) => (
                Code::AUT_01,
                "the code or refresh token was used before, has expired or was revoked, or belongs to another client",
                "Have the signer sign in again (authorize_url); a code can be used once, within minutes, by the client that asked for it.",
            ),
            Some(ErrorCode::UnauthorizedClient | ErrorCode::AccessDenied) => (
                Code::AUT_03,
                "the OAuth integration may not use this grant, or the signer denied it",
                "Ask an administrator to allow this grant for the OAuth integration in Account Manager.",
            ),
            // A page of a gateway says nothing about the client, unless it is the challenge of the login.
            None if status == 401 && (diagnosis.side() != Side::Gateway || is_challenge(headers)) => (
                Code::AUT_01,
                "the credential is unknown there",
                "Check user and password, or client ID and secret, and that they are of this host.",
            ),
            _ => return,
        };
        let says = rejection.map(|rejection| format!(" {rejection}")).unwrap_or_default();
        let explained =
            Diagnosis::new(code, format!("{host} refused a token for the {what} (HTTP {status}{says})."), cause);
        let evidence = std::mem::take(&mut diagnosis.evidence);
        *diagnosis = evidence.into_iter().fold(explained, Diagnosis::with_evidence);
        diagnosis.remedy = remedy.to_owned();
        // The session decides whether to get a newer one.
        diagnosis.advice = Advice::GiveUp;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejection_differs_from_the_error_of_a_framework() {
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
