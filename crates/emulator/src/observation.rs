//! What the platform saw of each request: who, by which proof, and what it responded. The ledgers hold what arrived on the wire.

use serde::Serialize;

use crate::words::words;

/// One request and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Observation {
    /// The listener.
    pub host: HostKind,
    /// The request's method.
    pub method: String,
    /// The request's path, without the query.
    pub path: String,
    /// The friendly name of the authenticated service user, if there was one.
    pub caller: Option<String>,
    /// The credentials that authenticated the caller.
    pub proof: Option<Proof>,
    /// Whether an `x-api-key` header came, valid or not.
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
