//! Errors of proxy addresses, and the known proxy schemes.

use thiserror::Error;

use crate::ValueShape;

/// Error returned when a proxy cannot be used. Never repeats the address, which may hold a password.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProxyError {
    /// Not an address.
    #[error("invalid proxy address: expected http://[USER:PASSWORD@]HOST[:PORT]")]
    Address,
    /// A secret instead of a proxy address.
    #[error("invalid proxy: the value looks like {shape} (it is not shown); set {}", .shape.variable())]
    Value {
        /// What it looks like.
        shape: ValueShape,
    },
    /// A user or password with characters that end the user info of an address.
    #[error(
        "invalid proxy user or password: percent-encode reserved characters: write / as %2F, ? as %3F, # as %23 \
         and a blank as %20"
    )]
    Characters,
    /// A user that Basic authentication cannot represent.
    #[error(
        "invalid proxy user or password: Basic authentication cannot represent a colon in the user, control characters or \
        bytes that are not UTF-8 (RFC 7617); use another user"
    )]
    Credentials,
    /// An unsupported proxy scheme.
    #[error("unsupported proxy scheme {scheme}://: expected http://[USER:PASSWORD@]HOST[:PORT]")]
    Scheme {
        /// The scheme.
        scheme: String,
    },
}

/// Known proxy schemes; which of them a transport supports is a [capability](ProxyAddress::capability).
const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Refuses every other scheme and names it.
pub(crate) fn known(scheme: &str) -> Result<(), ProxyError> {
    if SCHEMES.contains(&scheme) {
        return Ok(());
    }
    // Anything but a short plain word may be part of a password.
    let is_word = (2..=8).contains(&scheme.len()) && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Err(if is_word { ProxyError::Scheme { scheme: scheme.to_owned() } } else { ProxyError::Address })
}
