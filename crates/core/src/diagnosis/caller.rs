//! Answers about who is calling: 400 of a load balancer, 401, 403. The same words have different causes, and the facts of the
//! connection tell them apart as far as they can be told.

use super::evidence::{clock_skew, identity_date_fault, interception, unseen, utc};
use super::{CallContext, Code, Diagnosis, PlatformAnswer};
use crate::Mode;

/// A diagnosis, if the answer is about the caller; `says` is what the platform said, ready to print.
pub(super) fn refused(answer: &PlatformAnswer, says: &str, context: &CallContext) -> Option<Diagnosis> {
    let lower = answer.message.as_deref().unwrap_or_default().to_ascii_lowercase();
    let diagnosis = match answer.status.as_u16() {
        // The texts of nginx, which stands before many installations (ngx_http_special_response.c).
        400 if lower.contains("no required ssl certificate was sent") => none_arrived(says, context),
        400 if lower.contains("ssl certificate error") => Diagnosis::new(
            Code::HS_02,
            format!("{} rejected OUR client certificate (HTTP 400{says}).", context.host),
            identity_date_fault(context, answer.date)
                .unwrap_or_else(|| "the load balancer refused it after the handshake".to_owned()),
        ),
        401 => unknown(answer, says, context),
        403 if lower.contains("multi-factor") || lower.contains("multi factor") => one_factor(says, context),
        403 => {
            let summary = format!("the service user may not do this (HTTP 403{says}).");
            return Some(Diagnosis::of(Code::AUT_03, summary));
        }
        _ => return None,
    };
    Some(match unseen(context) {
        Some(unseen) if diagnosis.code != Code::NET_03 => diagnosis.with_evidence(unseen),
        _ => diagnosis,
    })
}

/// The certificate that was configured is not the transport's to see at the other end.
fn intercepted(says: &str, context: &CallContext, status: u16, how: String) -> Diagnosis {
    let summary = format!("the client certificate did not reach {} (HTTP {status}{says}).", context.host);
    Diagnosis::new(Code::NET_03, summary, how)
}

fn none_arrived(says: &str, context: &CallContext) -> Diagnosis {
    let facts = &context.facts;
    if context.identity.is_some() {
        if let Some(how) = interception(context) {
            return intercepted(says, context, 400, how);
        }
        match (facts.identity_requested, facts.identity_sent) {
            (_, Some(true)) => {
                let how = "it was sent, and the answer says that none came: something on the way took it".to_owned();
                return intercepted(says, context, 400, how);
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
    if let Some(how) = interception(context).filter(|_| context.mode == Mode::Certificate) {
        return intercepted(says, context, 401, how);
    }
    let source = context.credential_source.as_deref().map(|source| format!(" from {source}")).unwrap_or_default();
    let dates = identity_date_fault(context, answer.date);
    let mut diagnosis = match (context.mode, dates, &context.identity) {
        (Mode::Certificate, None, Some(identity)) => Diagnosis::new(
            Code::AUT_06,
            format!("{host} does not accept this client certificate, which is inside its dates (HTTP 401{says})."),
            format!(
                "\"{}\"{source} is valid until {}: the service user is probably disabled or past its end date, or lives on \
                 another host",
                identity.subject(),
                utc(identity.not_after())
            ),
        ),
        (mode, dates, _) => {
            let cause = dates.unwrap_or_else(|| match mode {
                Mode::Anonymous => "the call carried no credential".to_owned(),
                Mode::Key => format!("the API key{source} is unknown, disabled or past its end date, or its service user is"),
                Mode::Certificate => format!("the client certificate{source} is unknown, disabled or past its end date, or its service user is"),
                Mode::Both => format!("the API key or the certificate{source} is unknown, disabled or past its end date, or their service user is"),
            });
            Diagnosis::new(Code::AUT_01, format!("{host} does not accept this credential (HTTP 401{says})."), cause)
        }
    };
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
    use crate::diagnosis::diagnose_answer;
    use crate::{Advice, ApiKey};

    fn answered(status: u16, message: &str) -> PlatformAnswer {
        let mut answer = PlatformAnswer::new(StatusCode::from_u16(status).expect("a status"));
        answer.message = Some(message.to_owned());
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
}
