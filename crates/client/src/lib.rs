//! The client: one engine over any transport.
//!
//! A call goes through one function, read top to bottom in `attempt.rs`: lease, the transport of that identity, the request for
//! the material's origin, send, conclude, report to the credential. Everything here runs under any executor and spawns
//! nothing.
//!
//! ```no_run
//! use digicert_one_client::Client;
//! use digicert_one_core::{ApiKey, Connector, FixedCredential, Instance, Region, Stage};
//!
//! # async fn example(connector: impl Connector) -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder()
//!     .instance(Instance::public(Region::UnitedStates, Stage::Demo))
//!     .credential(FixedCredential::api_key(ApiKey::new(std::env::var("DC_API_KEY")?)?))
//!     .connector(connector)
//!     .build()?;
//! let me: serde_json::Value = client.get("/account/api/v1/user/me").send().await?.json().await?;
//! # Ok(()) }
//! ```

mod attempt;
mod builder;
mod client;
mod clock;
mod course;
mod decode;
mod document;
mod error;
mod field_name;
mod flights;
mod generations;
mod host_config;
mod json_text;
mod left_behind;
mod link;
mod mismatch;
mod observe;
mod page;
mod paging;
mod path;
mod rate_limit;
mod redirect;
mod reminder;
mod request;
mod response;
mod retry;
mod rotation;
mod watched_body;
mod wiring;

/// What `digicert-one-csc` needs of the engine. Not for programs: it changes without notice.
#[doc(hidden)]
pub mod seam {
    pub use crate::attempt::{Call, beginning, without};
    pub use crate::course::Tried;
    pub use crate::decode::{answer, clean};
    pub use crate::host_config::HostConfig;
    pub use crate::observe::{Listener, span};
    pub use crate::paging::ByToken;
    pub use crate::path::with_query;
    pub use crate::response::{not_of_the_api, of_body, read_json};
    pub use crate::retry::{Next, Stop};
    pub use crate::watched_body::WatchedBody;
    pub use crate::wiring::Wiring;
    pub use crate::wiring_setters;
}

pub use builder::ClientBuilder;
pub use client::Client;
pub use clock::SystemClock;
pub use course::FailedAttempt;
pub use error::{Error, ErrorKind};
pub use field_name::FieldName;
pub use left_behind::{LeftBehind, Made};
pub use mismatch::Mismatch;
pub use observe::{AuditRecord, Outcome, RetryNotice, TraceContext, TraceContextError};
pub use paging::{ItemStream, Page, PageStream, Pages, Paging, Position, PositionError};
pub use path::{IntoTarget, Path};
pub use rate_limit::{LocalRateLimiter, RateLimitState};
pub use reminder::{Reminder, Reminders};
pub use request::RequestBuilder;
pub use response::{Response, ResponseHead};
pub use retry::Retry;
