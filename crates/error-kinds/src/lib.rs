#![doc = include_str!("../README.md")]

#[cfg(feature = "hyper")]
mod http;
#[cfg(feature = "rustls")]
mod tls;
#[cfg(feature = "rustls")]
mod untrusted;

#[cfg(feature = "hyper")]
pub use self::http::{http_kind, is_unprocessed};
#[cfg(feature = "rustls")]
pub use self::{tls::tls_kind, untrusted::peer_fault};
