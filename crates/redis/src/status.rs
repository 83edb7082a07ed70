//! What Redis knows about the fleet of one caller: for operators. Reads only.

use std::sync::Arc;
use std::time::Duration;

use digicert_one_core::{Clock, Fingerprint, printable_line};

use crate::config::RedisConfig;
use crate::error::{FleetError, FleetErrorKind};
use crate::keys::Keys;
use crate::store::Store;

/// How long one command may take.
const WAIT: Duration = Duration::from_secs(5);

/// The state of the shared limiter of one caller.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FleetStatus {
    /// The processes that were seen lately, by name.
    pub processes: Vec<ProcessStatus>,
    /// The rate learnt from 429 responses, in requests a second, if there is one.
    pub learnt_rate: Option<f64>,
    /// How long no request is sent after a 429.
    pub held_for: Option<Duration>,
}

/// One process of a fleet.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ProcessStatus {
    /// Host, process id, and a random part.
    pub name: String,
    /// When it last asked for permits.
    pub seen: Duration,
    /// The permits that it was given.
    pub permits: u64,
    /// How long it had to wait when it last asked.
    pub wait: Duration,
    /// Its calls that waited then.
    pub queued: u64,
    /// Its requests in flight, where they are limited.
    pub in_flight: u64,
}

impl FleetStatus {
    /// Reads the status of this caller.
    ///
    /// # Errors
    /// Returns an error if Redis cannot be used.
    pub async fn read(config: RedisConfig, caller: Fingerprint, clock: &Arc<dyn Clock>) -> Result<Self, FleetError> {
        let (keys, store) = (Keys::of(&config.prefix, caller), Store::new(config.wait(WAIT)));
        let ask = async |command: &str, key: &str, rest: &[&str]| {
            let mut command = redis::cmd(command);
            if !key.is_empty() {
                command.arg(key);
            }
            command.arg(rest);
            store.command(&command, &keys.state, WAIT, clock).await
        };
        let (seconds, micros) = read::<(f64, f64)>(ask("TIME", "", &[]).await?)?;
        let now = seconds * 1e6 + micros;
        let state = read::<Vec<Option<f64>>>(ask("HMGET", &keys.state, &["learnt", "hold"]).await?)?;
        let seen = read::<Vec<(String, f64)>>(ask("ZRANGE", &keys.seen, &["0", "999", "WITHSCORES"]).await?)?;
        let all = read::<Vec<(String, String)>>(ask("HGETALL", &keys.processes, &[]).await?)?;
        let processes = seen.into_iter().map(|(name, when)| {
            let entry = all.iter().find(|(other, _)| *other == name).map_or("", |(_, entry)| entry);
            let mut numbers = entry.split('|').map(|number| number.parse::<u64>().unwrap_or_default());
            let mut next = || numbers.next().unwrap_or_default();
            ProcessStatus {
                in_flight: next(),
                permits: next(),
                wait: Duration::from_micros(next()),
                queued: next(),
                seen: span(now - when).unwrap_or_default(),
                name: printable_line(&name).into_owned(),
            }
        });
        Ok(Self {
            processes: processes.collect(),
            learnt_rate: state.first().copied().flatten(),
            held_for: state.get(1).copied().flatten().and_then(|hold| span(hold - now)),
        })
    }
}

/// A positive number of microseconds.
fn span(micros: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(micros / 1e6).ok().filter(|span| !span.is_zero())
}

fn read<T: redis::FromRedisValue>(value: redis::Value) -> Result<T, FleetError> {
    redis::from_redis_value(value).map_err(|_| {
        FleetError::new(FleetErrorKind::Response, "a key under our name in Redis holds something else; remove it")
    })
}
