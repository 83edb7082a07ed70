//! The client as a [`tower_service::Service`], and a transport made of one.
//!
//! [`DigiCertOne`] is a service: it takes a request, adds the credential, and gives back what the platform responds, error statuses
//! too, so that a program can put it under layers of its own. In the other direction [`ServiceConnector`] puts a program's own HTTP
//! stack under the client.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_client::{Error, Response};
use digicert_one_core::{
    Capabilities, Capability, ConnectionFacts, Connector, ConnectorInfo, Delivery, Exchange, ResponseBody, TlsVersion,
    Transport, TransportConfig, TransportError, TransportErrorKind as Kind, TrustRoots, frame_body,
};
use http_body::Body;
use http_body_util::BodyExt as _;
use tower_service::Service;

use crate::DigiCertOne;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// One call for each request: its path and query go to the host that follows from the credential, whose key or certificate is added.
/// Statuses are left alone ([`send_raw`](digicert_one_client::RequestBuilder::send_raw)); a connection that fails is retried by the
/// client's own rules. Always ready: the client's rate limiter makes a call wait, not `poll_ready`.
///
/// ```no_run
/// use bytes::Bytes;
/// use tower_service::Service;
///
/// # async fn example(mut one: digicert_one::DigiCertOne) -> Result<(), Box<dyn std::error::Error>> {
/// let request = http::Request::get("/account/api/v1/user/me").body(Bytes::new())?;
/// let response = one.call(request).await?;
/// println!("{}", response.status());
/// # Ok(()) }
/// ```
impl Service<http::Request<Bytes>> for DigiCertOne {
    type Response = http::Response<ResponseBody>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Bytes>) -> Self::Future {
        let call = self.http_request(request);
        Box::pin(async move { call.send_raw().await.map(Response::into_http) })
    }
}

/// A connector whose transports are tower services that a program makes.
///
/// `make` is handed a whole [`TransportConfig`] and returns a service that honours it: above all one that presents that client
/// identity, and no other, on connections that it shares with no other service. What the declared capabilities lack is refused before
/// `make` is asked. The service gets absolute URIs, must follow no redirect and repeat nothing
/// (the contract of [`Transport`]); the conformance suite can be run on it as on any other connector.
///
/// An error of the service that is a [`TransportError`] is passed on; any other is one of kind [`Other`](Kind::Other), after which it is
/// unknown whether the request was sent. Where a response has [`ConnectionFacts`] among its extensions, they are used.
///
/// ```no_run
/// use bytes::Bytes;
/// use digicert_one::core::{Capabilities, ConnectorInfo, ResponseBody, TransportConfig};
/// use digicert_one::tower::ServiceConnector;
///
/// # fn example<S>(platform_stack: impl Fn(&TransportConfig) -> S + Send + Sync + 'static, key: digicert_one::ApiKey) -> Result<(), digicert_one::Error>
/// # where
/// #     S: tower_service::Service<http::Request<Bytes>, Response = http::Response<ResponseBody>> + Clone + Send + 'static,
/// #     S::Future: Send,
/// #     S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
/// # {
/// let info = ConnectorInfo::new("our-stack", "our-http 1", "rustls 0.23");
/// let connector = ServiceConnector::new(info, Capabilities::none(), move |config| Ok(platform_stack(config)));
/// let one = digicert_one::builder().host("one.digicert.com").api_key(key).transport(connector).build()?;
/// # Ok(()) }
/// ```
pub struct ServiceConnector<F> {
    info: ConnectorInfo,
    capabilities: Capabilities,
    make: F,
}

impl<F> ServiceConnector<F> {
    /// A connector of this name, which can do what `capabilities` says and no more.
    pub fn new<S>(info: ConnectorInfo, capabilities: Capabilities, make: F) -> Self
    where
        F: Fn(&TransportConfig) -> Result<S, TransportError>,
    {
        Self { info, capabilities, make }
    }

