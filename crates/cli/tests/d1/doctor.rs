//! `d1 doctor`: what is checked, in which order, and what it says of a set-up that is not sound.

#[cfg(unix)]
use std::process::Stdio;

use digicert_one_emulator::Subject;
use digicert_one_testbed::Format;
#[cfg(unix)]
use digicert_one_testbed::{Chain, ClientSpec, Pki, Purpose, Validity};
use serde_json::Value;

use crate::stage::{Stage, TRANSPORTS, Variable, d1, document, text};

fn checks(output: &std::process::Output) -> Vec<Value> {
    let document = document(output);
    document["checks"].as_array().expect("a list").clone()
}

#[test]
fn sound_setup_passes_on_every_transport_and_shows_no_secret() {
    let stage = Stage::new();
    let bundle = stage.path("bundle.pem");
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
fn online_the_caller_its_roles_and_the_platforms_end_dates_are_shown() {
    let stage = Stage::new();
    let (user, control) = (&stage.emulator.users()[0], stage.emulator.control());
    let then = std::time::SystemTime::now() + std::time::Duration::from_secs(5 * 24 * 60 * 60);
    let day = jiff::Timestamp::try_from(then).expect("a near day").strftime("%Y-%m-%d").to_string();
    control.set_end_date(user.id(), Subject::User, Some(day.parse().expect("a day"))).expect("known");
    let output = stage.d1(&["--json", "doctor", "--online"], &[("DC_API_KEY", stage.key())]);
    let checks = checks(&output);
    let find = |id: &str, words: &str| {
        let is_it =
            |check: &&Value| check["id"] == id && check["fact"].as_str().is_some_and(|fact| fact.contains(words));
        checks.iter().find(is_it).unwrap_or_else(|| panic!("{id} with {words}: {checks:?}"))
    };
    assert_eq!(find("caller", "ci-bot (type service)")["group"], "platform");
    assert_eq!(find("roles", "AM_ACCOUNT_USER")["status"], "ok");
    let end = find("end date", &day);
    assert_eq!((&end["status"], &end["diagnosis"]["code"]), (&"warn".into(), &"ID-15".into()), "{end}");
    let other = stage.d1(&["doctor", "--online", "--call", "/account/api/v1/user"], &[("DC_API_KEY", stage.key())]);
    assert!(other.status.success() && text(&other).contains("skip  caller"), "{}", text(&other));
}

#[test]
fn response_that_names_no_user_fails_the_check_of_the_platform() {
    use digicert_one_testbed::{Front, FrontOptions, Pki, handler};

    let ca = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(ca.path(), Pki::shared().root_pem()).expect("written");
    let ca = ca.path().to_str().expect("a path");
    for body in ["", "[]", "{}", r#"{"errors":[{"code":"x","message":"y"}]}"#] {
        let respond =
            handler(move |_, _| async move { http::Response::new(bytes::Bytes::from_static(body.as_bytes())) });
        let front = Front::start(FrontOptions::default(), respond).expect("loopback can be bound");
        let url = front.url("localhost");
        let output = d1(&["doctor", "--online"], &[("DC_API_KEY", "canary"), ("DC_BASE", &url), ("DC_CA_FILE", ca)]);
        assert_eq!(output.status.code(), Some(9), "{body}: {}", text(&output));
        assert!(text(&output).contains("FAIL  response"), "{body}: {}", text(&output));
    }
}

#[test]
fn user_that_the_platform_accepts_is_not_said_to_fail_from_a_past_date_on() {
    use digicert_one_testbed::{Front, FrontOptions, Pki, handler};

    const USER: &str =
        r#"{"id":"7","friendly_name":"ci","user_type":"SERVICE_USER","status":"DISABLED","end_date":"2020-01-01"}"#;
    let ca = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(ca.path(), Pki::shared().root_pem()).expect("written");
    let ca = ca.path().to_str().expect("a path");
    let respond = handler(|_, _| async { http::Response::new(bytes::Bytes::from_static(USER.as_bytes())) });
    let front = Front::start(FrontOptions::default(), respond).expect("loopback can be bound");
    let url = front.url("localhost");
    let output = d1(&["doctor", "--online"], &[("DC_API_KEY", "canary"), ("DC_BASE", &url), ("DC_CA_FILE", ca)]);
    let shown = text(&output);
    assert!(shown.contains("the service user expired") && shown.contains("accepted the call all the same"), "{shown}");
    assert!(!shown.contains("30 days are left") && !shown.contains("every call fails"), "{shown}");
    assert!(shown.contains("ci (type SERVICE_USER, status DISABLED)"), "{shown}");
}

#[test]
fn refused_call_shows_the_connection_that_carried_it() {
    let stage = Stage::new();
    let foreign = stage.emulator.foreign_api_key();
    let bundle = stage.path("bundle.pem");
    let variables = [("DC_API_KEY", &*foreign), ("DC_CLIENT_CERT_FILE", &*bundle)];
    let output = stage.d1(&["--json", "doctor", "--online"], &variables);
    assert_eq!(output.status.code(), Some(5), "{}", text(&output));
    let checks = checks(&output);
    let status =
        |id: &str| checks.iter().find(|check| check["id"] == id).map_or(Value::Null, |check| check["status"].clone());
    for (id, expected) in [("connection", "ok"), ("server", "ok"), ("client certificate", "ok"), ("call", "fail")] {
        assert_eq!(status(id), expected, "{id}: {checks:?}");
    }
    assert_eq!(status("clock"), "ok", "{checks:?}");
}

#[test]
fn offline_nothing_is_sent_and_the_call_is_skipped_with_its_reason() {
    let stage = Stage::new();
    let variables = [("DC_API_KEY", stage.key()), ("DC_BASE", "https://127.0.0.1:9")];
    let output = stage.d1(&["doctor"], &variables);
    assert!(output.status.success() && text(&output).contains("not sent; give --online"), "{}", text(&output));
}

#[test]
fn each_fault_has_its_group_code_and_exit_code() {
    let stage = Stage::new();
    let (foreign, missing) = (stage.emulator.foreign_api_key(), stage.path("missing.pem"));
    let (cert, foreign_key) = (stage.path("cert.pem"), stage.path("foreign-key.pem"));
    let foreign_pair = stage.path("foreign.pem");
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
fn expired_credential_fails_and_far_end_date_passes() {
    let stage = Stage::new();
    for (ends, status, exit) in [("2024-01-31", "fail", Some(3)), ("2199-12-31", "ok", Some(0))] {
        let output = stage.d1(&["--json", "doctor"], &[("DC_API_KEY", stage.key()), ("DC_API_KEY_ENDS", ends)]);
        let expiry = checks(&output).into_iter().find(|check| check["id"] == "expiry").expect("checked");
        assert_eq!((&expiry["status"], output.status.code()), (&status.into(), exit), "{expiry}");
    }
}

#[test]
fn disabled_caller_fails_in_the_platform_group() {
    let stage = Stage::new();
    let user = &stage.emulator.users()[0];
    stage.emulator.control().set_enabled(user.id(), Subject::User, false).expect("known");
    let output = stage.d1(&["doctor", "--online"], &[("DC_API_KEY", stage.key())]);
    let shown = text(&output);
    assert!(output.status.code() == Some(5) && shown.contains("FAIL  call") && shown.contains("do  "), "{shown}");
}

#[test]
fn remedy_for_near_expiry_depends_on_what_expires() {
    let stage = Stage::new();
    let then = std::time::SystemTime::now() + std::time::Duration::from_secs(5 * 24 * 60 * 60);
    let day = jiff::Timestamp::try_from(then).expect("a near day").strftime("%Y-%m-%d").to_string();
    for (variable, remedy) in [("DC_API_KEY_ENDS", "d1 token rotate"), ("DC_OWNER_ENDS", "extend the service user")] {
        let output = stage.d1(&["doctor"], &[("DC_API_KEY", stage.key()), (variable, &day)]);
        let shown = text(&output);
        assert!(output.status.success() && shown.contains("ID-15") && shown.contains(remedy), "{variable}: {shown}");
    }
}

/// A bundle of certificate and key in a file of this mode.
#[cfg(unix)]
fn bundle(stage: &Stage, spec: ClientSpec, mode: u32) -> String {
    let path = stage.path("client.pem");
    std::fs::write(&path, Pki::shared().client(spec).bundle_pem()).expect("written");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode)).expect("ours");
    path
}

