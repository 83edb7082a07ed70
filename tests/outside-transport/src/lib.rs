//! A small transport from outside the workspace: hyper's HTTP/1.1 connection over tokio-rustls, one connection a call.
//!
//! It is minimal and declares that: no HTTP/2, no proxy, no system roots, no pool. It refuses what it does
//! not support, and the conformance suite checks that.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{
    Capabilities, Capability, ConnectionFacts, ConnectorInfo, Delivery, Exchange, HeadLimit, Phase, ResponseBody,
    ServerCertificate, TlsVersion, TlsVersions, Transport, TransportConfig, TransportError, TransportErrorKind as Kind,
    TrustRoots, UploadBody, UploadGuard, causes, frame_body,
};
use digicert_one_error_kinds::{http_kind, tls_kind};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::ResolvesClientCert;
use tokio_rustls::rustls::pki_types::{PrivatePkcs8KeyDer, ServerName};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::{self, ClientConfig, ProtocolVersion, RootCertStore, SignatureScheme};

/// Creates transports with one connection per call.
#[derive(Debug)]
pub struct Connector;

impl digicert_one_core::Connector for Connector {
    fn info(&self) -> ConnectorInfo {
        ConnectorInfo::new("outside", "hyper 1", "rustls 0.23 / aws-lc-rs")
    }

    fn capabilities(&self) -> Capabilities {
        let trust = [Capability::TrustSystem, Capability::TrustSystemAnd];
        [Capability::Http2, Capability::HttpProxy, Capability::HttpsProxy, Capability::SocksProxy]
            .into_iter()
            .chain(trust)
            .fold(Capabilities::all(), Capabilities::without)
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        let roots = match config.trust() {
            TrustRoots::Only(_) => config.trust().given()?,
            TrustRoots::System => return Err(TransportError::unsupported(Capability::TrustSystem, "only given roots")),
            _ => return Err(TransportError::unsupported(Capability::TrustSystemAnd, "only given roots")),
        };
        if let Some(proxy) = config.proxy().address().map_err(|error| local(Kind::Config, error))? {
            return Err(TransportError::unsupported(proxy.capability(), "no proxy"));
        }
        let mut store = RootCertStore::empty();
        for root in roots {
            store.add(root.clone()).map_err(|error| local(Kind::TrustRoots, error))?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let key = match config.identity() {
            None => None,
            Some(identity) => Some(Arc::new(
                identity
                    .expose_pkcs8(|der| {
                        let key = PrivatePkcs8KeyDer::from(der.to_vec()).into();
                        CertifiedKey::from_der(identity.chain().to_vec(), key, &provider)
                    })
                    .map_err(|error| local(Kind::LocalIdentity, error))?,
            )),
        };
        let versions: &[&rustls::SupportedProtocolVersion] = match config.tls_versions() {
            TlsVersions::Only(TlsVersion::Tls12) => &[&rustls::version::TLS12],
            TlsVersions::Only(_) => &[&rustls::version::TLS13],
            _ => rustls::DEFAULT_VERSIONS,
        };
        let tls = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|error| local(Kind::Config, error))?
            .with_root_certificates(store)
            .with_no_client_auth();
        Ok(Arc::new(Single { tls, key, config: config.clone() }))
    }
}

struct Single {
    tls: ClientConfig,
    key: Option<Arc<CertifiedKey>>,
    config: TransportConfig,
}

impl std::fmt::Debug for Single {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Single").finish_non_exhaustive()
    }
}

/// Presents the identity and records that the server asked: 0 not, 1 asked, 2 asked and sent.
#[derive(Debug)]
struct Resolver(Option<Arc<CertifiedKey>>, Arc<AtomicU8>);

