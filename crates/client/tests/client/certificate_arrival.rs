//! What a call by certificate says where the certificate did not arrive, or the transport does not show whether it did.

use std::time::SystemTime;

use digicert_one_core::diagnosis::{BodyKind, ErrorResponse, diagnose_response, diagnose_success};
use digicert_one_core::{Advice, CallContext, Code, Mode};
use http::StatusCode;

use crate::scripted::identity;

/// An error document of the platform.
fn refusal(status: u16, message: &str) -> ErrorResponse {
    let mut response = ErrorResponse::new(StatusCode::from_u16(status).expect("a status"));
    response.message = Some(message.to_owned());
    (response.body, response.recognised) = (BodyKind::Json, true);
    response
}

/// A call with a certificate, over a connection that shows this of it.
fn with_certificate(mode: Mode, requested: Option<bool>, sent: Option<bool>) -> CallContext {
    let context = CallContext::new("one.test", mode, SystemTime::now());
    let mut context = context.with_identity(Some(identity("evidence")));
    (context.facts.identity_requested, context.facts.identity_sent) = (requested, sent);
    context
}

#[test]
fn refusal_of_a_certificate_that_did_not_arrive_is_net_03() {
    for mode in [Mode::Certificate, Mode::Both] {
        for status in [401, 403] {
            let response = refusal(status, "not permitted");
            let diagnosis = diagnose_response(&response, &with_certificate(mode, Some(false), Some(false)));
            assert_eq!(diagnosis.code, Code::NET_03, "{diagnosis}");
            let newer = diagnosis.advice == Advice::NewerCredential;
            assert_eq!(newer, mode == Mode::Both && status == 401, "{diagnosis}");
            let unseen = diagnose_response(&response, &with_certificate(mode, None, None)).to_string();
            assert!(unseen.contains("(NET-03)"), "{unseen}");
            assert!(mode == Mode::Both || !unseen.contains("authenticated the caller,"), "{unseen}");
        }
    }
    let key = refusal(401, "The API key has expired");
    assert_eq!(diagnose_response(&key, &with_certificate(Mode::Both, Some(false), None)).code, Code::AUT_01);
}

#[test]
fn success_without_the_certificate_is_worth_a_warning() {
    for mode in [Mode::Certificate, Mode::Both] {
        let code = |requested, sent| {
            diagnose_success(&with_certificate(mode, requested, sent)).map(|diagnosis| diagnosis.code)
        };
        assert_eq!(code(Some(false), Some(false)), Some(Code::NET_03));
        assert_eq!(code(Some(true), Some(false)), Some(Code::ID_14));
        assert_eq!((code(Some(true), Some(true)), code(None, None)), (None, None));
    }
    assert!(diagnose_success(&CallContext::new("one.test", Mode::Key, SystemTime::now())).is_none());
}
