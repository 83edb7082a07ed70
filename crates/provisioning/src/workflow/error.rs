//! Errors of workflows: the step, what exists on the platform now, where the secret is, and what to do next.

use std::fmt;

use digicert_one_core::{BoxError, Code, Diagnosis};

use super::{TaskKind, TaskStep};

/// The kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IssueErrorKind {
    /// The task itself is invalid. Nothing was created.
    Task,
    /// Another process holds the lock, or it cannot be used. Nothing was created.
    Lock,
    /// The lock was lost during the task: another process took it over.
    LockLost,
    /// The journal, or a file next to it, cannot be used.
    Journal,
    /// A task was interrupted, and must be resumed before another one begins.
    Pending,
    /// The place for the secret, or the last resort, failed its check. Nothing was created.
    StoreCheck,
    /// A call failed.
    Platform,
    /// The platform allows one API token per service user.
    TokenLimit,
    /// The new credential would already have expired: its owner expires, or has expired.
    EndDate,
    /// The clocks of this machine and the platform differ, so end dates would be wrong.
    Clock,
    /// The platform's response lacks the secret that it shows only once; what was created was removed, or
    /// could not be.
    NotShown,
    /// The certificate does not belong to the private key; it was disabled, or could not be.
    WrongKey,
    /// The secret is not in its place.
    Store,
    /// The new credential does not work. The previous one is unchanged.
    Verify,
    /// A consumer did not switch to the new credential. The previous one is unchanged.
    Switch,
    /// The new credential is in use, and the previous one could not be disabled.
    Retire,
    /// The observer stopped it.
    Stopped,
}

impl IssueErrorKind {
    /// A stable word for logs and scripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Lock => "lock",
            Self::LockLost => "lock-lost",
            Self::Journal => "journal",
            Self::Pending => "pending",
            Self::StoreCheck => "store-check",
            Self::Platform => "platform",
            Self::TokenLimit => "token-limit",
            Self::EndDate => "end-date",
            Self::Clock => "clock",
            Self::NotShown => "not-shown",
            Self::WrongKey => "wrong-key",
            Self::Store => "store",
            Self::Verify => "verify",
            Self::Switch => "switch",
            Self::Retire => "retire",
            Self::Stopped => "stopped",
        }
    }

    /// The code of a failure that brought none.
    fn code(self) -> Code {
        match self {
            Self::TokenLimit => Code::API_07,
            Self::NotShown => Code::API_05,
            Self::EndDate => Code::ID_15,
            Self::WrongKey => Code::ID_01,
            Self::Verify => Code::ROT_06,
            Self::Switch => Code::ROT_03,
            Self::Store => Code::CFG_06,
            Self::Journal | Self::Task | Self::StoreCheck | Self::Lock | Self::Pending => Code::CFG_01,
            _ => Code::CFG_04,
        }
    }
}

/// Where the secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretLocation {
    /// None was created.
    None,
    /// In its place, by name.
    Stored(String),
    /// In the last resort, by name.
    LastResort(String),
    /// Nowhere: its token or certificate is unusable.
    Lost,
    /// Unknown: the next process finds out.
    Unknown,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RecoveryAction {
    /// Correct what the message names, and run the task again.
    Correct,
    /// Run the task again, now or later.
    Retry,
    /// Call [`resume`](super::Workflows::resume), which continues from the journal.
    Resume,
}

/// Error returned when a workflow did not complete.
///
/// `Display` shows everything: what failed, at which step, what exists on the platform now, where the secret
/// is and what to do next. It contains no secret.
#[derive(Debug)]
pub struct IssueError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: IssueErrorKind,
    task: Option<TaskKind>,
    step: TaskStep,
    code: Option<Code>,
    message: String,
    platform: Vec<String>,
    secret: SecretLocation,
    next: RecoveryAction,
    source: Option<BoxError>,
}

