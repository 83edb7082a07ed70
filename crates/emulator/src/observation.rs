//! What the platform saw of each call: who, by what, and what it answered.
//!
//! The ledgers of the listeners tell what arrived on the wire; this tells what was made of it.

use std::fmt;

use crate::decide::Proof;

/// One answered request.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Observation {
    /// The listener.
    pub host: HostKind,
    /// The request's method.
    pub method: String,
    /// The request's path, without the query.
    pub path: String,
    /// The friendly name of the service user that proved itself; `None` where nobody did.
    pub caller: Option<String>,
    /// By what the caller proved itself.
    pub proof: Option<Proof>,
    /// Whether an `x-api-key` header came, right or wrong.
    pub api_key_sent: bool,
    /// SHA-256 of the client's certificate, if it showed one.
    pub certificate: Option<String>,
    /// The answer's status; 0 where the connection was reset instead.
    pub status: u16,
    /// The names of the faults that it met, see [`FaultKind::name`](crate::FaultKind::name).
    pub faults: Vec<&'static str>,
}

/// The two kinds of host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostKind {
    /// The platform host: API keys, no client certificates.
    Platform,
    /// The `clientauth.` host: client certificates.
    ClientAuth,
}

impl fmt::Display for HostKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            HostKind::Platform => "platform",
            HostKind::ClientAuth => "clientauth",
        })
    }
}
