//! REPLAY: a request that may have reached the server is never sent again silently. libcurl does so when a
//! reused connection dies before the first byte of the response.

use bytes::Bytes;
use digicert_one_core::{Delivery, Transport, TransportErrorKind};
use digicert_one_testbed::{
    ClientAuth, FrontOptions, RawOptions, RawServer, Step, TlsRange, name_without_address, refused_addr,
};
use http::Method;

use crate::setting::{Setting, Settings};
use crate::world::{HOST, World, certificate, collect, front, get, request, up, without_request};

/// Responds to the first request of a connection, reads the second one completely, and disconnects. On
/// further connections too.
fn dying(setting: Setting) -> RawServer {
    let response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let scripts = [
        vec![Step::ReadRequest, Step::write(response), Step::ReadRequest, Step::CloseClean],
        vec![Step::ReadRequest, Step::CloseClean],
    ];
    up(RawServer::start(RawOptions::tls_with(setting.server(FrontOptions::default()), scripts)))
}

/// One good GET, then `method` on the same transport, which must fail and must have arrived once.
async fn delivered_once(world: &World, settings: &Settings, method: Method, body: &'static str) {
    for setting in settings.chosen(world) {
        let what = format!("{method}, {setting}");
        let server = dying(setting);
        let proxy = setting.proxy(server.addr());
        let transport = world.transport(&setting.config(world.config(), &certificate(), proxy.as_ref()));
        let first = transport.send(get(server.url(HOST))).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        collect(first).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        let second =
            request(method.clone(), format!("{}/second", server.url(HOST)), Bytes::from_static(body.as_bytes()));
        let error = transport.send(second).await.expect_err(&what);
        let ended = (error.kind(), error.delivery());
        assert_eq!(ended, (TransportErrorKind::Interrupted, Delivery::Unknown), "{what}");
        let deliveries = server.ledger().requests().iter().filter(|request| request.target == "/second").count();
        assert_eq!(deliveries, 1, "{what}");
    }
}

/// A script speaks HTTP/1.1; over HTTP/2 it is ERR-41.
const OVER_HTTP1: Settings = Settings::where_(|one| !one.http2);

pub(crate) async fn replay_01_a_post_on_a_dying_connection_is_delivered_once(world: World) {
    delivered_once(&world, &OVER_HTTP1, Method::POST, "{\"hash\":\"c2lnbiBtZQ==\"}").await;
}

pub(crate) async fn replay_02_nor_is_any_other_unsafe_method_repeated(world: World) {
    delivered_once(&world, &OVER_HTTP1.pairwise(), Method::PUT, "{}").await;
    delivered_once(&world, &OVER_HTTP1.pairwise(), Method::PATCH, "{}").await;
    delivered_once(&world, &OVER_HTTP1.pairwise(), Method::DELETE, "").await;
    delivered_once(&world, &OVER_HTTP1.pairwise(), Method::POST, "").await;
}

pub(crate) async fn replay_03_a_get_is_delivered_once_too(world: World) {
    delivered_once(&world, &OVER_HTTP1.pairwise(), Method::GET, "").await;
}

pub(crate) async fn replay_04_what_was_not_sent_is_said_to_be_not_sent(world: World) {
    let transport = world.transport(&world.config());
    not_sent(&*transport, &format!("https://{}/", refused_addr())).await;
    if let Some(name) = name_without_address() {
        not_sent(&*transport, &format!("https://{name}/")).await;
    }
    // TLS 1.2 refuses inside the handshake; TLS 1.3 may refuse after it, when the client cannot know.
    let front = front(FrontOptions::default().client_auth(ClientAuth::Required).tls(TlsRange::Only12));
    not_sent(&*transport, &front.url(HOST)).await;
    without_request(&front, "no request is to come here").await;
}

async fn not_sent(transport: &dyn Transport, url: &str) {
    let error = transport.send(request(Method::POST, url, "{}")).await.expect_err("a failure");
    assert_eq!(error.delivery(), Delivery::NotSent, "{url}: {error:?}");
}

/// What may come of a response before its connection ends. Its status is never whole, since some libraries then take it for one.
const PARTS: [(&str, Method); 3] = [
    ("HTTP/1.1 2", Method::POST),
    ("HTTP/", Method::PUT),
    ("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1", Method::PATCH),
];

pub(crate) async fn replay_06_what_a_part_of_a_head_follows_is_not_sent_again(world: World) {
    let response = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
    let whole = || [Step::ReadRequest, Step::write(response)];
    for setting in OVER_HTTP1.pairwise().chosen(&world) {
        for (part, method) in PARTS {
            for end in [Step::CloseClean, Step::CloseAbrupt, Step::Reset] {
                let what = format!("{method} after {part:?} and {end:?}, {setting}");
                let lost =
                    whole().into_iter().chain([Step::ReadRequest, Step::write(part), Step::Pause, end]).collect();
                let next = || whole().into_iter().chain([Step::Stall]).collect();
                let options = RawOptions::tls_with(setting.server(FrontOptions::default()), [lost, next(), next()]);
                let server = up(RawServer::start(options));
                let proxy = setting.proxy(server.addr());
                let transport = world.new_transport(&setting.config(world.config(), &certificate(), proxy.as_ref()));
                let first = transport.send(request(method.clone(), server.url(HOST), "{}")).await;
                let first = first.unwrap_or_else(|error| panic!("the first call, {what}: {error:?}"));
                collect(first).await.unwrap_or_else(|error| panic!("the first call, {what}: {error:?}"));
                let outcome =
                    transport.send(request(method.clone(), format!("{}/second", server.url(HOST)), "{}")).await;
                let sent = server.ledger().requests().iter().filter(|one| one.target == "/second").count();
                assert_eq!(sent, 1, "it was sent {sent} times: {what}");
                match outcome {
                    Err(error) => assert_ne!(error.delivery(), Delivery::NotSent, "{what}: {error:?}"),
                    // On a connection of its own.
                    Ok(exchange) => assert!(server.ledger().connections().len() > 1, "{what}: {exchange:?}"),
                }
            }
        }
    }
}
