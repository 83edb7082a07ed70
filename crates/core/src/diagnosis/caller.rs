//! Responses about the caller: 400 of a load balancer, 401, 403. The same words have different causes; the
//! facts of the connection distinguish them as far as possible.

use super::evidence::{clock_skew, identity_date_fault, interception, unseen, utc};
use super::{CallContext, Code, Diagnosis, ErrorResponse};
use crate::{Advice, Mode};

/// Diagnoses a successful call by certificate where the certificate did not arrive. `None` if everything
/// configured was sent, or the stack does not show it.
#[must_use]
pub fn diagnose_success(context: &CallContext) -> Option<Diagnosis> {
    let facts = &context.facts;
    let (host, mode) = (&context.host, context.mode);
    context.identity.as_ref()?;
    let diagnosis = match interception(context) {
        Some(how) => Diagnosis::new(
            Code::NET_03,
            match mode {
                Mode::Both => {
                    format!("{host} responded to the API key alone: the client certificate did not reach it.")
                }
                _ => format!("the client certificate did not reach {host}: the response does not show who called."),
            },
            how,
        ),
        None if facts.identity_requested == Some(true) && facts.identity_sent == Some(false) => not_sent(context),
        None => return None,
    };
    Some(diagnosis.with_context(context))
}

/// Returns a diagnosis if the response is about the caller; `says` is the platform's own text, ready to print.
pub(super) fn refused(response: &ErrorResponse, says: &str, context: &CallContext) -> Option<Diagnosis> {
    let diagnosis = match response.status.as_u16() {
        401 => unknown(response, says, context),
        403 if mentions(response, &["multi-factor", "multi factor"]) => one_factor(says, context),
        // Without an error document, it is unknown whether the platform identified the caller.
        403 if response.recognised => not_permitted(response, says, context),
        _ => return None,
    };
    Some(with_unseen(diagnosis, context))
}

/// Handles pages of servers that terminate TLS and complain about the client certificate.
///
/// Sources: nginx (`ngx_http_special_response.c`), Apache (`ssl_engine_kernel.c`), IIS (its sub-statuses 403.7, .13, .16 and .17).
pub(super) fn page_about_certificates(
    response: &ErrorResponse,
    says: &str,
    context: &CallContext,
) -> Option<Diagnosis> {
    let status = response.status.as_u16();
    let diagnosis = match status {
        400 if mentions(response, &["no required ssl certificate was sent"]) => none_arrived(says, context, status),
        // nginx has statuses of its own for both, which it shows if it has a custom page for them.
        496 => none_arrived(says, context, status),
        // Without a certificate of ours, something in between presents one of its own: not our certificate, and not the platform.
        _ if matches!(context.mode, Mode::Key | Mode::Anonymous)
            && (status == 495 || refuses_certificate(response)) =>
        {
            return None;
        }
        495 => not_accepted(response, says, context),
        403 if mentions(response, &["403.7 -", "requires a client certificate"]) => none_arrived(says, context, status),
        _ if refuses_certificate(response) => not_accepted(response, says, context),
        403 if mentions(response, &["post-handshake authentication"]) => {
            return Some(Diagnosis::new(
                Code::HS_05,
                format!(
                    "{} asks for a client certificate only for this path, after the handshake (HTTP 403{says}).",
                    context.host
                ),
                "Apache asks for it by TLS 1.3 post-handshake authentication, which this connection did not offer; it did not check the service user \
                 or its role",
            ));
        }
        _ => return None,
    };
    let diagnosis = match diagnosis.code {
        // The text of these is also that of a handshake.
        Code::HS_01 | Code::ID_14 => diagnosis.with_evidence(format!("the server responded with HTTP {status}{says}")),
        _ => diagnosis,
    };
    Some(with_unseen(diagnosis, context))
}

/// Returns whether nginx or IIS say that they refused a client certificate.
fn refuses_certificate(response: &ErrorResponse) -> bool {
    match response.status.as_u16() {
        400 => mentions(response, &["ssl certificate error"]),
        403 => mentions(response, &["403.13 -", "403.16 -", "403.17 -"]),
        _ => false,
    }
}

/// Returns whether the text of the body contains one of these, given in lower case.
fn mentions(response: &ErrorResponse, texts: &[&str]) -> bool {
    let said = response.message.iter().chain(&response.more).chain(&response.title);
    said.map(|text| text.to_ascii_lowercase()).any(|said| texts.iter().any(|text| said.contains(text)))
}

fn not_accepted(response: &ErrorResponse, says: &str, context: &CallContext) -> Diagnosis {
    let status = response.status.as_u16();
    Diagnosis::new(
        Code::HS_02,
        format!("{} rejected OUR client certificate (HTTP {status}{says}).", context.host),
        identity_date_fault(context, response.date)
            .unwrap_or_else(|| "the load balancer refused it after the handshake".to_owned()),
    )
}

