//! The conformance suite on this transport, without tokio. `-- --help` shows what can be chosen.

use std::process::ExitCode;

use digicert_one_conformance::Subject;

const WAIVERS: &str = if cfg!(feature = "openssl-engine") {
    concat!(include_str!("../waivers.toml"), include_str!("../waivers-openssl.toml"))
} else {
    include_str!("../waivers.toml")
};

fn main() -> ExitCode {
    let subject = Subject::new(digicert_one_isahc::Connector::new()).on(futures_executor::block_on);
    digicert_one_conformance::main(subject.waits_by_select().waivers(WAIVERS))
}
