//! The lock that keeps the machines of a fleet from rotating one credential at once: in the Redis of their rate limiter.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use digicert_one::Client;
use digicert_one::account::AccountExt as _;
use digicert_one::core::Clock;
use digicert_one::provisioning::{HeldLock, LockError, Owner, SharedLock};
use digicert_one::redis::{RedisConfig, RedisLock};
use tokio::sync::OnceCell;

/// A lock by the id of the user that the client authenticates as, unless it has a name.
#[derive(Debug)]
pub(super) struct FleetLock {
    client: Client,
    redis: RedisConfig,
    name: OnceCell<String>,
}

impl FleetLock {
    pub(super) fn new(client: Client, redis: RedisConfig, name: Option<String>) -> Self {
        Self { client, redis, name: OnceCell::new_with(name) }
    }

    /// The lock. Only now the platform is asked for the id: a command that has nothing to do needs no lock.
    async fn lock(&self) -> Result<RedisLock, LockError> {
        let asked = self.name.get_or_try_init(|| async {
            let me = self.client.account().users().me().await;
            me.map(|me| me.id.to_string())
                .map_err(|error| LockError::Store { code: error.code(), source: Box::new(error) })
        });
        Ok(RedisLock::new(self.redis.clone(), asked.await?))
    }
}

#[async_trait]
impl SharedLock for FleetLock {
    fn place(&self) -> String {
        self.redis.address().to_string()
    }

    async fn acquire(
        &self,
        owner: &Owner,
        ttl: Duration,
        patience: Duration,
        clock: &Arc<dyn Clock>,
    ) -> Result<Box<dyn HeldLock>, LockError> {
        self.lock().await?.acquire(owner, ttl, patience, clock).await
    }

    async fn free(&self, owner: &Owner, clock: &Arc<dyn Clock>) -> Result<(), LockError> {
        self.lock().await?.free(owner, clock).await
    }
}
