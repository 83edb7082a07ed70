//! `d1 init`: a profile of references that works, and files that are not harmed.

use std::fs;

use crate::stage::{Stage, d1, document, text};

fn options(stage: &Stage) -> Vec<String> {
    let (platform, client_auth) = (stage.emulator.platform_url(), stage.emulator.client_auth_url());
    ["--host", &platform, "--clientauth-host", &client_auth, "--ca-file", &stage.path("ca.pem")]
        .iter()
        .chain(&["--config", &stage.path("d1.toml")])
        .map(|word| (*word).to_owned())
        .collect()
}

fn init(stage: &Stage, name: &str, more: &[&str]) -> std::process::Output {
    let options = options(stage);
    let given: Vec<&str> = options.iter().map(String::as_str).collect();
    d1(&[&["init", name], &given[..], more].concat(), &[("CI_KEY", stage.key())])
}

#[test]
fn new_profile_holds_references_is_checked_and_works() {
    let stage = Stage::new();
    let bundle = format!("file:{}", stage.path("bundle.pem"));
    let output = init(&stage, "ci", &["--api-key-from", "env:CI_KEY", "--certificate-from", &bundle, "--online"]);
    let shown = text(&output);
    assert!(output.status.success() && shown.contains("0 failed") && shown.contains("--profile ci"), "{shown}");
    let written = fs::read_to_string(stage.path("d1.toml")).expect("written");
    assert!(written.contains("api_key = \"env:CI_KEY\"\n") && !written.contains(stage.key()), "{written}");
    assert!(!shown.contains(stage.key()), "{shown}");

    // A second one joins the first, which stays as it is.
    let output = init(&stage, "key-only", &["--api-key-from", "env:CI_KEY"]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(fs::read_to_string(stage.path("d1.toml")).expect("written").starts_with(&written));
    let config = stage.path("d1.toml");
    for (profile, mode) in [("ci", "both"), ("key-only", "key")] {
        let variables = [("DC_CONFIG", &*config), ("CI_KEY", stage.key())];
        let output = d1(&["--json", "whoami", "--profile", profile], &variables);
        let document = document(&output);
        assert_eq!(document["mode"], mode, "{}", text(&output));
    }
}

#[test]
fn existing_and_unreadable_profiles_leave_the_file_unchanged() {
    let stage = Stage::new();
    let config = stage.path("d1.toml");
    let before = "# mine\n[profiles.ci]\nhost = \"one.digicert.com\"\n";
    fs::write(&config, before).expect("written");
    let key = ["--api-key-from", "env:CI_KEY"];
    let foreign = |host: &'static str| [&["--host", host, "--config", &*config], &key[..]].concat();
    let cases = [
        (d1(&[&["init", "ci"], &foreign("one.digicert.com")[..]].concat(), &[]), 2, "has a profile ci already"),
        (d1(&[&["init", "new"], &foreign("http://one.digicert.com")[..]].concat(), &[]), 3, "SEC-05"),
        (d1(&[&["init", "new"], &foreign("one.digicert.co")[..]].concat(), &[]), 3, "did you mean"),
        (d1(&[&["init", "a b"], &foreign("one.digicert.com")[..]].concat(), &[]), 2, "letters, digits"),
        (d1(&["init", "new", "--config", &config], &[]), 2, "--api-key-from"),
        (
            d1(&[&["init", "new", "--mode", "both"], &foreign("one.digicert.com")[..]].concat(), &[]),
            2,
            "--mode requires --certificate-from",
        ),
    ];
    for (output, exit, words) in cases {
        assert_eq!(output.status.code(), Some(exit), "{}", text(&output));
        assert!(text(&output).contains(words), "{words}: {}", text(&output));
        assert_eq!(fs::read_to_string(&config).expect("there"), before);
    }
    fs::write(&config, "not TOML [").expect("written");
    assert_eq!(init(&stage, "new", &key).status.code(), Some(3));
    assert_eq!(fs::read_to_string(&config).expect("there"), "not TOML [");
}

#[test]
fn secret_in_place_of_a_reference_is_refused_and_written_nowhere() {
    let stage = Stage::new();
    let key = stage.key();
    for reference in [key.to_owned(), format!("env:{key}"), format!("file:{key}"), "env:C4nary!pa55-w0rd".to_owned()] {
        let output = init(&stage, "ci", &["--api-key-from", &reference]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
        assert!(!text(&output).contains(key) && !text(&output).contains("C4nary"), "{}", text(&output));
        assert!(!fs::exists(stage.path("d1.toml")).expect("seen"), "nothing is written");
    }
}

#[test]
fn profile_with_a_missing_secret_is_written_and_reported() {
    let stage = Stage::new();
    let output = init(&stage, "ci", &["--api-key-from", "env:CI_MISSING"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains("ID-13") && text(&output).contains("CI_MISSING"), "{}", text(&output));
    assert!(fs::exists(stage.path("d1.toml")).expect("seen"));
}

#[cfg(unix)]
#[test]
fn file_that_others_read_keeps_its_mode_and_an_empty_one_is_filled() {
    use std::os::unix::fs::PermissionsExt as _;

    let stage = Stage::new();
    let config = stage.path("d1.toml");
    for mode in [0o600, 0o640, 0o644] {
        fs::write(&config, "").expect("written");
        fs::set_permissions(&config, fs::Permissions::from_mode(mode)).expect("changed");
        for name in ["first", "second"] {
            let output = init(&stage, name, &["--api-key-from", "env:CI_KEY"]);
            assert!(output.status.success(), "{}", text(&output));
            let found = fs::metadata(&config).expect("there").permissions().mode() & 0o7777;
            assert_eq!(found, mode, "{name}: {found:o}");
        }
    }
}
