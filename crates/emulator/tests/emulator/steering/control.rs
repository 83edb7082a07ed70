//! The control API over its port: each call, and refused clients.

use std::net::TcpListener;
use std::time::{Duration, SystemTime};

use digicert_one_emulator::{Emulator, EmulatorError, EmulatorOptions, Fault, HostKind, LastDay, ServiceUserSpec};
use reqwest::Method;
use serde_json::{Value, json};

use crate::caller::{Caller, ME, Response, client, read};

const PAGE: &str = include_str!("../../../../../docs/emulator.md");

/// The code examples of the page on the emulator.
fn spans() -> impl Iterator<Item = &'static str> {
    PAGE.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

fn emulator() -> Emulator {
    Emulator::start_blocking(EmulatorOptions::default().control_port(0)).unwrap()
}

/// Calls the control API with these headers.
async fn send(emulator: &Emulator, method: &str, path: &str, body: Value, headers: &[(&str, &str)]) -> Response {
    let url = emulator.control_url().unwrap() + path;
    let mut request = client(emulator, None).request(Method::from_bytes(method.as_bytes()).unwrap(), url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !body.is_null() {
        request = request.body(body.to_string());
    }
    read(request).await.unwrap()
}

/// Same as an authorised client, expecting success.
async fn steer(emulator: &Emulator, method: &str, path: &str, body: Value) -> Value {
    let response = send(emulator, method, path, body.clone(), &[]).await;
    assert_eq!(response.status, 200, "{method} {path} {body}: {}", response.text);
    response.json()
}

async fn refused(emulator: &Emulator, method: &str, path: &str, body: Value) -> (u16, String) {
    let response = send(emulator, method, path, body, &[]).await;
    (response.status, response.json()["error"].as_str().unwrap().to_owned())
}

async fn status(emulator: &Emulator) -> u16 {
    Caller::platform(emulator).key(emulator.users()[0].api_key()).get(ME).await.status
}

async fn status_by_certificate(emulator: &Emulator) -> u16 {
    Caller::client_auth(emulator).certificate(emulator.users()[0].certificate()).get(ME).await.status
}

#[tokio::test]
async fn requests_that_a_browser_may_have_sent_are_turned_away() {
    let emulator = emulator();
    let port = emulator.control_url().unwrap().rsplit(':').next().unwrap().to_owned();
    let foreign = format!("rebound.example:{port}");
    let own = format!("127.0.0.1:{port}");
    for headers in [
        vec![("origin", "https://example.test")],
        vec![("origin", "null")],
        vec![("origin", "http://localhost")],
        vec![("host", foreign.as_str())],
        vec![("host", "localhost.example")],
        vec![("host", "127.0.0.1.example:80")],
        vec![("host", "10.0.0.1")],
        vec![("host", "[::2]")],
        vec![("host", "user@localhost")],
        vec![("host", "0x7f.1")],
        vec![("host", own.as_str()), ("origin", "https://example.test")],
    ] {
        let response = send(&emulator, "POST", "/users/ci-bot/disable", Value::Null, &headers).await;
        assert_eq!(response.status, 403, "{headers:?}");
        assert!(response.json()["error"].is_string());
        assert_eq!(send(&emulator, "GET", "/state", Value::Null, &headers).await.status, 403, "{headers:?}");
    }
    assert_eq!(status(&emulator).await, 200, "nothing was changed");
    for host in ["localhost", "LOCALHOST:80", "127.9.9.9", "[::1]:9", "[::1]", own.as_str()] {
        assert_eq!(send(&emulator, "GET", "/clock", Value::Null, &[("host", host)]).await.status, 200, "{host}");
    }
}

#[tokio::test]
async fn control_port_is_disabled_by_default() {
    let emulator = Emulator::start_blocking(EmulatorOptions::default()).unwrap();
    assert_eq!(emulator.control_url(), None);
}

#[test]
fn control_port_in_use_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Emulator::start_blocking(EmulatorOptions::default().control_port(port)).unwrap_err();
    assert!(matches!(error, EmulatorError::ControlPort { .. }), "{error}");
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}

