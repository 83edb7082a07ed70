//! Calls: who is calling, what comes back, and how a failure ends.

use digicert_one_emulator::{Fault, RetryAfter};
use serde_json::Value;

use crate::stage::{Stage, TRANSPORTS, Variable, d1, document, text};

#[test]
fn whoami_works_in_every_mode_over_every_transport() {
    let stage = Stage::new();
    let (bundle, key) = (stage.path("bundle.pem"), stage.key().to_owned());
    for transport in TRANSPORTS {
        for mode in ["key", "certificate", "both"] {
            let variables = [("DC_API_KEY", &*key), ("SM_CLIENT_CERT_FILE", &*bundle)];
            let output = stage.d1(&["--json", "whoami", "--transport", transport, "--mode", mode], &variables);
            assert!(output.status.success(), "{transport} {mode}: {}", text(&output));
            let document = document(&output);
            assert_eq!(document["user"]["friendly_name"], "ci-bot");
            assert_eq!((&document["mode"], &document["transport"]), (&mode.into(), &transport.into()));
            assert!(!text(&output).contains(&key), "the key is printed");
        }
    }
}

#[test]
fn call_prints_the_body_as_it_is() {
    let stage = Stage::new();
    let output = stage.d1(&["call", "get", "/mpki/api/v1/hello"], &[("DC_API_KEY", stage.key())]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("Hello from DigiCert ONE"), "{}", text(&output));
}

#[test]
fn refusals_of_the_platform_have_exit_codes_of_their_own() {
    let stage = Stage::new();
    let foreign_key = stage.emulator.foreign_api_key();
    let sign = format!("/signingmanager/api/v1/keypairs/{}/sign", stage.emulator.keypair_id());
    let data = format!("@{}", stage.path("empty.pem"));
    let foreign = stage.path("foreign.pem");
    let cases: [(&[&str], Variable<'_>, i32, &str); 5] = [
        (&["whoami"], ("DC_API_KEY", &foreign_key), 5, "AUT-01"),
        (&["call", "POST", &sign, "--data", &data], ("DC_API_KEY", stage.key()), 6, "AUT-02"),
        (&["call", "GET", "/account/api/v1/nothing"], ("DC_API_KEY", stage.key()), 9, "API-02"),
        (&["whoami", "--http1"], ("DC_CLIENT_CERT_FILE", &foreign), 4, "HS-02"),
        (&["whoami", "--base", "https://127.0.0.1:9"], ("DC_API_KEY", stage.key()), 4, "NET-06"),
    ];
    for (arguments, variable, exit, code) in cases {
        let output = stage.d1(arguments, &[variable]);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(code), "{arguments:?}: {}", text(&output));
        assert!(!text(&output).contains(variable.1) || variable.0 != "DC_API_KEY", "the key is printed");
        // The same in JSON.
        let output = stage.d1(&[&["--json"], arguments].concat(), &[variable]);
        let document = document(&output);
        assert_eq!((&document["error"]["code"], &document["error"]["exit"]), (&code.into(), &exit.into()));
    }
}

