//! A credential that the player of a run replaces.

use std::sync::{Mutex, PoisonError};

use digicert_one_core::{Credential, CredentialError, Lease, LeaseRequest};

/// A credential that can be replaced.
#[derive(Debug)]
pub(super) struct Held(pub(super) Mutex<Lease>);

#[async_trait::async_trait]
impl Credential for Held {
    async fn lease(&self, _: &LeaseRequest) -> Result<Lease, CredentialError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}
