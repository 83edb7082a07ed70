//! Why a connection was not made.

use std::error::Error;
use std::fmt;
use std::io;

use digicert_one_core::{BoxError, Phase, TransportErrorKind as Kind, causes};

/// Why a connection was not made.
#[derive(Debug)]
pub struct ConnectFailure {
    kind: Kind,
    source: BoxError,
}

impl ConnectFailure {
    /// What failed, as the error of the call will say it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The reason with what is below it.
    #[must_use]
    pub fn new(kind: Kind, source: impl Into<BoxError>) -> Self {
        Self { kind, source: source.into() }
    }

    /// No address, or no listener.
    pub(crate) fn of_tcp(error: impl Error + Send + Sync + 'static) -> Self {
        let kind = causes(&error).find_map(|cause| {
            if cause.is::<NoAddress>() {
                return Some(Kind::Dns);
            }
            match cause.downcast_ref::<io::Error>()?.kind() {
                io::ErrorKind::ConnectionRefused
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::AddrNotAvailable => Some(Kind::Refused),
                // A peer accepted the connection and closed it before or during TLS; which peer is unknown.
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::NotConnected
                | io::ErrorKind::UnexpectedEof => Some(Kind::Tls),
                // Of one address, or the system's own limit.
                io::ErrorKind::TimedOut => Some(Kind::Timeout(Phase::Connect)),
                _ => None,
            }
        });
        Self::new(kind.unwrap_or(Kind::Other), error)
    }

    /// No connection to the proxy: the host was not even asked for.
    pub(crate) fn at_proxy(self) -> Self {
        match self.kind {
            Kind::Timeout(_) => self,
            _ => Self { kind: Kind::Proxy(None), ..self },
        }
    }
}

impl fmt::Display for ConnectFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no connection was made")
    }
}

impl Error for ConnectFailure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// A name without an address.
#[derive(Debug)]
pub(crate) struct NoAddress(pub(crate) Option<io::Error>);

impl fmt::Display for NoAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the resolver knows no address")
    }
}

impl Error for NoAddress {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.as_ref().map(|error| error as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_connection_gets_its_kind_from_the_system_error() {
        let cases = [
            (io::ErrorKind::ConnectionRefused, Kind::Refused),
            (io::ErrorKind::NetworkUnreachable, Kind::Refused),
            (io::ErrorKind::ConnectionReset, Kind::Tls),
            (io::ErrorKind::UnexpectedEof, Kind::Tls),
            (io::ErrorKind::TimedOut, Kind::Timeout(Phase::Connect)),
            (io::ErrorKind::OutOfMemory, Kind::Other),
        ];
        for (said, kind) in cases {
            assert_eq!(ConnectFailure::of_tcp(io::Error::from(said)).kind, kind, "{said}");
        }
    }
}
