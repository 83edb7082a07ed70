//! The programs that are compared: a raw library with a careful setup, a transport alone, and `Client` over it. All
//! have the same limits, the same roots and the same headers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use digicert_one::core::{
    ApiKey, Connector, FixedCredential, HttpVersions, Instance, Timeouts, Transport, TransportConfig, TrustRoots,
};
use http::Method;
use http::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use isahc::AsyncReadResponseExt as _;
use isahc::config::{Configurable as _, RedirectPolicy, VersionNegotiation};
use isahc::tls::{TlsConfig, TrustStore};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

use crate::identity::Identity;
use crate::scenario::{Http, Library, Scenario};
use crate::server::{Door, HANDSHAKE, HEADERS, MEASURED, MEASURED_ONCE, Server, UPLOADED};
use digicert_one::core::BoxError;

const KEY: &str = "01bench-key-that-opens-nothing";
const AGENT: &str = "digicert-one-bench";
const CONNECT: Duration = Duration::from_secs(10);
const TOTAL: Duration = Duration::from_secs(60);

/// One side, which can make the call.
#[derive(Clone)]
pub(crate) struct Side {
    caller: Caller,
    /// The base of every URL; `Client` has its own.
    base: Arc<str>,
    version: http::Version,
}

#[derive(Clone)]
enum Caller {
    Reqwest(reqwest::Client),
    Hyper(Box<Client<HttpsConnector<HttpConnector>, Full<Bytes>>>),
    Isahc(isahc::HttpClient),
    Client(digicert_one::Client),
    Transport(Arc<dyn Transport>),
}

/// The relevant parts of a response.
struct Response {
    status: http::StatusCode,
    version: http::Version,
    body: Vec<u8>,
}

/// What a program is built with.
#[derive(Clone)]
pub(crate) struct Setup {
    pub http: Http,
    pub url: String,
    /// The only root; without it the system's.
    pub root_pem: Option<String>,
    pub identity: Option<Identity>,
}

impl Setup {
    pub(crate) fn of(http: Http, server: &Server) -> Self {
        Self { http, url: server.url(Door::Open), root_pem: Some(server.root_pem().to_owned()), identity: None }
    }

    fn root(&self) -> Result<Option<CertificateDer<'static>>, BoxError> {
        Ok(self.root_pem.as_ref().map(|pem| CertificateDer::from_pem_slice(pem.as_bytes())).transpose()?)
    }
}

/// The raw library and the client over it (for `noise` the raw library again), after a proof that the server gets the same
/// from both.
pub(crate) async fn sides(scenario: Scenario, server: &Server, noise: bool) -> Result<[Side; 2], BoxError> {
    let setup = Setup::of(scenario.http, server);
    let first = Side::raw(scenario.library, &setup)?;
    let second = match scenario.library {
        _ if noise => Side::raw(scenario.library, &setup)?,
        Library::RustlsAlone => Side::transport(scenario.library, &setup)?,
        _ => Side::client(scenario.library, &setup)?,
    };
    compare(&scenario.name(), &first, &second).await?;
    Ok([first, second])
}

/// Fails unless the server gets the same headers from both.
pub(crate) async fn compare(name: &str, first: &Side, second: &Side) -> Result<(), BoxError> {
    let (first, second) = (first.sent_headers().await?, second.sent_headers().await?);
    match first == second {
        true => Ok(()),
        false => Err(format!("{name}: the sides do not send the same\n-- first:\n{first}-- second:\n{second}").into()),
    }
}

impl Side {
    /// The raw library that the client is compared with.
    pub(crate) fn raw(library: Library, setup: &Setup) -> Result<Self, BoxError> {
        let caller = match library {
            Library::RustlsLimit | Library::RustlsAlone => Caller::Hyper(Box::new(hyper_client(setup)?)),
            Library::Rustls | Library::Reqwest => {
                let mut builder = reqwest_client(setup)?.tls_backend_rustls();
                if let Some(identity) = &setup.identity {
                    let pem = format!("{}{}", identity.chain_pem, identity.key_pem);
                    builder = builder.identity(reqwest::Identity::from_pem(pem.as_bytes())?);
                }
                Caller::Reqwest(builder.build()?)
            }
            Library::NativeTls => {
                let mut builder = reqwest_client(setup)?.tls_backend_native();
                if let Some(Identity { chain_pem, key_pem, .. }) = &setup.identity {
                    let identity = reqwest::Identity::from_pkcs8_pem(chain_pem.as_bytes(), key_pem.as_bytes())?;
                    builder = builder.identity(identity);
                }
                Caller::Reqwest(builder.build()?)
            }
            Library::Isahc if setup.identity.is_some() => {
                return Err("isahc's rustls engine takes an identity from files only".into());
            }
            Library::Isahc => Caller::Isahc(isahc_client(setup)?),
        };
        Ok(Self::of(caller, setup))
    }

