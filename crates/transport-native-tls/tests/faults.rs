//! Every fault of the matrix over this transport: each has its code, or a wider one that is documented.

#[test]
fn every_fault_has_its_code_or_a_documented_wider_one() {
    let subject = digicert_one_conformance::Subject::new(digicert_one_native_tls::Connector::new());
    digicert_one_conformance::fault_test(&subject);
}