#[tokio::test]
async fn control_api_lists_its_calls_and_explains_errors() {
    let emulator = emulator();
    let calls = steer(&emulator, "GET", "/", Value::Null).await;
    let calls: Vec<_> = calls.as_array().unwrap().iter().map(|call| [&call["method"], &call["path"]]).collect();
    for [method, path] in &calls {
        let name = format!("{} {}", method.as_str().unwrap(), path.as_str().unwrap());
        assert!(spans().any(|span| span == name), "{name} is missing in docs/emulator.md");
    }
    assert!(PAGE.contains(&format!("lists its {} calls", calls.len())), "there are {} calls", calls.len());

    for path in ["/nothing", "/faults/", "/users/%ff/tokens/0/", "/users//disable"] {
        assert_eq!(refused(&emulator, "GET", path, Value::Null).await.0, 404, "{path}");
    }
    assert_eq!(refused(&emulator, "POST", "/users/%ff/disable", Value::Null).await.0, 404);
    let response = send(&emulator, "PUT", "/faults", Value::Null, &[]).await;
    assert_eq!((response.status, response.allow.as_deref()), (405, Some("GET, POST, DELETE")));
    for (path, body, word) in [
        ("/clock", json!({ "now": "yesterday" }), "now"),
        ("/clock", json!({ "now": "2026-12-31T23:59:59Z", "advance_seconds": 1 }), "not both"),
        ("/clock", json!({ "advance": 1 }), "advance"),
        ("/faults", json!({}), "kind"),
        ("/faults", json!({ "kind": "delay" }), "milliseconds"),
        ("/faults", json!({ "kind": "earthquake" }), "kind is one of"),
        ("/faults", json!({ "kind": "reset", "seconds": 1 }), "seconds"),
        ("/faults", json!({ "kind": "reset", "method": "not a method" }), "method"),
        ("/faults", json!({ "kind": "reset", "host": "example.test" }), "host"),
        ("/faults", json!({ "kind": "reset", "chance": 1.5 }), "chance"),
        ("/faults", json!({ "kind": "reset", "chance": 0.5, "times": 1 }), "not both"),
        ("/faults", json!({ "kind": "reset", "seed": 1 }), "seed"),
        ("/faults", json!({ "kind": "cut", "bytes": 1, "moment": "before-work" }), "after the work"),
        ("/faults", json!({ "kind": "html-page", "status": 99 }), "status"),
        ("/faults", json!({ "kind": "error", "status": 500, "shape": "round" }), "shape"),
        ("/faults", json!({ "kind": "unavailable", "retry_after_form": "date" }), "retry_after_seconds"),
        ("/limits", json!({ "calls": 1 }), "window_seconds"),
        ("/limits", json!({ "calls": 1, "window_seconds": 1, "retry_after_form": "words" }), "retry_after_form"),
        ("/maintenance", json!({ "until": 1 }), "until"),
        ("/error-shapes", json!({ "path": "/account", "shape": "round" }), "shape"),
        ("/server-certificate", json!({}), "ends"),
        ("/server-certificate", json!({ "ends_in_seconds": i64::MIN }), "ends"),
        ("/users/ci-bot/end-date", json!({}), "end_date"),
        ("/users/ci-bot/end-date", json!({ "end_date": "soon" }), "end_date"),
        ("/users/ci-bot/tokens/0", json!({}), "enabled"),
    ] {
        let (status, message) = refused(&emulator, "POST", path, body.clone()).await;
        assert!(status == 400 && message.contains(word), "{path} {body}: {status} {message}");
    }
    for path in ["/users/unknown/disable", "/faults/7/release", "/faults/x/release"] {
        assert_eq!(refused(&emulator, "POST", path, Value::Null).await.0, 404, "{path}");
    }
    let (status, message) = refused(&emulator, "POST", "/users/ci-bot/tokens/9", json!({ "enabled": true })).await;
    assert!(status == 404 && message.contains("API token"), "{message}");
    assert_eq!(refused(&emulator, "POST", "/save", Value::Null).await.0, 409);
    assert!(emulator.control().faults().is_empty());
}

