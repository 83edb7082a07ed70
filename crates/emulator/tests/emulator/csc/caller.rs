//! The client of these tests, and an emulator whose time they set.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use data_encoding::BASE64URL_NOPAD;
use digicert_one_emulator::{ClientCert, Csc, CscOptions, Emulator, EmulatorOptions};
use reqwest::Method;
use reqwest::redirect::Policy;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::caller::builder;

/// An emulator, a client that trusts it, and its time.
pub(crate) struct Bench {
    pub(crate) emulator: Emulator,
    client: reqwest::Client,
    now: Arc<Mutex<SystemTime>>,
}

/// A complete response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) challenges: Vec<String>,
    pub(crate) cache_control: Option<String>,
    pub(crate) caller: Option<String>,
    pub(crate) text: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Bench::with(CscOptions::default())
    }

    pub(crate) fn with(csc: CscOptions) -> Self {
        Bench::start(EmulatorOptions::default().csc(csc))
    }

    pub(crate) fn start(options: EmulatorOptions) -> Self {
        let now = Arc::new(Mutex::new(SystemTime::now()));
        let clock = {
            let now = Arc::clone(&now);
            move || *now.lock().unwrap()
        };
        let emulator = Emulator::start_blocking(options.clock(clock)).unwrap();
        let client = client(&emulator, None);
        Bench { emulator, client, now }
    }

    pub(crate) fn csc(&self) -> Csc<'_> {
        self.emulator.csc()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        *self.now.lock().unwrap() += Duration::from_secs(seconds);
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<String>,
    ) -> Response {
        let mut request = self.client.request(method, self.emulator.platform_url() + path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.body(body);
        }
        Response::read(request.send().await.unwrap()).await
    }

    /// A CSC call at the clientauth listener, with a certificate or without.
    pub(crate) async fn call_there(&self, certificate: Option<&ClientCert>, path: &str, body: Value) -> Response {
        let url = format!("{}/documentmanager/csc/v1/{path}", self.emulator.client_auth_url());
        let request = client(&self.emulator, certificate).post(url).body(body.to_string());
        Response::read(request.send().await.unwrap()).await
    }

    /// A CSC call with a bearer token.
    pub(crate) async fn call(&self, token: &str, operation: &str, body: Value) -> Response {
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let path = format!("/documentmanager/csc/v1/{operation}");
        self.send(Method::POST, &path, &headers, Some(body.to_string())).await
    }

    /// A form at one of the OAuth endpoints.
    pub(crate) async fn form(&self, path: &str, headers: &[(&str, &str)], fields: &[(&str, &str)]) -> Response {
        let content_type = ("content-type", "application/x-www-form-urlencoded");
        let headers: Vec<_> = headers.iter().copied().chain([content_type]).collect();
        self.send(Method::POST, path, &headers, Some(encode(fields))).await
    }

    /// A form at the token endpoint, with id and secret of the first client in it.
    pub(crate) async fn token(&self, fields: &[(&str, &str)]) -> Response {
        let own = [("client_id", self.csc().client_id()), ("client_secret", self.csc().client_secret())];
        let fields: Vec<_> = own.into_iter().chain(fields.iter().copied()).collect();
        self.form("/oauth2/token", &[], &fields).await
    }

    /// The authorize endpoint, for the first client and its redirect URI.
    pub(crate) async fn authorize(&self, fields: &[(&str, &str)]) -> Response {
        let own = [
            ("response_type", "code"),
            ("client_id", self.csc().client_id()),
            ("redirect_uri", self.csc().redirect_uri().unwrap()),
        ];
        let own = own.into_iter().filter(|(name, _)| !fields.iter().any(|(other, _)| other == name));
        let fields: Vec<_> = own.chain(fields.iter().copied()).collect();
        self.send(Method::GET, &format!("/oauth2/authorize?{}", encode(&fields)), &[], None).await
    }

    /// The grant for a code.
    pub(crate) async fn exchange(&self, code: &str, verifier: Option<&str>) -> Response {
        let redirect_uri = self.csc().redirect_uri().unwrap();
        let mut fields = vec![("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect_uri)];
        fields.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        self.token(&fields).await
    }

    /// A token of the client's own right.
    pub(crate) async fn client_token(&self) -> String {
        self.token(&[("grant_type", "client_credentials")]).await.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// Signature activation data by `credentials/authorize`.
    pub(crate) async fn sad(&self, token: &str, credential: &str, signatures: u32, hashes: &[&str]) -> String {
        let mut body = json!({ "credentialID": credential, "numSignatures": signatures });
        if !hashes.is_empty() {
            body["hash"] = json!(hashes);
        }
        self.call(token, "credentials/authorize", body).await.json()["SAD"].as_str().unwrap().to_owned()
    }
}

impl Response {
    async fn read(response: reqwest::Response) -> Self {
        let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let challenges = response.headers().get_all("www-authenticate");
        Response {
            status: response.status().as_u16(),
            location: header("location"),
            challenges: challenges.iter().map(|value| value.to_str().unwrap().to_owned()).collect(),
            cache_control: header("cache-control"),
            caller: header("x-emulator-caller"),
            text: response.text().await.unwrap(),
        }
    }

    /// The body of a successful response.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }

    /// Status, code and sentence of one that is not.
    pub(crate) fn error(&self) -> (u16, String, String) {
        let body: Value = serde_json::from_str(&self.text).unwrap();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        (self.status, text("error"), text("error_description"))
    }

    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16, code: &str, description: &str) {
        let (own_status, own_code, own_description) = self.error();
        assert_eq!((own_status, &*own_code), (status, code), "{own_description}");
        assert!(own_description.contains(description), "{own_description}");
    }

    /// A parameter of the redirect.
    pub(crate) fn redirected(&self, name: &str) -> Option<String> {
        assert_eq!(self.status, 302, "{}", self.text);
        let location = self.location.as_deref().unwrap();
        let (_, query) = location.split_once('?').unwrap();
        form_urlencoded::parse(query.as_bytes()).find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
    }

    pub(crate) fn code(&self) -> String {
        self.redirected("code").unwrap()
    }
}

fn client(emulator: &Emulator, certificate: Option<&ClientCert>) -> reqwest::Client {
    builder(emulator, certificate).redirect(Policy::none()).build().unwrap()
}

pub(crate) fn encode(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

pub(crate) fn challenge(verifier: &str) -> String {
    BASE64URL_NOPAD.encode(&Sha256::digest(verifier))
}
