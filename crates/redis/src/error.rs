//! What can go wrong with Redis, and the diagnosis code of each case.

use std::error::Error;
use std::sync::Arc;

use digicert_one_core::{Code, RateLimitError, printable_line};
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Error returned when Redis cannot be used.
///
/// Its texts never contain the password, and text of the server is escaped.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct FleetError {
    kind: FleetErrorKind,
    message: String,
    #[source]
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// The kind of a [`FleetError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FleetErrorKind {
    /// The connection is missing, or was cut.
    Unreachable,
    /// Redis did not respond in time.
    Timeout,
    /// Redis loads its data, or its cluster is not complete.
    NotReady,
    /// The user name or the password is wrong, or a command is not permitted.
    Denied,
    /// The TLS handshake failed.
    Tls,
    /// The version of Redis is not supported.
    Version,
    /// The server is a replica that cannot be written to.
    ReadOnly,
    /// Redis has no memory left.
    OutOfMemory,
    /// A key under our name has another type.
    WrongType,
    /// The response is not one that our scripts give.
    Response,
    /// The script failed.
    Script,
    /// The configuration is invalid.
    Config,
}

impl FleetError {
    pub(crate) fn new(kind: FleetErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    pub(crate) fn caused_by(mut self, source: impl Error + Send + Sync + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> FleetErrorKind {
        self.kind
    }

    /// Returns the diagnosis code.
    #[must_use]
    pub fn code(&self) -> Code {
        use FleetErrorKind as Kind;
        match self.kind {
            Kind::Unreachable | Kind::Timeout | Kind::NotReady => Code::PACE_02,
            Kind::Denied | Kind::Tls => Code::PACE_03,
            Kind::Version
            | Kind::ReadOnly
            | Kind::OutOfMemory
            | Kind::WrongType
            | Kind::Response
            | Kind::Script
            | Kind::Config => Code::PACE_04,
        }
    }

    /// Whether the connection is of no further use.
    pub(crate) fn ends_connection(&self) -> bool {
        use FleetErrorKind as Kind;
        matches!(self.kind, Kind::Unreachable | Kind::Response | Kind::ReadOnly | Kind::Tls | Kind::Version)
    }

    /// What an error of the library means.
    pub(crate) fn of(error: RedisError) -> Self {
        use FleetErrorKind as Kind;
        let code = error.code().unwrap_or_default().to_owned();
        let detail = error.detail().map(|detail| printable_line(detail).into_owned()).unwrap_or_default();
        let (kind, message) = match (error.kind(), code.as_str()) {
            (_, "NOAUTH") => (Kind::Denied, "Redis requires a password, and none was given"),
            (_, "WRONGPASS") | (ErrorKind::AuthenticationFailed, _) => {
                (Kind::Denied, "Redis refused the user name or the password; check the reference to the password")
            }
            (ErrorKind::Server(ServerErrorKind::NoPerm), _) => {
                (Kind::Denied, "Redis does not permit a command that is needed; check the rules (ACL) of this user")
            }
            (ErrorKind::Server(ServerErrorKind::ReadOnly), _) => {
                (Kind::ReadOnly, "Redis is a read-only replica; use the address of the primary")
            }
            (_, "OOM") => (Kind::OutOfMemory, "Redis has no memory left; raise maxmemory, or use another instance"),
            (_, "WRONGTYPE") => {
                (Kind::WrongType, "a key under our name in Redis has another type; remove it, or set another prefix")
            }
            (
                ErrorKind::Server(
                    ServerErrorKind::BusyLoading
                    | ServerErrorKind::MasterDown
                    | ServerErrorKind::ClusterDown
                    | ServerErrorKind::TryAgain
                    // The slot is being moved, and a script with several keys works on neither node.
                    | ServerErrorKind::Ask,
                ),
                _,
            ) => (Kind::NotReady, "Redis is not ready yet"),
            // Scripts of Redis 6 and earlier wrap the error of a command.
            _ if detail.contains("WRONGTYPE") => {
                (Kind::WrongType, "a key under our name in Redis has another type; remove it, or set another prefix")
            }
            _ if detail.contains("READONLY") => {
                (Kind::ReadOnly, "Redis is a read-only replica; use the address of the primary")
            }
            _ if detail.contains("OOM command") => {
                (Kind::OutOfMemory, "Redis has no memory left; raise maxmemory, or use another instance")
            }
            (ErrorKind::Parse, _) if error.to_string().contains("end of input") => {
                (Kind::Unreachable, "the response of Redis was cut")
            }
            (ErrorKind::Parse | ErrorKind::UnexpectedReturnType, _) => {
                (Kind::Response, "Redis sent a response that is not one of ours; check that the address leads to Redis")
            }
            (ErrorKind::Io, _) => (Kind::Unreachable, "the connection to Redis failed or was cut"),
            (ErrorKind::Server(_) | ErrorKind::Extension, _) => (Kind::Script, "Redis reported an error"),
            _ => (Kind::Unreachable, "the connection to Redis failed"),
        };
        // The library's own text of an authentication may grow; ours is enough.
        let message = match kind {
            Kind::Script if !detail.is_empty() => format!("{message}: {code} {detail}"),
            _ => message.to_owned(),
        };
        let found = Self::new(kind, message);
        if matches!(kind, Kind::Denied | Kind::Script) { found } else { found.caused_by(error) }
    }
}

impl From<FleetError> for RateLimitError {
    fn from(error: FleetError) -> Self {
        match error.code() {
            Code::PACE_03 => Self::Denied(Box::new(error)),
            Code::PACE_04 => Self::Unusable(Box::new(error)),
            _ => Self::Unavailable(Box::new(error)),
        }
    }
}
