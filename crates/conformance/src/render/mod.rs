//! Reports as documents: JSON and JUnit for programs, Markdown, one HTML page and a badge for readers. All of
//! them show the same: every case on every transport, and the reason if one did not pass.

mod badge;
mod cells;
mod junit;
mod markdown;
mod page;
#[cfg(test)]
mod sample;

use std::path::Path;

pub use self::badge::badge;
pub use self::junit::junit;
pub use self::markdown::markdown;
pub use self::page::page;
use crate::report::Report;

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

#[cfg(test)]
mod tests {
    use super::cells::rows;
    use super::sample::reports;
    use super::*;

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
