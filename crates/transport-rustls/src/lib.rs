#![doc = include_str!("../README.md")]

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
