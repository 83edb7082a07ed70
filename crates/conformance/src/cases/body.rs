//! BODY: bodies arrive whole, stop at the caller's limit, and a short one is never taken for complete.

use std::time::Duration;

use bytes::Bytes;
use digicert_one_client::SystemClock;
use digicert_one_core::{Capability, Clock as _, Code, Delivery, FixedCredential, Mode, Timeouts, TransportErrorKind};
use digicert_one_testbed::{
    Connection, FrontOptions, Gate, RawOptions, RawServer, Recording, Snapshot, Step, TlsRange,
};
use futures_util::future::join;
use http::{HeaderValue, Method, Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use sha2::{Digest, Sha256};

use crate::cases::http2::{DATA, END_STREAM, after_request, frame, head, server};
use crate::child::{self, Parent};
use crate::setting::{Settings, method};
use crate::world::{
    HOST, World, certificate, collect, diagnose, front, front_responding, get, key, request, scripted, servers, up,
};

/// More than the 10 MiB at which libraries end a body.
const LARGE: usize = (10 << 20) + 1024;

/// This much that no compression or repetition could fake.
fn large() -> Bytes {
    let mut block: [u8; 32] = Sha256::digest(b"seed").into();
    let mut bytes = Vec::with_capacity(LARGE);
    while bytes.len() < LARGE {
        block = Sha256::digest(block).into();
        // One digest for 1 KiB keeps a debug build quick.
        for round in 0..32_u8 {
            bytes.extend(block.iter().map(|byte| byte ^ round));
        }
    }
    bytes.into()
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) async fn body_01_a_large_response_arrives_whole(world: World) {
    let large = large();
    for versions in world.http_versions() {
        let sent = large.clone();
        // A tenth is more than what a library may keep of a response of failure.
        let front = front_responding(FrontOptions::default(), move |request| {
            let status: StatusCode = request.uri().path()[1..].parse().expect("a status");
            let length = if status.is_success() { LARGE } else { LARGE / 10 };
            let mut response = Response::new(sent.slice(..length));
            *response.status_mut() = status;
            response
        });
        let transport = world.transport(&world.config().with_http_versions(versions));
        for (status, length) in [(200, LARGE), (404, LARGE / 10), (503, LARGE / 10)] {
            let call = get(format!("{}/{status}", front.url(HOST)));
            let arrived = collect(transport.send(call).await.expect("answered")).await.expect("a body");
            assert_eq!(hex(&arrived), hex(&large[..length]), "a response of {status}, {versions:?}");
        }
    }
}

pub(crate) async fn body_02_a_large_upload_arrives_whole(world: World) {
    let large = large();
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let transport = world.transport(&world.config().with_http_versions(versions));
        transport.send(request(Method::POST, front.url(HOST), large.clone())).await.expect("answered");
        let arrived = front.ledger().requests().remove(0);
        assert_eq!((arrived.body_len, &arrived.body_sha256), (LARGE as u64, &hex(&large)), "{versions:?}");
        assert_eq!(arrived.header_values("content-length"), [LARGE.to_string()], "{versions:?}");
    }
}

pub(crate) async fn body_03_a_slow_server_costs_no_memory(world: World) {
    const BODY: usize = 32 << 20;
    let Some(Parent { port, root }) = child::parent() else {
        // It begins to read when the client has had time to fill every buffer on the way.
        let gate = Gate::new();
        let response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        let server = scripted([vec![Step::Wait(gate.clone()), Step::ReadRequest, Step::write(response)]]);
        let command = child::command(server.port());
        let child = std::thread::spawn(move || child::run(command));
        let begun = |seen: &Snapshot| seen.connections.iter().any(Connection::established);
        assert!(server.ledger().wait_until(begun, Duration::from_secs(60)).await, "no connection");
        gate.open();
        child.join().expect("the upload costs no more than it may");
        assert_eq!(server.ledger().requests()[0].body_len, BODY as u64);
        return;
    };
    let body = Bytes::from(vec![b'x'; BODY]);
    let transport = world.transport(&world.config().with_trust(world.trusting(&root)));
    let before = memory("VmHWM:");
    transport.send(request(Method::POST, format!("https://{HOST}:{port}/"), body)).await.expect("answered");
    let (Some(before), Some(after)) = (before, memory("VmHWM:")) else { return };
    // One copy that a library may make for itself, and the buffers.
    assert!(
        after - before < (BODY + (BODY >> 1)) as u64,
        "{} KiB more for a body of {} KiB",
        (after - before) >> 10,
        BODY >> 10
    );
}

