//! The rate limiter of a fleet: all processes with one key share its limits through Redis.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use digicert_one_core::{Clock, Fingerprint, Permit, PermitRequest, RateLimitError, RateLimiter};
use redis::Value;

use crate::caller::{Caller, Next, Slot, Stock};
use crate::config::RedisConfig;
use crate::error::{FleetError, FleetErrorKind};
use crate::keys::Keys;
use crate::limits::{Limits, micros};
use crate::lua::Lua;
use crate::policy::{FleetEvent, Health, OutagePolicy, Route};
use crate::process::process_name;
use crate::schedule::{Demand, Reservation};
use crate::store::Store;

/// The most callers of one limiter.
const CALLERS: usize = 64;
/// The delay before a process asks again for a request in flight.
const FULL: Duration = Duration::from_millis(50);
/// How long a process keeps the requests in flight that it no longer has.
const IDLE: Duration = Duration::from_millis(20);
/// No call waits longer.
const FAR: Duration = Duration::from_secs(24 * 60 * 60);

/// A [`RateLimiter`] whose state is in Redis or Valkey, so that all processes with one API key share its rate limit.
///
/// ```
/// use std::num::NonZeroU32;
/// use std::time::Duration;
/// use digicert_one_redis::{Limits, RedisConfig, RedisRateLimiter, OutagePolicy};
///
/// # fn limiter() -> Result<RedisRateLimiter, Box<dyn std::error::Error>> {
/// let limits = Limits::new().window(NonZeroU32::new(1000).ok_or("zero")?, Duration::from_secs(60));
/// let limiter = RedisRateLimiter::new(RedisConfig::new("redis://127.0.0.1".parse()?), limits)?
///     .outage_policy(OutagePolicy::LocalShare { processes: 8 })
///     .on_event(|event| eprintln!("{event}"));
/// # Ok(limiter) }
/// ```
///
/// Connections are opened by the first call, on the tokio runtime that it runs in.
#[derive(Clone)]
#[must_use]
pub struct RedisRateLimiter {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    limits: Limits,
    outage_policy: OutagePolicy,
    health: Health,
    process: String,
    /// How many processes shared the limits when Redis was last seen.
    fleet: Mutex<Option<u32>>,
    callers: Mutex<BTreeMap<Fingerprint, Arc<Caller>>>,
    acquire: Lua,
    throttled: Lua,
}

/// The grant of the script.
struct Grant {
    reservation: Reservation,
    epoch: String,
    active: u32,
    slots: u32,
    learnt: Option<f64>,
}

impl RedisRateLimiter {
    /// Creates a limiter. Nothing is connected yet.
    ///
    /// # Errors
    /// Returns an error if the system has no random numbers for the name of this process.
    pub fn new(config: RedisConfig, limits: Limits) -> Result<Self, FleetError> {
        Ok(Self {
            inner: Arc::new(Inner {
                store: Store::new(config),
                limits,
                outage_policy: OutagePolicy::default(),
                health: Health::new(),
                process: process_name()?,
                fleet: Mutex::new(None),
                callers: Mutex::default(),
                acquire: Lua::new(include_str!("lua/acquire.lua")),
                throttled: Lua::new(include_str!("lua/throttled.lua")),
            }),
        })
    }

    /// Sets what is done while Redis cannot be used.
    pub fn outage_policy(self, policy: OutagePolicy) -> Self {
        self.changed(|inner| inner.outage_policy = policy)
    }

    /// Sets the observer of changes: Redis is unavailable, Redis is used again. It is also a tracing event, and a metric with the feature `metrics`.
    pub fn on_event(self, observer: impl Fn(&FleetEvent) + Send + Sync + 'static) -> Self {
        self.changed(|inner| inner.health.observer = Some(Arc::new(observer)))
    }

