//! The CONNECT proxy: a tunnel end to end, and its own ledger.

use digicert_one_testbed::{
    ClientAuth, ClientSpec, ConnectProxy, Front, FrontOptions, HttpVersions, Pki, ProxyOptions, RequestProgress,
    TlsRange,
};
use wiremock::matchers::method;
use wiremock::{Mock, ResponseTemplate};

use crate::client::{PATIENCE, tls_config};

fn through(proxy: &ConnectProxy, credentials: Option<(&str, &str)>) -> reqwest::Client {
    let identity = Pki::shared().client(ClientSpec::default());
    let mut route = reqwest::Proxy::all(proxy.url()).unwrap();
    if let Some((user, password)) = credentials {
        route = route.basic_auth(user, password);
    }
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls_config(Some(&identity), TlsRange::Both, HttpVersions::Both))
        .timeout(PATIENCE)
        .proxy(route)
        .build()
        .unwrap()
}

#[tokio::test]
async fn tunnel_shows_the_proxy_only_the_target() {
    let front = Front::with_wiremock(FrontOptions::default().client_auth(ClientAuth::Required));
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200)).mount(front.mock()).await;
    let target = format!("one.digicert.test:{}", front.port());
    let proxy = ConnectProxy::start(ProxyOptions::default().route(&target, front.addr())).unwrap();

    let request = through(&proxy, None).get(front.url("one.digicert.test")).header("x-api-key", "canary");
    assert_eq!(request.send().await.unwrap().status(), 200);

    let connects = proxy.ledger().requests();
    assert_eq!(connects.len(), 1);
    assert_eq!((connects[0].method.as_str(), connects[0].target.as_str()), ("CONNECT", target.as_str()));
    assert!(connects[0].header_values("x-api-key").is_empty());
    assert_eq!(front.ledger().requests()[0].header_values("x-api-key"), ["canary"]);
    assert!(front.ledger().connections()[0].peer_fingerprint.is_some());
}

#[tokio::test]
async fn proxy_with_password_refuses_other_clients() {
    let front = Front::with_wiremock(FrontOptions::default());
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(200)).mount(front.mock()).await;
    let proxy = ConnectProxy::start(ProxyOptions::default().credentials("user", "right")).unwrap();

    for credentials in [None, Some(("user", "wrong"))] {
        let response = through(&proxy, credentials).get(front.url("127.0.0.1")).send().await;
        assert!(response.is_err());
        assert_eq!(proxy.ledger().requests().pop().unwrap().progress, RequestProgress::Responded(407));
    }
    assert!(front.ledger().connections().is_empty());

    let response = through(&proxy, Some(("user", "right"))).get(front.url("127.0.0.1")).send().await;
    assert_eq!(response.unwrap().status(), 200);
}
