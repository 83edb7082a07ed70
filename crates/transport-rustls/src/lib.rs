//! The DigiCert ONE transport over hyper on [rustls](https://docs.rs/rustls).
//!
//! It owns its connections, so each of them reports what happened on it: the alert that the server sent, whether it asked for a
//! certificate and got one, why it was not trusted, the TLS version, and the phase in which a timeout ran out. All but TLS is
//! [`digicert_one_hyper`]. It needs a tokio runtime with I/O and time.
//!
//! The cryptography is aws-lc-rs (feature `aws-lc-rs`, the default) or ring (feature `ring`, with the default features off); if both are
//! switched on, aws-lc-rs is used. The provider is handed to each configuration, and the process-wide default is neither read
//! nor set.
//!
//! ```
//! use digicert_one_core::{Connector as _, TransportConfig};
//!
//! let transport = digicert_one_rustls::Connector::new().connect(&TransportConfig::new())?;
//! # Ok::<(), digicert_one_core::TransportError>(())
//! ```

mod config;
mod engine;
mod identity;
mod notes;
mod provider;
mod verifier;

use std::sync::Arc;

use digicert_one_core::{Capabilities, Capability, ConnectorInfo, Transport, TransportConfig, TransportError};
use digicert_one_hyper::HyperTransport;

use self::engine::Engine;

/// Makes transports over hyper on rustls.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Connector;

impl Connector {
    /// The connector; it has no settings of its own.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl digicert_one_core::Connector for Connector {
    fn info(&self) -> ConnectorInfo {
        ConnectorInfo::new("rustls", "hyper 1 / hyper-util 0.1", format!("rustls 0.23 / {}", provider::NAME))
    }

    fn capabilities(&self) -> Capabilities {
        [Capability::HttpsProxy, Capability::SocksProxy].into_iter().fold(Capabilities::all(), Capabilities::without)
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        Ok(Arc::new(HyperTransport::<Engine>::new(config)?))
    }
}
