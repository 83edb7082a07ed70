//! `d1` as a user runs it: the built program, its output and its exit code, against an emulator of this process.

mod environment;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use digicert_one_emulator::{Emulator, EmulatorOptions, KeyEncoding};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::environment::cleared;

const TRANSPORTS: [&str; 3] = ["reqwest", "isahc", "native-tls"];

/// A variable's name and value.
type Variable<'a> = (&'a str, &'a str);

/// `d1` with these variables and no others of ours.
fn d1(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    command(arguments, variables).output().expect("d1 runs")
}

fn command(arguments: &[&str], variables: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_d1"));
    command.args(arguments).stdin(Stdio::null());
    cleared(&mut command);
    command.envs(variables.iter().copied());
    command
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// An emulator with the files that its callers need.
struct Stage {
    emulator: Emulator,
    directory: TempDir,
}

impl Stage {
    fn new() -> Self {
        Self::of(EmulatorOptions::default())
    }

    fn of(options: EmulatorOptions) -> Self {
        let emulator = Emulator::start_blocking(options).expect("loopback can be bound");
        let stage = Self { emulator, directory: tempfile::tempdir().expect("a directory") };
        let user = &stage.emulator.users()[0];
        let foreign = stage.emulator.foreign_client();
        let foreign_key = foreign.key_pem(KeyEncoding::Pkcs8).expect("every key has this form");
        for (name, pem) in [
            ("ca.pem", stage.emulator.ca_pem().to_owned()),
            ("cert.pem", user.certificate_pem()),
            ("key.pem", user.key_pem()),
            ("bundle.pem", format!("{}{}", user.certificate_pem(), user.key_pem())),
            ("foreign.pem", format!("{}{foreign_key}", foreign.chain_pem())),
            ("foreign-key.pem", foreign_key.clone()),
            ("empty.pem", String::new()),
        ] {
            std::fs::write(stage.directory.path().join(name), pem).expect("written");
        }
        stage
    }

    fn file(&self, name: &str) -> String {
        PathBuf::from(self.directory.path()).join(name).display().to_string()
    }

    fn key(&self) -> &str {
        self.emulator.users()[0].api_key()
    }

    /// Runs `d1` with host and CA set, and these variables beside them.
    fn d1(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
        self.command(arguments, variables).output().expect("d1 runs")
    }

    fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let (platform, client_auth, ca) =
            (self.emulator.platform_url(), self.emulator.client_auth_url(), self.file("ca.pem"));
        let base = [("DC_BASE", &*platform), ("DC_CLIENTAUTH_BASE", &*client_auth), ("DC_CA_FILE", &*ca)];
        command(arguments, &[&base, variables].concat())
    }
}

#[test]
fn the_demo_shows_nine_successes_and_nine_diagnosed_failures() {
    let output = d1(&["--json", "demo"], &[]);
    assert!(output.status.success(), "{}", text(&output));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    let stories = |name: &str| document[name].as_array().expect("a list").clone();
    assert_eq!((stories("successes").len(), stories("failures").len()), (9, 9));
    for story in stories("successes").into_iter().chain(stories("failures")) {
        assert_eq!(story["as_described"], true, "{story:#}");
    }
    let codes: Vec<_> = stories("failures").iter().map(|story| story["diagnosis"]["code"].clone()).collect();
    assert_eq!(codes[..6], ["AUT-01", "AUT-01", "AUT-01", "AUT-02", "AUT-02", "AUT-02"]);
}

#[test]
fn the_midnight_demo_fails_without_rotation_and_not_with_it() {
    let output = d1(&["--json", "demo", "--midnight"], &[]);
    assert!(output.status.success(), "{}", text(&output));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!((&document["as_described"], &document["key_ends"]), (&true.into(), &"2026-12-31T23:59:59Z".into()));
    let halves = document["halves"].as_array().expect("a list");
    let counts: Vec<_> = halves.iter().map(|half| (&half["rotation"], &half["good"], &half["refused"])).collect();
    let (without, with) = ((&false.into(), &125.into(), &4.into()), (&true.into(), &129.into(), &0.into()));
    assert_eq!(counts, [without, with]);
    let of = |half: usize, kind: &str| -> Vec<Value> {
        let events = halves[half]["events"].as_array().expect("a list").iter();
        events.filter(|event| event["kind"] == kind).cloned().collect()
    };
    assert_eq!((of(0, "reminder").len(), of(1, "reminder").len()), (4, 2));
    assert_eq!((of(0, "rotation").len(), of(1, "rotation").len(), of(1, "refused").len()), (0, 3, 0));
    for half in [0, 1] {
        assert!(of(half, "call").iter().any(|call| call["at"] == "2026-12-31T23:59:59Z"), "the last second works");
    }
    assert!(of(1, "call").iter().any(|call| call["at"] == "2027-01-01T00:00:00Z"), "with rotation, so does midnight");
    let refused = of(0, "refused");
    assert!(refused.iter().all(|call| call["at"] == "2027-01-01T00:00:00Z"));
    let codes: Vec<_> = refused.iter().map(|call| &call["diagnosis"]["code"]).collect();
    assert_eq!(codes, ["ID-15", "AUT-01"]);
    assert!(refused.iter().all(|call| call["diagnosis"]["remedy"].as_str().is_some_and(|remedy| !remedy.is_empty())));
}

