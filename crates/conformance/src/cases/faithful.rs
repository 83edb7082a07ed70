//! REQ, RETRY and REDIR, continued: requests arrive once and as given, and responses are returned as written,
//! in every setting and on first and later calls of one connection.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use bytes::Bytes;
use digicert_one_client::SystemClock;
use digicert_one_core::{Capability, Clock as _, Proxy, Timeouts, Transport};
use digicert_one_testbed::{ConnectProxy, Connection, FrontOptions, ProxyOptions, Sessions, sha256_hex};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Version};
use http_body::Body as _;

use crate::cases::time::in_time;
use crate::setting::{Crossing, Setting, Settings};
use crate::world::{HOST, World, collect, front, front_responding, get, key_value, request, untouched, up};

/// A request, and the response to it.
struct Transfer {
    method: Method,
    target: &'static str,
    /// The length of the request's body.
    sends: usize,
    status: u16,
    /// The length of the response's body.
    receives: usize,
}

const fn call(method: Method, target: &'static str, sends: usize, status: u16, receives: usize) -> Transfer {
    Transfer { method, target, sends, status, receives }
}

static CALLS: [Transfer; 16] = [
    call(Method::GET, "/A%20b/c%2Fd/?q=x%20y&R=a+b", 0, 200, 20),
    call(Method::POST, "/post?a=1", 20, 201, 20),
    call(Method::PUT, "/put/", 300_000, 202, 20),
    call(Method::PATCH, "/patch", 20, 409, 20),
    call(Method::DELETE, "/delete", 0, 204, 0),
    call(Method::DELETE, "/Delete%20d/e%2Ff?with=body", 20, 404, 20),
    call(Method::OPTIONS, "/options", 0, 203, 20),
    call(Method::POST, "/empty", 0, 503, 20),
    call(Method::HEAD, "/head", 0, 200, 0),
    call(Method::GET, "/large", 0, 200, 300_000),
    call(Method::GET, "/elsewhere/", 0, 302, 20),
    call(Method::PUT, "/put?b=%20", 20, 200, 0),
    call(Method::GET, "/a//b", 0, 403, 20),
    call(Method::POST, "/last?x=%2F%20", 100_000, 200, 100_000),
    call(Method::GET, "/a//b", 0, 403, 20),
    call(Method::GET, "/A%20b/c%2Fd/?q=x%20y&R=a+b", 0, 200, 20),
];

/// Bytes of every value, which show when a part of them is missing, doubled, elsewhere, or taken for text.
fn bytes(length: usize) -> Bytes {
    static BYTES: OnceLock<Bytes> = OnceLock::new();
    let line = |number: u32| [&b"\r\nLine\n\0\xff\xfe\xc3"[..], &number.to_be_bytes()].concat();
    BYTES.get_or_init(|| (0..30_000).flat_map(line).collect()).slice(..length)
}

