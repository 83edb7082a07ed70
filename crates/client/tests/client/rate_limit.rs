//! The limiter of one process: ceiling, places, order, and what a 429 teaches. In virtual time.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use digicert_one_client::LocalRateLimiter;
use digicert_one_core::{Clock, Code, Fingerprint, ManualClock, Permit, PermitRequest, RateLimitError, RateLimiter};
use futures_executor::block_on;
use futures_util::future::{join, join_all};

use crate::scripted::{Scripted, ScriptedOutcome, builder, key, response};

const SECOND: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(3600);

fn clock() -> ManualClock {
    ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
}

fn caller() -> Fingerprint {
    key().caller()
}

fn rate(requests: u32, period: Duration) -> LocalRateLimiter {
    LocalRateLimiter::new().rate(NonZeroU32::new(requests).expect("not zero"), period)
}

/// The times, from the start, at which so many calls get their turn, in the order in which they asked.
fn turns(limiter: &LocalRateLimiter, clock: &ManualClock, calls: usize) -> Vec<Duration> {
    let (start, shared): (_, Arc<dyn Clock>) = (clock.now(), Arc::new(clock.clone()));
    let turns = (0..calls).map(|_| async {
        let _permit = RateLimiter::permit(limiter, &PermitRequest::new(caller(), &shared, LONG)).await.expect("a turn");
        shared.now().duration_since(start).expect("forward")
    });
    block_on(clock.run(join_all(turns))).0
}

#[test]
fn ceiling_lets_a_burst_through_and_then_one_after_another_in_order() {
    let clock = clock();
    let turns = turns(&rate(10, SECOND * 5), &clock, 14);
    assert!(turns[..10].iter().all(Duration::is_zero), "{turns:?}");
    let after: Vec<_> = turns[10..].iter().map(Duration::as_millis).collect();
    assert_eq!(after, [500, 1000, 1500, 2000], "first come, first served");
}

#[test]
fn place_is_given_back_when_the_permit_is_dropped() {
    let clock = clock();
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let limiter = LocalRateLimiter::new().concurrency(1);
    block_on(async {
        let turn = PermitRequest::new(caller(), &shared, SECOND);
        let first = RateLimiter::permit(&limiter, &turn).await.expect("free");
        let passing = async { clock.advance(clock.limited_for().await) };
        let late = join(RateLimiter::permit(&limiter, &turn), passing).await.0.expect_err("taken");
        assert!(matches!(late, RateLimitError::TooLate { .. }), "{late:?}");
        let (second, ()) = join(RateLimiter::permit(&limiter, &turn), async { drop(first) }).await;
        assert_eq!(limiter.in_flight(caller()), 1);
        drop(second.expect("given back"));
        assert_eq!((limiter.in_flight(caller()), limiter.waiting(caller())), (0, 0));
    });
}

#[test]
fn turn_after_the_deadline_is_an_error_at_once() {
    let clock = clock();
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let limiter = rate(1, SECOND * 60);
    assert_eq!(turns(&limiter, &clock, 1).len(), 1);
    let start = clock.now();
    let refused = block_on(RateLimiter::permit(&limiter, &PermitRequest::new(caller(), &shared, SECOND * 59)))
        .expect_err("in a minute");
    assert!(matches!(refused, RateLimitError::TooLate { wait } if wait == SECOND * 60), "{refused:?}");
    assert_eq!(clock.now(), start);
}

#[test]
fn status_429_holds_all_calls_and_halves_the_rate_for_a_while() {
    let clock = clock();
    let limiter = LocalRateLimiter::new();
    assert!(turns(&limiter, &clock, 40).iter().all(Duration::is_zero));
    for _ in 0..20 {
        block_on(RateLimiter::throttled(&limiter, caller(), Some(SECOND * 2), clock.now()));
    }
    assert!(limiter.held_until(caller(), clock.now()).is_some());
    assert_eq!(limiter.learnt_rate(caller()), Some(20.0), "20 responses of one burst count once");
    let turns = turns(&limiter, &clock, 3);
    let seen: Vec<_> = turns.iter().map(Duration::as_millis).collect();
    assert_eq!(seen, [2000, 2050, 2100]);

    let mut rates = Vec::new();
    while let Some(rate) = limiter.learnt_rate(caller()) {
        rates.push(rate);
        clock.advance(SECOND * 5);
        RateLimiter::accepted(&limiter, caller(), clock.now());
    }
    assert!(rates.windows(2).all(|pair| pair[0] < pair[1]) && rates.len() > 3, "{rates:?}");
}

#[test]
fn callers_do_not_see_each_other() {
    let clock = clock();
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let limiter = rate(1, SECOND * 60);
    assert_eq!(turns(&limiter, &clock, 1).len(), 1);
    let other = digicert_one_core::ApiKey::new("another-key").expect("a key").fingerprint();
    assert!(block_on(RateLimiter::permit(&limiter, &PermitRequest::new(other, &shared, SECOND))).is_ok());
}

#[test]
fn after_a_429_the_next_call_of_the_client_waits_too() {
    let clock = clock();
    let throttled = http::Response::builder().status(429).header("retry-after", "7").body("").expect("a response");
    let scripted =
        Scripted::of([ScriptedOutcome::Response(throttled), ScriptedOutcome::Response(response(200, None, "{}"))]);
    let client = builder(&scripted)
        .clock(Arc::new(clock.clone()))
        .retry(digicert_one_client::Retry::never())
        .build()
        .expect("complete");
    let start = clock.now();
    assert_eq!(block_on(client.get("/x").send()).expect_err("throttled").code(), Code::AUT_04);
    block_on(clock.run(client.get("/x").send())).0.expect("later");
    assert_eq!(clock.now().duration_since(start).expect("forward"), SECOND * 7);
}

#[test]
fn waits_of_a_call_count_those_for_its_turn() {
    let clock = clock();
    let scripted = Scripted::of((0..3).map(|_| ScriptedOutcome::Response(response(429, None, ""))));
    let retry = digicert_one_client::Retry::new().attempts(3);
    let client = builder(&scripted).clock(Arc::new(clock.clone())).retry(retry).build().expect("complete");
    let start = clock.now();
    let error = block_on(clock.run(client.get("/x").send())).0.expect_err("throttled");
    let passed = clock.now().duration_since(start).expect("forward");
    assert_eq!((error.attempts(), error.delays().len()), (3, 2), "{error}");
    assert!(passed >= SECOND * 2, "each attempt waits for its turn: {passed:?}");
    assert_eq!(error.delays().iter().sum::<Duration>(), passed, "{error}");
}

/// A limiter whose store is away.
#[derive(Debug)]
struct Away;

#[async_trait]
impl RateLimiter for Away {
    async fn permit(&self, _turn: &PermitRequest<'_>) -> Result<Permit, RateLimitError> {
        Err(RateLimitError::Unavailable("the store does not respond".into()))
    }

    async fn throttled(&self, _: Fingerprint, _: Option<Duration>, _: SystemTime) {}
}

#[test]
fn pace_that_cannot_be_asked_ends_the_call_unsent() {
    let (scripted, clock) = (Scripted::default(), clock());
    let client = builder(&scripted).clock(Arc::new(clock.clone())).rate_limiter(Away).build().expect("complete");
    let error = block_on(clock.run(client.post("/x").send())).0.expect_err("no permit");
    assert_eq!((error.code(), scripted.requests().len()), (Code::PACE_02, 0));
    assert!(error.to_string().contains("the store does not respond"), "{error}");
    assert_eq!(error.attempts(), 4, "nothing was sent, so asking again was safe");
}
