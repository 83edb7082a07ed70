//! Rotation under load, in a process of its own so that its growth can be measured.

#[test]
fn rotation_under_load_fails_nothing_and_leaves_nothing() {
    digicert_one_conformance::load_test(&digicert_one_conformance::Subject::new(digicert_one_rustls::Connector::new()));
}
