//! A credential that comes from a place of the program's own, here a function in place of a vault. It is asked before every attempt,
//! so it caches, and reads again when the platform refuses what it has.
#![allow(clippy::print_stdout, reason = "a program speaks through its output")]

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use digicert_one::core::{CredentialError, Generation, Lease, LeaseRequest, Material};
use digicert_one::{ApiKey, Builder, Credential};

/// The last reading of the vault.
#[derive(Debug, Default)]
struct VaultCredential {
    cached: Mutex<Option<Lease>>,
}

impl VaultCredential {
    fn read(generation: Generation) -> Result<Lease, CredentialError> {
        // Yours: a request to the vault.
        let text = std::env::var("VAULT_API_KEY").unwrap_or_default();
        let key = ApiKey::new(text)?;
        Ok(Lease::new(Material::api_key(key), generation, "the vault"))
    }
}

#[async_trait]
impl Credential for VaultCredential {
    async fn lease(&self, need: &LeaseRequest) -> Result<Lease, CredentialError> {
        let mut cached = self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        let generation = match &*cached {
            Some(lease) if need.newer_than.is_none_or(|refused| lease.generation() > refused) => {
                return Ok(lease.clone());
            }
            Some(lease) => lease.generation().next(),
            None => Generation::FIRST,
        };
        let lease = Self::read(generation)?;
        *cached = Some(lease.clone());
        Ok(lease)
    }
}

#[tokio::main]
async fn main() -> Result<(), digicert_one::Error> {
    // Host, roots and proxy from the environment; the credential from the vault.
    let one = Builder::from_env()?.credential(VaultCredential::default()).build()?;
    println!("called as {}", one.whoami().await?);
    Ok(())
}
