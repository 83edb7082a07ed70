//! REQ, RETRY and REDIR, continued: what is asked arrives once and as it was given, and what is answered comes back as it was written,
//! in each setting and on first and later calls of one connection.

use std::sync::OnceLock;

use bytes::Bytes;
use digicert_one_core::{Capability, HttpVersions, ServerCertificate, Transport};
use digicert_one_testbed::{ClientAuth, ConnectProxy, Connection, Front, FrontOptions, Sessions, sha256_hex};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Response, StatusCode, Version};
use http_body::Body as _;
use rustls_pki_types::CertificateDer;

use crate::cases::facts::agree;
use crate::cases::scene::Scene;
use crate::cases::unasked::nothing_is_done_before_a_call;
use crate::world::{HOST, KEY, World, collect, front_answering, request};

/// Method, target, length of the body, and the status and length of the response.
const CALLS: [(Method, &str, usize, u16, usize); 15] = [
    (Method::GET, "/A%20b/c%2Fd/?q=x%20y&R=a+b", 0, 200, 20),
    (Method::POST, "/post?a=1", 20, 201, 20),
    (Method::PUT, "/put/", 300_000, 202, 20),
    (Method::PATCH, "/patch", 20, 409, 20),
    (Method::DELETE, "/delete", 0, 204, 0),
    (Method::DELETE, "/Delete%20d/e%2Ff?with=body", 20, 404, 20),
    (Method::OPTIONS, "/options", 0, 203, 20),
    (Method::POST, "/empty", 0, 503, 20),
    (Method::HEAD, "/head", 0, 200, 0),
    (Method::GET, "/large", 0, 200, 300_000),
    (Method::GET, "/elsewhere/", 0, 302, 20),
    (Method::PUT, "/put?b=%20", 20, 200, 0),
    (Method::GET, "/a//b", 0, 403, 20),
    (Method::POST, "/last?x=%2F%20", 100_000, 200, 100_000),
    (Method::GET, "/A%20b/c%2Fd/?q=x%20y&R=a+b", 0, 200, 20),
];

/// Bytes of every value, that tell when a part of them is missing, doubled, elsewhere, or taken for text.
fn bytes(length: usize) -> Bytes {
    static BYTES: OnceLock<Bytes> = OnceLock::new();
    let line = |number: u32| [&b"\r\nLine\n\0\xff\xfe\xc3"[..], &number.to_be_bytes()].concat();
    BYTES.get_or_init(|| (0..30_000).flat_map(line).collect()).slice(..length)
}

