//! The configuration of the connection to Redis.

use std::fmt;
use std::time::Duration;

use digicert_one_core::{Secret, TrustRoots};

use crate::address::RedisAddress;

/// How long a call waits for Redis.
const WAIT: Duration = Duration::from_millis(50);
/// How long a connection may take, which no call waits for.
const CONNECT: Duration = Duration::from_secs(2);

/// How Redis is reached.
///
/// ```
/// use digicert_one_redis::{RedisAddress, RedisConfig};
///
/// let config = RedisConfig::new("redis://cache.example.com/0".parse::<RedisAddress>()?).prefix("prod");
/// # Ok::<(), digicert_one_redis::FleetError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct RedisConfig {
    pub(crate) address: RedisAddress,
    pub(crate) password: Option<Secret>,
    pub(crate) trust: TrustRoots,
    pub(crate) prefix: String,
    pub(crate) wait: Duration,
    pub(crate) connect: Duration,
}

impl RedisConfig {
    /// No password, the system's roots for TLS, at most 50 ms for Redis in a call.
    pub fn new(address: RedisAddress) -> Self {
        Self {
            address,
            password: None,
            trust: TrustRoots::System,
            prefix: "d1".to_owned(),
            wait: WAIT,
            connect: CONNECT,
        }
    }

    /// Sets the password.
    pub fn password(mut self, password: Secret) -> Self {
        self.password = Some(password);
        self
    }

    /// Sets the roots for TLS.
    pub fn trust(mut self, trust: TrustRoots) -> Self {
        self.trust = trust;
        self
    }

    /// Sets the beginning of the names of our keys (`d1` by default). Fleets that share a Redis and not their limits need different ones.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets how long a call waits for Redis at most (50 ms by default); then the policy decides.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Sets how long a connection may take (2 seconds by default). Calls do not wait for it longer than for Redis.
    pub fn connect_timeout(mut self, connect: Duration) -> Self {
        self.connect = connect;
        self
    }

    /// Returns the address.
    #[must_use]
    pub fn address(&self) -> &RedisAddress {
        &self.address
    }
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisConfig")
            .field("address", &self.address.to_string())
            .field("password", &self.password)
            .field("prefix", &self.prefix)
            .field("wait", &self.wait)
            .finish_non_exhaustive()
    }
}