fn with_unseen(diagnosis: Diagnosis, context: &CallContext) -> Diagnosis {
    match unseen(context) {
        Some(unseen) if diagnosis.code != Code::NET_03 => diagnosis.with_evidence(unseen),
        _ => diagnosis,
    }
}

/// The diagnosis for a configured certificate that the transport cannot see at the other end.
fn intercepted(says: &str, context: &CallContext, status: u16, how: String) -> Diagnosis {
    let summary = format!("the client certificate did not reach {} (HTTP {status}{says}).", context.host);
    Diagnosis::new(Code::NET_03, summary, how)
}

fn none_arrived(says: &str, context: &CallContext, status: u16) -> Diagnosis {
    let facts = &context.facts;
    if context.identity.is_some() {
        if let Some(how) = interception(context) {
            return intercepted(says, context, status, how);
        }
        match (facts.certificate_requested(), facts.identity_sent) {
            (_, Some(true)) => {
                let how =
                    "it was sent, and the response says that none arrived: something in between removed it".to_owned();
                return intercepted(says, context, status, how);
            }
            (Some(true), Some(false)) => return not_sent(context),
            _ => {}
        }
    }
    none_sent(context)
}

/// The diagnosis for a server that wants a certificate when none was configured.
pub(super) fn none_sent(context: &CallContext) -> Diagnosis {
    Diagnosis::new(
        Code::HS_01,
        format!("{} asks for a client certificate and none was sent.", context.host),
        format!("mode={}", context.mode),
    )
}

/// The diagnosis for a server that asked, while the stack did not send the configured certificate.
pub(super) fn not_sent(context: &CallContext) -> Diagnosis {
    let key = context.identity.as_ref().map(|identity| format!("its key is {}; ", identity.key_kind()));
    Diagnosis::new(
        Code::ID_14,
        format!("{} asked for the client certificate and the transport did not send it.", context.host),
        format!(
            "{}the server accepts no signature of such a key, or the transport has a defect",
            key.unwrap_or_default()
        ),
    )
}

fn unknown(response: &ErrorResponse, says: &str, context: &CallContext) -> Diagnosis {
    let host = &context.host;
    let intercepts = interception(context);
    if let Some(how) = intercepts.clone().filter(|_| !(context.mode == Mode::Both && is_about_key(response))) {
        let diagnosis = intercepted(says, context, 401, how);
        return match context.mode {
            // The key arrived, so a newer one may help.
            Mode::Both => diagnosis
                .with_evidence("the API key was sent too: it may itself be unknown, disabled or expired")
                .advising(Advice::NewerCredential),
            _ => diagnosis,
        };
    }
    let source = context.credential_source.as_deref().map(|source| format!(" from {source}")).unwrap_or_default();
    let dates = identity_date_fault(context, response.date);
    let what = match context.mode {
        Mode::Anonymous => "the call".to_owned(),
        Mode::Key => format!("the API key{source}"),
        Mode::Certificate => format!("the client certificate{source}"),
        Mode::Both => format!("the API key or the client certificate{source}"),
    };
    // The platform's own reason is worth more than a guess.
    let reason = response.message.as_deref().filter(|_| response.recognised);
    let refused = match reason {
        Some(reason) => {
            let code = response.code.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
            let more = response.more.iter().map(|more| format!("; {more}")).collect::<String>();
            format!("\"{}{more}\" (HTTP 401{code})", reason.trim_end_matches('.'))
        }
        None => format!("HTTP 401{says}"),
    };
    let mut diagnosis = match (context.mode, dates, &context.identity) {
        (Mode::Certificate, None, Some(identity)) => Diagnosis::new(
            Code::AUT_06,
            match reason {
                Some(_) => format!("{host} says {refused} and does not accept this client certificate."),
                None => {
                    format!("{host} does not accept this client certificate, which is inside its dates ({refused}).")
                }
            },
            format!(
                "\"{}\"{source} is valid until {}: {}",
                identity.subject(),
                utc(identity.not_after()),
                match reason {
                    Some(_) if response.foreign_form => "the platform, or a gateway in front of it, gives this reason",
                    Some(_) => "the platform gives this reason",
                    None => "the service user is probably disabled or expired, or exists on another host",
                }
            ),
        ),
        (mode, dates, _) => {
            let cause = dates.unwrap_or_else(|| match (reason, mode) {
                (Some(_), _) if response.foreign_form => {
                    format!("{what} was refused for this reason, by the platform or by a gateway in front of it")
                }
                (Some(_), _) => format!("the platform refused {what} and gives this reason"),
                (None, Mode::Anonymous) => "the call carried no credential".to_owned(),
                (None, _) => {
                    let owner = if mode == Mode::Both { "their" } else { "its" };
                    format!("{what}, or {owner} service user, is unknown, disabled or expired")
                }
            });
            let summary = match reason {
                Some(_) => format!("{host} says {refused} and does not accept this credential."),
                None => format!("{host} does not accept this credential ({refused})."),
            };
            Diagnosis::new(Code::AUT_01, summary, cause)
        }
    };
    if let Some(remedy) = reason.and_then(remedy_for) {
        diagnosis.remedy = remedy.to_owned();
    }
    if let Some(how) = intercepts {
        diagnosis = diagnosis.with_evidence(how);
    }
    if !response.recognised {
        diagnosis =
            diagnosis.with_evidence("the response has no error document of the API: it may come from a gateway");
    }
    if let Some((length, is_usual)) = context.key_shape {
        let hint = match is_usual {
            true => "the usual shape; was it created on this host?",
            false => "not the usual shape; is it truncated, or another kind of token?",
        };
        diagnosis = diagnosis.with_evidence(format!("API key: {length} characters, {hint}"));
    }
    match clock_skew(context, response.date) {
        Some(skew) => diagnosis.with_evidence(skew),
        None => diagnosis,
    }
}

