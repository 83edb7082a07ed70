//! The proxy of a transport. `rules` decides which origins use it.

use std::fmt;

use http::Uri;

use super::error::{ProxyError, known};
use crate::origin::is_host;
use crate::{ProxyAddress, ValueShape};

/// Whether a transport uses a proxy. Only this value counts, never the environment.
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proxy {
    /// No proxy: connect directly.
    #[default]
    None,
    /// Tunnels with CONNECT through this `http://host:port`, optionally with `user:password@`. Other schemes
    /// need another [capability](ProxyAddress::capability).
    Http(Uri),
}

/// Characters that are not encoded in user info (RFC 3986, section 3.2.1); the percent sign is handled separately.
const PLAIN: &[u8] = b"-._~!$&'()*+,;=:";

impl Proxy {
    /// Parses an address as found in proxy variables: `http://[user:password@]host[:port]`, with default
    /// scheme `http` and default port 80. `https` and `socks` addresses are parsed too; a transport that does
    /// not support them refuses them.
    ///
    /// User and password may be percent-encoded; `/`, `?`, `#` and blanks must be. Everything else is used as
    /// typed: `CORP\user`, and an `@` or `^` in the password.
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
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) => (scheme.to_ascii_lowercase(), rest),
            None => ("http".to_owned(), text),
        };
        known(&scheme)?;
        let (user_info, address) = match rest.rsplit_once('@') {
            Some((user_info, address)) => (Some(user_info), address),
            None => (None, rest),
        };
        if let (None, Some(shape)) = (user_info, ValueShape::of(text)) {
            return Err(ProxyError::Value { shape });
        }
        let user_info = user_info.map(encoded).transpose()?;
        let address = address.strip_suffix('/').unwrap_or(address);
        let authority = match &user_info {
            Some(user_info) => format!("{user_info}@{address}"),
            None => address.to_owned(),
        };
        let uri = Uri::builder().scheme(&*scheme).authority(authority).path_and_query("/").build();
        let uri = uri.map_err(|_| ProxyError::Address)?;
        let host = uri.host().unwrap_or_default();
        let has_port = address.len() > host.len();
        if !is_host(host) || (has_port && uri.port_u16().is_none()) {
            return Err(ProxyError::Address);
        }
        // A bare word may be a password or a key, so it is not accepted as a host.
        let is_bare = !text.contains("://") && !has_port && user_info.is_none();
        if is_bare && !host.contains('.') && !host.starts_with('[') && host != "localhost" {
            return Err(ProxyError::Address);
        }
        ProxyAddress::of(&uri)?;
        Ok(Self::Http(uri))
    }

    /// Returns scheme, host, port and decoded credentials; `None` without a proxy.
    ///
    /// # Errors
    /// Returns an error for an invalid address that was not created by [`parse`](Self::parse), such as one of
    /// another scheme, which is named.
    pub fn address(&self) -> Result<Option<ProxyAddress>, ProxyError> {
        match self {
            Self::None => Ok(None),
            Self::Http(uri) => ProxyAddress::of(uri).map(Some),
        }
    }
}

/// Encodes user info for a URI.
fn encoded(user_info: &str) -> Result<String, ProxyError> {
    let bytes = user_info.as_bytes();
    let mut encoded = String::with_capacity(bytes.len());
    for (index, byte) in bytes.iter().enumerate() {
        let is_escape = || bytes.get(index + 1..index + 3).is_some_and(|next| next.iter().all(u8::is_ascii_hexdigit));
        match byte {
            b'/' | b'?' | b'#' => return Err(ProxyError::Characters),
            byte if byte.is_ascii_whitespace() || byte.is_ascii_control() => return Err(ProxyError::Characters),
            b'%' if is_escape() => encoded.push('%'),
            byte if byte.is_ascii_alphanumeric() || PLAIN.contains(byte) => encoded.push(char::from(*byte)),
            byte => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    Ok(encoded)
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
    use crate::Capability;

    #[test]
    fn address_is_parsed_with_and_without_scheme_port_and_user() {
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
    fn proxy_05_invalid_address_is_refused_and_not_shown() {
        for bad in [
            "",
            "http://",
            "http://canary@",
            "http://canary:p ss@proxy.test",
            "http://canary@proxy.test/path",
            "http://canary:p/ss@proxy.test",
            "http://canary:p#ss@proxy.test",
            "http://canary:p?ss@proxy.test",
            "http://canary%3Ax:pass@proxy.test",
            "http://canary:pass%0d%0a@proxy.test",
            "canary",
            "https://canary:x",
            "canary_canary!.test",
            "gopher://canary@proxy.test",
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
    fn special_characters_in_user_and_password_are_kept() {
        for (text, user, password) in [
            ("http://CORP\\jdoe:pw@127.0.0.1:9", "CORP\\jdoe", "pw"),
            ("http://CORP%5cjdoe:pw@127.0.0.1:9", "CORP\\jdoe", "pw"),
            ("http://jdoe:a^b@127.0.0.1:9", "jdoe", "a^b"),
            ("http://jdoe:p@ss:w|rd@127.0.0.1:9", "jdoe", "p@ss:w|rd"),
            ("http://jdoe:p%23s%2Fs@127.0.0.1:9", "jdoe", "p#s/s"),
            ("http://jdoe:100%@127.0.0.1:9", "jdoe", "100%"),
            ("http://jdöe:\"<[{}]>`ü@127.0.0.1:9", "jdöe", "\"<[{}]>`ü"),
            ("http://token@127.0.0.1:9", "token", ""),
            ("http://:pw@127.0.0.1:9", "", "pw"),
        ] {
            let address = Proxy::parse(text).expect(text).address().expect(text).expect("a proxy");
            assert_eq!(address.credentials(), Some((user, password)), "{text}");
        }
    }

    #[test]
    fn character_that_must_be_percent_encoded_is_named() {
        for text in ["http://jdoe:p#ss@127.0.0.1:9", "http://jdoe:p/ss@127.0.0.1:9", "http://jdoe:p ss@127.0.0.1:9"] {
            assert_eq!(Proxy::parse(text).expect_err(text), ProxyError::Characters, "{text}");
        }
    }

    #[test]
    fn each_kind_of_proxy_needs_its_capability() {
        let capability = |text: &str| Proxy::parse(text).expect(text).address().expect(text).expect(text).capability();
        assert_eq!(Proxy::None.address(), Ok(None));
        assert_eq!(capability("proxy.test"), Capability::HttpProxy);
        assert_eq!(capability("https://proxy.test"), Capability::HttpsProxy);
        assert_eq!(capability("socks5://proxy.test"), Capability::SocksProxy);
    }

    #[test]
    fn unsupported_scheme_is_refused_by_name() {
        for scheme in ["ftp", "gopher", "socks6"] {
            let proxy = Proxy::Http(format!("{scheme}://canary:canary@proxy.test:1").parse().expect("a URI"));
            let error = proxy.address().expect_err(scheme);
            assert_eq!(error, ProxyError::Scheme { scheme: scheme.to_owned() });
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
    }
}
