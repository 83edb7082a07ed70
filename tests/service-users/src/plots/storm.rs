//! A fixed number of calls with one API key, by 1, 10 or 100 clients that know nothing of each other, against an emulator that serves ten
//! calls a second: how many attempts that takes, and how long, in virtual time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use digicert_one_client::LocalRateLimiter;
use digicert_one_core::{
    ApiKey, Clock as _, Fingerprint, FixedCredential, Permit, PermitRequest, RateLimitError, RateLimiter,
};
use digicert_one_emulator::{Emulator, EmulatorOptions, RateLimit};
use futures_util::future::join_all;

use crate::stack::{Address, Stack};
use crate::virtual_time::VirtualTime;

/// The number of calls, over all callers.
pub const CALLS: u32 = 500;

/// What happened until some second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Second {
    /// How many clients there were.
    pub clients: u32,
    /// Since the beginning.
    pub second: u64,
    /// Attempts until then.
    pub attempts: usize,
    /// Those of them that were refused with 429.
    pub throttled: usize,
    /// Calls that had failed by then.
    pub failed: usize,
}

impl Second {
    /// A row of the table.
    #[must_use]
    pub fn row(&self) -> String {
        format!("{}\t{}\t{}\t{}\t{}", self.clients, self.second, self.attempts, self.throttled, self.failed)
    }
}

/// Makes all calls, and counts for each second.
///
/// # Errors
/// The emulator or a client cannot be made.
pub async fn play(clients: u32) -> Result<Vec<Second>, Box<dyn std::error::Error>> {
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let time = VirtualTime::starting(start);
    let options = EmulatorOptions::default()
        .emulator_clock(time.emulator_clock())
        .rate_limit(RateLimit::new(10, Duration::from_secs(1)));
    let emulator = Emulator::start_blocking(options)?;
    let key = emulator.users()[0].api_key().to_owned();
    let log = Log::default();
    let mut made = Vec::new();
    for _ in 0..clients {
        let client = Address::of(&emulator)
            .client(Stack::Rustls)
            .credential(FixedCredential::api_key(ApiKey::new(key.clone())?))
            .clock(Arc::new(time.clone()))
            .rate_limiter(Counted { limiter: LocalRateLimiter::new(), log: log.clone() })
            .build()?;
        made.push(client);
    }
    let actors: Vec<_> = made
        .into_iter()
        .map(|client| {
            let (log, now) = (log.clone(), time.clone());
            time.actor(async move {
                for _ in 0..CALLS / clients {
                    let done = match client.get("/mpki/api/v1/health/extensive").send().await {
                        Ok(response) => response.bytes().await.is_ok(),
                        Err(_) => false,
                    };
                    if !done {
                        log.add(now.now(), Event::Failed);
                    }
                }
            })
        })
        .collect();
    join_all(actors).await;
    let end = time.now().duration_since(start)?.as_secs() + 1;
    let events = log.0.lock().unwrap_or_else(PoisonError::into_inner);
    let rows = (0..=end).map(|second| {
        let until = start + Duration::from_secs(second);
        let count = |wanted| events.iter().filter(|(at, event)| *at <= until && *event == wanted).count();
        Second {
            clients,
            second,
            attempts: count(Event::Attempt),
            throttled: count(Event::Throttled),
            failed: count(Event::Failed),
        }
    });
    Ok(rows.collect())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Attempt,
    Throttled,
    Failed,
}

/// What happened, and when.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<Vec<(SystemTime, Event)>>>);

impl Log {
    fn add(&self, at: SystemTime, event: Event) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((at, event));
    }
}

/// The rate limiter of a client, with what it permits in the log.
#[derive(Debug)]
struct Counted {
    limiter: LocalRateLimiter,
    log: Log,
}

#[async_trait::async_trait]
impl RateLimiter for Counted {
    async fn permit(&self, request: &PermitRequest<'_>) -> Result<Permit, RateLimitError> {
        let permit = self.limiter.permit(request).await?;
        self.log.add(request.clock.now(), Event::Attempt);
        Ok(permit)
    }

    async fn throttled(&self, caller: Fingerprint, retry_after: Option<Duration>, now: SystemTime) {
        self.log.add(now, Event::Throttled);
        self.limiter.throttled(caller, retry_after, now).await;
    }

    fn accepted(&self, caller: Fingerprint, now: SystemTime) {
        self.limiter.accepted(caller, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn ten_clients_make_every_call_with_few_refused_attempts() {
        let rows = play(10).await.expect("a run");
        let last = rows.last().expect("a second");
        assert!(last.second >= 49, "500 calls at ten a second take 50 seconds: {last:?}");
        assert_eq!(last.attempts - last.throttled + last.failed, CALLS as usize, "{last:?}");
    }
}