    /// Returns whether Redis is used, and not the policy.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.inner.health.is_shared()
    }

    /// Returns how many commands were sent to Redis.
    #[must_use]
    pub fn commands(&self) -> u64 {
        self.inner.store.commands()
    }

    /// Returns how many processes shared the limits when Redis was last seen.
    #[must_use]
    pub fn processes(&self) -> Option<u32> {
        *self.inner.fleet()
    }

    fn changed(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        // Builders are not shared yet; a clone that is keeps what it had.
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            change(inner);
        }
        self
    }
}

impl fmt::Debug for RedisRateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRateLimiter")
            .field("store", &self.inner.store)
            .field("limits", &self.inner.limits)
            .field("outage_policy", &self.inner.outage_policy)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl RateLimiter for RedisRateLimiter {
    async fn permit(&self, request: &PermitRequest<'_>) -> Result<Permit, RateLimitError> {
        let start = request.clock.now();
        let caller = self.inner.caller(request);
        let slot = match caller.take_now(start) {
            Some(slot) => slot,
            None => self.inner.queued(&caller, request, start).await?,
        };
        Ok(match self.inner.limits.in_flight() {
            0 => Permit::holding(slot),
            _ => Permit::holding(InFlight { slot: Some(slot), inner: Arc::clone(&self.inner) }),
        })
    }

    async fn throttled(&self, caller: Fingerprint, retry_after: Option<Duration>, _now: SystemTime) {
        self.inner.throttled(caller, retry_after).await;
    }
}

impl Inner {
    /// A permit for a call that queues, asks and waits.
    async fn queued(
        &self,
        caller: &Arc<Caller>,
        request: &PermitRequest<'_>,
        start: SystemTime,
    ) -> Result<Slot, RateLimitError> {
        let _queued = caller.queue();
        let clock = request.clock;
        let left = || request.within.saturating_sub(clock.now().duration_since(start).unwrap_or_default());
        // Waiters are woken in the order in which they came.
        let _head = request.bounded(request.within, caller.head.acquire()).await?;
        loop {
            match caller.next(clock.now()) {
                Next::Go(slot) => return Ok(slot),
                Next::Wait(wait) if wait > left() => return Err(RateLimitError::TooLate { wait }),
                Next::Wait(wait) => clock.sleep(wait).await,
                Next::Confirm(epoch) => caller.confirmed(self.is_current(caller, &epoch, clock).await),
                Next::Ask => {
                    let pause = self.ask(caller, left(), clock).await?;
                    if pause > left() {
                        return Err(RateLimitError::TooLate { wait: pause });
                    }
                    if !pause.is_zero() {
                        clock.sleep(pause).await;
                    }
                }
            }
        }
    }

    /// Asks for permits: Redis, or the policy. What is granted is in stock afterwards; else the call waits for the time that is returned.
    async fn ask(
        &self,
        caller: &Arc<Caller>,
        left: Duration,
        clock: &Arc<dyn Clock>,
    ) -> Result<Duration, RateLimitError> {
        let Some(grant) = self.shared_grant(caller, left, clock).await else {
            return self.policy_wait(caller, left, clock.now());
        };
        let now = clock.now();
        *self.fleet() = Some(grant.active);
        caller.away(|schedule| schedule.learn(grant.learnt, micros_of(now)));
        let wait = duration(grant.reservation.wait);
        if grant.reservation.late {
            return Err(RateLimitError::TooLate { wait });
        }
        caller.stock(
            Stock::new(grant.reservation.granted, now, wait, self.limits.grace(), Some(grant.epoch)),
            if self.limits.in_flight() > 0 { grant.slots } else { u32::MAX },
        );
        Ok(if grant.reservation.granted == 0 { FULL } else { Duration::ZERO })
    }

