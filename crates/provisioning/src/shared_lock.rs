//! The interface of locks that several machines share without a common file system. A lock of this kind has a fencing number, which the
//! journal records: each holder has a higher one than every holder before it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use digicert_one_core::Clock;

use crate::lock::{LockError, Owner};

/// A lock that several machines share, for one credential.
#[async_trait]
pub trait SharedLock: fmt::Debug + Send + Sync + 'static {
    /// Returns where the lock is, in readable form.
    fn place(&self) -> String;

    /// Acquires the lock for `ttl`, and waits for it up to `timeout`.
    ///
    /// # Errors
    /// Returns an error if it is still held, or its store cannot be used.
    async fn acquire(
        &self,
        owner: &Owner,
        ttl: Duration,
        timeout: Duration,
        clock: &Arc<dyn Clock>,
    ) -> Result<Box<dyn HeldLock>, LockError>;

    /// Releases the lock if this owner holds it: a process of this machine that no longer runs.
    ///
    /// # Errors
    /// Returns an error if the store of the lock cannot be used.
    async fn free(&self, owner: &Owner, clock: &Arc<dyn Clock>) -> Result<(), LockError>;
}

/// A lock of several machines that is held. It is not released when dropped; then it expires.
#[async_trait]
pub trait HeldLock: fmt::Debug + Send + Sync {
    /// Returns the fencing number.
    fn fence(&self) -> u64;

    /// Checks that the lock is still held with this fencing number, and extends its expiry to `ttl` from now.
    ///
    /// # Errors
    /// Returns an error if it was lost, or its store cannot be used.
    async fn renew(&self, ttl: Duration, clock: &Arc<dyn Clock>) -> Result<(), LockError>;

    /// Releases it.
    ///
    /// # Errors
    /// Returns an error if the store of the lock cannot be used; the lock then expires.
    async fn release(&self, clock: &Arc<dyn Clock>) -> Result<(), LockError>;
}
