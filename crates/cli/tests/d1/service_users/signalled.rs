//! A task that a signal ends is finished by `d1 resume`, or by the same command.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use digicert_one_emulator::Fault;
use http::Method;
use rustix::process::{Pid, Signal, kill_process};

use crate::stage::{Stage, assert_failed, document, shown, text};

const TOKENS: &str = "/account/api/v1/api-access-token";

#[test]
fn interrupted_task_names_resume_which_finishes_it() {
    let stage = Stage::new();
    let file = stage.path("api-key");
    let store = format!("file:{file}");
    assert!(stage.bot(&["token", "create", "deploy", "--store", &store]).status.success());
    let hold = stage.emulator.control().fault(Fault::hold().method(Method::PUT).path(TOKENS));
    let arguments = ["--json", "token", "rotate", "--store", &store, "--min-age", "0s", "--grace", "0s"];
    let key = stage.path("api-key");
    let mut rotate = stage.command(&arguments, &[("DC_API_KEY_FILE", &key)]);
    let child = rotate.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("d1 runs");
    // It has verified the new one, and waits before it disables the previous one.
    let is_verified = || {
        let seen = stage.emulator.observed();
        let made = seen.iter().rposition(|call| call.method == "POST");
        let verified = seen.iter().rposition(|call| call.path.ends_with("/user/me"));
        seen.iter().filter(|call| call.method == "POST").count() == 2 && made < verified
    };
    while !is_verified() {
        std::thread::sleep(Duration::from_millis(10));
    }
    kill_process(Pid::from_child(&child), Signal::INT).expect("it still runs");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130), "{}", text(&output));
    let error = document(&output)["error"].clone();
    let resume = shown(&error["resume"]);
    assert_eq!(resume, format!("d1 resume --journal {file}.journal --store file:{file}"), "{error}");

    stage.emulator.control().remove_fault(hold);
    let arguments: Vec<&str> = resume.split(' ').skip(1).collect();
    let output = stage.with_key_of("api-key", &[&["--json"], &arguments[..]].concat());
    let report = document(&output);
    assert_eq!(
        (&report["outcome"], &report["previous"]["state"]),
        (&"completed".into(), &"disabled".into()),
        "{report}"
    );
    assert!(stage.with_key_of("api-key", &["whoami"]).status.success());
    let enabled = stage.tokens_of("ci-bot").into_iter().filter(|(_, enabled)| *enabled).count();
    assert_eq!(enabled, 2, "the one of the beginning and the new one");
}

/// Starts a command, ends it with this signal while the platform holds back its response to such a call, and then lets it continue.
fn ended_by(stage: &Stage, mut command: Command, signal: Signal, held: Fault) -> Output {
    let control = stage.emulator.control();
    let hold = control.fault(held);
    let is_held = || control.faults().iter().any(|fault| fault.id == hold && fault.met > 0);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("d1 runs");
    while !is_held() {
        if child.try_wait().expect("its state can be read").is_some() {
            panic!("it ended before the call was held: {}", text(&child.wait_with_output().expect("it ended")));
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    kill_process(Pid::from_child(&child), signal).expect("it still runs");
    let output = child.wait_with_output().expect("it ends");
    control.remove_fault(hold);
    output
}

fn rotate(store: &str) -> [&str; 9] {
    ["--json", "token", "rotate", "--store", store, "--min-age", "0s", "--grace", "0s"]
}

#[test]
fn rotation_ended_by_a_signal_at_any_call_is_finished_by_the_same_command() {
    let calls = [(Method::GET, "/user/me", 143), (Method::POST, TOKENS, 143), (Method::PUT, TOKENS, 129)];
    for (method, path, exit) in calls {
        let stage = Stage::new();
        let file = stage.path("api-key");
        let store = format!("file:{file}");
        assert!(stage.bot(&["token", "create", "deploy", "--store", &store]).status.success());
        let signal = if exit == 129 { Signal::HUP } else { Signal::TERM };
        let full = if path == "/user/me" { "/account/api/v1/user/me" } else { path };
        let fault = Fault::hold().method(method.clone()).path(full);
        let rotation = stage.command(&rotate(&store), &[("DC_API_KEY_FILE", &file)]);
        let output = ended_by(&stage, rotation, signal, fault);
        assert_eq!(output.status.code(), Some(exit), "{method} {path}");

        let output = stage.with_key_of("api-key", &rotate(&store));
        assert!(output.status.success(), "{method} {path}: {}", text(&output));
        assert_eq!(document(&output)["outcome"], "completed", "{}", text(&output));
        assert!(stage.with_key_of("api-key", &["whoami"]).status.success());
        let enabled = stage.tokens_of("ci-bot").into_iter().filter(|(_, enabled)| *enabled).count();
        assert_eq!(enabled, 2, "{method} {path}: the one of the beginning and the new one");
        assert!(!stage.is_there("api-key.journal.lock"), "{:?}", stage.files());
    }
}

#[test]
fn command_interrupted_before_it_began_leaves_no_file() {
    let stage = Stage::new();
    let (store, before) = (stage.file_store("api-key"), stage.files());
    let key = [("DC_API_KEY", stage.emulator.users()[0].api_key())];
    for task in [&["token", "create", "deploy"][..], &["token", "rotate"], &["cert", "request", "other"]] {
        // One that may end at its next step, and one whose call is cut.
        for held in [Fault::delay(Duration::from_millis(500)), Fault::hold()] {
            let command = stage.command(&[task, &["--store", &store]].concat(), &key);
            let output = ended_by(&stage, command, Signal::INT, held.path("/account/api/v1/user/me"));
            assert_failed(&output, 130, &["nothing was begun"]);
            assert_eq!(stage.files(), before, "{task:?}");
        }
    }
}
