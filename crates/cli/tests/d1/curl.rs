//! The two curl lines of the platform's page on authentication, as `d1 emulator` prints them: run by curl where it is installed, and
//! in any case taken apart and sent by a transport of ours, with the same outcome.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::SystemTime;

use digicert_one::{
    ReadOptions, Secret, TransportConfig, TrustRoots, core::Connector as _, read_client_identity, read_roots,
};
use serde_json::Value;

/// A running `d1 emulator` and what it printed.
struct Running {
    child: Child,
    printed: Vec<String>,
    /// Held, so that the program can write until it ends.
    _rest: BufReader<ChildStdout>,
}

impl Running {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_d1"));
        let mut child = child.arg("emulator").stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("d1 runs");
        let mut rest = BufReader::new(child.stdout.take().expect("piped"));
        let mut printed = Vec::new();
        while !printed.last().is_some_and(|line: &String| line.contains("/faults")) {
            let mut line = String::new();
            assert!(rest.read_line(&mut line).expect("text") > 0, "it ended: {printed:?}");
            printed.push(line.trim_end().trim_start_matches("# ").to_owned());
        }
        Self { child, printed, _rest: rest }
    }

    /// The one printed line with this in it.
    fn line(&self, part: &str) -> &str {
        let mut found = self.printed.iter().filter(|line| line.starts_with("curl ") && line.contains(part));
        let line = found.next().unwrap_or_else(|| panic!("no curl line with {part}: {:?}", self.printed));
        assert!(found.next().is_none(), "two curl lines with {part}");
        line
    }

    /// What the emulator made of the requests since it was asked last, by its control API.
    fn observed(&self) -> Vec<Value> {
        let url = self.line("/state").rsplit(' ').next().expect("an address").to_owned();
        let address = url.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/state")).expect("plain HTTP");
        let call = |method: &str| {
            let mut stream = TcpStream::connect(address).expect("it listens");
            let request = format!("{method} /observed HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).expect("it reads");
            let mut response = String::new();
            stream.read_to_string(&mut response).expect("it answers");
            response.split_once("\r\n\r\n").expect("a head and a body").1.to_owned()
        };
        let observed = serde_json::from_str(&call("GET")).expect("a list");
        call("DELETE");
        observed
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It removes its files then; one that has ended already needs nothing. Not Ctrl-C, which this process may have inherited as ignored.
        #[cfg(unix)]
        let _ =
            rustix::process::kill_process(rustix::process::Pid::from_child(&self.child), rustix::process::Signal::TERM);
        #[cfg(not(unix))]
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The words of a line, as a shell takes it apart. Only double quotes occur.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut quoted) = (vec![String::new()], false);
    for character in line.chars() {
        match character {
            '"' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            other => words.last_mut().expect("there is one").push(other),
        }
    }
    assert!(!quoted, "an open quote: {line}");
    words
}

/// The arguments of curl.
#[derive(Debug, Default)]
struct Parsed {
    method: String,
    headers: Vec<(String, String)>,
    certificate: Option<String>,
    key: Option<String>,
    ca: String,
    url: String,
}

impl Parsed {
    fn of(line: &str) -> Self {
        let mut words = words(line).into_iter();
        assert_eq!(words.next().as_deref(), Some("curl"));
        let mut parsed = Self { method: "GET".to_owned(), ..Self::default() };
        while let Some(word) = words.next() {
            let mut value = || words.next().expect("an option has a value");
            match &*word {
                "-X" => parsed.method = value(),
                "-H" => {
                    let header = value();
                    let (name, value) = header.split_once(": ").expect("a header");
                    parsed.headers.push((name.to_owned(), value.to_owned()));
                }
                "--cert" => parsed.certificate = Some(value()),
                "--key" => parsed.key = Some(value()),
                "--cacert" => parsed.ca = value(),
                option if option.starts_with('-') => panic!("{option} is not on the page"),
                _ => parsed.url = word,
            }
        }
        parsed
    }
}

#[derive(Debug)]
struct Response {
    status: u16,
    body: Value,
}

impl Response {
    fn lists_the_caller(&self) -> bool {
        let users = self.body.as_array().expect("a bare array");
        self.status == 200 && users.iter().any(|user| user["friendly_name"] == "ci-bot")
    }

    fn refusal(&self) -> (u16, &str) {
        (self.status, self.body["errors"][0]["code"].as_str().unwrap_or_default())
    }
}

/// Does what a curl line says.
type Sender = fn(&str) -> Response;

