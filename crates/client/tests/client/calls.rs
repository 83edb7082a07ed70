//! Calls: redirects, error responses, limits, headers.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use digicert_one_client::{Client, ErrorKind};
use digicert_one_core::{
    ApiKey, ClientIdentity, Clock, Code, Credential, CredentialError, Instance, Lease, LeaseRequest, Material,
    Timeouts, TransportConfig, Verdict,
};
use futures_executor::block_on;

use crate::scripted::{Scripted, Source, builder, client, identity, key, response};

#[test]
fn redir_05_307_within_the_origin_keeps_method_and_body() {
    let scripted = Scripted::responding([response(307, Some("/moved?x=1"), "")]);
    block_on(client(&scripted).post("/here").json(&[1]).send()).expect("followed");
    let expected = [("POST", "https://one.digicert.test/here"), ("POST", "https://one.digicert.test/moved?x=1")];
    assert_eq!(scripted.requests(), expected.map(|(method, uri)| (method.to_owned(), uri.to_owned())));
    let requests = scripted.0.requests.lock().expect("unpoisoned");
    assert_eq!(requests[1].body().as_ref(), b"[1]");
    assert_eq!(requests[1].headers()["x-api-key"], "canary-key");
}

#[test]
fn redir_06_303_becomes_a_get_without_body() {
    let scripted = Scripted::responding([response(303, Some("https://ONE.digicert.test:443/done"), "")]);
    block_on(client(&scripted).post("/here").json(&[1]).send()).expect("followed");
    assert_eq!(scripted.requests()[1], ("GET".to_owned(), "https://one.digicert.test/done".to_owned()));
    let requests = scripted.0.requests.lock().expect("unpoisoned");
    assert!(requests[1].body().is_empty() && !requests[1].headers().contains_key("content-type"));
}

#[test]
fn redir_07_loop_ends_with_an_error() {
    let scripted = Scripted::responding((0..10).map(|_| response(302, Some("/again"), "")));
    let error = block_on(client(&scripted).get("/").send()).expect_err("a loop");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Redirect, Code::SEC_01));
    assert_eq!(scripted.requests().len(), 6, "five hops are followed");
    let shown = error.diagnosis().to_string();
    assert!(!shown.contains("not sent there") && shown.contains("look at its redirects"), "{shown}");
}

#[test]
fn redir_08_odd_targets_are_errors_that_show_no_query() {
    for target in [
        "https://canary@one.digicert.test/",
        "https://other.test/?token=canary",
        "//other.test/?token=canary",
        "javascript:canary",
        "file:///canary",
        "/a/../canary",
        "http://one.digicert.test/canary",
    ] {
        let scripted = Scripted::responding([response(302, Some(target), "")]);
        let error = block_on(client(&scripted).get("/").send()).expect_err(target);
        assert_eq!(error.code(), Code::SEC_01, "{target}");
        assert!(!error.to_string().contains("canary"), "{error}");
        assert_eq!(scripted.requests().len(), 1, "{target}");
    }
}

#[test]
fn prefix_of_the_installation_is_kept_in_redirects() {
    let scripted = Scripted::responding([response(302, Some("/d1/moved"), ""), response(302, Some("/elsewhere"), "")]);
    let instance = Instance::parse("one.digicert.test").and_then(|one| one.with_path_prefix("/d1")).expect("a prefix");
    let client = builder(&scripted).instance(instance).build().expect("complete");
    let error = block_on(client.get("/here").send()).expect_err("the second leaves the installation");
    assert_eq!(error.code(), Code::SEC_01);
    assert_eq!(scripted.requests()[1].1, "https://one.digicert.test/d1/moved");
}

