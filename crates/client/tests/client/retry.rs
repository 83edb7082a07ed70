//! Retries: which calls are retried, after which delays, and what the errors report. In virtual time, without a network.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use digicert_one_client::{Client, Error, Retry};
use digicert_one_core::{Clock, Code, Delivery, ManualClock, TransportErrorKind};
use futures_executor::block_on;
use futures_util::future::{join, join_all};
use http::Response;

use crate::scripted::{Scripted, ScriptedOutcome, Source, builder, key, response};

const SECOND: Duration = Duration::from_secs(1);

fn clock() -> ManualClock {
    ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
}

fn client(scripted: &Scripted, clock: &ManualClock, retry: Retry) -> Client {
    builder(scripted).clock(Arc::new(clock.clone())).retry(retry).build().expect("complete")
}

fn throttled(retry_after: &str) -> Response<&'static str> {
    Response::builder().status(429).header("retry-after", retry_after).body("").expect("a response")
}

#[test]
fn get_is_retried_after_a_503_and_after_a_refused_connection() {
    for first in [
        ScriptedOutcome::Response(response(503, None, "")),
        ScriptedOutcome::Failure(TransportErrorKind::Refused, Delivery::NotSent),
    ] {
        let (scripted, clock) = (Scripted::of([first]), clock());
        let client = client(&scripted, &clock, Retry::new());
        let (response, waits) = block_on(clock.run(client.get("/x").send()));
        assert_eq!(response.expect("the second attempt").attempts(), 2);
        assert_eq!(waits.len(), 1);
        assert!(waits[0] <= Duration::from_millis(500), "{waits:?}");
    }
}

#[test]
fn remedy_of_a_call_that_may_have_been_done_says_to_check_first() {
    let lost = || ScriptedOutcome::Failure(TransportErrorKind::Interrupted, Delivery::Unknown);
    let of = |status| ScriptedOutcome::Response(response(status, None, ""));
    for outcome in [lost(), of(408), of(500), of(503), of(504), of(524)] {
        let (scripted, clock) = (Scripted::of([outcome]), clock());
        let client = client(&scripted, &clock, Retry::new());
        let error = block_on(clock.run(client.post("/x").send())).0.expect_err("not retried");
        let remedy = &error.diagnosis().remedy;
        assert!(remedy.starts_with("Check whether the call was done before it is made again"), "{error}");
        assert!(!remedy.contains("etry the call if") && !remedy.contains("; retry the call"), "{remedy}");
    }
    // A GET does nothing, and a refused connection did nothing.
    let refused = || ScriptedOutcome::Failure(TransportErrorKind::Refused, Delivery::NotSent);
    let (scripted, clock) = (Scripted::of([refused(), lost(), lost()]), clock());
    let client = client(&scripted, &clock, Retry::new().attempts(1));
    for call in [client.post("/x"), client.get("/x"), client.post("/x").idempotent()] {
        let error = block_on(clock.run(call.send())).0.expect_err("one attempt");
        assert!(!error.diagnosis().remedy.contains("Check whether"), "{error}");
    }
}

#[test]
fn retry_after_is_a_floor_in_seconds_and_as_a_date_by_the_servers_clock() {
    let date = |retry_after: &str, date: &str| {
        let response = Response::builder().status(429).header("retry-after", retry_after).header("date", date);
        response.body("").expect("a response")
    };
    let skewed = date("Sun, 06 Nov 1994 08:49:40 GMT", "Sun, 06 Nov 1994 08:49:37 GMT");
    for (response, expected) in [(throttled("2"), 2), (skewed, 3)] {
        let (scripted, clock) = (Scripted::responding([response]), clock());
        let start = clock.now();
        let client = client(&scripted, &clock, Retry::new());
        let (response, _) = block_on(clock.run(client.get("/x").send()));
        assert_eq!(response.expect("the second attempt").attempts(), 2);
        assert_eq!(clock.now().duration_since(start).expect("forward"), SECOND * expected);
    }
}

