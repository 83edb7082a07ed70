//! HOST, continued: calls in clear text, which a transport makes to this machine only, keep what other calls keep.

use std::time::Duration;

use digicert_one_client::SystemClock;
use digicert_one_core::{
    Capability, Clock as _, Delivery, Phase, Timeouts, TransportError, TransportErrorKind, UploadBody,
};
use digicert_one_testbed::{FrontOptions, RawOptions, RawServer, Script, Step, blackhole};
use futures_util::future::{join, join_all, join4};
use http::{HeaderValue, Method, Request};

use crate::cases::failures::printed;
use crate::cases::faithful::{COMMON, headers, same};
use crate::cases::time::{closes, in_time, total_limit};
use crate::life::dropped;
use crate::log_scan::LogScan;
use crate::setting::method;
use crate::witness::Witness;
use crate::world::{KEY, World, collect, front, get, key_value, request, up};

const WHOLE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
const TARGET: &str = "/canary-path-0002?token=canary-query-0002";

fn plain(scripts: impl IntoIterator<Item = Script>) -> RawServer {
    up(RawServer::start(RawOptions::plain(scripts)))
}

fn url(server: &RawServer) -> String {
    format!("{}{TARGET}", server.url("127.0.0.1"))
}

fn quotes_nothing(error: &TransportError, what: &str) {
    let text = printed(error);
    assert!(!text.contains("canary"), "the URL is quoted, {what}: {text}");
}

pub(crate) async fn host_17_calls_in_clear_text_keep_what_others_keep(world: World) {
    let scan = LogScan::start([KEY.to_owned()]);
    let ends = join4(idle_limit(&world), dropped_call(&world), dropped_body(&world), dropped_transport(&world));
    let calls = join4(redirects(&world), losses(&world), cuts(&world), carries_what_is_given(&world));
    join4(calls, limits(&world), connect_limit(&world), ends).await;
    schemes(&world).await;
    let (_, shown) = scan.result();
    assert!(shown.is_empty(), "a secret is logged by {shown:?}");
}

/// A redirect is the response, with a key and without one.
async fn redirects(world: &World) {
    let transport = world.transport(&world.config());
    for (turn, status) in [300, 301, 302, 303, 307, 308].into_iter().enumerate() {
        let moved = format!("HTTP/1.1 {status} Moved\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n");
        let script = vec![Step::ReadRequest, Step::write(moved), Step::ReadRequest, Step::write(WHOLE), Step::Stall];
        let calls =
            [(Method::GET, ""), method(turn)].into_iter().flat_map(|call| [(call.clone(), true), (call, false)]);
        for ((method, body), with_key) in calls {
            let server = plain([script.clone(), vec![Step::ReadRequest, Step::write(WHOLE), Step::Stall]]);
            let mut call = request(method.clone(), url(&server), body);
            if with_key {
                call.headers_mut().insert("x-api-key", key_value());
            }
            let exchange = transport.send(call).await.expect("answered");
            let what = format!("{method}, with a key: {with_key}");
            assert_eq!(exchange.response.status().as_u16(), status, "a redirect was followed in clear text, {what}");
            collect(exchange).await.expect("a body");
            assert_eq!(server.ledger().requests().len(), 1, "a redirect was followed in clear text, {status}, {what}");
        }
    }
}

/// What is lost with its connection is sent once.
async fn losses(world: &World) {
    for turn in 0..8 {
        for is_used in [false, true] {
            let (method, body) = method(turn);
            let before = [Step::ReadRequest, Step::write(WHOLE)].into_iter().filter(|_| is_used);
            let lost = || before.clone().chain([Step::ReadRequest, Step::Reset]).collect::<Script>();
            let server = plain([lost(), vec![Step::ReadRequest, Step::write(WHOLE), Step::Stall]]);
            let transport = world.transport(&world.config());
            let call = || request(method.clone(), url(&server), body);
            if is_used {
                collect(transport.send(call()).await.expect("answered")).await.expect("a body");
            }
            let what = format!("{method}, a used connection: {is_used}");
            let outcome = transport.send(call()).await;
            let sent = server.ledger().requests().len() - usize::from(is_used);
            // That of GET and HEAD is REPLAY-03, which weighs less.
            let is_safe = is_used && [Method::GET, Method::HEAD].contains(&method);
            assert!(sent == 1 || is_safe, "it was sent {sent} times in clear text, {what}");
            let error = match outcome {
                Err(error) => error,
                // A stack that uses no connection twice for this method.
                Ok(_) if is_used => continue,
                Ok(exchange) => panic!("its connection is reset, {what}: {exchange:?}"),
            };
            let reported = (error.kind(), error.delivery());
            assert_eq!(reported, (TransportErrorKind::Interrupted, Delivery::Unknown), "{what}: {error:?}");
            quotes_nothing(&error, &what);
        }
    }
}

