//! One API key of DigiCert ONE on many machines: its rate limit, its rotation lock and the notice of a new generation, in Redis or Valkey.
#![doc = include_str!("../README.md")]

mod address;
mod caller;
mod config;
mod connection;
mod error;
mod keys;
mod limiter;
mod limits;
#[cfg(feature = "provisioning")]
mod lock;
mod lua;
#[cfg(feature = "provisioning")]
mod notice;
mod policy;
mod process;
mod schedule;
mod status;
mod store;
#[cfg(feature = "tls")]
mod tls;

pub use address::RedisAddress;
pub use config::RedisConfig;
pub use error::{FleetError, FleetErrorKind};
pub use limiter::RedisRateLimiter;
pub use limits::Limits;
#[cfg(feature = "provisioning")]
pub use lock::RedisLock;
#[cfg(feature = "provisioning")]
pub use notice::{GenerationNotice, GenerationWatch};
pub use policy::{FleetEvent, OnFleetEvent, OutagePolicy};
pub use status::{FleetStatus, ProcessStatus};
