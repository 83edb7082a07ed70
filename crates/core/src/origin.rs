//! A scheme, host and port that calls may go to, with an optional path prefix. There is one normal form, so
//! that SNI, `Host`, cookies of a proxy and redirect checks all see the same text.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

use crate::value_shape::is_random_word;
use crate::{RequestTarget, ValueShape};

/// The label that DigiCert ONE puts before a platform host for client certificates.
const CLIENT_AUTH_LABEL: &str = "clientauth.";

/// Where calls go: `https://host[:port][/prefix]`, lower case, without a trailing dot or a default port.
///
/// ```
/// use digicert_one_core::{HostRole, Instance, RequestTarget};
///
/// let instance = Instance::parse("demo.one.digicert.com")?;
/// let origin = instance.origin(HostRole::ClientAuth)?;
/// let uri = origin.uri(&RequestTarget::parse("/account/api/v1/user")?);
/// assert_eq!(uri, "https://clientauth.demo.one.digicert.com/account/api/v1/user");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    https: bool,
    host: String,
    port: Option<u16>,
    prefix: String,
    /// Host and port in one text, which every URI and message needs.
    authority: Authority,
    authority_text: Arc<str>,
}

/// Why a text is not a valid origin; callers see it as an [`InstanceError`](crate::InstanceError), which has
/// the texts.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OriginError {
    Scheme,
    UserInfo,
    Path { host: String },
    Value { shape: ValueShape },
    Redacted,
    Host { host: String },
}