impl IssueError {
    pub(crate) fn new(kind: IssueErrorKind, step: TaskStep, message: impl Into<String>) -> Self {
        let next = match kind {
            IssueErrorKind::Task
            | IssueErrorKind::StoreCheck
            | IssueErrorKind::TokenLimit
            | IssueErrorKind::EndDate
            | IssueErrorKind::Clock
            | IssueErrorKind::Journal => RecoveryAction::Correct,
            IssueErrorKind::Lock => RecoveryAction::Retry,
            _ => RecoveryAction::Resume,
        };
        let code = match kind {
            IssueErrorKind::Task | IssueErrorKind::EndDate => Some(Code::CFG_01),
            IssueErrorKind::Clock => Some(Code::CFG_05),
            IssueErrorKind::StoreCheck | IssueErrorKind::Store => Some(Code::CFG_06),
            IssueErrorKind::Lock | IssueErrorKind::LockLost => Some(Code::ROT_05),
            IssueErrorKind::TokenLimit => Some(Code::API_07),
            IssueErrorKind::NotShown => Some(Code::API_05),
            _ => None,
        };
        Self(Box::new(Inner {
            kind,
            task: None,
            step,
            code,
            message: message.into(),
            platform: Vec::new(),
            secret: SecretLocation::None,
            next,
            source: None,
        }))
    }

    /// Creates an error from a failed call.
    pub(super) fn call(
        kind: IssueErrorKind,
        step: TaskStep,
        message: impl Into<String>,
        error: digicert_one_client::Error,
    ) -> Self {
        Self::new(kind, step, message).code(error.code()).caused_by(error)
    }

    pub(super) fn code(mut self, code: Code) -> Self {
        self.0.code = Some(code);
        self
    }

