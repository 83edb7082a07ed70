//! ERR and SECRET, continued: calls that fail in every way that a server or a proxy on loopback can cause, and
//! what a transport says about them: its error, its log, its `Debug` text.

use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use digicert_one_core::{
    Capability, ConnectionFacts, Proxy, Timeouts, Transport, TransportConfig, TransportError, causes,
};
use digicert_one_testbed::{
    ClientAuth, Front, FrontOptions, Pki, RawOptions, RawServer, Recording, Script, Step, TlsRange,
    name_without_address, refused_addr,
};
use futures_util::stream::{self, StreamExt as _};
use http::Method;

use crate::cases::alerts::{after_hello, alert};
use crate::cases::http2::{DATA, after_request, frame, goaway, head, reset, server};
use crate::cases::time::{in_time, total_limit};
use crate::cases::upload::{Feed, content, pieces, refuses_uploads, upload};
use crate::log_scan::LogScan;
use crate::setting::method;
use crate::world::{HOST, World, collect, front, request, scripted, up};

/// This many calls are made at a time.
const AT_ONCE: usize = 6;

/// A call that is going to fail.
struct Failing {
    what: &'static str,
    config: TransportConfig,
    base: String,
    /// Whether it is an error of the system, of TLS or of HTTP, which the transport passes on.
    by_library: bool,
    /// Whether it lasts until a limit of seconds.
    waits: bool,
}

/// A call that has failed.
struct Failed {
    what: String,
    by_library: bool,
    /// How the transport prints itself afterwards.
    transport: String,
    error: TransportError,
}

/// Everything that a program could print of it, with every cause.
pub(crate) fn printed(error: &TransportError) -> String {
    let mut text = String::new();
    for cause in causes(error) {
        write!(text, "{cause}\n{cause:?}\n{cause:#?}\n").expect("writing to a string");
    }
    text
}

/// What listens while the calls are made.
#[derive(Default)]
struct Peers {
    scripts: Vec<RawServer>,
    fronts: Vec<Front>,
}

impl Peers {
    /// A server over HTTP/1.1 that continues like this after a request.
    fn http1(&mut self, steps: impl IntoIterator<Item = Step>) -> String {
        let script: Script = [Step::ReadRequest].into_iter().chain(steps).collect();
        self.keep(scripted([script]))
    }

    fn http2(&mut self, steps: impl IntoIterator<Item = Step>) -> String {
        self.keep(server([after_request(&Recording::default(), steps)]))
    }

    fn keep(&mut self, server: RawServer) -> String {
        let url = format!("https://{HOST}:{}", server.port());
        self.scripts.push(server);
        url
    }

    fn front(&mut self, options: FrontOptions) -> String {
        let front = front(options);
        let url = front.url(HOST);
        self.fronts.push(front);
        url
    }

    fn proxy(&mut self, steps: impl IntoIterator<Item = Step>) -> SocketAddr {
        let script: Script = [Step::ReadRequest].into_iter().chain(steps).collect();
        let proxy = up(RawServer::start(RawOptions::plain([script])));
        let address = proxy.addr();
        self.scripts.push(proxy);
        address
    }
}

const LENGTH: &str = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nbegin";

