//! Surroundings that are not as they should be: profiles and state that are broken, a home that is missing or cannot be written, no terminal,
//! a closed output. Each has its message, and none a panic or a wrong success.

#[cfg(unix)]
use std::process::Command;

use data_encoding::HEXLOWER;
#[cfg(target_os = "linux")]
use digicert_one_testbed::{ClientSpec, Pki};
use sha2::{Digest as _, Sha256};

#[cfg(unix)]
use crate::stage::run_by;
use crate::stage::{Stage, assert_failed, command, d1, document, text};

#[test]
fn profile_without_a_file_names_the_variable_that_asks_for_it() {
    let stage = Stage::new();
    let home = stage.directory.path().display().to_string();
    let given = [("HOME", &*home), ("XDG_CONFIG_HOME", ""), ("DC_PROFILE", "ci")];
    let shown = text(&stage.d1(&["whoami"], &given));
    assert!(
        shown.contains("ID-13") && shown.contains("DC_PROFILE chooses a profile: ") && shown.contains("d1 init NAME"),
        "{shown}"
    );
    let shown = text(&stage.d1(&["whoami", "--profile", "ci"], &given[..2]));
    assert!(shown.contains("--profile chooses a profile: ") && shown.contains("d1.toml"), "{shown}");
}

#[test]
fn broken_profile_is_reported_by_line_without_its_content() {
    let stage = Stage::new();
    let config = stage.path("d1.toml");
    for (content, code, words) in [
        ("[profiles.ci]\nhost = \"one.digicert.com\ncanary", "CFG-01", "(line "),
        ("[profiles.ci]\nhots = \"canary\"\n", "CFG-01", "line 2"),
        ("[profiles.ci]\nhost = 7\n", "CFG-01", "line 2"),
        ("[profiles.ci]\nhost = \"one.digicert.com\"\napi_key = \"canary\"\n", "CFG-01", "line 3"),
        ("[profiles.ci]\nhost = \"one.digicert.com\"\nmode = \"canary\"\n", "CFG-01", "mode"),
        ("[profiles.other]\nhost = \"one.digicert.com\"\n", "CFG-01", "available: other"),
        ("", "CFG-01", "no profiles"),
        ("[profiles.ci]\nhost = \"one.digicert.com\"\napi_key = \"env:D1_MISSING\"\n", "ID-13", "D1_MISSING"),
        ("[profiles.ci]\nhost = \"one.digicert.com\"\ncertificate = \"file:missing.pem\"\n", "ID-13", "missing.pem"),
        (
            "[profiles.ci]\nhost = \"http://one.digicert.com\"\napi_key = \"env:D1_KEY\"\n",
            "SEC-05",
            "host in profile ci",
        ),
    ] {
        std::fs::write(&config, content).expect("written");
        let output = d1(&["--json", "doctor", "--profile", "ci"], &[("DC_CONFIG", &config), ("D1_KEY", "k")]);
        let document = document(&output);
        let checks = document["checks"].as_array().expect("a list");
        let failed = checks.iter().find(|check| check["status"] == "fail");
        let failed = failed.unwrap_or_else(|| panic!("{content:?}: {document}"));
        assert_eq!(
            (output.status.code(), &failed["diagnosis"]["code"]),
            (Some(3), &code.into()),
            "{content:?}: {failed}"
        );
        let fact = failed["fact"].as_str().expect("text");
        assert!(fact.contains(words) && fact.contains("d1.toml"), "{content:?}: {fact}");
        assert!(!text(&output).contains("canary"), "{}", text(&output));
    }
}

#[test]
fn half_written_state_is_reported_or_done_without() {
    let stage = Stage::new();
    let (key_file, state) = (stage.path("api-key"), stage.directory.path().join("state/d1"));
    let store = format!("file:{key_file}");
    for journal in ["", "{\"version\":1,\"ta", "not JSON\n", "[]"] {
        std::fs::write(format!("{key_file}.journal"), journal).expect("written");
        let output = stage.d1(&["resume", "--store", &store], &[("DC_API_KEY", stage.key())]);
        let shown = text(&output);
        // A journal without a task is one of a run that never began.
        let is_fine = output.status.success() && shown.contains("nothing to resume");
        assert!(is_fine || output.status.code() == Some(3) && shown.contains("journal"), "{journal:?}: {shown}");
        assert!(!shown.contains("panicked"), "{shown}");
    }
    // The note of the day's warning.
    std::fs::create_dir_all(&state).expect("made");
    std::fs::write(state.join("warned-default"), "\u{0}20").expect("written");
    let variables = [("DC_API_KEY", stage.key()), ("DC_API_KEY_ENDS", "2099-12-31")];
    let home = stage.directory.path().join("state").display().to_string();
    let output = stage.d1(&["whoami"], &[&variables[..], &[("XDG_STATE_HOME", &*home)]].concat());
    assert!(output.status.success(), "{}", text(&output));
}