/// Headers by which libraries do or leave out something, or that browsers keep for themselves.
pub(crate) const COMMON: [(&str, &str); 31] = [
    ("accept-charset", "utf-8"),
    ("accept-language", "de-DE, de;q=0.5"),
    ("cache-control", "no-store"),
    ("content-language", "de"),
    ("cookie", "A=1; B=2"),
    ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("dnt", "1"),
    ("forwarded", "for=192.0.2.60;proto=http"),
    ("from", "a@b.test"),
    ("idempotency-key", "8e03978e-40d5-43dd-bc93-6894a57f9324"),
    ("if-match", "\"E\""),
    ("if-modified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("if-none-match", "\"E\", W/\"F\""),
    ("if-range", "\"E\""),
    ("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ("origin", "https://elsewhere.digicert.test"),
    ("pragma", "no-cache"),
    ("prefer", "respond-async"),
    ("priority", "u=1"),
    ("range", "bytes=0-9"),
    ("referer", "https://elsewhere.digicert.test/Page"),
    ("sec-fetch-mode", "cors"),
    ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ("upgrade-insecure-requests", "1"),
    ("via", "1.1 Gateway"),
    ("warning", "199 - \"Old\""),
    ("x-csrf-token", "Token"),
    ("x-forwarded-for", "192.0.2.60"),
    ("x-http-method-override", "PUT"),
    ("x-request-id", "Id"),
    ("x-requested-with", "XMLHttpRequest"),
];

/// Headers in number, repeated, empty, long, and in mixed case.
pub(crate) fn headers() -> HeaderMap {
    let value = |text: &str| HeaderValue::from_str(text).expect("a header value");
    let mut headers = HeaderMap::new();
    for text in ["Three", "one  and  a  half", "Two"] {
        headers.append("x-values", value(text));
    }
    headers.insert("x-empty", value(""));
    headers.insert("x-tab", value("one\ttwo"));
    let name = format!("x-{}", "long-".repeat(20).trim_end_matches('-'));
    headers.insert(HeaderName::try_from(name).expect("a header name"), value("of a long name"));
    headers.insert("x-long", value(&"Long ".repeat(600).trim_end().replace(' ', "-")));
    for number in 0..45 {
        let name = HeaderName::try_from(format!("x-number-{number}")).expect("a header name");
        headers.insert(name, value(&format!("Value Of {number}")));
    }
    headers
}

/// What the server adds to them.
fn answered() -> HeaderMap {
    let mut headers = headers();
    for (name, text) in [
        ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("content-type", "application/x-Given"),
        ("content-encoding", "x-given"),
        ("location", "https://elsewhere.digicert.test/Place"),
        ("retry-after", "120"),
        ("cache-control", "max-age=3600"),
        ("set-cookie", "A=1; Path=/"),
        ("etag", "\"E\""),
        ("x-last", "Last"),
    ] {
        headers.insert(name, HeaderValue::from_static(text));
    }
    headers.append("set-cookie", HeaderValue::from_static("B=2"));
    headers
}

fn response(request: &Request<Bytes>) -> Response<Bytes> {
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    let call = CALLS.iter().find(|call| call.target == target && call.method == *request.method());
    let (status, length) = call.map_or((599, 0), |call| (call.status, call.receives));
    let mut response = Response::new(bytes(length));
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    *response.headers_mut() = answered();
    response
}

impl Transfer {
    fn request(&self, url: &str) -> Request<Bytes> {
        let mut sent = request(self.method.clone(), format!("{url}{}", self.target), bytes(self.sends));
        *sent.headers_mut() = headers();
        let own = [
            ("authorization", "Bearer Of.The-Caller"),
            ("accept", "application/json"),
            ("user-agent", "Conformance/1"),
        ];
        for (name, text) in own {
            sent.headers_mut().insert(name, HeaderValue::from_static(text));
        }
        // Each is in one of the calls, and one of these has them all.
        let is_last = self.target.starts_with("/last");
        let number = CALLS.iter().position(|one| std::ptr::eq(one, self)).unwrap_or_default();
        for (index, (name, text)) in COMMON.into_iter().enumerate() {
            if is_last || index % CALLS.len() == number {
                sent.headers_mut().insert(name, HeaderValue::from_static(text));
            }
        }
        sent.headers_mut().insert("x-api-key", key_value());
        // Two have a body without a type.
        if self.sends > 0 && self.method != Method::PATCH && !is_last {
            sent.headers_mut().insert("content-type", HeaderValue::from_static("application/x-Given"));
        }
        sent
    }
}

/// The values of each name are as given, and no other names exist.
pub(crate) fn same(arrived: &[(String, Vec<u8>)], given: &HeaderMap, framing: &[&str], what: &str) {
    for name in given.keys() {
        let came: Vec<&[u8]> =
            arrived.iter().filter(|(one, _)| one == name.as_str()).map(|(_, value)| &**value).collect();
        let wanted: Vec<&[u8]> = given.get_all(name).iter().map(HeaderValue::as_bytes).collect();
        assert_eq!(came, wanted, "{name} {what}");
    }
    for (name, value) in arrived {
        let known = given.contains_key(name.as_str()) || framing.contains(&name.as_str());
        assert!(known, "{name}: {:?} was added {what}", String::from_utf8_lossy(value));
    }
}

pub(crate) async fn req_20_a_call_is_the_same_at_both_ends_in_each_setting(world: World) {
    nothing_is_done_before_a_call(&world).await;
    let options = FrontOptions::default().sessions(Sessions::Off);
    let crossing = Crossing::responding(&world, &Settings::ALL, options, response);
    for setting in crossing.settings() {
        let tunnels = || crossing.proxy().map_or_else(Vec::new, |proxy| proxy.ledger().requests());
        // Before its life, in which it may begin a connection that stands, or is used, only later.
        let (front, tunnelled) = (crossing.front(setting), tunnels().len());
        let known = front.ledger().connections().len() as u64;
        let transport = crossing.transport(setting).await;
        let (before, lived, asked) =
            (front.ledger().connections().len(), tunnels().len(), front.ledger().requests().len());
        for call in &CALLS {
            compare(&world, &crossing, setting, &*transport, call).await;
        }
        let connections = front.ledger().connections().len() - before;
        // POOL-01 tests whether calls share a connection.
        assert!(connections <= CALLS.len(), "{connections} connections for {} calls, {setting}", CALLS.len());
        if setting.proxied {
            let target = format!("{HOST}:{}", front.port());
            let leading = tunnels()[tunnelled..].iter().filter(|tunnel| tunnel.target == target).count();
            let asked = front.ledger().requests_since(asked);
            let used: BTreeSet<u64> = asked.iter().map(|one| one.connection).filter(|id| *id >= known).collect();
            assert!(used.len() <= leading, "each connection goes through the proxy: {used:?}, {leading}, {setting}");
            for tunnel in &tunnels()[lived..] {
                assert_eq!((&*tunnel.method, &tunnel.target), ("CONNECT", &target), "{setting}");
                assert!(tunnel.header_values("x-api-key").is_empty(), "the proxy was shown the key, {setting}");
            }
        }
    }
}

/// One call, at the server and at the caller. The audit compares its facts.
async fn compare(world: &World, crossing: &Crossing, setting: Setting, transport: &dyn Transport, call: &Transfer) {
    let what = format!("in {} {}, {setting}", call.method, call.target);
    let front = crossing.front(setting);
    let before = front.ledger().requests().len();
    let given = call.request(&front.url(HOST));
    let exchange = transport.send(given.clone()).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let (facts, version) = (exchange.facts.clone(), exchange.response.version());
    let (status, headers) = (exchange.response.status(), exchange.response.headers().clone());
    let hint = exchange.response.body().size_hint();
    let length = call.receives as u64;
    let is_possible = hint.lower() <= length && hint.upper().is_none_or(|most| most >= length);
    let is_over = exchange.response.body().is_end_stream() && length > 0;
    assert!(is_possible && !is_over, "{hint:?}, at its end: {is_over}, {what}");
    let body = collect(exchange).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));

    let seen = front.ledger().snapshot();
    assert_eq!(seen.requests.len(), before + 1, "it is sent once, {what}");
    let arrived = seen.requests.last().expect("it arrived");
    assert_eq!((&*arrived.method, &*arrived.target), (call.method.as_str(), call.target), "{what}");
    let is_bare = [Method::GET, Method::HEAD].contains(&call.method);
    let framing: &[&str] = if is_bare { &["host"] } else { &["host", "content-length"] };
    let mut headers_out = arrived.headers.clone();
    // A type that says nothing is what no type means (RFC 9110 section 8.3): libcurl would call a body without one a form.
    let says_nothing = (CONTENT_TYPE.to_string(), b"application/octet-stream".to_vec());
    headers_out.retain(|one| call.method != Method::POST || call.sends == 0 || *one != says_nothing);
    same(&headers_out, given.headers(), framing, &what);
    assert_eq!(arrived.header_values("host"), [format!("{HOST}:{}", front.port())], "{what}");
    if call.sends > 0 {
        assert_eq!(arrived.header_values("content-length"), [call.sends.to_string()], "{what}");
    }
    let hash = sha256_hex(given.body());
    assert_eq!((arrived.body_len, &arrived.body_sha256), (call.sends as u64, &hash), "the request's body, {what}");

    assert_eq!((status.as_u16(), version), (call.status, arrived.version), "{what}");
    let came: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
    same(&came, &answered(), &["content-length"], &what);
    if length > 0 {
        assert_eq!(headers.get("content-length"), Some(&HeaderValue::from(length)), "{what}");
    }
    assert!(body == bytes(call.receives), "the response's body, {} bytes, {what}", body.len());
    // A stack may send what is unsafe to retry over HTTP/1.1 only.
    let wanted = if setting.http2 { Version::HTTP_2 } else { Version::HTTP_11 };
    let may_differ = setting.http2 && !is_bare;
    assert!(arrived.version == wanted || may_differ, "{:?} {what}", arrived.version);

    assert_eq!(facts.renegotiated, None, "{what}");
    let is_told = facts.tls_version.is_some() || facts.reused == Some(true) || !world.has(Capability::TlsVersionFact);
    assert!(is_told, "the TLS version, {what}");
    let is_new = facts.reused != Some(true) && world.has(Capability::ClientAuthSignal);
    assert!(!is_new || facts.identity_requested.is_some(), "whether it was asked for a certificate, {what}");
    assert!(facts.reused.is_some() || !world.has(Capability::ReuseFact), "whether it was reused, {what}");
    let connection = seen.connections.iter().find(|one| one.id == arrived.connection).expect("listed");
    proves(crossing, setting, connection, &what);
}