#[test]
fn bad_input_names_its_source_and_sends_nothing() {
    let stage = Stage::new();
    let missing = stage.path("missing.pem");
    let (cert, foreign_key) = (stage.path("cert.pem"), stage.path("foreign-key.pem"));
    let empty = stage.path("empty.pem");
    let directory = stage.directory.path().display().to_string();
    let cases: [(&[Variable<'_>], &str, &str); 17] = [
        (&[("DC_BASE", ""), ("DC_CLIENTAUTH_BASE", "")], "CFG-01", "DC_BASE"),
        (&[], "CFG-01", "DC_API_KEY"),
        (&[("DC_API_KEY", "canary-1"), ("SM_API_KEY", "canary-2")], "CFG-01", "SM_API_KEY"),
        (&[("DC_API_KEY", "canary key")], "ID-07", "DC_API_KEY"),
        (&[("DC_API_KEY", "k"), ("DC_BASE", "https://canary:canary@one.digicert.com")], "HO-02", "DC_BASE"),
        (&[("DC_API_KEY", "k"), ("DC_BASE", "https://one.digicert.com/account")], "HO-02", "DC_BASE"),
        (&[("DC_API_KEY", "k"), ("DC_BASE", "http://one.digicert.com")], "SEC-05", "DC_BASE"),
        (&[("DC_CLIENT_CERT_FILE", &missing)], "ID-13", &missing),
        (&[("DC_CLIENT_CERT_FILE", &directory)], "ID-13", "directory"),
        (&[("DC_CLIENT_CERT_FILE", &cert), ("DC_CLIENT_KEY_FILE", &foreign_key)], "ID-01", &cert),
        (&[("DC_API_KEY", "k"), ("DC_CA_FILE", &empty)], "TR-03", &empty),
        (&[("DC_CLIENT_CERT_FILE", &cert), ("DC_CLIENT_CERT_PASSWORD_FILE", &missing)], "ID-13", &missing),
        (&[("DC_API_KEY_FILE", &empty)], "ID-07", &empty),
        (&[("DC_CLIENT_CERT_PASSWORD", "canary")], "ID-13", "DC_CLIENT_CERT_PASSWORD"),
        (&[("DC_CREDENTIALS_DIR", &missing)], "ID-13", "DC_CREDENTIALS_DIR"),
        (&[("DC_PROFILE", "canary"), ("DC_CONFIG", &missing)], "ID-13", &missing),
        (&[("DC_API_KEY", "k"), ("SM_TLS_SKIP_VERIFY", "1")], "TR-04", "SM_TLS_SKIP_VERIFY"),
    ];
    for (variables, code, source) in cases {
        let output = stage.d1(&["whoami"], variables);
        assert_eq!(output.status.code(), Some(3), "{variables:?}: {}", text(&output));
        assert!(text(&output).contains(code) && text(&output).contains(source), "{variables:?}: {}", text(&output));
        assert!(!text(&output).contains("canary"), "{variables:?}: {}", text(&output));
    }
    assert!(stage.emulator.observed().is_empty(), "nothing was sent");
}

#[test]
fn pkcs12_is_opened_only_with_its_password() {
    let stage = Stage::new();
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../credentials/tests/fixtures/openssl");
    let (store, word) = (format!("{fixtures}/aes256.p12"), format!("{fixtures}/password"));
    let store = ("SM_CLIENT_CERT_FILE", &*store);
    let wrong = stage.d1(&["whoami"], &[store, ("SM_CLIENT_CERT_PASSWORD", "canary-word")]);
    let without = stage.d1(&["whoami"], &[store]);
    for (output, code) in [(wrong, "ID-03"), (without, "ID-02")] {
        assert_eq!(output.status.code(), Some(3), "{}", text(&output));
        assert!(text(&output).contains(code) && text(&output).contains("SM_CLIENT_CERT_FILE"), "{}", text(&output));
        assert!(!text(&output).contains("canary"), "{}", text(&output));
    }
    // It is opened, and the platform gets to see a certificate that it does not know.
    let right = stage.d1(&["whoami", "--http1"], &[store, ("SM_CLIENT_CERT_PASSWORD_FILE", &*word)]);
    assert_eq!(right.status.code(), Some(4), "{}", text(&right));
    assert!(text(&right).contains("HS-02"), "{}", text(&right));
}

#[test]
fn secret_10_no_document_of_a_run_holds_a_secret() {
    let stage = Stage::new();
    let (bundle, key) = (stage.path("bundle.pem"), stage.key());
    let both = [("DC_API_KEY", key), ("DC_CLIENT_CERT_FILE", &*bundle)];
    let pem = std::fs::read_to_string(&bundle).expect("written");
    let line = pem.lines().skip_while(|line| !line.contains("PRIVATE KEY")).nth(1).expect("a line of base64");
    for arguments in [
        &["--json", "whoami"][..],
        &["--json", "whoami", "--mode", "key"],
        &["--json", "env"],
        &["--json", "call", "GET", "/account/api/v1/nothing"],
        &["--json", "call", "POST", "/signingmanager/api/v1/keypairs/x/sign"],
    ] {
        let output = stage.d1(arguments, &both);
        assert!(serde_json::from_slice::<Value>(&output.stdout).is_ok(), "a document: {}", text(&output));
        for canary in [key, &key[..12], &key[key.len() - 12..], line] {
            assert!(!text(&output).contains(canary), "{arguments:?} shows a secret: {}", text(&output));
        }
    }
}

#[test]
fn unknown_transport_is_a_usage_error_with_the_known_ones() {
    let output = d1(&["whoami", "--transport", "carrier-pigeon"], &[]);
    assert_eq!(output.status.code(), Some(2));
    for transport in TRANSPORTS {
        assert!(text(&output).contains(transport), "{}", text(&output));
    }
}

#[test]
fn timeout_is_the_limit_of_all_attempts_together() {
    let stage = Stage::new();
    let wait = Fault::too_many_requests(RetryAfter::seconds(4));
    for arguments in [&["whoami"][..], &["call", "GET", "/account/api/v1/user/me"], &["list", "/account/api/v1/user"]] {
        stage.emulator.control().fault(wait.clone().next(1));
        let arguments = [&["--json"], arguments, &["--timeout", "3"]].concat();
        let output = stage.d1(&arguments, &[("DC_API_KEY", stage.key())]);
        assert_eq!(output.status.code(), Some(7), "{arguments:?}: {}", text(&output));
        let document = document(&output);
        assert_eq!(document["error"]["attempts"], 1, "{arguments:?}: {document}");
        assert!(document["error"]["evidence"].to_string().contains("deadline"), "{arguments:?}: {document}");
    }
}

#[test]
fn page_of_a_gateway_has_the_exit_code_of_its_status() {
    let stage = Stage::new();
    for (status, exit, code) in [(401, 5, "GW-01"), (403, 6, "GW-01"), (404, 9, "GW-01"), (502, 9, "GW-02")] {
        let fault = Fault::html_page(http::StatusCode::from_u16(status).expect("a status"));
        let fault = stage.emulator.control().fault(fault);
        let output = stage.d1(&["call", "POST", "/account/api/v1/user"], &[("DC_API_KEY", stage.key())]);
        assert_eq!(output.status.code(), Some(exit), "{status}: {}", text(&output));
        assert!(text(&output).contains(code) && !text(&output).contains("service user"), "{}", text(&output));
        stage.emulator.control().remove_fault(fault);
    }
}

#[test]
fn web_page_with_the_status_of_a_success_is_a_warning() {
    let stage = Stage::new();
    stage.emulator.control().fault(Fault::html_page(http::StatusCode::OK));
    for json in [false, true] {
        let arguments = [&["call", "GET", "/account/api/v1/user"][..], if json { &["--json"] } else { &[] }].concat();
        let output = stage.d1(&arguments, &[("DC_API_KEY", stage.key())]);
        assert!(output.status.success(), "{}", text(&output));
        let warning = String::from_utf8_lossy(&output.stderr);
        assert!(warning.starts_with("warning: GW-03") && warning.contains("web page"), "{warning}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("<html"), "{}", text(&output));
    }
}

#[test]
fn error_has_no_empty_lines() {
    let stage = Stage::new();
    let variables = [("DC_API_KEY", "canary-1"), ("SM_API_KEY", "canary-2")];
    for output in [stage.d1(&["whoami"], &variables), stage.d1(&["whoami"], &[("DC_BASE", "")])] {
        let shown = text(&output);
        assert_eq!(output.status.code(), Some(3), "{shown}");
        assert!(
            !shown.contains("why   nothing was sent") && !shown.contains("Change what the message names"),
            "{shown}"
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_io_01() {
    let stage = Stage::new();
    for arguments in [
        &["whoami"][..],
        &["--json", "whoami"],
        &["call", "GET", "/mpki/api/v1/hello"],
        &["env"],
        &["--help"],
        &["--version"],
    ] {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("a device that is full");
        let mut d1 = stage.command(arguments, &[("DC_API_KEY", stage.key())]);
        let output = d1.stdout(full).output().expect("d1 runs");
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", text(&output));
        let said = text(&output);
        assert!(said.contains("IO-01") && said.contains("standard output") && !said.contains("report"), "{said}");
    }
}

#[test]
fn input_that_cannot_be_read_is_io_02() {
    let stage = Stage::new();
    let (missing, directory) = (stage.path("missing.json"), stage.directory.path().display().to_string());
    let (missing_data, directory_data) = (format!("@{missing}"), format!("@{directory}"));
    let (journal, state) = (stage.path("missing.journal"), stage.path("empty.pem"));
    for arguments in [
        &["call", "POST", "/x", "--data", &missing_data][..],
        &["call", "POST", "/x", "--data", &directory_data],
        &["csc", "sign", "ID", &missing],
        &["resume", "--store=stdout", "--journal", &journal],
        &["emulator", "--state", &directory],
        &["emulator", "--state", &state],
    ] {
        let output = stage.d1(&[&["--json"], arguments].concat(), &[("DC_API_KEY", stage.key())]);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", text(&output));
        let document = document(&output);
        assert_eq!(document["error"]["code"], "IO-02", "{arguments:?}: {document}");
    }
    assert!(stage.emulator.observed().is_empty(), "nothing was sent");
}

#[test]
fn file_that_cannot_be_written_is_io_01() {
    let stage = Stage::new();
    let under_a_file = format!("{}/files", stage.path("empty.pem"));
    let key = stage.path("api-key");
    let store = format!("file:{key}");
    for arguments in [
        &["emulator", "--dir", &under_a_file][..],
        &["token", "rotate", "--store", &store, "--journal", &under_a_file],
        &["token", "rotate", "--store", &store, "--lock", &under_a_file],
    ] {
        let output = stage.d1(&[&["--json"], arguments].concat(), &[("DC_API_KEY", stage.key())]);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {}", text(&output));
        let document = document(&output);
        assert_eq!(document["error"]["code"], "IO-01", "{arguments:?}: {document}");
    }
}

#[test]
fn name_of_a_proxy_without_address_is_named_on_every_transport() {
    // Otherwise this machine's resolver gives every name an address.
    let Some(nowhere) = digicert_one_testbed::name_without_address() else { return };
    let proxy = format!("http://user:canary@{}:3128", nowhere.trim_end_matches('.'));
    for transport in TRANSPORTS {
        let variables = [("DC_API_KEY", "k"), ("DC_BASE", "https://one.example.test"), ("HTTPS_PROXY", &*proxy)];
        let output = d1(&["whoami", "--no-retry", "--transport", transport], &variables);
        assert_eq!(output.status.code(), Some(4), "{transport}: {}", text(&output));
        let shown = text(&output);
        assert!(
            shown.contains("NET-02 the name of the proxy") && shown.contains("(from HTTPS_PROXY)"),
            "{transport}: {shown}"
        );
        assert!(!shown.contains("CONNECT") && !shown.contains("canary"), "{transport}: {shown}");
    }
}

#[cfg(unix)]
#[test]
fn limit_on_the_size_of_files_is_io_01_and_not_the_end_of_the_process() {
    let stage = Stage::of(digicert_one_emulator::EmulatorOptions::default().devices(400));
    let command = stage.command(&["list", "/devicetrustmanager/api/v4/device"], &[("DC_API_KEY", stage.key())]);
    let mut limited = crate::stage::run_by(&["sh", "-c", "ulimit -f 1; exec \"$@\"", "sh"], &command);
    let out = std::fs::File::create(stage.path("devices")).expect("a file");
    let output = limited.stdout(out).output().expect("sh runs");
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains("IO-01"), "{}", text(&output));
}