    /// The grant of Redis; `None` if it cannot be used.
    async fn shared_grant(&self, caller: &Arc<Caller>, left: Duration, clock: &Arc<dyn Clock>) -> Option<Grant> {
        let asked = match self.health.route(clock.now()) {
            Route::Unavailable => return None,
            // Without reserving anything, since the response may be too late again.
            Route::Probe => match self.store.ping(clock).await {
                Ok(()) => {
                    self.health.recovered(clock.now());
                    self.acquire(caller, left, clock).await
                }
                Err(error) => Err(error),
            },
            Route::Shared => self.acquire(caller, left, clock).await,
        };
        asked.map_err(|error| self.health.failed(error, clock.now())).ok()
    }

    /// Runs the script.
    async fn acquire(&self, caller: &Caller, left: Duration, clock: &Arc<dyn Clock>) -> Result<Grant, FleetError> {
        let (need, want) = caller.demand(clock.now(), self.interval(), self.limits.batch());
        let used = caller.used();
        let mut arguments = vec![self.process.clone()];
        let numbers = [
            f64::from(need),
            f64::from(want),
            micros(left.min(FAR)),
            micros(self.limits.validity()),
            f64::from(self.limits.in_flight()),
            f64::from(used),
            f64::from(used.saturating_add(want)),
            micros(self.limits.presence()),
            caller.queued() as f64,
            self.limits.windows().len() as f64,
        ];
        arguments.extend(numbers.iter().map(|number| format!("{number:.0}")));
        for window in self.limits.windows() {
            arguments.push(format!("{:.3}", window.each));
            arguments.push(format!("{:.0}", window.burst));
        }
        let value = self.store.script(&self.acquire, &caller.keys.all(), &arguments, clock).await?;
        Grant::of(value, want)
    }

    /// Whether no 429 has made the permits of this epoch void.
    async fn is_current(&self, caller: &Caller, epoch: &str, clock: &Arc<dyn Clock>) -> bool {
        let mut command = redis::cmd("HGET");
        command.arg(&caller.keys.state).arg("epoch");
        let wait = self.store.config().wait;
        match self.store.command(&command, &caller.keys.state, wait, clock).await {
            Ok(value) => {
                redis::from_redis_value::<Option<String>>(value).is_ok_and(|found| found.as_deref() == Some(epoch))
            }
            Err(error) => {
                self.health.failed(error, clock.now());
                false
            }
        }
    }

    /// What the policy grants while Redis is unavailable.
    fn policy_wait(&self, caller: &Caller, left: Duration, now: SystemTime) -> Result<Duration, RateLimitError> {
        let fleet = match self.outage_policy {
            OutagePolicy::Refuse => return Err(self.health.error().into()),
            OutagePolicy::Unlimited => {
                caller.stock(Stock::new(1, now, Duration::ZERO, self.limits.grace(), None), u32::MAX);
                return Ok(Duration::ZERO);
            }
            OutagePolicy::LocalShare { processes } => self.fleet().unwrap_or(processes).max(1),
        };
        let (need, want) = caller.demand(now, self.interval(), self.limits.batch());
        let validity = micros(self.limits.validity());
        let demand = Demand { need, want, within: micros(left.min(FAR)), validity };
        let share = 1.0 / f64::from(fleet);
        let reservation = caller.away(|schedule| schedule.reserve(micros_of(now), demand, &self.limits, share));
        let wait = duration(reservation.wait);
        if reservation.late {
            return Err(RateLimitError::TooLate { wait });
        }
        let slots = match self.limits.in_flight() {
            0 => u32::MAX,
            most => (most / fleet).max(1),
        };
        caller.stock(Stock::new(reservation.granted, now, wait, self.limits.grace(), None), slots);
        // Another request in flight has to end first.
        Ok(if caller.used() >= slots { FULL } else { Duration::ZERO })
    }

