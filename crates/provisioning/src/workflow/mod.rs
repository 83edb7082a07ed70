//! Workflows for service users: store secrets that are shown once, and rotate credentials automatically.
//!
//! Each workflow is a [`Task`], which [`Workflows`] plans ([`plan`](Workflows::plan)), runs
//! ([`run`](Workflows::run)) or, after an interruption, resumes ([`resume`](Workflows::resume)).
//!
//! ```no_run
//! use digicert_one_provisioning::{EndDatePolicy, StoreOptions, RotateToken, Workflows};
//!
//! # async fn example(client: digicert_one_client::Client) -> Result<(), Box<dyn std::error::Error>> {
//! let store = StoreOptions::file("/etc/d1/api-key").last_resort_file("/var/lib/d1/rescued");
//! let workflows = Workflows::new(client, store, "/var/lib/d1/ci-bot.journal").lock("/srv/shared/ci-bot.lock");
//! if let Some(report) = workflows.resume().await? {
//!     println!("{report}");
//! }
//! let task = RotateToken::new().end_date(EndDatePolicy::AfterDays(90));
//! println!("{}", workflows.plan(&task.clone().into()).await?);
//! println!("{}", workflows.run(task).await?);
//! # Ok(()) }
//! ```
//!
//! # Guarantees
//!
//! - Nothing is created on the platform before the place for its secret, and the last resort, are checked.
//! - Each step that another process must know of is recorded in the journal first: after a kill at any point,
//!   [`resume`](Workflows::resume) ends with one secret that is stored and works, and with no orphaned
//!   credentials.
//! - The previous credential is disabled only after the new one was stored, read back, verified with a call,
//!   and adopted by all consumers.
//! - No tasks are spawned; time is the client's clock; file operations run on threads for blocking work.

mod attempt;
mod checked_stores;
mod cleanup;
mod driver;
mod end_date;
mod end_date_policy;
mod error;
mod issue;
mod name;
mod places;
mod plan;
mod planning;
mod preflight;
mod progress;
mod renewal;
mod report;
mod retire;
mod runner;
mod session;
mod state;
mod store_options;
mod store_secret;
mod switch;
mod task;
mod verify;
mod workflows;

pub use self::end_date_policy::EndDatePolicy;
pub use self::error::{IssueError, IssueErrorKind, RecoveryAction, SecretLocation};
pub use self::plan::Plan;
pub use self::progress::{ProgressEvent, TaskStep};
pub use self::renewal::{Renewal, RotateCertificate, RotateToken};
pub use self::report::{PreviousCredential, Report, TaskOutcome};
pub use self::store_options::StoreOptions;
pub use self::switch::{CredentialChange, CredentialConsumer, watched_client};
pub use self::task::{CreateToken, RequestCertificate, Task, TaskKind};
pub use self::workflows::Workflows;
