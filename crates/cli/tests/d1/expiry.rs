//! When the credential ends: who says so, what comes first, and what scripts and monitors get of it.

use std::process::Command;
use std::time::{Duration, SystemTime};

use digicert_one_emulator::{ApiKeySpec, Control, EmulatorOptions, LastDay, ServiceUserSpec, Subject};
use serde_json::Value;

use crate::stage::{Stage, document, is_installed, text};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The last second of the day that is so many days ahead.
fn day(ahead: u32) -> String {
    let then = SystemTime::now() + ahead * DAY;
    jiff::Timestamp::try_from(then).expect("a near day").strftime("%Y-%m-%d").to_string()
}

fn end(ahead: u32) -> LastDay {
    day(ahead).parse().expect("a day")
}

/// The one API token of `ci-bot` ends in 20 days, and the user in 200.
fn stage() -> Stage {
    let stage = Stage::new();
    let user = &stage.emulator.users()[0];
    let control: Control = stage.emulator.control();
    for (index, token) in user.api_token_ids().enumerate() {
        match index {
            0 => control.set_end_date(user.id(), Subject::Token(token), Some(end(20))).expect("known"),
            _ => control.set_enabled(user.id(), Subject::Token(token), false).expect("known"),
        }
    }
    control.set_end_date(user.id(), Subject::User, Some(end(200))).expect("known");
    stage
}

#[test]
fn expiry_asks_platform_and_prints_earliest_first() {
    let stage = stage();
    let output = stage.d1(&["expiry"], &[("DC_API_KEY", stage.key())]);
    let shown = text(&output);
    assert!(output.status.success() && shown.starts_with("the API key expires in 20 days\n"), "{shown}");
    assert!(shown.contains(&format!("{}T23:59:59Z", day(200))) && shown.contains("(from the platform)"), "{shown}");
    let bundle = stage.path("bundle.pem");
    let both = [("DC_API_KEY", stage.key()), ("DC_CLIENT_CERT_FILE", &*bundle)];
    let output = stage.d1(&["--json", "expiry"], &both);
    let document = document(&output);
    let kinds: Vec<_> = document["ends"].as_array().expect("a list").iter().map(|end| end["of"].clone()).collect();
    assert_eq!(kinds, ["api_key", "client_certificate", "service_user"], "{document}");
    assert!(document["ok"] == true && document["schema"] == 1 && document["earliest"]["of"].is_string(), "{document}");
}

#[test]
fn near_expiry_has_an_exit_code_of_its_own() {
    let stage = stage();
    let key = [("DC_API_KEY", stage.key())];
    for (limit, exit) in [("14d", 0), ("30d", 8)] {
        let output = stage.d1(&["expiry", "--fail-under", limit], &key);
        assert_eq!(output.status.code(), Some(exit), "{limit}: {}", text(&output));
    }
    let ended = [key[0], ("DC_API_KEY_ENDS", "2024-01-31")];
    let output = stage.d1(&["--json", "expiry"], &ended);
    let document = document(&output);
    assert_eq!((output.status.code(), &document["ok"]), (Some(8), &Value::Bool(false)), "{document}");
    assert!(document["ends"][1]["why"].as_str().is_some_and(|why| why.contains("has expired")), "{document}");
}

#[test]
fn certificate_that_is_not_valid_yet_is_critical_and_fails_one_check() {
    let stage = Stage::new();
    let later = stage.later();
    let certificate = [("DC_CLIENT_CERT_FILE", &*later)];
    for (arguments, exit, words) in [
        (&["expiry"][..], 8, "the client certificate is not valid before "),
        (&["expiry", "--fail-under", "1d"], 8, "not asked: the client certificate is not valid yet"),
        (&["expiry", "--nagios"], 2, "EXPIRY CRITICAL - the client certificate is not valid before "),
        (&["doctor", "--online"], 3, "1 failed,"),
    ] {
        let output = stage.d1(arguments, &certificate);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(words), "{arguments:?}: {}", text(&output));
    }
    assert!(stage.emulator.observed().is_empty(), "nothing was sent");
}

#[test]
fn offline_nothing_is_sent_and_what_is_not_known_says_why() {
    let stage = stage();
    let variables = [("DC_API_KEY", stage.key()), ("DC_BASE", "https://127.0.0.1:9"), ("DC_OWNER_ENDS", &*day(100))];
    let output = stage.d1(&["expiry", "--offline"], &variables);
    let shown = text(&output);
    assert!(output.status.success() && shown.starts_with("the service user expires in 100 days"), "{shown}");
    assert!(shown.contains("not known: not asked (--offline)"), "{shown}");
}

#[test]
fn limit_with_nothing_to_compare_has_not_passed() {
    let stage = stage();
    let variables = [("DC_API_KEY", stage.key()), ("DC_BASE", "https://127.0.0.1:9")];
    let output = stage.d1(&["expiry", "--offline"], &variables);
    assert!(output.status.success(), "{}", text(&output));
    let output = stage.d1(&["expiry", "--offline", "--fail-under", "14d"], &variables);
    let shown = text(&output);
    assert_eq!(output.status.code(), Some(3), "{shown}");
    assert!(
        shown.contains("--fail-under has nothing to compare, since it is not known when this ends: API key"),
        "{shown}"
    );
    let output = stage.d1(&["--json", "expiry", "--offline", "--fail-under", "14d"], &variables);
    assert_eq!((output.status.code(), &document(&output)["ok"]), (Some(3), &Value::Bool(false)), "{}", text(&output));
}