/// Returns what to do if the platform's own words name the reason.
fn remedy_for(reason: &str) -> Option<&'static str> {
    let reason = reason.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if has(&["expired", "end date"]) {
        return Some(
            "Ask an administrator to extend or replace what the platform names; end dates include the whole day, until 23:59:59 UTC.",
        );
    }
    if has(&["disabled", "deactivated", "inactive", "suspended", "locked", "revoked"]) {
        return Some("Ask an administrator to enable or replace what the platform names, in Account Manager.");
    }
    None
}

/// Returns whether the text of the body is about the API key.
fn is_about_key(response: &ErrorResponse) -> bool {
    response.recognised && mentions(response, &["api key", "apikey", "api-key", "api token"])
}

fn not_permitted(response: &ErrorResponse, says: &str, context: &CallContext) -> Diagnosis {
    if let Some(how) = interception(context) {
        return intercepted(says, context, 403, how);
    }
    if response.foreign_form {
        let cause =
            "it is unknown whether the platform checked the credential: a gateway or framework refuses in the same way";
        let summary = format!("{} does not permit this call (HTTP 403{says}).", context.host);
        let mut diagnosis = Diagnosis::new(Code::AUT_03, summary, cause);
        diagnosis.remedy =
            "Check host and path; ask the operator of the gateway in front of the platform whether it refused the call. If \
                            it did not, give the service user the role that this call needs, in Account Manager."
                .to_owned();
        return diagnosis;
    }
    let summary = format!("permission denied for the service user (HTTP 403{says}).");
    match (context.mode, context.facts.identity_sent) {
        (Mode::Certificate, None | Some(false)) => Diagnosis::new(
            Code::AUT_03,
            summary,
            "the service user lacks the role or permission, or the certificate did not arrive and the platform does not know \
             who is calling",
        ),
        _ => Diagnosis::of(Code::AUT_03, summary),
    }
}

