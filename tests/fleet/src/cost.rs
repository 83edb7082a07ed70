//! What the shared limiter adds to a call, and how many commands it sends, with batches and without.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use digicert_one::core::{ApiKey, Clock, PermitRequest, RateLimiter as _};
use digicert_one::redis::{FleetEvent, Limits, RedisConfig, RedisRateLimiter};
use digicert_one::{LocalRateLimiter, SystemClock};
use tokio::runtime::Runtime;

use crate::server::Server;
use crate::size::Size;

pub(crate) fn table(runtime: &Runtime, size: &Size) -> Option<(String, Vec<String>)> {
    if !size.has("cost") {
        return None;
    }
    let mut faults = Vec::new();
    let mut text = String::from(
        "One process, calls that take 1 ms, no rate that would delay them:\n\n\
         | | Calls at once | Added per call, p50 | p99 | Commands per call |\n|---|---|---|---|---|\n",
    );
    let calls = if size.is_whole() { 2000 } else { 200 };
    for at_once in [1, 8, 64] {
        for kind in ["local limiter", "shared, without batches", "shared, with batches"] {
            let (mut times, commands, away) = runtime.block_on(measure(kind, at_once, calls, size.wait));
            if away > 0 {
                faults.push(format!(
                    "cost: {kind}, {at_once} at once: Redis was away {away} times, so the figures are not its own"
                ));
            }
            times.sort_unstable();
            let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1e6;
            let _ = writeln!(
                text,
                "| {kind} | {at_once} | {:.0} µs | {:.0} µs | {:.2} |",
                at(50),
                at(99),
                commands as f64 / times.len() as f64
            );
        }
    }
    Some((text, faults))
}

/// What each call took, the commands, and how often Redis was away.
async fn measure(kind: &str, at_once: usize, calls: usize, wait: Duration) -> (Vec<Duration>, u64, usize) {
    let server = Server::start(&[]).expect("redis-server");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let caller = ApiKey::new("01ab-canary").expect("a key").fingerprint();
    let config = RedisConfig::new(server.url().parse().expect("an address")).wait(wait);
    let limits = Limits::new().batches(kind.ends_with("with batches"));
    let away = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&away);
    let shared = RedisRateLimiter::new(config, limits).expect("a limiter").on_event(move |event| {
        count.fetch_add(usize::from(matches!(event, FleetEvent::Unavailable { .. })), Ordering::Relaxed);
    });
    let is_local = kind.starts_with("local");
    let local = LocalRateLimiter::new();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..at_once {
        let (shared, local, clock) = (shared.clone(), local.clone(), Arc::clone(&clock));
        tasks.spawn(async move {
            let mut times = Vec::new();
            for _ in 0..calls / at_once {
                let request = PermitRequest::new(caller, &clock, Duration::from_secs(60));
                let start = Instant::now();
                let permit = match is_local {
                    true => local.permit(&request).await,
                    false => shared.permit(&request).await,
                };
                times.push(start.elapsed());
                tokio::time::sleep(Duration::from_millis(1)).await;
                drop(permit.expect("a permit"));
            }
            times
        });
    }
    (tasks.join_all().await.concat(), shared.commands(), away.load(Ordering::Relaxed))
}
