//! The environment of a case: the transport under test, servers on loopback, identities, and configurations.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use digicert_one_client::{Client, ClientBuilder, Retry};
use digicert_one_core::{
    ApiKey, CallContext, Capabilities, Capability, ClientIdentity, Connector, ConnectorInfo, CredentialError,
    Diagnosis, Exchange, FixedCredential, HttpVersions, Instance, Material, Mode, Proxy, Secret, Timeouts, Transport,
    TransportConfig, TransportError, TransportErrorKind, TrustRoots, diagnosis::diagnose_transport,
};
use digicert_one_identity::{ReadOptions, read_client_identity};
use digicert_one_testbed::{
    ClientCert, ClientSpec, ConnectProxy, Engine, Front, FrontOptions, KeyEncoding, Pki, ProxyOptions, RawOptions,
    RawServer, Script, handler,
};
use http::{HeaderValue, Method, Request};
use rustls_pki_types::CertificateDer;

use crate::audit::Audit;
use crate::generated::Draw;
use crate::sent_as::{Added, Addition, SentAs};
use crate::subject::{CaseFuture, Subject};
use crate::witness::{self, Notes, Witness};

/// The platform host of the tests; its `clientauth.` form has a name override too.
pub(crate) const HOST: &str = "one.digicert.test";
/// A key that no output may ever show.
pub(crate) const KEY: &str =
    "01canary5ecret0000000000aa_c0ffee00canary00c0ffee00canary00c0ffee00canary00c0ffee00canary0";

/// The world of one case.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) connector: Arc<dyn Connector>,
    /// Its transports have no past.
    new: Arc<dyn Connector>,
    capabilities: Capabilities,
    block_on: fn(CaseFuture),
    pub(crate) draw: Draw,
    notes: Notes,
}

/// The connector under test. It records its configuration, so that a failure can name its setting.
#[derive(Debug)]
struct Noting(Arc<dyn Connector>, Notes);

impl Connector for Noting {
    fn info(&self) -> ConnectorInfo {
        self.0.info()
    }

    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        self.1.made(config);
        self.0.connect(config)
    }
}

impl World {
    pub(crate) fn new(subject: &Subject) -> Self {
        let capabilities = subject.connector.capabilities();
        let notes = Notes::of_this_case();
        let connector: Arc<dyn Connector> = Arc::new(Noting(Arc::clone(&subject.connector), notes.clone()));
        let new = Arc::clone(&connector);
        Self { connector, new, capabilities, block_on: subject.block_on, draw: subject.draw, notes }
    }

    /// The same world, the facts of its transports compared with the ledgers of its servers. Its transports have a past, if wanted.
    /// They send their GETs as another method, and are given something besides, if wanted.
    pub(crate) fn audited(mut self, audit: &Audit, has_past: bool, sent_as: Option<&SentAs>) -> Self {
        if let Some(sent_as) = sent_as {
            self.notes.varied(format!("each GET of the case was sent as {sent_as}"));
        }
        let added = sent_as.and_then(|sent_as| self.addition(sent_as.added)).map(Arc::new);
        self.new = audit.wrap(Arc::clone(&self.connector), false, sent_as.cloned(), added.clone());
        self.connector = audit.wrap(self.connector, has_past, sent_as.cloned(), added);
        self
    }

    /// What the transports of the case are given besides, as far as the stack supports it.
    fn addition(&self, added: Added) -> Option<Addition> {
        match added {
            Added::Identity if self.has(Capability::ClientIdentity) => {
                Some(Addition::Identity(identity(&certificate())))
            }
            Added::Proxy if self.has(Capability::HttpProxy) => Some(Addition::Proxy(local_proxy())),
            Added::Tls12 if self.has(Capability::Tls12) => Some(Addition::Tls12),
            _ => None,
        }
    }

    /// Notes for a failure that another stream was in flight.
    pub(crate) fn beside_a_stream(&self) {
        self.notes.varied("another stream was in flight on each HTTP/2 connection");
    }

    /// Runs `work` on a separate thread, on this executor.
    pub(crate) fn on_thread(&self, work: impl Future<Output = ()> + Send + 'static) -> std::thread::JoinHandle<()> {
        let block_on = self.block_on;
        match tokio::runtime::Handle::try_current() {
            // The connections of one transport live on one runtime.
            Ok(runtime) => std::thread::spawn(move || runtime.block_on(work)),
            Err(_) => std::thread::spawn(move || block_on(Box::pin(work))),
        }
    }