/// The line as it is, in a shell. What is added says how to report, not what to send.
fn by_curl(line: &str) -> Response {
    let reporting = "-sS --noproxy '*' --max-time 60 -w '\\n%{http_code}'";
    let output = Command::new("sh").args(["-c", &format!("{line} {reporting}")]).output().expect("sh runs");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    let (body, status) = text.rsplit_once('\n').expect("body and status");
    Response { status: status.parse().expect("a status"), body: serde_json::from_str(body).expect("JSON") }
}

/// What the line says, by the default transport.
fn by_our_transport(line: &str) -> Response {
    let parsed = Parsed::of(line);
    let file = |path: &str| Secret::new(std::fs::read(path).expect("it is there"), path);
    let identity = parsed.certificate.as_deref().map(|certificate| {
        let key = file(parsed.key.as_deref().expect("a key beside the certificate"));
        let rules = ReadOptions::at(SystemTime::now());
        read_client_identity(&file(certificate), Some(&key), None, &rules, &mut Vec::new()).expect("they fit")
    });
    let roots = read_roots(Path::new(&parsed.ca)).expect("certificates");
    let config = TransportConfig::new().with_identity(identity).with_trust(TrustRoots::Only(roots));
    let mut request = http::Request::builder().method(&*parsed.method).uri(&parsed.url);
    for (name, value) in &parsed.headers {
        request = request.header(name, value);
    }
    let request = request.body(Default::default()).expect("a request");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let transport = digicert_one::transport::reqwest().connect(&config).expect("it can do this");
        let response = transport.send(request).await.expect("a response").response;
        let status = response.status().as_u16();
        let body = response.into_body().collect(1 << 20).await.expect("whole");
        Response { status, body: serde_json::from_slice(&body).expect("JSON") }
    })
}

#[test]
#[expect(clippy::print_stdout, reason = "the test says what it could do")]
fn the_two_curl_lines_of_the_authentication_page_work_as_they_are_printed() {
    let running = Running::start();
    let (by_key, by_certificate) = (running.line("x-api-key"), running.line("--cert "));

    // As the page has them: a key in its header to the one host, certificate and key file to the other.
    let (key_line, certificate_line) = (Parsed::of(by_key), Parsed::of(by_certificate));
    let [(name, key)] = &*key_line.headers else { panic!("one header: {key_line:?}") };
    assert_eq!((&*key_line.method, &**name), ("GET", "x-api-key"));
    assert!(key_line.certificate.is_none() && key_line.key.is_none(), "{by_key}");
    assert!(certificate_line.headers.is_empty(), "the header x-api-key is omitted: {by_certificate}");
    let (Some(certificate), Some(key_file)) = (&certificate_line.certificate, &certificate_line.key) else {
        panic!("a certificate and its key: {by_certificate}");
    };
    assert_ne!(key_line.url, certificate_line.url, "two hosts");

    let wrong_key = by_key.replace(&**key, &format!("{}wrong", &key[..key.len() - 5]));
    let without = by_certificate.replace(&format!(" --cert {certificate} --key {key_file}"), "");
    assert!(wrong_key != by_key && !without.contains("--cert "), "{without}");

    let curl = Command::new("curl").arg("--version").output().is_ok_and(|output| output.status.success());
    println!(
        "curl is {}; our transport sends the same lines",
        if curl { "installed and run" } else { "not installed" }
    );
    let senders: [(&str, Sender); 2] = [("our transport", by_our_transport), ("curl", by_curl)];
    for (name, send) in senders.into_iter().filter(|(name, _)| curl || *name != "curl") {
        assert!(send(by_key).lists_the_caller(), "{name}");
        assert!(send(by_certificate).lists_the_caller(), "{name}");
        assert_eq!(send(&wrong_key).refusal(), (401, "invalid_api_key"), "{name}");
        assert_eq!(send(&without).refusal(), (401, "invalid_api_key"), "{name}");

        let facts_seen = running.observed();
        let facts: Vec<_> = facts_seen
            .iter()
            .map(|seen| {
                let host = seen["host"].as_str().unwrap_or_default();
                (host, seen["api_key_sent"] == true, !seen["certificate"].is_null(), seen["caller"].as_str())
            })
            .collect();
        let expected = [
            ("platform", true, false, Some("ci-bot")),
            ("clientauth", false, true, Some("ci-bot")),
            ("platform", true, false, None),
            ("clientauth", false, false, None),
        ];
        assert_eq!(facts, expected, "{name}");
    }
}
