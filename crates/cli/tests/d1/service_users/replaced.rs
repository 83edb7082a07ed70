//! Rotation of tokens and certificates, and what a dry run says of it.

#[cfg(unix)]
use std::os::unix::fs::PermissionsExt as _;

use digicert_one_emulator::{EmulatorOptions, Generation, Subject};

use crate::stage::{Stage, assert_failed, document, shown, text};

#[test]
fn dry_run_changes_nothing() {
    let stage = Stage::new();
    let (store, before) = (stage.file_store("api-key"), stage.files());
    let commands: [&[&str]; 5] = [
        &["service-user", "create", "x", "--ends-in", "30d"],
        &["token", "create", "x"],
        &["token", "rotate", "--ends-in", "90d", "--delete-previous-after", "7d"],
        &["cert", "request", "x"],
        &["cert", "rotate"],
    ];
    for command in commands {
        let arguments = [command, &["--store", &store, "--dry-run"]].concat();
        let output = stage.bot(&arguments);
        assert!(output.status.success(), "{command:?}: {}", text(&output));
        assert!(text(&output).contains("nothing is sent or written yet"), "{}", text(&output));
        assert!(text(&output).contains("POST /account/api/v1/"), "{}", text(&output));
        let report = document(&stage.bot(&[&["--json"], &arguments[..]].concat()));
        assert_eq!(report["outcome"], "planned", "{report}");
        assert!(report["steps"].as_array().is_some_and(|steps| steps.len() > 4), "{report}");
    }
    assert_eq!(stage.files(), before);
    stage.assert_untouched("api-key");
}

#[test]
fn rotated_token_works_and_previous_one_does_not() {
    let stage = Stage::new();
    let store = stage.file_store("api-key");
    let output = stage.bot(&["token", "create", "deploy", "--ends-in", "30d", "--store", &store]);
    assert!(output.status.success(), "{}", text(&output));
    let first = stage.read("api-key").trim().to_owned();

    let rotate = ["--json", "token", "rotate", "--store", &store, "--ends-in", "90d", "--grace", "0s"];
    let output = stage.with_key_of("api-key", &rotate);
    let report = document(&output);
    assert_eq!((&report["outcome"], output.status.success()), (&"not-due".into(), true), "made a moment ago: {report}");
    assert_eq!(stage.read("api-key").trim(), first);
    let output = stage.with_key_of("api-key", &[&rotate[..], &["--min-age", "0s", "--renew-before", "14d"]].concat());
    assert_eq!(document(&output)["outcome"], "not-due", "good for longer: {}", text(&output));

    let output = stage.with_key_of("api-key", &[&rotate[..], &["--min-age", "0s", "--renew-before", "60d"]].concat());
    assert!(output.status.success(), "{}", text(&output));
    let report = document(&output);
    assert_eq!(
        (&report["outcome"], &report["previous"]["state"]),
        (&"completed".into(), &"disabled".into()),
        "{report}"
    );
    let second = stage.read("api-key").trim().to_owned();
    assert!(first != second && !text(&output).contains(&second) && !text(&output).contains(&first), "{report}");
    assert!(stage.with_key_of("api-key", &["whoami"]).status.success());
    assert_failed(&stage.d1(&["whoami"], &[("DC_API_KEY", &first)]), 5, &["AUT-01"]);
    let old = shown(&report["previous"]["id"]);
    assert!(stage.tokens_of("ci-bot").contains(&(old.clone(), false)), "{old}");

    // A third one, named by hand, and the second one is deleted at once.
    let id = shown(&report["id"]);
    let more = ["--min-age", "0s", "--previous", &id, "--delete-previous-after", "0s"];
    let output = stage.with_key_of("api-key", &[&rotate[..], &more].concat());
    let report = document(&output);
    assert_eq!(
        (&report["previous"]["state"], &report["previous"]["id"]),
        (&"deleted".into(), &id.clone().into()),
        "{report}"
    );
    assert!(!stage.tokens_of("ci-bot").iter().any(|(one, _)| *one == id));
}

