//! From an answer of the platform to a diagnosis. Status alone does not do: 403 means a missing role or a missing second
//! factor, and a load balancer's 400 can mean a missing certificate.

use std::time::Duration;

use http::StatusCode;

use super::{Advice, CallContext, Code, Diagnosis};
use crate::Mode;

/// What was read of an error answer. The client fills it from the seven body shapes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlatformAnswer {
    /// The status.
    pub status: StatusCode,
    /// The machine code, where the body has one.
    pub code: Option<String>,
    /// The message, cleaned of control characters; for a body that is not an error document, an excerpt of it.
    pub message: Option<String>,
    /// Whether the body was one of the error documents.
    pub recognised: bool,
    /// The wait of `Retry-After`, where it was readable.
    pub retry_after: Option<Duration>,
    /// The request id, where a header carried one.
    pub request_id: Option<String>,
}

impl PlatformAnswer {
    /// An answer of which only the status is known.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self { status, code: None, message: None, recognised: false, retry_after: None, request_id: None }
    }
}

/// What an error answer means.
///
/// Sources: DigiCert ONE, "Error handling & rate limits"; public reports of the multi-factor answer of Software Trust.
#[must_use]
pub fn diagnose_answer(answer: &PlatformAnswer, context: &CallContext) -> Diagnosis {
    let status = answer.status.as_u16();
    let text = answer.message.as_deref().unwrap_or_default();
    let lower = text.to_ascii_lowercase();
    let says = match (&answer.code, text) {
        (Some(code), "") => format!(" {code}"),
        (Some(code), text) => format!(" {code}: {text}"),
        (None, "") => String::new(),
        (None, text) => format!(": {text}"),
    };
    let source = context.credential_source.as_deref().map(|source| format!(" from {source}")).unwrap_or_default();
    let wait = Advice::Repeat { not_before: answer.retry_after };

    let diagnosis = match status {
        // The texts of nginx, which stands before many installations (ngx_http_special_response.c).
        400 if lower.contains("no required ssl certificate was sent") => Diagnosis::new(
            Code::HS_01,
            format!("{} asks for a client certificate and none was sent.", context.host),
            format!("mode={}", context.mode),
        ),
        400 if lower.contains("ssl certificate error") => Diagnosis::new(
            Code::HS_02,
            format!("{} rejected OUR client certificate.", context.host),
            "the load balancer refused it after the handshake",
        )
        .advising(Advice::NewerCredential),
        401 => {
            let cause = context.identity_date_fault().unwrap_or_else(|| match context.mode {
                Mode::Anonymous => "the call carried no credential".to_owned(),
                Mode::Key => format!("the API key{source} is unknown, disabled or past its end date, or its service user is"),
                Mode::Certificate => format!("the client certificate{source} is valid by its dates: the service user is probably disabled or past its end date"),
                Mode::Both => format!("the API key or the certificate{source} is unknown, disabled or past its end date, or their service user is"),
            });
            Diagnosis::new(
                Code::AUT_01,
                format!("{} does not accept this credential (HTTP 401{says}).", context.host),
                cause,
            )
            .advising(Advice::NewerCredential)
        }
        403 if lower.contains("multi-factor") || lower.contains("multi factor") => Diagnosis::new(
            Code::AUT_02,
            format!("this call needs key AND certificate (HTTP 403{says})."),
            format!(
                "mode={}: {}",
                context.mode,
                match context.mode {
                    Mode::Key => "the certificate is missing",
                    Mode::Certificate => "the API key is missing",
                    Mode::Both => "the certificate was not presented, or belongs to another service user",
                    Mode::Anonymous => "both are missing",
                }
            ),
        ),
        403 => Diagnosis::new(
            Code::AUT_03,
            format!("the service user may not do this (HTTP 403{says})."),
            "it was recognised, but lacks the role or permission",
        ),
        429 | 503 => Diagnosis::new(
            Code::AUT_04,
            format!("{} asks to wait (HTTP {status}{says}).", context.host),
            match answer.retry_after {
                Some(wait) => format!("it asks for {} seconds; limits count per API key", wait.as_secs()),
                None => "it does not say how long".to_owned(),
            },
        )
        .advising(wait),
        404 if answer.recognised => {
            Diagnosis::new(Code::API_02, format!("there is no such resource (HTTP 404{says})."), "")
        }
        500..=599 => {
            Diagnosis::new(Code::API_03, format!("{} failed (HTTP {status}{says}).", context.host), "").advising(wait)
        }
        400..=499 if answer.recognised => {
            Diagnosis::new(Code::API_01, format!("{} refused the request (HTTP {status}{says}).", context.host), "")
        }
        _ => Diagnosis::new(
            Code::AUT_05,
            format!("{} gave an answer that the API does not promise (HTTP {status}{says}).", context.host),
            "",
        ),
    };
    match &answer.request_id {
        Some(id) => diagnosis.with_evidence(format!("request id {id}")),
        None => diagnosis,
    }
}
