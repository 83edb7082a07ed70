//! Tasks that failed or were interrupted, as JSON and as a diagnosis.

use digicert_one::core::diagnosis::{Code, Diagnosis};
use digicert_one::provisioning::{IssueError, IssueErrorKind, RecoveryAction, SecretLocation, TaskKind, TaskStep};
use serde_json::{Value, json};

use crate::signal::Signal;

/// A failed task, and the command that goes on with it.
#[derive(Debug)]
pub(crate) struct Issue {
    pub(crate) error: IssueError,
    pub(crate) resume: String,
}

/// A task that was interrupted.
#[derive(Debug)]
pub(crate) struct Cut {
    pub(crate) signal: Signal,
    pub(crate) step: Option<TaskStep>,
    /// The command that goes on with it, where something was begun.
    pub(crate) resume: Option<String>,
    /// What the task says of its state, where it stopped by itself at the signal.
    pub(crate) error: Option<IssueError>,
}

/// The fields of a failed task beside those of every failure.
pub(crate) fn error(error: &IssueError) -> Value {
    let (state, place) = match error.secret() {
        SecretLocation::None => ("none", None),
        SecretLocation::Kept(place) => ("kept", Some(place)),
        SecretLocation::LastResort(place) => ("last-resort", Some(place)),
        SecretLocation::Lost => ("lost", None),
        _ => ("unknown", None),
    };
    json!({
        "task": error.task().map(TaskKind::as_str),
        "step": error.step().as_str(),
        "kind": word(&format!("{:?}", error.kind())),
        "platform": error.on_platform(),
        "secret": { "state": state, "place": place },
        "next": word(&format!("{:?}", error.next())),
    })
}

/// The same fields of a task that a signal interrupted.
pub(crate) fn cut(cut: &Cut) -> Value {
    let begun = cut.resume.is_some();
    let mut fields = match &cut.error {
        Some(stopped) => error(stopped),
        None => json!({
            "step": cut.step.map(TaskStep::as_str),
            "kind": "stopped",
            "platform": if begun { vec!["not known: it was interrupted in the middle of a step"] } else { Vec::new() },
            "secret": { "state": if begun { "unknown" } else { "none" }, "place": null },
        }),
    };
    fields["next"] = json!(if begun { "resume" } else { "again" });
    fields
}

/// A failed task in the form of every failure.
pub(crate) fn evidence(error: &IssueError, resume: &str) -> Diagnosis {
    let text = error.to_string();
    let (text, code) = match error.diagnosis_code() {
        Some(code) => (text.strip_prefix(code.as_str()).unwrap_or(&text).trim_start().to_owned(), code),
        None => (text, code_of(error.kind())),
    };
    // What stands below the message is told in fields of its own.
    let message = text.split("\n  step: ").next().unwrap_or_default();
    let mut lines = message.lines().map(str::trim);
    let summary = lines.next().unwrap_or_default();
    let cause = lines.next().map(|line| line.strip_prefix("caused by: ").unwrap_or(line)).unwrap_or_default();
    let mut diagnosis = Diagnosis::new(code, summary, cause);
    let task = error.task().map(|task| format!(" of {task}")).unwrap_or_default();
    diagnosis.evidence.extend(lines.map(str::to_owned));
    diagnosis.evidence.push(format!("step: {}{task}", error.step()));
    diagnosis.evidence.extend(error.on_platform().iter().map(|what| format!("on the platform: {what}")));
    diagnosis.evidence.push(format!("the secret: {}", error.secret()));
    diagnosis.remedy = match error.next() {
        RecoveryAction::Resume => format!("{}: {resume}", error.next()),
        next => next.to_string(),
    };
    diagnosis
}

/// The code of a failure that brought none.
fn code_of(kind: IssueErrorKind) -> Code {
    match kind {
        IssueErrorKind::TokenLimit => Code::API_07,
        IssueErrorKind::NotShown => Code::API_05,
        IssueErrorKind::EndDate => Code::ID_15,
        IssueErrorKind::WrongKey => Code::ID_01,
        IssueErrorKind::Proof => Code::ROT_06,
        IssueErrorKind::Switch => Code::ROT_03,
        IssueErrorKind::Keep => Code::CFG_06,
        IssueErrorKind::Journal
        | IssueErrorKind::Task
        | IssueErrorKind::Sink
        | IssueErrorKind::Lock
        | IssueErrorKind::Pending => Code::CFG_01,
        _ => Code::CFG_04,
    }
}

/// `TokenLimit` as `token-limit`.
fn word(name: &str) -> String {
    let mut word = String::new();
    for one in name.chars() {
        if one.is_ascii_uppercase() && !word.is_empty() {
            word.push('-');
        }
        word.push(one.to_ascii_lowercase());
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_words() {
        assert_eq!((word("TokenLimit"), word("Lock")), ("token-limit".to_owned(), "lock".to_owned()));
    }
}
