//! Runs a task from its journalled position to its end, step by step. A new task and a resumed one take the
//! same path; the resumed one only has less in memory.

use std::time::{Duration, SystemTime};

use digicert_one_account::{AccountExt as _, Id, User};
use digicert_one_core::EndDate;

use super::attempt::{self, Attempt, IssuedKind, Position, REMOVED, attempts};
use super::driver::Driver;
use super::preflight::preflight;
use super::session::Session;
use super::{
    IssueError, IssueErrorKind, PreviousCredential, RecoveryAction, Report, Task, TaskOutcome, TaskStep, Workflows,
};
use crate::store::FallbackStore;
use crate::{OperationOutcome, Pending, Record, SecretKind};

/// Maximum attempts in one run, if what was created turned out to be unusable.
const ATTEMPTS: usize = 4;

impl Workflows {
    /// Runs the task to its end. A rotation first finishes an interrupted one of this journal; if its result
    /// is not due again, nothing more is done. If a task ends without creating anything, no new file is left.
    ///
    /// # Errors
    /// See [`IssueError`]. If [`IssueError::next`] asks for it, call [`resume`](Self::resume) before anything else.
    pub async fn run(&self, task: impl Into<Task>) -> Result<Report, IssueError> {
        // Boxed, since it is rare and large, and would enlarge the caller's future.
        Box::pin(Driver::run(self, task.into())).await
    }

    /// Finishes an interrupted task, whatever step it was interrupted at; returns `None` if there is none or
    /// no journal. May be called at every start, and again after another interruption.
    ///
    /// # Errors
    /// Same as [`run`](Self::run).
    pub async fn resume(&self) -> Result<Option<Report>, IssueError> {
        Box::pin(Driver::resume(self)).await
    }
}

impl<'a> Driver<'a> {
    /// Runs a new task.
    pub(super) async fn run(flows: &'a Workflows, task: Task) -> Result<Report, IssueError> {
        check(&task)?;
        let mut session = Session::open(flows, Some(task.kind())).await?;
        if session.pending().is_some() {
            let interrupted = resumable_before(&session, &task)?;
            let (opened, mut report) = Self::take_up(session, interrupted).await?;
            if is_done_by(&task, &report, opened.now()) {
                report.notes.insert(0, "an interrupted rotation was finished, which completes this task".to_owned());
                return Ok(report);
            }
            session = opened;
            session.kind = Some(task.kind());
            session.notes.push(format!("an interrupted task ({}) was finished first", report.task));
        }
        let mut driver = Self::new(session, task, false);
        let outcome = driver.run_new().await;
        let leaves_nothing = match &outcome {
            Ok(report) => report.outcome != TaskOutcome::Completed,
            // What has begun stays, as after a kill.
            Err(_) => true,
        };
        if leaves_nothing {
            driver.session.leave_nothing().await;
        }
        outcome
    }

    async fn run_new(&mut self) -> Result<Report, IssueError> {
        // Nothing is in progress yet that could be resumed.
        let not_begun = |error: IssueError| {
            if error.next() == RecoveryAction::Resume { error.not_begun() } else { error }
        };
        if let Some(why) = self.before().await.map_err(not_begun)? {
            return Ok(self.nothing_to_do(why).await);
        }
        self.begin().await?;
        self.drive().await
    }

    /// Runs the steps before a new task; returns the reason if there is nothing to do.
    async fn before(&mut self) -> Result<Option<String>, IssueError> {
        self.session.lock(waits(&self.task)).await?;
        self.look().await?;
        self.delete_what_is_due().await?;
        match self.preflight.as_mut().and_then(|preflight| preflight.not_due.take()) {
            Some(why) => Ok(Some(why)),
            None => self.prepare().await.map(|()| None),
        }
    }

    /// Resumes an interrupted task.
    pub(super) async fn resume(flows: &'a Workflows) -> Result<Option<Report>, IssueError> {
        let Some(session) = Session::open_existing(flows).await? else { return Ok(None) };
        let Some(pending) = session.pending() else {
            session.nothing_under_way().await;
            return Ok(None);
        };
        let task = interrupted(pending)?;
        Self::take_up(session, task).await.map(|(_, report)| Some(report))
    }

