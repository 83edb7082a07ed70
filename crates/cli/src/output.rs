//! What reaches the user: results on standard output, everything else on standard error; with `--json` one document on
//! standard output, for errors too.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use digicert_one::core::diagnosis::{Advice, Diagnosis};
use digicert_one::core::{printable_json, printable_text};
use digicert_one::provisioning::RecoveryAction;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::failure::{Failure, Given};
use crate::workflow;

/// Where and how to print.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    json: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Text for people; nothing with `--json`.
    pub(crate) fn text(self, text: &str) -> Result<(), Failure> {
        if self.json { Ok(()) } else { write(printable_text(text).as_bytes(), true) }
    }

    /// The document of `--json`; nothing without.
    pub(crate) fn document<T: Serialize + ?Sized>(self, document: &T) -> Result<(), Failure> {
        if !self.json {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(document).map_err(|error| Failure::Internal(error.into()))?;
        write(printable_json(&text).as_bytes(), true)
    }

    /// Prints one line of JSON; false if the reader has closed the pipe.
    pub(crate) fn line(self, text: &str) -> Result<bool, Failure> {
        match put(printable_json(text).as_bytes(), true) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
            other => other.map(|()| true).map_err(Failure::Output),
        }
    }

    /// Bytes as they are; on a terminal, text without what steers it.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Result<(), Failure> {
        if std::io::stdout().is_terminal() {
            let text = String::from_utf8_lossy(bytes);
            return write(printable_text(&text).as_bytes(), !bytes.ends_with(b"\n"));
        }
        write(bytes, std::io::stdout().is_terminal() && !bytes.ends_with(b"\n"))
    }

    /// Whether standard output is a terminal.
    pub(crate) fn is_terminal(self) -> bool {
        std::io::stdout().is_terminal()
    }

    /// Whether progress is shown: on a terminal, and not with `--json`.
    pub(crate) fn is_watched(self) -> bool {
        !self.json && std::io::stderr().is_terminal()
    }

    /// Prints the progress of long work, where it is shown.
    pub(crate) fn progress(self, text: &str) {
        if self.is_watched() {
            // Nothing can be shown where standard error is closed.
            let _ = writeln!(std::io::stderr(), "{}", printable_text(text));
        }
    }

    /// Prints a line of a log.
    pub(crate) fn log(self, text: &str) {
        // As above.
        let _ = writeln!(std::io::stderr(), "{}", printable_text(text));
    }

    /// Prints a warning.
    pub(crate) fn warning(self, warning: &impl fmt::Display) {
        // As above.
        let _ = writeln!(std::io::stderr(), "warning: {}", printable_text(&warning.to_string()));
    }

    /// Prints a failure and gives its exit code.
    pub(crate) fn failed(self, failure: &Failure) -> ExitCode {
        let code = failure.exit_code();
        if matches!(failure, Failure::Reported(_)) {
            return ExitCode::from(code);
        }
        let (diagnosis, causes) = (failure.diagnosis(), failure.causes());
        let printed = if self.json {
            let mut document = diagnosis_json(&diagnosis);
            document["exit"] = json!(code);
            document["causes"] = json!(causes);
            if let Failure::Call(error) | Failure::List { error, .. } = failure {
                document["attempts"] = json!(error.attempts());
            }
            match failure {
                Failure::List { position, .. } => document["position"] = json!(position),
                Failure::TaskInterrupted(cut) => {
                    if let Value::Object(fields) = workflow::interrupted_json(cut) {
                        fields.into_iter().for_each(|(name, value)| document[name] = value);
                    }
                    document["resume"] = json!(cut.resume);
                }
                Failure::Issue(issue) => {
                    if let Value::Object(fields) = workflow::error_json(&issue.error) {
                        fields.into_iter().for_each(|(name, value)| document[name] = value);
                    }
                    let resumes = issue.error.next() == RecoveryAction::Resume;
                    document["resume"] = json!(resumes.then_some(&issue.resume));
                }
                _ => {}
            }
            let items = match failure {
                Failure::List { given: Given::Items(items), .. } => Some(&**items),
                _ => None,
            };
            match self.document(&Failed { error: document, items }) {
                // Where no document can be written, the text says why.
                Err(_) => writeln!(std::io::stderr(), "{diagnosis}").map_err(Failure::Output),
                written => written,
            }
        } else {
            let mut err = std::io::stderr();
            let text = match failure {
                Failure::Interrupted(_) => "interrupted\n".to_owned(),
                Failure::TaskInterrupted(_) => format!("{failure}\n  do    {}\n", diagnosis.remedy),
                _ => {
                    causes.iter().fold(format!("{diagnosis}\n"), |text, cause| format!("{text}  caused by: {cause}\n"))
                }
            };
            err.write_all(printable_text(&text).as_bytes()).map_err(Failure::Output)
        };
        // A pipe that was closed early does not change the exit code.
        let _ = printed;
        ExitCode::from(code)
    }
}

/// The document of a failure; of a list, with the items that came before it, as they were sent.
#[derive(Serialize)]
struct Failed<'a> {
    error: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<&'a [Box<RawValue>]>,
}

/// A diagnosis as JSON.
pub(crate) fn diagnosis_json(diagnosis: &Diagnosis) -> Value {
    let not_before = match diagnosis.advice {
        Advice::Repeat { not_before } => not_before.map(|wait| wait.as_secs()),
        _ => None,
    };
    json!({
        "code": diagnosis.code.as_str(),
        "side": diagnosis.side().as_str(),
        "summary": diagnosis.summary,
        "cause": diagnosis.cause,
        "evidence": diagnosis.evidence,
        "remedy": diagnosis.remedy,
        "advice": diagnosis.advice.as_str(),
        "not_before_seconds": not_before,
    })
}

fn write(bytes: &[u8], line_end: bool) -> Result<(), Failure> {
    match put(bytes, line_end) {
        // `d1 call ... | head` succeeds.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(Failure::Output),
    }
}

fn put(bytes: &[u8], line_end: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(bytes).and_then(|()| if line_end { out.write_all(b"\n") } else { Ok(()) }).and_then(|()| out.flush())
}
