//! The DigiCert ONE transport over [isahc](https://docs.rs/isahc) on libcurl. It runs under any executor and needs no tokio.
//!
//! libcurl carries one TLS engine, chosen by feature: `rustls-engine` (the default: exact trust roots, no OpenSSL headers) or
//! `openssl-engine` (OpenSSL built from source: given roots stand beside the system's, never alone). isahc cannot compile with
//! both, and `build.rs` says so before it tries.
//!
//! Habits of libcurl and isahc shape this crate:
//!
//! - On rustls an identity that is in memory is dropped without a word, so it is handed over as an anonymous memory file.
//! - A request is sent again when a shared or pooled connection dies under it. So everything but GET and HEAD goes over a second
//!   inner client, on HTTP/1.1 and a connection for each call. A GET or HEAD may still be sent again.
//! - Errors are a number. What the number does not tell has the wider diagnosis.
//! - At debug and trace level isahc logs requests with all their headers; here it is silenced.
//! - A call that gives no `User-Agent` gets isahc's, and a POST whose body has no `Content-Type` gets
//!   `application/octet-stream`, lest libcurl calls it a form.
//! - On rustls libcurl throws away what it has read when the connection ends right after it without a TLS close_notify: complete
//!   responses, and the secret in them. This workspace builds libcurl with a changed rustls-ffi that prevents this. Cargo takes such a
//!   patch from the root workspace only: a program outside needs the lines `[patch.crates-io]` of our Cargo.toml in its own, or the
//!   feature `openssl-engine`. Without either, `connect` logs a warning.
//! - One variable of the environment cannot be kept from libcurl: `SSLKEYLOGFILE`. Whoever may set it for this process may
//!   read its TLS traffic.
//!
//! ```
//! use digicert_one_core::{Connector as _, TransportConfig};
//!
//! let transport = digicert_one_isahc::Connector::new().connect(&TransportConfig::new())?;
//! # Ok::<(), digicert_one_core::TransportError>(())
//! ```

mod body;
mod config;
mod engine;
mod error;
mod hush;
mod identity;
mod slot;
mod transport;
mod trust;
mod upload;

use std::sync::Arc;

use digicert_one_core::{Capabilities, Capability, ConnectorInfo, Transport, TransportConfig, TransportError};

use self::engine::{OPENSSL, loses_responses};
use self::transport::IsahcTransport;

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
        ];
        let proxies = [Capability::HttpsProxy, Capability::SocksProxy];
        let all = told.into_iter().chain(proxies).fold(Capabilities::all(), Capabilities::without);
        // OpenSSL reads the system's CA directory beside whatever roots it is given; rustls takes given roots in place of them.
        all.without(if OPENSSL { Capability::TrustOnly } else { Capability::TrustSystemAnd })
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        if loses_responses(isahc::version()) {
            tracing::warn!(
                "libcurl is built with an unpatched rustls-ffi: a complete response can be lost when the server closes without a \
                 close_notify; patch rustls-ffi as the documentation of digicert-one-isahc says, or use the feature openssl-engine"
            );
        }
        Ok(Arc::new(IsahcTransport::new(config)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_is_built_with_the_patched_rustls() {
        assert!(!loses_responses(isahc::version()), "{}", isahc::version());
        assert!(loses_responses("libcurl/8.22.0 rustls-ffi/0.15.7/rustls/0.23.46/aws-lc-rs"));
        assert!(!loses_responses("libcurl/8.22.0 OpenSSL/3.6.0"));
    }
}
