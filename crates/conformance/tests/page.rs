//! The HTML page in a browser: a click and a key show the reason of a cell. Needs chromium and chromedriver;
//! without them the test says so and passes.
#![allow(clippy::print_stdout, reason = "a test that skips itself says so")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use digicert_one_conformance::Report;
use digicert_one_conformance::render::page;
use serde_json::{Value, json};

const REASON: &str = "</script><b>it would not</b> &amp; \"could\" not";
const FLAGS: &[&str] = &[
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
];

/// One case that passes, and one that ends like this.
fn report(transport: &str, outcome: &Value) -> Report {
    let case = |id: &str, outcome: &Value| {
        let name = format!("{}_does_what_it_should", id.to_ascii_lowercase().replace('-', "_"));
        json!({ "id": id, "name": name, "level": "MUST", "outcome": outcome, "seconds": 0.1 })
    };
    let cases = [case("REQ-01", &json!({ "kind": "passed" })), case("IDENT-24", outcome)];
    let report = json!({ "transport": transport, "http": "1.0", "tls": "1.0", "cases": cases });
    serde_json::from_value(report).expect("a report")
}

/// chromedriver, and one session of a browser. Both end when it is dropped.
struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    /// `None` if one of the programs is not installed.
    fn start(profile: &Path) -> Option<Self> {
        Command::new("chromium").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
        let mut driver = Command::new("chromedriver").arg("--port=0").stdout(Stdio::piped()).spawn().ok()?;
        let mut lines = BufReader::new(driver.stdout.take().expect("its output")).lines();
        let port = lines.find_map(|line| {
            let line = line.expect("a line");
            line.split_once("started successfully on port ")?.1.trim_end_matches('.').parse().ok()
        });
        // Later output is read too, so that it never blocks.
        std::thread::spawn(move || lines.for_each(drop));
        let mut browser = Self { driver, port: port.expect("chromedriver prints its port"), session: String::new() };
        let flags = FLAGS.iter().map(|flag| (*flag).to_owned());
        let flags: Vec<String> = flags.chain([format!("--user-data-dir={}", profile.display())]).collect();
        let options = json!({ "capabilities": { "alwaysMatch": { "goog:chromeOptions": { "args": flags } } } });
        let session = browser.call("POST", "/session", &options);
        browser.session = format!("/session/{}", session["sessionId"].as_str().expect("a session"));
        Some(browser)
    }

    /// One command of WebDriver.
    fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("chromedriver listens");
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .expect("sent");
        let mut response = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            response.read_line(&mut line).expect("a head");
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut text = vec![0; length];
        response.read_exact(&mut text).expect("a body");
        let mut response: Value = serde_json::from_slice(&text).expect("JSON");
        assert!(response["value"]["error"].is_null(), "{method} {path}: {response}");
        response["value"].take()
    }

    fn post(&self, command: &str, body: &Value) -> Value {
        self.call("POST", &format!("{}{command}", self.session), body)
    }

    /// Runs a script in the page.
    fn script(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// A real click in the middle of the first element that the selector finds.
    fn click(&self, selector: &str) {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector }));
        let element = found.as_object().and_then(|one| one.values().next()).and_then(Value::as_str);
        self.post(&format!("/element/{}/click", element.expect("an element")), &json!({}));
    }

    /// A key, pressed and released.
    fn key(&self, key: &str) {
        let strokes = json!([{ "type": "keyDown", "value": key }, { "type": "keyUp", "value": key }]);
        self.post("/actions", &json!({ "actions": [{ "type": "key", "id": "keyboard", "actions": strokes }] }));
    }

    /// What the panel shows; nothing while it is closed.
    fn panel(&self) -> Value {
        self.script("const panel = document.getElementById('reason'); return panel.hidden ? null : panel.innerText;")
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.call("DELETE", &self.session, &Value::Null);
        }
        // Ends the browser as well.
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

#[test]
fn a_click_and_a_key_show_the_reason_of_a_cell() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(browser) = Browser::start(&folder.path().join("profile")) else {
        println!("skipped: chromium or chromedriver is not installed");
        return;
    };
    let file = folder.path().join("index.html");
    let reports =
        [report("one", &json!({ "kind": "passed" })), report("other", &json!({ "kind": "waived", "why": REASON }))];
    std::fs::write(&file, page(&reports)).expect("written");
    let address = format!("file://{}", file.display());

    browser.post("/url", &json!({ "url": address }));
    assert_eq!(browser.panel(), Value::Null, "closed at first");
    browser.click("[id='IDENT-24/other']");
    let shown = browser.panel();
    let text = shown.as_str().expect("open");
    assert!(text.contains("IDENT-24 on other") && text.contains(REASON) && text.contains("fix "), "{text}");

    // Escape closes it and gives the focus back to the cell; Enter opens it again.
    browser.key("\u{e00c}");
    assert_eq!(browser.panel(), Value::Null);
    assert_eq!(browser.script("return document.activeElement.id;"), "IDENT-24/other");
    browser.key("\u{e007}");
    assert!(browser.panel().as_str().is_some_and(|text| text.contains(REASON)));

    // The filters hide what does not match.
    let visible = "return [...document.querySelectorAll('.case')].filter((row) => row.offsetParent).map((row) => row.cells[0].innerText);";
    browser.script(
        "const box = document.getElementById('text'); box.value = 'req'; box.dispatchEvent(new Event('input', { bubbles: true }));",
    );
    assert_eq!(browser.script(visible), json!(["REQ-01"]));
    browser.script("document.getElementById('text').value = ''; const choice = document.getElementById('kind'); choice.value = 'exception'; choice.dispatchEvent(new Event('input', { bubbles: true }));");
    assert_eq!(browser.script(visible), json!(["IDENT-24"]));

    // A fragment opens its cell.
    browser.post("/url", &json!({ "url": "about:blank" }));
    browser.post("/url", &json!({ "url": format!("{address}#IDENT-24/other") }));
    assert!(browser.panel().as_str().is_some_and(|text| text.contains(REASON)));
}
