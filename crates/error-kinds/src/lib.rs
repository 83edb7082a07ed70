//! What the errors of rustls, hyper and h2 are in the vocabulary that all transports share. A transport on one of these libraries
//! uses this instead of its own list; nothing in here opens a connection.
//!
//! - feature `rustls`: [`tls_kind`] for an error of rustls, [`peer_fault`] for why it refused the server, [`SmallKeys`] for the keys that
//!   it does not name, [`IdentityRefusal`] for why it does not take a client certificate.
//! - feature `hyper`: [`http_kind`] for a response that hyper or h2 refused, [`is_unprocessed`] for a request that the server says it
//!   did not process.
//!
//! Both take what the library says and nothing else. Whether a connection was ready, what was sent, and which limit ran out, only the
//! transport knows.

#[cfg(feature = "hyper")]
mod http;
#[cfg(feature = "rustls")]
mod identity;
#[cfg(feature = "rustls")]
mod small_key;
#[cfg(feature = "rustls")]
mod tls;
#[cfg(feature = "rustls")]
mod untrusted;

#[cfg(feature = "hyper")]
pub use self::http::{http_kind, is_unprocessed};
#[cfg(feature = "rustls")]
pub use self::{identity::IdentityRefusal, small_key::SmallKeys, tls::tls_kind, untrusted::peer_fault};
