//! A page for a repository: a line a transport, every exception with its reason, and the whole matrix.

use std::fmt::Write as _;

use super::cells::{question, rows};
use crate::report::{CaseOutcome, CaseReport, Report};

/// One page for all reports.
#[must_use]
pub fn markdown(reports: &[Report]) -> String {
    let mut out = String::from("| Transport | HTTP | TLS | Result |\n|---|---|---|---|\n");
    for report in reports {
        let [transport, http, tls] = [&report.transport, &report.http, &report.tls].map(|text| cell(text));
        let _ = writeln!(out, "| {transport} | {http} | {tls} | {report} |");
    }
    out.push_str("\n## Exceptions\n\n");
    let mut none = true;
    for report in reports {
        for case in report.exceptions() {
            none = false;
            let reason = cell(case.outcome.reason().unwrap_or_default());
            let (id, level, word) = (cell(&case.id), case.level, case.outcome.word());
            let _ = writeln!(out, "- **{} {id}** ({level}, {word}): {reason}", cell(&report.transport));
        }
    }
    if none {
        out.push_str("None.\n");
    }
    out.push_str("\n## Not declared\n\n");
    let before = out.len();
    for report in reports {
        for case in report.not_declared() {
            let lacking = cell(case.outcome.reason().unwrap_or_default());
            let _ = writeln!(out, "- **{} {}** ({}): {lacking}", cell(&report.transport), cell(&case.id), case.level);
        }
    }
    if out.len() == before {
        out.push_str("None.\n");
    }
    out.push_str("\n## Every case\n\n| Case | Level | Asks that |");
    for report in reports {
        let _ = write!(out, " {} |", cell(&report.transport));
    }
    out.push_str("\n|---|---|---|");
    reports.iter().for_each(|_| out.push_str("---|"));
    out.push('\n');
    for (case, cells) in rows(reports) {
        let _ = write!(out, "| {} | {} | {} |", cell(&case.id), case.level, cell(&question(case)));
        for one in cells {
            let _ = write!(out, " {} |", word(one));
        }
        out.push('\n');
    }
    out
}

fn word(case: Option<&CaseReport>) -> &'static str {
    match case.map(|case| &case.outcome) {
        None => "not run",
        Some(CaseOutcome::Passed) => "ok",
        Some(outcome) => outcome.word(),
    }
}

/// Text that stays in its cell and is not read as markup.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '|' | '`' | '*' | '[' | ']' | '\\' => out.extend(['\\', character]),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            '\n' => out.push(' '),
            _ if character.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample::reports;
    use super::*;

    #[test]
    fn every_exception_has_its_reason_and_every_row_its_cells() {
        let page = markdown(&reports());
        assert_eq!(page.lines().filter(|line| line.starts_with("- **one ")).count(), 4, "{page}");
        assert!(page.contains("- **one CRED-03** (MUST): proxy.http"), "{page}");
        assert!(page.contains("| REQ-01 | MUST | it holds | ok | ok |"), "{page}");
        assert!(page.contains("| REQ-02 | MUST | it holds | FAILED | not run |"), "{page}");
        assert!(markdown(&reports()[1..]).contains("None."));
    }
}