#[test]
fn several_tokens_are_not_guessed_between() {
    let key = ApiKeySpec::default();
    let user = ServiceUserSpec::new("ci-bot").api_keys([key.clone(), key.clone(), key]);
    let stage = Stage::of(EmulatorOptions::default().service_users([user]));
    let user = &stage.emulator.users()[0];
    let control = stage.emulator.control();
    let tokens: Vec<_> = user.api_token_ids().collect();
    let shown = |ends: [LastDay; 3]| {
        for (token, end) in tokens.iter().zip(ends) {
            control.set_end_date(user.id(), Subject::Token(token), Some(end)).expect("known");
        }
        text(&stage.d1(&["expiry"], &[("DC_API_KEY", stage.key())]))
    };
    let several = shown([end(20), end(21), end(22)]);
    assert!(several.contains("3 API tokens are enabled, and the platform does not say which"), "{several}");
    assert!(several.contains(&format!("the first of them ends {}T23:59:59Z", day(20))), "{several}");
    // The one that the platform accepts has not expired.
    let past: LastDay = "2024-01-31".parse().expect("a day");
    assert!(shown([end(20), past, past]).starts_with("the API key expires in 20 days"));
}

#[test]
fn issuer_that_ends_before_the_certificate_comes_first() {
    if !is_installed("openssl") {
        return;
    }
    let stage = Stage::new();
    let path = |name: &str| stage.path(name);
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).output().expect("openssl");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let extensions = path("extensions");
    std::fs::write(&extensions, "[ca]\nbasicConstraints=critical,CA:TRUE\n[leaf]\nextendedKeyUsage=clientAuth\n")
        .expect("written");
    let made = [("root", "root", "ca", "900"), ("above", "root", "ca", "3"), ("leaf", "above", "leaf", "100")];
    for (name, issuer, section, days) in made {
        let (key, request, certificate) = (path(&format!("{name}.key")), path("request"), path(&format!("{name}.crt")));
        let subject = format!("/CN={name}");
        let new =
            ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", &subject, "-keyout", &key, "-out", &request];
        openssl(&new);
        let (issuer_key, issuer_file) = (path(&format!("{issuer}.key")), path(&format!("{issuer}.crt")));
        let signer: &[&str] = match name == issuer {
            true => &["-signkey", &key],
            false => &["-CA", &issuer_file, "-CAkey", &issuer_key, "-CAcreateserial"],
        };
        let fixed = ["x509", "-req", "-in", &request, "-days", days, "-extfile", &extensions, "-extensions", section];
        openssl(&[&fixed, signer, &["-out", &certificate]].concat());
    }
    let parts = ["leaf.crt", "above.crt", "leaf.key"].map(|name| std::fs::read_to_string(path(name)).expect("there"));
    let bundle = path("chain.pem");
    std::fs::write(&bundle, parts.concat()).expect("written");
    let variables = [("DC_CLIENT_CERT_FILE", &*bundle)];
    for (arguments, exit, words) in [
        (&["expiry", "--offline"][..], 0, "the certificate issuer expires in 2 days"),
        (&["expiry", "--offline", "--fail-under", "14d"], 8, "(from the certificate file)"),
        (&["expiry", "--offline", "--nagios"], 2, "EXPIRY CRITICAL - the certificate issuer expires in 2 days"),
        (&["doctor"], 0, "warn  chain               the certificate issuer expires in 2 days"),
    ] {
        let output = stage.d1(arguments, &variables);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(words), "{arguments:?}: {}", text(&output));
    }
    let doctor = text(&stage.d1(&["doctor"], &variables));
    // The text of the code is about credentials that cannot be read.
    assert!(doctor.contains("other users can read the file") && !doctor.contains("does not exist"), "{doctor}");
}

#[test]
fn monitors_get_one_line_and_a_file_that_is_written_whole() {
    let stage = stage();
    let key = [("DC_API_KEY", stage.key())];
    let output = stage.d1(&["expiry", "--nagios"], &key);
    let line = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{line}");
    assert!(line.starts_with("EXPIRY WARNING - the API key expires in 20 days") && line.lines().count() == 1, "{line}");
    assert!(line.trim_end().ends_with("| days=20;30:;7:"), "{line}");
    // A plugin that cannot ask says so on its line, with its own status.
    let unreachable = [key[0], ("DC_BASE", "https://127.0.0.1:9")];
    let output = stage.d1(&["expiry", "--nagios", "--no-retry"], &unreachable);
    let line = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.code() == Some(3) && line.starts_with("EXPIRY UNKNOWN - NET-06 "), "{}", text(&output));
    let file = stage.path("d1.prom");
    let output = stage.d1(&["expiry", "--prometheus", &file], &key);
    let metrics = std::fs::read_to_string(&file).expect("written");
    assert!(output.status.success() && metrics.contains("kind=\"service_user\"} "), "{}\n{metrics}", text(&output));
    // A directory that is not there: nothing half written, and the path in the error.
    let nowhere = stage.path("missing/d1.prom");
    let output = stage.d1(&["expiry", "--prometheus", &nowhere], &key);
    assert!(output.status.code() == Some(3) && text(&output).contains(&nowhere), "{}", text(&output));
}

#[test]
fn other_commands_warn_scripts_once_a_day() {
    let stage = stage();
    let state = stage.directory.path().join("state");
    let state = state.display().to_string();
    let run = |ends: &str| {
        let variables = [("DC_API_KEY", stage.key()), ("DC_API_KEY_ENDS", ends), ("XDG_STATE_HOME", &*state)];
        let output = stage.d1(&["whoami"], &variables);
        assert!(output.status.success(), "{}", text(&output));
        String::from_utf8_lossy(&output.stderr).contains("the API key expires in")
    };
    assert!(!run(&day(40)), "40 days are enough");
    assert!(run(&day(3)), "3 days are not");
    assert!(!run(&day(3)), "said already today");
}