#[cfg(unix)]
#[test]
fn certificate_defect_is_found_by_its_own_check() {
    let stage = Stage::new();
    let sound = ClientSpec::default;
    let rows = [
        (sound(), 0o600, None, 0),
        (ClientSpec { purpose: Purpose::ServerAuth, ..sound() }, 0o600, Some(("purpose", "fail", "ID-12")), 3),
        (ClientSpec { chain: Chain::LeafOnly, ..sound() }, 0o600, Some(("chain", "warn", "ID-10")), 0),
        (ClientSpec { validity: Validity::Expired, ..sound() }, 0o600, Some(("expiry", "fail", "ID-09")), 3),
        (sound(), 0o644, Some(("files", "warn", "ID-13")), 0),
    ];
    for (spec, mode, defect, exit) in rows {
        let path = bundle(&stage, spec, mode);
        let output = stage.d1(&["--json", "doctor"], &[("DC_CLIENT_CERT_FILE", &path)]);
        assert_eq!(output.status.code(), Some(exit), "{defect:?}: {}", text(&output));
        let checks = checks(&output);
        for id in ["certificate", "chain", "purpose", "key strength", "files", "expiry"] {
            let check = checks.iter().find(|check| check["id"] == id).unwrap_or_else(|| panic!("{id}: {checks:?}"));
            let (status, code) = match defect {
                Some((of, status, code)) if of == id => (status, code.into()),
                _ => ("ok", Value::Null),
            };
            assert_eq!((&check["status"], &check["diagnosis"]["code"]), (&status.into(), &code), "{defect:?}: {check}");
        }
    }
}