#[test]
fn the_midnight_demo_is_a_time_line_for_people() {
    let output = d1(&["demo", "--midnight"], &[]);
    assert!(output.status.success(), "{}", text(&output));
    let told = String::from_utf8_lossy(&output.stdout);
    let place = |words: &str| told.find(words).unwrap_or_else(|| panic!("{words} is missing: {told}"));
    let order = [
        "Without rotation: ci-bot calls",
        "2026-12-31T00:00:00Z  reminder",
        "2026-12-31T23:59:59Z  call      200, ci-bot",
        "2027-01-01T00:00:00Z  refused",
        "ID-15",
        "AUT-01",
        "129 calls: 125 good, 4 refused.",
        "With rotation",
        "2026-12-18T00:00:00Z  rotation",
        "the old API token is disabled",
        "129 calls: 129 good, 0 refused.",
        "Both went as they should",
    ];
    let places: Vec<usize> = order.iter().map(|words| place(words)).collect();
    assert!(places.is_sorted(), "{told}");
}

#[test]
fn whoami_works_in_every_mode_over_every_transport() {
    let stage = Stage::new();
    let (bundle, key) = (stage.file("bundle.pem"), stage.key().to_owned());
    for transport in TRANSPORTS {
        for mode in ["key", "certificate", "both"] {
            let variables = [("DC_API_KEY", &*key), ("SM_CLIENT_CERT_FILE", &*bundle)];
            let output = stage.d1(&["--json", "whoami", "--transport", transport, "--mode", mode], &variables);
            assert!(output.status.success(), "{transport} {mode}: {}", text(&output));
            let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
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
    let data = stage.file("empty.pem");
    let foreign = stage.file("foreign.pem");
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
        let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
        assert_eq!((&document["error"]["code"], &document["error"]["exit"]), (&code.into(), &exit.into()));
    }
}

#[test]
fn bad_input_names_its_source_and_sends_nothing() {
    let stage = Stage::new();
    let missing = stage.file("missing.pem");
    let (cert, foreign_key) = (stage.file("cert.pem"), stage.file("foreign-key.pem"));
    let empty = stage.file("empty.pem");
    let directory = stage.directory.path().display().to_string();
    let cases: [(&[Variable<'_>], &str, &str); 17] = [
        (&[("DC_BASE", ""), ("DC_CLIENTAUTH_BASE", "")], "ID-13", "DC_BASE"),
        (&[], "ID-13", "DC_API_KEY"),
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
fn a_pkcs12_is_opened_with_its_password_and_not_without() {
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
    let (bundle, key) = (stage.file("bundle.pem"), stage.key());
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
fn an_unknown_transport_is_a_usage_error_that_lists_the_known_ones() {
    let output = d1(&["whoami", "--transport", "carrier-pigeon"], &[]);
    assert_eq!(output.status.code(), Some(2));
    for transport in TRANSPORTS {
        assert!(text(&output).contains(transport), "{}", text(&output));
    }
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("loopback can be bound");
    let port = taken.local_addr().expect("bound").port().to_string();
    let output = d1(&["emulator", "--port", &port], &[]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains(&port), "{}", text(&output));
}

#[test]
fn the_emulator_serves_until_interrupted_and_leaves_nothing_behind() {
    let mut child = command(&["emulator"], &[]).stdout(Stdio::piped()).spawn().expect("d1 runs");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map(|line| line.expect("text"));
    let mut variables = Vec::new();
    for line in &mut lines {
        if let Some((name, value)) = line.strip_prefix("export ").and_then(|setting| setting.split_once('=')) {
            variables.push((name.to_owned(), value.to_owned()));
        }
        if line.starts_with("# curl --cert") {
            break;
        }
    }
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
    let output = d1(&["whoami"], &variables);
    assert!(output.status.success() && text(&output).contains("both"), "{}", text(&output));

    let key = variables.iter().find(|(name, _)| *name == "DC_CLIENT_KEY_FILE").expect("printed").1;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(key).expect("the file is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "only its owner may read the key");
    }
    kill_process(Pid::from_child(&child), Signal::INT).expect("it still runs");
    let mut rest = String::new();
    child.stderr.take().map(|mut err| err.read_to_string(&mut rest));
    assert!(child.wait().expect("it ends").success(), "{rest}");
    assert!(!std::path::Path::new(key).exists(), "the key file is still there");
}

/// Starts `d1 emulator` with these arguments and reads the variables that it prints.
fn emulator_variables(arguments: &[&str]) -> (std::process::Child, Vec<(String, String)>) {
    let mut child = command(&[&["emulator"], arguments].concat(), &[]).stdout(Stdio::piped()).spawn().expect("d1 runs");
    let mut variables = Vec::new();
    for line in BufReader::new(child.stdout.take().expect("piped")).lines().map(|line| line.expect("text")) {
        if let Some((name, value)) = line.strip_prefix("export ").and_then(|setting| setting.split_once('=')) {
            variables.push((name.to_owned(), value.to_owned()));
        }
        if line.starts_with("# curl --cert") {
            break;
        }
    }
    (child, variables)
}

#[test]
fn the_emulator_goes_on_from_its_state_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let state = directory.path().join("state.json").display().to_string();
    let mut keys = Vec::new();
    for clock in [&[][..], &["--clock", "2031-01-01T00:00:00Z"]] {
        let (mut child, variables) = emulator_variables(&[&["--state", &state], clock].concat());
        let variables: Vec<_> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
        let output = d1(&["whoami"], &variables);
        assert!(output.status.success(), "{}", text(&output));
        keys.push(variables.iter().find(|(name, _)| *name == "DC_API_KEY").expect("printed").1.to_owned());
        kill_process(Pid::from_child(&child), Signal::INT).expect("it still runs");
        assert!(child.wait().expect("it ends").success());
    }
    assert!(keys[0] == keys[1], "the restarted emulator has other keys");

    std::fs::write(&state, "no state").expect("the directory is there");
    let output = d1(&["emulator", "--state", &state], &[]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains(&state), "{}", text(&output));
}

#[test]
fn the_emulator_must_be_told_twice_to_be_reachable() {
    for half in [&[][..], &["--reachable-by-others"], &["--i-know-the-keys-are-public"]] {
        let output = d1(&[&["emulator", "--address", "0.0.0.0"], half].concat(), &[]);
        assert_eq!(output.status.code(), Some(3), "{}", text(&output));
        assert!(text(&output).contains("0.0.0.0"), "{}", text(&output));
    }
    assert_eq!(d1(&["emulator", "--clock", "noon"], &[]).status.code(), Some(2));
}

#[test]
fn the_emulator_can_be_steered_while_it_runs() {
    let arguments = ["--json", "emulator", "--fault", "{\"kind\": \"hold\", \"path\": \"/mpki\"}"];
    let mut child = command(&arguments, &[]).stdout(Stdio::piped()).spawn().expect("d1 runs");
    let document =
        serde_json::Deserializer::from_reader(child.stdout.take().expect("piped")).into_iter::<Value>().next();
    let control = document.expect("a document").expect("JSON")["control"].as_str().expect("an address").to_owned();
    let address = control.strip_prefix("http://").expect("plain HTTP");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!("GET /state HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    kill_process(Pid::from_child(&child), Signal::INT).expect("it still runs");
    assert!(child.wait().expect("it ends").success());

    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200"), "{answer}");
    let state: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((&state["faults"][0]["kind"], &state["faults"][0]["path"]), (&"hold".into(), &"/mpki".into()));

    let output = d1(&["emulator", "--fault", "earthquake"], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("kind is one of"), "{}", text(&output));
}

#[test]
fn help_shows_commands_variables_examples_and_exit_codes() {
    let help = text(&d1(&["--help"], &[]));
    for word in [
        "demo",
        "emulator",
        "whoami",
        "call",
        "list",
        "env",
        "service-user",
        "token",
        "cert",
        "resume",
        "DC_PROFILE",
        "DC_API_KEY",
        "SM_HOST",
        "Exit codes",
        "401",
    ] {
        assert!(help.contains(word), "{word} is missing: {help}");
    }
    for command in ["demo", "emulator", "whoami", "call", "list", "env"] {
        assert!(text(&d1(&[command, "--help"], &[])).contains("Examples:"), "{command}");
    }
}

#[test]
fn env_shows_who_wins_and_why_the_others_lose_and_no_value() {
    let stage = Stage::new();
    let (cert, key) = (stage.file("cert.pem"), stage.file("key.pem"));
    let variables = [("DC_API_KEY", "canary"), ("DC_CLIENT_CERT_FILE", &*cert), ("DC_CLIENT_KEY_FILE", &*key)];
    let output = stage.d1(&["env"], &variables);
    assert!(output.status.success(), "{}", text(&output));
    for words in ["won        environment", "absent     profile: DC_PROFILE", "not asked", "mode         both", &cert] {
        assert!(text(&output).contains(words), "{words}: {}", text(&output));
    }
    assert!(!text(&output).contains("canary"), "{}", text(&output));

    let output = stage.d1(&["--json", "env", "--mode", "key"], &variables);
    assert!(output.status.success(), "{}", text(&output));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!((&document["winner"], &document["mode"]), (&"environment".into(), &"key".into()));
    assert_eq!(document["from"]["api_key"], "DC_API_KEY");
    assert_eq!(document["host"], stage.emulator.platform_url());
    assert!(!text(&output).contains("canary"), "{}", text(&output));
    assert!(stage.emulator.observed().is_empty(), "nothing was sent");
}

#[test]
fn env_shows_the_proxy_and_its_variable_and_no_password() {
    let proxy = ("HTTPS_PROXY", "http://user:canary@proxy.test:3128");
    let variables = [("DC_BASE", "one.digicert.com"), ("DC_API_KEY", "k"), proxy];
    let output = d1(&["env"], &variables);
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("proxy        http://proxy.test:3128 (from HTTPS_PROXY)"), "{}", text(&output));
    assert!(!text(&output).contains("canary"), "{}", text(&output));

    let excepted = [&variables[..], &[("NO_PROXY", "digicert.com,10.0.0.0/99")]].concat();
    let output = d1(&["--json", "env"], &excepted);
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!(document["proxy"], "none (NO_PROXY excepts this host from HTTPS_PROXY)");
    assert!(document["warnings"].to_string().contains("10.0.0.0/99"), "{document}");

    let output = d1(&["env"], &[variables[0], variables[1], ("https_proxy", "http://user:canary@a b")]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains("https_proxy") && !text(&output).contains("canary"), "{}", text(&output));
}

#[test]
fn env_without_any_credential_says_what_was_asked_and_fails_with_3() {
    let cases: [(&[Variable<'_>], &str); 3] = [
        (&[], "ID-13"),
        (&[("DC_API_KEY", "k")], "ID-13"),
        (&[("DC_BASE", "one.digicert.com"), ("DC_API_KEY", " ")], "ID-07"),
    ];
    for (variables, code) in cases {
        let output = d1(&["env"], variables);
        assert_eq!(output.status.code(), Some(3), "{}", text(&output));
        assert!(text(&output).contains("profile: DC_PROFILE is not set"), "{}", text(&output));
        let output = d1(&["--json", "env"], variables);
        assert_eq!(output.status.code(), Some(3), "{}", text(&output));
        let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
        assert_eq!((&document["error"]["code"], &document["error"]["exit"]), (&code.into(), &3.into()));
        assert_eq!(document["sources"][0]["outcome"], "absent");
    }
}

#[test]
fn a_profile_brings_host_and_references_and_wins_over_variables() {
    let stage = Stage::new();
    let write = |name: &str, content: &str| {
        std::fs::write(stage.directory.path().join(name), content).expect("written");
    };
    let (platform, client_auth) = (stage.emulator.platform_url(), stage.emulator.client_auth_url());
    write("api-key", &format!("{}\n", stage.key()));
    let profiles = format!(
        "[profiles.files]
host = '{platform}'
clientauth_host = '{client_auth}'
ca_file = 'ca.pem'
api_key = 'file:api-key'
certificate = 'file:bundle.pem'
[profiles.key]
host = '{platform}'
ca_file = 'ca.pem'
api_key = 'env:CI_KEY'
"
    );
    write("d1.toml", &profiles);
    let config = stage.file("d1.toml");
    // Variables that would lead elsewhere.
    let variables = [
        ("DC_CONFIG", &*config),
        ("CI_KEY", stage.key()),
        ("DC_API_KEY", "canary"),
        ("DC_BASE", "https://127.0.0.1:9"),
    ];
    for (profile, mode) in [("files", "both"), ("key", "key")] {
        let output = d1(&["--json", "whoami", "--profile", profile], &variables);
        assert!(output.status.success(), "{}", text(&output));
        let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
        assert_eq!((&document["user"]["friendly_name"], &document["mode"]), (&"ci-bot".into(), &mode.into()));
    }
    // An option wins over the profile.
    let output = d1(&["whoami", "--profile", "key", "--base", "https://127.0.0.1:9"], &variables);
    assert!(text(&output).contains("NET-06"), "{}", text(&output));
    let output = d1(&["whoami", "--profile", "kye"], &variables);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains("did you mean key?"), "{}", text(&output));

    write("d1.toml", "[profiles.ci]\napi_key = 'canary-value'\n");
    let output = d1(&["whoami", "--profile", "ci"], &variables);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output));
    assert!(text(&output).contains("field api_key") && text(&output).contains(&config), "{}", text(&output));
    assert!(!text(&output).contains("canary"), "{}", text(&output));
}

#[cfg(unix)]
#[test]
fn secret_09_a_command_of_a_profile_does_not_get_the_secret_variables() {
    let stage = Stage::new();
    let config = stage.file("d1.toml");
    let script = r#"test -z "$DC_API_KEY$SM_CLIENT_CERT_PASSWORD" && test -n "$DC_BASE" && echo "$CI_KEY""#;
    let profile = format!("[profiles.ci]\napi_key = '''exec:sh -c '{script}' '''\n");
    std::fs::write(stage.directory.path().join("d1.toml"), profile).expect("written");
    let variables = [
        ("DC_CONFIG", &*config),
        ("DC_API_KEY", "canary"),
        ("SM_CLIENT_CERT_PASSWORD", "canary"),
        ("CI_KEY", stage.key()),
    ];
    let output = stage.d1(&["whoami", "--profile", "ci"], &variables);
    assert!(output.status.success() && text(&output).contains("ci-bot"), "{}", text(&output));
}

#[test]
fn what_smctl_is_set_up_with_works_as_it_is() {
    let stage = Stage::new();
    let folder = stage.directory.path().join(".signingmanager");
    std::fs::create_dir(&folder).expect("made");
    let properties = format!("# smctl\nSM_API_KEY={}\n", stage.key());
    std::fs::write(folder.join("ssm-config.properties"), properties).expect("written");
    let (home, bundle) = (stage.directory.path().display().to_string(), stage.file("bundle.pem"));
    let (host, ca) = (stage.emulator.client_auth_url(), stage.file("ca.pem"));
    let variables = [("HOME", &*home), ("SM_HOST", &*host), ("SM_CLIENT_CERT_FILE", &*bundle), ("SM_CA_FILE", &*ca)];
    let output = d1(&["whoami"], &variables);
    assert!(output.status.success() && text(&output).contains("both"), "{}", text(&output));
}

#[cfg(unix)]
#[test]
fn what_should_be_mended_is_told_on_standard_error() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::new();
    let path = stage.directory.path().join("api-key");
    std::fs::write(&path, format!(" {}\n", stage.key())).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("own file");
    let file = path.display().to_string();
    let output = stage.d1(&["whoami"], &[("DC_API_KEY_FILE", &file)]);
    assert!(output.status.success(), "{}", text(&output));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("warning: ID-13") && told.contains("warning: ID-07"), "{told}");
    assert!(told.contains(&file) && !told.contains(stage.key()), "{told}");
}

const DEVICES: &str = "/devicetrustmanager/api/v4/device";

/// The names of the devices that were printed, a line each.
fn names(output: &[u8]) -> Vec<String> {
    let lines = std::str::from_utf8(output).expect("text").lines();
    lines
        .map(|line| {
            let item: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("no whole item: {line}"));
            item["name"].as_str().expect("a name").to_owned()
        })
        .collect()
}

#[test]
fn a_list_is_printed_line_by_line_on_every_transport() {
    let stage = Stage::of(EmulatorOptions::default().devices(25));
    let key = [("DC_API_KEY", stage.key())];
    let expected: Vec<String> = (0..25).map(|number| format!("device-{number}")).collect();
    for transport in TRANSPORTS {
        let before = stage.emulator.observed().len();
        let output = stage.d1(&["list", DEVICES, "--page-size", "10", "--transport", transport], &key);
        assert!(output.status.success(), "{transport}: {}", text(&output));
        assert_eq!(names(&output.stdout), expected, "{transport}");
        assert_eq!(stage.emulator.observed().len() - before, 3, "{transport}: one call for each page");
    }
}

#[test]
fn a_list_stops_at_its_limit_and_goes_on_at_its_position() {
    let stage = Stage::of(EmulatorOptions::default().devices(25));
    let key = [("DC_API_KEY", stage.key())];
    let output = stage.d1(&["--json", "list", DEVICES, "--page-size", "10", "--limit", "12"], &key);
    assert!(output.status.success(), "{}", text(&output));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!((document["items"].as_array().map(Vec::len), &document["total"]), (Some(12), &25.into()));
    assert_eq!(stage.emulator.observed().len(), 2, "nothing behind the limit is asked for");
    let position = document["position"].as_str().expect("a position");
    let output = stage.d1(&["list", DEVICES, "--page-size", "10", "--start-at", position], &key);
    assert_eq!(names(&output.stdout).first().map(String::as_str), Some("device-12"));
    assert_eq!(names(&output.stdout).len(), 13);

    let output = stage.d1(&["list", DEVICES, "--start-at", "page-2"], &key);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("offset:200"), "{}", text(&output));
}

