//! The terminal.

use digicert_one_provisioning::{SecretKind, SecretStore, StoreErrorKind, store};

#[test]
fn terminal_that_is_a_file_is_refused() {
    use std::process::{Command, Stdio};
    const VARIABLE: &str = "D1_TEST_TERMINAL";
    if std::env::var_os(VARIABLE).is_some() {
        for store in [&store::stdout() as &dyn SecretStore, &store::stderr()] {
            assert_eq!(super::refused(store, SecretKind::ApiKey).kind(), StoreErrorKind::NoTerminal);
        }
        return;
    }
    // This test again, with both streams known to be pipes.
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "terminal::terminal_that_is_a_file_is_refused", "--nocapture"])
        .env(VARIABLE, "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
}