impl Origin {
    /// Parses `host`, `host:port` or `https://host[:port]`, with or without a trailing slash.
    ///
    /// # Errors
    /// Returns an error for every other form: another scheme, user info, a path, a query. `http://` is always
    /// refused here.
    pub(crate) fn parse(text: &str) -> Result<Self, OriginError> {
        let text = text.trim();
        if let Some(shape) = ValueShape::of(text) {
            return Err(OriginError::Value { shape });
        }
        let (https, rest) = match text.split_once("://") {
            None => (true, text),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => (true, rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => (false, rest),
            Some(_) => return Err(OriginError::Scheme),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        if authority.contains('@') {
            return Err(OriginError::UserInfo);
        }
        if !matches!(tail, "" | "/") {
            return Err(if is_shown(authority) {
                OriginError::Path { host: authority.to_owned() }
            } else {
                OriginError::Redacted
            });
        }
        let no_host = || match is_shown(authority) {
            true => OriginError::Host { host: authority.to_owned() },
            false => OriginError::Redacted,
        };
        let parsed: Authority = authority.parse().map_err(|_| no_host())?;
        let host = parsed.host().trim_end_matches('.').to_ascii_lowercase();
        let has_port = parsed.host().len() < authority.len();
        if !is_host(&host) || (has_port && parsed.port_u16().is_none()) {
            return Err(no_host());
        }
        // A bare word may be a password or a key: resolving it would show it to the network.
        if !text.contains("://") && !has_port && !host.contains('.') && !host.starts_with('[') && host != "localhost" {
            return Err(OriginError::Redacted);
        }
        let default_port = if https { 443 } else { 80 };
        let port = parsed.port_u16().filter(|&port| port != default_port);
        Self::new(https, host, port, String::new())
    }

    fn new(https: bool, host: String, port: Option<u16>, prefix: String) -> Result<Self, OriginError> {
        let text = match port {
            Some(port) => format!("{host}:{port}"),
            None => host.clone(),
        };
        let authority = text.parse().map_err(|_| OriginError::Host { host: text.clone() })?;
        Ok(Self { https, host, port, prefix, authority, authority_text: text.into() })
    }

    /// Returns the same origin below a path prefix.
    pub(crate) fn below(mut self, prefix: &RequestTarget) -> Self {
        self.prefix = prefix.as_str().trim_end_matches('/').to_owned();
        self
    }

    /// Returns the host without the port; IPv6 addresses are in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port, or the scheme's default port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.https { 443 } else { 80 })
    }

    /// Returns whether calls use TLS. False only for a loopback origin with an explicit opt-in.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Returns whether the host is always this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self.ip() {
            Some(ip) => ip.is_loopback(),
            None => self.host == "localhost" || self.host.ends_with(".localhost"),
        }
    }

    /// Returns `host[:port]`, as in a `Host` header.
    #[must_use]
    pub fn authority(&self) -> Arc<str> {
        Arc::clone(&self.authority_text)
    }

    /// Returns the absolute URI of `target` at this origin.
    #[must_use]
    pub fn uri(&self, target: &RequestTarget) -> Uri {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(if self.https { Scheme::HTTPS } else { Scheme::HTTP });
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = match self.prefix.as_str() {
            "" => Some(target.path_and_query().clone()),
            // Both parts were checked character by character when they were created.
            prefix => PathAndQuery::try_from(format!("{prefix}{target}")).ok(),
        };
        Uri::from_parts(parts).unwrap_or_default()
    }

    /// Returns the part of a path below this origin's prefix; `None` for a path that is not below it.
    #[must_use]
    pub fn strip_prefix<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.prefix.as_str()).filter(|rest| rest.starts_with('/'))
    }

    /// Returns whether `uri` has this scheme, host and port.
    #[must_use]
    pub fn is_origin_of(&self, uri: &Uri) -> bool {
        let https = uri.scheme() == Some(&Scheme::HTTPS);
        let host = uri.host().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
        // `http` ignores a port that is not a number.
        let written = uri.authority().and_then(|authority| authority.as_str().rsplit_once(':'));
        let odd = written.is_some_and(|(_, port)| !port.ends_with(']') && !port.is_empty() && uri.port_u16().is_none());
        (https || uri.scheme() == Some(&Scheme::HTTP))
            && !odd
            && https == self.https
            && host == self.host
            && port == self.port()
    }

    pub(crate) fn has_client_auth_label(&self) -> bool {
        self.host.starts_with(CLIENT_AUTH_LABEL)
    }

    /// Returns the platform form of a `clientauth.` host, or the host itself.
    pub(crate) fn without_client_auth_label(&self) -> Self {
        let host = self.host.strip_prefix(CLIENT_AUTH_LABEL).unwrap_or(&self.host).to_owned();
        self.at(host).unwrap_or_else(|| self.clone())
    }

    /// Returns the `clientauth.` form, unless it is one already. `None` for addresses and bare `localhost`,
    /// which have no labels, and for names that would become too long.
    pub(crate) fn with_client_auth_label(&self) -> Option<Self> {
        if self.ip().is_some() || self.host == "localhost" {
            return None;
        }
        if self.has_client_auth_label() {
            return Some(self.clone());
        }
        self.at(format!("{CLIENT_AUTH_LABEL}{}", self.host))
    }

    fn at(&self, host: String) -> Option<Self> {
        is_host(&host).then(|| Self::new(self.https, host, self.port, self.prefix.clone()).ok()).flatten()
    }

    pub(crate) fn ip(&self) -> Option<IpAddr> {
        self.host.trim_start_matches('[').trim_end_matches(']').parse().ok()
    }
}

/// Returns whether a value given as a host may be shown in an error: it has only characters of a host, and a
/// dot, so that it is not a bare word.
fn is_shown(host: &str) -> bool {
    let in_hosts = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b':' | b'[' | b']');
    host.contains('.') && host.len() <= 253 && host.bytes().all(in_hosts) && !host.split('.').any(is_random_word)
}

/// Accepts letters, digits, `-`, `_` and dots between labels; or an address.
pub(crate) fn is_host(host: &str) -> bool {
    if host.starts_with('[') {
        return host.ends_with(']') && host[1..host.len() - 1].parse::<std::net::Ipv6Addr>().is_ok();
    }
    // Programs differ in what `127.1` and `0x7f000001` mean (URL standard, "ends in a number"); no public name ends in a number.
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_numeric = is_number(last)
        || last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    host.len() <= 253
        && (!is_numeric || host.parse::<std::net::Ipv4Addr>().is_ok())
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        })
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.prefix)
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({self})")
    }
}