    /// A transport alone.
    pub(crate) fn transport(library: Library, setup: &Setup) -> Result<Self, BoxError> {
        let transport = connector(library).connect(&transport_config(setup)?)?;
        Ok(Self::of(Caller::Transport(transport), setup))
    }

    /// The client over a transport.
    pub(crate) fn client(library: Library, setup: &Setup) -> Result<Self, BoxError> {
        let key = ApiKey::new(KEY)?;
        let (instance, credential) = match &setup.identity {
            None => (Instance::parse(&setup.url)?, FixedCredential::api_key(key)),
            Some(identity) => {
                let instance = Instance::pair(&setup.url.replace("localhost", "127.0.0.1"), &setup.url)?;
                (instance, FixedCredential::certificate_and_key(identity.normal()?, key))
            }
        };
        // The identity is in the credential.
        let config = transport_config(&Setup { identity: None, ..setup.clone() })?;
        let client = digicert_one::Client::builder()
            .instance(instance)
            .credential(credential)
            .shared_connector(connector(library))
            .transport_config(config)
            .user_agent(AGENT)
            .build()?;
        Ok(Self::of(Caller::Client(client), setup))
    }

    fn of(caller: Caller, setup: &Setup) -> Self {
        Self { caller, base: setup.url.as_str().into(), version: setup.http.version() }
    }

    /// One upload of this body.
    pub(crate) async fn upload(&self, body: &Bytes) -> Result<(), BoxError> {
        let response = self.exchange(UPLOADED, Some(body.clone())).await?;
        match response.body == body.len().to_string().as_bytes() {
            true => Ok(()),
            false => Err(format!("unexpected response to an upload: {}", response.status).into()),
        }
    }

    /// One call, its body read to the end.
    pub(crate) async fn call(&self) -> Result<(), BoxError> {
        self.get(MEASURED).await
    }

    /// The same, after which the server closes the connection.
    pub(crate) async fn call_on_a_connection_of_its_own(&self) -> Result<(), BoxError> {
        self.get(MEASURED_ONCE).await
    }

    async fn get(&self, path: &str) -> Result<(), BoxError> {
        let response = self.exchange(path, None).await?;
        if response.status != http::StatusCode::OK || response.body.len() != 300 || response.version != self.version {
            return Err(format!(
                "unexpected response: {} {:?}, {} bytes",
                response.status,
                response.version,
                response.body.len()
            )
            .into());
        }
        Ok(())
    }

    /// `full` or `resumed`, as the server saw it after some calls.
    pub(crate) async fn handshake(&self) -> Result<String, BoxError> {
        let mut last = Vec::new();
        for _ in 0..3 {
            last = self.exchange(HANDSHAKE, None).await?.body;
        }
        Ok(String::from_utf8(last)?)
    }

    /// The headers that the server got.
    async fn sent_headers(&self) -> Result<String, BoxError> {
        let response = self.exchange(HEADERS, None).await?;
        Ok(String::from_utf8(response.body)?)
    }

    /// GET, or POST with a body.
    async fn exchange(&self, path: &str, body: Option<Bytes>) -> Result<Response, BoxError> {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let uri = format!("{}{path}", self.base);
        Ok(match &self.caller {
            Caller::Reqwest(client) => {
                let mut request = client.request(method, uri);
                if let Some(body) = body {
                    request = request.body(body);
                }
                let response = request.send().await?;
                let (status, version) = (response.status(), response.version());
                Response { status, version, body: response.bytes().await?.into() }
            }
            Caller::Hyper(client) => {
                let mut request =
                    http::Request::builder().method(method).uri(uri).body(Full::new(body.unwrap_or_default()))?;
                request.headers_mut().extend(headers());
                tokio::time::timeout(TOTAL, async {
                    let response = client.request(request).await?;
                    let (status, version) = (response.status(), response.version());
                    let body = response.into_body().collect().await?.to_bytes();
                    Ok::<_, BoxError>(Response { status, version, body: body.into() })
                })
                .await??
            }
            Caller::Isahc(client) => {
                let mut response = match body {
                    Some(body) => client.post_async(uri, body.to_vec()).await?,
                    None => client.get_async(uri).await?,
                };
                let (status, version) = (response.status(), response.version());
                Response { status, version, body: response.bytes().await? }
            }
            Caller::Transport(transport) => {
                let mut request = http::Request::builder().method(method).uri(uri).body(body.unwrap_or_default())?;
                request.headers_mut().extend(headers());
                let response = transport.send(request).await?.response;
                let (status, version) = (response.status(), response.version());
                Response { status, version, body: response.into_body().collect(1 << 20).await?.into() }
            }
            Caller::Client(client) => {
                let response = match body {
                    Some(body) => client.post(path).body("application/octet-stream", body).send().await?,
                    None => client.get(path).send().await?,
                };
                let (status, version) = (response.status(), response.version());
                Response { status, version, body: response.bytes().await?.into() }
            }
        })
    }
}

