//! The report of `d1 doctor`: its checks, as text and as JSON.

use digicert_one::core::diagnosis::Diagnosis;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::diagnosis_json;

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Ok,
    Warning,
    Failed,
    Skipped,
}

impl Mark {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warn",
            Self::Failed => "FAIL",
            Self::Skipped => "skip",
        }
    }
}

pub(super) struct Check {
    pub(super) group: &'static str,
    pub(super) id: &'static str,
    pub(super) mark: Mark,
    pub(super) fact: String,
    /// What is wrong, and what to do.
    pub(super) diagnosis: Option<Diagnosis>,
}

/// What was checked so far.
#[derive(Default)]
pub(super) struct Report {
    pub(super) checks: Vec<Check>,
    /// The exit code of the first check that failed.
    pub(super) exit: Option<u8>,
}

impl Report {
    pub(super) fn add(&mut self, group: &'static str, id: &'static str, mark: Mark, fact: impl Into<String>) {
        self.checks.push(Check { group, id, mark, fact: fact.into(), diagnosis: None });
    }

    pub(super) fn skipped(&mut self, group: &'static str, id: &'static str, why: &str) {
        self.add(group, id, Mark::Skipped, why);
    }

    pub(super) fn failed(&mut self, group: &'static str, id: &'static str, failure: Failure) {
        self.exit.get_or_insert(failure.exit_code());
        let diagnosis = failure.diagnosis();
        let fact = diagnosis.summary.clone();
        self.checks.push(Check { group, id, mark: Mark::Failed, fact, diagnosis: Some(diagnosis) });
    }

    pub(super) fn warned(&mut self, group: &'static str, id: &'static str, diagnosis: Diagnosis) {
        let fact = diagnosis.summary.clone();
        self.checks.push(Check { group, id, mark: Mark::Warning, fact, diagnosis: Some(diagnosis) });
    }

    pub(super) fn count(&self, mark: Mark) -> usize {
        self.checks.iter().filter(|check| check.mark == mark).count()
    }

    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let mut group = "";
        for check in &self.checks {
            if check.group != group {
                group = check.group;
                text += &format!("{group}\n");
            }
            text += &format!("  {:<5} {:<19} {}\n", check.mark.word(), check.id, check.fact);
            if let Some(diagnosis) = &check.diagnosis {
                let code = diagnosis.code;
                let rows = [("cause", &diagnosis.cause), ("do", &diagnosis.remedy)];
                text += &format!("        {:<19} {code} (docs/errors/{code}.md)\n", "code");
                for (name, row) in rows.into_iter().filter(|(_, row)| !row.is_empty()) {
                    text += &format!("        {name:<19} {row}\n");
                }
                for line in &diagnosis.evidence {
                    text += &format!("        {:<19} {line}\n", "seen");
                }
            }
        }
        let (failed, warned, skipped) =
            (self.count(Mark::Failed), self.count(Mark::Warning), self.count(Mark::Skipped));
        text + &format!("{failed} failed, {warned} warnings, {skipped} skipped")
    }

    pub(super) fn json(&self) -> Value {
        let checks: Vec<Value> = self
            .checks
            .iter()
            .map(|check| {
                json!({
                    "group": check.group,
                    "id": check.id,
                    "status": check.mark.word().to_ascii_lowercase(),
                    "fact": check.fact,
                    "diagnosis": check.diagnosis.as_ref().map(diagnosis_json),
                })
            })
            .collect();
        json!({ "schema": 1, "ok": self.exit.is_none(), "exit": self.exit.unwrap_or(0), "checks": checks })
    }
}
