//! TIME and ERR by table: each phase of a call, and each way to stall or to end there (see `call_table.rs`).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{
    Capability, HttpVersions, Phase, Proxy, Timeouts, Transport, TransportConfig, TransportErrorKind,
};
use digicert_one_testbed::{
    Blackhole, ConnectProxy, Connection, FrontOptions, Gate, RawOptions, RawServer, Recording, Script, Snapshot, Step,
    TlsRange, blackhole, refused_addr,
};
use futures_util::future::join_all;
use futures_util::stream::{self, StreamExt as _};
use http::{Method, Request};

use crate::call_table::{Row, Stage, TABLE, Turn};
use crate::cases::http2::{DATA, END_HEADERS, END_STREAM, HEADERS, after_request, block, frame, goaway, reset};
use crate::cases::time::ended_in_time;
use crate::setting::leading;
use crate::world::{HOST, World, collect, request, up};

/// This many calls run at a time. All that wait do so concurrently.
const AT_ONCE: usize = 8;
/// In turn, beside GET.
const UNSAFE: [Method; 4] = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
/// More than what lies between client and server can hold.
const LARGE: usize = 8 << 20;

/// One line of the table in one setting.
#[derive(Clone)]
struct Cell {
    row: Row,
    http2: bool,
    tls13: bool,
    proxied: bool,
    method: Method,
    /// On a connection that has carried a response.
    used: bool,
}

/// The peer of a cell, for as long as it is needed.
#[derive(Default)]
struct Other {
    servers: Vec<RawServer>,
    proxy: Option<ConnectProxy>,
    nowhere: Option<Blackhole>,
    /// The script that waits for it never continues.
    never: Gate,
    url: String,
    through: Option<SocketAddr>,
}

impl Cell {
    fn what(&self) -> String {
        let http = if self.http2 { "HTTP/2" } else { "HTTP/1.1" };
        let tls = if self.tls13 { "TLS 1.3" } else { "TLS 1.2" };
        let way = if self.proxied { "through a proxy" } else { "direct" };
        let Row { stage, turn, .. } = self.row;
        let used = if self.used { ", on a used connection" } else { "" };
        format!("{stage}: {turn} ({}, {http}, {tls}, {way}{used})", self.method)
    }

    /// What a server does from the end of its stage on.
    fn turn(&self, never: &Gate) -> Vec<Step> {
        match self.row.turn {
            // One that reads on would make room for the upload.
            _ if self.row.stage == Stage::Upload && self.row.turn.is_stall() => vec![Step::Wait(never.clone())],
            Turn::StallsToConnectLimit | Turn::StallsToTotalLimit => vec![Step::Stall],
            Turn::Refused | Turn::Fin => vec![Step::CloseClean],
            Turn::Rst => vec![Step::Reset],
            Turn::StreamReset => vec![Step::write(reset(2)), Step::Stall],
            Turn::GoAway => vec![Step::write(goaway(1)), Step::CloseClean],
        }
    }