#[test]
fn compared_transports_stand_side_by_side_with_what_each_negotiated() {
    let stage = Stage::new();
    let arguments = ["doctor", "--online", "--compare-transports"];
    let output = stage.d1(&arguments, &[("DC_API_KEY", stage.key())]);
    let shown = text(&output);
    let (_, rows) = shown.split_once("\ntransports\n").expect("a group");
    let rows: Vec<&str> = rows.lines().take(TRANSPORTS.len()).collect();
    let columns: Vec<_> = rows.iter().map(|row| row.find("status 200").expect("a status")).collect();
    assert!(columns.windows(2).all(|two| two[0] == two[1]), "{shown}");
    for (row, transport) in rows.iter().zip(TRANSPORTS) {
        // libcurl does not report the version of TLS.
        let tls = if transport == "isahc" { "TLS ?" } else { "TLS 1.3" };
        assert!(row.contains(transport) && row.contains(tls) && row.contains("HTTP/2.0"), "{row}");
    }
    let foreign = stage.path("foreign.pem");
    let output = stage.d1(&[&["--json"], &arguments[..]].concat(), &[("DC_CLIENT_CERT_FILE", &foreign)]);
    let checks = checks(&output);
    let compared: Vec<_> = checks.iter().filter(|check| check["group"] == "transports").collect();
    assert_eq!(compared.len(), TRANSPORTS.len(), "{checks:?}");
    assert!(
        compared.iter().all(|check| check["diagnosis"]["code"].as_str().is_some_and(|code| code.starts_with("HS")))
    );
    assert_eq!(output.status.code(), Some(4), "{}", text(&output));
    assert_eq!(stage.d1(&["doctor", "--compare-transports"], &[]).status.code(), Some(2));
}

#[test]
fn junit_file_has_a_case_for_each_check_and_the_failure_with_its_code() {
    let stage = Stage::new();
    let (path, foreign) = (stage.path("doctor.xml"), stage.emulator.foreign_api_key());
    let output = stage.d1(&["--json", "doctor", "--online", "--junit", &path], &[("DC_API_KEY", &foreign)]);
    let checks = checks(&output);
    let document = std::fs::read_to_string(&path).expect("written");
    let count = |status: &str| checks.iter().filter(|check| check["status"] == status).count();
    assert_eq!(document.matches("<testcase ").count(), checks.len());
    assert_eq!(document.matches("<skipped ").count(), count("skip"));
    assert!(document.contains(&format!("tests=\"{}\" failures=\"{}\"", checks.len(), count("fail"))), "{document}");
    assert!(count("fail") == 1 && document.contains("<failure type=\"AUT-01\""), "{document}");
    assert!(!document.contains(&foreign), "{document}");
}