    pub(crate) fn has(&self, capability: Capability) -> bool {
        self.capabilities.has(capability)
    }

    /// Whether the case cannot go on without `capability`, which is missing; then `config`, which needs it, must be refused by name.
    /// The case counts as not declared.
    pub(crate) fn lacks(&self, capability: Capability, config: &TransportConfig) -> bool {
        self.refuses(capability, config) && self.leaves_out(capability)
    }

    /// Whether the case cannot go on without `capability`, which is missing. The case counts as not declared.
    pub(crate) fn leaves_out(&self, capability: Capability) -> bool {
        if self.has(capability) {
            return false;
        }
        self.notes.undeclared(capability);
        true
    }

    /// Whether one of the settings of a case needs `capability`, which is missing; then `config` must be refused by name.
    pub(crate) fn refuses(&self, capability: Capability, config: &TransportConfig) -> bool {
        if self.has(capability) {
            return false;
        }
        let refusal = self.connector.connect(config).expect_err("what is not declared must be refused");
        assert_eq!(refusal.kind(), TransportErrorKind::Unsupported(capability), "{refusal:?}");
        true
    }

    /// The given roots and, as far as the stack supports it, nothing else.
    pub(crate) fn trusting(&self, root: &[u8]) -> TrustRoots {
        self.trusting_each(vec![CertificateDer::from(root.to_vec())])
    }

    /// The same for several roots.
    pub(crate) fn trusting_each(&self, roots: Vec<CertificateDer<'static>>) -> TrustRoots {
        if self.has(Capability::TrustOnly) { TrustRoots::Only(roots) } else { TrustRoots::SystemAnd(roots) }
    }

    /// Trusts the testbed, knows its names, and times out before the case does.
    pub(crate) fn config(&self) -> TransportConfig {
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        TransportConfig::new()
            .with_trust(self.trusting(Pki::shared().root_der()))
            .with_timeouts(Timeouts::new().with_connect(Duration::from_secs(20)).with_total(Duration::from_secs(30)))
            .with_name_override("localhost", loopback)
            .with_name_override(HOST, loopback)
            .with_name_override(format!("clientauth.{HOST}"), loopback)
            .with_name_override(format!("demo.{HOST}"), loopback)
    }

    pub(crate) fn transport(&self, config: &TransportConfig) -> Arc<dyn Transport> {
        self.connector.connect(config).expect("the configuration is honoured")
    }

    /// A transport that has made no call.
    pub(crate) fn new_transport(&self, config: &TransportConfig) -> Arc<dyn Transport> {
        self.new.connect(config).expect("the configuration is honoured")
    }

    /// The configuration with an identity and this proxy, as far as the stack supports them.
    pub(crate) fn through(&self, proxy: &ConnectProxy, config: TransportConfig) -> TransportConfig {
        let [shown, led] = [Capability::ClientIdentity, Capability::HttpProxy].map(|capability| self.has(capability));
        let config = if shown { config.with_identity(Some(identity(&certificate()))) } else { config };
        if led { config.with_proxy(Proxy::Http(proxy.url().parse().expect("an address"))) } else { config }
    }

    /// The HTTP versions to test the transport with.
    pub(crate) fn http_versions(&self) -> Vec<HttpVersions> {
        let mut versions = vec![HttpVersions::Http1];
        if self.has(Capability::Http2) {
            versions.push(HttpVersions::Both);
        }
        versions
    }

    /// A builder for a client of the front at `port`, by host names. It has the default number of retries,
    /// with almost no delay: delays are tested in virtual time.
    pub(crate) fn builder(&self, port: u16) -> ClientBuilder {
        let instance = Instance::parse(&format!("https://{HOST}:{port}")).expect("the host is valid");
        Client::builder()
            .instance(instance)
            .shared_connector(Arc::clone(&self.connector))
            .transport_config(self.config())
            .retry(Retry::new().backoff(Duration::from_millis(1), Duration::from_millis(4)))
    }

    pub(crate) fn client(&self, port: u16, material: Material) -> Client {
        self.builder(port)
            .credential(FixedCredential::new(material, "the case"))
            .build()
            .expect("the client is complete")
    }
}

