//! What the platform observed of each request: the caller, its authentication, and the response. The ledgers
//! have the requests on the wire.

use serde::Serialize;

use crate::words::words;

/// One request and its result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Observation {
    /// The listener.
    pub host: HostKind,
    /// The request's method.
    pub method: String,
    /// The request's path, without the query.
    pub path: String,
    /// The friendly name of the authenticated service user, if any.
    pub caller: Option<String>,
    /// The credentials that authenticated the caller.
    pub proof: Option<Proof>,
    /// Whether the request had an `x-api-key` header, valid or not.
    pub api_key_sent: bool,
    /// SHA-256 of the client's certificate, if it presented one.
    pub certificate: Option<String>,
    /// The response's status; 0 if the connection was reset instead.
    pub status: u16,
    /// The names of the faults that it met, see [`FaultKind::name`](crate::FaultKind::name).
    pub faults: Vec<&'static str>,
}

words! { "host",
    /// The two kinds of host.
    pub enum HostKind {
        /// The platform host: API keys, no client certificates.
        Platform = "platform",
        /// The `clientauth.` host: client certificates.
        ClientAuth = "clientauth",
    }
}

words! { "proof",
    /// The credentials that authenticated a caller.
    pub enum Proof {
        /// An API key.
        ApiKey = "api-key",
        /// A client certificate.
        Certificate = "certificate",
        /// An API key and a client certificate.
        Both = "both",
    }
}
