//! One process of the fleet: some clients that call without a pause. Notes each success (`o`), each 429 (`t`) and each lost call (`e`)
//! with its time.

use std::fs;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use digicert_one::core::{Clock, TrustRoots};
use digicert_one::redis::{Limits, OutagePolicy, RedisConfig, RedisRateLimiter};
use digicert_one::{ApiKey, Instance, LocalRateLimiter, SystemClock};

use crate::counting::Counting;
use crate::note::{note, now};

/// The variable with the API key, and that with everything else.
pub(crate) const KEY: &str = "FLEET_KEY";
pub(crate) const ORDER: &str = "FLEET_ORDER";

/// What a worker is to do, as words in a variable.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    pub(crate) platform: String,
    pub(crate) client_auth: String,
    pub(crate) ca: String,
    /// Of Redis, or `-`.
    pub(crate) redis: String,
    pub(crate) calls: u32,
    pub(crate) period: u64,
    pub(crate) clients: u32,
    /// Milliseconds since 1970.
    pub(crate) begin: u64,
    pub(crate) end: u64,
    /// The error of this machine's clock in seconds.
    pub(crate) skew: i64,
    pub(crate) processes: u32,
    /// How long a call waits for Redis, in milliseconds.
    pub(crate) wait: u64,
}

impl Order {
    pub(crate) fn written(&self) -> String {
        let Self { platform, client_auth, ca, redis, calls, period, clients, begin, end, skew, processes, wait } = self;
        format!(
            "{platform} {client_auth} {ca} {redis} {calls} {period} {clients} {begin} {end} {skew} {processes} {wait}"
        )
    }

    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ').map(str::to_owned);
        Some(Self {
            platform: words.next()?,
            client_auth: words.next()?,
            ca: words.next()?,
            redis: words.next()?,
            calls: words.next()?.parse().ok()?,
            period: words.next()?.parse().ok()?,
            clients: words.next()?.parse().ok()?,
            begin: words.next()?.parse().ok()?,
            end: words.next()?.parse().ok()?,
            skew: words.next()?.parse().ok()?,
            processes: words.next()?.parse().ok()?,
            wait: words.next()?.parse().ok()?,
        })
    }
}

/// The limits that the emulator has.
pub(crate) fn limits(calls: u32, period: u64) -> Limits {
    let calls = NonZeroU32::new(calls).expect("not zero");
    Limits::new().window(calls, Duration::from_secs(period))
}

pub(crate) async fn run() {
    let order = Order::read(&std::env::var(ORDER).expect("an order")).expect("a complete order");
    let key = ApiKey::new(std::env::var(KEY).expect("a key")).expect("a usual key");
    let instance = Instance::pair(&order.platform, &order.client_auth).expect("two hosts");
    let ca = fs::read(&order.ca).expect("a certificate");
    let clock: Arc<dyn Clock> = Arc::new(Skewed(order.skew));
    let builder = digicert_one::builder()
        .instance(instance)
        .api_key(key)
        .trust(TrustRoots::Only(vec![ca.into()]))
        .deadline(Duration::from_secs(600))
        .engine(move |engine| engine.clock(clock));
    let one = match order.redis.as_str() {
        "-" => builder.rate_limiter(Counting(LocalRateLimiter::new())),
        url => {
            let config = RedisConfig::new(url.parse().expect("an address")).wait(Duration::from_millis(order.wait));
            let limiter = RedisRateLimiter::new(config, limits(order.calls, order.period)).expect("a limiter");
            let limiter = limiter.outage_policy(OutagePolicy::LocalShare { processes: order.processes });
            builder.rate_limiter(Counting(limiter))
        }
    }
    .build()
    .expect("complete");
    // The connection is opened before the measured time: 32 handshakes at once would move the first calls together.
    if let Ok(response) = one.get("/account/api/v1/user/me").send().await {
        let _ = response.bytes().await;
    }
    tokio::time::sleep(Duration::from_millis(order.begin.saturating_sub(now()))).await;
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..order.clients {
        let one = one.clone();
        tasks.spawn(async move {
            while now() < order.end {
                match one.get("/account/api/v1/user/me").send().await {
                    Ok(response) => {
                        let _ = response.bytes().await;
                        note("o");
                    }
                    Err(error) => note(&format!("e{}", error.code())),
                }
            }
        });
    }
    // A call that still waits for its turn is not part of the measured time.
    let end = tokio::time::sleep(Duration::from_millis(order.end.saturating_sub(now())));
    tokio::select! {
        () = end => {}
        () = async { while tasks.join_next().await.is_some() {} } => {}
    }
}

/// The clock of a machine that is wrong by this many seconds.
#[derive(Debug)]
struct Skewed(i64);

impl Clock for Skewed {
    fn now(&self) -> SystemTime {
        let by = Duration::from_secs(self.0.unsigned_abs());
        if self.0 < 0 { SystemTime::now() - by } else { SystemTime::now() + by }
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        SystemClock::new().sleep(duration)
    }
}