#[test]
fn page_shows_a_valid_fault_of_every_kind() {
    let texts = spans().filter(|span| span.starts_with("{\"kind\""));
    let mut kinds: Vec<_> = texts.map(|text| text.parse::<Fault>().expect(text).kind.name()).collect();
    kinds.sort_unstable();
    let all = "cut delay error hold html-page reset too-many-requests unavailable without-secret wrong-date";
    assert_eq!(kinds, all.split(' ').collect::<Vec<_>>());
}

#[tokio::test]
async fn names_in_paths_are_decoded() {
    let users = [ServiceUserSpec::new("ci bot")];
    let options = EmulatorOptions::default().control_port(0).service_users(users);
    let emulator = Emulator::start_blocking(options).unwrap();
    steer(&emulator, "POST", "/users/ci%20bot/disable", Value::Null).await;
    assert!(!emulator.users()[0].active());
}

#[tokio::test]
async fn clock_is_set_advanced_stopped_and_reset() {
    let emulator = emulator();
    let fixed = json!({ "now": "2030-01-01T00:00:00Z", "fixed": true });
    assert_eq!(steer(&emulator, "POST", "/clock", fixed.clone()).await, fixed);
    let later = json!({ "now": "2030-01-01T01:00:00Z", "fixed": true });
    assert_eq!(steer(&emulator, "POST", "/clock", json!({ "advance_seconds": 3600 })).await, later);
    assert_eq!(steer(&emulator, "GET", "/clock", Value::Null).await, later);
    let date = Caller::platform(&emulator).get(ME).await.header("date");
    assert_eq!(date.as_deref(), Some("Tue, 01 Jan 2030 01:00:00 GMT"));

    let running = steer(&emulator, "POST", "/clock", json!({ "fixed": false })).await;
    assert_eq!(running["fixed"], false);
    steer(&emulator, "DELETE", "/clock", Value::Null).await;
    assert!(emulator.control().clock().now() <= SystemTime::now());
}

#[tokio::test]
async fn end_dates_are_set_and_removed() {
    let emulator = emulator();
    let day = |days: u64| LastDay::day_of(SystemTime::now() + Duration::from_secs(days * 24 * 60 * 60)).to_string();
    let token = emulator.users()[0].api_token_ids().next().unwrap().to_owned();
    let user = format!("/users/{}", emulator.users()[0].id());
    for (path, by_key, by_certificate) in [
        (format!("{user}/end-date"), 401, 401),
        (format!("{user}/tokens/{token}"), 401, 200),
        ("/users/ci-bot/certificates/0".to_owned(), 200, 401),
    ] {
        steer(&emulator, "POST", &path, json!({ "end_date": day(2) })).await;
        steer(&emulator, "POST", "/clock", json!({ "advance_seconds": 2 * 24 * 60 * 60 })).await;
        assert_eq!((status(&emulator).await, status_by_certificate(&emulator).await), (200, 200), "{path}");
        steer(&emulator, "POST", "/clock", json!({ "advance_seconds": 24 * 60 * 60 })).await;
        assert_eq!(
            (status(&emulator).await, status_by_certificate(&emulator).await),
            (by_key, by_certificate),
            "{path}"
        );
        steer(&emulator, "POST", &path, json!({ "end_date": null })).await;
        assert_eq!((status(&emulator).await, status_by_certificate(&emulator).await), (200, 200), "{path}");
        steer(&emulator, "DELETE", "/clock", Value::Null).await;
    }
}

#[tokio::test]
async fn users_and_credentials_are_enabled_and_disabled() {
    let emulator = emulator();
    for (off, on, body) in [
        ("/users/ci-bot/disable", "/users/ci-bot/enable", [Value::Null, Value::Null]),
        (
            "/users/ci-bot/tokens/0",
            "/users/ci-bot/tokens/0",
            [false, true].map(|enabled| json!({ "enabled": enabled })),
        ),
    ] {
        steer(&emulator, "POST", off, body[0].clone()).await;
        assert_eq!(status(&emulator).await, 401, "{off}");
        steer(&emulator, "POST", on, body[1].clone()).await;
        assert_eq!(status(&emulator).await, 200, "{on}");
    }
    let certificate = "/users/ci-bot/certificates/0";
    steer(&emulator, "POST", certificate, json!({ "enabled": false })).await;
    assert_eq!((status(&emulator).await, status_by_certificate(&emulator).await), (200, 401));
    steer(&emulator, "POST", certificate, json!({ "enabled": true })).await;
    assert_eq!(status_by_certificate(&emulator).await, 200);
}

