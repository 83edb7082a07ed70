//! `d1 emulator`: what it prints works, it continues where it stopped, and it stays on this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

#[cfg(unix)]
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::stage::{assert_failed, command, d1, document, text};

#[test]
fn taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("loopback can be bound");
    let port = taken.local_addr().expect("bound").port().to_string();
    let output = d1(&["emulator", "--port", &port], &[]);
    assert_failed(&output, 3, &[&port]);
}

#[test]
fn directory_with_files_of_others_is_refused_and_unchanged() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name);
    let given = path("emulated").display().to_string();
    let run = |directory: &str| {
        d1(&["emulator", "--dir", directory, "--", &command(&[], &[]).get_program().to_string_lossy(), "env"], &[])
    };
    for _ in 0..2 {
        assert!(run(&given).status.success(), "its own files are replaced: {}", text(&run(&given)));
    }
    for name in ["ca.pem", "auth-key.pem"] {
        let other = path(&format!("with-{name}"));
        std::fs::create_dir(&other).expect("made");
        std::fs::write(other.join(name), "mine").expect("written");
        let output = run(&other.display().to_string());
        assert_failed(&output, 3, &[name, "is not from an emulator"]);
        assert!(!text(&output).contains("Make room"), "{}", text(&output));
        assert_eq!(std::fs::read_to_string(other.join(name)).expect("there"), "mine");
        assert_eq!(std::fs::read_dir(&other).expect("there").count(), 1);
    }
}

#[test]
#[cfg(unix)]
fn emulator_serves_until_interrupted_and_removes_its_files() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        serves_until(signal);
    }
}

#[cfg(unix)]
fn serves_until(signal: Signal) {
    let (mut child, variables) = emulator_variables(&[]);
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
    let output = d1(&["whoami"], &variables);
    assert!(
        output.status.success() && text(&output).contains("API key and client certificate at"),
        "{}",
        text(&output)
    );

    let key = variables.iter().find(|(name, _)| *name == "DC_CLIENT_KEY_FILE").expect("printed").1;
    let metadata = std::fs::metadata(key).expect("the file is there");
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
    assert_eq!(mode & 0o777, 0o600, "only its owner may read the key");
    kill_process(Pid::from_child(&child), signal).expect("it still runs");
    let mut rest = String::new();
    child.stderr.take().map(|mut err| err.read_to_string(&mut rest));
    assert!(child.wait().expect("it ends").success(), "{rest}");
    let directory = std::path::Path::new(key).parent().expect("a directory");
    assert!(!directory.exists(), "the directory with the key is still there");
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
fn emulator_continues_from_its_state_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let state = directory.path().join("state.json").display().to_string();
    let mut keys = Vec::new();
    for clock in [&[][..], &["--clock", "2031-01-01T00:00:00Z"]] {
        let (child, variables) = emulator_variables(&[&["--state", &state], clock].concat());
        let variables: Vec<_> = variables.iter().map(|(name, value)| (&**name, &**value)).collect();
        let output = d1(&["whoami"], &variables);
        assert!(output.status.success(), "{}", text(&output));
        keys.push(variables.iter().find(|(name, _)| *name == "DC_API_KEY").expect("printed").1.to_owned());
        interrupt(child);
    }
    assert!(keys[0] == keys[1], "the restarted emulator has other keys");

    std::fs::write(&state, "no state").expect("the directory is there");
    let output = d1(&["emulator", "--state", &state], &[]);
    assert_failed(&output, 3, &[&state]);
}

#[test]
fn emulator_needs_two_options_to_be_reachable() {
    for half in [&[][..], &["--reachable-by-others"], &["--i-know-the-keys-are-public"]] {
        let output = d1(&[&["emulator", "--address", "0.0.0.0"], half].concat(), &[]);
        assert_failed(&output, 3, &["0.0.0.0"]);
    }
    assert_eq!(d1(&["emulator", "--clock", "noon"], &[]).status.code(), Some(2));
}

/// Starts `d1 emulator` with these arguments and reads the document that it prints.
fn emulator_document(arguments: &[&str]) -> (std::process::Child, Value) {
    let arguments = [&["--json", "emulator"], arguments].concat();
    let mut child = command(&arguments, &[]).stdout(Stdio::piped()).spawn().expect("d1 runs");
    let document =
        serde_json::Deserializer::from_reader(child.stdout.take().expect("piped")).into_iter::<Value>().next();
    (child, document.expect("a document").expect("JSON"))
}

#[cfg(unix)]
fn interrupt(mut child: std::process::Child) {
    kill_process(Pid::from_child(&child), Signal::INT).expect("it still runs");
    assert!(child.wait().expect("it ends").success());
}

/// Windows sends Ctrl-C to all programs of a console, this one included.
#[cfg(not(unix))]
fn interrupt(mut child: std::process::Child) {
    child.kill().and_then(|()| child.wait()).expect("it still runs");
}

#[test]
fn emulator_prints_what_a_csc_caller_needs() {
    let (child, started) = emulator_document(&[]);
    let word = |value: &Value| value.as_str().expect("text").to_owned();
    let (platform, ca, csc) = (word(&started["platform"]), word(&started["ca_file"]), &started["csc"]);
    let (client, secret, signer) = (word(&csc["client_id"]), word(&csc["client_secret"]), word(&csc["signer"]));
    let caller = ["--client-id", &client, "--client-secret", "env:CSC_CLIENT_SECRET"];
    let variables = [("DC_BASE", &*platform), ("DC_CA_FILE", &*ca), ("CSC_CLIENT_SECRET", &*secret)];
    let output = d1(&[&["--json", "csc", "list", "--user", &signer], &caller[..]].concat(), &variables);
    assert!(output.status.success(), "{}", text(&output));
    let listed = document(&output);
    assert_eq!(listed["items"], csc["credentials"]);
    let credential = word(&csc["credentials"][0]);
    let output = d1(&[&["csc", "sign", &credential, &ca], &caller[..]].concat(), &variables);
    assert!(output.status.success(), "{}", text(&output));
    interrupt(child);
}

#[test]
fn emulator_is_controlled_while_it_runs() {
    let (child, document) = emulator_document(&["--fault", "{\"kind\": \"hold\", \"path\": \"/mpki\"}"]);
    let control = document["control"].as_str().expect("an address").to_owned();
    let address = control.strip_prefix("http://").expect("plain HTTP");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!("GET /state HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("it answers");
    interrupt(child);

    let (head, body) = response.split_once("\r\n\r\n").expect("a head and a body");
    assert!(head.starts_with("HTTP/1.1 200"), "{response}");
    let state: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((&state["faults"][0]["kind"], &state["faults"][0]["path"]), (&"hold".into(), &"/mpki".into()));

    let output = d1(&["emulator", "--fault", "earthquake"], &[]);
    assert_failed(&output, 2, &["kind is one of"]);
}
