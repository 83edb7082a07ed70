//! A service user is made whole, or nothing of it is there.

use digicert_one_emulator::{EmulatorOptions, Fault, ServiceUserSpec};
use serde_json::Value;

#[cfg(target_os = "linux")]
use crate::stage::run_by;
use crate::stage::{Stage, assert_failed, document, shown, text};

#[test]
fn key_of_new_service_user_is_in_its_file_only() {
    let stage = Stage::new();
    let file = stage.path("api-key");
    let store = format!("file:{file}");
    let arguments = ["service-user", "create", "deploy-bot", "--role", "AM_ACCOUNT_USER", "--ends-in", "30d"];
    let output = stage.admin(&[&arguments[..], &["--description", "ships", "--store", &store]].concat());
    assert!(output.status.success(), "{}", text(&output));
    let key = stage.read("api-key").trim().to_owned();
    assert!(key.len() > 20 && !text(&output).contains(&key), "{}", text(&output));
    assert!(!text(&output).contains(&key[..12]) && text(&output).contains(&file), "{}", text(&output));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file).expect("there").permissions().mode() & 0o777, 0o600);
    }
    for name in ["api-key.journal", "api-key.journal.state"] {
        assert!(!stage.is_there(name) || !stage.read(name).contains(&key[..12]), "{name} holds the key");
    }
    let me = stage.with_key_of("api-key", &["--json", "whoami"]);
    assert_eq!(document(&me)["user"]["friendly_name"], "deploy-bot");
    let user = stage.seen(&["service-user", "show", "deploy-bot"])["user"].clone();
    assert_eq!((&user["description"], &user["roles"][0]), (&"ships".into(), &"AM_ACCOUNT_USER".into()));
    assert!(user["end_date"].is_string(), "{user}");
}

#[test]
fn json_of_create_names_where_the_key_is() {
    let stage = Stage::new();
    let (file, account) = (stage.path("api-key"), stage.emulator.account_id().to_owned());
    let store = format!("file:{file}");
    let arguments = ["--json", "service-user", "create", "deploy-bot", "--account", &account, "--store", &store];
    let output = stage.admin(&arguments);
    let report = document(&output);
    assert_eq!((&report["task"], &report["outcome"]), (&"create-service-user".into(), &"completed".into()), "{report}");
    assert!(shown(&report["stored"]["place"]).contains(&file) && report["stored"]["read_back"] == true, "{report}");
    assert_eq!(report["owner"], stage.seen(&["service-user", "show", "deploy-bot"])["user"]["id"]);
    assert!(!text(&output).contains(stage.read("api-key").trim()), "{report}");
    assert!(output.stderr.is_empty(), "{}", text(&output));
}

#[test]
fn taken_name_is_refused_before_anything_is_made() {
    let stage = Stage::new();
    let store = stage.file_store("api-key");
    let output = stage.admin(&["service-user", "create", "ci-bot", "--store", &store]);
    assert_failed(&output, 9, &["API-06", "ci-bot", "the secret: none was created"]);
    stage.assert_untouched("api-key");
}

#[test]
fn names_roles_and_dates_that_cannot_be_leave_nothing_behind() {
    let cases: [(&[&str], i32, &[&str]); 5] = [
        (&["service-user", "create", "a/b"], 9, &["API-01", "friendly_name may hold"]),
        (&["service-user", "create", " "], 3, &["empty"]),
        (&["service-user", "create", "x", "--role", "NO_SUCH_ROLE"], 9, &["API-01", "role"]),
        (&["service-user", "create", "x", "--ends", "2020-01-31"], 3, &["2020-01-31", "has passed"]),
        (&["service-user", "create", "x", "--account", "no-such-account"], 9, &["API-01", "account"]),
    ];
    for (arguments, exit, words) in cases {
        let stage = Stage::new();
        let output = stage.admin(&[arguments, &["--store", &stage.file_store("api-key")]].concat());
        assert_failed(&output, exit, words);
        assert_eq!(stage.user_names(), ["ci-bot"], "{arguments:?}");
        stage.assert_nothing_left("api-key");
    }
}