#[test]
fn bundle_lists_its_parts_and_holds_no_secret() {
    let stage = Stage::new();
    let store = Format::Pkcs12Aes256.make();
    let (p12, path) = (stage.path("client.p12"), stage.path("report.json"));
    std::fs::write(&p12, &store.certificate).expect("written");
    let password = store.password.expect("it is protected");
    let unused = "C4nary!pa55-w0rd";
    let variables = [
        ("DC_API_KEY", stage.key()),
        ("DC_CLIENT_CERT_FILE", &*p12),
        ("DC_CLIENT_CERT_PASSWORD", &*password),
        ("SM_API_KEY", unused),
        ("DC_CANARY", unused),
        ("HTTPS_PROXY", "http://user:C4nary!pa55-w0rd@127.0.0.1:9"),
        ("NO_PROXY", "localhost,127.0.0.1"),
    ];
    let output = stage.d1(&["doctor", "--online", "--bundle", &path], &variables);
    let document = std::fs::read_to_string(&path).unwrap_or_else(|_| panic!("written: {}", text(&output)));
    for secret in
        [stage.key(), &*password, unused, "PRIVATE KEY", &data_encoding::BASE64.encode(&store.certificate[..60])]
    {
        for shown in [&document, &text(&output)] {
            assert!(!shown.contains(secret) && !shown.contains(&secret[..8]), "{secret}: {shown}");
        }
    }
    // One of an earlier run is replaced, another file is not.
    assert_eq!(stage.d1(&["doctor", "--bundle", &path], &variables).status.code(), output.status.code());
    let refused = stage.d1(&["doctor", "--junit", &path], &variables);
    assert!(
        refused.status.code() == Some(3) && text(&refused).contains("it holds something else"),
        "{}",
        text(&refused)
    );
    let bundle: Value = serde_json::from_str(&document).expect("one JSON document");
    let parts: Vec<_> = bundle["contents"].as_array().expect("a list").iter().map(|part| &part["part"]).collect();
    let mut listed = parts.iter().map(|part| part.as_str().expect("a name")).collect::<Vec<_>>();
    for part in &listed {
        assert!(text(&output).contains(&format!("\n  {part} ")), "{part}: {}", text(&output));
    }
    listed.extend(["schema", "contents"]);
    listed.sort_unstable();
    assert_eq!(bundle.as_object().expect("an object").keys().collect::<Vec<_>>(), listed, "nothing is in it unlisted");
    assert!(bundle["variables"].as_array().expect("a list").contains(&"DC_CLIENT_CERT_PASSWORD".into()), "{bundle}");
    assert_eq!(bundle["doctor"]["checks"].as_array().map(Vec::is_empty), Some(false));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).expect("written").permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn remedy_of_several_lines_stays_in_its_column() {
    let output = d1(&["doctor"], &[]);
    let shown = text(&output);
    let column = |words: &str| {
        let line = shown.lines().find(|line| line.contains(words)).unwrap_or_else(|| panic!("no {words}: {shown}"));
        line.find(words)
    };
    assert_eq!(column("set both:"), column("a host: DC_BASE="), "{shown}");
    assert_eq!(column("set both:"), column("or try without either"), "{shown}");
}

#[cfg(unix)]
#[test]
fn doctor_that_is_interrupted_shows_what_it_has_found() {
    use rustix::process::{Pid, Signal, kill_process};

    for format in [&["doctor", "--online"][..], &["--json", "doctor", "--online"]] {
        // It takes the connection and never responds.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("https://{}", silent.local_addr().expect("bound"));
        let stage = Stage::new();
        let mut command = stage.command(format, &[("DC_API_KEY", stage.key()), ("DC_BASE", &base)]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("d1 runs");
        let _held = silent.accept().expect("a connection");
        kill_process(Pid::from_child(&child), Signal::INT).expect("it still runs");
        let output = child.wait_with_output().expect("it ends");
        let shown = text(&output);
        assert_eq!(output.status.code(), Some(130), "{shown}");
        assert!(shown.contains("API key with the fingerprint") && shown.contains("Ctrl-C (SIGINT) ended"), "{shown}");
        if format.len() == 3 {
            assert_eq!((&document(&output)["ok"], &document(&output)["exit"]), (&false.into(), &130.into()), "{shown}");
        }
    }
}
