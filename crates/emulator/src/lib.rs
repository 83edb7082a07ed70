//! A local DigiCert ONE for tests, demos and offline work: no account, no internet, real TLS.
//!
//! Two listeners on loopback, as the platform has two kinds of host: the *platform* listener takes API keys and asks for
//! no certificate, the *clientauth* listener asks for one. Behind both stands one set of service users with end dates
//! under a clock that the test sets. Every decision that a caller can meet is made in one function, in one
//! order (`decide.rs`). Shapes and codes follow what is publicly known of the platform; where nothing is, the comment says so.
//!
//! ```
//! use digicert_one_emulator::Emulator;
//!
//! let emulator = Emulator::start_default()?;
//! let user = &emulator.users()[0];
//! println!("DC_BASE={}", emulator.platform_url());
//! println!("SM_HOST={}", emulator.client_auth_url());
//! println!("{} has a key of {} characters", user.friendly_name(), user.api_key().len());
//! # Ok::<_, digicert_one_emulator::EmulatorError>(())
//! ```

mod answer;
mod csc;
mod decide;
mod device;
mod emulator;
mod end_date;
mod error;
mod observation;
mod options;
mod routes;
mod service_user;
mod signing;
mod store;

pub use csc::{AuthMode, Csc, CscCredentialSpec, CscOptions, DigestUserSpec, OAuthClientSpec, Scal, SigningKey};
pub use decide::Proof;
pub use digicert_one_testbed::{ClientAuth, ClientCert, KeyEncoding, KeyKind, Ledger};
pub use emulator::Emulator;
pub use end_date::{EndDate, InvalidEndDate};
pub use error::EmulatorError;
pub use observation::{HostKind, Observation};
pub use options::{ApiKeySpec, CertificateSpec, Clock, EmulatorOptions, ServiceUserSpec};
pub use service_user::{Permission, ServiceUser};
