//! Every fault of the matrix over this transport: each has its code, or a wider one that is documented.

#[test]
fn every_fault_has_its_code_or_a_documented_wider_one() {
    let subject = digicert_one_conformance::Subject::new(digicert_one_isahc::Connector::new());
    digicert_one_conformance::fault_test(&subject.on(futures_executor::block_on));
}