    /// Finishes an interrupted task, and returns the session.
    async fn take_up(mut session: Session<'a>, task: Task) -> Result<(Session<'a>, Report), IssueError> {
        session.kind = Some(task.kind());
        // The observer must know that a task is in progress.
        session.notify(TaskStep::Begin, true, "by an earlier process")?;
        session.lock(waits(&task)).await?;
        if let Some(fence) = session.fence() {
            session.note_silently(TaskStep::Lock, "locked", [("fence".to_owned(), fence)]).await?;
        }
        let mut driver = Self::new(session, task, true);
        let report = driver.drive().await?;
        Ok((driver.session, report))
    }

    async fn begin(&mut self) -> Result<(), IssueError> {
        // Plain data, which JSON can always represent.
        let task = serde_json::to_string(&self.task).unwrap_or_default();
        let mut operation = Record::new(self.task.kind().as_str(), self.session.now()).with("task", task);
        if let Some(preflight) = &self.preflight {
            operation = operation.with("caller", preflight.me.as_str()).with("base", &preflight.name_prefix);
            if let Some(owner) = &preflight.owner {
                operation = operation.with("owner", owner.id.as_str());
            }
            if let Some(previous) = &preflight.previous {
                operation = operation.with("old", previous);
            }
        }
        if let Some(fence) = self.session.fence() {
            operation = operation.with("fence", fence);
        }
        self.session.begin(operation).await
    }

    async fn drive(&mut self) -> Result<Report, IssueError> {
        if self.resumed {
            self.look_again().await?;
        }
        loop {
            let all = self.attempts();
            match all.last() {
                Some(last) if last.position != Position::Fresh => match last.position {
                    Position::Fresh | Position::Named => self.remove(last).await?,
                    Position::Created => self.store(last).await?,
                    Position::Stored => self.verify(last).await?,
                    Position::Verified => self.switch(last).await?,
                    Position::Switched => self.retire(last).await?,
                    Position::Retired => return self.finish(&all).await,
                },
                _ if self.tried == ATTEMPTS => {
                    let message = format!("none of {ATTEMPTS} attempts created a usable credential");
                    return Err(self.session.error(IssueErrorKind::Platform, TaskStep::Create, message));
                }
                _ => {
                    self.tried += 1;
                    if let Some(report) = self.attempt(all.len() + 1).await? {
                        return Ok(report);
                    }
                }
            }
        }
    }

    /// Verifies again what another process verified: it may have changed since.
    async fn look_again(&mut self) -> Result<(), IssueError> {
        match self.attempts().last() {
            Some(last) if last.position > Position::Stored => self.verify(last).await,
            _ => Ok(()),
        }
    }

    /// Makes one more attempt, from its name to the platform's response.
    async fn attempt(&mut self, number: usize) -> Result<Option<Report>, IssueError> {
        let ready = self.ready().await;
        match ready {
            Ok(None) => {}
            Ok(Some(why)) => {
                self.session.finish(OperationOutcome::Undone).await?;
                return Ok(Some(self.nothing_to_do(why).await));
            }
            Err(error) => return Err(self.give_up(error).await),
        }
        self.make(number).await.map(|()| None)
    }

    /// Checks everything that must be known before something is created; returns the reason if nothing must
    /// be created any more.
    async fn ready(&mut self) -> Result<Option<String>, IssueError> {
        if self.preflight.is_none() {
            self.look().await?;
            if let Some(why) = self.preflight.as_mut().and_then(|preflight| preflight.not_due.take()) {
                return Ok(Some(why));
            }
        }
        if !self.stores.are_checked() {
            self.prepare().await?;
        }
        Ok(None)
    }

    /// Reads the state on the platform.
    pub(super) async fn look(&mut self) -> Result<(), IssueError> {
        self.session.notify(TaskStep::WhoAmI, false, "")?;
        let owner = self.made_owner();
        let looked = preflight(&self.session.flows.client, &self.task, &self.session.state, owner.as_ref()).await;
        let looked = looked.map_err(|error| self.named(error))?;
        self.session.notes.extend(looked.notes.iter().cloned());
        let detail = looked.me.to_string();
        self.preflight = Some(looked);
        self.session.notify(TaskStep::WhoAmI, true, detail)
    }

    /// Checks the places for the secret.
    pub(super) async fn prepare(&mut self) -> Result<(), IssueError> {
        let store = &self.session.flows.store;
        let (store, last_resort) = store.stores();
        self.session.notify(TaskStep::Prepare, false, store.name())?;
        let prepared = FallbackStore::prepare_unblocked(self.secret_kind(), store, last_resort).await;
        self.stores.put(prepared.map_err(|error| {
            let message =
                format!("failed to prepare a place for the secret ({}), so none is created: {error}", error.kind());
            let failed = self.session.error(IssueErrorKind::StoreCheck, TaskStep::Prepare, message);
            failed.caused_by(error).then(RecoveryAction::Correct)
        })?);
        self.session.notify(TaskStep::Prepare, true, "")
    }

