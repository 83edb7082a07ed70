//! SECRET-06: when a client is gone, nothing of its secrets is left on the heap. Linux only: the test reads its own memory.
//!
//! The search runs in a process that never saw the secrets but through the SDK: its parent hands them over masked, and the
//! search compares masked bytes, so that it cannot find itself.
#![cfg(target_os = "linux")]

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_client::Client;
use digicert_one_core::{
    Capabilities, ConnectionFacts, Connector, ConnectorInfo, Exchange, Instance, ResponseBody, Secret, Transport,
    TransportConfig, TransportError,
};
use digicert_one_credentials::RawCredential;
use digicert_one_identity::ReadOptions;
use digicert_one_testbed::{ClientSpec, KeyEncoding, Pki};
use futures_executor::block_on;

const MASK: u8 = 0xa5;
const FOLDER: &str = "D1_HEAP_TEST_FOLDER";

fn masked(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| byte ^ MASK).collect()
}

#[test]
fn secret_06_nothing_is_left_on_the_heap_when_the_client_is_gone() {
    let client = Pki::shared().client(ClientSpec::default());
    let pem = client.bundle_pem();
    let key_pem = client.key_pem(KeyEncoding::Pkcs8).expect("every key has this form");
    let line = key_pem.lines().nth(1).expect("a line of base64").as_bytes()[..40].to_vec();
    // RFC 5915: version 1, then the scalar as an OCTET STRING of 32 bytes. The whole prefix, since the public key behind
    // it, which may stay on the heap, can hold the last two bytes of it by chance.
    const PREFIX: [u8; 5] = [0x02, 0x01, 0x01, 0x04, 0x20];
    let der = client.pkcs8_der();
    let at = PREFIX.len() + der.windows(PREFIX.len()).position(|window| window == PREFIX).expect("a P-256 key");
    let scalar = der[at..at + 32].to_vec();
    let api_key: String = scalar.iter().map(|byte| format!("{:02X}", byte.rotate_left(3))).collect();
    let folder = tempfile::tempdir().expect("a directory");
    let files = [
        ("pem", pem.as_bytes()),
        ("api-key", api_key.as_bytes()),
        ("needle-line", &line),
        ("needle-scalar", &scalar),
        ("needle-api-key", &api_key.as_bytes()[..40]),
    ];
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), masked(bytes)).expect("written");
    }
    let output = Command::new(std::env::current_exe().expect("this very test"))
        .args(["--exact", "search", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .expect("the search runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

/// Swallows every request, as a transport that is done with it.
#[derive(Debug)]
struct Null;

impl Connector for Null {
    fn info(&self) -> ConnectorInfo {
        ConnectorInfo::new("null", "none", "none")
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::all()
    }

    fn connect(&self, _config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        Ok(Arc::new(Null))
    }
}

#[async_trait]
impl Transport for Null {
    async fn send(&self, _request: http::Request<Bytes>) -> Result<Exchange, TransportError> {
        Ok(Exchange::new(http::Response::new(ResponseBody::full("{}")), ConnectionFacts::unknown()))
    }
}

#[test]
#[ignore = "half of the test above, which runs it in a process of its own"]
fn search() {
    let folder = std::env::var_os(FOLDER).expect("the test above sets it");
    let read = |name: &str| std::fs::read(Path::new(&folder).join(name)).expect("written by the test above");
    let plain = |name: &str| masked(&read(name));
    let needles = ["needle-line", "needle-scalar", "needle-api-key"].map(|name| (name, read(name)));

    let raw = RawCredential::new()
        .with_certificate(Secret::new(plain("pem"), "the test"))
        .with_api_key(Secret::new(plain("api-key"), "the test"));
    let reading = raw.read(&ReadOptions::at(SystemTime::now())).expect("usable");
    let client = Client::builder()
        .instance(Instance::parse("one.digicert.test").expect("a host"))
        .credential(reading.fixed())
        .connector(Null)
        .build()
        .expect("complete");
    block_on(client.get("/").send()).expect("a response");
    for (name, needle) in &needles {
        assert!(found(needle) > 0, "{name} must be there while it is in use, or the search is blind");
    }
    drop((client, reading, raw));
    for (name, needle) in &needles {
        assert_eq!(found(needle), 0, "{name} is left on the heap");
    }
}

/// How often the masked needle occurs in the writable memory of this process, without the stack of this thread.
fn found(needle: &[u8]) -> usize {
    const STEP: usize = 1 << 20;
    let local = 0_u8;
    let here = &raw const local as usize;
    let memory = File::open("/proc/self/mem").expect("our own memory");
    let maps = std::fs::read_to_string("/proc/self/maps").expect("our own map");
    let mut buffer = vec![0; STEP + needle.len()];
    let mut count = 0;
    for line in maps.lines().filter(|line| line.contains(" rw") && !line.contains("[stack]")) {
        let (start, end) = line.split_once(' ').and_then(|(range, _)| range.split_once('-')).expect("a range");
        let address = |text: &str| usize::from_str_radix(text, 16).expect("an address");
        let (start, end) = (address(start), address(end));
        if (start..end).contains(&here) {
            continue;
        }
        let mut at = start;
        while at < end {
            let length = (end - at).min(buffer.len());
            // Parts that cannot be read hold nothing of ours.
            let read = memory.read_at(&mut buffer[..length], at as u64).unwrap_or(0);
            let matches = |window: &[u8]| window.iter().zip(needle).all(|(byte, hidden)| byte ^ MASK == *hidden);
            count += buffer[..read].windows(needle.len()).filter(|window| matches(window)).count();
            buffer.fill(0);
            at += STEP;
        }
    }
    count
}
