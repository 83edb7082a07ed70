//! The conformance suite on a transport that the workspace has never heard of.

digicert_one_conformance::suite!(
    digicert_one_conformance::Subject::new(ureq_transport::Connector).waivers(include_str!("../waivers.toml"))
);
