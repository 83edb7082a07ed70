//! Redis is unavailable: paused, restarted, gone. Calls go on by the policy, and the limits are shared again afterwards.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use digicert_one_core::{Code, RateLimitError};
use digicert_one_redis::{FleetEvent, Limits, OutagePolicy, RedisConfig, RedisRateLimiter};

use crate::fixtures::{in_three_tries, most_in, number, permit};
use crate::server::Server;

const SECOND: Duration = Duration::from_secs(1);

fn limiter(url: &str, limits: Limits) -> (RedisRateLimiter, Arc<Mutex<Vec<String>>>) {
    let events: Arc<Mutex<Vec<String>>> = Arc::default();
    let config = RedisConfig::new(url.parse().expect("an address")).wait(SECOND / 5);
    let seen = Arc::clone(&events);
    let limiter = RedisRateLimiter::new(config, limits).expect("a limiter").on_event(move |event| {
        let name = if matches!(event, FleetEvent::Unavailable { .. }) { "away" } else { "shared" };
        seen.lock().expect("not poisoned").push(name.to_owned());
    });
    (limiter, events)
}

#[cfg(unix)]
async fn shared_again(limiter: &RedisRateLimiter) -> Duration {
    let start = Instant::now();
    while !limiter.is_shared() {
        assert!(start.elapsed() < SECOND * 10, "still away");
        let _ = permit(limiter, SECOND).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    start.elapsed()
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn paused_redis_holds_no_call_longer_than_the_bound() {
    let Some(server) = Server::start(&[]) else { return };
    let (limiter, events) = limiter(&server.url(), Limits::new().batches(false));
    permit(&limiter, SECOND * 5).await.expect("a permit");
    assert!(limiter.is_shared(), "{events:?}");
    server.signal("STOP");
    let start = Instant::now();
    while start.elapsed() < SECOND * 2 {
        let begin = Instant::now();
        permit(&limiter, SECOND * 5).await.expect("a permit by the policy");
        assert!(begin.elapsed() < SECOND, "{:?}", begin.elapsed());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!limiter.is_shared());
    server.signal("CONT");
    let took = shared_again(&limiter).await;
    assert!(took < SECOND * 2, "{took:?}");
    assert_eq!(*events.lock().expect("not poisoned"), ["away", "shared"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_data_admits_no_second_burst() {
    let Some(mut server) = Server::start(&[]) else { return };
    let (one, _) = limiter(&server.url(), Limits::new().window_with_burst(number(40), SECOND * 4, number(20)));
    let one = one.outage_policy(OutagePolicy::Refuse);
    let mut times = Vec::new();
    let start = Instant::now();
    let mut restarted = false;
    while start.elapsed() < SECOND * 4 {
        if !restarted && start.elapsed() > SECOND {
            server.restart();
            restarted = true;
        }
        match permit(&one, SECOND).await {
            Ok(_) => times.push(SystemTime::now()),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    assert!(restarted && one.is_shared());
    assert!(most_in(&mut times, SECOND * 4) <= 41, "{}", times.len());
    assert!(times.len() >= 10, "{}", times.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn share_of_a_process_is_kept_while_redis_is_away() {
    in_three_tries(async || {
        let Some(mut server) = Server::start(&[]) else { return Ok(()) };
        let limits = Limits::new().window(number(40), SECOND).batches(false);
        let limiters: Vec<_> = (0..4).map(|_| limiter(&server.url(), limits.clone()).0).collect();
        for limiter in limiters.iter().chain(&limiters) {
            permit(limiter, SECOND).await.expect("a permit");
        }
        assert_eq!(limiters[3].processes(), Some(4));
        server.kill();
        let mut tasks = tokio::task::JoinSet::new();
        for limiter in limiters {
            tasks.spawn(async move {
                let (start, mut count) = (Instant::now(), 0);
                while start.elapsed() < SECOND * 2 {
                    match permit(&limiter, SECOND).await {
                        Ok(_) => count += 1,
                        Err(error) => panic!("{error:?}"),
                    }
                }
                count
            });
        }
        let counts = tasks.join_all().await;
        // A quarter of 40 a second each.
        counts.iter().all(|count| (12..=24).contains(count)).then_some(()).ok_or_else(|| format!("{counts:?}"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn policies_refuse_or_do_not_limit() {
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("redis://{}", nowhere.local_addr().expect("an address"));
    drop(nowhere);
    let limits = Limits::new().window(number(1), SECOND * 60);
    let (refusing, events) = limiter(&url, limits.clone());
    let refusing = refusing.outage_policy(OutagePolicy::Refuse);
    let error = permit(&refusing, SECOND * 5).await.expect_err("refused");
    assert!(matches!(error, RateLimitError::Unavailable(_)) && error.code() == Code::PACE_02, "{error:?}");
    assert_eq!(*events.lock().expect("not poisoned"), ["away"]);
    let unlimited = limiter(&url, limits.clone()).0.outage_policy(OutagePolicy::Unlimited);
    for _ in 0..5 {
        permit(&unlimited, SECOND).await.expect("not limited");
    }
    let sharing = limiter(&url, limits).0;
    permit(&sharing, SECOND).await.expect("the first of this process");
    let error = permit(&sharing, SECOND).await.expect_err("a sixteenth of one a minute");
    assert!(matches!(error, RateLimitError::TooLate { .. }), "{error:?}");
}
