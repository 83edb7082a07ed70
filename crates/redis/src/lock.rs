//! The rotation lock of a fleet, in Redis.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use digicert_one_core::{Clock, Code};
use digicert_one_provisioning::{HeldLock, LockError, Owner, SharedLock};
use redis::Value;

use crate::config::RedisConfig;
use crate::error::{FleetError, FleetErrorKind};
use crate::keys::named;
use crate::lua::Lua;
use crate::store::Store;

/// How long one attempt may take: a rotation can wait for Redis longer than a call.
const WAIT: Duration = Duration::from_secs(5);
/// Between two attempts to acquire a held lock, and to reach Redis.
const PAUSE: Duration = Duration::from_secs(2);
/// How long to try again while Redis is unavailable.
const UNAVAILABLE: Duration = Duration::from_secs(30);

/// A lock in Redis for one credential, by a name that all machines use: of the service user, of the secret.
///
/// ```no_run
/// use digicert_one_provisioning::Workflows;
/// use digicert_one_redis::{RedisConfig, RedisLock};
///
/// # fn example(workflows: Workflows) -> Result<(), digicert_one_redis::FleetError> {
/// let config = RedisConfig::new("redis://cache.example.com".parse()?);
/// let workflows = workflows.shared_lock(RedisLock::new(config, "ci-bot"));
/// # Ok(()) }
/// ```
///
/// A holder that was paused for longer than the lock lives has lost it: its next step fails before it stores or disables anything.
#[derive(Clone)]
pub struct RedisLock {
    place: PathBuf,
    key: String,
    fence: String,
    store: Store,
    acquire: Lua,
    hold: Lua,
}

impl RedisLock {
    /// Creates a lock with this name. Nothing is connected yet.
    #[must_use]
    pub fn new(config: RedisConfig, name: &str) -> Self {
        let config = config.wait(WAIT);
        Self {
            place: format!("{} ({name})", config.address()).into(),
            key: named(&config.prefix, "lock", name),
            // The same hash tag, so that both are on one node of a cluster.
            fence: format!("{}:fence", named(&config.prefix, "lock", name)),
            store: Store::new(config),
            acquire: Lua::new(include_str!("lua/lock.lua")),
            hold: Lua::new(include_str!("lua/hold.lua")),
        }
    }

    /// Returns the holder and how long it has the lock at most; `None` if it is free.
    ///
    /// # Errors
    /// Returns an error if Redis cannot be used.
    pub async fn holder(&self, clock: &Arc<dyn Clock>) -> Result<Option<(Owner, Duration)>, FleetError> {
        let mut command = redis::cmd("HGET");
        command.arg(&self.key).arg("owner");
        let owner = self.store.command(&command, &self.key, WAIT, clock).await?;
        let Some(owner) = redis::from_redis_value::<Option<String>>(owner).map_err(|_| foreign())? else {
            return Ok(None);
        };
        let left = self.store.command(redis::cmd("PTTL").arg(&self.key), &self.key, WAIT, clock).await?;
        let left = redis::from_redis_value::<i64>(left).map_err(|_| foreign())?;
        Ok(Some((read_owner(&owner)?, Duration::from_millis(u64::try_from(left).unwrap_or_default()))))
    }

    async fn try_acquire(&self, owner: &str, ttl: Duration, clock: &Arc<dyn Clock>) -> Result<Attempt, FleetError> {
        let arguments = [owner.to_owned(), millis(ttl)];
        let value = self.store.script(&self.acquire, &[&self.key, &self.fence], &arguments, clock).await?;
        match redis::from_redis_value::<(u8, String, u64)>(value).map_err(|_| foreign())? {
            (1, fence, _) => Ok(Attempt::Held(fence.parse().map_err(|_| foreign())?)),
            (_, owner, left) => Ok(Attempt::Taken(read_owner(&owner)?, Duration::from_millis(left))),
        }
    }

