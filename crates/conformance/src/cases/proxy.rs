//! PROXY: a proxy carries a tunnel and learns nothing but the name of the host.

use std::net::SocketAddr;

use digicert_one_core::{Capability, Code, Mode, Proxy, TransportConfig, TransportErrorKind};
use digicert_one_testbed::{ClientAuth, ConnectProxy, Front, FrontOptions, ProxyOptions};

use crate::world::{HOST, KEY, World, certificate, diagnose, front, get, identity};

fn proxied(config: TransportConfig, url: &str) -> TransportConfig {
    config.with_proxy(Proxy::Http(url.parse().expect("a proxy address")))
}

/// A proxy that sends the tests' host to `front`, as a resolver of its own would.
fn proxy_to(front: &Front, options: ProxyOptions) -> ConnectProxy {
    let address: SocketAddr = front.addr();
    let target = format!("{HOST}:{}", front.port());
    ConnectProxy::start(options.route(&target, address)).expect("loopback can be bound")
}

pub(crate) async fn proxy_01_a_connect_proxy_sees_no_certificate(world: World) {
    let front = front(FrontOptions::default().client_auth(ClientAuth::Required));
    let proxy = proxy_to(&front, ProxyOptions::default());
    let certificate = certificate();
    let config = proxied(world.config().with_identity(Some(identity(&certificate))), &proxy.url());
    if world.lacks(Capability::HttpProxy, &config) {
        return;
    }
    world.transport(&config).send(get(front.url(HOST))).await.expect("answered");
    assert_eq!(proxy.ledger().requests()[0].method, "CONNECT");
    assert_eq!(proxy.ledger().requests()[0].target, format!("{HOST}:{}", front.port()));
    // The handshake went from end to end: the origin saw the certificate, and on the only connection there is.
    assert_eq!(front.ledger().connections()[0].peer_fingerprint, Some(certificate.fingerprint()));
    assert_eq!(front.ledger().connections().len(), 1);
}

pub(crate) async fn proxy_02_a_connect_proxy_sees_no_key(world: World) {
    let front = front(FrontOptions::default());
    let proxy = proxy_to(&front, ProxyOptions::default().credentials("user", "password"));
    let url = proxy.url().replace("http://", "http://user:password@");
    let config = proxied(world.config(), &url);
    if world.lacks(Capability::HttpProxy, &config) {
        return;
    }
    let mut request = get(front.url(HOST));
    let mut value = http::HeaderValue::from_static(KEY);
    value.set_sensitive(true);
    request.headers_mut().insert("x-api-key", value);
    world.transport(&config).send(request).await.expect("answered");
    for connect in proxy.ledger().requests() {
        assert!(connect.header_values("x-api-key").is_empty());
    }
    let arrived = front.ledger().requests().remove(0);
    assert_eq!(arrived.header_values("x-api-key"), [KEY]);
    assert!(arrived.header_values("proxy-authorization").is_empty());
}

pub(crate) async fn proxy_04_a_refusing_proxy_is_named(world: World) {
    let front = front(FrontOptions::default());
    let proxy = proxy_to(&front, ProxyOptions::default().credentials("user", "password"));
    let config = proxied(world.config(), &proxy.url());
    if world.lacks(Capability::HttpProxy, &config) {
        return;
    }
    let error = world.transport(&config).send(get(front.url(HOST))).await.expect_err("the proxy wants credentials");
    assert!(matches!(error.kind(), TransportErrorKind::Proxy(None | Some(407))), "{error:?}");
    assert_eq!(diagnose(&error, Mode::Key, None).code, Code::NET_02);
    assert!(front.ledger().connections().is_empty());
}