    /// Handles an error before anything was created in this attempt. If previous attempts left nothing
    /// either, the task is ended.
    pub(super) async fn give_up(&mut self, error: IssueError) -> IssueError {
        let last = self.attempts().pop().map(|last| last.position);
        let is_left = last.is_some_and(|last| last > Position::Named);
        if error.next() == RecoveryAction::Resume || is_left || self.session.pending().is_none() {
            return error;
        }
        if let Some(owner) = self.made_owner() {
            let left = format!("the service user with the id {owner} exists and has no API key");
            return error.leaving(left).then(RecoveryAction::Resume);
        }
        match self.session.finish(OperationOutcome::Undone).await {
            Ok(()) => error,
            Err(failed) if failed.kind() == IssueErrorKind::Stopped => failed,
            Err(_) => error.then(RecoveryAction::Resume),
        }
    }

    /// Records in the journal that nothing is left of the last attempt. `owner` is a service user that it
    /// created anyway.
    pub(super) async fn note_removed(&mut self, owner: Option<&Id<User>>) -> Result<(), IssueError> {
        let facts = owner.map(|owner| ("made-owner".to_owned(), owner.to_string()));
        (self.key, self.secret, self.verified) = (None, None, None);
        // The next check may be about another user.
        self.preflight = None;
        self.session.note(TaskStep::NoteRemoved, REMOVED, facts).await
    }

    async fn finish(&mut self, all: &[Attempt]) -> Result<Report, IssueError> {
        let Some(last) = all.last() else { return Err(self.impossible()) };
        self.remove_late_ones(all).await?;
        let previous = self.session.fact("old-became").map(str::to_owned);
        let owner = self.owner();
        self.session.finish(OperationOutcome::Done).await?;
        self.session.unlock().await;
        Ok(Report {
            task: self.task.kind(),
            outcome: TaskOutcome::Completed,
            owner,
            id: last.id.clone(),
            name: Some(last.called.as_ref().unwrap_or(&last.name).clone()),
            end_date: last.end_date,
            stored: last.stored.as_ref().map(|(place, read_back)| match read_back {
                true => crate::StoreReceipt::read_back(place),
                false => crate::StoreReceipt::handed_over(place),
            }),
            previous: previous.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(PreviousCredential::None),
            notes: std::mem::take(&mut self.session.notes),
        })
    }

    async fn nothing_to_do(&mut self, why: String) -> Report {
        self.session.unlock().await;
        let mut notes = vec![why];
        notes.append(&mut self.session.notes);
        Report {
            task: self.task.kind(),
            outcome: TaskOutcome::NotDue,
            owner: self.owner(),
            id: None,
            name: None,
            end_date: None,
            stored: None,
            previous: PreviousCredential::None,
            notes,
        }
    }

    /// Deletes tokens that were disabled long enough ago. Failures are retried by the next task.
    async fn delete_what_is_due(&mut self) -> Result<(), IssueError> {
        let now = self.session.now();
        let due: Vec<String> =
            self.session.state.to_delete.iter().filter(|one| one.is_due(now)).map(|one| one.id.clone()).collect();
        let tokens = self.session.flows.client.account().tokens();
        for id in due {
            self.session.notify(TaskStep::DeletePrevious, false, &id)?;
            match tokens.delete(&Id::new(&id)).await {
                Err(error) if !self.is_gone(&id, &error).await => {
                    self.session.notes.push(format!("the disabled token {id} is not deleted yet: {error}"));
                }
                _ => {
                    self.session.state.to_delete.retain(|one| one.id != id);
                    self.session.write_state(TaskStep::DeletePrevious).await?;
                }
            }
            self.session.notify(TaskStep::DeletePrevious, true, &id)?;
        }
        Ok(())
    }

    pub(super) fn attempts(&self) -> Vec<Attempt> {
        self.session.pending().map(attempts).unwrap_or_default()
    }

    /// Returns the service user that this task created.
    pub(super) fn made_owner(&self) -> Option<Id<User>> {
        self.session.fact("made-owner").map(Id::new)
    }

    /// Returns the owner of the new credential.
    pub(super) fn owner(&self) -> Option<Id<User>> {
        let surveyed = || self.preflight.as_ref()?.owner.as_ref().map(|owner| owner.id.clone());
        self.made_owner().or_else(|| self.session.fact("owner").map(Id::new)).or_else(surveyed)
    }

