//! From an answer of the platform to a diagnosis. Status alone does not do: 403 means a missing role or a missing second
//! factor, and a load balancer's 400 can mean a missing certificate. What is about the caller is in `caller.rs`.

use std::time::{Duration, SystemTime};

use http::StatusCode;

use super::{Advice, CallContext, Code, Diagnosis, caller};

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
    /// The field of the request that is at fault, where the body names one.
    pub field: Option<String>,
    /// Whether the body was one of the error documents.
    pub recognised: bool,
    /// The wait of `Retry-After`, where it was readable.
    pub retry_after: Option<Duration>,
    /// The request id, where a header carried one.
    pub request_id: Option<String>,
    /// The server's clock, where its `Date` was readable.
    pub date: Option<SystemTime>,
}

impl PlatformAnswer {
    /// An answer of which only the status is known.
    #[must_use]
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            code: None,
            message: None,
            field: None,
            recognised: false,
            retry_after: None,
            request_id: None,
            date: None,
        }
    }
}

/// What an error answer means.
///
/// Sources: DigiCert ONE, "Error handling & rate limits"; public reports of the multi-factor answer of Software Trust.
#[must_use]
pub fn diagnose_answer(answer: &PlatformAnswer, context: &CallContext) -> Diagnosis {
    let text = answer.message.as_deref().unwrap_or_default();
    let says = match (&answer.code, text) {
        (Some(code), "") => format!(" {code}"),
        (Some(code), text) => format!(" {code}: {text}"),
        (None, "") => String::new(),
        (None, text) => format!(": {text}"),
    };
    let diagnosis = caller::refused(answer, &says, context).unwrap_or_else(|| of_the_call(answer, &says, context));
    match &answer.request_id {
        Some(id) => diagnosis.with_evidence(format!("request id {id}")),
        None => diagnosis,
    }
}

/// The platform knows who is calling, or does not care.
fn of_the_call(answer: &PlatformAnswer, says: &str, context: &CallContext) -> Diagnosis {
    let (status, host) = (answer.status.as_u16(), &context.host);
    let wait = Advice::Repeat { not_before: answer.retry_after };
    match status {
        429 | 503 => Diagnosis::new(
            Code::AUT_04,
            format!("{host} asks to wait (HTTP {status}{says})."),
            match answer.retry_after {
                Some(wait) => format!("it asks for {} seconds; limits count per API key", wait.as_secs()),
                None => "it does not say how long".to_owned(),
            },
        )
        .advising(wait),
        404 if answer.recognised => Diagnosis::of(Code::API_02, format!("there is no such resource (HTTP 404{says}).")),
        500..=599 => Diagnosis::of(Code::API_03, format!("{host} failed (HTTP {status}{says}).")).advising(wait),
        400..=499 if answer.code.as_deref() == Some("duplicate_error") => {
            Diagnosis::of(Code::API_06, format!("{host} has something of that name already (HTTP {status}{says})."))
        }
        400..=499 if answer.code.as_deref() == Some("token_limit_reached") => Diagnosis::of(
            Code::API_07,
            format!("{host} gives this service user no further API token (HTTP {status}{says})."),
        ),
        400..=499 if answer.recognised => {
            Diagnosis::of(Code::API_01, format!("{host} refused the request (HTTP {status}{says})."))
        }
        _ => Diagnosis::of(
            Code::AUT_05,
            format!("{host} gave an answer that the API does not promise (HTTP {status}{says})."),
        ),
    }
}
