//! Calls without a response that could be passed on: JSON with a code, and a status that says whose fault it is.

use std::time::{Duration, Instant};

use digicert_one_emulator::{Fault, Subject};

use super::stage::{KEYS, Proxy, Stage};
use crate::stage::ME;

const POST: &str = "POST /account/api/v1/user HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}";

fn hasty(stage: &Stage) -> Proxy {
    let socket = stage.file("proxy.sock").display().to_string();
    Proxy::start(stage.command(&["--socket", &socket, "--timeout", "1"]))
}

#[test]
fn refused_credential_is_a_502_and_not_a_401() {
    let stage = Stage::new();
    stage.emulator.control().set_enabled("ci-bot", Subject::Token("0"), false).expect("it exists");
    let proxy = stage.proxy(&[]);
    let response = proxy.address.get(ME, &[]);
    assert_eq!(response.failure(), (502, "AUT-01".to_owned()), "{response:?}");
    assert_eq!(response.header("x-d1-code"), Some("AUT-01"));
    assert!(!response.json()["error"]["remedy"].as_str().expect("text").is_empty());

    // The next key is used without a restart. A source that was just read is not read again at once.
    stage.replace_key(KEYS[1]);
    let end = Instant::now() + Duration::from_secs(60);
    while proxy.address.get(ME, &[]).status != 200 {
        assert!(Instant::now() < end, "the next key is not used");
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(proxy.metric("d1_proxy_credential_generation"), 2);
    let printed = proxy.stop();
    assert!(printed.contains("generation 2 is in use"), "{printed}");
}

#[test]
fn platform_that_dies_is_a_502_and_one_that_hangs_a_504() {
    let mut stage = Stage::new();
    let proxy = hasty(&stage);
    stage.emulator.control().fault(Fault::reset().next(1));
    let reset = proxy.address.send(POST);
    assert_eq!(reset.failure(), (502, "NET-07".to_owned()), "{reset:?}");
    stage.emulator.control().fault(Fault::hold());
    let held = proxy.address.send(POST);
    assert_eq!(held.failure(), (504, "NET-08".to_owned()), "{held:?}");
    stage.emulator.control().clear_faults();
    proxy.await_metric("d1_proxy_requests_total{outcome=\"failed\"}", 2);
    proxy.stop();

    // Killed: its port is closed. A GET is retried, which takes longer than the limit above on a busy machine.
    let proxy = stage.proxy(&[]);
    assert_eq!(proxy.address.get(ME, &[]).status, 200);
    let other = Stage::new();
    stage.emulator = other.emulator;
    let dead = proxy.address.get(ME, &[]);
    assert_eq!(dead.failure(), (502, "NET-06".to_owned()), "{dead:?}");
    assert_eq!(proxy.address.get("/_d1/health", &[]).status, 200, "the proxy itself is well");
    proxy.await_metric("d1_proxy_requests_total{outcome=\"failed\"}", 1);
    proxy.stop();
}

#[test]
fn credential_that_cannot_be_used_stops_the_start() {
    let stage = Stage::new();
    let socket = stage.file("proxy.sock");
    let arguments = ["--socket", &socket.display().to_string()];
    for (content, code) in [("", "ID-07"), ("two words", "ID-07")] {
        std::fs::write(stage.file("api-key"), content).expect("written");
        let output = stage.command(&arguments).output().expect("it runs");
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(3), "{printed}");
        assert!(printed.contains(code) && !socket.exists(), "{printed}");
    }
    let mut expired = stage.command(&arguments);
    expired.env("DC_API_KEY_ENDS", "2020-01-01").env("DC_API_KEY", KEYS[0]).env_remove("DC_API_KEY_FILE");
    let output = expired.output().expect("it runs");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(3), "{printed}");
    assert!(printed.contains("ID-15") && !printed.contains(KEYS[0]), "{printed}");
}
