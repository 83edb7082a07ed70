//! The four suites in one binary that links every transport.

mod rustls {
    digicert_one_conformance::suite!(
        digicert_one_conformance::Subject::new(digicert_one_rustls::Connector::new())
            .waivers(include_str!("../../../crates/transport-rustls/waivers.toml"))
    );
}

mod reqwest {
    digicert_one_conformance::suite!(
        digicert_one_conformance::Subject::new(digicert_one_reqwest::Connector::new())
            .waivers(include_str!("../reqwest-waivers.toml"))
    );
}

mod isahc {
    digicert_one_conformance::suite!(
        digicert_one_conformance::Subject::new(digicert_one_isahc::Connector::new())
            .on(futures_executor::block_on)
            .waivers(include_str!("../../../crates/transport-isahc/waivers.toml"))
    );
}

mod native_tls {
    digicert_one_conformance::suite!(
        digicert_one_conformance::Subject::new(digicert_one_native_tls::Connector::new())
            .waivers(include_str!("../../../crates/transport-native-tls/waivers.toml"))
    );
}