/// Returns what the system reports of the memory of this process under this name, in bytes.
pub(crate) fn memory(name: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? << 10)
}

pub(crate) async fn body_04_a_response_above_the_cap_is_cut_and_its_connection_dropped(world: World) {
    // More than any buffer on the way holds, so that the server is still writing when the limit is met.
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 67108864\r\n\r\n";
    let server = scripted([vec![Step::ReadRequest, Step::write(head), Step::write(vec![b'x'; 8 << 20]), Step::Stall]]);
    let config = world.config().with_http_versions(digicert_one_core::HttpVersions::Http1);
    let client = world
        .builder(server.port())
        .transport_config(config)
        .credential(digicert_one_core::FixedCredential::new(key(), "the case"))
        .max_body(1024)
        .build()
        .expect("complete");
    let error = client.get("/").send().await.expect("a head").bytes().await.expect_err("too large");
    assert_eq!(error.code(), Code::CFG_03, "{error}");
    let closed =
        server.ledger().wait_until(|seen| seen.connections.iter().all(|one| one.closed), Duration::from_secs(30));
    assert!(closed.await, "the connection stays open");
}

pub(crate) async fn body_05_a_short_or_cut_body_is_an_error(world: World) {
    let short = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegin";
    let cut = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegin\r\n64\r\nhalf";
    // Sizes that are 5 in 32 bits.
    let large = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n100000005\r\nbegin\r\n0\r\n\r\n";
    let long = "HTTP/1.1 200 OK\r\ncontent-length: 4294967301\r\n\r\nbegin";
    // Not the shorter of two lengths; a library may refuse them as invalid (RFC 9112 section 6.3).
    let two = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 100\r\n\r\nbegin";
    // No lengths (section 6.3: the response is to be discarded).
    let odd = ["five", "-5", "0x5", "5 5", "5,6"]
        .map(|length| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\nbegin"));
    let invalid = [two].into_iter().chain(odd.iter().map(String::as_str)).collect::<Vec<_>>();
    for response in [short, cut, large, long].into_iter().chain(invalid.iter().copied()) {
        // To a length that is none the end adds nothing.
        let ends = [Step::CloseClean, Step::CloseAbrupt, Step::Reset];
        for end in ends.into_iter().take(if odd.iter().any(|one| one == response) { 1 } else { 3 }) {
            let server = scripted([vec![Step::ReadRequest, Step::write(response.to_owned()), end.clone()]]);
            let outcome = world.transport(&world.config()).send(get(server.url(HOST))).await;
            let error = match outcome {
                Ok(exchange) => collect(exchange).await.expect_err(&format!("the body is not whole: {response:?}")),
                // An end that was not announced may overtake the head.
                Err(error) => error,
            };
            let kinds = [
                Some(TransportErrorKind::BodyCut),
                (!matches!(end, Step::CloseClean)).then_some(TransportErrorKind::Interrupted),
                invalid.contains(&response).then_some(TransportErrorKind::Protocol),
            ];
            assert!(kinds.contains(&Some(error.kind())), "{response:?} {end:?} {error:?}");
            if error.kind() == TransportErrorKind::BodyCut {
                assert_eq!(error.delivery(), Delivery::Sent);
                assert_eq!(diagnose(&error, Mode::Key, None).code, Code::NET_09);
            }
        }
    }
}

/// 1 MiB of zeros, as gzip writes it.
fn gzip_bomb() -> Bytes {
    const BEGIN: [u8; 25] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xc1, 0x31, 0x01, 0x00, 0x00, 0x00, 0xc2,
        0xa0, 0xf5, 0x4f, 0x6d, 0x08, 0x5f, 0xa0,
    ];
    const END: [u8; 10] = [0x3e, 0x03, 0x1c, 0xea, 0x38, 0xa7, 0x00, 0x00, 0x10, 0x00];
    [&BEGIN[..], &[0; 1016], &END].concat().into()
}