/// The connection has the name, the protocols and the identity of the configuration.
pub(crate) fn proves(crossing: &Crossing, setting: Setting, connection: &Connection, what: &str) {
    assert_eq!(connection.sni.as_deref(), Some(HOST), "{what}");
    let offers = |protocol: &str| connection.alpn_offered.iter().any(|one| one == protocol);
    assert!(setting.http2 || !offers("h2"), "{:?} is offered, {what}", connection.alpn_offered);
    let chain = match setting.with_identity {
        true => crossing.certificate().chain_der().iter().map(|one| sha256_hex(one)).collect(),
        false => Vec::new(),
    };
    assert_eq!(connection.peer_chain_fingerprints, chain, "the chain of the identity, {what}");
}

/// A transport that was created and not used has opened no connection.
async fn nothing_is_done_before_a_call(world: &World) {
    let server = front(FrontOptions::default());
    let proxy = up(ConnectProxy::start(ProxyOptions::default()));
    let mut config = world.config().with_timeouts(Timeouts::new().with_pool_idle(Duration::from_secs(1)));
    if world.has(Capability::HttpProxy) {
        config = config.with_proxy(Proxy::Http(proxy.url().parse().expect("a proxy address")));
    }
    let _transport = world.transport(&config);
    SystemClock::new().sleep(Duration::from_millis(100)).await;
    untouched(&proxy, "the proxy was called before there was a request").await;
    untouched(&server, "the server was called before there was a request").await;
}

