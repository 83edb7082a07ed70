//! What libcurl and isahc would do on their own, and this crate does not let them. Nothing here that the conformance suite has
//! already: these are the habits of one library.

use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{
    Capability, Connector as _, Delivery, Exchange, HttpVersions, Phase, Proxy, Timeouts, TlsVersion, TlsVersions,
    Transport, TransportConfig, TransportError, TransportErrorKind, TrustRoots,
};
use digicert_one_isahc::Connector;
use digicert_one_testbed::{
    ClientAuth, ConnectProxy, Front, FrontOptions, Pki, ProxyOptions, RawOptions, RawServer, Script, Step, TlsRange,
    handler,
};
use futures_executor::block_on;
use http::{HeaderValue, Method, Request, Response, Version};
use rustls_pki_types::CertificateDer;

const HOST: &str = "one.digicert.test";

fn config() -> TransportConfig {
    let roots = vec![CertificateDer::from(Pki::shared().root_der().to_vec())];
    let only = Connector::new().capabilities().has(Capability::TrustOnly);
    TransportConfig::new()
        .with_trust(if only { TrustRoots::Only(roots) } else { TrustRoots::SystemAnd(roots) })
        .with_timeouts(Timeouts::new().with_connect(Duration::from_secs(20)).with_total(Duration::from_secs(30)))
        .with_name_override(HOST, IpAddr::V4(Ipv4Addr::LOCALHOST))
}

fn transport(config: &TransportConfig) -> Arc<dyn Transport> {
    Connector::new().connect(config).expect("the configuration is honoured")
}

fn front() -> Front {
    let respond = handler(|_, _| async { Response::new(Bytes::from_static(b"{}")) });
    Front::start(FrontOptions::default(), respond).expect("loopback can be bound")
}

fn scripted(scripts: impl IntoIterator<Item = Script>) -> RawServer {
    RawServer::start(RawOptions::tls(scripts)).expect("loopback can be bound")
}

fn request(method: Method, url: &str, body: &'static str) -> Request<Bytes> {
    Request::builder().method(method).uri(url).body(Bytes::from_static(body.as_bytes())).expect("a valid request")
}

fn send(transport: &dyn Transport, request: Request<Bytes>) -> Result<Exchange, TransportError> {
    block_on(transport.send(request))
}

fn refused_locally(request: Request<Bytes>) {
    let shown = format!("{} {}", request.method(), request.uri().path());
    let error = send(&*transport(&config()), request).expect_err("a local error");
    assert_eq!((error.kind(), error.delivery()), (TransportErrorKind::Config, Delivery::NotSent), "{shown}: {error:?}");
}

/// Opens when as many calls as it was made for wait at it.
struct Meeting(Mutex<usize>, Condvar);

impl Meeting {
    fn of(calls: usize) -> Arc<Self> {
        Arc::new(Self(Mutex::new(calls), Condvar::new()))
    }

    fn attend(&self) {
        let mut missing = self.0.lock().expect("no panic inside");
        *missing = missing.saturating_sub(1);
        self.1.notify_all();
        let _open = self.1.wait_while(missing, |missing| *missing > 0).expect("no panic inside");
    }
}

#[test]
fn two_posts_at_once_never_share_a_connection() {
    // libcurl repeats what was under way on a connection that two requests share, and over HTTP/2 it shares eagerly.
    let first_is_there = Meeting::of(2);
    let meeting = Arc::clone(&first_is_there);
    let both = Meeting::of(2);
    let front = Front::start(
        FrontOptions::default(),
        handler(move |request, _| {
            let (meeting, both) = (Arc::clone(&meeting), Arc::clone(&both));
            async move {
                // Waiting blocks a worker of the server, so it does that elsewhere.
                let first = request.uri().path() == "/first";
                let (done, waits) = futures_channel();
                std::thread::spawn(move || {
                    if first {
                        meeting.attend();
                    }
                    both.attend();
                    done();
                });
                waits.await;
                Response::new(Bytes::from_static(b"{}"))
            }
        }),
    )
    .expect("loopback can be bound");
    let transport = transport(&config());
    let urls = ["first", "second"].map(|name| format!("{}/{name}", front.url(HOST)));
    std::thread::scope(|scope| {
        scope.spawn(|| send(&*transport, request(Method::POST, &urls[0], "{}")).expect("answered"));
        first_is_there.attend();
        scope.spawn(|| send(&*transport, request(Method::POST, &urls[1], "{}")).expect("answered"));
    });
    let seen = front.ledger().snapshot();
    assert_eq!(seen.requests.len(), 2);
    assert_ne!(seen.requests[0].connection, seen.requests[1].connection, "{seen:?}");
}