/// A server for each TLS stack. If a case depends on the peer, it must pass with all of them.
pub(crate) fn servers() -> impl Iterator<Item = FrontOptions> {
    Engine::ALL.iter().map(|engine| FrontOptions::default().engine(*engine))
}

/// A front that responds to every request with 200 and `{}`.
pub(crate) fn front(options: FrontOptions) -> Front {
    front_responding(options, |_| http::Response::new(Bytes::from_static(b"{}")))
}

/// A front whose response is a function of the request.
pub(crate) fn front_responding<F>(options: FrontOptions, response: F) -> Front
where
    F: Fn(&Request<Bytes>) -> http::Response<Bytes> + Send + Sync + 'static,
{
    let response = Arc::new(response);
    up(Front::start(
        options,
        handler(move |request, _peer| {
            let response = response(&request);
            async move { response }
        }),
    ))
}

/// A server that follows scripts, over TLS.
pub(crate) fn scripted(scripts: impl IntoIterator<Item = Script>) -> RawServer {
    up(RawServer::start(RawOptions::tls(scripts)))
}

/// A proxy that leads each name to its port on this machine.
pub(crate) fn local_proxy() -> ConnectProxy {
    up(ConnectProxy::start(ProxyOptions::default().local()))
}

/// A running server; if the case fails, its report shows what arrived there.
pub(crate) fn up<S: Witness>(started: io::Result<S>) -> S {
    let server = started.expect("loopback can be bound");
    witness::remember(&server);
    server
}

/// Asserts that nothing arrived at this server, not even a connection.
pub(crate) async fn untouched(server: &impl Witness, otherwise: &str) {
    let connections = server.ledger().settle().await.connections;
    assert!(connections.is_empty(), "{otherwise}: {connections:?}");
}

/// Asserts that no request arrived at this server; connections may have.
pub(crate) async fn without_request(server: &impl Witness, otherwise: &str) {
    let requests = server.ledger().settle().await.requests;
    assert!(requests.is_empty(), "{otherwise}: {requests:?}");
}

pub(crate) fn key() -> Material {
    Material::api_key(ApiKey::new(KEY).expect("the canary is a key"))
}

/// The key as the header of a client has it.
pub(crate) fn key_value() -> HeaderValue {
    let mut value = HeaderValue::from_static(KEY);
    value.set_sensitive(true);
    value
}

/// A client certificate of the trusted authority.
pub(crate) fn certificate() -> ClientCert {
    Pki::shared().client(ClientSpec::default())
}

/// The normal form of a testbed certificate, through the reader that users have.
pub(crate) fn identity(certificate: &ClientCert) -> ClientIdentity {
    identity_encoded(certificate, KeyEncoding::Pkcs8)
}

pub(crate) fn identity_encoded(certificate: &ClientCert, encoding: KeyEncoding) -> ClientIdentity {
    let key = certificate.key_pem(encoding).expect("this kind of key has this form");
    let pem = format!("{}{key}", certificate.chain_pem());
    read(&Secret::new(pem, "the case"), SystemTime::now()).expect("the pair is valid")
}

/// As `identity`, read at another time than now.
pub(crate) fn identity_at(certificate: &ClientCert, now: SystemTime) -> ClientIdentity {
    read(&Secret::new(certificate.bundle_pem(), "the case"), now).expect("the pair was valid then")
}

/// The reader that users have, for one file.
pub(crate) fn read(bundle: &Secret, now: SystemTime) -> Result<ClientIdentity, CredentialError> {
    read_client_identity(bundle, None, None, &ReadOptions::at(now), &mut Vec::new())
}

pub(crate) fn get(url: impl AsRef<str>) -> Request<Bytes> {
    request(Method::GET, url, "")
}

pub(crate) fn request(method: Method, url: impl AsRef<str>, body: impl Into<Bytes>) -> Request<Bytes> {
    Request::builder().method(method).uri(url.as_ref()).body(body.into()).expect("the request is valid")
}

/// The whole body, with no limit that a case could meet.
pub(crate) async fn collect(exchange: Exchange) -> Result<Bytes, TransportError> {
    exchange.response.into_body().collect(64 << 20).await
}

/// What the error means for a call in this mode.
pub(crate) fn diagnose(error: &TransportError, mode: Mode, identity: Option<&ClientIdentity>) -> Diagnosis {
    diagnose_transport(error, &CallContext::new(HOST, mode, SystemTime::now()).with_identity(identity.cloned()))
}
