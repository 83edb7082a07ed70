//! The configuration of a transport, as far as its facts depend on it. It holds no identity: some cases check
//! that keys are wiped.

use std::fmt;

use digicert_one_core::{HttpVersions, Proxy, TlsVersions, TransportConfig};

/// The setting of a transport.
#[derive(Debug)]
pub(super) struct Given {
    has_identity: bool,
    /// Scheme and port.
    proxy: Option<(String, u16)>,
    tls: TlsVersions,
    http: HttpVersions,
}

impl Given {
    pub(super) fn of(config: &TransportConfig) -> Self {
        let proxy = match config.proxy() {
            Proxy::Http(uri) => {
                let scheme = uri.scheme_str().unwrap_or("http").to_owned();
                let usual = match &*scheme {
                    "http" => 80,
                    "https" => 443,
                    _ => 1080,
                };
                Some((scheme, uri.port_u16().unwrap_or(usual)))
            }
            _ => None,
        };
        let (tls, http) = (config.tls_versions(), config.http_versions());
        Self { has_identity: config.identity().is_some(), proxy, tls, http }
    }

    pub(super) fn has_identity(&self) -> bool {
        self.has_identity
    }

    pub(super) fn proxy_port(&self) -> Option<u16> {
        self.proxy.as_ref().map(|(_, port)| *port)
    }

    /// The port of a proxy that is spoken to in clear text.
    pub(super) fn http_proxy_port(&self) -> Option<u16> {
        self.proxy.as_ref().filter(|(scheme, _)| scheme == "http").map(|(_, port)| *port)
    }
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.http == HttpVersions::Http1 { "HTTP/1.1 alone" } else { "HTTP/1.1 and 2" })?;
        match self.tls {
            TlsVersions::Only(version) => write!(f, ", {version} alone")?,
            _ => f.write_str(", TLS 1.2 and 1.3")?,
        }
        match &self.proxy {
            Some((scheme, _)) => write!(f, ", through a proxy of {scheme}")?,
            None => f.write_str(", direct")?,
        }
        f.write_str(if self.has_identity { ", with an identity" } else { ", without an identity" })
    }
}
