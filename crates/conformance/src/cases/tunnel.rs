//! PROXY, continued: the tunnel itself. The target always has a port, and the proxy's response may have any
//! form of HTTP.

use std::io;
use std::net::{Ipv6Addr, SocketAddr};

use bytes::Bytes;
use digicert_one_core::Capability;
use digicert_one_testbed::{
    ConnectProxy, Front, FrontOptions, Pki, ProxyOptions, RawOptions, RawServer, Step, handler,
};
use http::{Method, Response};

use crate::cases::proxy::proxied;
use crate::world::{HOST, World, collect, front, get, request, up};

const CALLS: [(Method, &str); 2] = [(Method::GET, ""), (Method::POST, "{}")];

pub(crate) async fn proxy_17_default_port_is_named_to_the_proxy_and_not_to_the_server(world: World) {
    // The proxy alone knows the second one.
    let hosts = [HOST, "inner.digicert.test"];
    for (versions, host) in world.http_versions().into_iter().flat_map(|versions| hosts.map(|host| (versions, host))) {
        let front = front(FrontOptions::default().server(Pki::shared().server(&hosts)));
        let proxy = up(ConnectProxy::start(ProxyOptions::default().route(&format!("{host}:443"), front.addr())));
        let config = proxied(world.config().with_http_versions(versions), &proxy.url());
        if world.lacks(Capability::HttpProxy, &config) {
            return;
        }
        let transport = world.transport(&config);
        for (method, body) in CALLS {
            let outcome = transport.send(request(method.clone(), format!("https://{host}/a?b=c"), body)).await;
            let what = format!("{method} {host} {versions:?}");
            let asked = proxy.ledger().requests().pop();
            let asked = asked.unwrap_or_else(|| panic!("a tunnel is asked for, {what}: {outcome:?}"));
            assert_eq!((&*asked.method, &*asked.target), ("CONNECT", &*format!("{host}:443")), "{what}");
            assert_eq!(asked.header_values("host"), [&*asked.target], "the `Host` of a CONNECT is its target, {what}");
            let exchange = outcome.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            collect(exchange).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            let arrived = front.ledger().requests().pop().expect("it arrived");
            assert_eq!((&*arrived.target, arrived.header_values("host")), ("/a?b=c", vec![host.to_owned()]), "{what}");
        }
        // A stack may open a connection that it then does not need, and close it before its handshake.
        let names: Vec<_> = front.ledger().connections().into_iter().filter_map(|one| one.sni).collect();
        assert!(!names.is_empty() && names.iter().all(|name| name == host), "{names:?}, {versions:?}");
    }
}

pub(crate) async fn proxy_18_tunnel_may_be_granted_in_any_form_of_http(world: World) {
    let forms = [
        vec!["HTTP/1.0 200 Connection established\r\n\r\n"],
        vec!["HTTP/1.1 200 \r\n\r\n"],
        vec!["HTTP/1.1 200 OK\r\nproxy-agent: a\r\nVia: 1.1 b\r\nx-a: ", LONG, "\r\nx-b: ", LONG, "\r\n\r\n"],
        // Neither length has a meaning here (RFC 9110 section 9.3.6).
        vec!["HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"],
        vec!["HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"],
        vec!["HTTP/1.1 200 Conn", "ection established\r", "\n\r", "\n"],
    ];
    granted_by(&world, forms).await;
}

pub(crate) async fn proxy_22_any_success_grants_a_tunnel(world: World) {
    let forms = ["HTTP/1.1 201 Created\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 299 Well\r\n\r\n"];
    granted_by(&world, forms.map(|form| vec![form])).await;
}

pub(crate) async fn proxy_23_interim_responses_may_come_before_a_tunnel(world: World) {
    let hints = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    granted_by(&world, [vec!["HTTP/1.1 100 Continue\r\n\r\n", hints]]).await;
}

