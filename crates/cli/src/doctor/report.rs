//! The report of `d1 doctor`: its checks, as text and as JSON.

use digicert_one::core::diagnosis::Diagnosis;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::output::diagnosis_json;
use crate::page::{Page, Style};

/// The call that shows who the caller is.
pub(crate) const WHOAMI: &str = "/account/api/v1/user/me";
/// Columns before the name of a check, and of the name itself.
const MARGIN: usize = 8;
const NAME: usize = 19;
/// Below this, the columns would leave too little for what was found.
const NARROW: usize = 72;

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

    fn style(self) -> Style {
        match self {
            Self::Ok => Style::Good,
            Self::Warning => Style::Caution,
            Self::Failed => Style::Bad,
            Self::Skipped => Style::Quiet,
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

/// The checks made so far.
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

    /// Adds the checks to a page: in columns where it is wide enough, else what was found below each name.
    pub(super) fn print(&self, page: &mut Page) {
        let is_narrow = page.width().is_some_and(|width| width < NARROW);
        let (name_width, column) = if is_narrow { (0, MARGIN) } else { (NAME, MARGIN + NAME + 1) };
        let after = if is_narrow { format!("\n{:MARGIN$}", "") } else { " ".to_owned() };
        let mut group = "";
        for check in &self.checks {
            if check.group != group {
                group = check.group;
                page.styled(Style::Heading, group);
                page.add("\n");
            }
            page.add("  ");
            page.styled(check.mark.style(), &format!("{:<5}", check.mark.word()));
            page.add(&format!(" {:<name_width$}{after}", check.id));
            page.hanging(column, &check.fact);
            page.add("\n");
            let Some(diagnosis) = &check.diagnosis else { continue };
            let code = format!("{0} (docs/errors/{0}.md)", diagnosis.code);
            let rows = [("code", &code), ("cause", &diagnosis.cause), ("do", &diagnosis.remedy)];
            let seen = diagnosis.evidence.iter().map(|line| ("seen", line));
            for (name, row) in rows.into_iter().filter(|(_, row)| !row.is_empty()).chain(seen) {
                if is_narrow {
                    page.add(&format!("{:MARGIN$}{name}: ", ""));
                } else {
                    page.add(&format!("{:MARGIN$}{name:<NAME$} ", ""));
                }
                let column = if is_narrow { MARGIN + 2 } else { column };
                for (number, line) in row.lines().enumerate() {
                    page.add(&if number > 0 { format!("\n{:column$}", "") } else { String::new() });
                    page.hanging(column, line.trim());
                }
                page.add("\n");
            }
        }
        let (failed, warned, skipped) =
            (self.count(Mark::Failed), self.count(Mark::Warning), self.count(Mark::Skipped));
        let plural = if warned == 1 { "" } else { "s" };
        page.add(&format!("{failed} failed, {warned} warning{plural}, {skipped} skipped"));
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
        json!({ "ok": self.exit.is_none(), "exit": self.exit.unwrap_or(0), "checks": checks })
    }
}
