//! The DigiCert ONE transport over [hyper](https://docs.rs/hyper) on the operating system's TLS: OpenSSL, SChannel or Secure
//! Transport, by [native-tls](https://docs.rs/native-tls).
//!
//! It does not go through reqwest, so no other crate's features can change the stack below it. It needs a tokio runtime with
//! I/O and time. Making a transport takes tens of milliseconds on Linux, because OpenSSL loads the system's roots even where
//! they are then not used: make one and keep it. The feature `vendored` builds OpenSSL from source, so that no headers are
//! needed.
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
mod identity;
mod stream;
mod transport;

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
        let engine = match () {
            () if cfg!(windows) => "SChannel",
            () if cfg!(target_vendor = "apple") => "Secure Transport",
            () if cfg!(feature = "vendored") => "OpenSSL 3, built in",
            () => "OpenSSL of the system",
        };
        ConnectorInfo::new("native-tls", "hyper 1", engine)
    }

    fn capabilities(&self) -> Capabilities {
        // native-tls shows neither the certificate request nor the version that was agreed.
        let all = Capabilities::all().without(Capability::ClientAuthSignal).without(Capability::TlsVersionFact);
        if cfg!(windows) || cfg!(target_vendor = "apple") {
            // Their error texts are not read; Secure Transport has no TLS 1.3 in native-tls 0.2.
            let plain = all.without(Capability::AlertDetail).without(Capability::PeerFaultDetail);
            return if cfg!(windows) { plain } else { plain.without(Capability::Tls13) };
        }
        all
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        Ok(Arc::new(NativeTlsTransport::new(config)?))
    }
}
