//! Bodies that stream in both directions, in constant memory.

use bytes::Bytes;
use digicert_one_emulator::{Fault, HostKind};
use digicert_one_testbed::{Gate, Pki, RawOptions, RawServer, Step};

use super::stage::{Proxy, Stage};
use super::wire::get;
use crate::stage::ME;

const MEBIBYTE: usize = 1 << 20;

fn in_front_of(stage: &Stage, server: &RawServer) -> Proxy {
    std::fs::write(stage.file("ca.pem"), Pki::shared().root_pem()).expect("written");
    let socket = stage.file("proxy.sock").display().to_string();
    Proxy::start(stage.command_for(&server.url("localhost"), &["--socket", &socket, "--http1"]))
}

/// The peak memory of a process in KiB.
fn peak(proxy: &Proxy) -> Option<usize> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", proxy.pid())).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().strip_suffix(" kB")?.parse().ok()
}

#[test]
fn chunk_arrives_before_the_next_one_is_sent() {
    let stage = Stage::new();
    let gate = Gate::new();
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n";
    let script = vec![
        Step::ReadRequest,
        Step::write(format!("{head}6\r\nfirst \r\n")),
        Step::Wait(gate.clone()),
        Step::write("6\r\nsecond\r\n0\r\n\r\n"),
    ];
    let server = RawServer::start(RawOptions::tls([script])).expect("it listens");
    let proxy = in_front_of(&stage, &server);
    let mut connection = proxy.address.connect().expect("it listens");
    connection.write(get("/x", &[]).as_bytes());
    let head = connection.read_head().expect("a head");
    let mut response = super::wire::Response { status: 200, head, body: Vec::new(), is_complete: false };
    assert!(connection.read_chunk(&mut response) && response.body == b"first ", "{response:?}");
    gate.open();
    while connection.read_chunk(&mut response) {}
    assert!(response.is_complete && response.body == b"first second", "{response:?}");
    proxy.await_metric("d1_proxy_requests_total{outcome=\"success\"}", 1);
    proxy.stop();
}

#[test]
fn truncated_response_is_truncated_for_the_caller() {
    let stage = Stage::new();
    let proxy = stage.proxy(&[]);
    stage.emulator.control().fault(Fault::cut(20).next(1));
    let response = proxy.address.get(ME, &[]);
    assert!(response.status == 200 && !response.is_complete, "{response:?}");
    proxy.await_metric("d1_proxy_requests_total{outcome=\"interrupted\"}", 1);
    assert!(proxy.address.get(ME, &[]).is_complete);
    proxy.stop();
}

#[test]
fn caller_that_disconnects_ends_its_request() {
    let stage = Stage::new();
    let proxy = stage.proxy(&[]);
    stage.emulator.control().fault(Fault::hold());
    let mut connection = proxy.address.connect().expect("it listens");
    connection.write(get(ME, &[]).as_bytes());
    proxy.await_metric("d1_proxy_in_flight", 1);
    drop(connection);
    proxy.await_metric("d1_proxy_requests_total{outcome=\"cancelled\"}", 1);
    proxy.await_metric("d1_proxy_in_flight", 0);
    proxy.stop();
}

#[test]
fn large_bodies_arrive_whole_and_in_constant_memory() {
    let stage = Stage::new();
    let size = 48 * MEBIBYTE;
    let proxy = stage.proxy(&["--timeout", "300"]);
    proxy.address.get(ME, &[]);
    let before = peak(&proxy);
    // With a length and without one.
    for head in [format!("Content-Length: {size}"), "Transfer-Encoding: chunked".to_owned()] {
        let mut connection = proxy.address.connect().expect("it listens");
        connection.write(format!("POST /account/api/v1/user HTTP/1.1\r\nHost: localhost\r\n{head}\r\n\r\n").as_bytes());
        let chunk = vec![b'x'; MEBIBYTE];
        for _ in 0..48 {
            if head.starts_with('T') {
                connection.write(b"100000\r\n");
                connection.write(&chunk);
                connection.write(b"\r\n");
            } else {
                connection.write(&chunk);
            }
        }
        if head.starts_with('T') {
            connection.write(b"0\r\n\r\n");
        }
        let response = connection.read().expect("a response");
        assert_eq!(response.status, 400, "{response:?}");
        let requests = stage.emulator.ledger(HostKind::Platform).requests();
        assert_eq!(requests.last().map(|request| request.body_len), Some(size as u64));
    }
    proxy.stop_within(before, "uploads");

    let mut script = vec![Step::ReadRequest, Step::write(format!("HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n"))];
    let chunk = Bytes::from(vec![b'y'; MEBIBYTE]);
    script.extend(std::iter::repeat_n(Step::Write(chunk), 48));
    let small = vec![Step::ReadRequest, Step::write("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")];
    let server = RawServer::start(RawOptions::tls([small, script])).expect("it listens");
    let proxy = in_front_of(&stage, &server);
    assert_eq!(proxy.address.get("/x", &[]).status, 204);
    let before = peak(&proxy);
    let response = proxy.address.get("/x", &[]);
    assert!(response.status == 200 && response.body.len() == size && response.is_complete, "{}", response.head);
    proxy.stop_within(before, "a download");
}

impl Proxy {
    /// Stops it, and checks that its peak memory has grown by less than 16 MiB since then.
    fn stop_within(self, before: Option<usize>, what: &str) {
        // Not measured on systems without /proc.
        if let (Some(before), Some(after)) = (before, peak(&self)) {
            assert!(after - before < 16 << 10, "{what}: the peak memory grew from {before} to {after} KiB");
        }
        self.stop();
    }
}
