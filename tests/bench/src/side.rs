//! The two sides of a scenario: the raw library with a careful setup, and `Client` over its transport. Both
//! have the same limits, the same single root and the same headers.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use digicert_one::core::{
    ApiKey, Connector, FixedCredential, HttpVersions, Instance, Timeouts, Transport, TransportConfig, TrustRoots,
};
use http::header::{ACCEPT, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use http_body_util::{BodyExt as _, Empty};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use isahc::AsyncReadResponseExt as _;
use isahc::config::{Configurable as _, RedirectPolicy, VersionNegotiation};
use isahc::tls::{TlsConfig, TrustStore};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

use crate::scenario::{Http, Library, Scenario};
use crate::server::{HEADERS, MEASURED, Server};
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
    Hyper(Box<Client<HttpsConnector<HttpConnector>, Empty<Bytes>>>),
    Isahc(isahc::HttpClient),
    Client(digicert_one::Client),
    Transport(Arc<dyn Transport>),
}

/// The relevant parts of a response.
struct Answer {
    status: http::StatusCode,
    version: http::Version,
    body: Vec<u8>,
}

/// The raw library and the client over it (for `noise` the raw library again), after a proof that the server gets the same
/// from both.
pub(crate) async fn sides(scenario: Scenario, server: &Server, noise: bool) -> Result<[Side; 2], BoxError> {
    let first = raw(scenario, server)?;
    let second = match scenario.library {
        _ if noise => raw(scenario, server)?,
        Library::RustlsAlone => {
            let connector = digicert_one::transport::rustls();
            Caller::Transport(connector.connect(&transport_config(scenario.http, server)?)?)
        }
        _ => Caller::Client(client(scenario, server)?),
    };
    let sides =
        [first, second].map(|caller| Side { caller, base: server.url().into(), version: scenario.http.version() });
    let (first, second) = (sides[0].sent_headers().await?, sides[1].sent_headers().await?);
    if first != second {
        return Err(format!(
            "{}: the sides do not send the same\n-- {}:\n{first}-- client:\n{second}",
            scenario.name(),
            scenario.library.raw()
        )
        .into());
    }
    Ok(sides)
}

impl Side {
    /// One call, its body read to the end.
    pub(crate) async fn call(&self) -> Result<(), BoxError> {
        let answer = self.get(MEASURED).await?;
        if answer.status != http::StatusCode::OK || answer.body.len() != 300 || answer.version != self.version {
            return Err(format!(
                "unexpected response: {} {:?}, {} bytes",
                answer.status,
                answer.version,
                answer.body.len()
            )
            .into());
        }
        Ok(())
    }

    /// The headers that the server got.
    async fn sent_headers(&self) -> Result<String, BoxError> {
        let answer = self.get(HEADERS).await?;
        Ok(String::from_utf8(answer.body)?)
    }

    async fn get(&self, path: &str) -> Result<Answer, BoxError> {
        Ok(match &self.caller {
            Caller::Reqwest(client) => {
                let response = client.get(format!("{}{path}", self.base)).send().await?;
                let (status, version) = (response.status(), response.version());
                Answer { status, version, body: response.bytes().await?.into() }
            }
            Caller::Hyper(client) => {
                let mut request = http::Request::get(format!("{}{path}", self.base)).body(Empty::new())?;
                request.headers_mut().extend(headers());
                tokio::time::timeout(TOTAL, async {
                    let response = client.request(request).await?;
                    let (status, version) = (response.status(), response.version());
                    let body = response.into_body().collect().await?.to_bytes();
                    Ok::<_, BoxError>(Answer { status, version, body: body.into() })
                })
                .await??
            }
            Caller::Isahc(client) => {
                let mut response = client.get_async(format!("{}{path}", self.base)).await?;
                let (status, version) = (response.status(), response.version());
                Answer { status, version, body: response.bytes().await? }
            }
            Caller::Transport(transport) => {
                let mut request = http::Request::get(format!("{}{path}", self.base)).body(Bytes::new())?;
                request.headers_mut().extend(headers());
                let response = transport.send(request).await?.response;
                let (status, version) = (response.status(), response.version());
                Answer { status, version, body: response.into_body().collect(1 << 20).await?.into() }
            }
            Caller::Client(client) => {
                let response = client.get(path).send().await?;
                let (status, version) = (response.status(), response.version());
                Answer { status, version, body: response.bytes().await?.into() }
            }
        })
    }
}

