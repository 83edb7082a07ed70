//! Several processes with one API key that keep one rate limit through Redis. Start a Redis, and then this twice at the same time:
//!
//! ```sh
//! redis-server --port 7000 --save ''
//! REDIS_URL=redis://127.0.0.1:7000 cargo run --bin shared-limit
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program speaks through its output")]

use std::error::Error;
use std::num::NonZeroU32;
use std::time::Duration;

use digicert_one::core::Secret;
use digicert_one::redis::{Limits, OutagePolicy, RedisConfig, RedisRateLimiter};
use digicert_one::{Builder, RetryNotice};

const CALLS: u32 = 10;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // What the platform permits for this key, the same in every process.
    let limits = Limits::new().window(NonZeroU32::new(10).ok_or("not zero")?, Duration::from_secs(2));
    let mut config = RedisConfig::new(std::env::var("REDIS_URL")?.parse()?);
    if let Ok(password) = std::env::var("REDIS_PASSWORD") {
        config = config.password(Secret::new(password, "REDIS_PASSWORD"));
    }
    let limiter = RedisRateLimiter::new(config, limits)?
        // While Redis cannot be used; by default each process keeps its share of the limits.
        .outage_policy(OutagePolicy::Refuse)
        .on_event(|event| eprintln!("{event}"));
    let one = Builder::from_env()?
        .rate_limiter(limiter.clone())
        .engine(|engine| engine.on_retry(|notice: &RetryNotice| eprintln!("retry: {notice:?}")))
        .build()?;
    for _ in 0..CALLS {
        one.whoami().await?;
    }
    println!("{CALLS} calls; {} processes share the limit", limiter.processes().unwrap_or(1));
    Ok(())
}