fn before_http(world: &World, peers: &mut Peers) -> Vec<Failing> {
    let plain =
        |what, base: String, by_library| Failing { what, config: world.config(), base, by_library, waits: false };
    let quick = Timeouts::new().with_connect(Duration::from_millis(500)).with_total(Duration::from_secs(20));
    let late = peers.keep(up(RawServer::silent()));
    let late = Failing { config: world.config().with_timeouts(quick), ..plain("a handshake that stalls", late, false) };
    let foreign = world.config().with_trust(world.trusting(Pki::shared().foreign_root_der()));
    let untrusted = peers.front(FrontOptions::default());
    let untrusted = Failing { config: foreign, ..plain("a server of an unknown issuer", untrusted, true) };
    let other_name = FrontOptions::default().server(Pki::shared().server(&["other.digicert.test"]));
    let strict = FrontOptions::default().client_auth(ClientAuth::Required).tls(TlsRange::Only12);
    let unknown = name_without_address().map(|name| plain("a name without address", format!("https://{name}"), false));
    let stays = |bytes: Vec<u8>| [Step::write(bytes), Step::Stall];
    [
        plain("nothing listens", format!("https://{HOST}:{}", refused_addr().port()), true),
        plain("another scheme", "ftp://127.0.0.1:1".to_owned(), false),
        plain("a password in the URL", "https://user:canary-password@127.0.0.1:1".to_owned(), false),
        plain("clear text", peers.keep(up(RawServer::plain_http())), true),
        plain("an end in the handshake", peers.keep(after_hello(&Recording::default(), [Step::CloseClean])), false),
        plain("an alert", peers.keep(after_hello(&Recording::default(), stays(alert(40)))), true),
        plain("a server that wants an identity", peers.front(strict), true),
        plain("another name", peers.front(other_name), true),
        late,
        untrusted,
    ]
    .into_iter()
    .chain(unknown)
    .collect()
}

