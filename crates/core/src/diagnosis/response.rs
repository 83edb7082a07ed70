//! Maps a response of the platform to a diagnosis. The status alone is not enough: 403 means a missing role
//! or a missing second factor, and a load balancer's 400 can mean a missing certificate. `caller.rs` handles
//! responses about the caller.

use crate::span;

use super::{Advice, BodyKind, CallContext, Code, Diagnosis, ErrorResponse, caller, gateway};

/// Diagnoses an error response.
///
/// Sources: DigiCert ONE, "Error handling & rate limits"; public reports of Software Trust's multi-factor response.
#[must_use]
pub fn diagnose_response(response: &ErrorResponse, context: &CallContext) -> Diagnosis {
    let says = said(response);
    let refused =
        caller::page_about_certificates(response, &says, context).or_else(|| gateway::refused(response, context));
    let diagnosis = refused.unwrap_or_else(|| {
        let diagnosis = caller::refused(response, &says, context);
        with_responder(diagnosis.unwrap_or_else(|| of_the_call(response, &says, context)), response)
    });
    with_id(diagnosis, response).with_context(context)
}

/// Adds who may have responded, unless it was certainly the platform.
#[must_use]
pub fn with_responder(diagnosis: Diagnosis, response: &ErrorResponse) -> Diagnosis {
    if response.is_of_the_platform() {
        return diagnosis;
    }
    let diagnosis = if response.foreign_form { diagnosis.with_evidence(FOREIGN_FORM) } else { diagnosis };
    response.responder_evidence(diagnosis)
}

/// For an error document in a form that frameworks and gateways use too.
const FOREIGN_FORM: &str =
    "the error document has a form that gateways and frameworks use too: one of them may have written it";

/// Diagnoses a success response whose body is an error document.
#[must_use]
pub fn diagnose_error_document(response: &ErrorResponse, context: &CallContext) -> Diagnosis {
    let (host, status, says) = (&context.host, response.status.as_u16(), said(response));
    let summary = format!("{host} reports an error with the status of a success (HTTP {status}{says}).");
    let cause = "the body is an error document despite the status: the call was not executed, or not as requested";
    with_id(Diagnosis::new(Code::AUT_05, summary, cause), response).with_context(context)
}

/// Diagnoses a success response whose body should be JSON and is not: a web page, or an encoding that was not
/// requested. `None` for any other body.
#[must_use]
pub fn diagnose_content(response: &ErrorResponse, context: &CallContext) -> Option<Diagnosis> {
    let diagnosis = gateway::instead_of_json(response, context)?;
    Some(with_id(diagnosis, response).with_context(context))
}

fn with_id(diagnosis: Diagnosis, response: &ErrorResponse) -> Diagnosis {
    match &response.request_id {
        Some(id) => diagnosis.with_evidence(format!("request id {id}")),
        None => diagnosis,
    }
}

/// Returns the text of the body, formatted to follow a status.
fn said(response: &ErrorResponse) -> String {
    let texts: Vec<&str> = response.message.iter().chain(&response.more).map(String::as_str).collect();
    match (&response.code, texts.join("; ")) {
        (Some(code), texts) if texts.is_empty() => format!(" {code}"),
        (Some(code), texts) => format!(" {code}: {texts}"),
        (None, texts) if texts.is_empty() => String::new(),
        (None, texts) => format!(": {texts}"),
    }
}