/// A body that is cut is an error.
async fn cuts(world: &World) {
    let cut = [
        "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegin",
        "HTTP/1.1 500 Internal Server Error\r\ncontent-length: 100\r\n\r\nbegin",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nbegin\r\n",
    ];
    for response in cut {
        let server = plain([vec![Step::ReadRequest, Step::write_and_close(response)]]);
        let error = match world.transport(&world.config()).send(get(url(&server))).await {
            Ok(exchange) => collect(exchange).await.expect_err("a part was taken for the whole in clear text"),
            Err(error) => error,
        };
        let reported = (error.kind(), error.delivery());
        assert_eq!(reported, (TransportErrorKind::BodyCut, Delivery::Sent), "{response:?}: {error:?}");
        quotes_nothing(&error, response);
    }
}

/// The limit of the whole call holds before the head, in the body, and while the server sends on; for an upload, too.
async fn limits(world: &World) {
    join(limit_of_an_upload(world), limits_of_calls(world)).await;
}

async fn limit_of_an_upload(world: &World) {
    if !world.has(Capability::StreamingUploads) {
        return;
    }
    let server = plain([vec![Step::ReadRequest, Step::Stall]]);
    let transport = world.transport(&total_limit(world));
    let call = Request::post(url(&server)).body(UploadBody::full("{}")).expect("the request is valid");
    let error = in_time(transport.upload(call)).await.expect_err("its limit");
    let reported = (error.kind(), error.delivery());
    let late = (TransportErrorKind::Timeout(Phase::Response), Delivery::Unknown);
    assert_eq!(reported, late, "an upload in clear text: {error:?}");
    assert_eq!(server.ledger().requests().len(), 1, "an upload in clear text");
}

async fn limits_of_calls(world: &World) {
    let begin = || Step::write("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\nx");
    let cases = [
        ("no response", vec![Step::Stall], Phase::Response, Delivery::Unknown),
        ("no end", vec![begin(), Step::Stall], Phase::Body, Delivery::Sent),
        ("a trickle", vec![begin(), Step::Trickle("x".into())], Phase::Body, Delivery::Sent),
    ];
    join_all(cases.into_iter().enumerate().map(|(turn, (what, steps, phase, delivery))| async move {
        let server = plain([[Step::ReadRequest].into_iter().chain(steps).collect()]);
        let transport = world.transport(&total_limit(world));
        let (method, body) = method(turn);
        let call = async {
            match transport.send(request(method, url(&server), body)).await {
                Ok(exchange) => collect(exchange).await.expect_err("its limit"),
                Err(error) => error,
            }
        };
        let error = in_time(call).await;
        let reported = (error.kind(), error.delivery());
        assert_eq!(reported, (TransportErrorKind::Timeout(phase), delivery), "{what} in clear text: {error:?}");
        quotes_nothing(&error, what);
    }))
    .await;
}

async fn connect_limit(world: &World) {
    let nowhere = blackhole().expect("a full backlog on loopback");
    let limits = Timeouts::new().with_connect(Duration::from_millis(300)).with_total(Duration::from_secs(30));
    let transport = world.transport(&world.config().with_timeouts(limits));
    let call = transport.send(get(format!("http://{}{TARGET}", nowhere.addr())));
    let error = in_time(call).await.expect_err("no connection");
    let phases = [Phase::Connect, Phase::ConnectOrHandshake].map(TransportErrorKind::Timeout);
    assert!(phases.contains(&error.kind()), "{error:?}");
    assert_eq!(error.delivery(), Delivery::NotSent, "{error:?}");
    quotes_nothing(&error, "no connection");
}

