//! The address and credentials of a proxy, decoded once for every transport, because each library decodes
//! user info differently.

use std::fmt;

use http::{HeaderValue, Uri};
use zeroize::Zeroizing;

use super::error::{ProxyError, known};
use crate::Capability;

/// Scheme, host, port and credentials of a proxy.
///
/// ```
/// use digicert_one_core::Proxy;
///
/// let proxy = Proxy::parse("http://token@proxy.corp.test:3128")?;
/// let address = proxy.address()?.expect("a proxy");
/// assert_eq!((address.host(), address.port()), ("proxy.corp.test", 3128));
/// // A user without a password is followed by a colon (RFC 7617).
/// assert_eq!(address.credentials(), Some(("token", "")));
/// assert_eq!(address.authorization().expect("given"), "Basic dG9rZW46");
/// # Ok::<(), digicert_one_core::ProxyError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ProxyAddress {
    scheme: String,
    host: String,
    port: u16,
    credentials: Option<Credentials>,
}

/// User and password for a proxy, decoded.
#[derive(Clone, PartialEq, Eq)]
struct Credentials {
    user: Zeroizing<String>,
    password: Zeroizing<String>,
}

impl ProxyAddress {
    /// Parses the address of a proxy.
    pub(crate) fn of(uri: &Uri) -> Result<Self, ProxyError> {
        let authority = uri.authority().ok_or(ProxyError::Address)?.as_str();
        if uri.host().is_none_or(str::is_empty) || uri.path().len() > 1 || uri.query().is_some() {
            return Err(ProxyError::Address);
        }
        let scheme = uri.scheme_str().unwrap_or("http").to_owned();
        known(&scheme)?;
        let port = uri.port_u16().unwrap_or(match &*scheme {
            "https" => 443,
            "http" => 80,
            _ => 1080,
        });
        let credentials = match authority.rsplit_once('@') {
            Some((user_info, _)) => Some(Credentials::of(user_info)?),
            None => None,
        };
        Ok(Self { scheme, host: uri.host().unwrap_or_default().to_owned(), port, credentials })
    }

    /// Returns the scheme in lower case: `http`, `https`, or one of the SOCKS schemes.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// Returns the capability that a stack needs for this proxy. If it lacks it,
    /// [`connect`](crate::Connector::connect) refuses and names it.
    #[must_use]
    pub fn capability(&self) -> Capability {
        match &*self.scheme {
            "https" => Capability::HttpsProxy,
            "http" => Capability::HttpProxy,
            _ => Capability::SocksProxy,
        }
    }

    /// Returns the host; IPv6 addresses are in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port, or the scheme's default port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns user and password, decoded, if the address has them; the password is empty if none is given.
    #[must_use]
    pub fn credentials(&self) -> Option<(&str, &str)> {
        self.credentials.as_ref().map(|given| (given.user.as_str(), given.password.as_str()))
    }

    /// Returns the value of `Proxy-Authorization` for Basic authentication (RFC 7617), marked sensitive; `None` if the
    /// address has no credentials.
    #[must_use]
    pub fn authorization(&self) -> Option<HeaderValue> {
        self.credentials.as_ref().map(Credentials::authorization)
    }
}

impl Credentials {
    /// Parses user info from a URI.
    fn of(user_info: &str) -> Result<Self, ProxyError> {
        let (user, password) = user_info.split_once(':').unwrap_or((user_info, ""));
        let (user, password) = (decoded(user)?, decoded(password)?);
        // Source: RFC 7617, section 2: a user-id has no colon, and neither part has control characters.
        if user.contains(':') || user.chars().chain(password.chars()).any(char::is_control) {
            return Err(ProxyError::Credentials);
        }
        Ok(Self { user, password })
    }

    fn authorization(&self) -> HeaderValue {
        let plain = Zeroizing::new(format!("{}:{}", *self.user, *self.password));
        let mut value = Zeroizing::new(String::from("Basic "));
        base64(plain.as_bytes(), &mut value);
        // Every base64 character is allowed in header values.
        let mut value = HeaderValue::from_str(&value).unwrap_or(HeaderValue::from_static("Basic"));
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for ProxyAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProxyAddress({}://{}:{})", self.scheme, self.host, self.port)
    }
}

fn decoded(text: &str) -> Result<Zeroizing<String>, ProxyError> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let [byte, after @ ..] = rest {
        let escaped = match (byte, after) {
            (b'%', [high, low, ..]) => hexadecimal(*high).zip(hexadecimal(*low)),
            _ => None,
        };
        match escaped {
            Some((high, low)) => {
                bytes.push(high << 4 | low);
                rest = &after[2..];
            }
            None => {
                bytes.push(*byte);
                rest = after;
            }
        }
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| ProxyError::Credentials)?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8], text: &mut String) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text.reserve_exact(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for index in 0..4 {
            let sextet = (group >> (18 - 6 * index)) & 0x3f;
            text.push(if index <= chunk.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Proxy;

    fn authorization(proxy: &str) -> HeaderValue {
        let address = Proxy::parse(proxy).expect(proxy).address().expect(proxy).expect("a proxy");
        address.authorization().expect("credentials")
    }

    #[test]
    fn authorization_is_basic_with_a_colon_and_sensitive() {
        // RFC 7617, section 2, and its example in UTF-8.
        assert_eq!(authorization("http://Aladdin:open%20sesame@p.test"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert_eq!(authorization("http://test:123%C2%A3@p.test"), "Basic dGVzdDoxMjPCow==");
        assert_eq!(authorization("http://token@p.test"), "Basic dG9rZW46");
        assert_eq!(authorization("http://@p.test"), "Basic Og==");
        assert!(authorization("http://token@p.test").is_sensitive());
    }

    #[test]
    fn debug_shows_no_credentials() {
        let address = Proxy::parse("http://canary:canary@p.test").expect("valid").address().expect("valid");
        let address = address.expect("a proxy");
        assert!(!format!("{address:?}").contains("canary"));
    }

    #[test]
    fn port_defaults_to_that_of_the_scheme() {
        for (proxy, port) in [("p.test", 80), ("https://p.test", 443), ("socks5h://p.test", 1080), ("p.test:1", 1)] {
            let address = Proxy::parse(proxy).expect(proxy).address().expect(proxy).expect("a proxy");
            assert_eq!((address.host(), address.port()), ("p.test", port));
        }
    }
}