#[test]
fn partial_response_is_a_result_only_if_it_was_asked_for() {
    let part = |range: &'static str| {
        let mut part = response(206, None, r#"[{"id":1},{"id":2}]"#);
        part.headers_mut().insert("content-range", range.parse().expect("a value"));
        part
    };
    for (range, words) in [
        ("items 0-1/500", "page of a list"),
        ("0-1/*", "page of a list"),
        ("bytes 0-18/500", "a cache or proxy in between"),
    ] {
        let scripted = Scripted::responding([part(range), part(range)]);
        let client = client(&scripted);
        let error = block_on(client.get("/x").send()).expect_err(range);
        let shown = error.diagnosis().to_string();
        assert!(error.code() == Code::AUT_05 && shown.contains(words), "{range}: {shown}");
        assert!(shown.contains(range) && !shown.contains("\"id\""), "{shown}");
        assert_eq!(block_on(client.get("/x").send_raw()).expect("as it came").status(), 206);
    }
    for (asked, range) in
        [(None, "items 0-1/2"), (Some("bytes=0-18"), "bytes 0-18/500"), (Some("items=0-1"), "items 0-1/500")]
    {
        let scripted = Scripted::responding([part(range)]);
        let request = client(&scripted).get("/x");
        let request = asked.into_iter().fold(request, |request, asked| request.header("range", asked));
        assert_eq!(block_on(request.send()).expect(range).status(), 206);
    }
    let scripted = Scripted::responding([part("bytes 19-37/500")]);
    let error = block_on(client(&scripted).get("/x").header("range", "bytes=0-18").send()).expect_err("another part");
    assert_eq!(error.code(), Code::AUT_05);
}

#[test]
fn interim_status_in_place_of_a_result_is_an_error() {
    for status in [101, 199] {
        for method in [http::Method::GET, http::Method::DELETE] {
            let scripted = Scripted::responding([response(status, None, ""), response(status, None, "")]);
            let client = client(&scripted);
            let error = block_on(client.request(method.clone(), "/x").send()).expect_err("not a result");
            let shown = error.diagnosis().to_string();
            assert!(error.code() == Code::AUT_05 && shown.contains("interim status"), "{method} {status}: {shown}");
            assert!(block_on(client.request(method, "/x").send_relayed()).is_err(), "a program cannot be sent it");
            assert_eq!(scripted.0.requests.lock().expect("requests").len(), 2, "neither is retried");
        }
    }
}

#[test]
fn secret_in_an_error_response_is_not_in_the_error() {
    const BODY: &str = concat!(
        r#"{"id":"t-1","note":"n","token":"0123456789abcdef0123456789_0123456789abcdef0123456789abcdef"#,
        r#"0123456789abcdef0123456789abcdef","password":"canary"}"#
    );
    for status in [206, 300, 302, 400, 403, 404, 409, 418, 422, 500, 502] {
        let scripted = Scripted::responding([response(status, None, BODY)]);
        let error = block_on(client(&scripted).post("/x").send()).expect_err("an error");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("0123456789abcdef") && !shown.contains("canary"), "{status}: {shown}");
    }
}

#[test]
fn error_response_is_an_error_unless_asked_for_raw() {
    let body = r#"{"error":{"status":"access_denied","message":"The user is not multi-factor authenticated"}}"#;
    let scripted = Scripted::responding([response(403, None, body), response(403, None, body)]);
    let client = client(&scripted);
    let error = block_on(client.get("/").send()).expect_err("forbidden");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Platform, Code::AUT_02));
    assert_eq!(error.response().and_then(|response| response.code.as_deref()), Some("access_denied"));
    let response = block_on(client.get("/").send_raw()).expect("a response");
    assert_eq!(response.status(), 403);
}

#[test]
fn body_above_the_limit_is_an_error_and_a_stream_has_none() {
    let scripted = Scripted::responding([response(200, None, "0123456789"), response(200, None, "0123456789")]);
    let client = builder(&scripted).max_body(9).build().expect("complete");
    let response = block_on(client.get("/").send()).expect("a head");
    assert_eq!(block_on(response.bytes()).expect_err("too large").code(), Code::CFG_03);
    let mut response = block_on(client.get("/").send()).expect("a head");
    assert_eq!(block_on(response.chunk()).expect("a chunk").as_deref(), Some(&b"0123456789"[..]));
}

#[test]
fn missing_or_contradictory_setting_is_refused_at_build() {
    let scripted = Scripted::default();
    let identity = identity("the test");
    let incomplete = [
        Client::builder(),
        Client::builder().connector(scripted.clone()),
        builder(&scripted).user_agent("two\nlines"),
        builder(&scripted).transport_config(TransportConfig::new().with_identity(Some(identity))),
    ];
    for builder in incomplete {
        assert_eq!(builder.build().expect_err("incomplete").kind(), ErrorKind::Config);
    }
    assert_eq!(scripted.connects(), 0);
}

