//! The notice of a new generation of a credential: one machine announces it, the others reload at once.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use digicert_one_core::{BoxError, Clock};
use digicert_one_provisioning::{CredentialChange, CredentialConsumer};
use futures_util::StreamExt as _;
use futures_util::future::{Either, select};

use crate::config::RedisConfig;
use crate::connection::Listener;
use crate::error::FleetError;
use crate::keys::named;
use crate::lua::Lua;
use crate::store::Store;

/// How long one command may take.
const WAIT: Duration = Duration::from_secs(5);
/// How often the number is read where messages do not arrive.
const POLL: Duration = Duration::from_secs(5);

/// The notice of new generations of one credential, by a name that all machines use.
///
/// The machine that rotates gives it to its workflows as a consumer; the others wait for it and reload:
///
/// ```no_run
/// use std::sync::Arc;
/// use digicert_one_core::Clock;
/// use digicert_one_redis::{GenerationNotice, RedisConfig};
///
/// # async fn example(reload: impl AsyncFn(), clock: Arc<dyn Clock>) -> Result<(), digicert_one_redis::FleetError> {
/// let notice = GenerationNotice::new(RedisConfig::new("redis://cache.example.com".parse()?), "ci-bot");
/// let mut watch = notice.watch();
/// loop {
///     watch.changed(&clock).await;
///     reload().await; // such as WatchingCredential::reload
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct GenerationNotice {
    key: String,
    store: Store,
    announce: Lua,
    poll: Duration,
}

impl GenerationNotice {
    /// Creates the notice with this name. Nothing is connected yet.
    #[must_use]
    pub fn new(config: RedisConfig, name: &str) -> Self {
        let config = config.wait(WAIT);
        Self {
            key: named(&config.prefix, "generation", name),
            store: Store::new(config),
            announce: Lua::new(include_str!("lua/announce.lua")),
            poll: POLL,
        }
    }

    /// Sets how often the number is read, for times in which messages do not arrive (every 5 seconds by default).
    #[must_use]
    pub fn poll(mut self, poll: Duration) -> Self {
        self.poll = poll;
        self
    }

    /// Announces a new generation.
    ///
    /// # Errors
    /// Returns an error if Redis cannot be used. The others then see the new secret when they next look at its source.
    pub async fn announce(&self, clock: &Arc<dyn Clock>) -> Result<(), FleetError> {
        self.store.script(&self.announce, &[&self.key], &[], clock).await.map(drop)
    }

    /// Waits for announcements from now on.
    #[must_use]
    pub fn watch(&self) -> GenerationWatch {
        GenerationWatch { notice: self.clone(), number: None, listener: None }
    }

    async fn number(&self, clock: &Arc<dyn Clock>) -> Result<u64, FleetError> {
        let value = self.store.command(redis::cmd("GET").arg(&self.key), &self.key, WAIT, clock).await?;
        // A number that is missing or damaged counts as another one.
        Ok(redis::from_redis_value::<Option<u64>>(value).ok().flatten().unwrap_or_default())
    }
}

impl fmt::Debug for GenerationNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GenerationNotice").field("store", &self.store).finish_non_exhaustive()
    }
}

#[async_trait]
impl CredentialConsumer for GenerationNotice {
    fn name(&self) -> String {
        "the other machines (notice in Redis)".to_owned()
    }

    async fn switch(&self, _to: &CredentialChange, clock: &Arc<dyn Clock>) -> Result<(), BoxError> {
        // Those who miss it find the new secret by themselves within the grace.
        if let Err(error) = self.announce(clock).await {
            tracing::warn!(code = %error.code(), error = %error, "the new generation was not announced");
        }
        Ok(())
    }
}

/// Waits for announcements.
#[derive(Debug)]
pub struct GenerationWatch {
    notice: GenerationNotice,
    number: Option<u64>,
    listener: Option<Listener>,
}

impl GenerationWatch {
    /// Waits until a new generation is announced. An announcement between two calls is not missed. The first call begins to watch.
    pub async fn changed(&mut self, clock: &Arc<dyn Clock>) {
        loop {
            if self.listener.is_none() {
                let config = self.notice.store.config();
                let opening = Listener::open(config, &self.notice.key);
                self.listener = tokio::time::timeout(WAIT, opening).await.ok().and_then(Result::ok);
            }
            // After the subscription, so that nothing is missed in between.
            if let Ok(number) = self.notice.number(clock).await {
                let last = self.number.replace(number);
                if last.is_some_and(|last| last != number) {
                    return;
                }
            }
            let poll = clock.sleep(self.notice.poll);
            match &mut self.listener {
                None => poll.await,
                Some(listener) => {
                    let next = std::pin::pin!(listener.messages.next());
                    if let Either::Left((None, poll)) = select(next, poll).await {
                        // The connection ended; a server that is gone must not be asked in a loop.
                        self.listener = None;
                        poll.await;
                    }
                }
            }
        }
    }
}