/// Headers in number, repeated, empty, long, and in mixed case.
fn headers() -> HeaderMap {
    let value = |text: &str| HeaderValue::from_str(text).expect("a header value");
    let mut headers = HeaderMap::new();
    for text in ["Three", "one  and  a  half", "Two"] {
        headers.append("x-values", value(text));
    }
    headers.insert("x-empty", value(""));
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

fn server() -> Front {
    let options = FrontOptions::default().client_auth(ClientAuth::Optional).sessions(Sessions::Off);
    front_answering(options, |request| {
        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
        let call = CALLS.iter().find(|call| call.1 == target && call.0 == request.method());
        let (status, length) = call.map_or((599, 0), |call| (call.3, call.4));
        let mut response = Response::new(bytes(length));
        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
        *response.headers_mut() = answered();
        response
    })
}

fn sent(call: &(Method, &str, usize, u16, usize), url: &str) -> Request<Bytes> {
    let mut sent = request(call.0.clone(), format!("{url}{}", call.1), bytes(call.2));
    *sent.headers_mut() = headers();
    let mut key = HeaderValue::from_static(KEY);
    key.set_sensitive(true);
    sent.headers_mut().insert("x-api-key", key);
    sent.headers_mut().insert("authorization", HeaderValue::from_static("Bearer Of.The-Caller"));
    sent.headers_mut().insert("accept", HeaderValue::from_static("application/json"));
    sent.headers_mut().insert("user-agent", HeaderValue::from_static("Conformance/1"));
    if call.2 > 0 && call.0 != Method::PATCH {
        sent.headers_mut().insert("content-type", HeaderValue::from_static("application/x-Given"));
    }
    sent
}

/// The values of each name are those that were given, and there are no other names than these.
fn same(arrived: &[(String, Vec<u8>)], given: &HeaderMap, framing: &[&str], what: &str) {
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
    for scene in Scene::pairs(&world) {
        let front = server();
        let (config, proxy) = scene.config(&world.config(), front.addr());
        let transport = world.transport(&config);
        for call in &CALLS {
            compare(&world, scene, &front, proxy.as_ref(), &*transport, call).await;
        }
        let seen = front.ledger().snapshot();
        assert!(seen.connections.len() < CALLS.len() - 2, "{} connections, {scene}", seen.connections.len());
        if let Some(proxy) = proxy {
            let tunnels = proxy.ledger().requests();
            assert_eq!(tunnels.len(), seen.connections.len(), "each connection goes through the proxy, {scene}");
            for tunnel in tunnels {
                assert_eq!(
                    (&*tunnel.method, &tunnel.target),
                    ("CONNECT", &format!("{HOST}:{}", front.port())),
                    "{scene}"
                );
                assert!(tunnel.header_values("x-api-key").is_empty(), "the proxy was shown the key, {scene}");
            }
        }
    }
}

/// One call, at the server and at the caller.
async fn compare(
    world: &World,
    scene: Scene,
    front: &Front,
    proxy: Option<&ConnectProxy>,
    transport: &dyn Transport,
    call: &(Method, &str, usize, u16, usize),
) {
    let what = format!("in {} {}, {scene}", call.0, call.1);
    let before = front.ledger().requests().len();
    let given = sent(call, &front.url(HOST));
    let exchange = transport.send(given.clone()).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let (facts, version) = (exchange.facts.clone(), exchange.response.version());
    let (status, headers) = (exchange.response.status(), exchange.response.headers().clone());
    let hint = exchange.response.body().size_hint();
    let is_possible = hint.lower() <= call.4 as u64 && hint.upper().is_none_or(|most| most >= call.4 as u64);
    let is_over = exchange.response.body().is_end_stream() && call.4 > 0;
    assert!(is_possible && !is_over, "{hint:?}, at its end: {is_over}, {what}");
    let body = collect(exchange).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));

    let seen = front.ledger().snapshot();
    assert_eq!(seen.requests.len(), before + 1, "it is sent once, {what}");
    let (arrived, earlier) = seen.requests.split_last().expect("it arrived");
    assert_eq!((&*arrived.method, &*arrived.target), (call.0.as_str(), call.1), "{what}");
    let is_bare = [Method::GET, Method::HEAD].contains(&call.0);
    let framing: &[&str] = if is_bare { &["host"] } else { &["host", "content-length"] };
    same(&arrived.headers, given.headers(), framing, &what);
    assert_eq!(arrived.header_values("host"), [format!("{HOST}:{}", front.port())], "{what}");
    if call.2 > 0 {
        assert_eq!(arrived.header_values("content-length"), [call.2.to_string()], "{what}");
    }
    let hash = sha256_hex(given.body());
    assert_eq!((arrived.body_len, &arrived.body_sha256), (call.2 as u64, &hash), "the body of the request, {what}");

    assert_eq!((status.as_u16(), version), (call.3, arrived.version), "{what}");
    let came: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
    same(&came, &answered(), &["content-length"], &what);
    if call.4 > 0 {
        assert_eq!(
            headers.get("content-length").and_then(|value| value.to_str().ok()),
            Some(&*call.4.to_string()),
            "{what}"
        );
    }
    assert!(body == bytes(call.4), "the body of the response, {} bytes, {what}", body.len());
    // A stack may send what is not safe to repeat over HTTP/1.1 alone.
    let wanted = if scene.http == HttpVersions::Http1 { Version::HTTP_11 } else { Version::HTTP_2 };
    assert!(
        arrived.version == wanted || call.0 != Method::GET && wanted == Version::HTTP_2,
        "{:?} {what}",
        arrived.version
    );

    let connection = seen.connections.iter().find(|one| one.id == arrived.connection).expect("listed");
    agree(&facts, connection, &what);
    let again = earlier.iter().any(|one| one.connection == arrived.connection);
    assert!(
        facts.reused.map_or(!world.has(Capability::ReuseFact), |told| told == again),
        "reused {:?}, {what}",
        facts.reused
    );
    let other_end = proxy.map_or(front.addr(), ConnectProxy::addr);
    assert!(facts.peer.is_none_or(|peer| peer == other_end), "the peer {:?}, {what}", facts.peer);
    assert_eq!(facts.renegotiated, None, "{what}");
    if !again && world.has(Capability::TlsVersionFact) {
        assert_eq!(facts.tls_version, Some(scene.tls), "{what}");
    }
    if let Some(told) = &facts.server_certificate {
        let options = FrontOptions::default();
        let own = ServerCertificate::read(&CertificateDer::from(options.server.chain_der()[0].clone()));
        assert_eq!(Some(&**told), own.as_ref(), "{what}");
    }
    proves(scene, connection, &what);
}

