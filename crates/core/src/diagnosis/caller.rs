//! Answers about who is calling: 400 of a load balancer, 401, 403. The same words have different causes, and the facts of the
//! connection tell them apart as far as they can be told.

use super::evidence::{clock_skew, identity_date_fault, interception, unseen, utc};
use super::{CallContext, Code, Diagnosis, PlatformAnswer};
use crate::{Advice, Mode};

/// What a call by certificate did not prove although it succeeded: the certificate did not arrive. Nothing where all that was
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
                _ => format!("the client certificate did not reach {host}: the response does not prove who called."),
            },
            how,
        ),
        None if facts.identity_requested == Some(true) && facts.identity_sent == Some(false) => not_sent(context),
        None => return None,
    };
    Some(diagnosis.fitted(context))
}

/// A diagnosis, if the answer is about the caller; `says` is what the platform said, ready to print.
pub(super) fn refused(answer: &PlatformAnswer, says: &str, context: &CallContext) -> Option<Diagnosis> {
    let diagnosis = match answer.status.as_u16() {
        401 => unknown(answer, says, context),
        403 if mentions(answer, &["multi-factor", "multi factor"]) => one_factor(says, context),
        // Without an error document nothing says that the platform knows the caller.
        403 if answer.recognised => not_permitted(answer, says, context),
        _ => return None,
    };
    Some(with_unseen(diagnosis, context))
}

/// Pages by which a server that ends TLS says what it thinks of the client certificate.
///
/// Sources: nginx (`ngx_http_special_response.c`), Apache (`ssl_engine_kernel.c`), IIS (its sub-statuses 403.7, .13, .16 and .17).
pub(super) fn page_about_certificates(answer: &PlatformAnswer, says: &str, context: &CallContext) -> Option<Diagnosis> {
    let status = answer.status.as_u16();
    let diagnosis = match status {
        400 if mentions(answer, &["no required ssl certificate was sent"]) => none_arrived(says, context, status),
        // The statuses that nginx has for the two, which it shows where it has a page of its own for them.
        496 => none_arrived(says, context, status),
        495 => not_accepted(answer, says, context),
        403 if mentions(answer, &["403.7 -", "requires a client certificate"]) => none_arrived(says, context, status),
        400 if mentions(answer, &["ssl certificate error"]) => not_accepted(answer, says, context),
        403 if mentions(answer, &["403.13 -", "403.16 -", "403.17 -"]) => not_accepted(answer, says, context),
        403 if mentions(answer, &["post-handshake authentication"]) => {
            return Some(Diagnosis::new(
                Code::HS_05,
                format!(
                    "{} asks for a client certificate for this path only, after the handshake (HTTP 403{says}).",
                    context.host
                ),
                "Apache asks for it by TLS 1.3 post-handshake authentication, which this connection did not offer; the service user \
                 and its role were not looked at",
            ));
        }
        _ => return None,
    };
    Some(with_unseen(diagnosis, context))
}

/// Whether what the body says holds one of these, which are in lower case.
fn mentions(answer: &PlatformAnswer, texts: &[&str]) -> bool {
    let said = answer.message.iter().chain(&answer.more).chain(&answer.responder.title);
    said.map(|text| text.to_ascii_lowercase()).any(|said| texts.iter().any(|text| said.contains(text)))
}

fn not_accepted(answer: &PlatformAnswer, says: &str, context: &CallContext) -> Diagnosis {
    let status = answer.status.as_u16();
    Diagnosis::new(
        Code::HS_02,
        format!("{} rejected OUR client certificate (HTTP {status}{says}).", context.host),
        identity_date_fault(context, answer.date)
            .unwrap_or_else(|| "the load balancer refused it after the handshake".to_owned()),
    )
}

fn with_unseen(diagnosis: Diagnosis, context: &CallContext) -> Diagnosis {
    match unseen(context) {
        Some(unseen) if diagnosis.code != Code::NET_03 => diagnosis.with_evidence(unseen),
        _ => diagnosis,
    }
}

