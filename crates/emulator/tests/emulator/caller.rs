//! The client of these tests: reqwest on rustls, trusting one emulator's CA alone.

use std::sync::Arc;
use std::time::Duration;

use digicert_one_emulator::{ClientCert, Emulator, HostKind};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;

pub(crate) const ME: &str = "/account/api/v1/user/me";

/// One call: where to, with what.
pub(crate) struct Caller<'a> {
    pub(crate) emulator: &'a Emulator,
    pub(crate) host: HostKind,
    pub(crate) api_key: Option<&'a str>,
    pub(crate) certificate: Option<&'a ClientCert>,
}

/// A complete response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) caller: Option<String>,
    pub(crate) proof: Option<String>,
    pub(crate) allow: Option<String>,
    pub(crate) text: String,
    headers: HeaderMap,
}

impl<'a> Caller<'a> {
    pub(crate) fn platform(emulator: &'a Emulator) -> Self {
        Caller { emulator, host: HostKind::Platform, api_key: None, certificate: None }
    }

    pub(crate) fn client_auth(emulator: &'a Emulator) -> Self {
        Caller { emulator, host: HostKind::ClientAuth, api_key: None, certificate: None }
    }

    pub(crate) fn key(mut self, api_key: &'a str) -> Self {
        self.api_key = Some(api_key);
        self
    }

    pub(crate) fn certificate(mut self, certificate: &'a ClientCert) -> Self {
        self.certificate = Some(certificate);
        self
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, None).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Response {
        self.send(Method::POST, path, Some(body.to_string())).await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Response {
        self.send(Method::PUT, path, Some(body.to_string())).await.unwrap()
    }

    pub(crate) async fn delete(&self, path: &str) -> Response {
        self.send(Method::DELETE, path, None).await.unwrap()
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<String>) -> reqwest::Result<Response> {
        let base = match self.host {
            HostKind::Platform => self.emulator.platform_url(),
            HostKind::ClientAuth => self.emulator.client_auth_url(),
        };
        let mut request = client(self.emulator, self.certificate).request(method, base + path);
        if let Some(api_key) = self.api_key {
            request = request.header("x-api-key", api_key);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body);
        }
        read(request).await
    }
}

impl Response {
    /// The error of a response in the usual shape: status, code, field.
    pub(crate) fn error(&self) -> (u16, String, Option<String>) {
        let error = &self.json()["errors"][0];
        let text = |name: &str| error[name].as_str().map(str::to_owned);
        (self.status, text("code").unwrap_or_default(), text("field"))
    }

    /// Whether it is 400 about this field.
    pub(crate) fn is_invalid(&self, field: &str) {
        assert_eq!(self.error(), (400, "invalid_request".to_owned(), Some(field.to_owned())), "{}", self.text);
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.content_type, "application/json");
        serde_json::from_str(&self.text).unwrap()
    }
}

pub(crate) fn client(emulator: &Emulator, certificate: Option<&ClientCert>) -> reqwest::Client {
    builder(emulator, certificate).build().unwrap()
}

pub(crate) fn builder(emulator: &Emulator, certificate: Option<&ClientCert>) -> reqwest::ClientBuilder {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(emulator.ca_der().to_vec())).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match certificate {
        None => config.with_no_client_auth(),
        Some(certificate) => {
            let chain = certificate.chain_der().iter().map(|der| CertificateDer::from(der.clone())).collect();
            let key = PrivateKeyDer::try_from(certificate.pkcs8_der().to_vec()).unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
    };
    // One request each: HTTP/1.1 carries the alert of a refused certificate more reliably.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    reqwest::Client::builder().tls_backend_preconfigured(config).no_proxy().timeout(Duration::from_secs(20))
}

pub(crate) async fn read(request: RequestBuilder) -> reqwest::Result<Response> {
    let response = request.send().await?;
    let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    Ok(Response {
        status: response.status().as_u16(),
        content_type: header("content-type").unwrap_or_default(),
        caller: header("x-emulator-caller"),
        proof: header("x-emulator-proof"),
        allow: header("allow"),
        headers: response.headers().clone(),
        text: String::from_utf8(response.bytes().await?.to_vec()).unwrap(),
    })
}
