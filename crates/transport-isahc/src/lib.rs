//! The DigiCert ONE transport over [isahc](https://docs.rs/isahc) on libcurl. It runs under any executor and needs no tokio.
//!
//! libcurl carries one TLS engine, chosen by feature: `rustls-engine` (the default: exact trust roots, no OpenSSL headers) or
//! `openssl-engine` (OpenSSL built from source). isahc cannot compile
//! with both, and `build.rs` says so before it tries.
//!
//! On the OpenSSL engine `TrustRoots::SystemAnd` means the given roots and the system's hashed CA *directory*, such as
//! `/etc/ssl/certs`: given roots take the place of the system's bundle *file*. A system that has the file alone adds nothing, and
//! a public server is then refused. `TrustRoots::System` reads both.
//!
//! Three habits of libcurl shape this crate. On rustls it drops an identity that is in memory without a word, so the identity
//! is handed over as an anonymous memory file. It sends a request again when a pooled connection dies under it, so everything
//! but GET and HEAD goes over a second inner client that never reuses a connection. And it tells little about failures, so many of
//! them have the wider diagnosis.
//!
//! ```
//! use digicert_one_core::{Connector as _, TransportConfig};
//!
//! let transport = digicert_one_isahc::Connector::new().connect(&TransportConfig::new())?;
//! # Ok::<(), digicert_one_core::TransportError>(())
//! ```

mod body;
mod config;
mod error;
mod identity;
mod slot;
mod transport;

use std::sync::Arc;

use digicert_one_core::{Capabilities, Capability, ConnectorInfo, Transport, TransportConfig, TransportError};

use self::transport::IsahcTransport;

/// Whether libcurl's engine is OpenSSL.
pub(crate) const OPENSSL: bool = cfg!(feature = "openssl-engine");

/// Makes transports over isahc on libcurl.
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
        // isahc/2.0.2 (features:...) libcurl/8.22.0 rustls-ffi/0.15.7/rustls/0.23.46/aws-lc-rs ...
        let words: Vec<&str> = isahc::version().split_whitespace().collect();
        let find = |prefix: &str| words.iter().find(|word| word.starts_with(prefix)).copied();
        let engine = find(if OPENSSL { "OpenSSL" } else { "rustls" }).unwrap_or("unknown");
        let engine =
            engine.rsplit_once("/rustls/").map_or_else(|| engine.to_owned(), |(_, rest)| format!("rustls/{rest}"));
        let libraries = format!("{} {}", find("isahc/").unwrap_or("isahc"), find("libcurl/").unwrap_or("libcurl"));
        ConnectorInfo::new("isahc", libraries.replace('/', " "), format!("libcurl on {}", engine.replace('/', " ")))
    }

    fn capabilities(&self) -> Capabilities {
        let told = [
            Capability::AlertDetail,
            Capability::PeerFaultDetail,
            Capability::ClientAuthSignal,
            Capability::TimeoutPhase,
            Capability::TlsVersionFact,
            Capability::ReuseFact,
        ];
        let all = told.into_iter().fold(Capabilities::all(), Capabilities::without);
        // OpenSSL reads the system's CA directory beside whatever roots it is given; rustls takes given roots in place of them.
        all.without(if OPENSSL { Capability::TrustOnly } else { Capability::TrustSystemAnd })
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        Ok(Arc::new(IsahcTransport::new(config)?))
    }
}
