#![doc = include_str!("../README.md")]

#[cfg(feature = "rustls-config")]
mod config;
#[cfg(feature = "hyper")]
mod http;
#[cfg(feature = "rustls")]
mod identity;
#[cfg(all(feature = "roots", unix, not(any(target_vendor = "apple", target_os = "android"))))]
mod roots;
#[cfg(feature = "rustls")]
mod small_key;
#[cfg(feature = "rustls")]
mod tls;
#[cfg(feature = "rustls")]
mod untrusted;

#[cfg(feature = "rustls-config")]
pub use self::config::{alpn, protocol_versions, server_verifier};
#[cfg(feature = "hyper")]
pub use self::http::{http_kind, is_unprocessed};
#[cfg(all(feature = "roots", unix, not(any(target_vendor = "apple", target_os = "android"))))]
pub use self::roots::{RootCache, RootPlaces};
#[cfg(feature = "rustls")]
pub use self::{identity::IdentityRefusal, small_key::SmallKeys, tls::tls_kind, untrusted::peer_fault};
