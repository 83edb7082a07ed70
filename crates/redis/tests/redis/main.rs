//! The limiter and the lock with a real `redis-server`, which each test starts for itself. Without one, they say SKIPPED.

mod bad_input;
#[cfg(feature = "provisioning")]
mod cluster;
mod fixtures;
mod limiter;
#[cfg(feature = "provisioning")]
mod lock;
mod outage;
#[cfg(feature = "provisioning")]
mod sentinel;
mod server;
