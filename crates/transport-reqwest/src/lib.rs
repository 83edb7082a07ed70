//! The DigiCert ONE transport over [reqwest](https://docs.rs/reqwest) on rustls.
//!
//! rustls is handed over ready-made with the aws-lc-rs provider named explicitly, so neither another crate's features nor a
//! process-wide default can change the stack. It is the transport that knows most: whether the server asked for a
//! certificate, which alert it sent, why it was not trusted. It needs a tokio runtime with I/O and time.
//!
//! ```
//! use digicert_one_core::{Connector as _, TransportConfig};
//!
//! let transport = digicert_one_reqwest::Connector::new().connect(&TransportConfig::new())?;
//! # Ok::<(), digicert_one_core::TransportError>(())
//! ```

mod body;
mod ciphers;
mod config;
mod error;
mod handshake;
mod identity;
mod transport;

use std::sync::Arc;

use digicert_one_core::{Capabilities, Capability, ConnectorInfo, Transport, TransportConfig, TransportError};

use self::transport::ReqwestTransport;

/// Makes transports over reqwest on rustls.
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
        ConnectorInfo::new("reqwest", "reqwest 0.13", "rustls 0.23 / aws-lc-rs")
    }

    fn capabilities(&self) -> Capabilities {
        // The connect limit of reqwest covers TCP and TLS together and does not say which of the two it cut.
        let missing = [Capability::TimeoutPhase, Capability::HttpsProxy, Capability::SocksProxy];
        missing.into_iter().fold(Capabilities::all(), Capabilities::without)
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        Ok(Arc::new(ReqwestTransport::new(config)?))
    }
}
