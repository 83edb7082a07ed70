#![doc = include_str!("../README.md")]

mod about;
mod alert;
#[cfg(not(any(target_os = "windows", target_vendor = "apple", target_os = "android")))]
mod contexts;
mod engine;
#[cfg(any(target_os = "windows", target_vendor = "apple", target_os = "android"))]
#[path = "native_stack.rs"]
mod stack;
#[cfg(not(any(target_os = "windows", target_vendor = "apple", target_os = "android")))]
#[path = "openssl_stack.rs"]
mod stack;
mod untrusted;

use std::sync::Arc;

use digicert_one_core::{Capabilities, ConnectorInfo, Transport, TransportConfig, TransportError};
use digicert_one_hyper::HyperTransport;

use self::about::{capabilities, engine};
use self::engine::Engine;

/// Makes transports over hyper on the operating system's TLS.
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
        ConnectorInfo::new("native-tls", "hyper 1 / hyper-util 0.1", engine())
    }

    fn capabilities(&self) -> Capabilities {
        capabilities()
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        Ok(Arc::new(HyperTransport::<Engine>::new(config)?))
    }
}

#[cfg(test)]
mod tests {
    use digicert_one_core::Connector as _;

    use super::Connector;

    #[test]
    fn tls_engine_is_named() {
        let info = Connector::new().info();
        let named = ["OpenSSL ", "native-tls 0.2 / SChannel", "native-tls 0.2 / Security.framework"];
        assert!(named.iter().any(|name| info.tls_engine.starts_with(name)), "{}", info.tls_engine);
        assert!(!info.tls_engine.ends_with(' '), "its version is missing");
    }
}
