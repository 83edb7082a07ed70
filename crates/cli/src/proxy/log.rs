//! The log of the proxy: one line for each event, as text on standard error or as JSON on standard output.

use std::time::SystemTime;

use digicert_one::core::Diagnosis;
use digicert_one::{AuditRecord, Error};
use serde_json::{Value, json};

use super::admission::Refusal;
use crate::end_date::shown;
use crate::output::{Output, diagnosis_json};

/// Where events go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Log(Output);

impl Log {
    pub(crate) fn new(output: Output) -> Self {
        Self(output)
    }

    /// An event, as a text and with the fields of its document.
    pub(crate) fn event(self, name: &str, text: &str, fields: Value) {
        if !self.0.is_json() {
            return self.0.log(text);
        }
        let mut document = json!({ "time": shown(SystemTime::now()), "event": name });
        if let Value::Object(fields) = fields {
            fields.into_iter().for_each(|(name, value)| document[name] = value);
        }
        // A closed standard output does not stop the proxy.
        let _ = self.0.line(&document.to_string());
    }

    /// Where callers connect; also on standard output, for programs that start the proxy.
    pub(crate) fn listening(self, addresses: &[String], host: &str) {
        let text = format!("listening on {}, for {host}", addresses.join(" and "));
        if self.0.is_json() {
            return self.event("listening", &text, json!({ "addresses": addresses, "host": host }));
        }
        let _ = self.0.text(&text);
    }

    pub(crate) fn refused(self, refusal: &Refusal) {
        let text = format!("refused: {}", refusal.diagnosis.summary);
        self.event("refused", &text, json!({ "reason": refusal.reason, "status": refusal.status.as_u16() }));
    }

    pub(crate) fn failed(self, error: &Error) {
        self.event("failed", &format!("failed: {error}"), json!({ "error": diagnosis_json(error.diagnosis()) }));
    }

    /// A failure without an error of the library.
    pub(crate) fn diagnosed(self, diagnosis: &Diagnosis) {
        let text = format!("failed: {} {}", diagnosis.code, diagnosis.summary);
        self.event("failed", &text, json!({ "error": diagnosis_json(diagnosis) }));
    }

    /// Prints the line that `--log-requests` asks for.
    pub(crate) fn request(self, record: &AuditRecord) {
        let fields = json!({
            "method": record.method.as_str(),
            "path": &*record.template,
            "host": record.host.as_deref(),
            "mode": record.mode.map(|mode| mode.to_string()),
            "generation": record.generation.map(|generation| generation.to_string()),
            "outcome": record.outcome(),
            "status": record.status.map(|status| status.as_u16()),
            "code": record.code.map(|code| code.to_string()),
            "attempts": record.attempts,
            "milliseconds": u64::try_from(record.took.as_millis()).unwrap_or(u64::MAX),
            "request_id": record.request_id,
            "missed": record.missed,
        });
        self.event("request", &format!("request: {record}"), fields);
    }
}
