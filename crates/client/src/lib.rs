#![doc = include_str!("../README.md")]

mod attempt;
mod authenticate;
mod authorise;
mod bearer;
mod builder;
mod call;
mod call_progress;
mod client;
mod clock;
mod conclude;
mod decode;
mod document;
mod engine_config;
mod error;
mod excerpt;
mod generations;
mod host_config;
mod in_flight;
mod json_text;
mod link_target;
mod lossy_text;
mod mismatch;
pub mod observe;
mod orphaned_resource;
mod page;
pub mod paging;
mod parse_error;
mod partial;
mod path;
mod places;
mod rate_limit;
mod redact;
mod redirect;
mod relayed;
mod reminder;
mod request;
mod response;
mod response_head;
mod retry;
mod rotation;
mod send;
mod settings;
mod timers;
mod tried;
mod upload;
mod watched_body;

/// What `digicert-one-csc` needs of the engine. Not for programs: it changes without notice.
#[doc(hidden)]
pub mod seam {
    pub use crate::authorise::{AuthorisedRequest, Authoriser, Pass, Refusal};
    pub use crate::decode::clean;
    pub use crate::json_text::of_body as utf8_json;
    pub use crate::paging::by_token::ByToken;
    pub use crate::path::with_query;
    pub use crate::places::same_place;
}

pub use builder::ClientBuilder;
pub use client::Client;
pub use clock::SystemClock;
pub use error::{Error, ErrorKind};
pub use lossy_text::lossy_text;
pub use mismatch::json_mismatch;
pub use observe::{AuditRecord, RetryNotice, TraceContext};
pub use orphaned_resource::{OrphanedResource, ResourceKind};
pub use paging::{ItemStream, Page, PageStream, Pages, Paging, Position};
pub use parse_error::ParseError;
pub use path::{IntoTarget, Path};
pub use rate_limit::local::LocalRateLimiter;
pub use reminder::Reminder;
pub use request::RequestBuilder;
pub use response::Response;
pub use response_head::ResponseHead;
pub use retry::Retry;
pub use tried::FailedAttempt;