#[test]
fn end_date_after_the_owners_becomes_the_owners() {
    let end = "2099-06-30".parse().expect("a day");
    let stage = Stage::of(EmulatorOptions::default().service_users([ServiceUserSpec::new("ci-bot").end_date(end)]));
    let store = stage.file_store("api-key");
    let output = stage.bot(&["--json", "token", "create", "x", "--ends", "2099-12-31", "--store", &store]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(document(&output)["ends"], "2099-06-30T23:59:59Z");
}

#[test]
fn missing_permission_is_named() {
    let stage = Stage::of(EmulatorOptions::default().service_users([ServiceUserSpec::new("reader").permissions(&[])]));
    let store = stage.file_store("api-key");
    let output = stage.bot(&["service-user", "create", "x", "--store", &store]);
    assert_failed(&output, 6, &["AUT-03", "MANAGE_AM_ACCOUNT", "the secret: none was created"]);
    let output = stage.bot(&["--json", "service-user", "create", "x", "--store", &store]);
    let error = document(&output)["error"].clone();
    assert_eq!((&error["code"], &error["exit"]), (&"AUT-03".into(), &6.into()), "{error}");
    assert_eq!((&error["secret"]["state"], &error["resume"]), (&"none".into(), &Value::Null), "{error}");
    stage.assert_untouched("api-key");
    let output = stage.bot(&["service-user", "list"]);
    assert_failed(&output, 6, &["AUT-03", "MANAGE_AM_ACCOUNT"]);
}

#[test]
fn unusable_store_is_found_before_anything_is_made() {
    let stage = Stage::new();
    let (journal, missing) = (stage.path("api-key.journal"), stage.path("missing/api-key"));
    let directory = stage.path("");
    let program = stage.path("no-such-program");
    let (missing_store, directory_store) = (format!("file:{missing}"), format!("file:{directory}"));
    let (program_store, no_directory) = (format!("exec:{program}"), format!("dir:{}", stage.path("missing")));
    let places: [(&[&str], &str); 5] = [
        (&["--store", &missing_store], "create the directory first"),
        (&["--store", &directory_store], &directory),
        (&["--store", &no_directory], "create the directory first"),
        (&["--store", &program_store], &program),
        (&["--store", "stdout"], "is not a terminal"),
    ];
    for (place, words) in places {
        let arguments = [&["service-user", "create", "x", "--journal", &journal], place].concat();
        assert_failed(&stage.admin(&arguments), 3, &[words, "the secret: none was created"]);
        stage.assert_untouched("api-key");
    }
}

#[test]
fn store_that_holds_something_is_not_replaced_by_a_new_credential() {
    let stage = Stage::new();
    let (file, directory) = (stage.file_store("api-key"), format!("dir:{}", stage.path("d1")));
    std::fs::create_dir(stage.path("d1")).expect("made");
    for name in ["api-key", "d1/api-key", "d1/tls.key"] {
        std::fs::write(stage.path(name), "01_canary").expect("written");
    }
    let cases: [(&[&str], &str); 6] = [
        (&["token", "create", "x", "--store", &file], "api-key"),
        (&["token", "create", "x", "--store", &file, "--dry-run"], "api-key"),
        (&["service-user", "create", "x", "--store", &file], "api-key"),
        (&["token", "create", "x", "--store", &directory], "d1/api-key"),
        (&["cert", "request", "x", "--store", &file], "api-key"),
        (&["cert", "request", "x", "--store", &directory], "d1/tls.key"),
    ];
    for (arguments, name) in cases {
        let output = stage.admin(arguments);
        let path = stage.path(name);
        assert_failed(&output, 3, &["CFG-06", &path, "exists and is not empty", "d1 token rotate"]);
        assert!(!text(&output).contains("canary"), "{}", text(&output));
    }
    for name in ["api-key", "d1/api-key", "d1/tls.key"] {
        assert_eq!(stage.read(name), "01_canary", "{name} was changed");
    }
    assert!(stage.emulator.observed().iter().all(|call| call.method == "GET"), "something was made");
    // An empty file, made beforehand with the right owner, is one to fill; the task that was refused left nothing to resume.
    std::fs::write(stage.path("api-key"), "").expect("written");
    #[cfg(unix)]
    std::fs::set_permissions(stage.path("api-key"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("ours");
    let output = stage.admin(&["token", "create", "x", "--store", &file]);
    assert!(output.status.success(), "{}", text(&output));
}

/// The system's own file systems are read-only or full for everybody, the superuser too.
#[cfg(target_os = "linux")]
#[test]
fn unwritable_file_system_is_found_before_anything_is_made() {
    let stage = Stage::new();
    let journal = stage.path("api-key.journal");
    let arguments = ["service-user", "create", "x", "--journal", &journal, "--store", "file:/proc/self/d1-api-key"];
    assert_failed(&stage.admin(&arguments), 3, &["/proc/self", "the secret: none was created"]);
    stage.assert_untouched("api-key");

    // No file may grow: what a full disk does to a write. The journal is there already and stays as it is.
    let file = stage.path("api-key");
    let store = format!("file:{file}");
    let key = [("DC_API_KEY", stage.emulator.administrator().api_key())];
    let d1 = stage.command(&["service-user", "create", "x", "--store", &store], &key);
    let mut full = run_by(&["sh", "-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""], &d1);
    // What it prints must not be cut by the same limit: pipes are not files.
    let output = full.output().expect("sh runs");
    assert_failed(&output, 3, &["File too large", "the secret: none was created"]);
    stage.assert_untouched("api-key");
}

#[test]
fn response_without_secret_is_an_error_and_is_undone() {
    let stage = Stage::new();
    let store = stage.file_store("api-key");
    stage.emulator.control().fault(Fault::without_secret());
    let output = stage.admin(&["--json", "service-user", "create", "x", "--store", &store]);
    assert_eq!(output.status.code(), Some(9), "{}", text(&output));
    let error = document(&output)["error"].clone();
    assert_eq!((&error["code"], &error["kind"]), (&"API-05".into(), &"not-shown".into()), "{error}");
    assert!(!error["platform"].as_array().expect("a list").is_empty(), "{error}");
    stage.emulator.control().clear_faults();
    assert_eq!(stage.user_names(), ["ci-bot"], "it is still there");
    stage.assert_nothing_left("api-key");
}