    /// What `config` needs and was not declared.
    fn lacking(&self, config: &TransportConfig) -> Result<Option<Capability>, TransportError> {
        let proxy = config
            .proxy()
            .address()
            .map_err(|error| TransportError::new(Kind::Config, Delivery::NotSent).with_source(error))?;
        let trust = match config.trust() {
            TrustRoots::System => Capability::TrustSystem,
            TrustRoots::Only(_) => Capability::TrustOnly,
            _ => Capability::TrustSystemAnd,
        };
        let versions = match config.tls_versions() {
            digicert_one_core::TlsVersions::Only(TlsVersion::Tls12) => Some(Capability::Tls12),
            digicert_one_core::TlsVersions::Only(_) => Some(Capability::Tls13),
            _ => None,
        };
        let needed = [
            Some(trust),
            config.identity().map(|_| Capability::ClientIdentity),
            proxy.map(|proxy| proxy.capability()),
            versions,
            (!config.name_overrides().is_empty()).then_some(Capability::NameOverride),
        ];
        Ok(needed.into_iter().flatten().find(|&one| !self.capabilities.has(one)))
    }
}

impl<F, S, B> Connector for ServiceConnector<F>
where
    F: Fn(&TransportConfig) -> Result<S, TransportError> + Send + Sync + 'static,
    S: Service<http::Request<Bytes>, Response = http::Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn info(&self) -> ConnectorInfo {
        self.info.clone()
    }

    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        if let Some(capability) = self.lacking(config)? {
            return Err(TransportError::unsupported(
                capability,
                "it is not among the capabilities of this ServiceConnector",
            ));
        }
        config.trust().given()?;
        let service = (self.make)(config)?;
        Ok(Arc::new(ServiceTransport { name: self.info.name, service: Mutex::new(service) }))
    }
}

impl<F> fmt::Debug for ServiceConnector<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceConnector").field("info", &self.info).finish_non_exhaustive()
    }
}

struct ServiceTransport<S> {
    name: &'static str,
    /// Cloned for each request: services are driven by `&mut`, and need not be `Sync`.
    service: Mutex<S>,
}

#[async_trait]
impl<S, B> Transport for ServiceTransport<S>
where
    S: Service<http::Request<Bytes>, Response = http::Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<BoxError>,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<Exchange, TransportError> {
        let scheme = request.uri().scheme_str();
        if !matches!(scheme, Some("https" | "http")) {
            let error = TransportError::new(Kind::Config, Delivery::NotSent);
            return Err(error.with_source("the URI is neither https nor http"));
        }
        frame_body(&mut request);
        let mut service = self.service.lock().unwrap_or_else(PoisonError::into_inner).clone();
        poll_fn(|cx| service.poll_ready(cx)).await.map_err(|error| failed(error, Delivery::NotSent))?;
        let response = service.call(request).await.map_err(|error| failed(error, Delivery::Unknown))?;
        let facts = response.extensions().get().cloned().unwrap_or_else(ConnectionFacts::unknown);
        let of_body = facts.clone();
        let response = response.map(move |body| {
            let body = body.map_err(move |error| {
                let error = error.into();
                match error.downcast::<TransportError>() {
                    Ok(ours) => *ours,
                    Err(theirs) => TransportError::new(Kind::BodyCut, Delivery::Sent)
                        .with_source(theirs)
                        .with_facts(of_body.clone()),
                }
            });
            ResponseBody::new(body)
        });
        Ok(Exchange::new(response, facts))
    }
}

impl<S> fmt::Debug for ServiceTransport<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceTransport").field("name", &self.name).finish_non_exhaustive()
    }
}

fn failed(error: impl Into<BoxError>, delivery: Delivery) -> TransportError {
    match error.into().downcast::<TransportError>() {
        Ok(ours) => *ours,
        Err(theirs) => TransportError::new(Kind::Other, delivery).with_source(theirs),
    }
}
