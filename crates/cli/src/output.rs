//! Output: results on standard output, everything else on standard error; with `--json` one document on
//! standard output, for errors too. A filter of `--jq` stands between a document and standard output.

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
#[cfg(feature = "jq")]
use crate::jq::{Filter, Value as FilterValue};
use crate::json_text::indented;
use crate::page::{ColorChoice, Page, Style};
use crate::retry_line::CLEAR_LINE;
use crate::table::Table;
use crate::workflow;

/// Where and how to print.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    colours: ColorChoice,
    verbose: u8,
    #[cfg(feature = "jq")]
    filter: Option<&'static Filter>,
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("json", &self.json).field("colours", &self.colours).finish_non_exhaustive()
    }
}

impl Output {
    pub(crate) fn new(json: bool, colours: ColorChoice) -> Self {
        Self {
            json,
            colours,
            verbose: 0,
            #[cfg(feature = "jq")]
            filter: None,
        }
    }

    /// The same with traces, as many as `-v` was given.
    pub(crate) fn verbose(self, verbose: u8) -> Self {
        Self { verbose, ..self }
    }

    /// The same with this filter for documents.
    #[cfg(feature = "jq")]
    pub(crate) fn filtered(self, filter: Option<&'static Filter>) -> Self {
        Self { filter, ..self }
    }

    /// Whether a document is printed in place of text.
    pub(crate) fn is_json(self) -> bool {
        self.json || self.has_filter()
    }

    /// Whether a filter is given and no document, so that it is for the body of a response or the items of a list.
    pub(crate) fn filters_bodies(self) -> bool {
        self.has_filter() && !self.json
    }

    #[cfg(feature = "jq")]
    fn has_filter(self) -> bool {
        self.filter.is_some()
    }

    #[cfg(not(feature = "jq"))]
    fn has_filter(self) -> bool {
        let _ = self;
        false
    }

    /// Text for people; nothing with `--json`.
    pub(crate) fn text(self, text: &str) -> Result<(), Failure> {
        if self.is_json() { Ok(()) } else { write(printable_text(text).as_bytes(), true) }
    }

    /// A text to put together for standard output, in its colours and of its width.
    pub(crate) fn page(self) -> Page {
        let out = std::io::stdout();
        let is_wide = |columns: &usize| *columns > 0;
        let size = out.is_terminal().then(|| terminal_size::terminal_size_of(&out)).flatten();
        let width = size.map(|(terminal_size::Width(columns), _)| usize::from(columns)).filter(is_wide);
        Page::new(self.colours.applies_to(&out), width)
    }

    /// Such a text; nothing with `--json`.
    pub(crate) fn print(self, page: Page) -> Result<(), Failure> {
        if self.is_json() { Ok(()) } else { write(page.finish().as_bytes(), true) }
    }

    /// A table for people; nothing with `--json`.
    pub(crate) fn table(self, table: &Table) -> Result<(), Failure> {
        let mut page = self.page();
        table.print(&mut page);
        self.print(page)
    }