#[test]
fn wait_beyond_the_deadline_fails_at_once_and_says_how_long_it_is() {
    for (wait, words) in [("3600", "60 minutes"), ("99999999999", "a day or longer")] {
        let (scripted, clock) = (Scripted::responding([throttled(wait)]), clock());
        let start = clock.now();
        let client = client(&scripted, &clock, Retry::new());
        let (outcome, waits) = block_on(clock.run(client.get("/x").send()));
        let error = outcome.expect_err("too long");
        assert_eq!((error.code(), error.attempts(), waits.len()), (Code::AUT_04, 1, 0));
        assert_eq!(clock.now(), start);
        assert!(error.to_string().contains("deadline"), "{error}");
        assert!(error.diagnosis().to_string().contains(words), "{}", error.diagnosis());
    }
}

#[test]
fn unreadable_retry_after_counts_as_none() {
    for odd in ["-1", "soon", "Thu, 01 Jan 1970 00:00:00 GMT"] {
        let (scripted, clock) = (Scripted::responding([throttled(odd)]), clock());
        let client = client(&scripted, &clock, Retry::new());
        let (response, waits) = block_on(clock.run(client.get("/x").send()));
        assert_eq!(response.expect("the second attempt").attempts(), 2, "{odd}");
        assert!(waits.iter().all(|wait| *wait <= Duration::from_millis(500)), "{odd}: {waits:?}");
    }
}

fn outcome_of(
    first: ScriptedOutcome,
    call: impl FnOnce(&Client) -> digicert_one_client::RequestBuilder,
) -> (Scripted, Result<u32, Error>) {
    let (scripted, clock) = (Scripted::of([first]), clock());
    let client = client(&scripted, &clock, Retry::new());
    let (outcome, _) = block_on(clock.run(call(&client).send()));
    (scripted, outcome.map(|response| response.attempts()))
}

#[test]
fn post_is_retried_only_if_it_was_not_processed_or_is_marked() {
    let late =
        || ScriptedOutcome::Failure(TransportErrorKind::Timeout(digicert_one_core::Phase::Response), Delivery::Unknown);
    let (scripted, outcome) = outcome_of(late(), |client| client.post("/x"));
    let error = outcome.expect_err("it may have been processed");
    assert_eq!(scripted.requests().len(), 1);
    assert!(error.to_string().contains("idempotent"), "{error}");

    let refused = ScriptedOutcome::Failure(TransportErrorKind::Refused, Delivery::NotSent);
    for (first, marked) in [(late(), true), (refused, false), (ScriptedOutcome::Response(throttled("1")), false)] {
        let call = |client: &Client| if marked { client.post("/x").idempotent() } else { client.post("/x") };
        assert_eq!(outcome_of(first, call).1.expect("repeated"), 2);
    }
    let (scripted, outcome) =
        outcome_of(ScriptedOutcome::Response(response(503, None, "")), |client| client.post("/x"));
    assert_eq!((outcome.expect_err("unclear").code(), scripted.requests().len()), (Code::AUT_04, 1));
}

#[test]
fn useless_retry_is_not_made() {
    for status in [400, 401, 403, 404, 409, 422] {
        let (scripted, outcome) =
            outcome_of(ScriptedOutcome::Response(response(status, None, "")), |client| client.get("/x"));
        let error = outcome.expect_err("an error response");
        assert_eq!((error.attempts(), scripted.requests().len()), (1, 1), "{status}");
    }
    let alert =
        ScriptedOutcome::Failure(TransportErrorKind::PeerAlert(digicert_one_core::TlsAlert(45)), Delivery::Unknown);
    let (scripted, outcome) = outcome_of(alert, |client| client.get("/x"));
    assert!(outcome.is_err());
    assert_eq!(scripted.requests().len(), 1);
}

#[test]
fn status_401_is_retried_once_if_the_source_has_something_newer() {
    let refusal = || ScriptedOutcome::Response(response(401, None, ""));
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
    let (scripted, clock) = (Scripted::of((0..9).map(|_| ScriptedOutcome::Response(response(503, None, "")))), clock());
    let client = client(&scripted, &clock, Retry::new().attempts(3).backoff(SECOND, SECOND));
    let (outcome, waits) = block_on(clock.run(client.get("/x").send()));
    let error = outcome.expect_err("always 503");
    assert_eq!((error.attempts(), error.delays()), (3, &waits[..]));
    assert!(error.to_string().contains("tried 3 times"), "{error}");
    let (outcome, waits) = block_on(clock.run(client.get("/x").send_raw()));
    assert_eq!((outcome.expect("a response").status().as_u16(), waits.len()), (503, 0));
}

