//! Where a secret may go and come from, and what of it is never repeated.

#[cfg(target_os = "linux")]
use crate::stage::document;
use crate::stage::{Stage, assert_failed, text};

#[cfg(target_os = "linux")]
#[test]
fn store_program_gets_secret_on_standard_input_only() {
    let stage = Stage::new();
    let (kept, seen) = (stage.path("kept"), stage.path("seen"));
    let script = format!("cat /proc/$PPID/cmdline /proc/$$/cmdline > {seen}; env >> {seen}; cat > {kept}");
    std::fs::write(stage.path("keep.sh"), script).expect("written");
    let (keep, read) = (format!("exec:sh {}", stage.path("keep.sh")), format!("cat {kept}"));
    let journal = stage.path("ci.journal");
    let place = ["--store", &keep, "--read-back-command", &read, "--journal", &journal];
    let output = stage.bot(&[&["--json", "token", "create", "deploy"], &place[..]].concat());
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(document(&output)["stored"]["read_back"], true);
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
    let store = format!("file:{file}");
    let create = ["token", "create", "x"];
    let cases: [(&[&str], &str); 17] = [
        (&[], "--store"),
        (&["--store", "canary-7"], "file:PATH"),
        (&["--store", "vault:canary"], "exec:COMMAND"),
        (&["--store", "file:"], "missing path"),
        (&["--store", "file:-", "--journal", &journal], "--store stdout"),
        (&["--store", &store, "--store", "stdout"], "cannot be used multiple times"),
        (&["--store", "stdout"], "--journal"),
        (&["--store", "stdout", "--journal", &journal, "--json"], "omit --json"),
        (&["--store", "exec:'", "--journal", &journal], "--store exec"),
        (&["--store", "exec:cat", "--journal", &journal, "--read-back-command", "'"], "--read-back-command"),
        (&["--store", &store, "--read-back-command", "cat"], "--store exec:COMMAND"),
        (&["--store", &store, "--last-resort", "-"], "--last-resort"),
        (&["--store", &store, "--ends", "tomorrow"], "2099-12-31"),
        (&["--store", &store, "--ends", "2099-12-31", "--ends-in", "3d"], "cannot be used with"),
        (&["--store", &store, "--ends-in", "36h"], "whole days"),
        (&["--store", &store, "--last-resort", &file, "--last-resort-password", "canary"], "env:NAME"),
        (&["--store", &store, "--last-resort", &file, "--last-resort-password", "env:UNSET_D1"], "UNSET_D1"),
    ];
    for (more, words) in cases {
        let output = stage.bot(&[&create[..], more].concat());
        assert_failed(&output, 2, &[words]);
        assert!(!text(&output).contains("canary"), "{}", text(&output));
    }
    assert!(stage.emulator.observed().is_empty(), "nothing was sent");
}
