//! One limit for several limiters, as in several processes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime};

use digicert_one_core::{Code, RateLimitError, RateLimiter as _};
use digicert_one_redis::{Limits, RedisRateLimiter};
use tokio::task::JoinSet;

use crate::fixtures::{SkewedClock, caller, in_three_tries, limiter, most_in, number, permit, permit_at};
use crate::server::Server;

const SECOND: Duration = Duration::from_secs(1);

/// `clients` tasks on each limiter take permits until the time is over. Returns when, for each limiter.
async fn busy(limiters: &[RedisRateLimiter], clients: usize, time: Duration) -> Vec<Vec<SystemTime>> {
    let end = Instant::now() + time;
    let mut tasks = JoinSet::new();
    for (index, limiter) in limiters.iter().enumerate() {
        for _ in 0..clients {
            let limiter = limiter.clone();
            tasks.spawn(async move {
                let mut times = Vec::new();
                while Instant::now() < end {
                    match permit(&limiter, end.saturating_duration_since(Instant::now())).await {
                        Ok(_permit) => times.push(SystemTime::now()),
                        Err(RateLimitError::TooLate { .. }) => break,
                        Err(error) => panic!("{error:?}"),
                    }
                }
                (index, times)
            });
        }
    }
    let mut all = vec![Vec::new(); limiters.len()];
    while let Some(done) = tasks.join_next().await {
        let (index, times) = done.expect("no panic");
        all[index].extend(times);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn limiters_keep_one_window_and_share_it_evenly() {
    in_three_tries(async || {
        let Some(server) = Server::start(&[]) else { return Ok(()) };
        let limits = Limits::new().window(number(100), SECOND);
        let limiters: Vec<_> = (0..4).map(|_| limiter(&server.url(), limits.clone())).collect();
        let all = busy(&limiters, 3, SECOND * 4).await;
        let mut times = all.concat();
        // The task that notes the time may be late by some milliseconds, which moves requests closer together.
        let most = most_in(&mut times, SECOND - Duration::from_millis(50));
        assert!(most <= 100, "{most} in a second");
        let mean = times.len() as f64 / 4.0;
        let even = all.iter().all(|one| (one.len() as f64 - mean).abs() <= mean * 0.2);
        let counts: Vec<_> = all.iter().map(Vec::len).collect();
        (times.len() >= 330 && even).then_some(()).ok_or_else(|| format!("in 4 s {counts:?}"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shorter_and_longer_window_both_hold() {
    in_three_tries(async || {
        let Some(server) = Server::start(&[]) else { return Ok(()) };
        let limits = Limits::new().window(number(20), SECOND / 2).window(number(30), SECOND * 3);
        let limiters = [limiter(&server.url(), limits.clone()), limiter(&server.url(), limits)];
        let mut times = busy(&limiters, 4, Duration::from_millis(2900)).await.concat();
        assert!(most_in(&mut times, SECOND * 3) <= 30 && most_in(&mut times, SECOND / 2) <= 20, "{times:?}");
        (times.len() > 10).then_some(()).ok_or_else(|| format!("the limiter lets calls pass: {}", times.len()))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_machine_is_not_starved_by_a_busy_one() {
    in_three_tries(async || {
        let Some(server) = Server::start(&[]) else { return Ok(()) };
        let limits = Limits::new().window(number(40), SECOND);
        let busy_one = limiter(&server.url(), limits.clone());
        let slow = limiter(&server.url(), limits);
        let busy_one = tokio::spawn(async move { busy(&[busy_one], 64, SECOND * 4).await[0].len() });
        tokio::time::sleep(SECOND / 2).await;
        let mut longest = Duration::ZERO;
        for _ in 0..8 {
            let start = Instant::now();
            permit(&slow, SECOND * 30).await.expect("a permit");
            longest = longest.max(start.elapsed());
            tokio::time::sleep(SECOND / 10).await;
        }
        let others = busy_one.await.expect("no panic");
        // 64 calls of the busy machine are queued, which is more than a second and a half of permits.
        let fair = longest < Duration::from_millis(900) && others > 60;
        fair.then_some(()).ok_or_else(|| format!("waited {longest:?} beside {others}"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn turn_after_the_deadline_is_an_error_at_once() {
    let Some(server) = Server::start(&[]) else { return };
    let limiter = limiter(&server.url(), Limits::new().window(number(1), SECOND * 60));
    permit(&limiter, SECOND).await.expect("the first of the minute");
    let start = Instant::now();
    let error = permit(&limiter, SECOND * 5).await.expect_err("the second has to wait for a minute");
    assert!(matches!(error, RateLimitError::TooLate { wait } if wait > SECOND * 50), "{error:?}");
    assert!(start.elapsed() < SECOND * 2, "{:?}", start.elapsed());
    // It reserved nothing: for another process, that permit is still the next one.
    let other = self::limiter(&server.url(), Limits::new().window(number(1), SECOND * 60));
    let error = permit(&other, SECOND * 5).await.expect_err("the same turn");
    assert!(matches!(error, RateLimitError::TooLate { wait } if wait < SECOND * 62), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn retry_after_stops_every_limiter() {
    let Some(server) = Server::start(&[]) else { return };
    let limiters = [limiter(&server.url(), Limits::new()), limiter(&server.url(), Limits::new())];
    for limiter in &limiters {
        permit(limiter, SECOND).await.expect("a permit");
    }
    // What the other one has in stock is usable for 100 ms at most.
    limiters[0].throttled(caller(), Some(SECOND), SystemTime::now()).await;
    let start = Instant::now();
    tokio::time::sleep(Duration::from_millis(150)).await;
    permit(&limiters[1], SECOND * 5).await.expect("a permit after the pause");
    assert!(start.elapsed() >= Duration::from_millis(950), "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn turn_reserved_before_a_429_is_void_after_it() {
    let Some(server) = Server::start(&[]) else { return };
    let limits = Limits::new().window(number(1), SECOND).adaptive(false);
    let limiters = [limiter(&server.url(), limits.clone()), limiter(&server.url(), limits)];
    permit(&limiters[0], SECOND).await.expect("the first");
    let start = Instant::now();
    let waiting = tokio::spawn({
        let limiter = limiters[1].clone();
        async move { permit(&limiter, SECOND * 9).await.map(drop) }
    });
    tokio::time::sleep(SECOND / 4).await;
    limiters[0].throttled(caller(), Some(SECOND * 2), SystemTime::now()).await;
    waiting.await.expect("no panic").expect("a permit");
    assert!(start.elapsed() >= SECOND * 2, "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn rate_learnt_by_one_limiter_holds_for_the_others() {
    let Some(server) = Server::start(&[]) else { return };
    let limiters = [limiter(&server.url(), Limits::new()), limiter(&server.url(), Limits::new())];
    for _ in 0..20 {
        permit(&limiters[0], SECOND).await.expect("not limited yet");
    }
    limiters[0].throttled(caller(), None, SystemTime::now()).await;
    let start = Instant::now();
    for _ in 0..6 {
        permit(&limiters[1], SECOND * 5).await.expect("a permit");
    }
    // At most half of the measured rate.
    assert!(start.elapsed() >= SECOND / 4, "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_flight_are_counted_over_all_limiters() {
    let Some(server) = Server::start(&[]) else { return };
    let limits = Limits::new().concurrency(4);
    let in_flight = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..3 {
        let limiter = limiter(&server.url(), limits.clone());
        for _ in 0..4 {
            let (limiter, in_flight) = (limiter.clone(), Arc::clone(&in_flight));
            tasks.spawn(async move {
                let mut most = 0;
                for _ in 0..5 {
                    let permit = permit(&limiter, SECOND * 30).await.expect("a permit");
                    most = most.max(in_flight.fetch_add(1, Ordering::SeqCst) + 1);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    in_flight.fetch_sub(1, Ordering::SeqCst);
                    drop(permit);
                }
                most
            });
        }
    }
    let most = tasks.join_all().await.into_iter().max();
    assert!(most.is_some_and(|most| (2..=4).contains(&most)), "{most:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_in_flight_of_a_dead_process_expire() {
    let Some(server) = Server::start(&[]) else { return };
    let limits = Limits::new().concurrency(2).lease(SECOND);
    let dead = limiter(&server.url(), limits.clone());
    for _ in 0..2 {
        // As if killed: never released.
        std::mem::forget(permit(&dead, SECOND * 5).await.expect("a permit"));
    }
    let start = Instant::now();
    let other = limiter(&server.url(), limits);
    permit(&other, SECOND * 10).await.expect("a permit after the lease");
    assert!(start.elapsed() >= SECOND / 2 && start.elapsed() < SECOND * 4, "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn busy_process_asks_redis_once_for_many_calls() {
    let Some(server) = Server::start(&[]) else { return };
    let mut commands = Vec::new();
    for batches in [true, false] {
        let limiter = limiter(&server.url(), Limits::new().batches(batches));
        let mut tasks = JoinSet::new();
        for _ in 0..8 {
            let limiter = limiter.clone();
            tasks.spawn(async move {
                for _ in 0..50 {
                    drop(permit(&limiter, SECOND * 30).await.expect("a permit"));
                }
            });
        }
        tasks.join_all().await;
        commands.push(limiter.commands());
    }
    assert!(commands[0] * 5 < commands[1] && commands[1] >= 400, "{commands:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_of_the_machines_do_not_matter() {
    let Some(server) = Server::start(&[]) else { return };
    let limits = Limits::new().window(number(2), SECOND);
    let limiters = [limiter(&server.url(), limits.clone()), limiter(&server.url(), limits)];
    let mut times = Vec::new();
    for turn in 0..6 {
        let clock: Arc<dyn digicert_one_core::Clock> = Arc::new(SkewedClock([-3600, 3600][turn % 2]));
        permit_at(&limiters[turn % 2], SECOND * 60, &clock).await.expect("a permit, without an hour's wait");
        times.push(SystemTime::now());
    }
    assert!(most_in(&mut times, SECOND - Duration::from_millis(20)) <= 2, "{times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_shows_no_fingerprint_and_forgets() {
    let Some(server) = Server::start(&[]) else { return };
    permit(&limiter(&server.url(), Limits::new()), SECOND).await.expect("a permit");
    let keys = server.keys();
    assert_eq!(keys.len(), 3, "{keys:?}");
    for key in keys {
        assert!(!key.contains(&caller().to_string()[2..]), "{key}");
        let expiry = server.command(&format!("TTL {key}"));
        assert!(!expiry.starts_with(":-"), "{key}: {expiry}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flushed_scripts_are_sent_again() {
    let Some(server) = Server::start(&[]) else { return };
    let limiter = limiter(&server.url(), Limits::new().batches(false));
    permit(&limiter, SECOND).await.expect("a permit");
    assert!(server.command("SCRIPT FLUSH").starts_with("+OK"));
    permit(&limiter, SECOND).await.expect("a permit");
    assert!(limiter.is_shared());
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_call_leaves_the_queue_to_the_others() {
    let Some(server) = Server::start(&[]) else { return };
    let limiter = limiter(&server.url(), Limits::new().window(number(2), SECOND));
    permit(&limiter, SECOND).await.expect("the first");
    let cancelled = tokio::spawn({
        let limiter = limiter.clone();
        async move { permit(&limiter, SECOND * 30).await.map(drop) }
    });
    tokio::time::sleep(SECOND / 10).await;
    cancelled.abort();
    let start = Instant::now();
    permit(&limiter, SECOND * 10).await.expect("a permit");
    assert!(start.elapsed() < SECOND * 2, "{:?}", start.elapsed());
    assert_eq!(RateLimitError::TooLate { wait: SECOND }.code(), Code::PACE_01);
}
