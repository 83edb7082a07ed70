//! What every command does alike: traces, headers, bodies, filters, colours, and no retry where none is wanted.

use std::io::Write as _;
use std::process::{Output, Stdio};

use digicert_one_emulator::{EmulatorOptions, Fault, RetryAfter};
use digicert_one_testbed::{Front, FrontOptions, Pki, handler, sha256_hex};
use serde_json::Value;

use crate::stage::{ME, Stage, TRANSPORTS, command, d1, document, text};

/// Pieces of all secrets that a caller with both credentials has.
fn canaries(stage: &Stage) -> Vec<String> {
    let pem = std::fs::read_to_string(stage.path("bundle.pem")).expect("written");
    let lines = pem.lines().skip_while(|line| !line.contains("PRIVATE KEY")).skip(1).take(2);
    let key = stage.key();
    let pieces = [&key[..12], &key[key.len() - 12..]].map(str::to_owned);
    pieces.into_iter().chain(lines.map(|line| line[..12].to_owned())).collect()
}

#[test]
fn traces_of_any_level_hold_no_secret() {
    let stage = Stage::new();
    let (bundle, key) = (stage.path("bundle.pem"), stage.key().to_owned());
    let both = [("DC_API_KEY", &*key), ("DC_CLIENT_CERT_FILE", &*bundle)];
    let canaries = canaries(&stage);
    for transport in TRANSPORTS {
        for level in ["-v", "-vv", "-vvvv"] {
            for call in [
                &["whoami"][..],
                &["call", "GET", "/account/api/v1/user/CANARY-7?name=canary-query"],
                &["call", "POST", ME, "--data", r#"{"password":"canary-body"}"#, "-H", "X-Note: canary-header"],
            ] {
                let output = stage.d1(&[call, &[level, "--transport", transport]].concat(), &both);
                let traced = String::from_utf8_lossy(&output.stderr).into_owned();
                assert!(traced.contains("\n> ") && traced.contains("\n< "), "{transport} {level}: {traced}");
                let lines = traced.lines().filter(|line| line.starts_with(['>', '<', '*']));
                let lines: String = lines.collect();
                for canary in canaries.iter().map(String::as_str).chain(["canary-", "CANARY"]) {
                    assert!(!lines.contains(canary), "{transport} {level} {call:?}: {traced}");
                }
            }
        }
    }
}

#[test]
fn trace_shows_each_attempt_and_goes_to_standard_error() {
    let stage = Stage::new();
    stage.emulator.control().fault(Fault::too_many_requests(RetryAfter::seconds(0)).next(1));
    let output = stage.d1(&["--json", "whoami", "-v"], &[("DC_API_KEY", stage.key())]);
    let traced = String::from_utf8_lossy(&output.stderr);
    serde_json::from_slice::<Value>(&output.stdout).expect("one document");
    assert!(traced.contains("> GET /account/api/v1/user/me to "), "{traced}");
    assert!(traced.contains("< 429, ") && traced.contains(", retry 1\n") && traced.contains("< 200, "), "{traced}");
    assert!(traced.contains("mode key, from DC_API_KEY; transport rustls; proxy none"), "{traced}");
    let quiet = stage.d1(&["--json", "whoami"], &[("DC_API_KEY", stage.key())]);
    assert!(quiet.stderr.is_empty(), "{}", text(&quiet));
}

/// A server that answers with JSON and records what it gets.
fn recording() -> (Front, [(&'static str, String); 3], tempfile::TempDir) {
    let respond = handler(|_, _| async {
        let response = http::Response::builder().header("content-type", "application/json").header("x-note", "7");
        response.body(bytes::Bytes::from_static(br#"{"items":[{"n":1.10},{"n":2}]}"#)).expect("a response")
    });
    let front = Front::start(FrontOptions::default(), respond).expect("loopback can be bound");
    let directory = tempfile::tempdir().expect("a directory");
    let ca = directory.path().join("ca.pem");
    std::fs::write(&ca, Pki::shared().root_pem()).expect("written");
    let variables = [
        ("DC_BASE", front.url("localhost")),
        ("DC_CA_FILE", ca.display().to_string()),
        ("DC_API_KEY", "a-key".to_owned()),
    ];
    (front, variables, directory)
}

#[test]
fn body_is_a_literal_a_file_or_standard_input_and_headers_are_sent() {
    let (front, variables, directory) = recording();
    let given: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
    let body = r#"{"a":1}"#;
    let file = directory.path().join("body.json").display().to_string();
    std::fs::write(&file, body).expect("written");
    let at_file = format!("@{file}");
    for data in [body, &at_file, "-", "@-"] {
        let mut d1 =
            command(&["call", "POST", "/x", "-d", data, "-H", "X-Note: one", "-H", "accept: text/csv"], &given);
        let mut child = d1.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("d1 runs");
        child.stdin.take().expect("piped").write_all(body.as_bytes()).expect("it reads");
        assert!(child.wait().expect("it ends").success(), "{data}");
        let request = front.ledger().requests().pop().expect("one");
        assert_eq!(request.body_sha256, sha256_hex(body.as_bytes()), "{data}");
        let header = |name: &str| {
            let values = request.headers.iter().filter(|(known, _)| known == name);
            values.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(["x-note", "accept", "content-type"].map(header), ["one", "text/csv", "application/json"], "{data}");
    }
    let typed = d1(&["call", "POST", "/x", "--data", "a,b", "-H", "Content-Type: text/csv"], &given);
    assert!(typed.status.success(), "{}", text(&typed));
    let before = front.ledger().requests().len();
    for (arguments, words) in [
        (&["--data", "body.json"][..], "not JSON"),
        (&["-H", "X-Api-Key: canary"], "x-api-key holds a credential"),
        (&["-H", "Authorization: Bearer canary"], "authorization holds a credential"),
        (&["-H", "no canary"], "give NAME: VALUE"),
    ] {
        let output = d1(&[&["call", "POST", "/x"], arguments].concat(), &given);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(words) && !text(&output).contains("canary"), "{}", text(&output));
    }
    assert_eq!(front.ledger().requests().len(), before, "nothing was sent");
}

#[test]
fn status_and_headers_come_before_the_body_on_request() {
    let (_front, variables, _directory) = recording();
    let given: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, &**value)).collect();
    let output = d1(&["call", "GET", "/x", "-i"], &given);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(shown.starts_with("HTTP/") && shown.contains(" 200 OK\n") && shown.contains("\nx-note: 7\n"), "{shown}");
    assert!(shown.ends_with("\n\n{\"items\":[{\"n\":1.10},{\"n\":2}]}"), "{shown}");
    let output = d1(&["--json", "call", "GET", "/x", "-i"], &given);
    let document = document(&output);
    assert!(document["headers"].as_array().expect("a list").contains(&serde_json::json!(["x-note", "7"])));
}

#[test]
fn status_and_headers_of_an_error_response_come_before_the_error() {
    let stage = Stage::new();
    let key = [("DC_API_KEY", stage.key())];
    let missing = ["call", "GET", "/account/api/v1/missing", "-i"];
    for transport in TRANSPORTS {
        let output = stage.d1(&[&missing[..], &["--transport", transport]].concat(), &key);
        let shown = String::from_utf8_lossy(&output.stdout);
        assert!(shown.starts_with("HTTP/") && shown.contains(" 404 Not Found\n"), "{transport}: {}", text(&output));
        assert!(shown.contains("\ncontent-type: application/json\n") && shown.contains("\n\n{\"errors\""), "{shown}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("API-02 "), "{}", text(&output));
        assert_eq!(output.status.code(), Some(9), "{}", text(&output));
    }
    let output = stage.d1(&[&["--json"], &missing[..]].concat(), &key);
    let whole = document(&output);
    assert_eq!((&whole["error"]["code"], &whole["response"]["status"]), (&"API-02".into(), &404.into()));
    assert!(whole["response"]["headers"].is_array() && whole["response"]["body"]["errors"].is_array(), "{whole}");
    assert!(output.stderr.is_empty(), "{}", text(&output));

    // The exit code is that without -i, after as many attempts.
    stage.emulator.control().fault(Fault::unavailable(RetryAfter::seconds(0)).path(ME));
    for (credential, code) in [(stage.key(), 7), ("01_unknown", 5)] {
        let [plain, shown] = [&[][..], &["-i"]].map(|more| {
            let before = stage.emulator.observed().len();
            let output = stage.d1(&[&["--json", "call", "GET", ME], more].concat(), &[("DC_API_KEY", credential)]);
            let error = document(&output)["error"].clone();
            let attempts = stage.emulator.observed().len() - before;
            assert_eq!(error["attempts"], attempts, "{error}");
            (output.status.code(), attempts, error["code"].clone())
        });
        assert_eq!((plain.0, &plain), (Some(code), &shown));
        stage.emulator.control().clear_faults();
    }
}

#[cfg(feature = "mozilla-roots")]
#[test]
fn mozilla_roots_stand_in_place_of_the_systems() {
    let stage = Stage::new();
    let (base, key) = (stage.emulator.platform_url(), ("DC_API_KEY", stage.key()));
    let alone = [("DC_BASE", &*base), key];
    let output = d1(&["whoami", "--roots", "mozilla"], &alone);
    assert!(output.status.code() == Some(4) && text(&output).contains("TR-01"), "{}", text(&output));
    // A CA file is trusted beside them.
    let output = stage.d1(&["whoami", "--roots", "mozilla"], &[key]);
    assert!(output.status.success(), "{}", text(&output));
    let output = d1(&["doctor", "--roots", "mozilla"], &alone);
    assert!(text(&output).contains("Mozilla's roots\n"), "{}", text(&output));
}

#[cfg(feature = "jq")]
#[test]
fn filter_selects_from_bodies_items_and_documents() {
    let stage = Stage::of(EmulatorOptions::default().devices(3));
    let key = [("DC_API_KEY", stage.key())];
    for (arguments, expected) in [
        (&["call", "GET", ME, "--jq", ".friendly_name"][..], "ci-bot\n"),
        (&["--json", "call", "GET", ME, "--jq", ".status"], "200\n"),
        (&["list", "/devicetrustmanager/api/v4/device", "--jq", ".name"], "device-0\ndevice-1\ndevice-2\n"),
        (&["whoami", "--jq", "[.user.friendly_name, .mode]"], "[\"ci-bot\",\"key\"]\n"),
        (&["token", "list", "--jq", ".items | length"], "1\n"),
    ] {
        let output = stage.d1(arguments, &key);
        assert!(output.status.success(), "{}", text(&output));
        assert_eq!(String::from_utf8_lossy(&output.stdout), expected, "{arguments:?}");
    }
    // The environment of d1 holds the key.
    let calls = stage.emulator.observed().len();
    for filter in ["env", "$ENV.DC_API_KEY", ".[", "nosuch"] {
        let output = stage.d1(&["whoami", "--jq", filter], &key);
        assert_eq!(output.status.code(), Some(2), "{filter}: {}", text(&output));
        assert!(text(&output).contains("--jq: invalid filter"), "{}", text(&output));
    }
    assert_eq!(stage.emulator.observed().len(), calls, "nothing was sent");
    let output = stage.d1(&["whoami", "--jq", ".user.friendly_name.x"], &key);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    // A failure stays readable.
    let output = stage.d1(&["call", "GET", "/account/api/v1/nothing", "--jq", ".x"], &key);
    assert!(output.stdout.is_empty() && text(&output).starts_with("API-02 "), "{}", text(&output));
}

#[cfg(feature = "jq")]
#[test]
fn filter_is_not_blamed_for_the_response() {
    let utf16 = "{\"a\":\"\u{fc}\"}".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let bodies: [(u16, &[u8], i32, &str); 8] = [
        (200, b"\xef\xbb\xbf{\"a\":1}", 0, "1\n"),
        (200, &utf16, 0, "\u{fc}\n"),
        (204, b"", 0, ""),
        (200, b"<html><title>Sign in</title></html>", 9, "GW-03 "),
        (200, b"{\"a\":1", 9, "AUT-05 "),
        (200, b"{\"a\":\"\xff\"}", 9, "AUT-05 "),
        (200, b"{\"a\":NaN}", 9, "AUT-05 "),
        (200, b"{\"a\":\"\\ud83d\"}", 0, "\u{fffd}\n"),
    ];
    for (status, body, exit, expected) in bodies {
        let body = bytes::Bytes::copy_from_slice(body);
        let respond = handler(move |_, _| {
            let response = http::Response::builder().status(status).body(body.clone()).expect("a response");
            async move { response }
        });
        let front = Front::start(FrontOptions::default(), respond).expect("loopback can be bound");
        let output = call(&front, &["--jq", ".a"]);
        assert_eq!(output.status.code(), Some(exit), "{expected}: {}", text(&output));
        match exit {
            0 => assert_eq!(String::from_utf8_lossy(&output.stdout), expected),
            _ => assert!(text(&output).contains(expected), "{expected}: {}", text(&output)),
        }
    }
}

/// A call to this server, with a key.
fn call(front: &Front, options: &[&str]) -> Output {
    let ca = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(ca.path(), Pki::shared().root_pem()).expect("written");
    let (url, ca) = (front.url("localhost"), ca.path().display().to_string());
    let variables = [("DC_BASE", &*url), ("DC_CA_FILE", &*ca), ("DC_API_KEY", "canary-canary-canary")];
    d1(&[&["call", "GET", ME], options].concat(), &variables)
}

#[test]
fn success_that_is_no_result_is_printed_with_a_warning() {
    for (body, warning) in [
        (r#"{"errors":[{"code":"x","message":"shard 2 is away"}],"data":null}"#, "AUT-05 "),
        (r#"{"error":"access_denied","error_description":"shard 2 is away"}"#, "AUT-05 "),
        ("\n<!DOCTYPE html><title>shard 2 is away</title>", "GW-03 "),
        ("<html><head><title>shard 2 is away</title></head></html>", "GW-03 "),
        (r#"{"id":"7","errors":[{"message":"of the last run"}]}"#, ""),
        (r#"{"errors":[],"error":null,"items":[]}"#, ""),
        ("<list><user>7</user></list>", ""),
    ] {
        let respond = handler(move |_, _| {
            // A gateway may leave the type of the API's responses.
            let response = http::Response::builder().header("content-type", "application/json");
            let response = response.body(bytes::Bytes::from_static(body.as_bytes())).expect("a response");
            async move { response }
        });
        let front = Front::start(FrontOptions::default(), respond).expect("loopback can be bound");
        let output = call(&front, &[]);
        assert!(output.status.success() && output.stdout == body.as_bytes(), "{}", text(&output));
        let shown = String::from_utf8_lossy(&output.stderr);
        match warning {
            "" => assert!(shown.is_empty(), "{body}: {shown}"),
            warning => {
                assert!(
                    shown.starts_with(&format!("warning: {warning}")) && shown.contains("shard 2 is away"),
                    "{shown}"
                );
            }
        }
    }
}

#[test]
fn colours_are_used_only_where_they_are_wanted() {
    let stage = Stage::new();
    let key = ("DC_API_KEY", stage.key());
    for (arguments, variables, coloured) in [
        (&["doctor", "--color", "always"][..], &[key][..], true),
        (&["doctor"], &[key], false),
        (&["doctor", "--color", "never"], &[key], false),
        (&["doctor"], &[key, ("NO_COLOR", "1")], false),
        (&["whoami", "--color=always"], &[("DC_API_KEY", "")], true),
        (&["whoami"], &[("DC_API_KEY", "")], false),
        (&["lst", "--color=always"], &[], true),
        (&["lst"], &[], false),
        (&["token", "list", "--color=always"], &[key], true),
        (&["--json", "token", "list", "--color=always"], &[key], false),
    ] {
        let shown = text(&stage.d1(arguments, variables));
        assert_eq!(shown.contains("\u{1b}["), coloured, "{arguments:?} {variables:?}: {shown}");
    }
}

#[test]
fn no_retry_sends_once() {
    let stage = Stage::new();
    stage.emulator.control().fault(Fault::too_many_requests(RetryAfter::seconds(0)).next(1));
    let output = stage.d1(&["--json", "whoami", "--no-retry"], &[("DC_API_KEY", stage.key())]);
    let document = document(&output);
    assert_eq!((output.status.code(), &document["error"]["attempts"]), (Some(7), &1.into()), "{document}");
    assert_eq!(stage.emulator.observed().len(), 1);
}

#[test]
fn connection_options_have_a_page_of_their_own() {
    for arguments in [&["help", "connection"][..], &["connection", "--help"], &["connection"]] {
        let output = d1(arguments, &[]);
        let shown = text(&output);
        assert!(output.status.success() && shown.contains("Profile of d1.toml"), "{arguments:?}: {shown}");
        assert!(!shown.contains('\u{a0}'), "{shown}");
    }
    let shown = text(&d1(&["help", "token", "rotate"], &[]));
    assert!(shown.contains("Connection options (d1 help connection): --transport, --profile"), "{shown}");
}
