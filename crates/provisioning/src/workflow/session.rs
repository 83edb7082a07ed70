//! Shared by all workflows: the journal, the lock, the state file, and the observer. Does not know what is created.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use digicert_one_core::{Clock, Code};

use super::places::Places;
use super::state::State;
use super::{IssueError, IssueErrorKind, ProgressEvent, RecoveryAction, SecretLocation, TaskKind, TaskStep, Workflows};
use crate::lock::Lock;
use crate::{HeldLock, Journal, JournalError, LockError, OperationOutcome, Owner, Pending, Record};

/// One run or resumption.
pub(super) struct Session<'a> {
    pub(super) flows: &'a Workflows,
    pub(super) kind: Option<TaskKind>,
    /// `None` while a thread for blocking work has it.
    journal: Option<Journal>,
    lock: Option<Lock>,
    shared_lock: Option<Box<dyn HeldLock>>,
    /// Whether this run began an operation.
    begun: bool,
    pub(super) state: State,
    pub(super) notes: Vec<String>,
}

/// A run that is cancelled before it began an operation leaves no new files, unless they name the holder of a shared lock.
impl Drop for Session<'_> {
    fn drop(&mut self) {
        let is_named = self.flows.shared_lock.is_some() && self.state.holder.is_some();
        if self.begun || self.pending().is_some() || is_named {
            return;
        }
        if let Some(journal) = self.journal.take().filter(Journal::was_empty) {
            if self.state.is_blank() {
                // A remaining file is harmless.
                let _ = std::fs::remove_file(self.state_path());
            }
            journal.remove_if_new();
        }
    }
}

impl<'a> Session<'a> {
    /// Opens the journal, which no other process can then open, and reads the state.
    pub(super) async fn open(flows: &'a Workflows, kind: Option<TaskKind>) -> Result<Self, IssueError> {
        let mut session = Self::new(flows, kind);
        session.check_places().await?;
        let path = flows.journal.clone();
        session.notify(TaskStep::OpenJournal, false, path.display().to_string())?;
        let opened = blocking::unblock(move || Journal::open(path)).await;
        session.journal = Some(opened.map_err(|error| session.journal_failed(TaskStep::OpenJournal, error))?);
        match session.read_state().await {
            Ok(()) => Ok(session),
            Err(error) => {
                session.remove_new_journal().await;
                Err(error)
            }
        }
    }

    /// Same as `open`, if the journal exists; does not create one.
    pub(super) async fn open_existing(flows: &'a Workflows) -> Result<Option<Self>, IssueError> {
        let mut session = Self::new(flows, None);
        session.check_places().await?;
        let path = flows.journal.clone();
        session.notify(TaskStep::OpenJournal, false, path.display().to_string())?;
        let opened = blocking::unblock(move || Journal::open_existing(path)).await;
        session.journal = opened.map_err(|error| session.journal_failed(TaskStep::OpenJournal, error))?;
        if session.journal.is_none() {
            return Ok(None);
        }
        session.read_state().await?;
        Ok(Some(session))
    }

    fn new(flows: &'a Workflows, kind: Option<TaskKind>) -> Self {
        Self {
            flows,
            kind,
            journal: None,
            lock: None,
            shared_lock: None,
            begun: false,
            state: State::default(),
            notes: Vec::new(),
        }
    }

    /// Checked before any file is opened.
    async fn check_places(&self) -> Result<(), IssueError> {
        let places = Places::of(self.flows);
        match blocking::unblock(move || places.shared()).await {
            Some(message) => Err(self.error(IssueErrorKind::Task, TaskStep::OpenJournal, message).code(Code::CFG_01)),
            None => Ok(()),
        }
    }

    async fn read_state(&mut self) -> Result<(), IssueError> {
        let state = self.state_path();
        let read = blocking::unblock(move || State::read(&state)).await;
        let (state, damaged) = read.map_err(|error| {
            let message = format!("failed to read {}: {error}", self.state_path().display());
            let failed = self.error(IssueErrorKind::Journal, TaskStep::OpenJournal, message);
            failed.code(Code::IO_02).caused_by(error)
        })?;
        self.state = state;
        if damaged {
            let path = self.state_path();
            self.notes.push(format!("{} was damaged; the credential in use is not remembered", path.display()));
        }
        self.notify(TaskStep::OpenJournal, true, "")
    }

    /// Removes the files that this run created next to the secret, if nothing is in progress and nothing must
    /// be remembered.
    pub(super) async fn leave_nothing(&mut self) {
        if self.pending().is_some() {
            return;
        }
        self.unlock().await;
        if self.state.is_blank() {
            let path = self.state_path();
            // A remaining file is harmless.
            let _ = blocking::unblock(move || std::fs::remove_file(path)).await;
        }
        self.remove_new_journal().await;
    }

    async fn remove_new_journal(&mut self) {
        if let Some(journal) = self.journal.take() {
            blocking::unblock(move || journal.remove_if_new()).await;
        }
    }

