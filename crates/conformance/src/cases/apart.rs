//! POOL, continued: two transports of one process that differ in one part of their configuration. Each keeps
//! its own, whichever was made or called first, and after the other is gone.

use std::time::Duration;

use bytes::Bytes;
use digicert_one_client::SystemClock;
use digicert_one_core::{
    Capability, Clock as _, HttpVersions, Proxy, Timeouts, TlsVersion, TlsVersions, TransportConfig, TransportError,
    TransportErrorKind,
};
use digicert_one_testbed as testbed;
use digicert_one_testbed::{
    ClientAuth, ClientCert, ClientSpec, ConnectProxy, Front, FrontOptions, Handshake, Pki, ProxyOptions, Sessions,
    handler,
};
use http::{Request, Response, Version};

use crate::cases::names::{FIRST, NAME, SECOND, twins};
use crate::setting::{Settings, method};
use crate::world::{HOST, World, certificate, collect, get, identity, request, up};

/// More than what lies between client and server can hold.
const LARGE: usize = 1 << 20;

/// What became of a call.
#[derive(Clone, Debug, PartialEq)]
struct Observation {
    /// Which of the two servers it reached.
    server: Option<usize>,
    http2: bool,
    tls: Option<testbed::TlsVersion>,
    identity: Option<String>,
    failure: Option<&'static str>,
}

/// Two configurations, and what becomes of calls by them.
struct Difference {
    what: &'static str,
    path: &'static str,
    sides: [(TransportConfig, Observation); 2],
    servers: [Front; 2],
    _proxies: Vec<ConnectProxy>,
}

const LATE: &str = "it ran out";
const UNTRUSTED: &str = "the server is not trusted";

/// Two servers at two addresses. The first is where `NAME` leads.
struct Place {
    world: World,
    versions: HttpVersions,
    servers: [Front; 2],
    usual: Observation,
}

impl Place {
    fn new(world: &World, versions: HttpVersions) -> Self {
        let options = FrontOptions::default().server(Pki::shared().server(&[NAME])).client_auth(ClientAuth::Optional);
        let response = handler(|request: Request<Bytes>, _peer| async move {
            match request.uri().path() {
                "/slow" => {
                    SystemClock::new().sleep(Duration::from_millis(300)).await;
                    Response::new(Bytes::from_static(b"{}"))
                }
                "/large" => Response::new(vec![b'x'; LARGE].into()),
                _ => Response::new(Bytes::from_static(b"{}")),
            }
        });
        let tls = if world.has(Capability::Tls13) { testbed::TlsVersion::Tls13 } else { testbed::TlsVersion::Tls12 };
        let http2 = versions == HttpVersions::Both;
        let usual = Observation { server: Some(0), http2, tls: Some(tls), identity: None, failure: None };
        Self { world: world.clone(), versions, servers: twins(options, &response), usual }
    }

    fn config(&self) -> TransportConfig {
        self.world.config().with_http_versions(self.versions).with_name_override(NAME, FIRST)
    }

    /// A proxy that leads `NAME` to this server.
    fn proxy(&self, server: usize) -> ConnectProxy {
        let [first, _] = &self.servers;
        let route = format!("{NAME}:{}", first.port());
        up(ConnectProxy::start(ProxyOptions::default().route(&route, self.servers[server].addr())))
    }

    fn differing(
        self,
        what: &'static str,
        change: impl Fn(TransportConfig) -> TransportConfig,
        becomes: impl Fn(&mut Observation),
    ) -> Difference {
        let mut seen = self.usual.clone();
        becomes(&mut seen);
        let sides = [(self.config(), self.usual.clone()), (change(self.config()), seen)];
        Difference { what, path: "/", sides, servers: self.servers, _proxies: Vec::new() }
    }
}

fn differences(world: &World, versions: HttpVersions) -> Vec<Difference> {
    let place = || Place::new(world, versions);
    let unreached = |seen: &mut Observation, failure| {
        *seen = Observation { server: None, http2: false, tls: None, identity: None, failure: Some(failure) };
    };
    let mut all = vec![place().differing(
        "the address of a name",
        |_| world.config().with_http_versions(versions).with_name_override(NAME, SECOND),
        |seen| seen.server = Some(1),
    )];
    if world.has(Capability::TrustOnly) {
        let foreign = world.trusting(Pki::shared().foreign_root_der());
        let change = |config: TransportConfig| config.with_trust(foreign.clone());
        all.push(place().differing("the roots", change, |seen| unreached(seen, UNTRUSTED)));
    }
    if world.has(Capability::ClientIdentity) {
        let person =
            |name: &str| Pki::shared().client(ClientSpec { common_name: name.to_owned(), ..ClientSpec::default() });
        let (alice, bob) = (person("alice"), person("bob"));
        let with = |person: &ClientCert| {
            let (given, shown) = (identity(person), Some(person.fingerprint()));
            place().differing(
                "the identity",
                move |config| config.with_identity(Some(given.clone())),
                move |seen| seen.identity.clone_from(&shown),
            )
        };
        let (mut two, [_, other]) = (with(&alice), with(&bob).sides);
        two.sides[0] = other;
        all.extend([with(&alice), two]);
    }
    if world.has(Capability::Tls12) && world.has(Capability::Tls13) {
        let change = |config: TransportConfig| config.with_tls_versions(TlsVersions::Only(TlsVersion::Tls12));
        all.push(place().differing("the TLS version", change, |seen| seen.tls = Some(testbed::TlsVersion::Tls12)));
    }
    if versions == HttpVersions::Both {
        let change = |config: TransportConfig| config.with_http_versions(HttpVersions::Http1);
        all.push(place().differing("the HTTP version", change, |seen| seen.http2 = false));
    }
    if world.has(Capability::HttpProxy) {
        for is_between in [false, true] {
            let here = place();
            let (own, other) = (here.proxy(0), here.proxy(1));
            let through = |proxy: &ConnectProxy| Proxy::Http(proxy.url().parse().expect("a proxy address"));
            let way = through(&other);
            let own_way = through(&own);
            let change = |config: TransportConfig| config.with_proxy(way.clone());
            let mut one = here.differing("the proxy", change, |seen| seen.server = Some(1));
            if is_between {
                one.sides[0].0 = one.sides[0].0.clone().with_proxy(own_way);
            }
            one._proxies = vec![own, other];
            all.push(one);
        }
    }
    if versions != HttpVersions::Http1 {
        return all;
    }
    let limits = Timeouts::new().with_connect(Duration::from_secs(20)).with_total(Duration::from_millis(150));
    let change = |config: TransportConfig| config.with_timeouts(limits.clone());
    let mut slow = place().differing("the total limit", change, |seen| unreached(seen, LATE));
    slow.path = "/slow";
    all.push(slow);
    all
}

