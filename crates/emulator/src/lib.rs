//! A local DigiCert ONE for tests, demos and offline work: no account, no internet, real TLS.
//!
//! Two listeners on loopback, like the platform's two kinds of host: the *platform* listener accepts API keys
//! and asks for no certificate, the *clientauth* listener asks for one. They share one state: users with
//! their API tokens and client certificates, all with end dates under a clock that the test sets, and the
//! resources of each product. Callers change it, and it can be stored in a file. One function authenticates
//! and authorises callers, in one order (`decide.rs`). Shapes and codes follow what is publicly known of the
//! platform; otherwise the comment says that they are inferred.
//!
//! Floors, lowest first: `words`, `id`, `end_date`, `clock`, `role` · `state`, `decide`, `response` · `limits`, `fault`, `options` ·
//! `state_file`, `store`, `seed`, `steering` · `router`, `routes`, `csc` · `listener`, `control` · `emulator`.
//!
//! ```
//! use digicert_one_emulator::Emulator;
//!
//! # async fn a_test() -> Result<(), digicert_one_emulator::EmulatorError> {
//! let emulator = Emulator::start().await?;
//! let user = &emulator.users()[0];
//! println!("DC_BASE={}", emulator.platform_url());
//! println!("SM_HOST={}", emulator.client_auth_url());
//! println!("{} has a key of {} characters", user.friendly_name(), user.api_key().len());
//! # Ok(())
//! # }
//! ```

mod clock;
mod control;
mod csc;
mod decide;
mod emulator;
mod end_date;
mod error;
mod error_shape;
mod fault;
mod faults;
mod id;
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
mod words;

pub use clock::{Clock, EmulatorClock};
pub use control::{Control, ControlError, Subject};
pub use csc::Csc;
pub use csc::options::{AuthMode, CscCredentialSpec, CscOptions, DigestUserSpec, OAuthClientSpec, Scal, SigningKey};
pub use digicert_one_testbed::{ClientAuth, ClientCert, KeyEncoding, KeyKind, Ledger};
pub use emulator::Emulator;
pub use end_date::{EndDate, InvalidEndDate};
pub use error::EmulatorError;
pub use error_shape::ErrorShape;
pub use fault::{Fault, FaultKind, InvalidFault, Moment, Times};
pub use faults::{FaultId, FaultState};
pub use http::StatusCode;
pub use limits::{Maintenance, RateLimit};
pub use observation::{HostKind, Observation, Proof};
pub use options::{ApiKeySpec, CertificateSpec, EmulatorOptions, Generation, ServiceUserSpec};
pub use retry_after::{RetryAfter, RetryAfterForm};
pub use role::permission;
pub use service_user::ServiceUser;
