//! `d1 doctor`: what is checked, in which order, and what it says of a set-up that is not sound.

use digicert_one_emulator::Subject;
use serde_json::Value;

use crate::stage::{Stage, TRANSPORTS, Variable, d1, text};

fn checks(output: &std::process::Output) -> Vec<Value> {
    let document: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("one JSON document: {}", text(output)));
    document["checks"].as_array().expect("a list").clone()
}

#[test]
fn a_sound_set_up_passes_on_every_transport_and_shows_no_secret() {
    let stage = Stage::new();
    let bundle = stage.file("bundle.pem");
    let variables = [("DC_API_KEY", stage.key()), ("DC_CLIENT_CERT_FILE", &*bundle)];
    for transport in TRANSPORTS {
        let output = stage.d1(&["doctor", "--online", "--transport", transport], &variables);
        let shown = text(&output);
        assert!(output.status.success() && shown.contains("0 failed"), "{transport}: {shown}");
        assert!(!shown.contains(stage.key()), "{shown}");
        let groups: Vec<_> =
            ["configuration\n", "credential\n", "network\n", "platform\n"].map(|group| shown.find(group)).into();
        assert!(groups.iter().all(Option::is_some) && groups.is_sorted(), "{shown}");
    }
}

#[test]
fn offline_nothing_is_sent_and_the_call_is_skipped_with_its_reason() {
    let stage = Stage::new();
    let variables = [("DC_API_KEY", stage.key()), ("DC_BASE", "https://127.0.0.1:9")];
    let output = stage.d1(&["doctor"], &variables);
    assert!(output.status.success() && text(&output).contains("not asked; give --online"), "{}", text(&output));
}

#[test]
fn each_fault_is_found_where_the_call_meets_it_with_its_code_and_exit_code() {
    let stage = Stage::new();
    let (foreign, missing) = (stage.emulator.foreign_api_key(), stage.file("missing.pem"));
    let (cert, foreign_key) = (stage.file("cert.pem"), stage.file("foreign-key.pem"));
    let foreign_pair = stage.file("foreign.pem");
    let rows: [(&[Variable<'_>], &str, &str, i32); 7] = [
        (&[], "credential", "CFG-01", 3),
        (&[("DC_API_KEY", "k"), ("DC_BASE", "http://one.digicert.com")], "configuration", "SEC-05", 3),
        (&[("DC_CLIENT_CERT_FILE", &missing)], "credential", "ID-13", 3),
        (&[("DC_CLIENT_CERT_FILE", &cert), ("DC_CLIENT_KEY_FILE", &foreign_key)], "credential", "ID-01", 3),
        (&[("DC_API_KEY", &foreign)], "platform", "AUT-01", 5),
        (&[("DC_API_KEY", "k"), ("DC_BASE", "https://127.0.0.1:9")], "network", "NET-06", 4),
        (&[("DC_CLIENT_CERT_FILE", &foreign_pair)], "network", "HS-02", 4),
    ];
    for (variables, group, code, exit) in rows {
        let output = stage.d1(&["--json", "doctor", "--online", "--http1"], variables);
        let failed: Vec<_> = checks(&output).into_iter().filter(|check| check["status"] == "fail").collect();
        let [first] = failed.as_slice() else { panic!("{code}: one check fails: {}", text(&output)) };
        assert_eq!((&first["group"], &first["diagnosis"]["code"]), (&group.into(), &code.into()), "{first}");
        assert_eq!(output.status.code(), Some(exit), "{code}: {}", text(&output));
        assert!(first["diagnosis"]["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty()), "{first}");
    }
    let nothing = d1(&["doctor"], &[]);
    assert!(nothing.status.code() == Some(3) && text(&nothing).contains("DC_BASE"), "{}", text(&nothing));
}

#[test]
fn an_end_that_is_near_is_a_warning_and_one_that_is_past_a_failure() {
    let stage = Stage::new();
    for (ends, status, exit) in [("2024-01-31", "fail", Some(3)), ("2199-12-31", "ok", Some(0))] {
        let output = stage.d1(&["--json", "doctor"], &[("DC_API_KEY", stage.key()), ("DC_API_KEY_ENDS", ends)]);
        let expiry = checks(&output).into_iter().find(|check| check["id"] == "expiry").expect("checked");
        assert_eq!((&expiry["status"], output.status.code()), (&status.into(), exit), "{expiry}");
    }
}

#[test]
fn a_disabled_caller_is_the_platforms_word() {
    let stage = Stage::new();
    let user = &stage.emulator.users()[0];
    stage.emulator.control().set_enabled(user.id(), Subject::User, false).expect("known");
    let output = stage.d1(&["doctor", "--online"], &[("DC_API_KEY", stage.key())]);
    let shown = text(&output);
    assert!(output.status.code() == Some(5) && shown.contains("FAIL  call") && shown.contains("do  "), "{shown}");
}

#[test]
fn what_to_do_about_a_near_end_depends_on_what_ends() {
    let stage = Stage::new();
    let then = std::time::SystemTime::now() + std::time::Duration::from_secs(5 * 24 * 60 * 60);
    let day = jiff::Timestamp::try_from(then).expect("a near day").strftime("%Y-%m-%d").to_string();
    for (variable, remedy) in [("DC_API_KEY_ENDS", "d1 token rotate"), ("DC_OWNER_ENDS", "extend the service user")] {
        let output = stage.d1(&["doctor"], &[("DC_API_KEY", stage.key()), (variable, &day)]);
        let shown = text(&output);
        assert!(output.status.success() && shown.contains("ID-15") && shown.contains(remedy), "{variable}: {shown}");
    }
}