#[test]
fn journal_that_cannot_be_read_is_not_said_to_leave_nothing_incomplete() {
    let stage = Stage::new();
    let key_file = stage.path("api-key");
    let entry = r#"{"version":2,"id":"90ab","at":"2026-12-01T00:00:00Z","event":"step","what":"is new"}"#;
    let sum = HEXLOWER.encode(&Sha256::digest(entry)[..16]);
    let of_another_version = format!("{{\"sum\":\"{sum}\",\"entry\":{entry}}}\n");
    let damaged = of_another_version.replace(&sum, "00").repeat(2);
    for (journal, words) in [(of_another_version, "written by another version"), (damaged, "is damaged at line 1")] {
        std::fs::write(format!("{key_file}.journal"), &journal).expect("written");
        let output = stage.d1(&["resume", "--store", &format!("file:{key_file}")], &[("DC_API_KEY", stage.key())]);
        let shown = text(&output);
        assert!(output.status.code() == Some(3) && shown.contains(words), "{shown}");
        assert!(shown.contains("an earlier task may be incomplete") && !shown.contains("none was created"), "{shown}");
        assert_eq!(std::fs::read_to_string(format!("{key_file}.journal")).expect("there"), journal);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn missing_or_read_only_home_stops_only_what_writes_to_it() {
    let stage = Stage::new();
    let soon = ClientSpec { common_name: "soon".to_owned(), ..ClientSpec::default() };
    std::fs::write(stage.path("soon.pem"), Pki::shared().client(soon).bundle_pem()).expect("written");
    let init = ["init", "ci", "--host", "one.digicert.com", "--api-key-from", "env:D1_KEY"];
    for home in [Some("/proc"), Some("/nonexistent"), Some(""), None] {
        let with_home = |arguments: &[&str]| {
            let mut d1 = stage.command(arguments, &[("DC_API_KEY", stage.key()), ("D1_KEY", "k")]);
            match home {
                Some(home) => d1.env("HOME", home),
                None => d1.env_remove("HOME"),
            };
            d1.env_remove("XDG_STATE_HOME").output().expect("d1 runs")
        };
        for arguments in [&["whoami"][..], &["doctor"], &["env"], &["expiry", "--offline"]] {
            let output = with_home(arguments);
            assert!(output.status.success(), "{home:?} {arguments:?}: {}", text(&output));
        }
        let output = with_home(&init);
        let shown = text(&output);
        match home {
            Some("/proc") => assert!(output.status.code() == Some(3) && shown.contains("IO-01"), "{home:?}: {shown}"),
            // Whether / can be written depends on who runs the test.
            Some("/nonexistent") => {
                let _ = std::fs::remove_dir_all("/nonexistent/.config");
                let _ = std::fs::remove_dir("/nonexistent");
            }
            _ => assert!(
                output.status.code() == Some(2) && shown.contains("missing home directory"),
                "{home:?}: {shown}"
            ),
        }
    }
}

#[test]
fn questions_without_a_terminal_name_the_option_that_answers_them() {
    let stage = Stage::new();
    let id = "6b2c1f9e-0d0c-4a57-9d0e-1f3b8c7a2e55";
    for (arguments, option) in [
        (&["init", "ci", "--config", "./d1.toml"][..], "--host"),
        (&["token", "delete", id], "--yes"),
        (&["token", "disable", id], "--yes"),
        (&["cert", "disable", id], "--yes"),
        (&["service-user", "disable", "ci-bot"], "--yes"),
        (&["import", "ci", "--from", "curl"], "--file"),
    ] {
        let output = stage.d1(arguments, &[("DC_API_KEY", stage.key())]);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(option), "{arguments:?}: {}", text(&output));
    }
    assert!(stage.emulator.observed().is_empty(), "nothing was sent");
}

#[cfg(unix)]
#[test]
fn closed_output_is_no_panic() {
    let stage = Stage::new();
    for arguments in [&["whoami"][..], &["--json", "doctor"], &["explain"], &["list", "/account/api/v1/user"]] {
        let d1 = stage.command(arguments, &[("DC_API_KEY", stage.key())]);
        for closed in [">&-", "2>&-", "<&-", ">&- 2>&- <&-"] {
            let mut shell = run_by(&["sh", "-c", &format!("exec \"$0\" \"$@\" {closed}")], &d1);
            let output = shell.output().expect("it runs");
            assert!(output.status.success(), "{arguments:?} {closed}: {} {}", output.status, text(&output));
        }
    }
    // A reader that has gone.
    let line = "\"$0\" --json explain | head -c 1 >/dev/null";
    let output = Command::new("sh").args(["-c", line]).arg(env!("CARGO_BIN_EXE_d1")).output().expect("it runs");
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output));
}

#[test]
fn options_of_a_missing_command_are_refused_with_help() {
    let output = command(&[], &[]).output().expect("d1 runs");
    assert_failed(&output, 2, &["Usage: d1"]);
}