/// How often a hostile server is tried; more with D1_HOSTILE_RUNS.
fn hostile_runs() -> usize {
    std::env::var("D1_HOSTILE_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(20)
}

/// What follows the first response, and whether the second request is certain to have failed.
type Ending = (&'static str, fn() -> Vec<Step>, bool);

/// libcurl sends a request again when a pooled connection dies before a byte of the response came, unless it would have to rewind the body.
#[test]
fn post_on_a_dying_pooled_connection_is_delivered_at_most_once() {
    let response = || Step::write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
    let large = "x".repeat(300_000).leak();
    let endings: [Ending; 6] = [
        ("closed after the request", || vec![Step::ReadRequest, Step::CloseClean], true),
        ("cut after the request", || vec![Step::ReadRequest, Step::CloseAbrupt], true),
        ("reset after the request", || vec![Step::ReadRequest, Step::Reset], true),
        ("closed while it is idle", || vec![Step::CloseClean], false),
        ("reset while it is idle", || vec![Step::Reset], false),
        ("closed a moment later", || vec![Step::Pause, Step::CloseClean], false),
    ];
    for _ in 0..hostile_runs() {
        for (method, body) in [(Method::POST, "{}"), (Method::PUT, "{}"), (Method::POST, &*large)] {
            for (what, ending, fails) in &endings {
                let mut dying = vec![Step::ReadRequest, response()];
                dying.extend(ending());
                let good = || vec![Step::ReadRequest, response()];
                let server = scripted([dying, good(), good(), good(), good(), good(), good()]);
                let transport = transport(&config());
                let send = |path: &str| {
                    let exchange =
                        send(&*transport, request(method.clone(), &format!("{}{path}", server.url(HOST)), body))?;
                    block_on(exchange.response.into_body().collect(1 << 10))
                };
                send("/first").unwrap_or_else(|error| panic!("{what}: {error:?}"));
                let second = send("/second");
                let seen = server.ledger().requests().iter().filter(|request| request.target == "/second").count();
                match second {
                    Ok(_) => assert!(!fails && seen == 1, "{what}: success and {seen} deliveries"),
                    Err(error) => {
                        assert!(seen <= 1, "{what}: {seen} deliveries");
                        let reported = (error.kind(), error.delivery());
                        assert_eq!(reported, (TransportErrorKind::Interrupted, Delivery::Unknown), "{what}: {error:?}");
                    }
                }
                assert!(!fails || seen == 1, "{what}: {seen} deliveries");
            }
        }
    }
}

#[test]
fn posts_with_a_body_share_connections_and_those_without_do_not() {
    let front = front();
    let transport = transport(&config());
    for (body, connections) in [("{}", 1), ("", 4)] {
        let before = front.ledger().connections().len();
        for _ in 0..4 {
            let exchange = send(&*transport, request(Method::POST, &front.url(HOST), body)).expect("answered");
            block_on(exchange.response.into_body().collect(16)).expect("whole");
        }
        assert_eq!(front.ledger().connections().len() - before, connections, "{body:?}");
    }
}

/// A callback that ends a future.
fn futures_channel() -> (impl FnOnce() + Send, impl Future<Output = ()> + Send) {
    let state = Arc::new(Mutex::new((false, None::<std::task::Waker>)));
    let other = Arc::clone(&state);
    let done = move || {
        let waker = {
            let mut state = other.lock().expect("no panic inside");
            state.0 = true;
            state.1.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    };
    let waits = std::future::poll_fn(move |cx| {
        let mut state = state.lock().expect("no panic inside");
        if state.0 {
            return std::task::Poll::Ready(());
        }
        state.1 = Some(cx.waker().clone());
        std::task::Poll::Pending
    });
    (done, waits)
}

#[test]
fn body_without_type_is_not_sent_as_a_form() {
    let front = front();
    let transport = transport(&config());
    send(&*transport, request(Method::POST, &front.url(HOST), "{}")).expect("answered");
    let mut typed = request(Method::POST, &front.url(HOST), "{}");
    typed.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    send(&*transport, typed).expect("answered");
    send(&*transport, request(Method::POST, &front.url(HOST), "")).expect("answered");
    let types: Vec<_> = front.ledger().requests().iter().map(|one| one.header_values("content-type")).collect();
    assert_eq!(types, [vec!["application/octet-stream".to_owned()], vec!["application/json".to_owned()], vec![]]);
}

#[test]
fn framing_headers_of_the_caller_are_replaced() {
    let front = front();
    let transport = transport(&config().with_http_versions(HttpVersions::Http1));
    let mut lying = request(Method::POST, &front.url(HOST), "whole");
    lying.headers_mut().append("content-length", HeaderValue::from_static("2"));
    lying.headers_mut().append("transfer-encoding", HeaderValue::from_static("chunked"));
    send(&*transport, lying).expect("answered");
    let arrived = front.ledger().requests().remove(0);
    assert_eq!(arrived.header_values("content-length"), ["5"]);
    assert!(arrived.header_values("transfer-encoding").is_empty());
    assert_eq!(arrived.body_len, 5);
}

#[test]
fn empty_error_without_length_is_a_response() {
    for (head, status) in [
        ("HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n", 403),
        ("HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n", 503),
        ("HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\nconnection: close\r\n\r\n", 302),
    ] {
        let server = scripted([vec![Step::ReadRequest, Step::write(head), Step::CloseClean]]);
        let exchange = send(&*transport(&config()), request(Method::GET, &server.url(HOST), ""))
            .unwrap_or_else(|error| panic!("{status} is a response: {error:?}"));
        assert_eq!(exchange.response.status(), status);
        let body = block_on(exchange.response.into_body().collect(1 << 10)).expect("an empty body");
        assert!(body.is_empty(), "{status}");
    }
}

#[test]
fn success_with_a_torn_head_is_an_error() {
    // Without its last line, and without any status line that says so: isahc would make a 200 of either.
    for cut in ["HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n", "content-type: application/json\r\n"] {
        let server = scripted([vec![Step::ReadRequest, Step::write(cut), Step::CloseClean]]);
        let error = send(&*transport(&config()), request(Method::GET, &server.url(HOST), "")).expect_err("a cut head");
        let kinds = [TransportErrorKind::Interrupted, TransportErrorKind::Protocol];
        assert!(kinds.contains(&error.kind()), "{cut:?} {error:?}");
        assert_eq!(error.delivery(), Delivery::Unknown, "{cut:?}");
    }
}

#[test]
fn header_value_that_isahc_panics_over_is_a_local_error() {
    let front = front();
    let mut request = request(Method::GET, &front.url(HOST), "");
    request.headers_mut().insert("x-name", HeaderValue::from_bytes("Zoë".as_bytes()).expect("opaque bytes"));
    refused_locally(request);
    assert!(front.ledger().connections().is_empty());
}

#[test]
fn url_that_libcurl_would_rewrite_is_a_local_error() {
    let front = front();
    let authority = format!("{HOST}:{}", front.port());
    for url in [
        format!("https://{authority}/a/../b"),
        format!("https://{authority}/a/%2E%2e/b"),
        format!("https://{authority}/a/./b"),
        format!("https://{authority}/%e4"),
        format!("https://user:password@{authority}/"),
        "file://localhost/etc/hostname".to_owned(),
        format!("ftp://{authority}/"),
    ] {
        refused_locally(request(Method::GET, &url, ""));
    }
    refused_locally(request(Method::HEAD, &front.url(HOST), "a HEAD with a body"));
    assert!(front.ledger().connections().is_empty());
}

#[test]
fn empty_query_is_sent() {
    let front = front();
    send(&*transport(&config()), request(Method::GET, &format!("{}/a?", front.url(HOST)), "")).expect("answered");
    assert_eq!(front.ledger().requests()[0].target, "/a?");
}

#[test]
fn zero_timeout_expires_and_a_huge_one_is_accepted() {
    let silent = RawServer::silent().expect("loopback can be bound");
    let url = format!("https://{}/", silent.addr());
    for nothing in [Duration::ZERO, Duration::from_micros(1)] {
        let limits = Timeouts::new().with_total(nothing).with_connect(nothing);
        let error =
            send(&*transport(&config().with_timeouts(limits)), request(Method::GET, &url, "")).expect_err("late");
        assert!(matches!(error.kind(), TransportErrorKind::Timeout(_)), "{error:?}");
    }
    let front = front();
    let limits = Timeouts::new().with_total(Duration::MAX).with_connect(Duration::MAX);
    send(&*transport(&config().with_timeouts(limits)), request(Method::GET, &front.url(HOST), "")).expect("answered");
}

#[test]
fn total_timeout_reports_the_phase_when_it_expires_first() {
    let limits = Timeouts::new().with_connect(Duration::from_secs(30)).with_total(Duration::from_secs(1));
    let config = config().with_timeouts(limits);
    let silent = RawServer::silent().expect("loopback can be bound");
    let url = format!("https://{}/", silent.addr());
    let error = send(&*transport(&config), request(Method::POST, &url, "{}")).expect_err("no handshake");
    assert_eq!(error.kind(), TransportErrorKind::Timeout(Phase::ConnectOrHandshake), "{error:?}");
    assert_eq!(error.delivery(), Delivery::NotSent);

    let stalled = scripted([vec![Step::ReadRequest, Step::Stall]]);
    let error = send(&*transport(&config), request(Method::POST, &stalled.url(HOST), "{}")).expect_err("no response");
    assert_eq!(error.kind(), TransportErrorKind::Timeout(Phase::Response), "{error:?}");
    assert_eq!(error.delivery(), Delivery::Unknown);
    assert_eq!(error.facts().peer, Some(stalled.addr()));
}

#[test]
fn failed_handshake_has_sent_nothing() {
    let respond = handler(|_, _| async { Response::new(Bytes::new()) });
    let options = FrontOptions::default().client_auth(ClientAuth::Required).tls(TlsRange::Only12);
    let front = Front::start(options, respond).expect("loopback can be bound");
    // More than once: which of libcurl's codes comes out is a race.
    for _ in 0..20 {
        let error = send(&*transport(&config()), request(Method::POST, &front.url(HOST), "{}")).expect_err("refused");
        assert_eq!(error.delivery(), Delivery::NotSent, "{error:?}");
        let kinds = [TransportErrorKind::Tls, TransportErrorKind::PeerAlert(digicert_one_core::TlsAlert(116))];
        assert!(kinds.contains(&error.kind()), "{error:?}");
    }
}

#[test]
fn certain_facts_are_reported() {
    let front = front();
    let transport = transport(&config().with_tls_versions(TlsVersions::Only(TlsVersion::Tls12)));
    let facts = send(&*transport, request(Method::POST, &front.url(HOST), "")).expect("answered").facts;
    assert_eq!(facts.peer, Some(front.addr()));
    assert_eq!((facts.reused, facts.tls_version), (Some(false), Some(TlsVersion::Tls12)));
    assert_eq!((facts.identity_requested, facts.identity_sent), (None, Some(false)));
}

#[test]
fn unread_response_keeps_the_pool() {
    for versions in [HttpVersions::Http1, HttpVersions::Both] {
        let front = front();
        let transport = transport(&config().with_http_versions(versions));
        for _ in 0..12 {
            drop(send(&*transport, request(Method::GET, &front.url(HOST), "")).expect("answered"));
        }
        assert!(front.ledger().connections().len() <= 6, "{versions:?} {:?}", front.ledger().connections());
    }
}

#[test]
fn response_length_is_known_before_reading() {
    let front = front();
    let transport = transport(&config());
    for (method, length) in [(Method::GET, 2), (Method::HEAD, 0)] {
        let exchange = send(&*transport, request(method.clone(), &front.url(HOST), "")).expect("answered");
        assert_eq!(http_body::Body::size_hint(exchange.response.body()).exact(), Some(length), "{method}");
    }
}

#[test]
fn safe_calls_speak_http2_and_the_others_http1() {
    let front = front();
    let transport = transport(&config());
    for (method, version) in [(Method::GET, Version::HTTP_2), (Method::POST, Version::HTTP_11)] {
        let exchange = send(&*transport, request(method.clone(), &front.url(HOST), "")).expect("answered");
        assert_eq!(exchange.response.version(), version, "{method}");
    }
}

#[test]
fn response_with_too_many_headers_fails_alone() {
    let mut response = String::from("HTTP/1.1 200 OK\r\n");
    let digits = "abcdefghijklmnopqrstuvwxyz0123456789";
    for (a, b, c) in
        digits.chars().flat_map(|a| digits.chars().flat_map(move |b| digits.chars().map(move |c| (a, b, c))))
    {
        response.extend([a, b, c, ':', '\r', '\n']);
    }
    response.push_str("content-length: 2\r\n\r\n{}");
    let absurd = scripted([vec![Step::ReadRequest, Step::write(response), Step::Stall]]);
    let good = front();
    let transport = transport(&config().with_http_versions(HttpVersions::Http1));
    send(&*transport, request(Method::GET, &absurd.url(HOST), "")).expect_err("more than fit into a header map");
    for _ in 0..3 {
        send(&*transport, request(Method::GET, &good.url(HOST), "")).expect("answered");
    }
}

/// The test runs again in a process of its own, with `environment`; true there.
fn again_with(test: &str, environment: &[(&str, &str)]) -> bool {
    const CHILD: &str = "DIGICERT_ONE_ISAHC_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    let output = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, "1")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .expect("this test can be run again");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("1 passed"), "the test did not run: {text}");
    false
}

#[test]
fn given_roots_stand_beside_a_system_whose_roots_are_one_file() {
    if !Connector::new().capabilities().has(Capability::TrustSystemAnd) {
        return;
    }
    // The child has a PKI of its own, so the server and the system's roots are the parent's.
    const PORT: &str = "DIGICERT_ONE_ISAHC_PORT";
    let Ok(port) = std::env::var(PORT) else {
        let front = front();
        let directory = std::env::temp_dir().join(format!("isahc-roots-{}-{}", std::process::id(), front.port()));
        let empty = directory.join("empty");
        std::fs::create_dir_all(&empty).expect("a directory for the roots");
        let file = directory.join("roots.pem");
        std::fs::write(&file, Pki::shared().root_pem()).expect("the roots are written");
        let environment = [
            ("SSL_CERT_FILE", file.to_str().expect("a readable path")),
            ("SSL_CERT_DIR", empty.to_str().expect("a readable path")),
            (PORT, &front.port().to_string()),
        ];
        again_with("given_roots_stand_beside_a_system_whose_roots_are_one_file", &environment);
        std::fs::remove_dir_all(&directory).expect("the directory is ours");
        assert_eq!(front.ledger().requests().len(), 1);
        return;
    };
    let url = format!("https://{HOST}:{port}/");
    let given = vec![CertificateDer::from(Pki::shared().root_der().to_vec())];
    let config = config().with_trust(TrustRoots::SystemAnd(given));
    send(&*transport(&config), request(Method::GET, &url, "")).expect("the system's root counts");
    send(&*transport(&config), request(Method::GET, &front().url(HOST), "")).expect("and so does the given one");
}

#[test]
fn no_proxy_variable_is_ignored_with_an_explicit_proxy() {
    if !again_with("no_proxy_variable_is_ignored_with_an_explicit_proxy", &[("no_proxy", "*")]) {
        return;
    }
    let front = front();
    let target = format!("{HOST}:{}", front.port());
    let options = ProxyOptions::default().route(&target, front.addr());
    let proxy = ConnectProxy::start(options).expect("loopback can be bound");
    let config = config().with_proxy(Proxy::Http(proxy.url().parse().expect("a proxy address")));
    send(&*transport(&config), request(Method::GET, &front.url(HOST), "")).expect("answered");
    assert_eq!(proxy.ledger().requests().len(), 1, "past the proxy");
}

#[test]
fn name_override_applies_to_the_proxy() {
    let front = front();
    let target = format!("{HOST}:{}", front.port());
    let proxy =
        ConnectProxy::start(ProxyOptions::default().route(&target, front.addr())).expect("loopback can be bound");
    let url = format!("http://proxy.digicert.test:{}", proxy.addr().port());
    let config = config()
        .with_name_override("proxy.digicert.test", IpAddr::V4(Ipv4Addr::LOCALHOST))
        .with_proxy(Proxy::Http(url.parse().expect("a proxy address")));
    send(&*transport(&config), request(Method::GET, &front.url(HOST), "")).expect("answered");
    assert_eq!(proxy.ledger().requests()[0].target, target);
}

#[test]
fn https_proxy_is_refused() {
    let config = config().with_proxy(Proxy::Http("https://proxy.digicert.test:1".parse().expect("an address")));
    let error = Connector::new().connect(&config).expect_err("refused");
    assert_eq!(error.kind(), TransportErrorKind::Unsupported(Capability::HttpsProxy), "{error:?}");
}

/// The kind of the failure of a GET that gets this for a response, and the texts of its causes.
fn failure_of(response: String) -> (TransportErrorKind, String) {
    let server = scripted([vec![Step::ReadRequest, Step::write(response), Step::CloseClean]]);
    let error = send(&*transport(&config()), request(Method::GET, &server.url(HOST), "")).expect_err("refused");
    assert_eq!(server.ledger().requests().len(), 1, "sent again");
    (error.kind(), digicert_one_core::causes(&error).map(|cause| format!("{cause}\n")).collect())
}

#[test]
fn unreadable_head_is_a_protocol_error() {
    for response in [
        "HTTP/1.1 200 OK\r\nX-A : 1\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\ncontent-length: 2\n\n{}",
        "HTTP/1.1 2000 OK\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nno colon\r\ncontent-length: 2\r\n\r\n{}",
        "HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        let (kind, causes) = failure_of(response.to_owned());
        assert_eq!(kind, TransportErrorKind::Protocol, "{response:?} {causes}");
    }
}

#[test]
fn head_above_the_limits_is_reported_with_its_size() {
    let head = |fields: String| format!("HTTP/1.1 200 OK\r\n{fields}content-length: 2\r\n\r\n{{}}");
    let large = |length: usize| head(format!("x-large: {}\r\n", "v".repeat(length)));
    let many: String = (0..300).map(|index| format!("x-{index}: v\r\n")).collect();
    for (response, shown) in [
        (large(70_000), "70030 bytes in 2 fields"),
        (head(many), "in 301 fields"),
        // Above what libcurl takes itself.
        (large(500_000), "[100]"),
    ] {
        let (kind, causes) = failure_of(response);
        assert_eq!(kind, TransportErrorKind::HeadLimit, "{causes}");
        assert!(causes.contains(shown), "{causes}");
    }
    let server = scripted([vec![Step::ReadRequest, Step::write(large(60_000))]]);
    send(&*transport(&config()), request(Method::GET, &server.url(HOST), "")).expect("below the limit");
}