    /// Acquires the lock for the known delays plus a reserve.
    pub(super) async fn lock(&mut self, waits: Duration) -> Result<(), IssueError> {
        let path = self.flows.lock.clone();
        self.notify(TaskStep::Lock, false, path.display().to_string())?;
        let failed = |error: io::Error| {
            IssueError::new(IssueErrorKind::Lock, TaskStep::Lock, "failed to generate an id for the lock")
                .caused_by(error)
        };
        let owner = Owner::this_process().map_err(failed)?;
        self.free_inherited(&owner).await;
        self.state.holder = Some(owner.clone());
        self.write_state(TaskStep::Lock).await?;
        let (ttl, clock) = (self.flows.ttl.saturating_add(waits), self.clock());
        let taken = Lock::acquire(path, &owner, ttl, self.flows.lock_timeout, &*clock).await;
        self.lock = Some(taken.map_err(|error| self.lock_failed(TaskStep::Lock, error))?);
        if let Some(shared) = &self.flows.shared_lock {
            let clock = self.clock();
            self.notify(TaskStep::Lock, false, shared.place())?;
            let taken = shared.acquire(&owner, ttl, self.flows.lock_timeout, &clock).await;
            self.shared_lock = Some(taken.map_err(|error| self.lock_failed(TaskStep::Lock, error))?);
        }
        self.notify(TaskStep::Lock, true, "")
    }

    /// Releases the lock that a killed process with this journal held on this machine. That process is gone:
    /// it had the journal open, and now we do.
    async fn free_inherited(&self, owner: &Owner) {
        let holder = self.state.holder.clone().filter(|holder| holder.host() == owner.host());
        let (Some(holder), path, now) = (holder, self.flows.lock.clone(), self.now()) else { return };
        let free = move || match path.exists() {
            true => Lock::try_acquire(path, &holder, Duration::from_secs(1), now).and_then(Lock::release),
            false => Ok(()),
        };
        // Problems with the lock are reported when it is acquired.
        let _ = blocking::unblock(free).await;
        if let (Some(shared), Some(holder)) = (&self.flows.shared_lock, &self.state.holder) {
            let _ = shared.free(holder, &self.clock()).await;
        }
    }

    /// Returns the fencing number of the shared lock.
    pub(super) fn fence(&self) -> Option<String> {
        self.shared_lock.as_ref().map(|lock| lock.fence().to_string())
    }

    /// Ensures that the shared lock is still held, so that a process that slept does not overwrite what another one stored.
    pub(super) async fn guard_shared(&self, step: TaskStep, wait: Duration) -> Result<(), IssueError> {
        let Some(lock) = &self.shared_lock else { return Ok(()) };
        let held = lock.renew(self.flows.ttl.saturating_add(wait), &self.clock()).await;
        held.map_err(|error| self.lock_failed(step, error))
    }

    /// Removes the lock if nothing is in progress.
    pub(super) async fn nothing_under_way(&self) {
        if let Ok(owner) = Owner::this_process() {
            self.free_inherited(&owner).await;
        }
    }

    /// Ensures that the lock is still held, for this delay plus a reserve.
    pub(super) async fn guard(&mut self, step: TaskStep, wait: Duration) -> Result<(), IssueError> {
        let Some(mut lock) = self.lock.take() else { return Ok(()) };
        let (now, ttl) = (self.now(), self.flows.ttl);
        let (lock, held) = blocking::unblock(move || {
            let left = lock.until().duration_since(now).unwrap_or_default();
            let held = lock.check(now).and_then(|()| match left < wait.saturating_add(ttl / 2) {
                true => lock.renew(ttl.saturating_add(wait), now),
                false => Ok(()),
            });
            (lock, held)
        })
        .await;
        self.lock = Some(lock);
        held.map_err(|error| self.lock_failed(step, error))?;
        self.guard_shared(step, wait).await
    }

    /// Releases the lock.
    pub(super) async fn unlock(&mut self) {
        if let Some(lock) = self.shared_lock.take()
            && let Err(error) = lock.release(&self.clock()).await
        {
            self.notes.push(format!("the shared lock stays until it expires: {error}"));
        }
        if let Some(lock) = self.lock.take()
            && let Err(error) = blocking::unblock(move || lock.release()).await
        {
            self.notes.push(format!("the lock stays until it expires: {error}"));
        }
    }

    /// Returns the operation in progress.
    pub(super) fn pending(&self) -> Option<&Pending> {
        self.journal.as_ref()?.pending()
    }

    /// Returns a fact of the operation in progress.
    pub(super) fn fact(&self, name: &str) -> Option<&str> {
        self.pending()?.fact(name)
    }

    pub(super) async fn begin(&mut self, operation: Record) -> Result<(), IssueError> {
        self.notify(TaskStep::Begin, false, "")?;
        self.begun = true;
        self.journal(TaskStep::Begin, move |journal| journal.begin(operation).map(drop)).await?;
        self.notify(TaskStep::Begin, true, "")
    }

