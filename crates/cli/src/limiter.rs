//! The rate limiter that a fleet shares, from options or from the profile.

use std::time::Duration;

use digicert_one::redis::{FleetError, Limits, RedisConfig, RedisRateLimiter};
use digicert_one::{Config, TrustRoots};

use crate::arguments::{LimiterOptions, Rate, rate};
use crate::failure::Failure;
use crate::output::Output;
use crate::reference;

/// How long a call waits for Redis. A command may make only one call, which opens the connection, too.
const WAIT: Duration = Duration::from_millis(500);

/// How Redis is reached, and what is shared.
pub(crate) struct SharedLimiter {
    pub(crate) config: RedisConfig,
    rates: Vec<Rate>,
}

impl SharedLimiter {
    /// The limiter that the options name, else the one of the profile.
    pub(crate) async fn find(options: &LimiterOptions, setup: &Config) -> Result<Option<Self>, Failure> {
        let (address, password, rates) = match (&options.limiter, setup.profile()) {
            (Some(address), _) => {
                let password = match &options.limiter_password {
                    Some(reference) => Some(reference::secret("--limiter-password", reference).await?),
                    None => None,
                };
                (address, password, options.limiter_rate.clone())
            }
            (None, Some(profile)) => {
                let Some(address) = &profile.limiter else { return Ok(None) };
                let of_profile = setup.clone();
                let password = tokio::task::spawn_blocking(move || of_profile.limiter_password());
                let password = password.await.map_err(|error| Failure::Internal(error.into()))?;
                let rates = profile.limiter_rate.as_deref().map(rates).transpose()?;
                (address, password.map_err(|error| Failure::Setup(error.into()))?, rates.unwrap_or_default())
            }
            (None, None) => return Ok(None),
        };
        let mut config = RedisConfig::new(address.parse().map_err(Failure::Limiter)?).wait(WAIT);
        if let Some(password) = password {
            config = config.password(password);
        }
        if let Some(roots) = setup.roots() {
            config = config.trust(TrustRoots::SystemAnd(roots.to_vec()));
        }
        Ok(Some(Self { config, rates }))
    }

    /// The limiter. It warns when Redis cannot be used, and keeps a share of the limits meanwhile.
    pub(crate) fn limiter(self, output: Output) -> Result<RedisRateLimiter, FleetError> {
        let limits = self.rates.iter().fold(Limits::new(), |limits, rate| limits.window(rate.requests, rate.period));
        Ok(RedisRateLimiter::new(self.config, limits)?.on_event(move |event| output.warning(event)))
    }
}

fn rates(text: &str) -> Result<Vec<Rate>, Failure> {
    let read: Result<Vec<Rate>, String> = text.split(',').map(rate).collect();
    read.map_err(|error| Failure::Usage(format!("limiter_rate of the profile: {error}")))
}