/// Method, headers and body of a call, and of its response.
async fn carries_what_is_given(world: &World) {
    let answer = "HTTP/1.1 429 Slow\r\nx-a: 1\r\nx-a: 2\r\ncontent-encoding: gzip\r\nretry-after: 3600\r\nset-cookie: a=b\r\n\
        etag: \"a\"\r\ncontent-length: 3\r\n\r\n\u{feff}";
    let server = plain([(0..8).flat_map(|_| [Step::ReadRequest, Step::write(answer)]).collect()]);
    let transport = world.transport(&total_limit(world));
    for turn in 0..8 {
        let (method, body) = method(turn);
        if method == Method::HEAD {
            continue;
        }
        let mut call = request(method.clone(), url(&server), body);
        *call.headers_mut() = headers();
        let own = [
            ("accept", "application/json"),
            ("authorization", "Bearer Of.The-Caller"),
            ("content-type", "application/x-Given"),
            ("user-agent", "Conformance/1"),
        ];
        for (name, text) in own.into_iter().chain(COMMON) {
            call.headers_mut().insert(name, HeaderValue::from_static(text));
        }
        call.headers_mut().insert("x-api-key", key_value());
        let what = format!("in {method} in clear text");
        let given = call.headers().clone();
        let exchange = in_time(transport.send(call)).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let arrived = server.ledger().requests().pop().expect("arrived");
        assert_eq!((&*arrived.method, &*arrived.target), (method.as_str(), TARGET), "{what}");
        same(&arrived.headers, &given, &["host", "content-length"], &what);
        assert_eq!(arrived.body_len, body.len() as u64, "{what}");
        let came = exchange.response.headers();
        let values: Vec<_> = came.get_all("x-a").iter().map(HeaderValue::as_bytes).collect();
        assert_eq!((exchange.response.status().as_u16(), values), (429, vec![&b"1"[..], b"2"]), "{what}");
        assert_eq!((came.len(), came["content-encoding"].as_bytes()), (7, &b"gzip"[..]), "{what}: {came:?}");
        assert_eq!(collect(exchange).await.expect("a body"), "\u{feff}", "{what}");
    }
}

async fn idle_limit(world: &World) {
    let script = || vec![Step::ReadRequest, Step::write(WHOLE), Step::ReadRequest, Step::write(WHOLE)];
    let server = plain([script(), script()]);
    let limits = Timeouts::new().with_pool_idle(Duration::from_millis(300));
    let transport = world.transport(&world.config().with_timeouts(limits));
    for pause in [Duration::ZERO, Duration::from_secs(3)] {
        // A stack may count in whole seconds.
        SystemClock::new().sleep(pause).await;
        collect(transport.send(get(url(&server))).await.expect("answered")).await.expect("a body");
    }
    assert_eq!(server.ledger().connections().len(), 2, "used again in clear text three seconds after its last call");
}

async fn dropped_call(world: &World) {
    for turn in 0..2 {
        let server = plain([vec![Step::ReadRequest, Step::Stall]]);
        let transport = world.transport(&world.config());
        let (method, body) = method(turn);
        dropped(&*transport, request(method, url(&server), body), server.ledger()).await;
        closes(server.ledger()).await;
    }
}

async fn dropped_body(world: &World) {
    let begin = Step::write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegin");
    let server = plain([vec![Step::ReadRequest, begin, Step::Stall]]);
    let transport = world.transport(&world.config());
    let mut body = transport.send(get(url(&server))).await.expect("answered").response.into_body();
    body.chunk().await.expect("a beginning");
    drop(body);
    closes(server.ledger()).await;
}

async fn dropped_transport(world: &World) {
    let server = plain([vec![Step::ReadRequest, Step::write(WHOLE), Step::ReadRequest]]);
    let transport = world.transport(&world.config());
    collect(transport.send(get(url(&server))).await.expect("answered")).await.expect("a body");
    drop(transport);
    closes(server.ledger()).await;
}

/// A connection of one scheme carries no call of the other, at one host and port.
async fn schemes(world: &World) {
    let scripts = [(); 3].map(|()| vec![Step::ReadRequest, Step::write(WHOLE), Step::ReadRequest, Step::write(WHOLE)]);
    let (clear, secret) = (plain(scripts), front(FrontOptions::default()));
    let transport = world.transport(&total_limit(world));
    for (server, port) in [(&clear as &dyn Witness, clear.port()), (&secret, secret.port())] {
        let [own, other] =
            if server.ledger().about() == clear.ledger().about() { ["http", "https"] } else { ["https", "http"] };
        let call =
            async |scheme: &str| match in_time(transport.send(get(format!("{scheme}://127.0.0.1:{port}/{scheme}"))))
                .await
            {
                Ok(exchange) => collect(exchange).await,
                Err(error) => Err(error),
            };
        call(own).await.expect("answered");
        let outcome = call(other).await;
        let arrived: Vec<_> = server.ledger().requests().into_iter().map(|one| one.target).collect();
        assert!(
            outcome.is_err() && arrived == [format!("/{own}")],
            "{other} of a server of {own}: {outcome:?}, {arrived:?}"
        );
    }
}
