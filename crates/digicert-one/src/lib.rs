//! The front door: what users add to `Cargo.toml`.
//!
#![doc = include_str!("../README.md")]

#[cfg(feature = "blocking")]
pub mod blocking;
mod builder;
#[cfg(feature = "sources")]
mod environment;
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
    Page, PageStream, Pages, Paging, Path, Position, PositionError, Reminder, Reminders, RequestBuilder, Response,
    Retry, RetryNotice, SystemClock, TraceContext,
};
pub use digicert_one_core as core;
pub use digicert_one_core::{
    ApiKey, ClientIdentity, Code, Credential, Diagnosis, EndDate, FixedCredential, HostRole, HttpVersions, Instance,
    Material, Mode, Proxy, ProxyRules, Region, Secret, Stage, Timeouts, TlsVersions, TransportConfig, TrustRoots,
    Warning,
};
#[cfg(feature = "sources")]
pub use digicert_one_credentials as credentials;
#[cfg(feature = "sources")]
pub use digicert_one_credentials::{
    RawCredential, Setting, Setup, SetupError, WatchingCredential, read_ca_file, read_roots,
};
#[cfg(feature = "sources")]
pub use digicert_one_identity as identity;
#[cfg(feature = "sources")]
pub use digicert_one_identity::{Rules, read_client_identity};
/// Secrets that are shown once, kept, and credentials that replace themselves.
#[cfg(feature = "provisioning")]
pub use digicert_one_provisioning as provisioning;
#[cfg(feature = "sources")]
pub use environment::{SetupExt, from_env};
pub use one::DigiCertOne;
#[cfg(feature = "account")]
pub use whoami::WhoAmI;

/// The CSC API of Document Trust (Content Trust): signatures, with OAuth.
#[cfg(feature = "csc")]
pub use digicert_one_csc as csc;

/// The examples of the repository's README compile.
#[cfg(all(doctest, feature = "account", feature = "rustls", feature = "sources"))]
#[doc = include_str!("../../../README.md")]
struct RepositoryReadme;

/// So do those of the page on credentials.
#[cfg(all(doctest, feature = "rustls"))]
#[doc = include_str!("../../../docs/credentials.md")]
struct PageOnCredentials;

/// And those of the page on lists.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/lists.md")]
struct PageOnLists;

/// And those of the page on observing.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/observing.md")]
struct PageOnObserving;

/// And those of the page on Account Manager.
#[cfg(all(doctest, feature = "account"))]
#[doc = include_str!("../../../docs/account-manager.md")]
struct PageOnAccountManager;

/// And those of the page on CSC, where it is there.
#[cfg(all(doctest, feature = "csc"))]
#[doc = include_str!("../../../docs/csc.md")]
struct PageOnCsc;
