//! One complete HTML page: the matrix case × transport by family, a filter, and the reason of a cell on
//! request. It loads nothing, works without colour and with the keyboard, and follows the reader's light or
//! dark mode.

use std::fmt::Write as _;

use super::cells::{escaped, question, rows};
use crate::catalogue::explain;
use crate::report::{CaseOutcome, CaseReport, Report};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// One page for all reports.
#[must_use]
pub fn page(reports: &[Report]) -> String {
    let mut out = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>Conformance of the transports</title>\n",
    );
    let _ = write!(out, "<style>\n{STYLE}</style>\n<h1>Conformance of the transports</h1>\n<dl id=\"summary\">\n");
    for report in reports {
        let [transport, http, tls] = [&report.transport, &report.http, &report.tls].map(|text| escaped(text));
        let _ = writeln!(out, "<dt>{transport}</dt><dd>{report}<br><small>{http} · {tls}</small></dd>");
    }
    out.push_str(
        "</dl>\n<form id=\"choose\"><label>Find <input id=\"text\" type=\"search\" placeholder=\"ID or words\"></label>\n<label>Show <select id=\"kind\"><option value=\"\">every case</option><option value=\"exception\">exceptions only</option><option value=\"MUST\">MUST</option><option value=\"SHOULD\">SHOULD</option><option value=\"MAY\">MAY</option></select></label>\n<output id=\"shown\"></output></form>\n<main>\n<table>\n<thead><tr><th scope=\"col\">Case<th scope=\"col\">Level<th scope=\"col\">Asks that",
    );
    for report in reports {
        let _ = write!(out, "<th scope=\"col\">{}", escaped(&report.transport));
    }
    out.push_str("</thead>\n");
    let mut family = "";
    for (case, cells) in &rows(reports) {
        let of = case.id.split('-').next().unwrap_or_default();
        if of != family {
            family = of;
            let columns = reports.len() + 3;
            let _ = writeln!(
                out,
                "<tbody><tr class=\"family\"><th colspan=\"{columns}\" scope=\"rowgroup\">{}</tr>",
                escaped(of)
            );
        }
        row(&mut out, reports, case, cells);
    }
    let _ = write!(
        out,
        "</table>\n<aside id=\"reason\" aria-live=\"polite\" hidden><button id=\"close\" type=\"button\">Close</button><h2></h2><pre></pre></aside>\n</main>\n<script>\n{SCRIPT}</script>\n</html>\n"
    );
    out
}

fn row(out: &mut String, reports: &[Report], case: &CaseReport, cells: &[Option<&CaseReport>]) {
    let exception =
        cells.iter().flatten().any(|one| one.outcome != CaseOutcome::Passed && !one.outcome.is_not_declared());
    let id = escaped(&case.id);
    let _ = write!(
        out,
        "<tr class=\"case\" data-level=\"{}\"{}><th scope=\"row\">{id}<td>{}<td>{}",
        case.level,
        if exception { " data-exception" } else { "" },
        case.level,
        escaped(&question(case)),
    );
    for (report, cell) in reports.iter().zip(cells) {
        let Some(one) = cell else {
            out.push_str("<td>– not run");
            continue;
        };
        let (sign, kind) = match one.outcome {
            CaseOutcome::Passed => ("✓ ok", "passed"),
            CaseOutcome::NotDeclared { .. } => ("– not declared", "waived"),
            CaseOutcome::Waived { .. } => ("○ waived", "waived"),
            _ => ("✗ failed", "failed"),
        };
        let transport = escaped(&report.transport);
        let _ = write!(
            out,
            "<td><button type=\"button\" class=\"{kind}\" id=\"{id}/{transport}\" data-title=\"{id} on {transport}\" data-reason=\"{}\">{sign}</button>",
            escaped(&content(one)),
        );
    }
    out.push_str("</tr>\n");
}

/// The content of a cell: the result and its reason, and the explanation of the case.
fn content(case: &CaseReport) -> String {
    let mut text = match &case.outcome {
        CaseOutcome::Passed => format!("It holds ({:.2} s).", case.seconds),
        outcome => format!("{}: {}", outcome.word(), outcome.reason().unwrap_or_default()),
    };
    if let CaseOutcome::Failed { ledger, .. } = &case.outcome {
        let _ = write!(text, "\n\n{ledger}");
    }
    if let Some(explanation) = explain(&case.id) {
        let _ = write!(text, "\n\n{explanation}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::sample::reports;
    use super::*;

    #[test]
    fn the_page_has_a_button_with_a_reason_for_each_case_that_ran_and_loads_nothing() {
        let page = page(&reports());
        assert_eq!(page.matches("<button type=\"button\" class=").count(), 6);
        assert!(page.contains("id=\"REQ-02/one\"") && page.contains("FAILED: &lt;/script&gt;"), "{page}");
        assert!(!page.contains("http://") && !page.contains("https://") && !page.contains(" src="), "{page}");
    }
}