impl ResolvesClientCert for Resolver {
    fn resolve(&self, _issuers: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let usable = self.0.clone().filter(|key| key.key.choose_scheme(schemes).is_some());
        self.1.store(if usable.is_some() { 2 } else { 1 }, Ordering::Relaxed);
        usable
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

/// Returns the deadline of a limit that starts now. One beyond the clock's range is thirty years.
fn after(limit: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(limit).unwrap_or_else(|| now + Duration::from_secs(1_000_000_000))
}

/// A request body, in memory or streaming.
type RequestBody = UnsyncBoxBody<Bytes, digicert_one_core::BoxError>;

#[async_trait::async_trait]
impl Transport for Single {
    async fn send(&self, mut request: http::Request<Bytes>) -> Result<Exchange, TransportError> {
        frame_body(&mut request);
        self.call(request.map(|body| Full::new(body).map_err(Into::into).boxed_unsync())).await
    }

    async fn upload(&self, mut request: http::Request<UploadBody>) -> Result<Exchange, TransportError> {
        let watch = UploadGuard::begin(&mut request)?;
        watch.outcome(self.call(request.map(|body| body.map_err(Into::into).boxed_unsync())).await)
    }
}

impl Single {
    async fn call(&self, request: http::Request<RequestBody>) -> Result<Exchange, TransportError> {
        if let Err(error) = tokio::runtime::Handle::try_current() {
            return Err(local(Kind::NoRuntime, error));
        }
        if !matches!(request.uri().scheme_str(), Some("https" | "http")) {
            return Err(local(Kind::Config, "neither https nor http"));
        }
        if request.uri().authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(local(Kind::Config, "a user or password before the host"));
        }
        let end = after(self.config.timeouts().total());
        let asked = Arc::new(AtomicU8::new(0));
        let connecting = after(self.config.timeouts().connect()).min(end);
        let tcp = timeout_at(connecting, self.tcp(request.uri()))
            .await
            .map_err(|elapsed| local(Kind::Timeout(Phase::Connect), elapsed))??;
        let mut facts = ConnectionFacts::unknown();
        facts.reused = Some(false);
        facts.peer = tcp.peer_addr().ok();
        if request.uri().scheme() == Some(&http::uri::Scheme::HTTP) {
            return self.exchange(tcp, request, facts, end).await;
        }
        let host = request.uri().host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let name = ServerName::try_from(host).map_err(|error| local(Kind::Config, error))?;
        let mut tls = self.tls.clone();
        tls.client_auth_cert_resolver = Arc::new(Resolver(self.key.clone(), Arc::clone(&asked)));
        let secured = timeout_at(connecting, TlsConnector::from(Arc::new(tls)).connect(name, tcp))
            .await
            .map_err(|elapsed| local(Kind::Timeout(Phase::Handshake), elapsed))?;
        facts.identity_requested = Some(asked.load(Ordering::Relaxed) > 0);
        facts.identity_sent = Some(asked.load(Ordering::Relaxed) == 2);
        let stream = secured.map_err(|error| {
            let error = broken(error, Kind::Tls, Delivery::NotSent);
            // The certificate is chosen before the server is verified; it leaves after that.
            if matches!(error.kind(), Kind::PeerUntrusted(_)) {
                facts.identity_sent = Some(false);
            }
            error.with_facts(facts.clone())
        })?;
        let leaf = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
        facts.server_certificate = leaf.and_then(ServerCertificate::read).map(Arc::new);
        facts.tls_version = match stream.get_ref().1.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => Some(TlsVersion::Tls13),
            Some(ProtocolVersion::TLSv1_2) => Some(TlsVersion::Tls12),
            _ => None,
        };
        facts.tls_resumed = Some(false);
        self.exchange(stream, request, facts, end).await
    }

    async fn tcp(&self, uri: &http::Uri) -> Result<TcpStream, TransportError> {
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = uri.port_u16().unwrap_or(443);
        let known = self.config.name_overrides().iter().find(|(name, _)| name.eq_ignore_ascii_case(host));
        let addresses: Vec<SocketAddr> = match known {
            Some((_, address)) => vec![(*address, port).into()],
            None => tokio::net::lookup_host((host, port)).await.map_err(|error| local(Kind::Dns, error))?.collect(),
        };
        TcpStream::connect(&*addresses).await.map_err(|error| local(Kind::Refused, error))
    }

