//! The files that are meant to be copied: every command and variable that they name exists, and systemd takes its units.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder(name: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).expect("a folder");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{name} is empty");
    files
}

#[test]
fn commands_in_files_are_commands_of_d1() {
    let reference =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/commands.md")).expect("the page");
    let mut count = 0;
    for file in ["systemd", "github", "gitlab"].iter().flat_map(|name| folder(name)) {
        let text = fs::read_to_string(&file).expect("text");
        for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
            let Some(at) = line.find("d1 ").filter(|at| line[..*at].ends_with([' ', '/', '\u{0}']) || *at == 0) else {
                continue;
            };
            let words: Vec<&str> =
                line[at..].split_whitespace().take_while(|word| !word.starts_with(['-', '/'])).collect();
            let words = if words.get(1) == Some(&"call") { &words[..2] } else { &words[..] };
            let usage = format!("Usage: {}", words.join(" "));
            assert!(reference.contains(&usage), "{}: no such command: {}", file.display(), words.join(" "));
            count += 1;
        }
    }
    assert!(count >= 6, "only {count} commands were found");
}

#[test]
#[allow(clippy::print_stdout, reason = "says what was skipped")]
fn systemd_accepts_its_units() {
    if Command::new("systemd-analyze").arg("--version").output().is_err() {
        println!("SKIPPED: systemd-analyze is not installed");
        return;
    }
    let copy = tempfile::tempdir().expect("a folder");
    for file in folder("systemd") {
        let text = fs::read_to_string(&file).expect("text").replace("/usr/local/bin/d1", "/bin/true");
        fs::write(copy.path().join(file.file_name().expect("a name")), text).expect("written");
    }
    for file in folder("systemd") {
        let mut verify = Command::new("systemd-analyze");
        verify.arg("verify").arg("--man=no").arg(copy.path().join(file.file_name().expect("a name")));
        let output = verify.output().expect("it runs");
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{}: {text}", file.display());
    }
}