/// The connection is of the versions and the identity of the configuration.
fn proves(scene: Scene, connection: &Connection, what: &str) {
    assert_eq!(connection.sni.as_deref(), Some(HOST), "{what}");
    let offers = |protocol: &str| connection.alpn_offered.iter().any(|one| one == protocol);
    assert!(scene.http != HttpVersions::Http1 || !offers("h2"), "{:?} is offered, {what}", connection.alpn_offered);
    let spoken = connection.tls_version.map(|version| format!("{version:?}"));
    assert_eq!(spoken, Some(format!("{:?}", scene.tls)), "{what}");
    let chain = match scene.has_identity {
        true => Scene::certificate().chain_der().iter().map(|one| sha256_hex(one)).collect(),
        false => Vec::new(),
    };
    assert_eq!(connection.peer_chain_fingerprints, chain, "the chain of the identity, {what}");
}

pub(crate) async fn retry_20_no_status_makes_a_transport_ask_again(world: World) {
    const STATUSES: [u16; 14] = [400, 401, 403, 404, 405, 407, 408, 421, 425, 429, 500, 502, 503, 504];
    for scene in Scene::few(&world) {
        let front = front_answering(FrontOptions::default().client_auth(ClientAuth::Optional), |request| {
            let status = request.uri().path().trim_start_matches('/').parse().expect("a status");
            let mut response = Response::new("{}".into());
            *response.status_mut() = StatusCode::from_u16(status).expect("a status");
            for (name, value) in [("retry-after", "0"), ("www-authenticate", "Basic realm=\"a\"")] {
                response.headers_mut().insert(name, HeaderValue::from_static(value));
            }
            response
        });
        let (config, _proxy) = scene.config(&world.config(), front.addr());
        let transport = world.transport(&config);
        for status in STATUSES {
            for (method, body) in [(Method::GET, ""), (Method::POST, "{}")] {
                let before = front.ledger().requests().len();
                let call = request(method.clone(), format!("{}/{status}", front.url(HOST)), body);
                let exchange =
                    transport.send(call).await.unwrap_or_else(|error| panic!("{method} {status} {scene}: {error:?}"));
                assert_eq!(exchange.response.status(), status, "{method} {scene}");
                assert_eq!(&collect(exchange).await.expect("a body")[..], b"{}", "{method} {status} {scene}");
                let count = front.ledger().requests().len() - before;
                assert_eq!(count, 1, "{method} was answered with {status}, {scene}");
            }
        }
    }
}

pub(crate) async fn redir_20_no_redirect_is_followed_in_any_setting(world: World) {
    let other =
        front_answering(FrontOptions::default().client_auth(ClientAuth::Optional), |_| Response::new("{}".into()));
    let elsewhere = other.url(HOST);
    for scene in Scene::few(&world) {
        let place = elsewhere.clone();
        let front = front_answering(FrontOptions::default().client_auth(ClientAuth::Optional), move |request| {
            let mut path = request.uri().path().trim_start_matches('/').split('/');
            let status: u16 = path.next().and_then(|status| status.parse().ok()).unwrap_or(200);
            let host = request.headers().get("host").and_then(|host| host.to_str().ok()).map(str::to_owned);
            let own = request.uri().authority().map(ToString::to_string).or(host).unwrap_or_default();
            let location = match path.next() {
                Some("relative") => "/followed".to_owned(),
                Some("own") => format!("https://{own}/followed"),
                _ => format!("{place}/followed"),
            };
            let response = Response::builder().status(status).header("location", location);
            response.body(Bytes::from_static(b"moved")).expect("a response")
        });
        let (config, _proxy) = scene.config(&world.config(), front.addr());
        let transport = world.transport(&config);
        for status in [301, 302, 303, 307, 308] {
            for kind in ["relative", "own", "other"] {
                for (method, body) in [(Method::GET, ""), (Method::POST, "{}")] {
                    let what = format!("{method} {status} {kind}, {scene}");
                    let before = front.ledger().requests().len();
                    let call = request(method, format!("{}/{status}/{kind}", front.url(HOST)), body);
                    let exchange = transport.send(call).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
                    assert_eq!(exchange.response.status(), status, "{what}");
                    assert_eq!(&collect(exchange).await.expect("a body")[..], b"moved", "{what}");
                    assert_eq!(front.ledger().requests().len() - before, 1, "it was followed, {what}");
                }
            }
        }
    }
    assert!(other.ledger().connections().is_empty(), "a redirect to another origin was followed");
}
