//! The conformance suite on this transport. `-- --help` shows what can be chosen.

use std::process::ExitCode;

use digicert_one_conformance::Subject;

fn main() -> ExitCode {
    let subject = Subject::new(digicert_one_rustls::Connector::new());
    digicert_one_conformance::main(subject.waivers(include_str!("../waivers.toml")))
}
