//! Why a proxy cannot be used, and the schemes that a proxy may have.

use thiserror::Error;

use crate::ValueShape;

/// A proxy that cannot be used. Never repeats the address, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// Not an address.
    #[error("the proxy's address is not valid: give it as http://[USER:PASSWORD@]HOST[:PORT]")]
    Address,
    /// A secret in the place of a proxy.
    #[error("this looks like {shape} and not like a proxy (it is not shown): set {}", .shape.variable())]
    Value {
        /// What it looks like.
        shape: ValueShape,
    },
    /// User or password with characters that end the user info of an address.
    #[error(
        "the proxy's user or password has a character that must be percent-encoded: write / as %2F, ? as %3F, # as %23 \
         and a blank as %20"
    )]
    Characters,
    /// A user that Basic authentication cannot carry.
    #[error(
        "the proxy's user has a colon, or user or password a control character or bytes that are not UTF-8, which Basic \
         authentication cannot carry in any encoding (RFC 7617): use another user"
    )]
    Credentials,
    /// A scheme that no kind of proxy has.
    #[error("unsupported proxy scheme {scheme}://: give the proxy as http://[USER:PASSWORD@]HOST[:PORT]")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
}

/// The schemes of proxies that can be named; which of them a transport can use is a [capability](ProxyAddress::capability).
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Refuses every other scheme by its name.
pub(crate) fn known(scheme: &str) -> Result<(), ProxyError> {
    if SCHEMES.contains(&scheme) {
        return Ok(());
    }
    // What is not a short plain word may be a piece of a password.
    let is_word = (2..=8).contains(&scheme.len()) && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Err(if is_word { ProxyError::Scheme { scheme: scheme.to_owned() } } else { ProxyError::Address })
}
