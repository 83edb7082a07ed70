//! `d1 run -- COMMAND` and `d1 emulator -- COMMAND`: variables of the program only, its exit code, and signals that reach it.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

use digicert_one_testbed::Format;

use crate::stage::{Stage, command, d1, text};

/// A profile with an API key and a protected key store.
fn profile(stage: &Stage) -> [(&'static str, String); 2] {
    let (platform, client_auth) = (stage.emulator.platform_url(), stage.emulator.client_auth_url());
    let store = Format::Pkcs12Aes256.make();
    std::fs::write(stage.path("client.p12"), &store.certificate).expect("written");
    let profile = format!(
        "[profiles.ci]\nhost = '{platform}'\nclientauth_host = '{client_auth}'\nca_file = 'ca.pem'\napi_key = 'env:CI_KEY'\n\
         certificate = 'file:client.p12'\npassword = 'env:CI_PASSWORD'\n"
    );
    std::fs::write(stage.path("d1.toml"), profile).expect("written");
    [("DC_CONFIG", stage.path("d1.toml")), ("CI_PASSWORD", store.password.expect("it is protected"))]
}

fn run(stage: &Stage, arguments: &[&str]) -> Output {
    let variables = profile(stage);
    let mut all: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    all.extend([("CI_KEY", stage.key()), ("SM_API_KEY", "canary"), ("DC_CREDENTIALS_DIR", "/nonexistent")]);
    d1(&[&["run", "--profile", "ci"], arguments].concat(), &all)
}

/// The variables that a program printed with `env`.
fn variables(output: &Output) -> BTreeMap<String, String> {
    let lines = String::from_utf8_lossy(&output.stdout);
    let pairs = lines.lines().filter_map(|line| line.split_once('='));
    let ours = pairs.filter(|(name, _)| name.starts_with("DC_") || name.starts_with("SM_"));
    ours.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn program_gets_the_credential_of_the_profile_and_no_other() {
    let stage = Stage::new();
    let output = run(&stage, &["--", "env"]);
    assert!(output.status.success(), "{}", text(&output));
    let found = variables(&output);
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["DC_API_KEY", "DC_BASE", "DC_CA_FILE", "DC_CLIENTAUTH_BASE", "DC_CLIENT_CERT_FILE"]);
    assert_eq!((&*found["DC_API_KEY"], &found["DC_BASE"]), (stage.key(), &stage.emulator.platform_url()));
    let path = std::path::Path::new(&found["DC_CLIENT_CERT_FILE"]);
    assert!(!path.exists() && !path.parent().expect("a directory").exists(), "removed with the program");

    let output = run(&stage, &["--", "sh", "-c", "stat -c %a $DC_CLIENT_CERT_FILE $(dirname $DC_CLIENT_CERT_FILE)"]);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).lines().collect::<Vec<_>>(),
        ["600", "700"],
        "{}",
        text(&output)
    );
    let output = run(&stage, &["--", env!("CARGO_BIN_EXE_d1"), "whoami", "--mode", "key"]);
    assert!(output.status.success() && text(&output).contains("ci-bot"), "{}", text(&output));
}

#[test]
fn program_of_smctl_gets_a_key_store_that_its_password_opens() {
    let stage = Stage::new();
    let script = format!(
        "env; {} --json cert inspect $SM_CLIENT_CERT_FILE --input-password env:SM_CLIENT_CERT_PASSWORD",
        env!("CARGO_BIN_EXE_d1")
    );
    let output = run(&stage, &["--names", "smctl", "--", "sh", "-c", &script]);
    assert!(output.status.success() && text(&output).contains("\"private_key\": true"), "{}", text(&output));
    let found = variables(&output);
    let names: Vec<_> = found.keys().map(String::as_str).collect();
    assert_eq!(names, ["SM_API_KEY", "SM_CA_FILE", "SM_CLIENT_CERT_FILE", "SM_CLIENT_CERT_PASSWORD", "SM_HOST"]);
    assert_eq!((&*found["SM_API_KEY"], &found["SM_HOST"]), (stage.key(), &stage.emulator.client_auth_url()));
}

#[test]
fn exit_code_is_that_of_the_program_or_says_that_it_did_not_start() {
    let stage = Stage::new();
    let cases: [(&[&str], i32); 4] = [
        (&["--", "sh", "-c", "exit 7"], 7),
        (&["--", "sh", "-c", "kill -KILL $$"], 137),
        (&["--", "/nonexistent/program"], 127),
        (&["--", "/"], 126),
    ];
    for (arguments, exit) in cases {
        let output = run(&stage, arguments);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {}", text(&output));
    }
    assert_eq!(d1(&["run"], &[]).status.code(), Some(2));
    let output = d1(&["run", "--", "true"], &[]);
    assert_eq!(output.status.code(), Some(3), "no credential: {}", text(&output));
}

#[test]
fn signals_reach_the_program_which_decides_how_it_ends() {
    let stage = Stage::new();
    let script = "trap 'echo got TERM; exit 5' TERM; echo ready; while :; do sleep 0.05; done";
    for arguments in [&["run", "--", "sh", "-c", script][..], &["emulator", "--", "sh", "-c", script]] {
        let mut command = command(arguments, &[("DC_BASE", "one.digicert.com"), ("DC_API_KEY", stage.key())]);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("d1 runs");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map(|line| line.expect("text"));
        assert_eq!(lines.next().as_deref(), Some("ready"));
        let process = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).expect("ours");
        assert_eq!(lines.next().as_deref(), Some("got TERM"));
        assert_eq!(child.wait().expect("it ends").code(), Some(5), "{arguments:?}");
    }
}

#[test]
fn emulator_runs_for_a_program_and_ends_with_it() {
    let script = format!(
        "{} whoami && {0} csc list --help >/dev/null && echo $DC_BASE $D1_EMULATOR_CONTROL $DC_CLIENT_CERT_FILE; exit 3",
        env!("CARGO_BIN_EXE_d1")
    );
    let output = d1(&["emulator", "--", "sh", "-c", &script], &[("DC_API_KEY", "canary")]);
    let shown = text(&output);
    assert!(output.status.code() == Some(3) && shown.contains("ci-bot"), "{shown}");
    assert!(!shown.contains("export DC_BASE"), "{shown}");
    let last: Vec<&str> = shown.lines().last().expect("a line").split(' ').collect();
    let [base, control, certificate] = last.as_slice() else { panic!("{shown}") };
    for address in [base, control] {
        let place =
            address.rsplit_once("//").expect("an origin").1.trim_end_matches('/').replace("localhost", "127.0.0.1");
        assert!(std::net::TcpStream::connect(&place).is_err(), "{place} is closed");
    }
    assert!(!std::path::Path::new(certificate).exists());
}