#[test]
fn another_identity_is_another_transport_and_another_key_is_not() {
    let (alice, bob) = (identity("alice"), identity("bob"));
    let with_key = |identity: &ClientIdentity, key: &str| {
        Material::certificate_and_key(identity.clone(), ApiKey::new(key).expect("a key"))
    };
    let scripted = Scripted::default();
    let source = Source::of([
        Material::certificate(alice.clone()),
        with_key(&alice, "one"),
        with_key(&alice, "two"),
        with_key(&bob, "two"),
        key(),
        key(),
    ]);
    let client = builder(&scripted).credential(source).build().expect("complete");
    let connects: Vec<usize> = (0..6)
        .map(|_| {
            block_on(client.get("/").send()).expect("a response");
            scripted.connects()
        })
        .collect();
    assert_eq!(connects, [1, 1, 1, 2, 3, 3]);
}

#[test]
fn credential_hears_what_became_of_its_lease() {
    let scripted = Scripted::responding([response(200, None, "{}"), response(401, None, ""), response(403, None, "")]);
    let source = Source::of([key(), key(), key()]);
    let client = builder(&scripted).credential(source.clone()).build().expect("complete");
    for _ in 0..3 {
        let _ = block_on(client.get("/").send());
    }
    let verdicts: Vec<Verdict> =
        source.0.verdicts.lock().expect("unpoisoned").iter().map(|(_, verdict)| *verdict).collect();
    assert_eq!(verdicts, [Verdict::Accepted, Verdict::Rejected, Verdict::Accepted]);
    let error = block_on(client.get("/").send()).expect_err("no lease left");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Credential, Code::ID_13));
}

/// A source that never responds.
#[derive(Debug)]
struct Silent;

#[async_trait]
impl Credential for Silent {
    async fn lease(&self, _need: &LeaseRequest) -> Result<Lease, CredentialError> {
        std::future::pending().await
    }
}

/// A clock whose waits are over at once, and which remembers them.
#[derive(Debug, Default)]
struct Impatient(Mutex<Vec<Duration>>);

impl Clock for Impatient {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        self.0.lock().expect("unpoisoned").push(duration);
        Box::pin(std::future::ready(()))
    }
}

#[test]
fn credential_that_never_answers_meets_the_limit_of_the_call() {
    let scripted = Scripted::default();
    let clock = Arc::new(Impatient::default());
    let client = builder(&scripted)
        .credential(Silent)
        .timeouts(Timeouts::new().with_total(Duration::from_secs(7)))
        .clock(Arc::clone(&clock) as Arc<dyn Clock>)
        .build()
        .expect("complete");
    let error = block_on(client.get("/").send()).expect_err("the limit");
    assert_eq!(error.code(), Code::NET_08);
    assert_eq!(*clock.0.lock().expect("unpoisoned"), [Duration::from_secs(7)]);
    assert!(scripted.requests().is_empty());
}

#[test]
fn req_06_and_07_client_says_who_it_is_and_what_it_takes() {
    let scripted = Scripted::default();
    let client = client(&scripted);
    block_on(client.get("/").send()).expect("a response");
    block_on(client.post("/").json(&[1]).header("accept", "text/plain").send()).expect("a response");
    let requests = scripted.0.requests.lock().expect("unpoisoned");
    let agent = requests[0].headers()["user-agent"].to_str().expect("text");
    assert_eq!(agent, concat!("digicert-one-rust/", env!("CARGO_PKG_VERSION")));
    assert_eq!(requests[0].headers()["accept"], "application/json");
    assert!(!requests[0].headers().contains_key("content-type"));
    assert_eq!(requests[1].headers()["content-type"], "application/json");
    assert_eq!(requests[1].headers()["accept"], "text/plain");
}

#[test]
fn call_may_move_between_threads() {
    fn moves<T: Send>(_: &T) {}
    let client = crate::scripted::client(&crate::scripted::Scripted::default());
    moves(&client.get("/").send());
    moves(&client.get("/").send_raw());
}
