//! The conformance suite for DigiCert ONE transports: every case one named test, judged by what servers on loopback saw.
//!
//! A transport crate uses this crate as a dev-dependency and writes one file; `docs/write-a-transport.md` is
//! the complete guide.
//!
//! ```ignore
//! // tests/conformance.rs  (not compiled here: this crate knows no transport)
//! digicert_one_conformance::suite!(
//!     digicert_one_conformance::Subject::new(my_transport::Connector::new()).waivers(include_str!("../waivers.toml"))
//! );
//! ```
//!
//! **What passing means.** For each capability that the connector declares, and for each that it leaves out:
//!
//! - The request arrives as given, once, at the server that the configuration names, with that identity,
//!   trust and TLS version.
//! - `connect` refuses what is not declared, by its name. Such cases are counted separately: `MUST 160/160 (9
//!   not declared)`.
//! - A failure has the right kind, delivery and facts, so that its diagnosis is right; the table of faults
//!   ([`faults`]) causes each failure that users meet and checks the code.
//! - No key or password is in an error, a log line, a `Debug` text or a file; identities share no connection
//!   and no session.
//! - *MUST* is security or correctness, *SHOULD* is precision, *MAY* is optional. A waiver in `waivers.toml` excuses one case, with a
//!   reason, and fails the run once the case passes.
//!
//! **What it does not mean.**
//!
//! - That the TLS library is sound. A few forged and malformed certificates are tested, not its cryptography,
//!   its side channels or every rule of RFC 5280.
//! - That it works on another operating system, engine or version than those of the run. Run it wherever you release.
//! - That a real proxy, load balancer or DigiCert ONE behaves like the servers here, or that it is fast.
//! - That everything without a case works. The suite is tested against more than three hundred transports with
//!   one defect each (`docs/broken-transports.md`), and each new defect that is found becomes a case.
//!
//! **Lives.** A clause holds for every method and in every life of a transport. Before its first call, a transport of
//! almost every case has had a response of failure, a call that found no server, and a response of success; cases that
//! run in each setting also try transports that are new, that lost or dropped calls, and that stand beside another one. Cases whose
//! calls are GETs and whose clause holds for each method run again with POST, and with DELETE, PUT or PATCH, in their place, and some about HTTP/2 again
//! while another stream is in flight (`methods`).
//!
//! Assertions read the *ledger* of the server side, not the transport's opinion. A failure names the case,
//! the configuration of the last transport that was created, and each server with its TLS library and the
//! received requests; `--case ID --explain` explains the case, whom it protects and where to look.
//!
//! For the groups IDENT, CRED, ROTATE and SECRET, every case that a transport can fail is here. Those about
//! reading a configuration are tests of the crates that read: SECRET-05 and SECRET-09 of `credentials`,
//! SECRET-06 of `client`, SECRET-08 and SECRET-10 of the command line.

mod audit;
mod beside;
mod call_table;
mod case;
mod cases;
mod catalogue;
mod child;
mod differential;
mod faults;
mod formats;
mod generated;
mod harness;
mod life;
mod limbo;
mod load;
mod log_scan;
mod meters;
mod methods;
mod past;
pub mod render;
mod report;
mod run;
mod sent_as;
mod setting;
mod spans;
mod subject;
mod switch;
mod waiver;
mod witness;
mod world;

pub use case::{Case, Explanation, Level};
pub use catalogue::{cases, explain};
pub use differential::differential;
pub use faults::{Fault, FaultCell, Wider, fault_table, fault_test, faults};
pub use formats::{FormatCell, format_table, format_test};
pub use harness::main;
pub use limbo::{LimboCell, LimboOutcome, limbo_table};
pub use load::{Load, LoadReport, Process, load_test, rotate_under_load};
pub use report::{CaseOutcome, CaseReport, Count, Report};
pub use run::{check_waivers, run, run_all};
pub use subject::{CaseFuture, Subject};
