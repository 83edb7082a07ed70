//! Addresses of Redis. A password in an address is refused: addresses end up in command lines, logs and errors.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use url::{Host, Url};

use crate::error::{FleetError, FleetErrorKind};

const DEFAULT_PORT: u16 = 6379;
const DEFAULT_SENTINEL_PORT: u16 = 26379;

/// Where Redis or Valkey is: `redis://host:6379/0`, `rediss://host` (TLS), `redis+unix:///run/redis.sock`, or
/// `redis+sentinel://host:26379/NAME` (the primary that Sentinel names; `rediss+sentinel` for TLS). A user name can be in it, a password
/// cannot. For a cluster, any of its nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisAddress {
    pub(crate) place: AddressKind,
    pub(crate) user: Option<String>,
    pub(crate) database: i64,
}

/// The kind of an address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum AddressKind {
    Tcp { host: String, port: u16, tls: bool },
    Unix(PathBuf),
    Sentinel { host: String, port: u16, tls: bool, name: String },
}

impl AddressKind {
    /// The same kind of connection to another host; a node of a cluster that names none means its own.
    pub(crate) fn at(&self, host: &str, port: u16) -> Self {
        let (own, tls) = match self {
            Self::Tcp { host, tls, .. } | Self::Sentinel { host, tls, .. } => (host.as_str(), *tls),
            Self::Unix(_) => ("localhost", false),
        };
        Self::Tcp { host: if host.is_empty() { own } else { host }.to_owned(), port, tls }
    }
}

impl FromStr for RedisAddress {
    type Err = FleetError;

    fn from_str(text: &str) -> Result<Self, FleetError> {
        // The text may hold a password, so no message repeats it.
        let invalid = |message: &str| FleetError::new(FleetErrorKind::Config, message);
        let url = Url::parse(text).map_err(|_| invalid(EXPECTED))?;
        if url.password().is_some() {
            return Err(invalid("the address of Redis has a password in it; give the password by reference instead"));
        }
        if url.fragment().is_some() || (url.query().is_some() && url.scheme() != "redis+unix") {
            return Err(invalid(EXPECTED));
        }
        let user = match url.username() {
            "" => None,
            user => Some(user.to_owned()),
        };
        let (scheme, tls) = match url.scheme() {
            "rediss" => ("redis", true),
            "rediss+sentinel" => ("redis+sentinel", true),
            scheme => (scheme, false),
        };
        if tls && cfg!(not(feature = "tls")) {
            return Err(invalid("rediss:// needs the feature `tls` of digicert-one-redis"));
        }
        let path = url.path().trim_start_matches('/');
        let number = |text: &str| match text {
            "" => Ok(0),
            text => {
                text.parse::<u16>().map(i64::from).map_err(|_| invalid("invalid database of Redis: expected a number"))
            }
        };
        let host = || match url.host() {
            Some(Host::Ipv6(address)) => Ok(address.to_string()),
            Some(host) => Ok(host.to_string()),
            None => Err(invalid(EXPECTED)),
        };
        let (place, database) = match scheme {
            "redis" => {
                let place = AddressKind::Tcp { host: host()?, port: url.port().unwrap_or(DEFAULT_PORT), tls };
                (place, number(path)?)
            }
            "redis+sentinel" if !path.is_empty() && !path.contains('/') => {
                let port = url.port().unwrap_or(DEFAULT_SENTINEL_PORT);
                (AddressKind::Sentinel { host: host()?, port, tls, name: path.to_owned() }, 0)
            }
            "redis+unix" if !path.is_empty() => {
                let database = url.query_pairs().find(|(name, _)| name == "db");
                (AddressKind::Unix(url.path().into()), number(database.as_ref().map_or("", |(_, value)| value))?)
            }
            _ => return Err(invalid(EXPECTED)),
        };
        Ok(Self { place, user, database })
    }
}

const EXPECTED: &str = "invalid address of Redis: expected redis://host:port/database, rediss://host, redis+unix:///path or \
     redis+sentinel://host:port/name";

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)
    }
}

impl fmt::Display for AddressKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = |host: &str| if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        match self {
            Self::Tcp { host: name, port, tls } => {
                write!(f, "redis{}://{}:{port}", if *tls { "s" } else { "" }, host(name))
            }
            Self::Unix(path) => write!(f, "redis+unix://{}", path.display()),
            Self::Sentinel { host: at, port, tls, name } => {
                write!(f, "redis{}+sentinel://{}:{port}/{name}", if *tls { "s" } else { "" }, host(at))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn address_round_trips() {
        for text in ["redis://127.0.0.1:7000", "redis+unix:///run/redis.sock", "redis+sentinel://[::1]:26379/main"] {
            assert_eq!(text.parse::<RedisAddress>().expect(text).to_string(), text);
        }
        let address: RedisAddress = "redis://ci@cache/3".parse().expect("valid");
        assert_eq!((address.user.as_deref(), address.database), (Some("ci"), 3));
        assert_eq!(address.to_string(), "redis://cache:6379");
    }

    #[test]
    fn address_with_password_is_refused_and_not_repeated() {
        for text in ["redis://:hunter2@cache", "redis://ci:hunter2@cache/1", "redis://cache/hunter2", "hunter2"] {
            let error = text.parse::<RedisAddress>().expect_err(text);
            assert_eq!(error.kind(), FleetErrorKind::Config);
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }
}
