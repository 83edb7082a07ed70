//! Every fault of the matrix, over every transport, in the binary that links them all.

use digicert_one_conformance::{Subject, fault_test};

#[test]
fn over_reqwest() {
    fault_test(&Subject::new(digicert_one_reqwest::Connector::new()));
}

#[test]
fn over_isahc() {
    fault_test(&Subject::new(digicert_one_isahc::Connector::new()).on(futures_executor::block_on));
}

#[test]
fn over_native_tls() {
    fault_test(&Subject::new(digicert_one_native_tls::Connector::new()));
}