/// Calls through proxies that grant a tunnel by these responses, each in its parts.
async fn granted_by(world: &World, forms: impl IntoIterator<Item = Vec<&'static str>>) {
    for form in forms {
        for versions in world.http_versions() {
            let front = front(FrontOptions::default());
            let granted = form.iter().map(|part| Step::write(*part));
            let script = [Step::ReadRequest].into_iter().chain(granted).chain([Step::Tunnel(front.addr())]).collect();
            let proxy = up(RawServer::start(RawOptions::plain([script])));
            let url = format!("http://{}", proxy.addr());
            let config = proxied(world.config().with_http_versions(versions), &url);
            if world.lacks(Capability::HttpProxy, &config) {
                return;
            }
            let transport = world.transport(&config);
            for (method, body) in CALLS {
                let what = format!("{method} {versions:?}, a tunnel granted by {form:?}");
                let outcome = transport.send(request(method, front.url(HOST), body)).await;
                let exchange = outcome.unwrap_or_else(|error| panic!("{what}: {error:?}"));
                collect(exchange).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            }
        }
    }
}

pub(crate) async fn proxy_19_a_proxy_may_be_named_by_an_ipv6_address(world: World) {
    through_ipv6(&world, FrontOptions::default(), HOST).await;
}

pub(crate) async fn proxy_21_an_ipv6_address_is_reached_through_a_proxy(world: World) {
    let bind = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    through_ipv6(&world, FrontOptions::default().bind(bind), "[::1]").await;
}

/// Calls the host at this server through a proxy that listens on `::1`.
async fn through_ipv6(world: &World, options: FrontOptions, host: &str) {
    let served = || handler(|_, _| async { Response::new(Bytes::from_static(b"{}")) });
    for versions in world.http_versions() {
        let front = match Front::start(options.clone(), served()) {
            // A machine without IPv6 can neither confirm nor refute it.
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => return,
            started => up(started),
        };
        let granted = Step::write("HTTP/1.1 200 OK\r\n\r\n");
        let mut options = RawOptions::plain([vec![Step::ReadRequest, granted, Step::Tunnel(front.addr())]]);
        options.bind = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
        let proxy = match RawServer::start(options) {
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => return,
            started => up(started),
        };
        let config = proxied(world.config().with_http_versions(versions), &format!("http://{}", proxy.addr()));
        if world.lacks(Capability::HttpProxy, &config) {
            return;
        }
        let transport = world.transport(&config);
        for (method, body) in CALLS {
            let what = format!("{method} {versions:?}");
            let outcome = transport.send(request(method, front.url(host), body)).await;
            let asked: Vec<_> = proxy.ledger().requests().into_iter().map(|one| one.target).collect();
            let target = format!("{host}:{}", front.port());
            assert!(!asked.is_empty(), "the proxy was not reached, {what}: {outcome:?}");
            assert!(asked.iter().all(|one| *one == target), "{asked:?} is asked for, {what}");
            collect(outcome.unwrap_or_else(|error| panic!("{what}: {error:?}"))).await.expect("a body");
        }
    }
}

pub(crate) async fn proxy_20_each_tunnel_carries_calls_to_its_own_target(world: World) {
    let other = format!("demo.{HOST}");
    for versions in world.http_versions() {
        let fronts = [HOST, &other].map(|name| (name, front(FrontOptions::default())));
        let options = fronts.iter().fold(ProxyOptions::default(), |options, (name, front)| {
            options.route(&format!("{name}:{}", front.port()), front.addr())
        });
        let proxy = up(ConnectProxy::start(options));
        let config = proxied(world.config().with_http_versions(versions), &proxy.url());
        if world.lacks(Capability::HttpProxy, &config) {
            return;
        }
        let transport = world.transport(&config);
        for round in 1..=2 {
            for (name, front) in &fronts {
                let what = format!("{name}, {versions:?}");
                let exchange = transport.send(get(front.url(name))).await;
                collect(exchange.unwrap_or_else(|error| panic!("{what}: {error:?}"))).await.expect("a body");
                let arrived = front.ledger().requests();
                assert_eq!(arrived.len(), round, "it went through the tunnel of another server, {what}");
                assert_eq!(arrived[round - 1].header_values("host"), [format!("{name}:{}", front.port())], "{what}");
            }
        }
    }
}

/// Two of them are more than a buffer that was sized for the usual response.
const LONG: &str = match std::str::from_utf8(&[b'a'; 1500]) {
    Ok(text) => text,
    Err(_) => "",
};