/// A GET, a POST, another method and a GET again for each path, each of which must be returned unchanged after one request.
async fn comes_back(crossing: &Crossing, paths: &[String], body: &str) {
    let others =
        [(Method::HEAD, ""), (Method::PUT, "{}"), (Method::DELETE, ""), (Method::PATCH, "{}"), (Method::OPTIONS, "")];
    let mut others = others.iter().cloned().cycle();
    for setting in crossing.settings() {
        let (front, transport) = (crossing.front(setting), crossing.transport(setting).await);
        // Each path meets each method in one of the settings.
        others.next();
        for path in paths {
            let calls = [(Method::GET, ""), (Method::POST, "{}")].into_iter().chain(others.next());
            // What a library remembers of the first GET shows in the second one.
            for (method, content) in calls.chain([(Method::GET, "")]) {
                let is_head = method == Method::HEAD;
                let what = format!("{method} {path}, {setting}");
                let before = front.ledger().requests().len();
                let call = request(method, format!("{}/{path}", front.url(HOST)), content);
                let exchange = transport.send(call).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
                let status = path.split('/').next().and_then(|status| status.parse().ok());
                assert_eq!(Some(exchange.response.status().as_u16()), status, "{what}");
                let came = collect(exchange).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
                assert_eq!(&came[..], if is_head { b"" } else { body.as_bytes() }, "{what}");
                let count = front.ledger().requests().len() - before;
                assert_eq!(count, 1, "it was sent {count} times: {what}");
            }
        }
    }
}

