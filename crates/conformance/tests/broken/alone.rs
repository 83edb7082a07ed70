//! Runs a case on a broken transport in a separate process, because some defects affect process-wide state:
//! the log, the temporary directory, statics. The case fails there as it would for a transport crate, and
//! this side reads the failure.

use std::process::{Command, Stdio};

use digicert_one_conformance::{Subject, run};

use crate::table::{Defect, Row};
use crate::transport::Connector;

/// Set in the process in which the case must fail.
const ALONE: &str = "DIGICERT_ONE_BROKEN_TRANSPORT";

/// Passes if the case fails on the transport with this defect, by its own assertion and with the text that
/// the row expects.
pub(crate) fn caught(row: &Row) {
    if std::env::var_os(ALONE).is_some() {
        run(row.case, &Subject::new(Connector::broken(row.defect)));
        return;
    }
    let test = std::thread::current().name().map(str::to_owned).expect("a test thread has the name of its test");
    let litter = tempfile::tempdir().expect("a directory for what the transport leaves behind");
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", &test, "--nocapture", "--test-threads=1"])
        .env(ALONE, row.case)
        // The message of a case is its first lines; the function names below them prove nothing.
        .env("RUST_BACKTRACE", "0")
        .env("TMPDIR", litter.path())
        .stdin(Stdio::null())
        .output()
        .expect("this test can be run again");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("running 1 test"), "the case did not run: {text}");
    assert!(!output.status.success(), "{} does not catch {:?}: {}\n{text}", row.case, row.defect, row.about);
    assert!(text.contains(row.says), "{} fails, but does not say {:?}:\n{text}", row.case, row.says);
    let places = panics(&text);
    let asserted = |place: &String| {
        ["cases/", "generated/", "world.rs", "audit/"].iter().any(|file| place.starts_with(&source(file)))
    };
    assert!(places.iter().any(asserted), "{} asserted nothing, it failed at {places:?}:\n{text}", row.case);
    // A case that was stopped by the suite's own limit proves nothing about the defect.
    assert!(!places.iter().any(|place| place.starts_with(&source("run.rs"))), "{} hung:\n{text}", row.case);
}

/// The path of a file of the suite as panics print it.
fn source(file: &str) -> String {
    format!("crates/conformance/src/{file}")
}

/// The locations of all panics in an output.
fn panics(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.split_once("panicked at ")).map(|(_, place)| place.replace('\\', "/")).collect()
}

#[test]
fn a_case_that_does_not_bite_is_noticed() {
    // Paths have nothing to do with methods.
    let row = Row { defect: Defect::LowersPaths, about: "sends the path in lower case", case: "REQ-03", says: "" };
    if std::env::var_os(ALONE).is_some() {
        return caught(&row);
    }
    let payload = std::panic::catch_unwind(|| caught(&row)).expect_err("the case passes, so nothing was caught");
    let message = payload.downcast_ref::<String>().expect("a message");
    assert!(message.starts_with("REQ-03 does not catch LowersPaths"), "{message}");
}

#[test]
fn a_case_that_fails_for_another_reason_is_noticed() {
    let row = Row { defect: Defect::LowersPaths, about: "sends the path in lower case", case: "REQ-01", says: "POST" };
    if std::env::var_os(ALONE).is_some() {
        return caught(&row);
    }
    let payload = std::panic::catch_unwind(|| caught(&row)).expect_err("it fails, but not for this");
    let message = payload.downcast_ref::<String>().expect("a message");
    assert!(message.starts_with("REQ-01 fails, but does not say"), "{message}");
}
