//! Proxies: the address of one, the origins that bypass it, and errors.

mod address;
mod error;
mod rules;
mod uri;

pub use self::address::ProxyAddress;
pub use self::error::ProxyError;
pub use self::rules::ProxyRules;
pub use self::uri::Proxy;
