//! A client certificate in every format that users hold, over this transport.

#[test]
fn every_format_of_a_client_certificate_is_presented() {
    digicert_one_conformance::format_test(&digicert_one_conformance::Subject::new(
        digicert_one_rustls::Connector::new(),
    ));
}