/// The certificate that was configured is not the transport's to see at the other end.
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
        match (facts.asked(), facts.identity_sent) {
            (_, Some(true)) => {
                let how = "it was sent, and the answer says that none came: something on the way took it".to_owned();
                return intercepted(says, context, status, how);
            }
            (Some(true), Some(false)) => return not_sent(context),
            _ => {}
        }
    }
    none_sent(context)
}

/// The server wants a certificate and the call had none.
pub(super) fn none_sent(context: &CallContext) -> Diagnosis {
    Diagnosis::new(
        Code::HS_01,
        format!("{} asks for a client certificate and none was sent.", context.host),
        format!("mode={}", context.mode),
    )
}

/// The server asked, there was one to send, and the stack kept it back.
pub(super) fn not_sent(context: &CallContext) -> Diagnosis {
    let key = context.identity.as_ref().map(|identity| format!("its key is {}; ", identity.key_kind()));
    Diagnosis::new(
        Code::ID_14,
        format!("{} asked for the client certificate and the transport did not send it.", context.host),
        format!(
            "{}the server takes no signature that such a key can make, or the transport has a defect",
            key.unwrap_or_default()
        ),
    )
}

fn unknown(answer: &PlatformAnswer, says: &str, context: &CallContext) -> Diagnosis {
    let host = &context.host;
    let intercepts = interception(context);
    if let Some(how) = intercepts.clone().filter(|_| !(context.mode == Mode::Both && is_about_key(answer))) {
        let diagnosis = intercepted(says, context, 401, how);
        return match context.mode {
            // The key arrived, and a newer one may be what is missing.
            Mode::Both => diagnosis
                .with_evidence("the API key was sent too: it may itself be unknown, disabled or expired")
                .advising(Advice::NewerCredential),
            _ => diagnosis,
        };
    }
    let source = context.credential_source.as_deref().map(|source| format!(" from {source}")).unwrap_or_default();
    let dates = identity_date_fault(context, answer.date);
    let what = match context.mode {
        Mode::Anonymous => "the call".to_owned(),
        Mode::Key => format!("the API key{source}"),
        Mode::Certificate => format!("the client certificate{source}"),
        Mode::Both => format!("the API key or the client certificate{source}"),
    };
    // What the platform says itself is worth more than our guesses.
    let reason = answer.message.as_deref().filter(|_| answer.recognised);
    let refused = match reason {
        Some(reason) => {
            let code = answer.code.as_ref().map(|code| format!(" {code}")).unwrap_or_default();
            let more = answer.more.iter().map(|more| format!("; {more}")).collect::<String>();
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
                    Some(_) => "the reason is the one that the platform gives",
                    None => "the service user is probably disabled or past its end date, or lives on another host",
                }
            ),
        ),
        (mode, dates, _) => {
            let cause = dates.unwrap_or_else(|| match (reason, mode) {
                (Some(_), _) => format!("{what} was refused for the reason that the platform gives"),
                (None, Mode::Anonymous) => "the call carried no credential".to_owned(),
                (None, _) => {
                    let owner = if mode == Mode::Both { "their" } else { "its" };
                    format!("{what} is unknown, disabled or past its end date, or {owner} service user is")
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
    if answer.foreign_form {
        diagnosis = diagnosis.with_evidence(FOREIGN_FORM);
    }
    if !answer.recognised {
        diagnosis =
            diagnosis.with_evidence("the response has no error document of the API: a gateway may have given it");
    }
    if let Some(shape) = context.key_shape {
        let hint =
            if shape.is_usual { "is this the host where it was made?" } else { "was it cut, or is it another token?" };
        diagnosis = diagnosis.with_evidence(format!("API key: {shape}; {hint}"));
    }
    match clock_skew(context, answer.date) {
        Some(skew) => diagnosis.with_evidence(skew),
        None => diagnosis,
    }
}

/// What to do where the platform's own words name the reason.
fn remedy_for(reason: &str) -> Option<&'static str> {
    let reason = reason.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    if has(&["expired", "end date"]) {
        return Some(
            "Have an administrator extend or replace what the platform names; end dates count until 23:59:59 UTC.",
        );
    }
    if has(&["disabled", "deactivated", "inactive", "suspended", "locked", "revoked"]) {
        return Some("Ask an administrator to enable or replace what the platform names, in Account Manager.");
    }
    None
}

/// Whether what the body says is about the API key.
fn is_about_key(answer: &PlatformAnswer) -> bool {
    answer.recognised && mentions(answer, &["api key", "apikey", "api-key", "api token"])
}

/// Of an error document as frameworks and gateways write it, too.
const FOREIGN_FORM: &str =
    "the error document does not have the platform's own form: a gateway or framework may have written it";

fn not_permitted(answer: &PlatformAnswer, says: &str, context: &CallContext) -> Diagnosis {
    if let Some(how) = interception(context) {
        return intercepted(says, context, 403, how);
    }
    if answer.foreign_form {
        let cause = "whether the platform looked at the credential cannot be seen: a gateway or framework refuses like this too";
        let summary = format!("{} does not permit this call (HTTP 403{says}).", context.host);
        let mut diagnosis = Diagnosis::new(Code::AUT_03, summary, cause).with_evidence(FOREIGN_FORM);
        diagnosis.remedy =
            "Check host and path; ask the operator of the gateway before the platform whether it refused the call. If \
                            it did not, give the service user the role that this call needs, in Account Manager."
                .to_owned();
        return diagnosis;
    }
    let summary = format!("the service user may not do this (HTTP 403{says}).");
    match (context.mode, context.facts.identity_sent) {
        (Mode::Certificate, None | Some(false)) => Diagnosis::new(
            Code::AUT_03,
            summary,
            "either the service user lacks the role or permission, or the certificate did not arrive and the platform does not know \
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
        format!("this call needs key AND certificate (HTTP 403{says})."),
        format!("mode={}: {missing}", context.mode),
    )
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use http::StatusCode;

    use super::*;
    use crate::diagnosis::{BodyKind, diagnose_answer};
    use crate::{Advice, ApiKey};

    fn answered(status: u16, message: &str) -> PlatformAnswer {
        let mut answer = PlatformAnswer::new(StatusCode::from_u16(status).expect("a status"));
        answer.message = Some(message.to_owned());
        (answer.body, answer.recognised) = (BodyKind::Json, true);
        answer
    }

    fn context(mode: Mode) -> CallContext {
        CallContext::new("one.test", mode, SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 30))
    }

    #[test]
    fn a_401_shows_the_shape_of_the_key_and_the_skew_of_the_clock_and_no_character_of_the_key() {
        let key = ApiKey::new("canary").expect("a key");
        let context = context(Mode::Key).with_key_shape(Some(key.shape()));
        let mut answer = answered(401, "Unauthorized");
        answer.date = Some(context.now + Duration::from_secs(7_300));
        let diagnosis = diagnose_answer(&answer, &context);
        assert_eq!((diagnosis.code, diagnosis.advice), (Code::AUT_01, Advice::NewerCredential));
        let shown = diagnosis.to_string();
        assert!(shown.contains("6 characters, not the usual shape") && shown.contains("2 hours behind"), "{shown}");
        assert!(!shown.contains("canary"), "{shown}");
    }

    #[test]
    fn without_an_identity_a_missing_certificate_is_never_the_networks_fault() {
        let mut context = context(Mode::Key);
        context.facts.identity_requested = Some(false);
        let answer = answered(400, "400 No required SSL certificate was sent");
        assert_eq!(diagnose_answer(&answer, &context).code, Code::HS_01);
    }

    #[test]
    fn a_403_about_one_factor_is_not_one_about_a_role() {
        let code = |text: &str| diagnose_answer(&answered(403, text), &context(Mode::Key)).code;
        assert_eq!(code("The user is not multi-factor authenticated"), Code::AUT_02);
        assert_eq!(code("no permission"), Code::AUT_03);
    }

    #[test]
    fn a_401_leads_with_the_words_of_the_platform() {
        let shown = |message: &str, mode| diagnose_answer(&answered(401, message), &context(mode)).to_string();
        let expired = shown("The service user has expired.", Mode::Key);
        assert!(expired.starts_with("AUT-01 one.test says \"The service user has expired\" (HTTP 401)"), "{expired}");
        assert!(expired.contains("extend") && !expired.contains("is this the host"), "{expired}");
        assert!(shown("The API key is disabled", Mode::Both).contains("enable or replace"));
        assert!(shown("The API key is not known", Mode::Key).contains("is this the host where it was made"));
    }

    #[test]
    fn a_refusal_without_an_error_document_claims_no_more_than_was_seen() {
        for mode in [Mode::Key, Mode::Certificate, Mode::Both] {
            for body in [BodyKind::Empty, BodyKind::Json] {
                let mut answer = PlatformAnswer::new(StatusCode::FORBIDDEN);
                answer.body = body;
                let diagnosis = diagnose_answer(&answer, &context(mode));
                assert_eq!(diagnosis.code, Code::AUT_05, "{diagnosis}");
                answer.status = StatusCode::UNAUTHORIZED;
                let shown = diagnose_answer(&answer, &context(mode)).to_string();
                assert!(shown.contains("a gateway may have given it"), "{shown}");
            }
        }
    }

    #[test]
    fn error_document_of_a_gateway_is_not_the_platforms_verdict() {
        for status in [400, 401, 403, 404, 405, 413, 431, 499] {
            let mut answer = answered(status, "Forbidden");
            answer.responder.gateway = Some("AWS API Gateway".to_owned());
            let shown = diagnose_answer(&answer, &context(Mode::Key)).to_string();
            assert!(shown.starts_with("GW-01") && shown.contains("AWS API Gateway"), "{shown}");
            answer = answered(status, "Forbidden");
            answer.foreign_form = true;
            let shown = diagnose_answer(&answer, &context(Mode::Key)).to_string();
            assert!(!shown.contains("knows who is calling") && !shown.contains("understood who"), "{shown}");
        }
        let mut answer = answered(503, "upstream");
        answer.responder.gateway = Some("Kong".to_owned());
        assert_eq!(diagnose_answer(&answer, &context(Mode::Key)).code, Code::GW_02);
    }

    #[test]
    fn statuses_of_nginx_about_certificates_are_understood() {
        for recognised in [true, false] {
            for (status, code) in [(496, Code::HS_01), (495, Code::HS_02)] {
                let mut answer = answered(status, "x");
                answer.recognised = recognised;
                assert_eq!(diagnose_answer(&answer, &context(Mode::Key)).code, code);
            }
        }
    }

    #[test]
    fn pages_about_certificates_are_understood() {
        let code = |status, text: &str| {
            let mut answer = answered(status, text);
            (answer.body, answer.recognised) = (BodyKind::Page, false);
            diagnose_answer(&answer, &context(Mode::Key)).code
        };
        let apache = "Forbidden You don't have permission to access this resource.Reason: Cannot perform Post-Handshake Authentication.";
        assert_eq!(code(403, apache), Code::HS_05);
        assert_eq!(code(400, "400 No required SSL certificate was sent"), Code::HS_01);
        assert_eq!(code(400, "400 The SSL certificate error"), Code::HS_02);
        assert_eq!(code(403, "HTTP Error 403.7 - Forbidden"), Code::HS_01);
        assert_eq!(code(403, "403.16 - Forbidden: client certificate is ill-formed"), Code::HS_02);
        assert_eq!(code(403, "403 Forbidden"), Code::GW_01);
    }
}
