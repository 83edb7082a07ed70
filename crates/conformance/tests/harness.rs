//! The harness: it fails failing cases, lets a waived failure pass, and fails an outdated waiver.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use digicert_one_conformance::{Level, Subject, cases, check_waivers, run, run_all};
use digicert_one_core::{
    Capabilities, Capability, Connector, ConnectorInfo, Delivery, Transport, TransportConfig, TransportError,
    TransportErrorKind,
};

/// Refuses every configuration: with `Unsupported` if a capability is not declared, or with something else.
#[derive(Debug)]
struct Refusing(fn() -> TransportError);

impl Connector for Refusing {
    fn info(&self) -> ConnectorInfo {
        ConnectorInfo::new("refusing", "none", "none")
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::all().without(Capability::HttpProxy)
    }

    fn connect(&self, _config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        Err((self.0)())
    }
}

fn cleanly() -> Subject {
    Subject::new(Refusing(|| TransportError::unsupported(Capability::HttpProxy, "no proxy")))
}

fn wrongly() -> Subject {
    Subject::new(Refusing(|| TransportError::new(TransportErrorKind::Other, Delivery::NotSent)))
}

const WAIVED: &str = r#"
[[waiver]]
case = "REQ-01"
reason = "this double refuses every configuration"
link = "https://example.test/refusing"
since = "0.1.0"

[[waiver]]
case = "HOST-06"
reason = "this one is wrong: the case needs no transport"
link = "https://example.test/refusing"
since = "0.1.0"
"#;

fn fails(id: &str, subject: &Subject) -> bool {
    // The panic of the case is expected here: its text in the output of this test is not a failure.
    catch_unwind(AssertUnwindSafe(|| run(id, subject))).is_err()
}

#[test]
fn a_transport_that_does_nothing_fails_what_needs_one() {
    assert!(fails("REQ-01", &cleanly()));
    assert!(!fails("HOST-06", &cleanly()), "this case needs no transport");
}

#[test]
fn a_missing_capability_must_be_refused_by_its_name() {
    assert!(!fails("PROXY-01", &cleanly()), "refused as it should be");
    assert!(fails("PROXY-01", &wrongly()), "refused, but not for what is missing");
}

#[test]
fn what_is_not_declared_is_counted_apart() {
    let chosen: Vec<_> = cases().iter().filter(|case| ["PROXY-01", "HOST-06"].contains(&case.id)).copied().collect();
    let report = run_all(&cleanly(), &chosen, 1, &|_| ()).expect("no waivers");
    let count = report.count(Level::Must);
    assert_eq!((count.passed, count.asked, count.not_declared), (1, 1, 1));
    assert_eq!(report.to_string(), "MUST 1/1 (1 not declared) · SHOULD 0/0 · MAY 0/0");
    assert!(report.is_good() && report.exceptions().count() == 0);
    let lacking: Vec<_> = report.not_declared().map(|case| (&*case.id, case.outcome.reason())).collect();
    assert_eq!(lacking, [("PROXY-01", Some("proxy.http"))]);
}

#[test]
fn a_waived_failure_passes_and_a_waiver_that_is_not_needed_fails() {
    assert!(!fails("REQ-01", &cleanly().waivers(WAIVED)));
    assert!(fails("HOST-06", &cleanly().waivers(WAIVED)));
}

#[test]
fn a_bad_waiver_file_fails_every_case() {
    let unknown = cleanly().waivers(
        "[[waiver]]\ncase = \"REQ-99\"\nreason = \"an unknown case\"\nlink = \"https://example.test\"\nsince = \"1\"\n",
    );
    assert!(fails("HOST-06", &unknown));
    assert!(catch_unwind(AssertUnwindSafe(|| check_waivers(&unknown))).is_err());
}

#[test]
fn ids_and_names_are_unique_and_belong_together() {
    let mut seen = std::collections::BTreeSet::new();
    for case in cases() {
        assert!(seen.insert(case.id) && seen.insert(case.name), "{case:?} stands twice");
        let prefix = case.id.to_ascii_lowercase().replace('-', "_");
        assert!(case.name.starts_with(&format!("{prefix}_")), "{case:?}");
    }
    assert!(cases().iter().filter(|case| case.level == Level::Must).count() > 60);
}