#[tokio::test]
async fn faults_are_armed_listed_released_and_removed() {
    let emulator = emulator();
    let form = json!({
        "kind": "too-many-requests", "retry_after_seconds": 5, "retry_after_form": "seconds",
        "path": "/account", "method": "GET", "host": "platform", "times": 2, "moment": "before-work",
    });
    let id = steer(&emulator, "POST", "/faults", form.clone()).await["id"].clone();
    assert_eq!(status(&emulator).await, 429);
    let mut expected = form;
    (expected["id"], expected["met"], expected["left"]) = (id.clone(), 1.into(), 1.into());
    assert_eq!(steer(&emulator, "GET", "/faults", Value::Null).await, json!([expected]));
    steer(&emulator, "DELETE", &format!("/faults/{id}"), Value::Null).await;
    assert_eq!(status(&emulator).await, 200);

    // Each kind as input, and as output.
    for form in [
        json!({ "kind": "delay", "milliseconds": 600_000 }),
        json!({ "kind": "reset" }),
        json!({ "kind": "cut", "bytes": 3 }),
        json!({ "kind": "unavailable" }),
        json!({ "kind": "html-page", "status": 503, "chance": 0.25, "seed": 9 }),
        json!({ "kind": "error", "status": 500, "shape": "framework", "moment": "after-work" }),
        json!({ "kind": "wrong-date", "seconds": -60 }),
        json!({ "kind": "without-secret" }),
    ] {
        steer(&emulator, "POST", "/faults", form.clone()).await;
        let listed = steer(&emulator, "GET", "/faults", Value::Null).await[0].clone();
        for (name, value) in form.as_object().unwrap() {
            assert_eq!(listed[name], *value, "{form} became {listed}");
        }
        steer(&emulator, "DELETE", "/faults", Value::Null).await;
    }

    let hold = steer(&emulator, "POST", "/faults", json!({ "kind": "hold", "path": ME })).await["id"].clone();
    let held = status(&emulator);
    tokio::pin!(held);
    let ledger = emulator.ledger(HostKind::Platform);
    let before = ledger.requests().len();
    tokio::select! {
        biased;
        _ = &mut held => panic!("the call was not held"),
        arrived = ledger.wait_until(|all| all.requests.len() > before, Duration::from_secs(20)) => assert!(arrived),
    }
    steer(&emulator, "POST", &format!("/faults/{hold}/release"), Value::Null).await;
    assert_eq!(held.await, 200);
}

#[tokio::test]
async fn limits_maintenance_and_shapes_are_set_and_removed() {
    let emulator = emulator();
    steer(&emulator, "POST", "/limits", json!({ "calls": 1, "window_seconds": 3600 })).await;
    assert_eq!((status(&emulator).await, status(&emulator).await), (200, 429));
    steer(&emulator, "DELETE", "/limits", Value::Null).await;
    assert_eq!(status(&emulator).await, 200);

    let maintenance = json!({ "retry_after_seconds": 60, "retry_after_form": "date", "ending_in_seconds": 600 });
    steer(&emulator, "POST", "/maintenance", maintenance).await;
    assert_eq!(status(&emulator).await, 503);
    assert_eq!(steer(&emulator, "GET", "/state", Value::Null).await["maintenance"]["retry_after_seconds"], 60);
    steer(&emulator, "DELETE", "/maintenance", Value::Null).await;
    assert_eq!(status(&emulator).await, 200);

    steer(&emulator, "POST", "/error-shapes", json!({ "path": "/account", "shape": "csc" })).await;
    assert_eq!(Caller::platform(&emulator).get(ME).await.json()["error"], "invalid_api_key");
    steer(&emulator, "DELETE", "/error-shapes", Value::Null).await;
    assert_eq!(Caller::platform(&emulator).get(ME).await.json()["errors"][0]["code"], "invalid_api_key");
}

