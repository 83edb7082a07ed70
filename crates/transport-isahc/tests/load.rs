//! Rotation under load, in a process of its own so that its growth can be measured.

#[test]
fn rotation_under_load_fails_nothing_and_leaves_nothing() {
    let subject = digicert_one_conformance::Subject::new(digicert_one_isahc::Connector::new());
    digicert_one_conformance::load_test(&subject.on(futures_executor::block_on));
}