#[test]
fn a_list_that_breaks_off_tells_its_position() {
    let stage = Stage::new();
    let arguments = ["--json", "list", "/account/api/v1/role", "--page-size", "1"];
    let output = stage.d1(&arguments, &[("DC_API_KEY", stage.key())]);
    // The emulator gives all roles, whatever was asked for.
    assert_eq!(output.status.code(), Some(9), "{}", text(&output));
    let document: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    assert_eq!((&document["error"]["code"], &document["error"]["position"]), (&"API-04".into(), &"offset:0".into()));
    let output = stage.d1(&["list", "/account/api/v1/user", "--page-size", "1"], &[("DC_API_KEY", stage.key())]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 2, "{}", text(&output));
    let output = stage.d1(&["list", "/account/api/v1/user", "--paging", "whole"], &[("DC_API_KEY", stage.key())]);
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 2, "{}", text(&output));
    let output = stage.d1(&["list", "/account/api/v1/user/me"], &[("DC_API_KEY", stage.key())]);
    assert_eq!(output.status.code(), Some(9), "{}", text(&output));
    assert!(text(&output).contains("AUT-05") && text(&output).contains("is no list"), "{}", text(&output));
}

#[test]
fn ctrl_c_in_the_middle_of_a_list_leaves_whole_lines() {
    // More than a pipe holds, so that d1 waits in the middle until somebody reads.
    let stage = Stage::of(EmulatorOptions::default().devices(20_000));
    let mut command = stage.command(&["list", DEVICES], &[("DC_API_KEY", stage.key())]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("d1 runs");
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    let mut printed = Vec::new();
    out.read_until(b'\n', &mut printed).expect("a line");
    kill_process(Pid::from_child(&child), Signal::INT).expect("it still runs");
    out.read_to_end(&mut printed).expect("the rest");
    assert_eq!(child.wait().expect("it ends").code(), Some(130));
    let names = names(&printed);
    assert!(printed.ends_with(b"\n") && names.len() < 20_000, "{}", names.len());
    assert!(names.iter().enumerate().all(|(number, name)| *name == format!("device-{number}")));
}

#[test]
fn a_list_that_nobody_reads_any_more_asks_for_nothing_more() {
    let stage = Stage::of(EmulatorOptions::default().devices(20_000));
    let mut command = stage.command(&["list", DEVICES], &[("DC_API_KEY", stage.key())]);
    let mut child = command.stdout(Stdio::piped()).spawn().expect("d1 runs");
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    out.read_line(&mut line).expect("a line");
    drop(out);
    assert!(child.wait().expect("it ends").success());
    assert!(stage.emulator.observed().len() < 200, "{} pages", stage.emulator.observed().len());
}
