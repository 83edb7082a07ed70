//! Workflows about service users: what the platform shows once is never lost, and credentials replace themselves.
//!
//! Each of them is a [`Task`], which [`Workflows`] plans ([`plan`](Workflows::plan)), runs ([`run`](Workflows::run)) or, after a
//! crash, takes to its end ([`resume`](Workflows::resume)).
//!
//! ```no_run
//! use digicert_one_provisioning::{Ends, Keeping, RotateToken, Workflows};
//!
//! # async fn example(client: digicert_one_client::Client) -> Result<(), Box<dyn std::error::Error>> {
//! let keeping = Keeping::file("/etc/d1/api-key").last_resort_file("/var/lib/d1/rescued");
//! let workflows = Workflows::new(client, keeping, "/var/lib/d1/ci-bot.journal").lock("/srv/shared/ci-bot.lock");
//! if let Some(report) = workflows.resume().await? {
//!     println!("{report}");
//! }
//! let task = RotateToken::new().ends(Ends::AfterDays(90));
//! println!("{}", workflows.plan(&task.clone().into()).await?);
//! println!("{}", workflows.run(task).await?);
//! # Ok(()) }
//! ```
//!
//! # What holds at every moment
//!
//! - Nothing is made on the platform before the place for its secret, and the last resort, are proved.
//! - Before each step that another process would have to know of, the journal has it: a process that is killed at any point leaves
//!   enough for [`resume`](Workflows::resume) to end with one secret that is kept and works, and with nothing enabled that nobody
//!   has the secret of.
//! - The one before is disabled only after the new one was kept, read back, proved by a call, and taken by all who were named.
//! - Nothing is spawned; time is the client's clock; file work is done on threads for blocking work.

mod attempt;
mod drive;
mod ends;
mod error;
mod keep;
mod keeping;
mod make;
mod name;
mod orphan;
mod places;
mod plan;
mod planning;
mod progress;
mod prove;
mod renewal;
mod report;
mod retire;
mod session;
mod state;
mod survey;
mod switch;
mod task;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use self::error::{IssueError, IssueErrorKind, Next, SecretPlace};
pub use self::keeping::Keeping;
pub use self::plan::{Plan, PlannedStep};
pub use self::progress::{Moment, Progress, WorkStep};
pub use self::renewal::{Renewal, RotateCertificate, RotateToken};
pub use self::report::{Done, Old, Report};
pub use self::switch::{Switch, Switching, WatchedClient};
pub use self::task::{CreateServiceUser, CreateToken, Ends, RequestCertificate, Task, TaskKind};
use digicert_one_client::Client;

/// How long a lock is held beyond the waits that are known of.
const LOCK_TTL: Duration = Duration::from_secs(15 * 60);
/// How long another holder of the lock is waited for.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// How long a new credential may take until the platform knows it.
const PROOF: Duration = Duration::from_secs(60);

/// Runs tasks about service users with a client, a place for secrets, and a journal.
///
/// The client is whoever may do it: an administrator for a new service user, the service user itself for its rotation. Beside the
/// journal stand its `.state` file (which token or certificate is in use now; nothing secret) and, while a certificate is being
/// requested, the private key. One journal serves one credential.
pub struct Workflows {
    client: Client,
    keeping: Keeping,
    journal: PathBuf,
    lock: PathBuf,
    ttl: Duration,
    patience: Duration,
    proof: Duration,
    progress: Option<Arc<dyn Progress>>,
    switches: Vec<Arc<dyn Switch>>,
}

impl Workflows {
    /// Tasks with this client, of which the secrets are kept here. The journal's directory must be there.
    #[must_use]
    pub fn new(client: Client, keeping: Keeping, journal: impl Into<PathBuf>) -> Self {
        let journal = journal.into();
        let mut lock = journal.clone().into_os_string();
        lock.push(".lock");
        let (ttl, patience, proof) = (LOCK_TTL, PATIENCE, PROOF);
        let (progress, switches, lock) = (None, Vec::new(), lock.into());
        Self { client, keeping, journal, lock, ttl, patience, proof, progress, switches }
    }

    /// The lock file, where several machines share a credential: on a file system that all of them see. If none is named, it stands
    /// beside the journal.
    #[must_use]
    pub fn lock(mut self, path: impl Into<PathBuf>) -> Self {
        self.lock = path.into();
        self
    }

    /// How long the lock is held if its holder is killed (15 minutes, if not said otherwise; waits that are known of are added). A
    /// process with the same journal on the same machine takes it over at once.
    #[must_use]
    pub fn lock_for(mut self, time: Duration) -> Self {
        self.ttl = time;
        self
    }

    /// How long another holder of the lock is waited for (5 minutes, if not said otherwise).
    #[must_use]
    pub fn patience(mut self, time: Duration) -> Self {
        self.patience = time;
        self
    }

    /// How long a new credential may take until the platform knows it (a minute, if not said otherwise).
    #[must_use]
    pub fn prove_within(mut self, time: Duration) -> Self {
        self.proof = time;
        self
    }

    /// Who hears of every step.
    #[must_use]
    pub fn progress(mut self, progress: impl Progress) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// One more who uses the credential that is rotated.
    #[must_use]
    pub fn switch(mut self, switch: impl Switch) -> Self {
        self.switches.push(Arc::new(switch));
        self
    }

    /// What the task would do now. Sends GETs only and writes nothing.
    ///
    /// # Errors
    /// The task is not valid, or who is calling cannot be told.
    pub async fn plan(&self, task: &Task) -> Result<Plan, IssueError> {
        planning::plan(self, task).await
    }

    /// Runs the task to its end. A rotation first finishes one that was interrupted with this journal; if what that one made is
    /// not due again, there is nothing more to do. Where a task ends with nothing made, no file is left that was not there.
    ///
    /// # Errors
    /// See [`IssueError`]. Where [`IssueError::next`] says so, call [`resume`](Self::resume) before anything else.
    pub async fn run(&self, task: impl Into<Task>) -> Result<Report, IssueError> {
        // Boxed, since it is rare and large: the caller's future would carry it.
        Box::pin(drive::Driver::run(self, task.into())).await
    }

    /// Takes the task that was cut to its end, whatever step it was cut at; nothing where none was cut or there is no journal. May
    /// be called at every start, and again after it was cut itself.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub async fn resume(&self) -> Result<Option<Report>, IssueError> {
        Box::pin(drive::Driver::resume(self)).await
    }
}

impl fmt::Debug for Workflows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workflows")
            .field("client", &self.client)
            .field("keeping", &self.keeping)
            .field("journal", &self.journal)
            .field("lock", &self.lock)
            .field("switches", &self.switches)
            .finish_non_exhaustive()
    }
}