#[cfg(unix)]
#[test]
fn unit_of_systemd_rotates_from_its_first_run_on() {
    let unit = include_str!("../../../../../examples/systemd/d1-token-rotate.service");
    let stage = Stage::new();
    let user = &stage.emulator.users()[0];
    std::fs::write(stage.path("api-key"), user.api_key()).expect("written");
    std::fs::set_permissions(stage.path("api-key"), std::fs::Permissions::from_mode(0o600)).expect("ours");
    let soon = jiff::Timestamp::now() + jiff::Span::new().hours(10 * 24);
    let soon = soon.strftime("%Y-%m-%d").to_string().parse().expect("a day");
    for token in user.api_token_ids() {
        stage.emulator.control().set_end_date(user.id(), Subject::Token(token), Some(soon)).expect("known");
    }
    let run = || {
        let lines: Vec<&str> = unit.lines().filter(|line| line.starts_with("ExecStart")).collect();
        assert!(!lines.is_empty());
        for line in lines {
            let line = line.replace("/var/lib/d1/", &stage.path(""));
            let words: Vec<&str> = line.split_once('=').expect("a setting").1.split(' ').skip(1).collect();
            let output = stage.with_key_of("api-key", &[&words[..], &["--grace", "0s"]].concat());
            assert!(output.status.success(), "{line}: {}", text(&output));
        }
        stage.read("api-key").trim().to_owned()
    };
    let second = run();
    assert_ne!(second, user.api_key());
    assert_eq!(run(), second, "it is not due again");
    assert!(stage.with_key_of("api-key", &["whoami"]).status.success());
}

#[test]
fn rotation_on_old_platform_names_the_alternatives() {
    let stage = Stage::of(EmulatorOptions::default().generation(Generation::OneKey));
    let store = stage.file_store("api-key");
    let output = stage.bot(&["token", "rotate", "--store", &store, "--min-age", "0s"]);
    assert_failed(
        &output,
        9,
        &["API-07", "one API token per service user", "second service user", "extend the end date"],
    );
    let output = stage.bot(&["--json", "token", "rotate", "--store", &store, "--min-age", "0s"]);
    assert_eq!(document(&output)["error"]["kind"], "token-limit", "{}", text(&output));
    assert!(stage.bot(&["whoami"]).status.success(), "the one that is there still works");
    stage.assert_nothing_left("api-key");
}

#[test]
fn private_key_of_requested_certificate_is_never_sent() {
    let stage = Stage::new();
    let directory = stage.path("credentials");
    let store = format!("dir:{directory}");
    std::fs::create_dir(&directory).expect("made");
    let output = stage.bot(&["--json", "cert", "request", "deploy", "--ends-in", "30d", "--store", &store]);
    assert!(output.status.success(), "{}", text(&output));
    let by_directory = [("DC_CREDENTIALS_DIR", &*directory)];
    let whoami = stage.d1(&["--json", "whoami"], &by_directory);
    assert_eq!(document(&whoami)["mode"], "certificate", "{}", text(&whoami));
    let first = shown(&document(&output)["id"]);
    let key = stage.read("credentials/tls.key");

    let rotate = ["--json", "cert", "rotate", "--store", &store, "--key-type", "p384", "--min-age", "0s"];
    let output = stage.d1(&[&rotate[..], &["--grace", "0s"]].concat(), &by_directory);
    let report = document(&output);
    assert_eq!(
        (&report["outcome"], &report["previous"]["id"]),
        (&"completed".into(), &first.clone().into()),
        "{report}"
    );
    let line = stage.read("credentials/tls.key").lines().nth(1).expect("base64").to_owned();
    assert!(!key.contains(&line) && !text(&output).contains(&line), "{report}");
    assert!(stage.d1(&["whoami"], &by_directory).status.success());
    let certificates = stage.seen(&["cert", "list", "--user", "ci-bot"]);
    let is_enabled = |id: &str| {
        let all = certificates["items"].as_array().expect("a list");
        all.iter().find(|one| one["id"] == id).expect("it is listed")["enabled"].clone()
    };
    assert_eq!((is_enabled(&first), is_enabled(&shown(&report["id"]))), (false.into(), true.into()));
    assert!(stage.is_there("credentials.certificate.journal"));
}
