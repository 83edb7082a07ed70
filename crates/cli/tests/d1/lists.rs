//! `d1 list`: line by line, up to a limit, and what is left when it breaks off.

use std::io::Write as _;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use digicert_one_emulator::EmulatorOptions;
use serde_json::Value;

use crate::stage::{Stage, TRANSPORTS, assert_failed, document, text};

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
fn list_is_printed_line_by_line_on_every_transport() {
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
fn list_stops_at_its_limit_and_continues_at_its_position() {
    let stage = Stage::of(EmulatorOptions::default().devices(25));
    let key = [("DC_API_KEY", stage.key())];
    let output = stage.d1(&["--json", "list", DEVICES, "--page-size", "10", "--limit", "12"], &key);
    assert!(output.status.success(), "{}", text(&output));
    let document = document(&output);
    assert_eq!((document["items"].as_array().map(Vec::len), &document["total"]), (Some(12), &25.into()));
    assert_eq!(stage.emulator.observed().len(), 2, "nothing behind the limit is asked for");
    let position = document["position"].as_str().expect("a position");
    let output = stage.d1(&["list", DEVICES, "--page-size", "10", "--start-at", position], &key);
    assert_eq!(names(&output.stdout).first().map(String::as_str), Some("device-12"));
    assert_eq!(names(&output.stdout).len(), 13);

    let output = stage.d1(&["list", DEVICES, "--start-at", "page-2"], &key);
    assert_failed(&output, 2, &["offset:200"]);
}

#[test]
fn interrupted_list_prints_its_position() {
    let stage = Stage::new();
    let arguments = ["--json", "list", "/account/api/v1/role", "--page-size", "1"];
    let output = stage.d1(&arguments, &[("DC_API_KEY", stage.key())]);
    // The emulator gives all roles, whatever was asked for.
    assert_eq!(output.status.code(), Some(9), "{}", text(&output));
    let document = document(&output);
    assert_eq!((&document["error"]["code"], &document["error"]["position"]), (&"API-04".into(), &"offset:0".into()));
    let output = stage.d1(&["list", "/account/api/v1/user", "--page-size", "1"], &[("DC_API_KEY", stage.key())]);
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 2, "{}", text(&output));
    let output = stage.d1(&["list", "/account/api/v1/user", "--paging", "whole"], &[("DC_API_KEY", stage.key())]);
    assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 2, "{}", text(&output));
    let output = stage.d1(&["list", "/account/api/v1/user/me"], &[("DC_API_KEY", stage.key())]);
    assert_eq!(output.status.code(), Some(9), "{}", text(&output));
    assert!(text(&output).contains("AUT-05") && text(&output).contains("is not a list"), "{}", text(&output));
}

#[test]
#[cfg(unix)]
fn ctrl_c_ends_a_call_that_waits_for_its_input() {
    use rustix::process::{Pid, Signal, kill_process};

    let stage = Stage::new();
    let mut command = stage.command(&["call", "POST", "/x", "--data", "-"], &[("DC_API_KEY", stage.key())]);
    let mut child = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("d1 runs");
    // More than the pipe holds: d1 reads when this is written.
    let mut input = child.stdin.take().expect("piped");
    input.write_all(&[b' '; 256 * 1024]).expect("it reads");
    kill_process(Pid::from_child(&child), Signal::INT).expect("it still runs");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{}", text(&output));
    assert!(stage.emulator.observed().is_empty(), "nothing was sent");
}

#[test]
#[cfg(unix)]
fn ctrl_c_in_a_call_that_changes_something_says_so() {
    use rustix::process::{Pid, Signal, kill_process};

    for (method, says) in [("POST", true), ("GET", false)] {
        // It takes the connection and never responds.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let base = format!("https://{}", silent.local_addr().expect("bound"));
        let variables = [("DC_API_KEY", "canary"), ("DC_BASE", &*base)];
        let stage = Stage::new();
        let mut command = stage.command(&["call", method, "/x"], &variables);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("d1 runs");
        let _held = silent.accept().expect("a connection");
        kill_process(Pid::from_child(&child), Signal::INT).expect("it still runs");
        let ended = child.wait_with_output().expect("it ends");
        assert_eq!(ended.status.code(), Some(130), "{}", text(&ended));
        assert_eq!(text(&ended).contains("check whether the call had its effect"), says, "{}", text(&ended));
    }
}

#[test]
#[cfg(unix)]
fn ctrl_c_in_a_list_leaves_whole_lines_and_shows_the_position() {
    use std::io::Read;

    use rustix::process::{Pid, Signal, kill_process};

    // More than a pipe holds, so that d1 waits in the middle until it is read.
    let stage = Stage::of(EmulatorOptions::default().devices(20_000));
    let mut command = stage.command(&["list", DEVICES], &[("DC_API_KEY", stage.key())]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("d1 runs");
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    let mut printed = Vec::new();
    out.read_until(b'\n', &mut printed).expect("a line");
    kill_process(Pid::from_child(&child), Signal::INT).expect("it still runs");
    out.read_to_end(&mut printed).expect("the rest");
    let ended = child.wait_with_output().expect("it ends");
    assert_eq!(ended.status.code(), Some(130));
    let names = names(&printed);
    let position = format!("continue with --start-at 'offset:{}'", names.len());
    assert!(text(&ended).contains(&position), "{position}: {}", text(&ended));
    assert!(printed.ends_with(b"\n") && names.len() < 20_000, "{}", names.len());
    assert!(names.iter().enumerate().all(|(number, name)| *name == format!("device-{number}")));
}

#[test]
fn list_with_closed_output_sends_no_more_requests() {
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

#[test]
fn usage_error_with_json_is_one_document_wherever_json_stands() {
    let stage = Stage::new();
    for arguments in [
        &["--json", "list", "/x", "--page-size", "0"][..],
        &["list", "/x", "--page-size", "0", "--json"],
        &["list", "--pagesize", "3", "--json"],
        &["list", "x", "--json"],
        &["call", "GET", "https://one.digicert.test/x", "--json"],
        &["call", "GET", "/a b", "--json"],
        &["--json"],
        &["nonsense", "--json"],
    ] {
        let output = stage.d1(arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let document = document(&output);
        assert_eq!((&document["error"]["code"], &document["error"]["exit"]), (&"CFG-01".into(), &2.into()));
        assert!(output.stderr.is_empty(), "{arguments:?}: {}", text(&output));
    }
    let output = stage.d1(&["list", "/x", "--page-size", "0"], &[]);
    assert!(output.status.code() == Some(2) && output.stdout.is_empty(), "{}", text(&output));
    let output = stage.d1(&["--json", "list", "--help"], &[]);
    assert!(output.status.success() && text(&output).contains("Usage: d1 list"), "{}", text(&output));
}
