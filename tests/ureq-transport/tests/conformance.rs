//! The conformance suite on a transport from outside the workspace.

digicert_one_conformance::suite!(
    digicert_one_conformance::Subject::new(ureq_transport::Connector).waivers(include_str!("../waivers.toml"))
);