    pub(crate) fn caused_by(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(super) fn of(mut self, task: TaskKind) -> Self {
        self.0.task.get_or_insert(task);
        self
    }

    pub(super) fn leaving(mut self, what: impl Into<String>) -> Self {
        self.0.platform.push(what.into());
        self
    }

    pub(super) fn with_secret(mut self, secret: SecretLocation) -> Self {
        self.0.secret = secret;
        self
    }

    pub(super) fn then(mut self, next: RecoveryAction) -> Self {
        self.0.next = next;
        self
    }

    /// Nothing was begun: run again, once what the platform refused is corrected.
    pub(super) fn not_begun(self) -> Self {
        let is_refused = self.call_error().is_some_and(|error| {
            let diagnosis = error.diagnosis();
            error.kind() == digicert_one_client::ErrorKind::Platform && !diagnosis.retryable()
        });
        self.then(if is_refused { RecoveryAction::Correct } else { RecoveryAction::Retry })
    }

    /// The call that failed.
    fn call_error(&self) -> Option<&digicert_one_client::Error> {
        std::error::Error::source(self)?.downcast_ref()
    }

    /// Returns the kind of failure.
    #[must_use]
    pub fn kind(&self) -> IssueErrorKind {
        self.0.kind
    }

    /// Returns the task.
    #[must_use]
    pub fn task(&self) -> Option<TaskKind> {
        self.0.task
    }

    /// Returns the step that failed.
    #[must_use]
    pub fn step(&self) -> TaskStep {
        self.0.step
    }

    /// Returns the diagnosis code, if the catalogue has one.
    #[must_use]
    pub fn diagnosis_code(&self) -> Option<Code> {
        self.0.code
    }

    /// Returns what exists on the platform now because of this task, one sentence each.
    #[must_use]
    pub fn on_platform(&self) -> &[String] {
        &self.0.platform
    }

    /// Returns where the secret is.
    #[must_use]
    pub fn secret(&self) -> &SecretLocation {
        &self.0.secret
    }

    /// Returns what to do.
    #[must_use]
    pub fn next(&self) -> RecoveryAction {
        self.0.next
    }

    /// The failure in the form of every other one: the message, its first cause, and as evidence the other causes, the step, what is on
    /// the platform and where the secret is.
    #[must_use]
    pub fn diagnosis(&self) -> Diagnosis {
        let Inner { kind, task, step, code, message, platform, secret, next, .. } = &*self.0;
        let is_retryable = self.call_error().is_none_or(|error| error.diagnosis().retryable());
        let mut causes = self.causes().into_iter();
        let code = code.unwrap_or_else(|| kind.code());
        let mut diagnosis = Diagnosis::new(code, message, causes.next().unwrap_or_default());
        diagnosis.evidence.extend(causes);
        let task = task.map(|task| format!(" of {task}")).unwrap_or_default();
        diagnosis.evidence.push(format!("step: {step}{task}"));
        diagnosis.evidence.extend(platform.iter().map(|what| format!("on the platform: {what}")));
        diagnosis.evidence.push(format!("the secret: {secret}"));
        // What was created without a secret is removed by the task itself.
        let of_call = self.call_error().filter(|_| *kind != IssueErrorKind::NotShown);
        let remedy = of_call.map(|error| error.diagnosis().remedy.trim()).filter(|remedy| !remedy.is_empty());
        diagnosis.remedy = match (next, remedy) {
            (RecoveryAction::Correct, Some(remedy)) => {
                format!("{remedy} Then run it again; nothing is left incomplete")
            }
            (RecoveryAction::Correct, None) if *secret == SecretLocation::Unknown => {
                "correct what is named above; an earlier task may be incomplete".to_owned()
            }
            (RecoveryAction::Resume, Some(remedy)) if !is_retryable => format!("{remedy} Then {next}"),
            _ => next.to_string(),
        };
        diagnosis
    }

    /// The errors below this one, and the diagnosis of a call that failed; each in one line.
    fn causes(&self) -> Vec<String> {
        let mut texts = Vec::new();
        let mut cause = std::error::Error::source(self);
        // The client's own error has its causes in its diagnosis.
        if let Some(error) = self.call_error() {
            let found = error.diagnosis();
            texts.push(format!("{} {}", found.code, found.summary));
            texts.extend(Some(&found.cause).filter(|text| !text.is_empty()).cloned());
            texts.extend(found.evidence.iter().cloned());
            return texts;
        }
        while let Some(error) = cause {
            let text = error.to_string();
            if !self.0.message.contains(&text) {
                texts.push(text);
            }
            cause = error.source();
        }
        texts
    }
}

impl fmt::Display for SecretLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none was created"),
            Self::Stored(place) => write!(f, "in its place, {place}"),
            Self::LastResort(place) => write!(f, "in the last resort, {place}"),
            Self::Lost => f.write_str("stored nowhere"),
            Self::Unknown => f.write_str("unknown whether it was stored"),
        }
    }
}

impl RecoveryAction {
    /// A stable word for logs and scripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Correct => "correct",
            Self::Retry => "retry",
            Self::Resume => "resume",
        }
    }
}

impl fmt::Display for RecoveryAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Correct => "correct what is named above, and run it again; nothing is left incomplete",
            Self::Retry => "run it again, now or later; nothing is left incomplete",
            Self::Resume => "resume; it continues from the journal",
        })
    }
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { task, step, code, message, platform, secret, next, source, .. } = &*self.0;
        if let Some(code) = code {
            write!(f, "{code} ")?;
        }
        f.write_str(message)?;
        // The client's own error shows its causes itself.
        match source.as_deref().and_then(|source| source.downcast_ref::<digicert_one_client::Error>()) {
            Some(error) => write!(f, "\n  caused by: {error}")?,
            None => self.causes().iter().try_for_each(|cause| write!(f, "\n  caused by: {cause}"))?,
        }
        write!(f, "\n  step: {step}")?;
        if let Some(task) = task {
            write!(f, " of {task}")?;
        }
        platform.iter().try_for_each(|what| write!(f, "\n  platform: {what}"))?;
        write!(f, "\n  secret: {secret}\n  do: {next}")
    }
}

impl std::error::Error for IssueError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}
