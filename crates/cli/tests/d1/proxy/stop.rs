//! The end of a proxy: requests in flight finish, within a limit.

use std::time::{Duration, Instant};

use digicert_one_emulator::Fault;
use rustix::process::Signal;

use super::stage::{KEYS, Stage};
use super::wire::get;
use crate::stage::ME;

#[test]
fn request_in_flight_finishes_after_sigterm() {
    let stage = Stage::new();
    let mut proxy = stage.proxy(&[]);
    let hold = stage.emulator.control().fault(Fault::hold());
    let mut idle = proxy.address.connect().expect("it listens");
    let mut connection = proxy.address.connect().expect("it listens");
    connection.write(get(ME, &[]).as_bytes());
    proxy.await_metric("d1_proxy_in_flight", 1);
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.event("stopping")["in_flight"], 1);
    let end = Instant::now() + Duration::from_secs(30);
    while stage.file("proxy.sock").exists() {
        assert!(Instant::now() < end, "the socket stays");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(proxy.address.connect().is_err(), "it still accepts");
    assert!(idle.read().is_none(), "idle connections are closed");
    stage.emulator.control().release_fault(hold);
    let response = connection.read().expect("a response");
    assert!(response.status == 200 && response.is_complete, "{response:?}");
    assert_eq!(response.header("connection"), Some("close"));
    assert!(proxy.wait().success());
    assert_eq!(proxy.event("stopped")["cut_off"], 0);
    proxy.output();
}

#[test]
fn requests_beyond_the_drain_limit_or_at_a_second_signal_are_cut_off() {
    for (drain, signals) in [("1", 1), ("3600", 2)] {
        let stage = Stage::new();
        let mut proxy = stage.proxy(&["--drain", drain]);
        stage.emulator.control().fault(Fault::hold());
        let mut connection = proxy.address.connect().expect("it listens");
        connection.write(get(ME, &[]).as_bytes());
        proxy.await_metric("d1_proxy_in_flight", 1);
        proxy.signal(Signal::TERM);
        proxy.event("stopping");
        if signals == 2 {
            proxy.signal(Signal::INT);
        }
        assert_eq!(proxy.wait().code(), Some(143));
        assert!(connection.read().is_none());
        assert_eq!(proxy.event("stopped")["cut_off"], 1);
        assert!(!stage.file("proxy.sock").exists());
        proxy.output();
    }
}

#[test]
fn sighup_reads_the_credential_again() {
    let stage = Stage::new();
    let mut proxy = stage.proxy(&[]);
    stage.replace_key(KEYS[1]);
    proxy.signal(Signal::HUP);
    assert!(proxy.event("credential")["text"].as_str().expect("text").contains("generation 2 is in use"));
    std::fs::write(stage.file("api-key"), "").expect("written");
    proxy.signal(Signal::HUP);
    proxy.event("reload_failed");
    assert_eq!(proxy.address.get(ME, &[]).status, 200, "the previous credential stays in use");
    proxy.stop();
}

#[test]
fn proxy_whose_source_hangs_stops_at_once() {
    let stage = Stage::new();
    let mut proxy = stage.proxy(&[]);
    // Reading it never ends, as of a file system on a network that is away.
    std::fs::remove_file(stage.file("api-key")).expect("removed");
    let made = std::process::Command::new("mkfifo").arg(stage.file("api-key")).status().expect("mkfifo runs");
    assert!(made.success());
    proxy.signal(Signal::HUP);
    // Opens once the proxy has opened the other end, and holds it.
    let hanging = std::fs::File::options().write(true).open(stage.file("api-key")).expect("it is read");
    proxy.signal(Signal::TERM);
    assert_eq!(proxy.event("stopping")["in_flight"], 0);
    assert!(proxy.wait().success());
    proxy.output();
    drop(hanging);
}