pub(crate) async fn body_06_a_compressed_body_is_not_unpacked(world: World) {
    for (versions, status) in
        world.http_versions().into_iter().flat_map(|versions| [200, 400].map(|status| (versions, status)))
    {
        let front = front_responding(FrontOptions::default(), move |_| {
            let response = Response::builder().status(status).header("content-encoding", "gzip");
            response.body(gzip_bomb()).expect("a response")
        });
        let config = world.config().with_http_versions(versions);
        let builder = world.builder(front.port()).transport_config(config).max_body(64 << 10);
        let client = builder.credential(FixedCredential::new(key(), "the case")).build().expect("complete");
        let response = client.get("/").send_raw().await.expect("answered");
        assert_eq!(response.headers()["content-encoding"], "gzip", "{versions:?}");
        assert_eq!(response.bytes().await.expect("below the limit"), gzip_bomb(), "{versions:?}");
        if status == 400 {
            let error = client.get("/").send().await.expect_err("refused");
            assert_eq!(error.code(), Code::GW_04, "{error}");
            assert!(error.to_string().len() < 1 << 10, "{} bytes", error.to_string().len());
        }
        assert!(front.ledger().requests().iter().all(|one| one.header_values("accept-encoding").is_empty()));
        // Nor is it unpacked for a caller that does so itself.
        let mut asking = get(front.url(HOST));
        asking.headers_mut().insert("accept-encoding", HeaderValue::from_static("gzip, deflate, br"));
        let transport = world.transport(&world.config().with_http_versions(versions));
        let exchange = transport.send(asking).await.expect("answered");
        let headers = exchange.response.headers();
        let described = ["content-encoding", "content-length"].map(|name| headers.get(name).cloned());
        let expected = ["gzip", &gzip_bomb().len().to_string()].map(|value| value.parse().ok());
        assert_eq!(described, expected, "asked for, {versions:?}");
        assert_eq!(collect(exchange).await.expect("a body"), gzip_bomb(), "asked for, {versions:?}");
    }
}

pub(crate) async fn body_07_a_hostile_error_body_is_cleaned_before_it_is_shown(world: World) {
    let bodies: [&[u8]; 3] = [
        b"{\"errors\":[{\"code\":\"a\\u001b[2Jb\",\"message\":\"one\\u0000two\\r\\n\\u001b]0;title\\u0007\\u009b31m\"}]}",
        b"plain \xff\xfe \x1b[31mred\x1b[0m \x07\x00 \xc2\x9b31m two",
        b"{\"message\":\"cut \xc3",
    ];
    for versions in world.http_versions() {
        for body in bodies {
            let front = front_responding(FrontOptions::default(), move |_| {
                let mut response = Response::new(Bytes::from_static(body));
                *response.status_mut() = StatusCode::BAD_REQUEST;
                response
                    .headers_mut()
                    .insert("x-request-id", HeaderValue::from_bytes(b"id\xff\x9b1m").expect("opaque"));
                response
            });
            let builder = world.builder(front.port()).transport_config(world.config().with_http_versions(versions));
            let client = builder.credential(FixedCredential::new(key(), "the case")).build().expect("complete");
            let error = client.get("/").send().await.expect_err("refused");
            let shown = format!("{error}\n{error:?}\n{}", error.diagnosis());
            let control = shown.chars().find(|character| character.is_control() && *character != '\n');
            assert_eq!(control, None, "{shown:?} {versions:?}");
            let response = error.response().expect("a response");
            let message = response.message.as_deref().expect("what was left of it");
            assert!(["two", "cut"].iter().any(|word| message.contains(word)), "{message:?}");
        }
    }
}