    /// The script of a server that has reached this stage of HTTP.
    fn script(&self, never: &Gate) -> Script {
        let end = self.turn(never);
        // The first request of a connection is that of stream 1.
        let stream = if self.used { 3 } else { 1 };
        // A body is one whatever the status is. Half a head of some statuses is a whole one to libcurl, see FID-10.
        let (code, status) = if self.method == Method::GET { ("200", "200 OK") } else { ("404", "404 Not Found") };
        let head = |fields: &[(&str, &str)]| frame(HEADERS, END_HEADERS, stream, &block(fields));
        let written = match (self.row.stage, self.http2) {
            (Stage::Interim, false) => Bytes::from_static(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"),
            (Stage::Head, false) => Bytes::from_static(b"HTTP/1.1 200 OK\r\ncontent-le"),
            (Stage::Body, false) => format!("HTTP/1.1 {status}\r\ncontent-length: 100\r\n\r\nbegin").into(),
            (Stage::Interim, true) => head(&[(":status", "103")]).into(),
            // A head that is to go on in another frame.
            (Stage::Head, true) => frame(HEADERS, 0, stream, &block(&[(":status", "200")])).into(),
            (Stage::Body, true) => {
                let begin = head(&[(":status", code), ("content-length", "100")]);
                [begin, frame(DATA, 0, stream, b"begin")].concat().into()
            }
            _ => Bytes::new(),
        };
        let steps =
            [Step::Write(written)].into_iter().filter(|step| !matches!(step, Step::Write(none) if none.is_empty()));
        let steps = steps.chain(end);
        if self.http2 && self.used {
            let first = frame(HEADERS, END_HEADERS | END_STREAM, 1, &block(&[(":status", "200")]));
            let second = Step::ReadUntil(Recording::default(), Bytes::from_static(b"\0\0\0\x03"));
            return after_request(&Recording::default(), [Step::write(first), second].into_iter().chain(steps));
        }
        if self.http2 {
            return after_request(&Recording::default(), steps);
        }
        let read = match self.row.stage {
            Stage::Upload => Step::ReadUntil(Recording::default(), Bytes::from_static(b"\r\n\r\n")),
            _ => Step::ReadRequest,
        };
        let first = [Step::ReadRequest, Step::write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")];
        let first = first.into_iter().filter(|_| self.used);
        first.chain([read]).chain(steps).collect()
    }

    fn other(&self) -> Other {
        let mut other = Other { url: format!("https://{HOST}/"), ..Other::default() };
        let asked = Step::ReadRequest;
        let clear = |steps: Vec<Step>| up(RawServer::start(RawOptions::plain([steps])));
        let (stage, end) = (self.row.stage, self.turn(&other.never));
        match stage {
            Stage::Tcp | Stage::TcpToProxy => {
                let address = if self.row.turn == Turn::Refused {
                    refused_addr()
                } else {
                    let nowhere = other.nowhere.insert(blackhole().expect("a full backlog on loopback"));
                    nowhere.addr()
                };
                if stage == Stage::Tcp {
                    other.url = format!("https://{address}/");
                } else {
                    other.through = Some(address);
                }
            }
            Stage::Connect | Stage::ConnectHalf => {
                let half = [Step::write("HTTP/1.1 200 Conn")].into_iter().filter(|_| stage == Stage::ConnectHalf);
                let proxy = clear([asked].into_iter().chain(half).chain(end).collect());
                other.through = Some(proxy.addr());
                other.servers.push(proxy);
            }
            Stage::Handshake | Stage::HandshakeInTunnel => {
                // The hello has arrived: a record of type 22.
                let hello = Step::ReadUntil(Recording::default(), Bytes::from_static(b"\x16\x03"));
                let server = clear([hello].into_iter().chain(end).collect());
                other.url = format!("https://{HOST}:{}/", server.port());
                if stage == Stage::HandshakeInTunnel {
                    let connected = Step::write("HTTP/1.1 200 Connection established\r\n\r\n");
                    let proxy = clear(vec![asked, connected, Step::Tunnel(server.addr())]);
                    other.through = Some(proxy.addr());
                    other.servers.push(proxy);
                }
                other.servers.push(server);
            }
            _ => {
                let range = if self.tls13 { TlsRange::Only13 } else { TlsRange::Only12 };
                let versions = digicert_one_testbed::HttpVersions::Only2;
                let options = FrontOptions::default().tls(range);
                let options = if self.http2 { options.http(versions) } else { options };
                let server = up(RawServer::start(RawOptions::tls_with(options, [self.script(&other.never)])));
                other.url = server.url(HOST);
                if self.proxied {
                    let routes = [(server.port(), server.addr())].into_iter();
                    let proxy = other.proxy.insert(up(ConnectProxy::start(leading(routes))));
                    other.through = Some(proxy.addr());
                }
                other.servers.push(server);
            }
        }
        other
    }

    fn config(&self, world: &World, other: &Other) -> TransportConfig {
        let (short, long) = (Duration::from_millis(300), Duration::from_secs(30));
        let limits = Timeouts::new();
        let config = match self.row.turn {
            Turn::StallsToConnectLimit => world.config().with_timeouts(limits.with_connect(short).with_total(long)),
            // Time enough to connect on a machine that has much else to do.
            Turn::StallsToTotalLimit if self.row.stage.is_connected() => {
                let (connect, total) = (Duration::from_secs(3), Duration::from_secs(4));
                world.config().with_timeouts(limits.with_connect(connect).with_total(total))
            }
            Turn::StallsToTotalLimit => world.config().with_timeouts(limits.with_connect(long).with_total(short)),
            _ => world.config(),
        };
        let config = config.with_http_versions(if self.http2 { HttpVersions::Both } else { HttpVersions::Http1 });
        match other.through {
            Some(proxy) => config.with_proxy(Proxy::Http(format!("http://{proxy}").parse().expect("an address"))),
            None => config,
        }
    }

    fn request(&self, url: &str) -> Request<Bytes> {
        let body = match self.row.stage {
            Stage::Upload => Bytes::from(vec![b'x'; LARGE]),
            _ if self.method != Method::GET => Bytes::from_static(b"{}"),
            _ => Bytes::new(),
        };
        request(self.method.clone(), url, body)
    }

    /// Everything that the call needs, created before any of them starts: otherwise others could delay it. Cells with one
    /// configuration share a transport, since a libcurl that waits by `select` cannot have many.
    fn ready(self, world: &World, made: &mut Vec<Made>) -> Ready {
        let other = self.other();
        let limit = (self.row.turn, self.row.stage.is_connected());
        let known = made.iter().find(|one| (one.limit, one.http2, one.through) == (limit, self.http2, other.through));
        let transport = match known {
            Some(one) => Arc::clone(&one.transport),
            None => {
                let transport = world.transport(&self.config(world, &other));
                let (http2, through) = (self.http2, other.through);
                made.push(Made { limit, http2, through, transport: Arc::clone(&transport) });
                transport
            }
        };
        Ready { cell: self, other, transport }
    }

    /// Returns what is wrong with how the call ends. A call that could not connect in time on a busy machine
    /// is repeated.
    async fn walk(&self, world: &World) -> Option<String> {
        let mut wrong = None;
        for _ in 0..3 {
            match self.clone().ready(world, &mut Vec::new()).walk().await {
                Walk::TooSlow(what) => wrong = Some(what),
                Walk::Right => return None,
                Walk::Wrong(what) => return Some(what),
            }
        }
        wrong
    }
}

/// A transport, and what decides over its configuration.
struct Made {
    limit: (Turn, bool),
    http2: bool,
    through: Option<SocketAddr>,
    transport: Arc<dyn Transport>,
}

/// A cell, its other side and its transport.
struct Ready {
    cell: Cell,
    other: Other,
    transport: Arc<dyn Transport>,
}

/// How a call of a cell ended.
enum Walk {
    Right,
    Wrong(String),
    /// Its connect limit expired before it reached the stage.
    TooSlow(String),
}

impl Ready {
    /// A call that waits for a short limit is made twice: the second one follows a call that ran out.
    async fn walk(&self) -> Walk {
        match self.walk_once().await {
            Walk::Right if self.cell.row.turn == Turn::StallsToConnectLimit => self.walk_once().await,
            ended => ended,
        }
    }

    async fn walk_once(&self) -> Walk {
        let Self { cell, other, transport } = self;
        if cell.used {
            let first = async { collect(transport.send(request(Method::GET, &other.url, "")).await?).await };
            if let Err(error) = first.await {
                return Walk::TooSlow(format!("{}: the call before it failed: {error:?}", cell.what()));
            }
        }
        let call = async {
            match transport.send(cell.request(&other.url)).await {
                Ok(exchange) => collect(exchange).await.map(drop),
                Err(error) => Err(error),
            }
        };
        let outcome = if cell.row.turn.is_stall() { ended_in_time(call).await } else { Some(call.await) };
        other.never.open();
        let what = cell.what();
        if cell.used && other.servers.iter().any(|server| server.ledger().connections().len() > 1) {
            // Nothing makes a transport use it again.
            return Walk::Right;
        }
        let error = match outcome {
            None => return Walk::Wrong(format!("{what}: its limit ran out long ago, and it still waits")),
            Some(Ok(())) => return Walk::Wrong(format!("{what}: it ended well")),
            Some(Err(_)) if cell.is_never_spoken(other) => return Walk::Right,
            Some(Err(error)) => error,
        };
        if cell.row.allows(cell.http2, (error.kind(), error.delivery())) {
            // Over HTTP/2 it is the stream that must end, which is POOL-33.
            let ends = cell.row.stage.is_connected() && cell.row.turn.is_stall() && !cell.http2;
            return match ends && !other.are_closed().await {
                true => Walk::Wrong(format!("{what}: its connection stays open")),
                false => Walk::Right,
            };
        }
        let wrong = format!("{what}: one of {:?} is wanted: {error:?}", cell.row.ends);
        let connecting = [Phase::Connect, Phase::Handshake, Phase::ConnectOrHandshake].map(TransportErrorKind::Timeout);
        let established = |server: &RawServer| server.ledger().connections().iter().any(Connection::established);
        // The call on a used connection may have gone to a new one, which was not made in time.
        let is_early = connecting.contains(&error.kind()) && (cell.used || !other.servers.iter().any(established));
        if cell.row.stage.is_connected() && is_early { Walk::TooSlow(wrong) } else { Walk::Wrong(wrong) }
    }
}

impl Other {
    /// Whether each connection to it ends.
    async fn are_closed(&self) -> bool {
        let closed = |seen: &Snapshot| seen.connections.iter().all(|one| one.closed);
        let all = self.servers.iter().map(|server| server.ledger().wait_until(closed, Duration::from_secs(10)));
        join_all(all).await.into_iter().all(|is_closed| is_closed)
    }
}

impl Cell {
    /// A stack that sends what is unsafe to retry over HTTP/1.1 alone finds no server that speaks it.
    fn is_never_spoken(&self, other: &Other) -> bool {
        let unspoken = |server: &RawServer| server.ledger().connections().iter().all(|one| one.alpn.is_none());
        self.http2 && self.method != Method::GET && other.servers.iter().all(unspoken)
    }
}

/// The cells of these rows: those before HTTP with GET where HTTP/2 is offered and with another method where it is not, the rest over
/// each HTTP version, alternately under each TLS version, direct and through a proxy.
fn cells(world: &World, stalls: bool) -> Vec<Cell> {
    let mut cells = Vec::new();
    let proxied = world.config().with_proxy(Proxy::Http("http://127.0.0.1:1".parse().expect("an address")));
    let has_proxy = !world.lacks(Capability::HttpProxy, &proxied);
    for row in TABLE.iter().filter(|row| row.turn.is_stall() == stalls && (has_proxy || !row.stage.has_proxy())) {
        for (http2, is_safe) in
            [false, true].into_iter().flat_map(|http2| [true, false].map(|is_safe| (http2, is_safe)))
        {
            let has_http2 = world.has(Capability::Http2);
            let is_spoken = match row.stage.is_connected() {
                true => !http2 || has_http2,
                // Offered with what every stack sends over it.
                false => http2 == (is_safe && has_http2),
            };
            let is_sent = row.stage != Stage::Upload || !is_safe;
            if is_spoken && is_sent && row.turn.is_of(http2) {
                let turn = cells.len();
                let tls13 = world.has(Capability::Tls13) && (turn % 2 == 0 || !world.has(Capability::Tls12));
                let proxied = row.stage.has_proxy() || has_proxy && row.stage.is_connected() && turn % 3 == 0;
                let method = if is_safe { Method::GET } else { UNSAFE[turn / 2 % UNSAFE.len()].clone() };
                let cell = Cell { row: *row, http2, tls13, proxied, method, used: false };
                // A libcurl that waits by `select` cannot have many more of them at a time.
                let is_one = is_safe != http2 || row.stage == Stage::Upload;
                if stalls && row.stage.is_connected() && is_one {
                    cells.push(Cell { used: true, ..cell.clone() });
                }
                cells.push(cell);
            }
        }
    }
    cells
}

pub(crate) async fn time_30_call_that_stalls_ends_by_its_limit_in_every_phase(world: World) {
    let mut made = Vec::new();
    let ready: Vec<_> = cells(&world, true).into_iter().map(|cell| cell.ready(&world, &mut made)).collect();
    let walks = join_all(ready.iter().map(Ready::walk)).await;
    let mut outcomes = Vec::new();
    for (one, walk) in ready.iter().zip(walks) {
        outcomes.push(match walk {
            Walk::Right => None,
            Walk::Wrong(what) => Some(what),
            Walk::TooSlow(_) => one.cell.walk(&world).await,
        });
    }
    right(outcomes);
}

pub(crate) async fn err_50_call_that_is_cut_ends_alike_in_every_phase(world: World) {
    let walks = stream::iter(cells(&world, false)).map(|cell| walked(&world, cell));
    right(walks.buffer_unordered(AT_ONCE).collect().await);
}

async fn walked(world: &World, cell: Cell) -> Option<String> {
    cell.walk(world).await
}

fn right(walks: Vec<Option<String>>) {
    let wrong: Vec<_> = walks.iter().flatten().map(String::as_str).collect();
    assert!(wrong.is_empty(), "{} of {} cells are wrong:\n  {}", wrong.len(), walks.len(), wrong.join("\n  "));
}