    /// Returns whether the caller does this for itself.
    pub(super) fn is_own(&self) -> bool {
        let caller = self.session.fact("caller");
        caller.is_some() && self.owner().as_ref().map(Id::as_str) == caller
    }

    /// Returns what is created next.
    pub(super) fn thing(&self) -> IssuedKind {
        match &self.task {
            Task::CreateServiceUser(_) if self.made_owner().is_none() => IssuedKind::User,
            task if task.kind().is_certificate() => IssuedKind::Certificate,
            _ => IssuedKind::Token,
        }
    }

    pub(super) fn secret_kind(&self) -> SecretKind {
        if self.task.kind().is_certificate() { SecretKind::Certificate } else { SecretKind::ApiKey }
    }

    pub(super) fn name_prefix(&self) -> String {
        let surveyed = || self.preflight.as_ref().map(|preflight| preflight.name_prefix.clone());
        self.session.fact("base").map(str::to_owned).or_else(surveyed).unwrap_or_default()
    }

    /// Adds the task's name to an error.
    pub(super) fn named(&self, error: IssueError) -> IssueError {
        error.of(self.task.kind())
    }

    pub(super) fn impossible(&self) -> IssueError {
        self.session.error(IssueErrorKind::Journal, TaskStep::OpenJournal, "the journal's steps are out of order")
    }

    pub(super) fn fact(&self, attempt: &Attempt, name: &str) -> String {
        attempt::key(name, attempt.number)
    }
}

/// Returns the interrupted task of the journal.
fn interrupted(pending: &Pending) -> Result<Task, IssueError> {
    let task = pending.fact("task").and_then(|text| serde_json::from_str(text).ok());
    task.ok_or_else(|| {
        let message = format!(
            "the interrupted task ({}) is not supported by this version; resume it with the program that started it",
            pending.operation().name()
        );
        IssueError::new(IssueErrorKind::Journal, TaskStep::OpenJournal, message)
    })
}

/// Returns the interrupted task if a new one may finish it first: a rotation of the same kind of credential,
/// as repeatedly started by a timer. Creating something a second time is the caller's decision.
fn resumable_before(session: &Session<'_>, task: &Task) -> Result<Task, IssueError> {
    let Some(pending) = session.pending() else {
        return Err(session.error(IssueErrorKind::Journal, TaskStep::OpenJournal, "no task is in progress"));
    };
    let kind = task.kind();
    let found = interrupted(pending).map_err(|error| error.of(kind))?;
    if kind.is_rotation() && found.kind().is_certificate() == kind.is_certificate() {
        return Ok(found);
    }
    let message = format!("a task ({}) was interrupted and must be resumed first", found.kind());
    Err(IssueError::new(IssueErrorKind::Pending, TaskStep::OpenJournal, message).of(kind).then(RecoveryAction::Resume))
}

/// Returns whether a rotation has nothing left to do after an interrupted one was finished: the new
/// credential is not due again.
fn is_done_by(task: &Task, report: &Report, now: SystemTime) -> bool {
    let within = match task {
        Task::RotateToken(task) => task.renewal.expires_within,
        Task::RotateCertificate(task) => task.renewal.expires_within,
        _ => return false,
    };
    let is_far = |end: EndDate, within| now.checked_add(within).is_none_or(|then| end.last_second() > then);
    report.outcome == TaskOutcome::Completed
        && report.task == task.kind()
        && within.is_none_or(|within| report.end_date.is_none_or(|end| is_far(end, within)))
}

/// Returns the delays that a task certainly has while it holds the lock.
fn waits(task: &Task) -> Duration {
    match task {
        Task::RotateToken(task) => task.renewal.grace,
        Task::RotateCertificate(task) => task.renewal.grace,
        _ => Duration::ZERO,
    }
}

/// Validates the task before any call.
pub(super) fn check(task: &Task) -> Result<(), IssueError> {
    let empty = |what: &str| {
        let message = format!("missing {what}: the value is empty");
        Err(IssueError::new(IssueErrorKind::Task, TaskStep::OpenJournal, message).of(task.kind()))
    };
    match task {
        Task::CreateServiceUser(task) if task.friendly_name.trim().is_empty() => empty("friendly name"),
        Task::CreateToken(task) if task.name_prefix.trim().is_empty() => empty("base of the name"),
        Task::RequestCertificate(task) if task.name_prefix.trim().is_empty() => empty("base of the nickname"),
        _ => Ok(()),
    }
}