/// The parts of the path of a request.
fn parts(request: &Request<Bytes>) -> (StatusCode, String) {
    let (status, rest) = request.uri().path()[1..].split_once('/').unwrap_or((&request.uri().path()[1..], ""));
    (status.parse().expect("a status"), rest.to_owned())
}

pub(crate) async fn retry_20_no_status_makes_a_transport_ask_again(world: World) {
    const CHALLENGES: [&str; 4] =
        ["Negotiate", "NTLM", "Digest realm=\"a\", nonce=\"b\", qop=\"auth\"", "Basic realm=\"a\""];
    const STATUSES: [u16; 17] = [400, 401, 403, 404, 405, 407, 408, 409, 417, 421, 425, 426, 429, 500, 502, 503, 504];
    let crossing = Crossing::responding(&world, &Settings::ALL.pairwise(), FrontOptions::default(), |request| {
        let response = Response::builder().status(parts(request).0).header("retry-after", "0");
        let response = CHALLENGES.iter().fold(response, |response, challenge| {
            response.header("www-authenticate", *challenge).header("proxy-authenticate", *challenge)
        });
        response.body(Bytes::from_static(b"{}")).expect("a response")
    });
    comes_back(&crossing, &STATUSES.map(|status| status.to_string()), "{}").await;
    // Nor does it wait: the client has a deadline.
    let front = front_responding(FrontOptions::default(), |request| {
        let response = Response::builder().status(parts(request).0).header("retry-after", "3600");
        response.body(Bytes::from_static(b"{}")).expect("a response")
    });
    let transport = world.transport(&world.config());
    for status in [202, 302, 429, 503] {
        let call = transport.send(get(format!("{}/{status}", front.url(HOST))));
        let exchange = in_time(call).await.expect("answered");
        assert_eq!(exchange.response.status(), status);
    }
}

pub(crate) async fn redir_20_no_redirect_is_followed_in_any_setting(world: World) {
    let other = front(FrontOptions::default());
    let elsewhere = other.url(HOST);
    let crossing = Crossing::responding(&world, &Settings::ALL.pairwise(), FrontOptions::default(), move |request| {
        let (status, kind) = parts(request);
        let host = request.headers().get("host").and_then(|host| host.to_str().ok()).map(str::to_owned);
        let own = request.uri().authority().map(ToString::to_string).or(host).unwrap_or_default();
        let place = match &*kind {
            "relative" => "/200/followed".to_owned(),
            "own" => format!("https://{own}/200/followed"),
            _ => format!("{elsewhere}/200/followed"),
        };
        let response = Response::builder().status(status).header("location", place);
        response.body(Bytes::from_static(b"moved")).expect("a response")
    });
    let kinds = ["relative", "own", "other"];
    let followed = [301, 302, 303, 307, 308].iter().flat_map(|status| kinds.map(|kind| format!("{status}/{kind}")));
    // Those that only some libraries follow.
    let paths: Vec<_> = followed.chain(["300/relative", "300/own", "305/other"].map(str::to_owned)).collect();
    comes_back(&crossing, &paths, "moved").await;
    untouched(&other, "a redirect to another origin was followed").await;
}
