//! The configuration of all workflows.

use std::fmt;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use digicert_one_client::Client;

use super::progress::{Progress, ProgressEvent};
use super::store_options::StoreOptions;
use super::switch::CredentialConsumer;
use crate::SharedLock;

/// How long a lock is held beyond the known delays.
const LOCK_TTL: Duration = Duration::from_secs(15 * 60);

/// How long to wait for another owner of the lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// How long to wait until the platform knows a new credential.
const VERIFICATION: Duration = Duration::from_secs(60);

/// Runs tasks for service users with a client, a place for secrets, and a journal.
///
/// The client needs the permissions: an administrator for a new service user, the service user itself for its
/// rotation. Next to the journal are its `.state` file (which token or certificate is in use; not secret)
/// and, while a certificate is requested, the private key. One journal serves one credential.
pub struct Workflows {
    pub(super) client: Client,
    pub(super) store: StoreOptions,
    pub(super) journal: PathBuf,
    pub(super) lock: PathBuf,
    pub(super) shared_lock: Option<Arc<dyn SharedLock>>,
    pub(super) ttl: Duration,
    pub(super) lock_timeout: Duration,
    pub(super) verification: Duration,
    pub(super) progress: Option<Arc<Progress>>,
    pub(super) consumers: Vec<Arc<dyn CredentialConsumer>>,
}

impl Workflows {
    /// Creates workflows with this client and this place for secrets. The journal's directory must exist.
    #[must_use]
    pub fn new(client: Client, store: StoreOptions, journal: impl Into<PathBuf>) -> Self {
        let journal = journal.into();
        let mut lock = journal.clone().into_os_string();
        lock.push(".lock");
        let (ttl, lock_timeout, verification) = (LOCK_TTL, LOCK_TIMEOUT, VERIFICATION);
        let (progress, consumers, lock, shared_lock) = (None, Vec::new(), lock.into(), None);
        Self { client, store, journal, lock, shared_lock, ttl, lock_timeout, verification, progress, consumers }
    }

    /// Sets the lock file, if several machines share a credential: on a file system that all of them use. By
    /// default it is next to the journal.
    #[must_use]
    pub fn lock(mut self, path: impl Into<PathBuf>) -> Self {
        self.lock = path.into();
        self
    }

    /// Sets a lock for several machines that share a credential and no file system. It is held in addition to the lock file, and the
    /// journal records its fencing number.
    #[must_use]
    pub fn shared_lock(mut self, lock: impl SharedLock) -> Self {
        self.shared_lock = Some(Arc::new(lock));
        self
    }

    /// Sets how long the lock is held if its owner is killed (15 minutes by default; known delays are added).
    /// A process with the same journal on the same machine takes it over at once.
    #[must_use]
    pub fn lock_ttl(mut self, time: Duration) -> Self {
        self.ttl = time;
        self
    }

    /// Sets how long to wait for another owner of the lock (5 minutes by default).
    #[must_use]
    pub fn lock_timeout(mut self, time: Duration) -> Self {
        self.lock_timeout = time;
        self
    }

    /// Sets how long to wait until the platform knows a new credential (one minute by default).
    #[must_use]
    pub fn verify_within(mut self, time: Duration) -> Self {
        self.verification = time;
        self
    }

    /// Sets the observer of every step: it is called when a step is about to start, or has just been completed. `Break`
    /// ends the workflow here, as after a kill: nothing is cleaned up, and [`resume`](Self::resume) continues.
    ///
    /// ```no_run
    /// # use digicert_one_provisioning::Workflows;
    /// use std::ops::ControlFlow;
    /// # fn example(workflows: Workflows) -> Workflows {
    /// workflows.progress(|event| {
    ///     println!("{}: {}", event.step, event.detail);
    ///     ControlFlow::Continue(())
    /// })
    /// # }
    /// ```
    #[must_use]
    pub fn progress(mut self, progress: impl Fn(&ProgressEvent) -> ControlFlow<()> + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// Adds a consumer of the credential that is rotated.
    #[must_use]
    pub fn consumer(mut self, consumer: impl CredentialConsumer) -> Self {
        self.consumers.push(Arc::new(consumer));
        self
    }

    /// Returns the path of the journal's state.
    pub(super) fn state_path(&self) -> PathBuf {
        let mut path = self.journal.clone().into_os_string();
        path.push(".state");
        path.into()
    }
}

impl fmt::Debug for Workflows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workflows")
            .field("client", &self.client)
            .field("store", &self.store)
            .field("journal", &self.journal)
            .field("lock", &self.lock)
            .field("shared_lock", &self.shared_lock)
            .field("consumers", &self.consumers)
            .finish_non_exhaustive()
    }
}