fn raw(scenario: Scenario, server: &Server) -> Result<Caller, BoxError> {
    Ok(match scenario.library {
        Library::RustlsLimit | Library::RustlsAlone => Caller::Hyper(Box::new(hyper_client(scenario.http, server)?)),
        Library::Rustls | Library::Reqwest => {
            Caller::Reqwest(reqwest_client(scenario.http, server)?.tls_backend_rustls().build()?)
        }
        Library::NativeTls => Caller::Reqwest(reqwest_client(scenario.http, server)?.tls_backend_native().build()?),
        Library::Isahc => Caller::Isahc(isahc_client(scenario.http, server)?),
    })
}

fn reqwest_client(http: Http, server: &Server) -> Result<reqwest::ClientBuilder, BoxError> {
    let builder = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(server.root_pem().as_bytes())?])
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        .connect_timeout(CONNECT)
        .timeout(TOTAL)
        .default_headers(headers());
    Ok(match http {
        Http::One => builder.http1_only(),
        Http::Two => builder,
    })
}

fn hyper_client(http: Http, server: &Server) -> Result<Client<HttpsConnector<HttpConnector>, Empty<Bytes>>, BoxError> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(server.root_pem().as_bytes())?)?;
    let tls = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT));
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_only();
    let connector = match http {
        Http::One => builder.enable_http1().wrap_connector(tcp),
        Http::Two => builder.enable_all_versions().wrap_connector(tcp),
    };
    Ok(Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).timer(TokioTimer::new()).build(connector))
}

fn isahc_client(http: Http, server: &Server) -> Result<isahc::HttpClient, BoxError> {
    let trust = TrustStore::builder().certificate_from_pem(server.root_pem().as_bytes()).build();
    let mut builder = isahc::HttpClient::builder()
        .tls_config(TlsConfig::builder().trust_store(trust).build())
        .redirect_policy(RedirectPolicy::None)
        .proxy(None)
        .automatic_decompression(false)
        .connect_timeout(CONNECT)
        .timeout(TOTAL);
    if http == Http::One {
        builder = builder.version_negotiation(VersionNegotiation::http11());
    }
    for (name, value) in headers() {
        if let Some(name) = name {
            builder = builder.default_header(name, value);
        }
    }
    Ok(builder.build()?)
}

fn client(scenario: Scenario, server: &Server) -> Result<digicert_one::Client, BoxError> {
    let connector: Arc<dyn Connector> = match scenario.library {
        Library::Rustls | Library::RustlsLimit | Library::RustlsAlone => Arc::new(digicert_one::transport::rustls()),
        Library::Reqwest => Arc::new(digicert_one::transport::reqwest()),
        Library::Isahc => Arc::new(digicert_one::transport::isahc()),
        Library::NativeTls => Arc::new(digicert_one::transport::native_tls()),
    };
    let config = transport_config(scenario.http, server)?;
    Ok(digicert_one::Client::builder()
        .instance(Instance::parse(&server.url())?)
        .credential(FixedCredential::api_key(ApiKey::new(KEY)?))
        .shared_connector(connector)
        .transport_config(config)
        .user_agent(AGENT)
        .build()?)
}

fn transport_config(http: Http, server: &Server) -> Result<TransportConfig, BoxError> {
    let root = CertificateDer::from_pem_slice(server.root_pem().as_bytes())?;
    Ok(TransportConfig::new()
        .with_trust(TrustRoots::Only(vec![root]))
        .with_timeouts(Timeouts::new().with_connect(CONNECT).with_total(TOTAL))
        .with_http_versions(match http {
            Http::One => HttpVersions::Http1,
            Http::Two => HttpVersions::Both,
        }))
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