    async fn throttled(&self, caller: Fingerprint, retry_after: Option<Duration>) {
        let Some(caller) = self.callers().get(&caller).cloned() else { return };
        let retry_after = micros(retry_after.unwrap_or_default());
        caller.void();
        let clock = caller.clock();
        let now = micros_of(clock.now());
        caller.away(|schedule| schedule.throttled(now, retry_after, &self.limits));
        tracing::warn!(retry_after = retry_after / 1e6, "rate limited by the platform (429); the fleet slows down");
        if self.health.route(clock.now()) != Route::Shared {
            return;
        }
        let arguments = [
            format!("{retry_after:.0}"),
            u8::from(self.limits.adapts()).to_string(),
            self.limits.fall().to_string(),
            self.limits.windows().len().to_string(),
        ];
        let done = self.store.script(&self.throttled, &[&caller.keys.state], &arguments, &clock).await;
        if let Err(error) = done {
            self.health.failed(error, clock.now());
        }
    }

    /// Tells Redis that this process has no requests in flight.
    async fn release(&self, caller: &Caller) {
        let clock = caller.clock();
        clock.sleep(IDLE).await;
        if !caller.holds_idle_slots() || self.health.route(clock.now()) != Route::Shared {
            return;
        }
        let mut arguments = vec![self.process.clone()];
        let most = self.limits.in_flight().to_string();
        let lease = format!("{:.0}", micros(self.limits.presence()));
        arguments.extend(["0", "0", "0", "0", &most, "0", "0", &lease, "0", "0"].map(str::to_owned));
        let released = self.store.script(&self.acquire, &caller.keys.all(), &arguments, &clock).await;
        // A failure costs nothing: the lease expires.
        if released.is_ok() {
            caller.released();
        }
    }

    fn interval(&self) -> Duration {
        self.limits.validity().max(Duration::from_millis(10))
    }

    fn caller(&self, request: &PermitRequest<'_>) -> Arc<Caller> {
        let mut callers = self.callers();
        if let Some(caller) = callers.get(&request.caller) {
            return Arc::clone(caller);
        }
        if callers.len() >= CALLERS {
            callers.retain(|_, caller| Arc::strong_count(caller) > 1);
        }
        let keys = Keys::of(&self.store.config().prefix, request.caller);
        let caller = Arc::new(Caller::new(keys, Arc::clone(request.clock)));
        callers.insert(request.caller, Arc::clone(&caller));
        caller
    }

    fn callers(&self) -> MutexGuard<'_, BTreeMap<Fingerprint, Arc<Caller>>> {
        self.callers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fleet(&self) -> MutexGuard<'_, Option<u32>> {
        self.fleet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Grant {
    /// Reads the response of the script. A response that it cannot have given is an error.
    fn of(value: Value, want: u32) -> Result<Self, FleetError> {
        type Fields = (u32, f64, u8, String, u32, u32, f64);
        let fields = redis::from_redis_value::<Fields>(value);
        match fields {
            Ok((granted, wait, late, epoch, active, slots, learnt))
                if granted <= want && (0.0..=1e12).contains(&wait) && late <= 1 && active > 0 && epoch.len() <= 32 =>
            {
                let learnt = (learnt > 0.0 && learnt.is_finite()).then_some(learnt);
                Ok(Self { reservation: Reservation { granted, wait, late: late == 1 }, epoch, active, slots, learnt })
            }
            _ => {
                let message =
                    "Redis sent a response that our script does not give; check that the address leads to Redis";
                Err(FleetError::new(FleetErrorKind::Response, message))
            }
        }
    }
}

/// A request in flight, of which Redis keeps count.
struct InFlight {
    slot: Option<Slot>,
    inner: Arc<Inner>,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let Some(slot) = self.slot.take() else { return };
        let caller = Arc::clone(slot.caller());
        drop(slot);
        if caller.holds_idle_slots()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let inner = Arc::clone(&self.inner);
            runtime.spawn(async move { inner.release(&caller).await });
        }
    }
}

fn micros_of(time: SystemTime) -> f64 {
    micros(time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
}

fn duration(micros: f64) -> Duration {
    Duration::from_micros(micros.ceil() as u64)
}