    /// The document of `--json`, or what a filter makes of it; nothing without either.
    pub(crate) fn document<T: Serialize + ?Sized>(self, document: &T) -> Result<(), Failure> {
        if !self.is_json() {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(&Versioned { schema: 1, document })
            .map_err(|error| Failure::Internal(error.into()))?;
        if self.has_filter() {
            return self.select(text.as_bytes()).map(drop);
        }
        write(printable_json(&text).as_bytes(), true)
    }

    /// Prints what the filter makes of JSON; false if the reader has closed the pipe.
    #[cfg(feature = "jq")]
    pub(crate) fn select(self, json: &[u8]) -> Result<bool, Failure> {
        let (Some(filter), mut open) = (self.filter, true) else { return Ok(true) };
        filter.run(json, |value| {
            open = match value {
                FilterValue::Text(text) if self.is_terminal() => self.whole_line(&printable_text(&text))?,
                FilterValue::Text(text) => self.whole_line(&text)?,
                FilterValue::Json(json) => match indented(json.as_bytes()).filter(|_| self.is_terminal()) {
                    Some(json) => self.line(&json)?,
                    None => self.line(&json)?,
                },
            };
            Ok::<_, Failure>(open)
        })?;
        Ok(open)
    }

    #[cfg(not(feature = "jq"))]
    pub(crate) fn select(self, _: &[u8]) -> Result<bool, Failure> {
        let _ = self;
        Ok(true)
    }

    /// Prints one line of JSON; false if the reader has closed the pipe.
    pub(crate) fn line(self, text: &str) -> Result<bool, Failure> {
        self.whole_line(&printable_json(text))
    }

    fn whole_line(self, text: &str) -> Result<bool, Failure> {
        match put(text.as_bytes(), true) {
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
            other => other.map(|()| true).map_err(Failure::Output),
        }
    }

    /// Bytes as they are; on a terminal, JSON is indented, and text is without what steers the terminal.
    pub(crate) fn bytes(self, bytes: &[u8]) -> Result<(), Failure> {
        if !self.is_terminal() {
            return write(bytes, false);
        }
        match indented(bytes) {
            Some(json) => write(printable_json(&json).as_bytes(), true),
            None => write(printable_text(&String::from_utf8_lossy(bytes)).as_bytes(), !bytes.ends_with(b"\n")),
        }
    }

    /// Prints what `-v` asks for.
    pub(crate) fn trace(self, text: impl FnOnce() -> String) {
        if self.verbose > 0 {
            // Nothing can be shown where standard error is closed.
            let _ = writeln!(std::io::stderr(), "* {}", printable_text(&text()));
        }
    }

    /// A text to put together for standard error.
    fn error_page(self) -> Page {
        Page::new(self.colours.applies_to(&std::io::stderr()), None)
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
        let mut page = self.error_page();
        page.styled(Style::Caution, "warning:");
        page.add(&format!(" {warning}\n"));
        // As above.
        let _ = std::io::stderr().write_all(page.finish().as_bytes());
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
                Failure::ErrorResponse(response) => document["attempts"] = json!(response.attempts),
                Failure::List { position, .. } => document["position"] = json!(position),
                Failure::TaskInterrupted(interrupted) => {
                    if let Value::Object(fields) = workflow::interrupted_json(interrupted) {
                        fields.into_iter().for_each(|(name, value)| document[name] = value);
                    }
                    document["resume"] = json!(interrupted.resume);
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
            let response = match failure {
                Failure::ErrorResponse(response) => response.document.as_deref(),
                _ => None,
            };
            let whole = Self::new(true, self.colours);
            match whole.document(&Failed { error: document, items, response }) {
                // Where no document can be written, the text says why.
                Err(_) => writeln!(std::io::stderr(), "{diagnosis}").map_err(Failure::Output),
                written => written,
            }
        } else {
            let mut err = std::io::stderr();
            let mut page = self.error_page();
            match failure {
                Failure::Interrupted { changes: false, .. } => page.add("interrupted\n"),
                Failure::Interrupted { .. } | Failure::TaskInterrupted(_) => {
                    page.add(&format!("{failure}\n  do    {}\n", diagnosis.remedy))
                }
                _ => {
                    let (text, code) = (diagnosis.to_string(), diagnosis.code.as_str());
                    match text.strip_prefix(code) {
                        Some(rest) => {
                            page.styled(Style::Bad, code);
                            page.add(rest);
                        }
                        None => page.add(&text),
                    }
                    causes.iter().for_each(|cause| page.add(&format!("\n  caused by: {cause}")));
                    page.add("\n");
                }
            }
            // A countdown may stand on the line.
            let is_interrupted = matches!(failure, Failure::Interrupted { .. } | Failure::TaskInterrupted(_));
            let clear = if err.is_terminal() && is_interrupted { CLEAR_LINE } else { "" };
            err.write_all(format!("{clear}{}", page.finish()).as_bytes()).map_err(Failure::Output)
        };
        // A pipe that was closed early does not change the exit code.
        let _ = printed;
        ExitCode::from(code)
    }
}

/// A document with the version of docs/schemas/d1.schema.json. A field that goes away or changes makes a new version.
#[derive(Serialize)]
struct Versioned<'a, T: ?Sized> {
    schema: u32,
    #[serde(flatten)]
    document: &'a T,
}

/// The document of a failure; of a list, with the items that came before it, as they were sent; of `d1 call -i`, with the response.
#[derive(Serialize)]
struct Failed<'a> {
    error: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<&'a [Box<RawValue>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<&'a RawValue>,
}

/// A diagnosis as JSON.
pub(crate) fn diagnosis_json(diagnosis: &Diagnosis) -> Value {
    let not_before = match diagnosis.advice {
        Advice::Retry { not_before } => not_before.map(|wait| wait.as_secs()),
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