/// The transport over this library.
pub(crate) fn connector(library: Library) -> Arc<dyn Connector> {
    match library {
        Library::Rustls | Library::RustlsLimit | Library::RustlsAlone => Arc::new(digicert_one::transport::rustls()),
        Library::Reqwest => Arc::new(digicert_one::transport::reqwest()),
        Library::Isahc => Arc::new(digicert_one::transport::isahc()),
        Library::NativeTls => Arc::new(digicert_one::transport::native_tls()),
    }
}

fn reqwest_client(setup: &Setup) -> Result<reqwest::ClientBuilder, BoxError> {
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .connect_timeout(CONNECT)
        .timeout(TOTAL)
        .default_headers(headers());
    if let Some(pem) = &setup.root_pem {
        builder = builder.tls_certs_only([reqwest::Certificate::from_pem(pem.as_bytes())?]);
    }
    Ok(match setup.http {
        Http::One => builder.http1_only(),
        Http::Two => builder,
    })
}

fn hyper_client(setup: &Setup) -> Result<Client<HttpsConnector<HttpConnector>, Full<Bytes>>, BoxError> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let builder = match setup.root()? {
        Some(root) => {
            let mut roots = RootCertStore::empty();
            roots.add(root)?;
            builder.with_root_certificates(roots)
        }
        None => builder.dangerous().with_custom_certificate_verifier(Arc::new(Verifier::new(provider)?)),
    };
    let tls = match &setup.identity {
        None => builder.with_no_client_auth(),
        Some(identity) => {
            let key = PrivateKeyDer::from_pem_slice(identity.key_pem.as_bytes())?;
            builder.with_client_auth_cert(identity.chain.clone(), key)?
        }
    };
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_only();
    let connector = match setup.http {
        Http::One => builder.enable_http1().wrap_connector(tcp),
        Http::Two => builder.enable_all_versions().wrap_connector(tcp),
    };
    Ok(Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).timer(TokioTimer::new()).build(connector))
}

fn isahc_client(setup: &Setup) -> Result<isahc::HttpClient, BoxError> {
    let trust = match &setup.root_pem {
        Some(pem) => TrustStore::builder().certificate_from_pem(pem.as_bytes()).build(),
        None => TrustStore::native(),
    };
    let mut builder = isahc::HttpClient::builder()
        .tls_config(TlsConfig::builder().trust_store(trust).build())
        .redirect_policy(RedirectPolicy::None)
        .proxy(None)
        .automatic_decompression(false)
        .connect_timeout(CONNECT)
        .timeout(TOTAL);
    if setup.http == Http::One {
        builder = builder.version_negotiation(VersionNegotiation::http11());
    }
    for (name, value) in headers() {
        if let Some(name) = name {
            builder = builder.default_header(name, value);
        }
    }
    Ok(builder.build()?)
}

fn transport_config(setup: &Setup) -> Result<TransportConfig, BoxError> {
    let config = TransportConfig::new()
        .with_trust(setup.root()?.map_or(TrustRoots::System, |root| TrustRoots::Only(vec![root])))
        .with_timeouts(Timeouts::new().with_connect(CONNECT).with_total(TOTAL))
        .with_http_versions(match setup.http {
            Http::One => HttpVersions::Http1,
            Http::Two => HttpVersions::Both,
        });
    Ok(match &setup.identity {
        Some(identity) => config.with_identity(Some(identity.normal()?)),
        None => config,
    })
}

/// What `Client` sends on its own.
fn headers() -> HeaderMap {
    let mut key = HeaderValue::from_static(KEY);
    key.set_sensitive(true);
    HeaderMap::from_iter([
        (USER_AGENT, HeaderValue::from_static(AGENT)),
        (ACCEPT, HeaderValue::from_static("application/json")),
        (HeaderName::from_static("x-api-key"), key),
    ])
}
