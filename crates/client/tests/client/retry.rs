//! Repeating: what is repeated, when, how often, and what is told of it. In virtual time, without a wire.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use digicert_one_client::{Client, Error, Retry};
use digicert_one_core::{Clock, Code, Delivery, ManualClock, TransportErrorKind};
use futures_executor::block_on;
use futures_util::future::{join, join_all};
use http::Response;

use crate::scripted::{Outcome, Scripted, Source, answer, builder, key};

const SECOND: Duration = Duration::from_secs(1);

fn clock() -> ManualClock {
    ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
}

fn client(scripted: &Scripted, clock: &ManualClock, retry: Retry) -> Client {
    builder(scripted).clock(Arc::new(clock.clone())).retry(retry).build().expect("complete")
}

fn throttled(retry_after: &str) -> Response<&'static str> {
    Response::builder().status(429).header("retry-after", retry_after).body("").expect("an answer")
}

#[test]
fn a_get_is_repeated_after_a_503_and_after_a_refused_connection() {
    for first in
        [Outcome::Answer(answer(503, None, "")), Outcome::Failure(TransportErrorKind::Refused, Delivery::NotSent)]
    {
        let (scripted, clock) = (Scripted::of([first]), clock());
        let client = client(&scripted, &clock, Retry::new());
        let (response, waits) = block_on(clock.run(client.get("/x").send()));
        assert_eq!(response.expect("the second attempt").attempts(), 2);
        assert_eq!(waits.len(), 1);
        assert!(waits[0] <= Duration::from_millis(500), "{waits:?}");
    }
}

#[test]
fn retry_after_is_waited_exactly_in_seconds_and_as_a_date_by_the_servers_clock() {
    let date = |retry_after: &str, date: &str| {
        let answer = Response::builder().status(429).header("retry-after", retry_after).header("date", date);
        answer.body("").expect("an answer")
    };
    let skewed = date("Sun, 06 Nov 1994 08:49:40 GMT", "Sun, 06 Nov 1994 08:49:37 GMT");
    let past = date("Sun, 06 Nov 1994 08:49:07 GMT", "Sun, 06 Nov 1994 08:49:37 GMT");
    for (answer, expected) in [(throttled("2"), 2), (skewed, 3), (past, 0)] {
        let (scripted, clock) = (Scripted::answering([answer]), clock());
        let start = clock.now();
        let client = client(&scripted, &clock, Retry::new());
        let (response, _) = block_on(clock.run(client.get("/x").send()));
        assert_eq!(response.expect("the second attempt").attempts(), 2);
        assert_eq!(clock.now().duration_since(start).expect("forward"), SECOND * expected);
    }
}

#[test]
fn a_wait_beyond_the_deadline_fails_at_once_and_says_how_long_it_is() {
    for wait in ["3600", "99999999999"] {
        let (scripted, clock) = (Scripted::answering([throttled(wait)]), clock());
        let start = clock.now();
        let client = client(&scripted, &clock, Retry::new());
        let (outcome, waits) = block_on(clock.run(client.get("/x").send()));
        let error = outcome.expect_err("too long");
        assert_eq!((error.code(), error.attempts(), waits.len()), (Code::AUT_04, 1, 0));
        assert_eq!(clock.now(), start);
        assert!(error.to_string().contains("deadline"), "{error}");
        assert!(error.diagnosis().to_string().contains("seconds"), "{}", error.diagnosis());
    }
}

#[test]
fn an_unreadable_retry_after_counts_as_none() {
    for odd in ["-1", "soon", "Thu, 01 Jan 1970 00:00:00 GMT"] {
        let (scripted, clock) = (Scripted::answering([throttled(odd)]), clock());
        let client = client(&scripted, &clock, Retry::new());
        let (response, waits) = block_on(clock.run(client.get("/x").send()));
        assert_eq!(response.expect("the second attempt").attempts(), 2, "{odd}");
        assert!(waits.iter().all(|wait| *wait <= Duration::from_millis(500)), "{odd}: {waits:?}");
    }
}

fn outcome_of(
    first: Outcome,
    call: impl FnOnce(&Client) -> digicert_one_client::RequestBuilder,
) -> (Scripted, Result<u32, Error>) {
    let (scripted, clock) = (Scripted::of([first]), clock());
    let client = client(&scripted, &clock, Retry::new());
    let (outcome, _) = block_on(clock.run(call(&client).send()));
    (scripted, outcome.map(|response| response.attempts()))
}

#[test]
fn a_post_is_repeated_only_if_it_was_not_processed_or_is_marked() {
    let late = || Outcome::Failure(TransportErrorKind::Timeout(digicert_one_core::Phase::Response), Delivery::Unknown);
    let (scripted, outcome) = outcome_of(late(), |client| client.post("/x"));
    let error = outcome.expect_err("it may have been processed");
    assert_eq!(scripted.requests().len(), 1);
    assert!(error.to_string().contains("idempotent"), "{error}");

    let refused = Outcome::Failure(TransportErrorKind::Refused, Delivery::NotSent);
    for (first, marked) in [(late(), true), (refused, false), (Outcome::Answer(throttled("1")), false)] {
        let call = |client: &Client| if marked { client.post("/x").idempotent() } else { client.post("/x") };
        assert_eq!(outcome_of(first, call).1.expect("repeated"), 2);
    }
    let (scripted, outcome) = outcome_of(Outcome::Answer(answer(503, None, "")), |client| client.post("/x"));
    assert_eq!((outcome.expect_err("unclear").code(), scripted.requests().len()), (Code::AUT_04, 1));
}