fn one_factor(says: &str, context: &CallContext) -> Diagnosis {
    if let Some(how) = interception(context) {
        return intercepted(says, context, 403, how);
    }
    let missing = match context.mode {
        Mode::Key => "the certificate is missing",
        Mode::Certificate => "the API key is missing",
        Mode::Both => "the certificate was not presented, or belongs to another service user",
        Mode::Anonymous => "both are missing",
    };
    Diagnosis::new(
        Code::AUT_02,
        format!("this call requires key AND certificate (HTTP 403{says})."),
        format!("mode={}: {missing}", context.mode),
    )
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use http::StatusCode;

    use super::*;
    use crate::diagnosis::{BodyKind, diagnose_response};
    use crate::{Advice, ApiKey};

    fn error_response(status: u16, message: &str) -> ErrorResponse {
        let mut response = ErrorResponse::new(StatusCode::from_u16(status).expect("a status"));
        response.message = Some(message.to_owned());
        (response.body, response.recognised) = (BodyKind::Json, true);
        response
    }

    fn context(mode: Mode) -> CallContext {
        CallContext::new("one.test", mode, SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 30))
    }

    #[test]
    fn diagnosis_of_401_shows_key_shape_and_clock_skew_but_not_the_key() {
        let key = ApiKey::new("canary").expect("a key");
        let context = context(Mode::Key).with_key_shape(Some(key.shape()));
        let mut response = error_response(401, "Unauthorized");
        response.date = Some(context.now + Duration::from_secs(7_300));
        let diagnosis = diagnose_response(&response, &context);
        assert_eq!((diagnosis.code, diagnosis.advice), (Code::AUT_01, Advice::NewerCredential));
        let shown = diagnosis.to_string();
        assert!(shown.contains("6 characters, not the usual shape") && shown.contains("2 hours behind"), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn missing_certificate_without_identity_is_never_a_network_fault() {
        let mut context = context(Mode::Key);
        context.facts.identity_requested = Some(false);
        let response = error_response(400, "400 No required SSL certificate was sent");
        let diagnosis = diagnose_response(&response, &context);
        assert_eq!(diagnosis.code, Code::HS_01);
        assert!(diagnosis.to_string().contains("HTTP 400: 400 No required SSL certificate was sent"), "{diagnosis}");
    }

    #[test]
    fn missing_factor_403_differs_from_missing_role_403() {
        let code = |text: &str| diagnose_response(&error_response(403, text), &context(Mode::Key)).code;
        assert_eq!(code("The user is not multi-factor authenticated"), Code::AUT_02);
        assert_eq!(code("no permission"), Code::AUT_03);
    }

    #[test]
    fn diagnosis_of_401_starts_with_the_platforms_words() {
        let shown = |message: &str, mode| diagnose_response(&error_response(401, message), &context(mode)).to_string();
        let expired = shown("The service user has expired.", Mode::Key);
        assert!(expired.starts_with("AUT-01 one.test says \"The service user has expired\" (HTTP 401)"), "{expired}");
        assert!(expired.contains("extend") && !expired.contains("created on this host"), "{expired}");
        assert!(shown("The API key is disabled", Mode::Both).contains("enable or replace"));
        assert!(shown("The API key is not known", Mode::Key).contains("was it created on this host"));
    }

    #[test]
    fn refusal_without_error_document_claims_only_what_was_seen() {
        for mode in [Mode::Key, Mode::Certificate, Mode::Both] {
            for body in [BodyKind::Empty, BodyKind::Json] {
                let mut response = ErrorResponse::new(StatusCode::FORBIDDEN);
                response.body = body;
                let diagnosis = diagnose_response(&response, &context(mode));
                assert_eq!(diagnosis.code, Code::AUT_05, "{diagnosis}");
                response.status = StatusCode::UNAUTHORIZED;
                let shown = diagnose_response(&response, &context(mode)).to_string();
                assert!(shown.contains("it may come from a gateway"), "{shown}");
            }
        }
    }

    #[test]
    fn error_document_of_a_gateway_is_not_attributed_to_the_platform() {
        for status in [400, 401, 403, 404, 405, 413, 431, 499] {
            let mut response = error_response(status, "Forbidden");
            response.gateway = Some("AWS API Gateway".to_owned());
            let shown = diagnose_response(&response, &context(Mode::Key)).to_string();
            assert!(shown.starts_with("GW-01") && shown.contains("AWS API Gateway"), "{shown}");
            response = error_response(status, "Forbidden");
            response.foreign_form = true;
            let shown = diagnose_response(&response, &context(Mode::Key)).to_string();
            assert!(!shown.contains("authenticated the caller") && !shown.contains("understood who"), "{shown}");
        }
        let mut response = error_response(503, "upstream");
        response.gateway = Some("Kong".to_owned());
        assert_eq!(diagnose_response(&response, &context(Mode::Key)).code, Code::GW_02);
    }

    #[test]
    fn nginx_statuses_about_certificates_are_recognised() {
        for recognised in [true, false] {
            for (status, code) in [(496, Code::HS_01), (495, Code::HS_02)] {
                let mut response = error_response(status, "x");
                response.recognised = recognised;
                assert_eq!(diagnose_response(&response, &context(Mode::Certificate)).code, code);
            }
        }
    }

    #[test]
    fn pages_about_certificates_are_recognised() {
        let of = |mode, status, text: &str| {
            let mut response = error_response(status, text);
            (response.body, response.recognised) = (BodyKind::Page, false);
            diagnose_response(&response, &context(mode)).code
        };
        let code = |status, text: &str| of(Mode::Certificate, status, text);
        let apache = "Forbidden You don't have permission to access this resource.Reason: Cannot perform Post-Handshake Authentication.";
        assert_eq!(code(403, apache), Code::HS_05);
        assert_eq!(code(400, "400 No required SSL certificate was sent"), Code::HS_01);
        assert_eq!(code(400, "400 The SSL certificate error"), Code::HS_02);
        assert_eq!(code(403, "HTTP Error 403.7 - Forbidden"), Code::HS_01);
        assert_eq!(code(403, "403.16 - Forbidden: client certificate is ill-formed"), Code::HS_02);
        assert_eq!(code(403, "403 Forbidden"), Code::GW_01);
        // No certificate of ours can have been refused where none is configured.
        for (status, text) in
            [(400, "400 The SSL certificate error"), (403, "403.16 - Forbidden"), (495, "495 SSL Certificate Error")]
        {
            assert_eq!(of(Mode::Key, status, text), Code::GW_01, "{text}");
        }
    }
}
