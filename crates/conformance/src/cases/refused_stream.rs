//! RETRY and POOL, continued: streams that a server refuses or resets. A retry is the client's, and the other
//! streams of the connection continue.

use bytes::Bytes;
use digicert_one_core::{Capability, Delivery};
use digicert_one_testbed::{ConnectProxy, FrontOptions, HttpVersions, RawOptions, RawServer, Recording, Step};
use futures_util::future::join;
use http::Method;

use crate::cases::http2::{
    DATA, END_HEADERS, END_STREAM, HEADERS, RST_STREAM, after_request, block, frame, goaway, server,
};
use crate::cases::time::{in_time, total_limit};
use crate::setting::{Setting, Settings};
use crate::world::{HOST, World, certificate, collect, get, request, up};

/// How a server ends a stream that it does not answer (RFC 9113 sections 6.8, 7 and 8.7).
#[derive(Clone, Copy, Debug)]
enum Refusal {
    /// It has not looked at it: REFUSED_STREAM.
    Unprocessed,
    /// It has not looked at it: GOAWAY below it.
    GoAway,
    /// By this code, after which it may have been processed.
    Reset(u8),
}

impl Refusal {
    /// Each on a new or on a used connection. The codes are CANCEL and ENHANCE_YOUR_CALM.
    const ALL: [(Self, bool); 6] = [
        (Self::Unprocessed, false),
        (Self::GoAway, false),
        (Self::Unprocessed, true),
        (Self::GoAway, true),
        (Self::Reset(8), true),
        (Self::Reset(11), false),
    ];

    fn of(self, stream: u8) -> Vec<u8> {
        let reset = |code| frame(RST_STREAM, 0, stream, &[0, 0, 0, code]);
        match self {
            Self::Unprocessed => reset(7),
            Self::GoAway => goaway(stream.saturating_sub(2)),
            Self::Reset(code) => reset(code),
        }
    }

    fn delivery(self) -> Delivery {
        if matches!(self, Self::Reset(_)) { Delivery::Unknown } else { Delivery::NotSent }
    }
}

fn response(stream: u8) -> Vec<u8> {
    let fields = block(&[(":status", "200"), ("content-length", "2")]);
    [frame(HEADERS, END_HEADERS, stream, &fields), frame(DATA, END_STREAM, stream, b"{}")].concat()
}

/// The streams of the HEADERS frames that a client sent.
fn opened(seen: &[u8]) -> Vec<u8> {
    const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
    let (mut rest, mut streams) = (seen.get(PREFACE..).unwrap_or_default(), Vec::new());
    while let [a, b, c, kind, _, _, _, _, stream, payload @ ..] = rest {
        if *kind == HEADERS {
            streams.push(*stream);
        }
        let length = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        rest = payload.get(length..).unwrap_or_default();
    }
    streams
}

/// A server that refuses the first request of its first connection, or the second, and records all that follows.
fn refusing(setting: Setting, refusal: Refusal, is_used: bool, seen: &[Recording; 2]) -> RawServer {
    let [first, second] = seen;
    let next = Step::ReadUntil(second.clone(), Bytes::from_static(b"\0\0\0\x03"));
    let mut steps = if is_used { vec![Step::write(response(1)), next] } else { Vec::new() };
    let stream = if is_used { 3 } else { 1 };
    // A retry on the same connection would succeed.
    let again = Step::ReadUntil(second.clone(), Bytes::copy_from_slice(&[0, 0, 0, stream + 2]));
    // Not before the end of the connection.
    let end = Step::ReadUntil(second.clone(), Bytes::from_static(b"no client sends this"));
    steps.extend([Step::write(refusal.of(stream)), again, Step::write(response(stream + 2)), end]);
    let options = setting.server(FrontOptions::default()).http(HttpVersions::Only2);
    // And over a new one.
    let other = after_request(&Recording::default(), [Step::write(response(1)), Step::Stall]);
    up(RawServer::start(RawOptions::tls_with(options, [after_request(first, steps), other])))
}

