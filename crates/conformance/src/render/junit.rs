//! JUnit XML, as CI systems read it: a suite a transport; a case that is waived or not declared is skipped.

use std::fmt::Write as _;

use super::cells::escaped;
use crate::report::{CaseOutcome, Report};

/// One document with a suite for each report.
#[must_use]
pub fn junit(reports: &[Report]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for report in reports {
        let of = |wanted: fn(&CaseOutcome) -> bool| report.cases.iter().filter(|case| wanted(&case.outcome)).count();
        let seconds: f64 = report.cases.iter().map(|case| case.seconds).sum();
        let _ = writeln!(
            out,
            "<testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{seconds:.3}\">",
            escaped(&report.transport),
            report.cases.len(),
            of(CaseOutcome::is_failure),
            of(|outcome| matches!(outcome, CaseOutcome::Waived { .. } | CaseOutcome::NotDeclared { .. })),
        );
        for case in &report.cases {
            let _ = write!(
                out,
                "<testcase classname=\"{}.{}\" name=\"{} {}\" time=\"{:.3}\"",
                escaped(&report.transport),
                case.level,
                escaped(&case.id),
                escaped(&case.name),
                case.seconds
            );
            let reason = escaped(case.outcome.reason().unwrap_or_default());
            let _ = match &case.outcome {
                CaseOutcome::Passed => writeln!(out, "/>"),
                CaseOutcome::NotDeclared { .. } => {
                    writeln!(out, "><skipped message=\"not declared: {reason}\"/></testcase>")
                }
                CaseOutcome::Waived { .. } => writeln!(out, "><skipped message=\"{reason}\"/></testcase>"),
                CaseOutcome::Stale => writeln!(out, "><failure message=\"{reason}\"/></testcase>"),
                CaseOutcome::Failed { ledger, .. } => {
                    writeln!(out, "><failure message=\"{reason}\">{}</failure></testcase>", escaped(ledger))
                }
            };
        }
        out.push_str("</testsuite>\n");
    }
    out.push_str("</testsuites>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::super::sample::reports;
    use super::*;

    #[test]
    fn each_outcome_has_its_element() {
        let document = junit(&reports());
        assert!(document.contains("tests=\"5\" failures=\"2\" skipped=\"2\""), "{document}");
        assert_eq!(document.matches("<testcase ").count(), 6);
        assert_eq!((document.matches("<failure ").count(), document.matches("<skipped ").count()), (2, 2));
    }
}