/// Handles statuses that are not about the caller.
fn of_the_call(response: &ErrorResponse, says: &str, context: &CallContext) -> Diagnosis {
    let (status, host) = (response.status.as_u16(), &context.host);
    let wait = Advice::Retry { not_before: response.retry_after };
    match status {
        429 | 503 => {
            let summary = match status {
                429 => format!("{host} throttles the calls (HTTP 429{says})."),
                _ => format!("{host} is unavailable (HTTP 503{says})."),
            };
            let mut diagnosis = Diagnosis::new(Code::AUT_04, summary, waiting(response)).advising(wait);
            if response.retry_after.is_none_or(|wait| wait.is_zero()) {
                "Retry the call after a pause that grows with each attempt.".clone_into(&mut diagnosis.remedy);
            }
            diagnosis
        }
        206 => partial(host, response),
        404 if response.recognised => {
            let summary = format!("resource not found (HTTP 404{says}).");
            match response.foreign_form {
                true => Diagnosis::new(
                    Code::API_02,
                    summary,
                    "there is nothing at this path or with this id, or it is not visible to this service user, or a gateway in \
                     front of the platform does not forward this path",
                ),
                false => Diagnosis::of(Code::API_02, summary),
            }
        }
        408 | 421 | 425 => Diagnosis::new(
            Code::API_08,
            match status {
                408 => format!("{host} did not get the whole request in time (HTTP 408{says})."),
                _ => format!("{host} wants the request on another connection (HTTP {status}{says})."),
            },
            match status {
                408 => "the server, or a proxy in between, stopped waiting: the upload is slow, or the connection was idle for too long",
                421 => "the connection does not lead to the server of this host",
                _ => "it does not process requests that could be a replay",
            },
        )
        .advising(wait),
        500..=599 => {
            let mut diagnosis =
                Diagnosis::of(Code::API_03, format!("{host} failed (HTTP {status}{says}).")).advising(wait);
            if response.request_id.is_none() {
                "Retry the call if it is idempotent; if the error persists, give the time, the path and the status to DigiCert's \
                 support."
                    .clone_into(&mut diagnosis.remedy);
            }
            diagnosis
        }
        400..=499 if response.code.as_deref() == Some("duplicate_error") => {
            Diagnosis::of(Code::API_06, format!("the name is already in use on {host} (HTTP {status}{says})."))
        }
        400..=499 if response.code.as_deref() == Some("token_limit_reached") => Diagnosis::of(
            Code::API_07,
            format!("{host} allows this service user no further API token (HTTP {status}{says})."),
        ),
        400..=499 if response.recognised => {
            let refused = Diagnosis::of(Code::API_01, format!("{host} refused the request (HTTP {status}{says})."));
            match response.foreign_form {
                true => Diagnosis {
                    cause: "it is unknown whether the platform refused the request, or a gateway in front of it".to_owned(),
                    remedy: "See the message, and change the request; if the message is not about the request, ask the operator of \
                             the gateway in front of the platform."
                        .to_owned(),
                    ..refused
                },
                false => refused,
            }
        }
        _ => {
            let summary = format!("unexpected response from {host}: not documented for this API (HTTP {status}{says}).");
            match unexpected(response) {
                Some(cause) => Diagnosis::new(Code::AUT_05, summary, cause),
                None => Diagnosis::of(Code::AUT_05, summary),
            }
        }
    }
}

/// Explains why a response is neither a result nor an error of the API.
fn unexpected(response: &ErrorResponse) -> Option<&'static str> {
    match response.status.as_u16() {
        100..=199 => Some(
            "an interim status in place of the result, which nothing asked for: a proxy or gateway in between is broken, or \
             another service responds at this address",
        ),
        304 => Some("\"not modified\" arrived although the request was unconditional: a cache in between is broken"),
        300..=399 => Some("the response is a redirect without a usable target, so it has no result"),
        _ if response.body == BodyKind::Empty => Some(
            "the response has no body, so the reason is unknown, and so is who sent it: a load balancer or a firewall often \
             responds instead of the platform",
        ),
        _ => None,
    }
}

/// Explains a part that is not what was asked for: a page of a list, or bytes.
fn partial(host: &str, response: &ErrorResponse) -> Diagnosis {
    let Some(range) = &response.range else {
        let summary = format!("{host} sent a part (HTTP 206) without saying which one.");
        return Diagnosis::new(Code::AUT_05, summary, "a cache or proxy in between is broken");
    };
    let summary = format!("{host} sent a part (HTTP 206, Content-Range: {range}) that was not asked for.");
    if range.to_ascii_lowercase().starts_with("bytes") {
        let cause = "the range of the call was not kept, or it has none: a cache or proxy in between is broken";
        return Diagnosis::new(Code::AUT_05, summary, cause);
    }
    let mut diagnosis =
        Diagnosis::new(Code::AUT_05, summary, "the response is a page of a list, and not the whole of it");
    "Read it as a list, page by page (d1 list; in code: Client::pages), or ask for one part with a Range header."
        .clone_into(&mut diagnosis.remedy);
    diagnosis
}

