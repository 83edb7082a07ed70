//! One proxy, as a transport is given it. Which origin goes through it is decided in `proxy_rules`.

use std::fmt;

use http::Uri;
use thiserror::Error;

use crate::Capability;

/// Whether the calls of a transport go through a proxy. Only what is written here counts, never the environment.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proxy {
    /// Straight to the host.
    #[default]
    None,
    /// By CONNECT through this `http://host:port`, optionally with `user:password@`. Another scheme needs another
    /// [capability](Self::capability).
    Http(Uri),
}

/// A proxy that cannot be used. Never repeats the address, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// Not an address.
    #[error("the proxy's address is not valid: give it as http://[USER:PASSWORD@]HOST[:PORT]")]
    Address,
    /// A scheme that no kind of proxy has.
    #[error("{scheme}:// is no kind of proxy: give it as http://[USER:PASSWORD@]HOST[:PORT]")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
}

impl Proxy {
    /// Reads an address as proxy variables hold it: `http://[user:password@]host[:port]`, the scheme being `http` and the port
    /// 80 where none is given. `https` and `socks` addresses are read too; a transport that cannot speak to them refuses them.
    ///
    /// # Errors
    /// See [`ProxyError`].
    ///
    /// ```
    /// use digicert_one_core::Proxy;
    /// let proxy = Proxy::parse("user:secret@proxy.corp.test:3128")?;
    /// assert_eq!(proxy.to_string(), "http://proxy.corp.test:3128");
    /// # Ok::<(), digicert_one_core::ProxyError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, ProxyError> {
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
        let scheme = scheme.to_ascii_lowercase();
        if !matches!(&*scheme, "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h") {
            // What is no plain word may be a piece of a password.
            let is_word = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
            return Err(if is_word { ProxyError::Scheme { scheme } } else { ProxyError::Address });
        }
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let uri = Uri::builder().scheme(&*scheme).authority(authority).path_and_query("/").build();
        let uri = uri.map_err(|_| ProxyError::Address)?;
        let address = authority.rsplit_once('@').map_or(authority, |(_, address)| address);
        let host = uri.host().unwrap_or_default();
        let has_bad_port = address.len() > host.len() && uri.port_u16().is_none();
        if host.is_empty() || has_bad_port { Err(ProxyError::Address) } else { Ok(Self::Http(uri)) }
    }

    /// What a stack must be able to do to use this proxy; nothing where there is none. Where it cannot,
    /// [`connect`](crate::Connector::connect) refuses by this name.
    #[must_use]
    pub fn capability(&self) -> Option<Capability> {
        match self {
            Self::None => None,
            Self::Http(uri) => Some(match uri.scheme_str() {
                Some("https") => Capability::HttpsProxy,
                Some(scheme) if scheme.starts_with("socks") => Capability::SocksProxy,
                _ => Capability::HttpProxy,
            }),
        }
    }
}

/// The address without user info.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Http(uri) = self else { return f.write_str("none") };
        write!(f, "{}://{}", uri.scheme_str().unwrap_or("http"), uri.host().unwrap_or_default())?;
        uri.port_u16().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The authority may hold a password.
        write!(f, "Proxy({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_scheme_port_and_user() {
        for (text, shown) in [
            ("http://proxy.test:3128", "http://proxy.test:3128"),
            ("HTTP://proxy.test:3128/", "http://proxy.test:3128"),
            ("proxy.test:3128", "http://proxy.test:3128"),
            ("proxy.test", "http://proxy.test"),
            ("http://u:p@10.0.0.1:3128", "http://10.0.0.1:3128"),
            ("http://[::1]:3128", "http://[::1]:3128"),
            ("u@proxy.test", "http://proxy.test"),
            ("https://proxy.test:3129", "https://proxy.test:3129"),
            ("socks5h://proxy.test:1080", "socks5h://proxy.test:1080"),
        ] {
            assert_eq!(Proxy::parse(text).expect(text).to_string(), shown, "{text}");
        }
    }

    #[test]
    fn proxy_05_what_is_no_address_is_refused_without_an_echo() {
        for bad in [
            "",
            "http://",
            "http://canary@",
            "http://canary:p ss@proxy.test",
            "http://canary@proxy.test/path",
            "http://canary:pass@proxy.test:port",
            "http://canary:pass@proxy.test:99999",
            "canary:pass://proxy.test",
            "ftp://canary:pass@proxy.test",
        ] {
            let error = Proxy::parse(bad).expect_err(bad);
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
    }

    #[test]
    fn each_kind_of_proxy_needs_its_capability() {
        let capability = |text: &str| Proxy::parse(text).expect(text).capability();
        assert_eq!(Proxy::None.capability(), None);
        assert_eq!(capability("proxy.test"), Some(Capability::HttpProxy));
        assert_eq!(capability("https://proxy.test"), Some(Capability::HttpsProxy));
        assert_eq!(capability("socks5://proxy.test"), Some(Capability::SocksProxy));
    }
}