impl Difference {
    fn url(&self, path: &str) -> String {
        let [first, _] = &self.servers;
        format!("{}{path}", first.url(NAME))
    }

    fn seen(&self, before: [usize; 2], outcome: Result<Bytes, TransportError>) -> Observation {
        let failure = outcome.err().map(|error| match error.kind() {
            TransportErrorKind::Timeout(_) => LATE,
            TransportErrorKind::PeerUntrusted(_) => UNTRUSTED,
            _ => panic!("it failed with another transport, {}: {error:?}", self.what),
        });
        // Where it ran out is not the question.
        let arrived = (0..2).find(|server| failure.is_none() && self.count()[*server] > before[*server]);
        let found = arrived.and_then(|server| {
            let seen = self.servers[server].ledger().snapshot();
            let request = seen.requests.last()?.clone();
            let carrier = seen.connections.iter().find(|one| one.id == request.connection)?.clone();
            Some((request.version == Version::HTTP_2, carrier.tls_version, carrier.peer_fingerprint))
        });
        let (http2, tls, identity) = found.unwrap_or_default();
        Observation { server: arrived, http2, tls, identity, failure }
    }

    fn count(&self) -> [usize; 2] {
        self.servers.each_ref().map(|server| server.ledger().requests().len())
    }

    async fn holds(&self, world: &World, order: [usize; 2]) {
        let [one, other] = order.map(|side| world.transport(&self.sides[side].0));
        let calls = [(&one, order[0]), (&other, order[1])];
        for (turn, (transport, side)) in calls.into_iter().cycle().take(4).enumerate() {
            // A stack may send what is unsafe to retry over HTTP/1.1 alone.
            let turn = if self.sides.iter().any(|(_, seen)| seen.http2) { 0 } else { turn };
            let ((method, body), before) = (method(turn), self.count());
            let call = transport.send(request(method.clone(), self.url(self.path), body));
            let outcome = async { collect(call.await?).await }.await;
            let expected = &self.sides[side].1;
            let (made, what) = (order.iter().position(|one| *one == side), self.what);
            assert_eq!(
                &self.seen(before, outcome),
                expected,
                "another transport differs in {what}, and {method} (call {turn}) of that which was made as number {made:?} took its"
            );
        }
        // The other one may be needed for as long as a body is read.
        let is_called = self.sides[order[1]].1.failure.is_none();
        let begun =
            if is_called { Some(other.send(request(http::Method::GET, self.url("/large"), "")).await) } else { None };
        drop(one);
        if let Some(begun) = begun {
            let body = collect(begun.unwrap_or_else(|error| panic!("{}: {error:?}", self.what))).await;
            let body =
                body.unwrap_or_else(|error| panic!("it was cut with another transport, {}: {error:?}", self.what));
            assert_eq!(body.len(), LARGE, "{}", self.what);
        }
    }
}

pub(crate) async fn pool_34_transports_that_differ_in_one_thing_share_nothing(world: World) {
    for versions in world.http_versions() {
        for one in differences(&world, versions) {
            for order in [[0, 1], [1, 0]] {
                one.holds(&world, order).await;
            }
        }
    }
}

pub(crate) async fn pool_36_transports_of_equal_configuration_share_nothing(world: World) {
    let ours = certificate();
    for setting in Settings::ALL.pairwise().chosen(&world) {
        let front = up(Front::start(
            setting.server(FrontOptions::default()).sessions(Sessions::Tickets),
            handler(|_, _| async { Response::new(Bytes::from_static(b"{}")) }),
        ));
        let proxy = setting.proxy(front.addr());
        let config = setting.config(world.config(), &ours, proxy.as_ref());
        let transports = [world.transport(&config), world.transport(&config)];
        let mut used: [Vec<u64>; 2] = Default::default();
        for (index, transport) in transports.iter().enumerate().cycle().take(6) {
            collect(transport.send(get(front.url(HOST))).await.expect("answered")).await.expect("a body");
            used[index].push(front.ledger().requests().pop().expect("arrived").connection);
        }
        let [one, other] = &used;
        assert!(one.iter().all(|id| !other.contains(id)), "two transports share a connection, {setting}: {used:?}");
        let seen = front.ledger().connections();
        let firsts = used.iter().map(|ids| seen.iter().find(|seen| seen.id == ids[0]).expect("listed"));
        let resumed: Vec<_> = firsts.filter(|first| first.handshake != Handshake::Full).collect();
        assert!(resumed.is_empty(), "two transports share a session, {setting}: {resumed:?}");
        let [one, other] = transports;
        drop(one);
        let exchange = other.send(get(front.url(HOST))).await;
        exchange.unwrap_or_else(|error| panic!("it ended with one like it, {setting}: {error:?}"));
    }
}