    /// Whether the lock was held as expected.
    async fn hold(&self, owner: &str, fence: &str, ttl: &str, clock: &Arc<dyn Clock>) -> Result<bool, FleetError> {
        let arguments = [owner.to_owned(), fence.to_owned(), ttl.to_owned()];
        let value = self.store.script(&self.hold, &[&self.key], &arguments, clock).await?;
        Ok(matches!(value, Value::Int(1)))
    }
}

enum Attempt {
    Held(u64),
    Taken(Owner, Duration),
}

impl fmt::Debug for RedisLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisLock").field(&self.place).finish()
    }
}

#[async_trait]
impl SharedLock for RedisLock {
    fn place(&self) -> String {
        self.place.display().to_string()
    }

    async fn acquire(
        &self,
        owner: &Owner,
        ttl: Duration,
        timeout: Duration,
        clock: &Arc<dyn Clock>,
    ) -> Result<Box<dyn HeldLock>, LockError> {
        let text = written(owner)?;
        let start = clock.now();
        // The time for the lock is for another holder: without Redis none can release it.
        let mut reached = start;
        loop {
            let failed = match self.try_acquire(&text, ttl, clock).await {
                Ok(Attempt::Held(fence)) => {
                    return Ok(Box::new(RedisLease { lock: self.clone(), owner: text, fence }));
                }
                Ok(Attempt::Taken(owner, left)) => {
                    reached = clock.now();
                    let until = reached.checked_add(left).unwrap_or(SystemTime::UNIX_EPOCH);
                    LockError::Held { path: self.place.clone(), owner, until }
                }
                // An error that a retry cannot mend is reported at once.
                Err(error) if error.code() != Code::PACE_02 => return Err(store(error)),
                Err(error) => store(error),
            };
            // Random delays, so that waiting processes do not retry in step.
            let pause = PAUSE.mul_f64(0.2 + 0.8 * random());
            let since = |start| clock.now().duration_since(start).unwrap_or_default() + pause;
            if since(start) > timeout || since(reached) > UNAVAILABLE {
                return Err(failed);
            }
            clock.sleep(pause).await;
        }
    }

    async fn free(&self, owner: &Owner, clock: &Arc<dyn Clock>) -> Result<(), LockError> {
        self.hold(&written(owner)?, "", "0", clock).await.map(drop).map_err(store)
    }
}

#[derive(Debug)]
struct RedisLease {
    lock: RedisLock,
    owner: String,
    fence: u64,
}

#[async_trait]
impl HeldLock for RedisLease {
    fn fence(&self) -> u64 {
        self.fence
    }

    async fn renew(&self, ttl: Duration, clock: &Arc<dyn Clock>) -> Result<(), LockError> {
        let start = clock.now();
        loop {
            match self.lock.hold(&self.owner, &self.fence.to_string(), &millis(ttl), clock).await {
                Ok(true) => return Ok(()),
                Ok(false) => return Err(LockError::Lost { path: self.lock.place.clone() }),
                Err(error) if clock.now().duration_since(start).unwrap_or_default() > UNAVAILABLE => {
                    return Err(store(error));
                }
                Err(_) => clock.sleep(PAUSE).await,
            }
        }
    }

    async fn release(&self, clock: &Arc<dyn Clock>) -> Result<(), LockError> {
        self.lock.hold(&self.owner, &self.fence.to_string(), "0", clock).await.map(drop).map_err(store)
    }
}

fn written(owner: &Owner) -> Result<String, LockError> {
    serde_json::to_string(owner).map_err(|error| LockError::Store { code: Code::PACE_04, source: Box::new(error) })
}

fn read_owner(text: &str) -> Result<Owner, FleetError> {
    serde_json::from_str(text).map_err(|_| foreign())
}

fn foreign() -> FleetError {
    let message = "the key of the lock in Redis holds something else; remove it, or set another prefix";
    FleetError::new(FleetErrorKind::Response, message)
}

fn store(error: FleetError) -> LockError {
    LockError::Store { code: error.code(), source: Box::new(error) }
}

fn millis(ttl: Duration) -> String {
    ttl.as_millis().clamp(1, 1 << 50).to_string()
}

/// Between 0 and 1; without random numbers, in the middle.
fn random() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX),
        Err(_) => 0.5,
    }
}
