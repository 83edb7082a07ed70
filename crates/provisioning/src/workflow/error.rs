//! A workflow that did not come to its end: the step, what is on the platform now, where the secret is, and what to do next.

use std::fmt;

use digicert_one_core::{BoxError, Code, Diagnosis};

use super::{TaskKind, WorkStep};

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IssueErrorKind {
    /// The task itself is not valid. Nothing was made.
    Task,
    /// Another process holds the lock, or it cannot be used. Nothing was made.
    Lock,
    /// The lock was lost on the way: another process took it over.
    LockLost,
    /// The journal, or what stands beside it, cannot be used.
    Journal,
    /// A task was cut, and must be resumed before another begins.
    Pending,
    /// The place for the secret, or the last resort, would not keep it. Nothing was made.
    Sink,
    /// A call failed.
    Platform,
    /// The platform gives a service user one API token only.
    TokenLimit,
    /// The new one would have ended already: its owner ends, or has ended.
    EndDate,
    /// This machine's clock and the platform's differ, so end dates would be wrong.
    Clock,
    /// The platform did not show what it shows only once; what it had made was removed, or could not be.
    NotShown,
    /// The certificate is not that of the private key; it was disabled, or could not be.
    WrongKey,
    /// The secret is not in its place.
    Keep,
    /// The new one does not work. The one before is untouched.
    Proof,
    /// Somebody did not switch to the new one. The one before is untouched.
    Switch,
    /// The new one is in use, and the one before could not be disabled.
    Retire,
    /// The one who watches stopped it.
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
            Self::Sink => "sink",
            Self::Platform => "platform",
            Self::TokenLimit => "token-limit",
            Self::EndDate => "end-date",
            Self::Clock => "clock",
            Self::NotShown => "not-shown",
            Self::WrongKey => "wrong-key",
            Self::Keep => "keep",
            Self::Proof => "proof",
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
            Self::Proof => Code::ROT_06,
            Self::Switch => Code::ROT_03,
            Self::Keep => Code::CFG_06,
            Self::Journal | Self::Task | Self::Sink | Self::Lock | Self::Pending => Code::CFG_01,
            _ => Code::CFG_04,
        }
    }
}

/// Where the secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretPlace {
    /// There is none.
    None,
    /// In its place, by name.
    Kept(String),
    /// In the last resort, by name.
    LastResort(String),
    /// Nowhere: what it belonged to is of no use.
    Lost,
    /// It cannot be told: a process that comes after finds out.
    Unknown,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Next {
    /// Change what the message names, and run the task again.
    Change,
    /// Run the task again, now or later.
    Again,
    /// Call [`resume`](super::Workflows::resume): the journal knows how it goes on.
    Resume,
}

/// A workflow that did not come to its end.
///
/// `Display` says it all: what failed, at which step, what is on the platform now, where the secret is and what to do next. No
/// secret is in it.
#[derive(Debug)]
pub struct IssueError(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: IssueErrorKind,
    task: Option<TaskKind>,
    step: WorkStep,
    code: Option<Code>,
    message: String,
    platform: Vec<String>,
    secret: SecretPlace,
    next: Next,
    source: Option<BoxError>,
}

impl IssueError {
    pub(super) fn new(kind: IssueErrorKind, step: WorkStep, message: impl Into<String>) -> Self {
        let next = match kind {
            IssueErrorKind::Task
            | IssueErrorKind::Sink
            | IssueErrorKind::TokenLimit
            | IssueErrorKind::EndDate
            | IssueErrorKind::Clock
            | IssueErrorKind::Journal => Next::Change,
            IssueErrorKind::Lock => Next::Again,
            _ => Next::Resume,
        };
        let code = match kind {
            IssueErrorKind::Task | IssueErrorKind::EndDate => Some(Code::CFG_01),
            IssueErrorKind::Clock => Some(Code::CFG_05),
            IssueErrorKind::Sink | IssueErrorKind::Keep => Some(Code::CFG_06),
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
            secret: SecretPlace::None,
            next,
            source: None,
        }))
    }

    /// A call that failed.
    pub(super) fn call(
        kind: IssueErrorKind,
        step: WorkStep,
        message: impl Into<String>,
        error: digicert_one_client::Error,
    ) -> Self {
        Self::new(kind, step, message).code(error.code()).caused_by(error)
    }

    pub(super) fn code(mut self, code: Code) -> Self {
        self.0.code = Some(code);
        self
    }

    pub(super) fn caused_by(mut self, source: impl Into<BoxError>) -> Self {
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

    pub(super) fn with_secret(mut self, secret: SecretPlace) -> Self {
        self.0.secret = secret;
        self
    }

    pub(super) fn then(mut self, next: Next) -> Self {
        self.0.next = next;
        self
    }

    /// What kind of failure it is.
    #[must_use]
    pub fn kind(&self) -> IssueErrorKind {
        self.0.kind
    }

    /// What was being done.
    #[must_use]
    pub fn task(&self) -> Option<TaskKind> {
        self.0.task
    }

    /// The step that failed.
    #[must_use]
    pub fn step(&self) -> WorkStep {
        self.0.step
    }

    /// The diagnosis code, where the catalogue has one.
    #[must_use]
    pub fn diagnosis_code(&self) -> Option<Code> {
        self.0.code
    }

    /// What is on the platform now because of this task, one sentence each.
    #[must_use]
    pub fn on_platform(&self) -> &[String] {
        &self.0.platform
    }

    /// Where the secret is.
    #[must_use]
    pub fn secret(&self) -> &SecretPlace {
        &self.0.secret
    }

    /// What to do.
    #[must_use]
    pub fn next(&self) -> Next {
        self.0.next
    }

    /// The failure in the form of every other one: the message, its first cause, and as evidence the other causes, the step, what is on
    /// the platform and where the secret is.
    #[must_use]
    pub fn diagnosis(&self) -> Diagnosis {
        let Inner { kind, task, step, code, message, platform, secret, next, .. } = &*self.0;
        let mut causes = self.causes().into_iter();
        let code = code.unwrap_or_else(|| kind.code());
        let mut diagnosis = Diagnosis::new(code, message, causes.next().unwrap_or_default());
        diagnosis.evidence.extend(causes);
        let task = task.map(|task| format!(" of {task}")).unwrap_or_default();
        diagnosis.evidence.push(format!("step: {step}{task}"));
        diagnosis.evidence.extend(platform.iter().map(|what| format!("on the platform: {what}")));
        diagnosis.evidence.push(format!("the secret: {secret}"));
        diagnosis.remedy = next.to_string();
        diagnosis
    }

    /// The errors below this one, and the diagnosis of a call that failed; each in one line.
    fn causes(&self) -> Vec<String> {
        let mut texts = Vec::new();
        let mut cause = std::error::Error::source(self);
        // The client's own error has its causes in its diagnosis.
        if let Some(error) = cause.and_then(|cause| cause.downcast_ref::<digicert_one_client::Error>()) {
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

impl fmt::Display for SecretPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none was made"),
            Self::Kept(place) => write!(f, "in its place, {place}"),
            Self::LastResort(place) => write!(f, "in the last resort, {place}"),
            Self::Lost => f.write_str("kept nowhere"),
            Self::Unknown => f.write_str("not known to have been kept"),
        }
    }
}

impl Next {
    /// A stable word for logs and scripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Again => "again",
            Self::Resume => "resume",
        }
    }
}

impl fmt::Display for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Change => "change what is named above, and run it again; nothing is half done",
            Self::Again => "run it again, now or later; nothing is half done",
            Self::Resume => "resume: the journal knows how it goes on",
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
