//! Reports as documents: JSON and JUnit for programs, Markdown, one HTML page and a badge for readers. All of
//! them show the same: every case on every transport, and the reason if one did not pass.

mod badge;
mod junit;
mod markdown;
mod page;

use std::path::Path;

pub use self::badge::badge;
pub use self::junit::junit;
pub use self::markdown::markdown;
pub use self::page::page;
use crate::report::{CaseReport, Report};

/// The document that the ending of this file name asks for: `json`, `xml` (JUnit), `md`, `html` or `svg` (a badge). JSON holds one
/// report, so it can be read again; the others hold all.
///
/// # Errors
/// Another ending; several reports in one JSON.
pub fn document(path: &Path, reports: &[Report]) -> Result<String, String> {
    match (path.extension().and_then(|ending| ending.to_str()), reports) {
        (Some("json"), [report]) => serde_json::to_string_pretty(report).map_err(|error| error.to_string()),
        (Some("json"), _) => Err("a JSON report is of one transport".to_owned()),
        (Some("xml"), _) => Ok(junit(reports)),
        (Some("md"), _) => Ok(markdown(reports)),
        (Some("html"), _) => Ok(page(reports)),
        (Some("svg"), _) => Ok(badge(reports)),
        _ => Err(format!("{}: the name must end in json, xml, md, html or svg", path.display())),
    }
}

/// Every case of any report, in the order of the catalogue, with its results.
fn rows(reports: &[Report]) -> Vec<(&CaseReport, Vec<Option<&CaseReport>>)> {
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
fn question(case: &CaseReport) -> String {
    case.name.split('_').skip(2).collect::<Vec<_>>().join(" ")
}

/// `&`, `<`, `>` and quotes as references, for text and attributes of XML and HTML. Characters that XML 1.0 does not have, which an
/// error text may hold, become U+FFFD.
fn escaped(text: &str) -> String {
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::case::Level;
    use crate::report::Outcome;

    const HOSTILE: &str = "</script><b a='1' b=\"2\">&amp; ]]> \u{1b}[31m | `x`\nsecond line";

    /// One case of each outcome on one transport, and one that another transport lacks.
    pub(crate) fn reports() -> Vec<Report> {
        let case = |id: &str, level, outcome| CaseReport {
            id: id.to_owned(),
            name: format!("{}_it_holds", id.to_lowercase().replace('-', "_")),
            level,
            outcome,
            seconds: 0.25,
        };
        let failed = Outcome::Failed { why: HOSTILE.to_owned(), ledger: "server:\n  connection 0".to_owned() };
        let cases = vec![
            case("REQ-01", Level::Must, Outcome::Passed),
            case("REQ-02", Level::Must, failed),
            case("CRED-01", Level::Should, Outcome::Waived { why: HOSTILE.to_owned() }),
            case("CRED-02", Level::May, Outcome::Stale),
            case("CRED-03", Level::Must, Outcome::NotDeclared { lacking: "proxy.http".to_owned() }),
        ];
        let report = |transport: &str, cases: &[CaseReport]| Report {
            transport: transport.to_owned(),
            http: "a <library>".to_owned(),
            tls: "an engine".to_owned(),
            cases: cases.to_vec(),
        };
        vec![report("one", &cases), report("two", &cases[..1])]
    }

    #[test]
    fn no_document_lets_a_text_out_of_its_place() {
        for name in ["a.xml", "a.html", "a.svg"] {
            let document = document(Path::new(name), &reports()).expect(name);
            assert!(!document.contains("<b a=") && !document.contains('\u{1b}'), "{name}");
            assert!(document.matches("</script>").count() <= 1, "{name}");
        }
        let markdown = markdown(&reports());
        assert!(!markdown.contains("<b a=") && !markdown.contains('\u{1b}'), "{markdown}");
    }

    #[test]
    fn a_report_as_json_is_read_again() {
        let reports = reports();
        let text = document(Path::new("a.json"), &reports[..1]).expect("one report");
        assert_eq!(serde_json::from_str::<Report>(&text).expect("our own form"), reports[0]);
        assert!(document(Path::new("a.json"), &reports).is_err() && document(Path::new("a.txt"), &reports).is_err());
    }

    #[test]
    fn every_case_is_a_row_also_where_a_transport_lacks_it() {
        let reports = reports();
        let rows = rows(&reports);
        assert_eq!(rows.len(), 5);
        assert!(rows.iter().skip(1).all(|(_, cells)| cells[0].is_some() && cells[1].is_none()));
    }
}
