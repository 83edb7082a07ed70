//! The conformance suite for DigiCert ONE transports: every case one named test, on wiremock behind the testbed's TLS front.
//!
//! A transport crate takes this crate as a dev-dependency and writes one file:
//!
//! ```ignore
//! // tests/conformance.rs  (not compiled here: this crate knows no transport)
//! digicert_one_conformance::suite!(
//!     digicert_one_conformance::Subject::new(my_transport::Connector::new()).waivers(include_str!("../waivers.toml"))
//! );
//! ```
//!
//! Assertions read the *ledger* of the server side, not the transport's opinion. What a connector declares in its
//! capabilities must work; what it does not declare must be refused by `connect`. A case that a transport cannot meet is an
//! entry with a reason in its `waivers.toml`; an entry whose case passes fails the suite.

//! Of the groups IDENT, CRED, ROTATE and SECRET every case that a transport can fail is here. Those about the reading of
//! configuration are tests of the crates that read: SECRET-05 and SECRET-09 of `credentials`, SECRET-06 of `client`, SECRET-08 and
//! SECRET-10 of the command line.

mod audit;
mod call_table;
mod case;
mod cases;
mod child;
mod differential;
mod explain;
mod faults;
mod formats;
mod harness;
mod load;
mod log_scan;
mod meters;
pub mod render;
mod report;
mod run;
mod setting;
mod spans;
mod subject;
mod switch;
mod waiver;
mod witness;
mod world;

pub use case::{Case, Level, cases};
pub use differential::differential;
pub use explain::{Explanation, explain};
pub use faults::{Fault, FaultCell, Wider, fault_table, fault_test, faults};
pub use formats::{FormatCell, format_table, format_test};
pub use harness::main;
pub use load::{Load, LoadReport, Process, load_test, rotate_under_load};
pub use report::{CaseReport, Outcome, Report};
pub use run::{check_waivers, run, run_all};
pub use subject::{CaseFuture, Subject};