fn at_the_proxy(world: &World, peers: &mut Peers) -> Vec<Failing> {
    let server = peers.front(FrontOptions::default());
    let refusal =
        |status: &str| [Step::write(format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n")), Step::CloseClean];
    let proxies = [
        ("no proxy", refused_addr(), true),
        ("a proxy that refuses", peers.proxy(refusal("403 Forbidden")), false),
        ("a proxy that wants a password", peers.proxy(refusal("407 Proxy Authentication Required")), false),
        ("a proxy that ends", peers.proxy([Step::CloseClean]), false),
    ];
    let through = |(what, address, by_library)| {
        let url = format!("http://{address}").parse().expect("a proxy address");
        let config = world.config().with_proxy(Proxy::Http(url));
        Failing { what, config, base: server.clone(), by_library, waits: false }
    };
    if world.has(Capability::HttpProxy) { proxies.into_iter().map(through).collect() } else { Vec::new() }
}

fn in_http(world: &World, peers: &mut Peers) -> Vec<Failing> {
    let plain =
        |what, base: String, by_library| Failing { what, config: world.config(), base, by_library, waits: false };
    let timed = |what, base: String| Failing { config: total_limit(world), waits: true, ..plain(what, base, false) };
    let chunk = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nno number\r\n";
    let large = format!("HTTP/1.1 200 OK\r\nx-large: {}\r\n\r\n", "x".repeat(300_000));
    let mut calls = vec![
        plain("no response", peers.http1([Step::CloseClean]), false),
        plain("an alert after the request", peers.http1([Step::Alert(40)]), true),
        plain("a reset", peers.http1([Step::Reset]), true),
        plain("garbage", peers.http1([Step::write("no HTTP at all\r\n\r\n"), Step::CloseClean]), true),
        plain("half a head", peers.http1([Step::write("HTTP/1.1 200 OK\r\ncontent-le"), Step::CloseClean]), false),
        plain("a large head", peers.http1([Step::write(large), Step::Stall]), false),
        plain("a cut body", peers.http1([Step::write(LENGTH), Step::CloseClean]), true),
        plain("a broken chunk", peers.http1([Step::write(chunk), Step::CloseClean]), false),
        timed("a head that does not come", peers.http1([Step::Stall])),
        timed("a body that stalls", peers.http1([Step::write(LENGTH), Step::Stall])),
    ];
    if world.has(Capability::Http2) {
        let begin = [head(0, &[(":status", "200"), ("content-length", "100")]), frame(DATA, 0, 1, b"begin")].concat();
        let cut = [Step::write(begin), Step::Pause, Step::write(reset(2)), Step::Stall];
        calls.extend([
            plain("a reset stream", peers.http2([Step::write(reset(2)), Step::Stall]), true),
            plain("a refused stream", peers.http2([Step::write(reset(7)), Step::Stall]), true),
            // hyper may end such a call without a word.
            plain("GOAWAY", peers.http2([Step::write(goaway(0)), Step::Stall]), false),
            plain("a cut HTTP/2 body", peers.http2(cut), true),
        ]);
    }
    calls
}

/// A method whose response has a body.
fn with_a_body(turn: usize) -> (Method, &'static str) {
    let (method, body) = method(turn);
    if method == Method::HEAD { (Method::GET, "") } else { (method, body) }
}

/// All of them, each by a transport of its own, with this path and query.
async fn failed(world: &World, target: &str) -> Vec<Failed> {
    let mut peers = Peers::default();
    let mut calls = before_http(world, &mut peers);
    calls.extend(at_the_proxy(world, &mut peers));
    calls.extend(in_http(world, &mut peers));
    // The longest first, and not all of them at a time: a libcurl that waits by `select` has 1,024 descriptors.
    calls.sort_by_key(|call| !call.waits);
    // Each as a request, and every third as an upload too.
    let uploads = calls.iter().filter(|call| !call.waits && world.has(Capability::StreamingUploads)).step_by(3);
    let uploads: Vec<_> = uploads.map(|call| (call, true)).collect();
    let calls = calls.iter().map(|call| (call, false)).chain(uploads).enumerate();
    let calls = calls.map(async |(turn, (call, is_upload))| {
        let transport = world.transport(&call.config);
        call.made(&*transport, if is_upload { (Method::POST, "") } else { with_a_body(turn) }, target, is_upload).await
    });
    stream::iter(calls).buffer_unordered(AT_ONCE).collect().await
}

impl Failing {
    async fn made(
        &self,
        transport: &dyn Transport,
        (method, body): (Method, &'static str),
        target: &str,
        is_upload: bool,
    ) -> Failed {
        let Self { what, base, by_library, .. } = self;
        let (what, url) = (format!("{what}, {method}, an upload: {is_upload}"), format!("{base}{target}"));
        let feed = Feed::default();
        let call = async {
            match is_upload {
                true => transport.upload(upload(method, url, feed.body(pieces(&content(100), 50)))).await,
                false => transport.send(request(method, url, body)).await,
            }
        };
        let outcome = match in_time(call).await {
            Ok(exchange) => in_time(collect(exchange)).await.map(drop),
            Err(error) => Err(error),
        };
        let error = outcome.expect_err(&what);
        if is_upload {
            feed.dropped(&what).await;
        }
        Failed { what, by_library: *by_library, transport: format!("{transport:?}{transport:#?}"), error }
    }
}

pub(crate) async fn err_34_no_cause_of_a_failure_quotes_path_or_query(world: World) {
    const TARGET: &str = "/account/canary-path-0001?token=canary-query-0001";
    for Failed { what, error, .. } in failed(&world, TARGET).await {
        let text = printed(&error);
        assert!(!text.contains("canary"), "the URL is quoted, {what}: {text}");
    }
}

pub(crate) async fn secret_20_no_log_shows_the_target_of_a_call_that_fails(world: World) {
    const TARGET: &str = "/account/canary-path-0020?token=canary-query-0020";
    let scan = LogScan::start(["canary-path-0020", "canary-query-0020", "canary-password"].map(str::to_owned));
    let failed = failed(&world, TARGET).await;
    tracing::trace!("the log is read");
    let (lines, shown) = scan.result();
    assert!(lines > 0, "nothing was logged, or the log was not captured");
    assert!(shown.is_empty(), "the URL is logged by {shown:?}");
    for Failed { what, transport, .. } in failed {
        assert!(!transport.contains("canary"), "the transport shows its last call, {what}: {transport}");
    }
}

/// Whether it is nothing but text, as an error is that was converted to a string: what it shows stands in quotes in its `Debug`.
fn is_text(error: &(dyn Error + 'static)) -> bool {
    let is_quoted = |debug: String, display: String| debug.contains(&format!("{display:?}"));
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => is_quoted(format!("{inner:?}"), inner.to_string()),
        None => is_quoted(format!("{error:?}"), error.to_string()),
    }
}

pub(crate) async fn err_60_the_librarys_error_is_the_source_and_not_its_text(world: World) {
    for Failed { what, error, .. } in failed(&world, "/").await.into_iter().filter(|one| one.by_library) {
        assert!(error.source().is_some(), "{what} has no source: {error:?}");
        let root = causes(&error).last().expect("at least itself");
        assert!(!is_text(root), "the source of {what} is nothing but text: {error:?}");
    }
}

pub(crate) async fn err_61_a_failure_is_reported_as_its_own_whatever_failed_before(world: World) {
    // Each ends its connection, so that the next call meets the same again.
    const ENDING: [&str; 10] = [
        "nothing listens",
        "clear text",
        "an end in the handshake",
        "an alert",
        "another name",
        "no response",
        "a reset",
        "garbage",
        "half a head",
        "a cut body",
    ];
    let mut peers = Peers::default();
    let mut calls = before_http(&world, &mut peers);
    calls.extend(in_http(&world, &mut peers));
    calls.retain(|call| ENDING.contains(&call.what));
    assert_eq!(calls.len(), ENDING.len(), "or this shows less");
    let mut alone = Vec::new();
    for call in &calls {
        let Failed { error, .. } = call.made(&*world.new_transport(&world.config()), with_a_body(0), "/", false).await;
        alone.push((error.kind(), error.delivery()));
    }
    let (transport, mut before) = (world.transport(&world.config()), "nothing");
    for (turn, index) in each_after_each(calls.len()).into_iter().enumerate() {
        let call = &calls[index];
        let Failed { what, error, .. } = call.made(&*transport, with_a_body(turn), "/", false).await;
        let reported = (error.kind(), error.delivery());
        assert_eq!(reported, alone[index], "{what}, after {before}, is not reported as the first failure: {error:?}");
        before = call.what;
    }
}

/// Numbers below `count`, in an order in which each follows each, itself too.
fn each_after_each(count: usize) -> Vec<usize> {
    let mut order = Vec::new();
    for first in 0..count {
        order.push(first);
        order.extend((first + 1..count).flat_map(|second| [first, second]));
    }
    order.push(0);
    order
}

/// Which facts are known.
fn known(facts: &ConnectionFacts) -> [(&'static str, bool); 5] {
    [
        ("reused", facts.reused.is_some()),
        ("tls_version", facts.tls_version.is_some()),
        ("identity_requested", facts.identity_requested.is_some()),
        ("peer", facts.peer.is_some()),
        ("server_certificate", facts.server_certificate.is_some()),
    ]
}

pub(crate) async fn upload_23_a_failure_of_an_upload_is_reported_as_that_of_any_call(world: World) {
    if refuses_uploads(&world).await {
        return;
    }
    let mut peers = Peers::default();
    let mut calls = before_http(&world, &mut peers);
    calls.extend(at_the_proxy(&world, &mut peers));
    calls.extend(in_http(&world, &mut peers));
    let calls = calls.iter().filter(|call| !call.waits).map(async |call| {
        let [one, other] = [(); 2].map(|()| world.transport(&call.config));
        let usual = call.made(&*one, (Method::POST, "a body"), "/", false).await;
        [usual, call.made(&*other, (Method::POST, ""), "/", true).await]
    });
    let calls: Vec<_> = stream::iter(calls).buffer_unordered(AT_ONCE).collect().await;
    for [usual, upload] in calls {
        let (what, usual, error) = (upload.what, usual.error, upload.error);
        let [left, right] = [&error, &usual].map(|error| (error.kind(), error.delivery()));
        assert_eq!(left, right, "{what}: an upload (left), a request (right): {error:?}, {usual:?}");
        for ((fact, is_known), (_, usually)) in known(error.facts()).into_iter().zip(known(usual.facts())) {
            assert!(is_known || !usually, "{fact} is not known of an upload, {what}: {error:?}, {usual:?}");
        }
        assert!(error.source().is_some() || usual.source().is_none(), "the cause is lost, {what}: {error:?}");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::each_after_each;

    #[test]
    fn each_number_follows_each() {
        for count in 1..8 {
            let order = each_after_each(count);
            let pairs: BTreeSet<_> = order.windows(2).map(|pair| (pair[0], pair[1])).collect();
            assert_eq!((pairs.len(), order.len()), (count * count, count * count + 1));
        }
    }
}
