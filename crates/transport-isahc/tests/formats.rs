//! A client certificate in every format that users hold, over this transport.

#[test]
fn every_format_of_a_client_certificate_is_presented() {
    let subject = digicert_one_conformance::Subject::new(digicert_one_isahc::Connector::new());
    digicert_one_conformance::format_test(&subject.on(futures_executor::block_on));
}
