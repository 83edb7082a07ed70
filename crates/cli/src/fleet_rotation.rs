//! What the machines of a fleet agree on when one rotates their credential, in the Redis of their rate limiter: a lock, so that only one
//! does, and a notice, so that the others reload at once.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use digicert_one::account::AccountExt as _;
use digicert_one::core::{BoxError, Clock};
use digicert_one::provisioning::{CredentialChange, CredentialConsumer, HeldLock, LockError, Owner, SharedLock};
use digicert_one::redis::{GenerationNotice, RedisConfig, RedisLock};
use digicert_one::{Client, Error};
use tokio::sync::OnceCell;

use crate::output::Output;

/// Both by the id of the user that the client authenticates as, unless they have a name.
#[derive(Clone, Debug)]
pub(crate) struct FleetRotation {
    client: Client,
    redis: RedisConfig,
    name: Arc<OnceCell<String>>,
}

impl FleetRotation {
    pub(crate) fn new(client: Client, redis: RedisConfig, name: Option<String>) -> Self {
        Self { client, redis, name: Arc::new(OnceCell::new_with(name)) }
    }

    /// The step of a rotation that announces it. Says so where Redis could not be used.
    pub(crate) fn announcement(&self, output: Output) -> Announcement {
        Announcement { fleet: self.clone(), output }
    }

    /// The notice that the machine that rotated gives to the others.
    pub(crate) async fn notice(&self) -> Result<GenerationNotice, Error> {
        Ok(GenerationNotice::new(self.redis.clone(), self.name().await?))
    }

    async fn lock(&self) -> Result<RedisLock, LockError> {
        let name =
            self.name().await.map_err(|error| LockError::Store { code: error.code(), source: Box::new(error) })?;
        Ok(RedisLock::new(self.redis.clone(), name))
    }

    /// Only now the platform is asked for the id: a command that has nothing to do needs no lock.
    async fn name(&self) -> Result<&str, Error> {
        let asked =
            self.name.get_or_try_init(|| async { Ok(self.client.account().users().me().await?.id.to_string()) });
        asked.await.map(String::as_str)
    }
}

/// See [`FleetRotation::announcement`].
#[derive(Debug)]
pub(crate) struct Announcement {
    fleet: FleetRotation,
    output: Output,
}

#[async_trait]
impl CredentialConsumer for Announcement {
    fn name(&self) -> String {
        format!("the other machines (notice in Redis at {})", self.fleet.redis.address())
    }

    async fn switch(&self, _to: &CredentialChange, clock: &Arc<dyn Clock>) -> Result<(), BoxError> {
        // Without the notice they find the new secret when they next read its source.
        if let Err(error) = self.fleet.notice().await?.announce(clock).await {
            self.output.warning(&format_args!("the other machines were not notified of the rotation: {error}"));
        }
        Ok(())
    }
}

#[async_trait]
impl SharedLock for FleetRotation {
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
