//! The proof of docs/fleet.md in small, for CI: the same program with fewer processes, for some seconds.

use std::process::Command;

#[test]
#[expect(clippy::print_stdout, reason = "says what was skipped")]
fn small_fleet_keeps_the_limit() {
    let directory = tempfile::tempdir().expect("a directory");
    let out = directory.path().join("fleet.md");
    let done = Command::new(env!("CARGO_BIN_EXE_fleet")).arg(&out).args(["4", "2", "6"]).output().expect("it runs");
    if done.status.code() == Some(77) {
        println!("SKIPPED: redis-server is not installed");
        return;
    }
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{errors}");
    let text = std::fs::read_to_string(&out).expect("written");
    assert_eq!(text.lines().filter(|line| line.starts_with("| with the shared limiter")).count(), 1, "{text}");
}
