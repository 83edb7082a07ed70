//! From an answer of the platform to a diagnosis. Status alone does not do: 403 means a missing role or a missing second
//! factor, and a load balancer's 400 can mean a missing certificate. What is about the caller is in `caller.rs`.

use super::{Advice, CallContext, Code, Diagnosis, PlatformAnswer, caller, gateway};

/// What an error answer means.
///
/// Sources: DigiCert ONE, "Error handling & rate limits"; public reports of the multi-factor answer of Software Trust.
#[must_use]
pub fn diagnose_answer(answer: &PlatformAnswer, context: &CallContext) -> Diagnosis {
    let says = said(answer);
    let diagnosis = caller::page_about_certificates(answer, &says, context)
        .or_else(|| gateway::refused(answer, context))
        .or_else(|| caller::refused(answer, &says, context))
        .unwrap_or_else(|| of_the_call(answer, &says, context));
    with_id(diagnosis, answer).fitted(context)
}

/// What a response with a status of success means whose body is an error document.
#[must_use]
pub fn diagnose_error_document(answer: &PlatformAnswer, context: &CallContext) -> Diagnosis {
    let (host, status, says) = (&context.host, answer.status.as_u16(), said(answer));
    let summary = format!("{host} reports an error with the status of a success (HTTP {status}{says}).");
    let cause =
        "the body is an error document, whatever the status says: the call was not done, or not as it was asked for";
    with_id(Diagnosis::new(Code::AUT_05, summary, cause), answer).fitted(context)
}

/// What a response with a status of success means whose body should be JSON and is not: a web page, or an encoding that was not asked
/// for. Nothing where it is neither.
#[must_use]
pub fn diagnose_content(answer: &PlatformAnswer, context: &CallContext) -> Option<Diagnosis> {
    let diagnosis = gateway::instead_of_json(answer, context)?;
    Some(with_id(diagnosis, answer).fitted(context))
}

fn with_id(diagnosis: Diagnosis, answer: &PlatformAnswer) -> Diagnosis {
    match &answer.request_id {
        Some(id) => diagnosis.with_evidence(format!("request id {id}")),
        None => diagnosis,
    }
}

/// All that the body says, ready to stand behind a status.
fn said(answer: &PlatformAnswer) -> String {
    let texts: Vec<&str> = answer.message.iter().chain(&answer.more).map(String::as_str).collect();
    match (&answer.code, texts.join("; ")) {
        (Some(code), texts) if texts.is_empty() => format!(" {code}"),
        (Some(code), texts) => format!(" {code}: {texts}"),
        (None, texts) if texts.is_empty() => String::new(),
        (None, texts) => format!(": {texts}"),
    }
}

/// The platform knows who is calling, or does not care.
fn of_the_call(answer: &PlatformAnswer, says: &str, context: &CallContext) -> Diagnosis {
    let (status, host) = (answer.status.as_u16(), &context.host);
    let wait = Advice::Repeat { not_before: answer.retry_after };
    match status {
        429 | 503 => Diagnosis::new(
            Code::AUT_04,
            match status {
                429 => format!("{host} asks to wait (HTTP 429{says})."),
                _ => format!("{host} is not available now (HTTP 503{says})."),
            },
            waiting(answer),
        )
        .advising(wait),
        404 if answer.recognised => Diagnosis::of(Code::API_02, format!("there is no such resource (HTTP 404{says}).")),
        408 | 421 | 425 => Diagnosis::new(
            Code::API_08,
            match status {
                408 => format!("{host} did not get the whole request in time (HTTP 408{says})."),
                _ => format!("{host} asks for the request on another connection (HTTP {status}{says})."),
            },
            match status {
                408 => "the server, or a proxy on the way, stopped waiting: the upload is slow, or the connection was idle for too long",
                421 => "the connection does not lead to the server of this host",
                _ => "it does not process a request that could be a replay",
            },
        )
        .advising(wait),
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
        _ => {
            let summary = format!("{host} gave an answer that the API does not promise (HTTP {status}{says}).");
            match unexpected(status) {
                Some(cause) => Diagnosis::new(Code::AUT_05, summary, cause),
                None => Diagnosis::of(Code::AUT_05, summary),
            }
        }
    }
}

/// Why a status below 400 is not a result.
fn unexpected(status: u16) -> Option<&'static str> {
    match status {
        206 => {
            Some("a part of the response came, though the whole was asked for: a cache or proxy on the way is broken")
        }
        304 => Some("\"not modified\" came though nothing was asked for conditionally: a cache on the way is broken"),
        300..=399 => Some("the response is a redirect without a target that can be followed, so there is no result"),
        _ => None,
    }
}

/// How long to wait, and for what: only a 429 is about the caller.
fn waiting(answer: &PlatformAnswer) -> String {
    let long = match answer.retry_after {
        Some(wait) => format!("it asks for {} seconds", wait.as_secs()),
        None => "it does not say how long".to_owned(),
    };
    match answer.status.as_u16() {
        429 => format!("{long}; limits count per API key: spread bursts over time or over service users"),
        _ => format!("{long}; it is under maintenance or overloaded, which is not about this caller"),
    }
}
