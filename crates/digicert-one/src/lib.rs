//! The front door: what users add to `Cargo.toml`. Re-exports and the list of compiled-in transports; no logic.
//!
#![doc = include_str!("../README.md")]

mod setup;

use std::sync::Arc;

/// The Account Manager API, typed.
#[cfg(feature = "account")]
pub use digicert_one_account as account;
#[cfg(feature = "account")]
pub use digicert_one_account::AccountExt;
pub use digicert_one_client::{
    AuditRecord, Client, ClientBuilder, Error, ErrorKind, FailedAttempt, IntoTarget, ItemStream, Page, PageStream,
    Pages, Paging, Path, Position, PositionError, Reminder, Reminders, RequestBuilder, Response, RetryNotice,
    SystemClock, TraceContext,
};
pub use digicert_one_core as core;
pub use digicert_one_core::{
    ApiKey, ClientIdentity, Code, Credential, Diagnosis, EndDate, FixedCredential, HostRole, HttpVersions, Instance,
    Material, Mode, Region, Secret, Stage, Timeouts, TransportConfig, TrustRoots, Warning,
};
pub use digicert_one_credentials as credentials;
pub use digicert_one_credentials::{
    RawCredential, Setting, Setup, SetupError, WatchingCredential, read_ca_file, read_roots,
};
pub use digicert_one_identity as identity;
pub use digicert_one_identity::{Rules, read_client_identity};
/// Secrets that are shown once, kept, and credentials that replace themselves.
#[cfg(feature = "provisioning")]
pub use digicert_one_provisioning as provisioning;
pub use setup::SetupExt;

/// The CSC API of Document Trust (Content Trust): signatures, with OAuth.
#[cfg(feature = "csc")]
pub use digicert_one_csc as csc;
/// The transport over isahc on libcurl.
#[cfg(any(feature = "isahc", feature = "isahc-openssl"))]
pub use digicert_one_isahc as isahc;
/// The transport over hyper on the operating system's TLS.
#[cfg(feature = "native-tls")]
pub use digicert_one_native_tls as native_tls;
/// The transport over reqwest on rustls.
#[cfg(feature = "reqwest")]
pub use digicert_one_reqwest as reqwest;

/// Every transport that is compiled in, the default first.
///
/// ```
/// let names: Vec<&str> = digicert_one::connectors().iter().map(|one| one.info().name).collect();
/// assert_eq!(names.first(), Some(&"reqwest"));
/// ```
#[must_use]
pub fn connectors() -> Vec<Arc<dyn core::Connector>> {
    vec![
        #[cfg(feature = "reqwest")]
        Arc::new(reqwest::Connector::new()),
        #[cfg(any(feature = "isahc", feature = "isahc-openssl"))]
        Arc::new(isahc::Connector::new()),
        #[cfg(feature = "native-tls")]
        Arc::new(native_tls::Connector::new()),
    ]
}

/// The examples of the page on credentials compile.
#[cfg(all(doctest, feature = "reqwest"))]
#[doc = include_str!("../../../docs/credentials.md")]
struct PageOnCredentials;

/// So do those of the page on lists.
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
