//! What a GET of a case is sent as, in place of GET, and what its transports are given besides.

use std::fmt;

use bytes::Bytes;
use digicert_one_core::{ClientIdentity, Proxy, TlsVersion, TlsVersions, TransportConfig};
use digicert_one_testbed::ConnectProxy;
use http::{Method, Request};

/// A method, and the body that is sent with it.
#[derive(Clone, Debug)]
pub(crate) struct SentAs {
    pub(crate) method: Method,
    pub(crate) body: &'static [u8],
    /// Whether the body streams.
    pub(crate) is_upload: bool,
    pub(crate) added: Added,
}

/// What the transports of a case are given where their configuration has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Added {
    Nothing,
    Identity,
    Proxy,
    /// The older TLS version alone.
    Tls12,
}

/// It, ready for the configurations of one case.
pub(crate) enum Addition {
    Identity(ClientIdentity),
    Proxy(ConnectProxy),
    Tls12,
}

impl Addition {
    /// The configuration with it, if it has none.
    pub(crate) fn to(&self, config: &TransportConfig) -> TransportConfig {
        let config = config.clone();
        match self {
            Self::Identity(identity) if config.identity().is_none() => config.with_identity(Some(identity.clone())),
            Self::Proxy(proxy) if *config.proxy() == Proxy::None => {
                config.with_proxy(Proxy::Http(proxy.url().parse().expect("a proxy address")))
            }
            Self::Tls12 if config.tls_versions() == TlsVersions::Both => {
                config.with_tls_versions(TlsVersions::Only(TlsVersion::Tls12))
            }
            _ => config,
        }
    }
}

impl SentAs {
    /// Makes the request one of these, if it is a GET without a body; returns whether it is now to be uploaded.
    pub(crate) fn apply(&self, request: &mut Request<Bytes>) -> bool {
        let is_other = *request.method() != Method::GET || !request.body().is_empty();
        if !is_other {
            *request.method_mut() = self.method.clone();
            *request.body_mut() = Bytes::from_static(self.body);
        }
        self.is_upload && !is_other
    }
}

impl fmt::Display for SentAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.method)?;
        f.write_str(if self.is_upload { ", with a body that streams" } else { "" })?;
        f.write_str(match self.added {
            Added::Nothing => "",
            Added::Identity => ", by transports with an identity",
            Added::Proxy => ", through a proxy",
            Added::Tls12 => ", over TLS 1.2",
        })
    }
}