    async fn exchange<S>(
        &self,
        stream: S,
        mut request: http::Request<RequestBody>,
        facts: ConnectionFacts,
        end: Instant,
    ) -> Result<Exchange, TransportError>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin + 'static,
    {
        let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let host = http::HeaderValue::try_from(authority).map_err(|error| local(Kind::Config, error))?;
        request.headers_mut().insert(http::header::HOST, host);
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str()).parse();
        *request.uri_mut() = target.map_err(|error: http::uri::InvalidUri| local(Kind::Config, error))?;
        // The version of the request decides nothing; hyper would refuse some.
        *request.version_mut() = http::Version::HTTP_11;
        let sent = timeout_at(end, async {
            let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
                .max_headers(2 * HeadLimit::FIELDS)
                .handshake(TokioIo::new(stream))
                .await?;
            let mut driver = Driver(tokio::spawn(connection));
            let mut call = std::pin::pin!(sender.send_request(request));
            let response = tokio::select! {
                biased;
                response = &mut call => response,
                // hyper says nothing to a request that it takes while its connection ends (hyperium/hyper#4122).
                _ = &mut driver.0 => match tokio::time::timeout(MOMENT, call).await {
                    Ok(response) => response,
                    Err(_) => return Ok(None),
                },
            };
            // The connection ends with its only response; a failed or dropped call takes it along.
            response.map(|response| Some((response, sender, driver)))
        });
        let (response, sender, driver) = sent
            .await
            .map_err(|elapsed| {
                let late = TransportError::new(Kind::Timeout(Phase::Response), Delivery::Unknown);
                late.with_facts(facts.clone()).with_source(elapsed)
            })?
            .map_err(|error| broken(error, Kind::Interrupted, Delivery::Unknown).with_facts(facts.clone()))?
            .ok_or_else(|| {
                let lost = TransportError::new(Kind::Interrupted, Delivery::Unknown);
                lost.with_facts(facts.clone()).with_source("the connection ended with the request")
            })?;
        HeadLimit::check(response.headers()).map_err(|size| size.error().with_facts(facts.clone()))?;
        let about = facts.clone();
        let body = response.map(|body| {
            let body =
                Held { body, deadline: Box::pin(tokio::time::sleep_until(end)), facts: about, _held: (sender, driver) };
            ResponseBody::new(body)
        });
        Ok(Exchange::new(body, facts))
    }
}

/// A response that was read with the end of its connection is there by then.
const MOMENT: Duration = Duration::from_millis(100);

/// Ends the connection's task when the call or its body is dropped.
struct Driver(tokio::task::JoinHandle<Result<(), hyper::Error>>);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Held {
    body: hyper::body::Incoming,
    deadline: std::pin::Pin<Box<tokio::time::Sleep>>,
    facts: ConnectionFacts,
    _held: (hyper::client::conn::http1::SendRequest<RequestBody>, Driver),
}

impl hyper::body::Body for Held {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Bytes>, TransportError>>> {
        // First of all: a body that is always ready must not outrun the limit.
        let facts = self.facts.clone();
        if self.deadline.as_mut().poll(cx).is_ready() {
            let late = TransportError::new(Kind::Timeout(Phase::Body), Delivery::Sent).with_facts(facts);
            return std::task::Poll::Ready(Some(Err(late.with_source("the limit of the whole call ran out"))));
        }
        let frame = std::task::ready!(std::pin::pin!(self.body.frame()).poll(cx));
        let cut = |error| TransportError::new(Kind::BodyCut, Delivery::Sent).with_facts(facts).with_source(error);
        std::task::Poll::Ready(frame.map(|frame| frame.map_err(cut)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

fn local(kind: Kind, error: impl Into<digicert_one_core::BoxError>) -> TransportError {
    TransportError::new(kind, Delivery::NotSent).with_source(error)
}

fn broken(
    error: impl std::error::Error + Send + Sync + 'static,
    otherwise: Kind,
    delivery: Delivery,
) -> TransportError {
    let of_tls = causes(&error).find_map(|cause| cause.downcast_ref()).map(tls_kind);
    let kind = of_tls.or_else(|| http_kind(&error)).unwrap_or(otherwise);
    TransportError::new(kind, delivery).with_source(error)
}
