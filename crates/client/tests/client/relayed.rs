//! Calls that are relayed: retried as others, and their last error response is a response with a diagnosis.

use digicert_one_client::{ErrorKind, Retry};
use digicert_one_core::{ApiKey, Code, Delivery, FixedCredential, Material, TransportErrorKind};
use futures_executor::block_on;
use http::Response;

use crate::scripted::{Scripted, ScriptedOutcome, Source, builder, client, key, response};

#[test]
fn last_error_response_is_a_response_with_its_diagnosis() {
    let throttled = || Response::builder().status(503).header("x-of", "the platform").body("{\"a\":1}").expect("one");
    let scripted = Scripted::responding([throttled(), throttled()]);
    let client = builder(&scripted).retry(Retry::new().attempts(2)).build().expect("complete");
    let response = block_on(client.get("/x").send_relayed()).expect("a response");
    assert_eq!((response.status().as_u16(), response.attempts()), (503, 2));
    assert_eq!(response.headers()["x-of"], "the platform");
    let diagnosis = response.diagnosis().expect("why").clone();
    assert_eq!(diagnosis.code, Code::AUT_04);
    assert!(diagnosis.evidence.iter().any(|line| line.contains("tried 2 times")), "{diagnosis}");
    assert_eq!(client.in_flight(), 1);
    assert_eq!(block_on(response.bytes()).expect("whole"), "{\"a\":1}");
    assert_eq!(client.in_flight(), 0);
}

#[test]
fn newer_credential_and_success_are_used_as_by_other_calls() {
    let scripted = Scripted::responding([response(401, None, "{}"), response(200, None, "[1]")]);
    let client = builder(&scripted).credential(Source::of([key(), key()])).build().expect("complete");
    let response = block_on(client.post("/x").send_relayed()).expect("a response");
    assert_eq!((response.status().as_u16(), response.attempts(), response.diagnosis()), (200, 2, None));
    assert_eq!(block_on(response.bytes()).expect("whole"), "[1]");
}

#[test]
fn secret_that_an_error_response_quotes_is_redacted() {
    let long = Material::api_key(ApiKey::new("long-canary-key").expect("a key"));
    let quoting = Response::builder().status(400).header("content-length", "24").header("x-quoted", "long-canary-key");
    let scripted = Scripted::responding([quoting.body("long-canary-key is wrong").expect("one")]);
    let client = builder(&scripted).credential(FixedCredential::new(long, "the test")).build().expect("complete");
    let response = block_on(client.get("/x").send_relayed()).expect("a response");
    assert_eq!(response.headers()["x-quoted"], "(redacted)");
    assert!(!response.headers().contains_key("content-length"), "the length has changed");
    assert_eq!(block_on(response.bytes()).expect("whole"), "(redacted) is wrong");
}

#[test]
fn call_without_a_response_to_relay_is_an_error() {
    let failure = ScriptedOutcome::Failure(TransportErrorKind::Protocol, Delivery::Sent);
    let error = block_on(client(&Scripted::of([failure])).get("/x").send_relayed()).expect_err("no response");
    assert_eq!(error.kind(), ErrorKind::Transport);

    // The error response of an earlier attempt is not that of the last one.
    let failure = ScriptedOutcome::Failure(TransportErrorKind::Protocol, Delivery::Sent);
    let scripted = Scripted::of([ScriptedOutcome::Response(response(503, None, "")), failure]);
    let error = block_on(client(&scripted).get("/x").send_relayed()).expect_err("no response");
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Transport, 2));

    let large: &'static str = "x".repeat((1 << 20) + 1).leak();
    let scripted = Scripted::responding([response(400, None, large)]);
    let error = block_on(client(&scripted).get("/x").send_relayed()).expect_err("too large to hold");
    assert_eq!((error.kind(), error.status().map(|status| status.as_u16())), (ErrorKind::Platform, Some(400)));
}
