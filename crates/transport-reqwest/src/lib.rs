#![doc = include_str!("../README.md")]

mod begun;
mod body;
mod ciphers;
mod config;
mod connections;
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
