//! Why a JSON text does not fit a type, without quoting the text: serde quotes values, and a response may hold a secret that is shown
//! once.

use std::fmt;

use serde_json::error::Category;

/// Returns the part of a serde error that comes from the type, with the place in the text: for typed clients that are built on this one.
///
/// ```
/// let error = serde_json::from_str::<u8>("\"secret\"").expect_err("no number");
/// assert_eq!(digicert_one_client::json_mismatch(&error).to_string(), "expected u8 (line 1, column 8)");
/// ```
#[must_use]
pub fn json_mismatch(error: &serde_json::Error) -> impl std::error::Error + Send + Sync + use<> {
    Mismatch::new(error)
}

#[derive(Debug)]
pub(crate) struct Mismatch {
    complaint: String,
    line: usize,
    column: usize,
}

impl Mismatch {
    pub(crate) fn new(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        let complaint = match error.classify() {
            Category::Syntax => "it is not JSON".to_owned(),
            Category::Eof => "it ends too early".to_owned(),
            Category::Io => "it cannot be read".to_owned(),
            Category::Data => of_type(&text).unwrap_or("a value is not of its type").to_owned(),
        };
        Self { complaint, line: error.line(), column: error.column() }
    }
}

/// All of `missing field ..`; the end of `invalid type: (value), expected ..`.
fn of_type(text: &str) -> Option<&str> {
    let text = text.rsplit_once(" at line ").map_or(text, |(text, _)| text);
    if text.starts_with("missing field `") {
        return Some(text);
    }
    let met = ["invalid type: ", "invalid value: ", "invalid length ", "unknown variant `"];
    if !met.iter().any(|start| text.starts_with(start)) {
        return None;
    }
    text.rfind(", expected ").map(|at| &text[at + ", ".len()..])
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            // It was not read from a text.
            0 => f.write_str(&self.complaint),
            line => write!(f, "{} (line {line}, column {})", self.complaint, self.column),
        }
    }
}

impl std::error::Error for Mismatch {}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code, reason = "only its shape counts")]
    struct Thing {
        id: u64,
        kind: Kind,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        One,
    }

    #[test]
    fn expectation_is_reported_and_the_value_is_not() {
        for (text, expected) in [
            (r#"{"id":"canary"}"#, "expected u64 (line 1, column 14)"),
            (r#"{"id":"canary, expected canary"}"#, "expected u64"),
            (r#"{"id":1,"kind":"canary"}"#, "expected `one`"),
            (r#"{"id":1}"#, "missing field `kind`"),
            (r#"{"canary":1}"#, "a value is not of its type"),
            (r#"{"id":canary}"#, "it is not JSON"),
            (r#"{"id":"#, "it ends too early"),
        ] {
            let error = serde_json::from_str::<Thing>(text).expect_err(text);
            let shown = Mismatch::new(&error).to_string();
            assert!(shown.starts_with(expected) && !shown.contains("canary"), "{text}: {shown}");
        }
    }
}
