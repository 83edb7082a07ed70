//! The proof of docs/fleet.md in small, for CI: the same program with fewer processes, for some seconds.

use std::io::Write as _;
use std::process::Command;

#[test]
fn small_fleet_keeps_the_limit() {
    let directory = tempfile::tempdir().expect("a directory");
    let out = directory.path().join("fleet.md");
    let size = ["4", "2", "6", "250"];
    let done = Command::new(env!("CARGO_BIN_EXE_fleet")).arg(&out).args(size).output().expect("it runs");
    let errors = String::from_utf8_lossy(&done.stderr);
    if done.status.code() == Some(77) {
        // The harness does not capture this writer.
        let _ = write!(std::io::stderr(), "{errors}");
        return;
    }
    assert!(done.status.success(), "{errors}");
    let text = std::fs::read_to_string(&out).expect("written");
    assert_eq!(text.lines().filter(|line| line.starts_with("| with the shared limiter")).count(), 1, "{text}");
}
