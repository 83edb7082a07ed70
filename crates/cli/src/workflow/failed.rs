//! Tasks that failed or were interrupted, as JSON and as a diagnosis.

use digicert_one::core::diagnosis::Diagnosis;
use digicert_one::provisioning::{IssueError, RecoveryAction, SecretLocation, TaskKind, TaskStep};
use serde_json::{Value, json};

use crate::signal::Signal;

/// A failed task, and the command that resumes it.
#[derive(Debug)]
pub(crate) struct Issue {
    pub(crate) error: IssueError,
    pub(crate) resume: String,
}

/// A task that was interrupted.
#[derive(Debug)]
pub(crate) struct InterruptedTask {
    pub(crate) signal: Signal,
    pub(crate) step: Option<TaskStep>,
    /// The command that resumes it, where something was begun.
    pub(crate) resume: Option<String>,
    /// The state of the task, where it stopped in time.
    pub(crate) error: Option<IssueError>,
}

/// The fields of a failed task beside those of every failure.
pub(crate) fn error(error: &IssueError) -> Value {
    let (state, place) = match error.secret() {
        SecretLocation::None => ("none", None),
        SecretLocation::Stored(place) => ("stored", Some(place)),
        SecretLocation::LastResort(place) => ("last-resort", Some(place)),
        SecretLocation::Lost => ("lost", None),
        _ => ("unknown", None),
    };
    json!({
        "task": error.task().map(TaskKind::as_str),
        "step": error.step().as_str(),
        "kind": error.kind().as_str(),
        "platform": error.on_platform(),
        "secret": { "state": state, "place": place },
        "next": error.next().as_str(),
    })
}

/// The same fields of a task that a signal interrupted.
pub(crate) fn interrupted(task: &InterruptedTask) -> Value {
    let begun = task.resume.is_some();
    let mut fields = match &task.error {
        Some(stopped) => error(stopped),
        None => json!({
            "step": task.step.map(TaskStep::as_str),
            "kind": "stopped",
            "platform": if begun { vec!["not known: it was interrupted in the middle of a step"] } else { Vec::new() },
            "secret": { "state": if begun { "unknown" } else { "none" }, "place": null },
        }),
    };
    fields["next"] = json!(if begun { "resume" } else { "retry" });
    fields
}

/// A failed task in the form of every failure, with the command that resumes it.
pub(crate) fn diagnosis(error: &IssueError, resume: &str) -> Diagnosis {
    let mut diagnosis = error.diagnosis();
    if error.next() == RecoveryAction::Resume {
        diagnosis.remedy = format!("{}: {resume}", diagnosis.remedy);
    }
    diagnosis
}
