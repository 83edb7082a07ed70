//! A task whose store fails is finished by `d1 resume`; one that fails leaves nothing behind.

use digicert_one_emulator::{ErrorShape, Fault};
use http::{Method, StatusCode};

use crate::stage::{Stage, assert_failed, document, shown, text};

#[test]
fn secret_in_last_resort_is_recovered_by_resume() {
    let stage = Stage::new();
    let (journal, rescued, file) = (stage.path("ci.journal"), stage.path("rescued"), stage.path("api-key"));
    let store = format!("file:{file}");
    let last = ["--journal", &journal, "--last-resort", &rescued, "--last-resort-password", "env:RESCUE"];
    let variables = [("DC_API_KEY", stage.emulator.users()[0].api_key()), ("RESCUE", "canary-password")];
    let place = ["--store", "exec:sh -c 'cat >/dev/null; echo nothing is safe here >&2; exit 7'"];
    let create = [&["--json", "token", "create", "deploy"], &last[..], &place].concat();
    let output = stage.d1(&create, &variables);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    let error = document(&output)["error"].clone();
    assert_eq!((&error["secret"]["state"], &error["next"]), (&"last-resort".into(), &"resume".into()), "{error}");
    let resume = shown(&error["resume"]);
    assert!(resume.starts_with("d1 resume --journal ") && resume.contains("--last-resort-password env:RESCUE"));
    assert!(stage.is_there("rescued") && !text(&output).contains("canary"), "{error}");

    let output = stage.d1(&create, &variables);
    assert_failed(&output, 3, &["pending", "d1 resume"]);

    let output = stage.d1(&[&["--json", "resume"], &last[..], &["--store", &store]].concat(), &variables);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(document(&output)["outcome"], "completed", "{}", text(&output));
    assert!(stage.with_key_of("api-key", &["whoami"]).status.success());
    let enabled = stage.tokens_of("ci-bot").into_iter().filter(|(_, enabled)| *enabled).count();
    assert_eq!(enabled, 2, "the one of the beginning and the one that was stored");
}

#[test]
fn command_that_fails_leaves_no_file() {
    let stage = Stage::new();
    let (file, before) = (stage.path("api-key"), stage.files());
    let store = format!("file:{file}");
    let refused = [("DC_API_KEY", "01_nobody_knows_this_key")];
    for task in [
        &["token", "rotate"][..],
        &["token", "create", "deploy"],
        &["service-user", "create", "other"],
        &["cert", "request", "other"],
        &["cert", "rotate"],
    ] {
        assert_failed(&stage.d1(&[task, &["--store", &store]].concat(), &refused), 5, &["AUT-01"]);
        assert_eq!(stage.files(), before, "{task:?}");
    }
    // It is refused after the journal has it.
    let forbidden =
        stage.emulator.control().fault(Fault::error(StatusCode::FORBIDDEN, ErrorShape::Errors).method(Method::POST));
    let output = stage.bot(&["token", "create", "deploy", "--store", &store]);
    assert!(!output.status.success(), "{}", text(&output));
    assert_eq!(stage.files(), before, "{}", text(&output));
    stage.emulator.control().remove_fault(forbidden);
    // Nothing is due.
    let (token, _) = stage.tokens_of("ci-bot").remove(0);
    let rotate = ["token", "rotate", "--store", &store, "--previous", &token, "--renew-before", "1d"];
    assert!(stage.bot(&rotate).status.success());
    assert_eq!(stage.files(), before);
    let typo = stage.path("api-kye");
    let (wrong, directory) = (format!("file:{typo}"), format!("dir:{typo}"));
    assert_failed(&stage.bot(&["resume", "--store", &wrong]), 3, &["IO-02", "api-kye.journal"]);
    assert_failed(&stage.bot(&["resume", "--store", &directory, "--journal", &typo]), 3, &["IO-02", &typo]);
    assert_eq!(stage.files(), before);
}
