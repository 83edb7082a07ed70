//! Where a secret may go and come from, and what of it is never repeated.

use crate::stage::{Stage, assert_failed, document, text};

#[cfg(target_os = "linux")]
#[test]
fn store_program_gets_secret_on_standard_input_only() {
    let stage = Stage::new();
    let (kept, seen) = (stage.path("kept"), stage.path("seen"));
    let script = format!("cat /proc/$PPID/cmdline /proc/$$/cmdline > {seen}; env >> {seen}; cat > {kept}");
    std::fs::write(stage.path("keep.sh"), script).expect("written");
    let (keep, read) = (format!("sh {}", stage.path("keep.sh")), format!("cat {kept}"));
    let journal = stage.path("ci.journal");
    let place = ["--keep-command", &keep, "--read-back-command", &read, "--journal", &journal];
    let output = stage.bot(&[&["--json", "token", "create", "deploy"], &place[..]].concat());
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(document(&output)["kept"]["read_back"], true);
    let key = stage.read("kept").trim().to_owned();
    assert!(key.len() > 20 && !stage.read("seen").contains(&key), "an argument or variable has it");
    assert!(stage.read("seen").contains("create"), "{}", stage.read("seen"));
    assert!(!stage.read("seen").contains(stage.emulator.users()[0].api_key()), "our own key is passed on");
    assert!(stage.with_key_of("kept", &["whoami"]).status.success());
}

#[test]
fn usage_error_does_not_repeat_a_password() {
    let stage = Stage::new();
    let (file, journal) = (stage.path("api-key"), stage.path("ci.journal"));
    let create = ["token", "create", "x"];
    let cases: [(&[&str], &str); 10] = [
        (&[], "--keep-file"),
        (&["--keep-file", "-", "--journal", &journal], "--show-once"),
        (&["--keep-file", &file, "--show-once"], "cannot be used with"),
        (&["--show-once"], "--journal"),
        (&["--keep-command", "cat", "--journal", &journal, "--read-back-command", "'"], "--read-back-command"),
        (&["--keep-file", &file, "--ends", "tomorrow"], "2099-12-31"),
        (&["--keep-file", &file, "--ends", "2099-12-31", "--ends-in", "3d"], "cannot be used with"),
        (&["--keep-file", &file, "--ends-in", "36h"], "whole days"),
        (&["--keep-file", &file, "--last-resort", &file, "--last-resort-password", "canary"], "env:NAME"),
        (&["--keep-file", &file, "--last-resort", &file, "--last-resort-password", "env:UNSET_D1"], "UNSET_D1"),
    ];
    for (more, words) in cases {
        let output = stage.bot(&[&create[..], more].concat());
        assert_failed(&output, 2, &[words]);
        assert!(!text(&output).contains("canary"), "{}", text(&output));
    }
    assert!(stage.emulator.observed().is_empty(), "nothing was sent");
}