    /// Records that a step was completed, with facts that are not secret. Durable when it returns.
    pub(super) async fn note(
        &mut self,
        step: TaskStep,
        name: &str,
        facts: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), IssueError> {
        self.notify(step, false, "")?;
        self.note_silently(step, name, facts).await?;
        self.notify(step, true, "")
    }

    /// Same as [`note`](Self::note), but the observer cannot stop it.
    pub(super) async fn note_silently(
        &mut self,
        step: TaskStep,
        name: &str,
        facts: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), IssueError> {
        let mut noted = Record::new(name, self.now());
        for (name, value) in facts {
            noted = noted.with(name, value);
        }
        self.journal(step, move |journal| journal.step(noted)).await
    }

    pub(super) async fn finish(&mut self, outcome: OperationOutcome) -> Result<(), IssueError> {
        let now = self.now();
        self.notify(TaskStep::Finish, false, "")?;
        self.journal(TaskStep::Finish, move |journal| journal.finish(outcome, now)).await?;
        self.notify(TaskStep::Finish, true, "")
    }

    /// Runs a journal operation on a thread for blocking work.
    pub(super) async fn journal<T: Send + 'static>(
        &mut self,
        step: TaskStep,
        work: impl FnOnce(&mut Journal) -> Result<T, JournalError> + Send + 'static,
    ) -> Result<T, IssueError> {
        let Some(mut journal) = self.journal.take() else {
            return Err(self.error(IssueErrorKind::Journal, step, "the journal is not open"));
        };
        let (journal, result) = blocking::unblock(move || {
            let result = work(&mut journal);
            (journal, result)
        })
        .await;
        self.journal = Some(journal);
        result.map_err(|error| self.journal_failed(step, error))
    }

    /// Writes the state file.
    pub(super) async fn write_state(&self, step: TaskStep) -> Result<(), IssueError> {
        let (state, path) = (self.state.clone(), self.state_path());
        let written = blocking::unblock(move || state.write(&path)).await;
        written.map_err(|error| {
            let message = format!("failed to write the state: {error}");
            self.error(IssueErrorKind::Journal, step, message).code(Code::IO_01).caused_by(error)
        })
    }

    pub(super) fn state_path(&self) -> PathBuf {
        self.flows.state_path()
    }

    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(self.flows.client.clock())
    }

    pub(super) fn now(&self) -> SystemTime {
        self.flows.client.clock().now()
    }

    /// Notifies the observer, who may stop it here.
    pub(super) fn notify(&self, step: TaskStep, done: bool, detail: impl Into<String>) -> Result<(), IssueError> {
        let moment = ProgressEvent { task: self.kind, step, done, detail: detail.into() };
        tracing::debug!("{moment}");
        match &self.flows.progress {
            Some(progress) if progress(&moment).is_break() => {
                let message = format!("it was stopped {} this step", if done { "after" } else { "before" });
                Err(self.error(IssueErrorKind::Stopped, step, message).with_secret(SecretLocation::Unknown))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn error(&self, kind: IssueErrorKind, step: TaskStep, message: impl Into<String>) -> IssueError {
        self.named(IssueError::new(kind, step, message))
    }

    fn named(&self, error: IssueError) -> IssueError {
        let error = match self.kind {
            Some(kind) => error.of(kind),
            None => error,
        };
        // Whatever fails while a task is in progress must be resumed.
        if self.pending().is_some() { error.then(RecoveryAction::Resume) } else { error }
    }

    fn journal_failed(&self, step: TaskStep, error: JournalError) -> IssueError {
        let (kind, next) = match &error {
            JournalError::Busy { .. } => (IssueErrorKind::Lock, RecoveryAction::Retry),
            _ => (IssueErrorKind::Journal, RecoveryAction::Correct),
        };
        let failed = IssueError::new(kind, step, format!("the journal: {error}")).then(next);
        let failed = match &error {
            JournalError::File(_) => failed.code(Code::IO_01),
            JournalError::Foreign { .. } => failed.code(Code::IO_02),
            // It may tell of a task in progress, which cannot be read.
            JournalError::Damaged { .. } | JournalError::OtherVersion { .. } | JournalError::Key(_) => {
                failed.code(Code::IO_02).with_secret(SecretLocation::Unknown)
            }
            _ => failed,
        };
        self.named(failed).caused_by(error)
    }

    /// A file that cannot be used stays so until it is corrected; with a task in progress, resuming does both.
    fn to_correct(&self, failed: IssueError) -> IssueError {
        if self.pending().is_some() { failed } else { failed.then(RecoveryAction::Correct) }
    }

    fn lock_failed(&self, step: TaskStep, error: LockError) -> IssueError {
        let kind = match &error {
            LockError::Lost { .. } => IssueErrorKind::LockLost,
            _ => IssueErrorKind::Lock,
        };
        let failed = self.error(kind, step, format!("the lock: {error}"));
        let failed = match &error {
            LockError::File(_) => self.to_correct(failed.code(Code::IO_01)),
            LockError::Damaged { .. } => self.to_correct(failed.code(Code::IO_02)),
            LockError::Store { code, .. } => failed.code(*code),
            _ => failed,
        };
        failed.caused_by(error)
    }
}
