#![doc = include_str!("../README.md")]
//!
//! Floors, lowest first: `words`, `id`, `end_date`, `clock`, `role` · `state`, `decide`, `response` · `limits`, `fault`, `options` ·
//! `state_file`, `store`, `seed`, `steering` · `router`, `routes`, `csc` · `listener`, `control` · `emulator`.

mod clock;
mod control;
mod csc;
mod decide;
mod emulator;
mod error;
mod error_shape;
mod fault;
mod faults;
mod id;
mod last_day;
mod limits;
mod listener;
mod observation;
mod options;
mod response;
mod retry_after;
mod role;
mod router;
mod routes;
mod seed;
mod service_user;
mod signing;
mod state;
mod state_file;
mod steering;
mod store;
#[cfg(test)]
mod texts;
mod words;

pub use clock::{Clock, EmulatorClock};
pub use control::{Control, ControlError, Subject};
pub use csc::Csc;
pub use csc::options::{AuthMode, CscCredentialSpec, CscOptions, DigestUserSpec, OAuthClientSpec, Scal, SigningKey};
pub use digicert_one_testbed::{ClientAuth, ClientCert, KeyEncoding, KeyKind, Ledger};
pub use emulator::Emulator;
pub use error::EmulatorError;
pub use error_shape::ErrorShape;
pub use fault::{Fault, FaultKind, InvalidFault, Moment, Times};
pub use faults::{FaultId, FaultState};
pub use http::StatusCode;
pub use last_day::{InvalidLastDay, LastDay};
pub use limits::{Maintenance, RateLimit};
pub use observation::{HostKind, Observation, Proof};
pub use options::{ApiKeySpec, CertificateSpec, EmulatorOptions, Generation, ServiceUserSpec};
pub use retry_after::{RetryAfter, RetryAfterForm};
pub use role::permission;
pub use service_user::ServiceUser;
