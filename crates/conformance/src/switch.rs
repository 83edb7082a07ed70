//! A credential that a case turns from one generation to the next.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use digicert_one_core::{Credential, CredentialError, Generation, Lease, LeaseNeed, Material};

/// Hands out what it was last turned to. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Switch(Arc<Mutex<Lease>>);

impl Switch {
    pub(crate) fn new(material: Material) -> Self {
        Self(Arc::new(Mutex::new(Lease::new(material, Generation::FIRST, "the case"))))
    }

    /// The next generation; every lease from now on has it.
    pub(crate) fn turn(&self, material: Material) {
        let mut lease = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *lease = Lease::new(material, lease.generation().next(), "the case");
    }
}

#[async_trait]
impl Credential for Switch {
    async fn lease(&self, _need: &LeaseNeed) -> Result<Lease, CredentialError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }
}
