//! The main crate of the SDK, which users add to `Cargo.toml`.
//!
#![doc = include_str!("../README.md")]
// docs.rs shows the feature of each item that needs one.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
#[cfg(feature = "sources")]
mod environment;
#[cfg(feature = "mozilla-roots")]
mod mozilla;
mod one;
#[cfg(feature = "tower")]
pub mod tower;
pub mod transport;
#[cfg(all(feature = "account", feature = "rustls", feature = "sources"))]
#[doc = include_str!("tutorial.md")]
pub mod tutorial {}
#[cfg(feature = "account")]
mod whoami;

pub use builder::{Builder, builder};

/// The Account Manager API, typed.
#[cfg(feature = "account")]
pub use digicert_one_account as account;
#[cfg(feature = "account")]
pub use digicert_one_account::AccountExt;
pub use digicert_one_client::{
    AuditRecord, Client, ClientBuilder, Error, ErrorKind, FailedAttempt, IntoTarget, ItemStream, LocalRateLimiter,
    Page, PageStream, Pages, Paging, ParseError, Path, Position, Reminder, RequestBuilder, Response, Retry,
    RetryNotice, SystemClock, TraceContext,
};
pub use digicert_one_core as core;
pub use digicert_one_core::{
    ApiKey, ClientIdentity, Code, Credential, Diagnosis, EndDate, FixedCredential, HostRole, HttpVersions, Instance,
    Material, Mode, Proxy, ProxyRules, Region, Secret, Timeouts, TlsVersions, TransportConfig, TrustRoots, UploadBody,
    Warning,
};
#[cfg(feature = "sources")]
pub use digicert_one_credentials as credentials;
#[cfg(feature = "sources")]
pub use digicert_one_credentials::{
    Config, ConfigError, RawCredential, Variable, WatchingCredential, read_ca_file, read_roots,
};
#[cfg(feature = "sources")]
pub use digicert_one_identity as identity;
#[cfg(feature = "sources")]
pub use digicert_one_identity::{ReadOptions, read_client_identity};
/// Storage of secrets that are shown once, and automatic rotation.
#[cfg(feature = "provisioning")]
pub use digicert_one_provisioning as provisioning;
/// The rate limit of one key shared by a fleet, through Redis or Valkey.
#[cfg(feature = "redis")]
pub use digicert_one_redis as redis;
#[cfg(feature = "sources")]
pub use environment::{ConfigExt, from_env};
#[cfg(feature = "mozilla-roots")]
pub use mozilla::mozilla_roots;
pub use one::DigiCertOne;
#[cfg(feature = "account")]
pub use whoami::WhoAmI;

/// The CSC API of Document Trust (Content Trust): signatures, with OAuth.
#[cfg(feature = "csc")]
pub use digicert_one_csc as csc;
