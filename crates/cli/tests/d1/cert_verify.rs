//! `d1 cert verify`: who would refuse a certificate, and who never looked at it.

use digicert_one_testbed::{Chain, ClientSpec, Pki, Purpose, Validity};
use serde_json::Value;

use crate::stage::{Stage, TRANSPORTS, d1, document, text};

/// The status and the code of each check.
fn checks(output: &std::process::Output) -> Vec<(String, String, String)> {
    let document = document(output);
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let checks = document["checks"].as_array().expect("a list");
    checks.iter().map(|one| (word(&one["id"]), word(&one["status"]), word(&one["diagnosis"]["code"]))).collect()
}

fn has(checks: &[(String, String, String)], id: &str, status: &str, code: &str) -> bool {
    checks.iter().any(|(one, is, of)| (&**one, &**is, &**of) == (id, status, code))
}

#[test]
fn offline_checks_find_what_any_server_refuses() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("client.pem").display().to_string();
    for (spec, exit, id, status, code) in [
        (ClientSpec::default(), 0, "dates", "ok", ""),
        (ClientSpec { validity: Validity::Expired, ..ClientSpec::default() }, 3, "dates", "fail", "ID-09"),
        (ClientSpec { validity: Validity::NotYetValid, ..ClientSpec::default() }, 3, "dates", "fail", "ID-09"),
        (ClientSpec { purpose: Purpose::ServerAuth, ..ClientSpec::default() }, 3, "purpose", "fail", "ID-12"),
        (ClientSpec { chain: Chain::LeafOnly, ..ClientSpec::default() }, 0, "chain", "warn", "ID-10"),
    ] {
        std::fs::write(&file, Pki::shared().client(spec).bundle_pem()).expect("written");
        let output = d1(&["--json", "cert", "verify", &file], &[]);
        assert_eq!(output.status.code(), Some(exit), "{id} {code}: {}", text(&output));
        let found = checks(&output);
        assert!(has(&found, id, status, code) && has(&found, "handshake", "skip", ""), "{found:?}");
    }
}

#[test]
fn host_of_the_command_line_is_asked_and_not_that_of_a_variable() {
    let stage = Stage::new();
    let (bundle, client_auth) = (stage.path("bundle.pem"), stage.emulator.client_auth_url());
    let line = ["cert", "verify", &bundle, "--host", "127.0.0.1:9", "--ca-file", &stage.path("ca.pem")];
    let output = d1(&line, &[("DC_BASE", &stage.emulator.platform_url()), ("DC_CLIENTAUTH_BASE", &client_auth)]);
    assert!(output.status.code() == Some(4) && text(&output).contains("127.0.0.1:9"), "{}", text(&output));
    assert!(stage.emulator.observed().is_empty(), "{}", text(&output));
}

#[test]
fn servers_that_accept_refuse_or_do_not_ask_are_distinguished() {
    let stage = Stage::new();
    let (bundle, foreign, ca) = (stage.path("bundle.pem"), stage.path("foreign.pem"), stage.path("ca.pem"));
    let (platform, client_auth) = (stage.emulator.platform_url(), stage.emulator.client_auth_url());
    for transport in TRANSPORTS {
        let verify = |file: &str, host: &str| {
            let line = ["--json", "cert", "verify", file, "--host", host, "--ca-file", &ca, "--transport", transport];
            d1(&[&line[..], &["--http1"]].concat(), &[])
        };
        let output = verify(&bundle, &client_auth);
        let found = checks(&output);
        assert!(output.status.success() && has(&found, "call", "ok", ""), "{transport}: {found:?}");
        assert!(has(&found, "handshake", "ok", "") || has(&found, "handshake", "skip", ""), "{transport}: {found:?}");
        assert!(text(&output).contains("ci-bot"), "{transport}: {}", text(&output));

        let output = verify(&foreign, &client_auth);
        let found = checks(&output);
        assert_eq!(output.status.code(), Some(4), "{transport}: {found:?}");
        assert!(
            found.iter().any(|(id, status, code)| id == "handshake" && status == "fail" && code.starts_with("HS-")),
            "{transport}: {found:?}"
        );

        let output = verify(&bundle, &platform);
        let found = checks(&output);
        assert!(!output.status.success(), "{transport}: {found:?}");
        assert!(
            has(&found, "handshake", "warn", "HO-02") || has(&found, "handshake", "skip", ""),
            "{transport}: {found:?}"
        );
        assert!(found.iter().any(|(id, status, _)| id == "call" && status == "fail"), "{transport}: {found:?}");
    }
}