pub(crate) async fn body_08_an_early_refusal_is_read_while_the_upload_runs(world: World) {
    // The server never reads the body, so that the upload cannot end.
    let (gate, head) = (Gate::new(), Recording::default());
    let response =
        "HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 19\r\n\r\n{\"message\":\"large\"}";
    let refusal = Step::write(response);
    let server = scripted([vec![Step::ReadUntil(head, b"\r\n\r\n"[..].into()), refusal, Step::Wait(gate.clone())]]);
    // A stack that reads nothing before it has written all fails by this limit.
    let limits = Timeouts::new().with_connect(Duration::from_secs(5)).with_total(Duration::from_secs(10));
    let transport = world.transport(&world.config().with_timeouts(limits));
    let body = vec![b'x'; 16 << 20];
    let exchange = transport.send(request(Method::POST, server.url(HOST), body)).await.expect("the response is read");
    assert_eq!(exchange.response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(&collect(exchange).await.expect("a body")[..], br#"{"message":"large"}"#);
    gate.open();
}

pub(crate) async fn body_09_no_upload_waits_for_a_continue(world: World) {
    // The server never sends 100.
    let response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let server = scripted([vec![Step::ReadRequest, Step::write(response)]]);
    let transport = world.transport(&world.config());
    let body = vec![b'x'; 2 << 20];
    transport.send(request(Method::POST, server.url(HOST), body)).await.expect("answered");
    let arrived = server.ledger().requests().remove(0);
    assert_eq!(arrived.body_len, 2 << 20);
    // Requesting it is what stalls: libcurl waits a second for a response that does not arrive.
    assert!(arrived.header_values("expect").is_empty(), "{:?}", arrived.header_values("expect"));
}

pub(crate) async fn body_10_trailers_do_no_harm(world: World) {
    let response = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-checksum\r\n\r\n\
                  5\r\nbegin\r\n4;name=value\r\n end\r\n0\r\nx-checksum: 1\r\nx-api-key: other\r\n\r\n";
    let next = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nnext";
    let script = vec![Step::ReadRequest, Step::write(response), Step::ReadRequest, Step::write(next)];
    let server = scripted([script, vec![Step::ReadRequest, Step::write(next)]]);
    let transport = world.transport(&world.config());
    let first = collect(transport.send(get(server.url(HOST))).await.expect("answered")).await;
    assert_eq!(&first.expect("a body")[..], b"begin end");
    let second = collect(transport.send(get(server.url(HOST))).await.expect("answered")).await;
    assert_eq!(&second.expect("a body")[..], b"next", "what follows the trailers is another response");
}

pub(crate) async fn body_11_a_truncated_stream_is_an_error(world: World) {
    // Without length and chunks, only TLS's close_notify distinguishes a complete body from a truncated one.
    const RESPONSE: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nperhaps all, perhaps not";
    let ours = certificate();
    let all = servers().flat_map(|options| {
        let settings = Settings::where_(|one| !one.http2).pairwise().chosen(&world);
        settings.into_iter().map(move |setting| (options.clone(), setting))
    });
    for (turn, (options, setting)) in all.enumerate() {
        // A response to HEAD has no body that could be cut.
        let (method, content) = match method(turn) {
            (Method::HEAD, _) => (Method::GET, ""),
            other => other,
        };
        let what = format!("{method}, {:?}, {setting}", options.engine);
        let ending = |end| vec![Step::ReadRequest, Step::write(RESPONSE), end];
        let scripts = [ending(Step::CloseClean), ending(Step::CloseAbrupt)];
        let server = up(RawServer::start(RawOptions::tls_with(setting.server(options), scripts)));
        let proxy = setting.proxy(server.addr());
        let transport = world.transport(&setting.config(world.config(), &ours, proxy.as_ref()));
        let call = request(method, server.url(HOST), content);
        let exchange = transport.send(call.clone()).await.expect("answered");
        let body = collect(exchange).await.unwrap_or_else(|error| panic!("a whole body, {what}: {error:?}"));
        assert!(RESPONSE.as_bytes().ends_with(&body), "{what}");
        let error = match transport.send(call).await {
            Ok(exchange) => collect(exchange).await.err(),
            // The end may overtake the head.
            Err(error) => Some(error),
        };
        let error = error.unwrap_or_else(|| panic!("the end was not authenticated, {what}"));
        assert_eq!(server.ledger().requests().len(), 2, "the second call was not made, {what}: {error:?}");
        let kinds = [TransportErrorKind::BodyCut, TransportErrorKind::Interrupted];
        assert!(kinds.contains(&error.kind()), "{what}: {error:?}");
    }
}

pub(crate) async fn body_12_what_a_body_says_of_its_length_and_end_is_true(world: World) {
    const BODY: &str = "0123456789";
    let measured = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{BODY}", BODY.len());
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n";
    // The chunks take precedence (RFC 9112 §6.3), or the response is invalid.
    let both = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n";
    let empty = "HTTP/1.1 204 No Content\r\n\r\n";
    // The length is that of another response.
    let alone = |status| format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", BODY.len());
    let http1 = |method: Method, response: &str, whole| {
        let script = vec![Step::ReadRequest, Step::write(response.to_owned())];
        (format!("{method} with {response:?}"), method, scripted([script]), whole)
    };
    let mut calls: Vec<_> = [(&*measured, BODY), (chunked, BODY), (both, BODY), (empty, "")]
        .into_iter()
        .map(|(response, whole)| http1(Method::GET, response, whole))
        .chain([http1(Method::HEAD, &alone("200 OK"), ""), http1(Method::GET, &alone("304 Not Modified"), "")])
        .collect();
    if world.has(Capability::Http2) {
        let length = BODY.len().to_string();
        let fields = |status| [(":status", status), ("content-length", &*length)];
        let whole = [head(0, &fields("200")), frame(DATA, END_STREAM, 1, BODY.as_bytes())].concat();
        let alone = |status| head(END_STREAM, &fields(status));
        for (method, frames, body) in
            [(Method::GET, whole, BODY), (Method::HEAD, alone("200"), ""), (Method::GET, alone("304"), "")]
        {
            let script = after_request(&Recording::default(), [Step::write(frames), Step::Stall]);
            calls.push((format!("{method} over HTTP/2"), method, server([script]), body));
        }
    }
    for (what, method, server, whole) in calls {
        let transport = world.transport(&world.config());
        let exchange = match transport.send(request(method, server.url(HOST), "")).await {
            Err(error) if what.contains("content-length: 3") => {
                assert_eq!(error.kind(), TransportErrorKind::Protocol, "{error:?}");
                continue;
            }
            outcome => outcome.unwrap_or_else(|error| panic!("{what}: {error:?}")),
        };
        let mut body = exchange.response.into_body();
        let mut left = whole.len() as u64;
        loop {
            let hint = body.size_hint();
            assert!(hint.lower() <= left, "{hint:?} with {left} bytes to come, {what}");
            assert!(hint.upper().is_none_or(|upper| upper >= left), "{hint:?} with {left} bytes to come, {what}");
            assert!(left == 0 || !body.is_end_stream(), "at its end with {left} bytes to come, {what}");
            let Some(frame) = body.frame().await else { break };
            let frame = frame.expect("nothing is cut");
            left =
                left.checked_sub(frame.data_ref().map_or(0, |data| data.len() as u64)).expect("no more than was sent");
        }
        assert_eq!(left, 0, "{what}");
    }
}

pub(crate) async fn body_13_new_keys_of_the_server_end_nothing(world: World) {
    let slow = Gate::new();
    // The message that changes the keys is sent with the next write: first in the head, then in the body.
    let script = vec![
        Step::ReadRequest,
        Step::UpdateKeys,
        Step::write("HTTP/1.1 200 OK\r\n"),
        Step::Wait(slow.clone()),
        Step::write("content-length: 10\r\n\r\n01234"),
        Step::UpdateKeys,
        Step::write("56789"),
        Step::Stall,
    ];
    let server = up(RawServer::start(RawOptions::tls_with(FrontOptions::default().tls(TlsRange::Only13), [script])));
    let transport = world.transport(&world.config());
    let call = async { collect(transport.send(get(server.url(HOST))).await.expect("answered")).await };
    let later = async {
        // Code that considers the connection ended has time to report it.
        SystemClock::new().sleep(Duration::from_millis(500)).await;
        slow.open();
    };
    let (body, ()) = join(call, later).await;
    assert_eq!(&body.expect("a body")[..], b"0123456789");
    assert_eq!(server.ledger().requests().len(), 1, "it was sent again");
}