/// Returns how long to wait, and why: only a 429 is about the caller.
fn waiting(response: &ErrorResponse) -> String {
    let long = match response.retry_after {
        Some(wait) if !wait.is_zero() => format!("it asks to wait {}", span::delay(wait)),
        _ => "it gives no delay".to_owned(),
    };
    match response.status.as_u16() {
        429 if response.foreign_form => {
            format!(
                "{long}; the limit is the platform's, which counts per API key, or that of a gateway in front of it"
            )
        }
        429 => format!("{long}; rate limits apply per API key: spread bursts over time or over service users"),
        _ => format!("{long}; it is under maintenance or overloaded, for all callers"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use http::StatusCode;

    use super::*;
    use crate::Mode;

    fn response(status: u16) -> ErrorResponse {
        let mut response = ErrorResponse::new(StatusCode::from_u16(status).expect("a status"));
        (response.server, response.gateway_id) = (Some("istio-envoy".to_owned()), Some("cf-ray: 7d1".to_owned()));
        response
    }

    fn shown(response: &ErrorResponse) -> String {
        diagnose_response(response, &CallContext::new("one.test", Mode::Key, SystemTime::UNIX_EPOCH)).to_string()
    }

    #[test]
    fn headers_of_who_responded_are_shown_unless_it_was_the_platform() {
        for status in (400..600).filter(|status| *status != 496) {
            let mut response = response(status);
            for (body, recognised, foreign) in [
                (BodyKind::Empty, false, false),
                (BodyKind::Json, false, false),
                (BodyKind::Json, true, true),
                (BodyKind::Page, false, false),
            ] {
                (response.body, response.recognised, response.foreign_form) = (body, recognised, foreign);
                let shown = shown(&response);
                assert!(shown.contains("Server: istio-envoy") && shown.contains("cf-ray: 7d1"), "{status}: {shown}");
            }
        }
        let mut response = response(404);
        (response.body, response.recognised) = (BodyKind::Json, true);
        assert!(!shown(&response).contains("istio-envoy"), "the platform sits behind it");
    }

    #[test]
    fn verdict_in_a_form_of_gateways_too_is_not_attributed_to_the_platform_alone() {
        for status in [400, 401, 403, 404, 405, 409, 413, 429, 500, 503] {
            let mut response = response(status);
            (response.body, response.recognised, response.foreign_form) = (BodyKind::Json, true, true);
            let shown = shown(&response);
            assert!(shown.contains(FOREIGN_FORM), "{shown}");
            assert!(
                !shown.contains("The credential is not the cause") && !shown.contains("limits apply per API key"),
                "{shown}"
            );
            assert!(!shown.contains("the platform refused the API key"), "{shown}");
            assert!(status != 404 || shown.contains("does not forward this path"), "{shown}");
        }
    }

    #[test]
    fn remedy_asks_for_no_request_id_where_there_is_none() {
        let mut response = response(500);
        assert!(shown(&response).contains("give the time, the path and the status"), "{}", shown(&response));
        response.request_id = Some("r-1".to_owned());
        assert!(shown(&response).contains("give the request id"), "{}", shown(&response));
    }

    #[test]
    fn missing_body_is_not_one_of_several_guesses() {
        let shown = shown(&response(403));
        assert!(shown.contains("has no body") && !shown.contains("truncated"), "{shown}");
    }

    #[test]
    fn throttle_without_a_delay_has_its_own_remedy() {
        let context = CallContext::new("one.test", Mode::Key, SystemTime::UNIX_EPOCH);
        for status in [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE] {
            let mut response = ErrorResponse::new(status);
            for (seconds, asks) in [(None, false), (Some(0), false), (Some(90), true), (Some(u64::MAX), true)] {
                response.retry_after = seconds.map(Duration::from_secs);
                let diagnosis = diagnose_response(&response, &context);
                assert_eq!(diagnosis.cause.contains("it asks to wait"), asks, "{diagnosis}");
                assert_eq!(diagnosis.remedy.contains("the delay that the response asks for"), asks, "{diagnosis}");
                assert!(!diagnosis.cause.contains(&u64::MAX.to_string()), "{diagnosis}");
            }
        }
    }
}
