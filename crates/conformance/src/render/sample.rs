//! Reports for the tests of the documents.

use crate::case::Level;
use crate::report::{CaseOutcome, CaseReport, Report};

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
    let failed = CaseOutcome::Failed { why: HOSTILE.to_owned(), ledger: "server:\n  connection 0".to_owned() };
    let cases = vec![
        case("REQ-01", Level::Must, CaseOutcome::Passed),
        case("REQ-02", Level::Must, failed),
        case("CRED-01", Level::Should, CaseOutcome::Waived { why: HOSTILE.to_owned() }),
        case("CRED-02", Level::May, CaseOutcome::Stale),
        case("CRED-03", Level::Must, CaseOutcome::NotDeclared { lacking: "proxy.http".to_owned() }),
    ];
    let report = |transport: &str, cases: &[CaseReport]| Report {
        transport: transport.to_owned(),
        http: "a <library>".to_owned(),
        tls: "an engine".to_owned(),
        cases: cases.to_vec(),
    };
    vec![report("one", &cases), report("two", &cases[..1])]
}
