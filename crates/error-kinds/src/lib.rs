//! Maps errors of rustls, hyper and h2 to the kinds that all transports share. Transports on these libraries
//! use this instead of their own lists; nothing here opens a connection.
//!
//! - feature `rustls`: [`tls_kind`] for an error of rustls, [`peer_fault`] for why it refused the server.
//! - feature `hyper`: [`http_kind`] for a response that hyper or h2 refused, [`is_unprocessed`] for a request
//!   that the server reports as not processed.
//!
//! Both use only what the library reports. Only the transport knows whether a connection was ready, what was
//! sent, and which timeout expired.

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
