//! The client as a tower service, and a tower service as its transport, against the emulator.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use digicert_one::core::{
    Capabilities, Capability, Connector, ConnectorInfo, ResponseBody, Transport, TransportConfig, TransportError,
    TransportErrorKind,
};
use digicert_one::tower::ServiceConnector;
use digicert_one::{ApiKey, Builder, Code, ErrorKind, Instance, Retry, TrustRoots, transport};
use digicert_one_emulator::Emulator;
use tower_service::Service;

fn builder_for(emulator: &Emulator) -> Builder {
    let instance = Instance::pair(&emulator.platform_url(), &emulator.client_auth_url()).expect("two hosts");
    let key = ApiKey::new(emulator.users()[0].api_key()).expect("a key");
    let roots = TrustRoots::Only(vec![emulator.ca_der().to_vec().into()]);
    digicert_one::builder().instance(instance).trust(roots).api_key(key)
}

fn get(uri: &str) -> http::Request<Bytes> {
    http::Request::get(uri).body(Bytes::new()).expect("a request")
}

/// A platform's own stack: here one of ours, counted.
#[derive(Clone)]
struct Counted {
    inner: Arc<dyn Transport>,
    calls: Arc<AtomicUsize>,
}

impl Service<http::Request<Bytes>> for Counted {
    type Response = http::Response<ResponseBody>;
    type Error = TransportError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, TransportError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Bytes>) -> Self::Future {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let inner = Arc::clone(&self.inner);
        Box::pin(async move {
            let exchange = inner.send(request).await?;
            let mut response = exchange.response;
            response.extensions_mut().insert(exchange.facts);
            Ok(response)
        })
    }
}

fn counted(
    calls: &Arc<AtomicUsize>,
) -> ServiceConnector<impl Fn(&TransportConfig) -> Result<Counted, TransportError> + Send + Sync + 'static> {
    let calls = Arc::clone(calls);
    let capabilities = Capabilities::none().with(Capability::TrustOnly);
    ServiceConnector::new(ConnectorInfo::new("counted", "test", "test"), capabilities, move |config| {
        let inner = transport::rustls().connect(config)?;
        Ok(Counted { inner, calls: Arc::clone(&calls) })
    })
}

#[tokio::test]
async fn service_adds_the_key_and_returns_error_statuses_as_responses() {
    let emulator = Emulator::start().await.expect("an emulator");
    let mut one = builder_for(&emulator).build().expect("complete");
    let response = one.call(get("/account/api/v1/user/me")).await.expect("a response");
    assert_eq!(response.status(), 200);
    let body = response.into_body().collect(1 << 20).await.expect("a body");
    assert!(String::from_utf8_lossy(&body).contains("ci-bot"));
    let response = one.call(get("/account/api/v1/no-such-thing")).await.expect("a response");
    assert_eq!(response.status(), 404);
}

#[tokio::test]
async fn service_takes_absolute_uris_of_its_own_hosts_only() {
    let emulator = Emulator::start().await.expect("an emulator");
    let mut one = builder_for(&emulator).build().expect("complete");
    let own = format!("{}/account/api/v1/user/me", emulator.platform_url());
    assert_eq!(one.call(get(&own)).await.expect("a response").status(), 200);
    for foreign in ["https://one.digicret.com/account/api/v1/user/me", "http://localhost/x"] {
        let error = one.call(get(foreign)).await.expect_err("another host");
        assert_eq!(error.kind(), ErrorKind::Request, "{error}");
    }
}

#[tokio::test]
async fn service_refuses_a_request_that_brings_its_own_key() {
    let emulator = Emulator::start().await.expect("an emulator");
    let mut one = builder_for(&emulator).build().expect("complete");
    let mut request = get("/account/api/v1/user/me");
    request.headers_mut().insert("x-api-key", http::HeaderValue::from_static("canary"));
    let error = one.call(request).await.expect_err("a reserved header");
    assert!(error.to_string().contains("x-api-key") && !error.to_string().contains("canary"), "{error}");
}

#[tokio::test]
async fn client_over_a_service_sends_through_it_and_keeps_its_facts() {
    let emulator = Emulator::start().await.expect("an emulator");
    let calls = Arc::new(AtomicUsize::new(0));
    let one = builder_for(&emulator).transport(counted(&calls)).build().expect("complete");
    assert_eq!(one.whoami().await.expect("known").friendly_name, "ci-bot");
    let response = one.get("/account/api/v1/user/me").send().await.expect("a response");
    assert!(response.facts().tls_version.is_some(), "{:?}", response.facts());
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn error_of_a_service_keeps_its_kind_and_code() {
    let emulator = Emulator::start().await.expect("an emulator");
    let calls = Arc::new(AtomicUsize::new(0));
    let one = builder_for(&emulator).transport(counted(&calls)).retry(Retry::never()).build().expect("complete");
    drop(emulator);
    let error = one.whoami().await.expect_err("no emulator");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Transport, Code::NET_06), "{error}");
}

#[test]
fn connect_refuses_what_was_not_declared() {
    let calls = Arc::new(AtomicUsize::new(0));
    let error = counted(&calls).connect(&TransportConfig::new()).expect_err("the system's roots");
    assert_eq!(error.kind(), TransportErrorKind::Unsupported(Capability::TrustSystem), "{error:?}");
}
