#![doc = include_str!("../README.md")]
//!
//! # Habits of libcurl and isahc that shape this crate
//!
//! - On rustls an identity that is in memory is dropped without an error, so it is handed over as an anonymous memory file.
//! - A request is sent again when a shared or pooled connection dies under it. So everything but GET and HEAD goes over a second
//!   inner client, on HTTP/1.1 and a connection for each call. A GET or HEAD may still be sent again.
//! - An upload is never sent again: isahc rewinds only bodies that it holds whole. Its body is read where the call is awaited, and isahc
//!   drops the rest of it once the head of a response is there; a success before the end of the body is therefore an error.
//! - Errors are a number. What the number does not say has the wider diagnosis.
//! - At debug and trace level isahc logs requests with all their headers; here it is silenced.
//! - A call that gives no `User-Agent` gets isahc's, and a POST whose body has no `Content-Type` gets
//!   `application/octet-stream`, lest libcurl calls it a form.
//! - One variable of the environment cannot be kept from libcurl: `SSLKEYLOGFILE`. Anyone who can set it for this process can
//!   read its TLS traffic.

mod body;
mod client_slot;
mod config;
mod engine;
mod error;
mod identity;
mod log_silencer;
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
        let lacking = [
            Capability::AlertDetail,
            Capability::PeerFaultDetail,
            Capability::ClientAuthSignal,
            Capability::TimeoutPhase,
            Capability::TlsVersionFact,
        ];
        let proxies = [Capability::HttpsProxy, Capability::SocksProxy];
        let all = lacking.into_iter().chain(proxies).fold(Capabilities::all(), Capabilities::without);
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