#[test]
fn deadline_holds_over_attempts_and_waits_and_cuts_the_last_attempt() {
    let failures = (0..3).map(|_| ScriptedOutcome::Response(throttled("9"))).chain([ScriptedOutcome::Silence]);
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
fn budget_of_all_clones_bounds_the_attempts() {
    let (scripted, clock) =
        (Scripted::of((0..1000).map(|_| ScriptedOutcome::Response(response(503, None, "")))), clock());
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
fn repeated_body_is_the_same_bytes() {
    let (scripted, clock) = (Scripted::responding([response(503, None, ""), response(503, None, "")]), clock());
    let client = client(&scripted, &clock, Retry::new());
    let (outcome, _) = block_on(clock.run(client.put("/x").body("text/plain", "the same").send()));
    assert_eq!(outcome.expect("the third attempt").attempts(), 3);
    let requests = scripted.0.requests.lock().expect("unpoisoned");
    assert!(requests.iter().all(|request| &request.body()[..] == b"the same"));
}

#[test]
fn wait_of_zero_or_a_past_date_leaves_our_own_growing_wait() {
    let date = |retry_after: &'static str| {
        Response::builder()
            .status(503)
            .header("retry-after", retry_after)
            .header("date", "Sun, 06 Nov 1994 08:49:37 GMT")
    };
    for asked in ["0", "Sun, 06 Nov 1994 08:49:07 GMT", "Thu, 01 Jan 1970 00:00:00 GMT"] {
        let mut longest = [Duration::ZERO; 3];
        for _ in 0..40 {
            let responses = (0..9).map(|_| date(asked).body("").expect("a response"));
            let (scripted, clock) = (Scripted::responding(responses), clock());
            let retry = Retry::new().backoff(SECOND, SECOND * 60);
            let (outcome, waits) = block_on(clock.run(client(&scripted, &clock, retry).get("/x").send()));
            assert_eq!(outcome.expect_err("always 503").delays(), &waits[..]);
            for (longest, wait) in longest.iter_mut().zip(&waits) {
                *longest = (*longest).max(*wait);
            }
        }
        // The longest of forty random parts of spans of 1, 2 and 4 seconds.
        for (wait, span) in longest.into_iter().zip([1, 2, 4]) {
            assert!(wait > (SECOND * span).mul_f64(0.6) && wait <= SECOND * span, "{asked}: {longest:?}");
        }
    }
}

#[test]
fn longer_wait_of_our_own_is_kept_above_the_floor() {
    let (scripted, clock) = (Scripted::responding((0..3).map(|_| throttled("1"))), clock());
    let retry = Retry::new().backoff(SECOND * 1000, SECOND * 1000);
    let client = builder(&scripted).clock(Arc::new(clock.clone())).retry(retry).deadline(SECOND * 100_000);
    let (_, waits) = block_on(clock.run(client.build().expect("complete").get("/x").send()));
    assert!(waits.len() == 3 && waits.iter().all(|wait| *wait >= SECOND), "{waits:?}");
    assert!(waits.iter().any(|wait| *wait > SECOND * 2), "{waits:?}");
}

#[test]
fn status_about_the_connection_is_retried_on_another_one_where_safe() {
    for (status, post) in [(408, false), (421, true), (425, true)] {
        for body in ["", "<html><title>Request Time-out</title></html>"] {
            let first = || ScriptedOutcome::Response(response(status, None, body));
            let (scripted, outcome) = outcome_of(first(), |client| client.get("/x"));
            assert_eq!(outcome.expect("repeated"), 2, "{status}");
            assert_eq!(scripted.connects(), 2, "{status}: a transport of its own, so a new connection");
            let (scripted, outcome) = outcome_of(first(), |client| client.post("/x"));
            assert_eq!((outcome.is_ok(), scripted.requests().len()), (post, 1 + usize::from(post)), "{status}");
        }
    }
    // The next call goes over the pool of before.
    let (scripted, clock) = (Scripted::responding([response(421, None, "")]), clock());
    let client = client(&scripted, &clock, Retry::new());
    for _ in 0..3 {
        block_on(clock.run(client.get("/x").send())).0.expect("repeated");
    }
    assert_eq!(scripted.connects(), 2);
}

#[test]
fn lost_response_is_named_when_the_retry_finds_it_done() {
    type Build<'a> = &'a dyn Fn(&Client) -> digicert_one_client::RequestBuilder;
    let lost = || ScriptedOutcome::Failure(TransportErrorKind::Interrupted, Delivery::Unknown);
    let gone = || {
        ScriptedOutcome::Response(response(404, None, r#"{"errors":[{"code":"not_found","message":"no such token"}]}"#))
    };
    let taken =
        || ScriptedOutcome::Response(response(409, None, r#"{"errors":[{"code":"conflict","message":"exists"}]}"#));
    let both = |outcomes: Vec<ScriptedOutcome>, call: Build<'_>| {
        let (scripted, clock) = (Scripted::of(outcomes), clock());
        let client = client(&scripted, &clock, Retry::new());
        block_on(clock.run(call(&client).send())).0.expect_err("refused")
    };
    let cases: [(Vec<ScriptedOutcome>, Build<'_>, bool); 7] = [
        (vec![lost(), gone()], &|client| client.delete("/x/1"), true),
        (vec![ScriptedOutcome::Response(response(502, None, "")), gone()], &|client| client.delete("/x/1"), true),
        (vec![lost(), taken()], &|client| client.put("/x/1"), true),
        (vec![lost(), taken()], &|client| client.post("/x").idempotent(), true),
        (vec![gone()], &|client| client.delete("/x/1"), false),
        (vec![ScriptedOutcome::Response(throttled("1")), gone()], &|client| client.delete("/x/1"), false),
        (vec![lost(), gone()], &|client| client.get("/x/1"), false),
    ];
    for (outcomes, call, perhaps) in cases {
        let case = format!("{outcomes:?}");
        let error = both(outcomes, call);
        assert_eq!(error.may_have_succeeded(), perhaps, "{case} {error}");
        assert_eq!(error.to_string().contains("an earlier attempt may have done it"), perhaps, "{error}");
        assert_eq!(error.diagnosis().cause.contains("attempt 1"), perhaps, "{}", error.diagnosis());
    }
}

#[test]
fn final_error_reports_what_each_attempt_saw() {
    let unavailable = || ScriptedOutcome::Response(response(503, None, ""));
    let refused = ScriptedOutcome::Failure(TransportErrorKind::Refused, Delivery::NotSent);
    let (scripted, clock) = (Scripted::of([unavailable(), unavailable(), refused, unavailable()]), clock());
    let client = client(&scripted, &clock, Retry::new());
    let error = block_on(clock.run(client.get("/x").send())).0.expect_err("always fails");
    let earlier: Vec<_> = error.earlier_attempts().iter().map(|one| (one.number, one.code)).collect();
    assert_eq!(earlier, [(1, Code::AUT_04), (2, Code::AUT_04), (3, Code::NET_06)]);
    for shown in [error.to_string(), error.diagnosis().to_string()] {
        for line in
            ["tried 4 times", "attempts 1 to 2: HTTP 503 (AUT-04)", "attempt 3: the connection was refused (NET-06)"]
        {
            assert!(shown.contains(line), "{line}: {shown}");
        }
    }
}

#[test]
fn call_cut_by_its_deadline_reports_the_attempts_before() {
    let (scripted, clock) =
        (Scripted::of([ScriptedOutcome::Response(throttled("2")), ScriptedOutcome::Silence]), clock());
    let client = builder(&scripted).clock(Arc::new(clock.clone())).deadline(SECOND * 3).build().expect("complete");
    let start = clock.now();
    let passing = async {
        while scripted.requests().len() < 2 {
            futures_util::pending!();
        }
        clock.advance(clock.limited_for().await);
    };
    let ((outcome, _), ()) = block_on(join(clock.run(client.get("/x").send()), passing));
    let error = outcome.expect_err("cut");
    assert_eq!((error.code(), clock.now().duration_since(start).expect("forward")), (Code::NET_08, SECOND * 3));
    let shown = error.diagnosis().to_string();
    assert!(shown.contains("attempt 1: HTTP 429") && !shown.contains("connection stands"), "{shown}");
}

#[test]
fn interrupted_retry_after_a_response_is_not_about_the_certificate() {
    for (first, code) in [(Some(503), Code::NET_07), (None, Code::HS_03)] {
        let ended = || ScriptedOutcome::Failure(TransportErrorKind::Tls, digicert_one_core::Delivery::NotSent);
        let outcomes = first
            .map(|status| ScriptedOutcome::Response(response(status, None, "")))
            .into_iter()
            .chain((0..4).map(|_| ended()));
        let (scripted, clock) = (Scripted::of(outcomes), ManualClock::new(SystemTime::now()));
        let material = digicert_one_core::Material::certificate(crate::scripted::identity("evidence"));
        let client = builder(&scripted)
            .clock(Arc::new(clock.clone()))
            .credential(digicert_one_core::FixedCredential::new(material, "the test"))
            .build()
            .expect("complete");
        let error = block_on(clock.run(client.get("/x").send())).0.expect_err("ended");
        assert_eq!(error.code(), code, "{error}");
    }
}

#[test]
fn retry_does_not_forget_that_no_certificate_was_asked_for() {
    let facts = |asked: Option<bool>, resumed: bool| {
        let mut facts = digicert_one_core::ConnectionFacts::unknown();
        (facts.identity_requested, facts.tls_resumed, facts.reused) = (asked, Some(resumed), Some(false));
        facts
    };
    let ended = |asked, resumed| ScriptedOutcome::FailureOn(TransportErrorKind::Interrupted, facts(asked, resumed));
    for (outcomes, code, attempts) in [
        // The retries resumed the session of the first attempt, which asked for nothing.
        (vec![ended(Some(false), false), ended(None, true), ended(None, true), ended(None, true)], Code::NET_07, 4),
        // Without such a first attempt a refused certificate cannot be ruled out.
        (vec![ended(None, true)], Code::HS_03, 1),
        (vec![ended(None, false)], Code::HS_03, 1),
        // A resumed session that says so has no room for the question.
        (vec![ended(Some(false), true)], Code::HS_03, 1),
        // It did ask: the certificate stays a suspect.
        (vec![ended(Some(true), false)], Code::HS_03, 1),
    ] {
        // The certificate is made now, and is to be inside its dates.
        let (scripted, clock) = (Scripted::of(outcomes), ManualClock::new(SystemTime::now()));
        let material = digicert_one_core::Material::certificate(crate::scripted::identity("evidence"));
        let client = builder(&scripted)
            .clock(Arc::new(clock.clone()))
            .credential(digicert_one_core::FixedCredential::new(material, "the test"))
            .build()
            .expect("complete");
        let error = block_on(clock.run(client.get("/x").send())).0.expect_err("ended");
        assert_eq!((error.code(), error.attempts()), (code, attempts), "{error}");
        let shown = error.diagnosis().to_string();
        assert_eq!(shown.contains("asked for=no, sent=no"), code == Code::NET_07, "{shown}");
    }
}

#[test]
fn observer_of_retries_hears_of_each_before_its_wait() {
    let heard = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (scripted, clock) = (Scripted::responding([throttled("20"), throttled("20")]), clock());
    let client = builder(&scripted).clock(Arc::new(clock.clone())).on_retry({
        let heard = Arc::clone(&heard);
        move |notice| {
            heard.lock().expect("unpoisoned").push(notice.to_string());
            panic!("the observer's own fault");
        }
    });
    let client = client.build().expect("complete");
    block_on(clock.run(client.get("/x?canary").send())).0.expect("the third attempt");
    block_on(client.shut_down(SECOND));
    let heard = heard.lock().expect("unpoisoned");
    let lines = ["HTTP 429, retrying in 20 s (attempt 2 of 4)", "HTTP 429, retrying in 20 s (attempt 3 of 4)"];
    assert_eq!(*heard, lines);
}
