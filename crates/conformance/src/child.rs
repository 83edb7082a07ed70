//! Runs the test of a case again, alone in a separate process, for process-wide state: environment, memory,
//! threads. Servers stay in the parent; the child learns their port and their root.

use std::process::{Command, Stdio};

use digicert_one_testbed::Pki;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

const PORT: &str = "DIGICERT_ONE_CONFORMANCE_PORT";
const ROOT: &str = "DIGICERT_ONE_CONFORMANCE_ROOT";
/// Set for a program of the suite that is to end at the first case that does not hold.
pub(crate) const FAIL_FAST: &str = "DIGICERT_ONE_CONFORMANCE_FAIL_FAST";

/// The servers of the process that started this one.
pub(crate) struct Parent {
    pub(crate) port: u16,
    pub(crate) root: CertificateDer<'static>,
}

/// The parent, in a process that was started by [`command`].
pub(crate) fn parent() -> Option<Parent> {
    let port = std::env::var(PORT).ok()?.parse().expect("the port of the parent's server");
    let root = std::env::var(ROOT).expect("the root of the parent's server");
    Some(Parent { port, root: CertificateDer::from_pem_slice(root.as_bytes()).expect("a certificate") })
}

/// Returns the command that runs the test of this thread in a separate process.
pub(crate) fn command(port: u16) -> Command {
    let test = std::thread::current().name().map(str::to_owned).expect("a test thread has the name of its test");
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command
        .args(["--exact", &test, "--nocapture", "--test-threads=1"])
        .env(PORT, port.to_string())
        .env(ROOT, Pki::shared().root_pem())
        // It has one case only, and is selected as with cargo.
        .env_remove(FAIL_FAST)
        .stdin(Stdio::null());
    command
}

/// Runs it to its end. Panics unless the test ran and passed.
pub(crate) fn run(mut command: Command) {
    let output = command.output().expect("this test can be run again");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "the case did not run: {text}");
}
