//! The conformance suite on this transport, without tokio.

digicert_one_conformance::suite!(
    digicert_one_conformance::Subject::new(digicert_one_isahc::Connector::new())
        .on(futures_executor::block_on)
        .waivers(include_str!("../waivers.toml"))
);