#[tokio::test]
async fn server_certificate_is_replaced() {
    let emulator = emulator();
    steer(&emulator, "POST", "/server-certificate", json!({ "ends_in_seconds": -60 })).await;
    assert!(Caller::platform(&emulator).send(Method::GET, ME, None).await.is_err());
    steer(&emulator, "DELETE", "/server-certificate", Value::Null).await;
    assert_eq!(status(&emulator).await, 200);
}

#[tokio::test]
async fn state_shows_everything_except_secrets() {
    let emulator = emulator();
    steer(&emulator, "POST", "/faults", json!({ "kind": "reset", "times": 0 })).await;
    let state = steer(&emulator, "GET", "/state", Value::Null).await;
    let user = state["users"].as_array().unwrap().iter().find(|user| user["friendly_name"] == "ci-bot").unwrap();
    assert_eq!(user["status"], "ACTIVE");
    assert_eq!(user["tokens"][0]["id"], emulator.users()[0].api_token_ids().next().unwrap());
    assert_eq!(user["certificates"][0]["fingerprint"], emulator.users()[0].certificate().fingerprint());
    assert_eq!(state["faults"][0]["kind"], "reset");

    let text = state.to_string();
    for key in emulator.users()[0].api_keys() {
        // Neither the whole nor its secret half.
        assert!(!text.contains(key) && !text.contains(key.split_once('_').unwrap().1));
    }
    assert!(!text.contains("PRIVATE KEY") && !text.contains("digest"));
}

#[tokio::test]
async fn observations_are_listed_and_cleared() {
    let emulator = emulator();
    status(&emulator).await;
    let observed = steer(&emulator, "GET", "/observed", Value::Null).await;
    let expected = json!([{
        "host": "platform", "method": "GET", "path": ME, "caller": "ci-bot", "proof": "api-key",
        "api_key_sent": true, "certificate": null, "status": 200, "faults": [],
    }]);
    assert_eq!(observed, expected);
    steer(&emulator, "DELETE", "/observed", Value::Null).await;
    assert!(emulator.observed().is_empty());
}

#[tokio::test]
async fn reset_restores_the_initial_state() {
    let options =
        EmulatorOptions::default().control_port(0).error_shape("/account", digicert_one_emulator::ErrorShape::Csc);
    let emulator = Emulator::start_blocking(options).unwrap();
    let before = steer(&emulator, "GET", "/state", Value::Null).await;
    let creation = json!({ "user_type": "service", "friendly_name": "late", "accounts": [emulator.account_id()] });
    let made =
        Caller::platform(&emulator).key(emulator.users()[0].api_key()).post("/account/api/v1/user", creation).await;
    assert_eq!(made.status, 201, "{}", made.text);
    for (path, body) in [
        ("/users/ci-bot/disable", Value::Null),
        ("/faults", json!({ "kind": "reset" })),
        ("/limits", json!({ "calls": 0, "window_seconds": 1 })),
        ("/maintenance", json!({})),
        ("/clock", json!({ "advance_seconds": 1_000_000 })),
        ("/error-shapes", json!({ "path": "/account", "shape": "empty" })),
        ("/server-certificate", json!({ "ends_in_seconds": -60 })),
    ] {
        steer(&emulator, "POST", path, body).await;
    }

    steer(&emulator, "POST", "/reset", Value::Null).await;

    let mut after = steer(&emulator, "GET", "/state", Value::Null).await;
    after["clock"] = before["clock"].clone();
    assert_eq!(after, before);
    assert!(emulator.control().clock().now() <= SystemTime::now());
    assert_eq!(status(&emulator).await, 200);
    assert_eq!(emulator.observed().len(), 1);
}

#[tokio::test]
async fn state_is_saved_to_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state.json");
    let options = || EmulatorOptions::default().control_port(0).state(&file);
    let emulator = Emulator::start_blocking(options()).unwrap();
    std::fs::remove_file(&file).unwrap();

    let saved = steer(&emulator, "POST", "/save", Value::Null).await;

    assert_eq!(saved["file"], file.display().to_string());
    let key = emulator.users()[0].api_key().to_owned();
    steer(&emulator, "POST", "/users/ci-bot/disable", Value::Null).await;
    drop(emulator);
    let again = Emulator::start_blocking(options()).unwrap();
    assert_eq!(Caller::platform(&again).key(&key).get(ME).await.status, 401, "changes are stored");
}
