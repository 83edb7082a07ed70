//! The conformance suite on this transport.

digicert_one_conformance::suite!(
    digicert_one_conformance::Subject::new(digicert_one_reqwest::Connector::new())
        .waivers(include_str!("../waivers.toml"))
);