#[test]
fn what_a_repetition_cannot_help_is_one_attempt() {
    for status in [400, 401, 403, 404, 409, 422] {
        let (scripted, outcome) = outcome_of(Outcome::Answer(answer(status, None, "")), |client| client.get("/x"));
        let error = outcome.expect_err("an error answer");
        assert_eq!((error.attempts(), scripted.requests().len()), (1, 1), "{status}");
    }
    let alert = Outcome::Failure(TransportErrorKind::PeerAlert(digicert_one_core::TlsAlert(45)), Delivery::Unknown);
    let (scripted, outcome) = outcome_of(alert, |client| client.get("/x"));
    assert!(outcome.is_err());
    assert_eq!(scripted.requests().len(), 1);
}

#[test]
fn a_401_is_repeated_once_if_the_source_has_something_newer() {
    let refusal = || Outcome::Answer(answer(401, None, ""));
    for (first, keys, attempts, works) in
        [(vec![refusal()], 2, 2, true), (vec![refusal()], 1, 1, false), (vec![refusal(), refusal()], 3, 2, false)]
    {
        let (scripted, clock) = (Scripted::of(first), clock());
        let source = Source::of((0..keys).map(|_| key()));
        let client = builder(&scripted).clock(Arc::new(clock.clone())).credential(source).build().expect("complete");
        let (outcome, waits) = block_on(clock.run(client.post("/x").send()));
        assert_eq!((outcome.is_ok(), scripted.requests().len(), waits.len()), (works, attempts, 0));
    }
}

#[test]
fn attempts_and_waits_are_in_the_last_error() {
    let (scripted, clock) = (Scripted::of((0..9).map(|_| Outcome::Answer(answer(503, None, "")))), clock());
    let client = client(&scripted, &clock, Retry::new().attempts(3).backoff(SECOND, SECOND));
    let (outcome, waits) = block_on(clock.run(client.get("/x").send()));
    let error = outcome.expect_err("always 503");
    assert_eq!((error.attempts(), error.waits()), (3, &waits[..]));
    assert!(error.to_string().contains("tried 3 times"), "{error}");
    let (outcome, waits) = block_on(clock.run(client.get("/x").send_raw()));
    assert_eq!((outcome.expect("an answer").status().as_u16(), waits.len()), (503, 0));
}

#[test]
fn the_deadline_holds_over_attempts_and_waits_and_cuts_the_last_attempt() {
    let failures = (0..3).map(|_| Outcome::Answer(throttled("9"))).chain([Outcome::Silence]);
    let (scripted, clock) = (Scripted::of(failures), clock());
    let start = clock.now();
    let client = builder(&scripted)
        .clock(Arc::new(clock.clone()))
        .retry(Retry::new().attempts(100))
        .deadline(SECOND * 30)
        .build()
        .expect("complete");
    let passing = async {
        while scripted.requests().len() < 4 {
            futures_util::pending!();
        }
        clock.advance(clock.limited_for().await);
    };
    let call = clock.run(client.get("/x").send());
    let ((outcome, _), ()) = block_on(join(call, passing));
    let error = outcome.expect_err("cut");
    assert_eq!((error.code(), error.attempts()), (Code::NET_08, 4));
    assert_eq!(clock.now().duration_since(start).expect("forward"), SECOND * 30);
}

#[test]
fn the_budget_of_all_clones_bounds_the_attempts() {
    let (scripted, clock) = (Scripted::of((0..1000).map(|_| Outcome::Answer(answer(503, None, "")))), clock());
    let client = client(&scripted, &clock, Retry::new().budget(100));
    let calls = (0..100).map(|_| client.clone().get("/x").send());
    let (outcomes, waits) = block_on(clock.run(join_all(calls)));
    assert!(outcomes.iter().all(Result::is_err));
    // Each repetition takes 5 of the 100.
    assert_eq!(scripted.requests().len(), 100 + 20);
    assert!(waits.iter().all(|wait| *wait <= SECOND), "{waits:?}");
    assert!(outcomes.iter().any(|outcome| outcome.as_ref().expect_err("an error").to_string().contains("budget")));
}

#[test]
fn a_repeated_body_is_the_same_bytes() {
    let (scripted, clock) = (Scripted::answering([answer(503, None, ""), answer(503, None, "")]), clock());
    let client = client(&scripted, &clock, Retry::new());
    let (outcome, _) = block_on(clock.run(client.put("/x").body("text/plain", "the same").send()));
    assert_eq!(outcome.expect("the third attempt").attempts(), 3);
    let requests = scripted.0.requests.lock().expect("unpoisoned");
    assert!(requests.iter().all(|request| &request.body()[..] == b"the same"));
}