async fn refused_once(world: &World, methods: &[(Method, &'static str)]) {
    if world.leaves_out(Capability::Http2) {
        return;
    }
    let ours = certificate();
    let settings = Settings::where_(|one| one.http2).pairwise().chosen(world);
    for (turn, setting) in settings.into_iter().enumerate() {
        for (index, (refusal, is_used)) in Refusal::ALL.into_iter().enumerate() {
            let (method, body) = methods[(turn + index) % methods.len()].clone();
            let what = format!("{method}, {refusal:?}, on a used connection: {is_used}, {setting}");
            let seen: [Recording; 2] = Default::default();
            let server = refusing(setting, refusal, is_used, &seen);
            let proxy: Option<ConnectProxy> = setting.proxy(server.addr());
            let transport = world.new_transport(&setting.config(world.config(), &ours, proxy.as_ref()));
            if is_used {
                let exchange = in_time(transport.send(get(server.url(HOST)))).await;
                let exchange = exchange.unwrap_or_else(|error| panic!("the call before, {what}: {error:?}"));
                collect(exchange).await.unwrap_or_else(|error| panic!("the call before, {what}: {error:?}"));
            }
            let outcome = in_time(transport.send(request(method.clone(), server.url(HOST), body))).await;
            let connections = server.ledger().settle().await.connections;
            // A stack that sends this method over HTTP/1.1 only finds no such server.
            if connections.last().is_some_and(|one| one.alpn.is_none()) {
                continue;
            }
            let bytes: Vec<_> = seen.iter().flat_map(Recording::bytes).collect();
            let expected: &[u8] = if is_used { &[1, 3] } else { &[1] };
            assert_eq!(opened(&bytes), expected, "the streams that were opened, {what}");
            assert_eq!(connections.len(), 1, "it was sent once more, {what}");
            let error = outcome.err().unwrap_or_else(|| panic!("no response, {what}"));
            assert_eq!(error.delivery(), refusal.delivery(), "how far it came, {what}: {error:?}");
            // The server responds to the next call, on this connection or another one.
            let next = in_time(transport.send(get(server.url(HOST)))).await;
            next.unwrap_or_else(|error| panic!("the call after it, {what}: {error:?}"));
        }
    }
}

pub(crate) async fn retry_30_a_refused_stream_is_sent_once(world: World) {
    let methods =
        [(Method::POST, "{}"), (Method::PUT, "{}"), (Method::DELETE, ""), (Method::PATCH, "{}"), (Method::POST, "")];
    refused_once(&world, &methods).await;
}

pub(crate) async fn retry_31_a_refused_stream_of_a_get_is_sent_once(world: World) {
    refused_once(&world, &[(Method::GET, ""), (Method::HEAD, "")]).await;
}

/// How the stream of one of two calls ends, and what becomes of that call. They are streams 3 and 5.
#[derive(Clone, Copy, Debug)]
struct Broken {
    stream: u8,
    /// Whether the responses to both have begun.
    has_head: bool,
    end: End,
    delivery: Delivery,
}

#[derive(Clone, Copy, Debug)]
enum End {
    /// `RST_STREAM` with this code.
    Reset(u8),
    /// GOAWAY below the stream.
    GoAway,
}

const BROKEN: [Broken; 8] = [
    Broken { stream: 5, has_head: false, end: End::Reset(2), delivery: Delivery::Unknown },
    Broken { stream: 3, has_head: false, end: End::Reset(2), delivery: Delivery::Unknown },
    Broken { stream: 5, has_head: false, end: End::Reset(8), delivery: Delivery::Unknown },
    Broken { stream: 3, has_head: false, end: End::Reset(7), delivery: Delivery::NotSent },
    Broken { stream: 5, has_head: false, end: End::GoAway, delivery: Delivery::NotSent },
    Broken { stream: 5, has_head: true, end: End::Reset(2), delivery: Delivery::Sent },
    Broken { stream: 3, has_head: true, end: End::Reset(2), delivery: Delivery::Sent },
    Broken { stream: 3, has_head: true, end: End::Reset(8), delivery: Delivery::Sent },
];

impl Broken {
    fn server(self) -> RawServer {
        let begin = |stream| {
            let fields = block(&[(":status", "200"), ("content-length", "8")]);
            [frame(HEADERS, END_HEADERS, stream, &fields), frame(DATA, 0, stream, b"half")].concat()
        };
        let other = 8 - self.stream;
        let end = match self.end {
            End::Reset(code) => frame(RST_STREAM, 0, self.stream, &[0, 0, 0, code]),
            End::GoAway => goaway(self.stream - 2),
        };
        let rest = frame(DATA, END_STREAM, other, b"half");
        let both = Step::ReadUntil(Recording::default(), Bytes::from_static(b"\0\0\0\x05"));
        let steps = match self.has_head {
            true => vec![
                Step::write([begin(3), begin(5)].concat()),
                Step::Pause,
                Step::write(end),
                Step::Pause,
                Step::write(rest),
            ],
            false => vec![Step::write(end), Step::Pause, Step::write([begin(other), rest].concat())],
        };
        let before = [Step::write(response(1)), both];
        server([after_request(&Recording::default(), before.into_iter().chain(steps).chain([Step::Stall]))])
    }
}

pub(crate) async fn pool_41_a_stream_that_fails_leaves_the_others_of_its_connection(world: World) {
    if world.leaves_out(Capability::Http2) {
        return;
    }
    for broken in BROKEN {
        let server = broken.server();
        let transport = world.transport(&total_limit(&world));
        // A path of its own for each: a HEADERS frame that is five bytes long would look like the number of the second stream.
        let call = |path: &'static str| {
            let sending = transport.send(get(server.url(HOST) + path));
            async { collect(sending.await?).await }
        };
        in_time(call("/before")).await.expect("answered");
        let ends = in_time(join(call("/one-of-two"), call("/two-of-two"))).await;
        if server.ledger().connections().len() > 1 {
            // A stack that has a connection for each call.
            return;
        }
        let (whole, error) = match ends {
            (Ok(whole), Err(error)) | (Err(error), Ok(whole)) => (whole, error),
            ends => panic!("a call failed with another one, {broken:?}: {ends:?}"),
        };
        assert_eq!(&whole[..], b"halfhalf", "{broken:?}");
        assert_eq!(error.delivery(), broken.delivery, "{broken:?}: {error:?}");
    }
}
