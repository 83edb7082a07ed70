//! What every document needs: the rows of the table, the name of a case in words, and text that cannot leave its place.

use crate::report::{CaseReport, Report};

/// Every case that one of the reports has, in the order of the catalogue, with what each report says of it.
pub(super) fn rows(reports: &[Report]) -> Vec<(&CaseReport, Vec<Option<&CaseReport>>)> {
    let mut rows: Vec<(&CaseReport, Vec<Option<&CaseReport>>)> = Vec::new();
    for case in reports.iter().flat_map(|report| &report.cases) {
        if rows.iter().all(|(known, _)| known.id != case.id) {
            let of = |report: &'_ Report| -> Option<usize> { report.cases.iter().position(|one| one.id == case.id) };
            let cells = reports.iter().map(|report| of(report).map(|at| &report.cases[at])).collect();
            rows.push((case, cells));
        }
    }
    rows
}

/// The name of a case in words: `req_01_a_b` asks "a b".
pub(super) fn question(case: &CaseReport) -> String {
    case.name.split('_').skip(2).collect::<Vec<_>>().join(" ")
}

/// `&`, `<`, `>` and quotes as references, for text and attributes of XML and HTML. Characters that XML 1.0 does not have, which an
/// error text may hold, become U+FFFD.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(character),
            '\u{fffe}' | '\u{ffff}' => out.push(char::REPLACEMENT_CHARACTER),
            _ if character.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            _ => out.push(character),
        }
    }
    out
}
