//! The DigiCert ONE transport over hyper on the operating system's TLS ([native-tls](https://docs.rs/native-tls)): OpenSSL
//! on Linux, SChannel on Windows, Security.framework on Apple's systems.
//!
//! native-tls tells little about a handshake, so this crate reads what passes over the wire in clear text: that gives the
//! TLS version, and under TLS 1.2 the request for a client certificate. Under TLS 1.3 that request is encrypted, and whether
//! one was asked for stays unknown. It needs a tokio runtime with I/O and time.
//!
//! Making a transport takes some 70 ms on Linux, since OpenSSL loads the system's roots each time, even when they are not
//! to be trusted. It is done once for each transport, never for a call.
//!
//! ```
//! use digicert_one_core::{Connector as _, TransportConfig};
//!
//! let transport = digicert_one_native_tls::Connector::new().connect(&TransportConfig::new())?;
//! # Ok::<(), digicert_one_core::TransportError>(())
//! ```

mod body;
mod config;
mod dial;
mod error;
mod handshake;
mod identity;
mod lost;
mod records;
mod stream;
mod transport;
mod tunnel;
mod untrusted;

use std::sync::Arc;

use digicert_one_core::{Capabilities, Capability, ConnectorInfo, Transport, TransportConfig, TransportError};

use self::transport::NativeTlsTransport;

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
        Ok(Arc::new(NativeTlsTransport::new(config)?))
    }
}

/// What the engine below can do. Only OpenSSL is put to the test; of the others the least is claimed.
fn capabilities() -> Capabilities {
    // TLS 1.3 encrypts the server's request, and native-tls has no callback for it.
    let missing = [Capability::ClientAuthSignal, Capability::HttpsProxy, Capability::SocksProxy];
    let openssl = missing.into_iter().fold(Capabilities::all(), Capabilities::without);
    if cfg!(not(any(target_os = "windows", target_vendor = "apple"))) {
        return openssl;
    }
    // Their error texts are in the user's language and name neither alert nor fault.
    let others = openssl
        .without(Capability::AlertDetail)
        .without(Capability::PeerFaultDetail)
        .without(Capability::Ed25519Identity);
    if cfg!(target_vendor = "apple") { others.without(Capability::Tls13) } else { others }
}

#[cfg(not(any(target_os = "windows", target_vendor = "apple")))]
fn engine() -> String {
    // "OpenSSL 3.6.3 7 Apr 2026" without its date.
    let version: Vec<&str> = openssl::version::version().split(' ').take(2).collect();
    format!("native-tls 0.2 / {}", version.join(" "))
}

#[cfg(target_os = "windows")]
fn engine() -> String {
    "native-tls 0.2 / SChannel".to_owned()
}

#[cfg(target_vendor = "apple")]
fn engine() -> String {
    "native-tls 0.2 / Security.framework".to_owned()
}

#[cfg(test)]
mod tests {
    use digicert_one_core::Connector as _;

    use super::Connector;

    #[test]
    fn the_engine_is_named() {
        let info = Connector::new().info();
        let named = ["native-tls 0.2 / OpenSSL ", "native-tls 0.2 / SChannel", "native-tls 0.2 / Security.framework"];
        assert!(named.iter().any(|name| info.tls_engine.starts_with(name)), "{}", info.tls_engine);
        assert!(!info.tls_engine.ends_with(' '), "its version is missing");
    }
}
