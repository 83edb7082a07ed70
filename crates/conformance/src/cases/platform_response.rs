//! ERR, the responses: in every shape of error response, code and message are found, the size is bounded, and
//! the status alone does not decide.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_client::{Client, Error, ErrorKind, LocalRateLimiter, Retry};
use digicert_one_core::{
    Code, Credential, CredentialError, FixedCredential, Generation, HttpVersions, Lease, LeaseRequest, Material,
    Verdict,
};
use digicert_one_testbed::{ClientAuth, Front, FrontOptions, Snapshot, Step};
use http::{Response, StatusCode};

use crate::world::{World, certificate, front_responding, identity, key, scripted};

const JSON: &str = "application/json";

/// A server with a configurable response, and clients of one caller, one per version of HTTP.
struct Platform {
    front: Front,
    response: Arc<Mutex<Response<Bytes>>>,
    clients: Vec<Client>,
}

impl Platform {
    fn new(world: &World, material: &Material) -> Self {
        let response: Arc<Mutex<Response<Bytes>>> = Arc::default();
        let given = Arc::clone(&response);
        let options = FrontOptions::default().client_auth(ClientAuth::Optional);
        let front = front_responding(options, move |_| given.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let versions = world.http_versions().into_iter();
        let clients = versions.map(|versions| client(world, front.port(), material.clone(), versions)).collect();
        Self { front, response, clients }
    }

    fn responds(&self, status: u16, content_type: &str, body: &str) {
        let mut response = Response::new(Bytes::copy_from_slice(body.as_bytes()));
        *response.status_mut() = StatusCode::from_u16(status).expect("a status");
        if !content_type.is_empty() {
            response.headers_mut().insert("content-type", content_type.parse().expect("a value"));
        }
        response.headers_mut().insert("x-dc-transactionid", "transaction-1".parse().expect("a value"));
        *self.response.lock().unwrap_or_else(PoisonError::into_inner) = response;
    }

    /// The errors of this response for the caller.
    async fn refuses(&self, status: u16, content_type: &str, body: &str) -> Vec<Error> {
        self.responds(status, content_type, body);
        let mut errors = Vec::new();
        for client in &self.clients {
            let error = client.get("/x?token=canary").send().await.expect_err("refused");
            assert_eq!(error.kind(), ErrorKind::Platform, "{error}");
            assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
            errors.push(error);
        }
        errors
    }
}

fn client(world: &World, port: u16, material: Material, versions: HttpVersions) -> Client {
    // One response is read; RETRY tests which of them are retried.
    let builder = world.builder(port).retry(Retry::new().attempts(1));
    let builder = builder.transport_config(world.config().with_http_versions(versions));
    // That a 429 slows the caller down is PACE's.
    let builder = builder.rate_limiter(LocalRateLimiter::new().adaptive(false));
    builder.credential(FixedCredential::new(material, "the case")).build().expect("complete")
}

/// An error document, its machine code and its message.
async fn read(world: &World, status: u16, body: &str, code: Option<&str>, message: &str, diagnosis: Code) {
    for error in Platform::new(world, &key()).refuses(status, JSON, body).await {
        let response = error.response().expect("a response");
        assert!(response.recognised, "{body}");
        assert_eq!((response.code.as_deref(), response.message.as_deref()), (code, Some(message)), "{body}");
        assert_eq!(error.code(), diagnosis, "{error}");
        // Both are shown, not only stored.
        let shown = error.to_string();
        assert!(shown.contains(message) && code.is_none_or(|code| shown.contains(code)), "{shown}");
    }
}

pub(crate) async fn err_01_a_list_of_errors_gives_code_and_message(world: World) {
    let body =
        r#"{"errors":[{"code":"duplicate_error","message":"Nickname is taken","field":"nickname"},{"code":"second"}]}"#;
    read(&world, 400, body, Some("duplicate_error"), "Nickname is taken", Code::API_06).await;
}

pub(crate) async fn err_02_an_error_object_gives_code_and_message(world: World) {
    let body = r#"{"error":{"code":"invalid_request","message":"The payload is not valid"}}"#;
    read(&world, 422, body, Some("invalid_request"), "The payload is not valid", Code::API_01).await;
}

pub(crate) async fn err_03_a_status_in_words_is_the_code(world: World) {
    let body = r#"{"error":{"status":"access_denied","message":"Not for you"}}"#;
    read(&world, 403, body, Some("access_denied"), "Not for you", Code::AUT_03).await;
}

pub(crate) async fn err_04_a_frameworks_own_error_is_read(world: World) {
    let body = r#"{"timestamp":"2026-01-01","status":"500","error":"Internal Server Error","path":"/x"}"#;
    read(&world, 500, body, None, "Internal Server Error", Code::API_03).await;
    let body = r#"{"status":500,"error":"Internal Server Error","path":"/x"}"#;
    read(&world, 500, body, None, "Internal Server Error", Code::API_03).await;
}

pub(crate) async fn err_05_a_number_is_a_code(world: World) {
    let body = r#"{"message":"Template is unknown","code":1042}"#;
    read(&world, 400, body, Some("1042"), "Template is unknown", Code::API_01).await;
}

/// The code of a web page with this status.
fn of_a_page(status: u16) -> Code {
    match status {
        429 | 500..=599 => Code::GW_02,
        _ => Code::GW_01,
    }
}

pub(crate) async fn err_06_a_body_that_is_not_an_error_document_has_a_bounded_excerpt(world: World) {
    let html = format!("<html><body><h1>Bad Gateway</h1>{}</body></html>", "<p>padding</p>".repeat(500));
    let bodies = [
        (JSON, "{\"errors\":[{\"code\":\"dup", "{\"errors\"", Code::AUT_05),
        ("text/html", html.as_str(), "Bad Gateway", Code::GW_01),
        // The content type does not decide: a proxy may set anything.
        (JSON, html.as_str(), "Bad Gateway", Code::GW_01),
        ("text/plain", "Invalid CORS request", "Invalid CORS request", Code::GW_01),
        ("", "", "", Code::AUT_05),
    ];
    let platform = Platform::new(&world, &key());
    for (content_type, body, excerpt, code) in bodies {
        for error in platform.refuses(400, content_type, body).await {
            assert_eq!(error.code(), code, "{error}");
            assert!(error.to_string().contains(excerpt), "{error}");
        }
    }
    for status in [401, 403, 404, 418, 429, 500, 502, 503] {
        for error in platform.refuses(status, "text/html", &html).await {
            assert_eq!(error.code(), of_a_page(status), "{status} {error}");
            assert!(error.to_string().contains("Bad Gateway") && error.to_string().len() < 1 << 10, "{error}");
        }
    }
    // Not an error document, with a success status.
    platform.responds(200, "text/html", &html);
    let response = platform.clients[0].get("/").send().await.expect("a status");
    let error = response.json::<Vec<String>>().await.expect_err("no JSON");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Decode, Code::GW_03), "{error}");
    assert!(error.diagnosis().to_string().contains("text/html"), "{}", error.diagnosis());
}

pub(crate) async fn err_07_a_refused_credential_is_read_anew_once_at_most(world: World) {
    let platform = Platform::new(&world, &key());
    platform.responds(401, JSON, r#"{"error":{"code":"invalid_api_key","message":"Unknown key"}}"#);
    let front = &platform.front;
    let credential = Counting::default();
    let (leases, rejections) = (Arc::clone(&credential.leases), Arc::clone(&credential.rejections));
    let client = world.builder(front.port()).credential(credential).build().expect("complete");
    let error = client.post("/").json(&["sign me"]).send().await.expect_err("refused");
    assert_eq!(error.code(), Code::AUT_01, "{error}");
    assert!(!error.diagnosis().retryable());
    // The source has nothing newer, so the same key is not sent twice.
    assert_eq!(front.ledger().requests().len(), 1);
    assert!((1..=2).contains(&leases.load(Ordering::SeqCst)), "{leases:?}");
    assert_eq!(rejections.load(Ordering::SeqCst), 1);
}

/// A fixed key, and how often it was requested and refused.
#[derive(Clone, Debug, Default)]
struct Counting {
    leases: Arc<AtomicUsize>,
    rejections: Arc<AtomicUsize>,
}

#[async_trait]
impl Credential for Counting {
    async fn lease(&self, _need: &LeaseRequest) -> Result<Lease, CredentialError> {
        self.leases.fetch_add(1, Ordering::SeqCst);
        Ok(Lease::new(key(), Generation::FIRST, "the case"))
    }

    fn report(&self, _lease: &Lease, verdict: Verdict) {
        if verdict == Verdict::Rejected {
            self.rejections.fetch_add(1, Ordering::SeqCst);
        }
    }
}

pub(crate) async fn err_08_a_missing_second_factor_is_named(world: World) {
    let body = r#"{"error":{"status":"access_denied","message":"User is not multi-factor authenticated"}}"#;
    for error in Platform::new(&world, &key()).refuses(403, JSON, body).await {
        assert_eq!(error.code(), Code::AUT_02, "{error}");
        assert!(error.diagnosis().cause.contains("certificate"), "{}", error.diagnosis());
    }
}

pub(crate) async fn err_09_a_missing_role_asks_for_no_other_credential(world: World) {
    let body = r#"{"errors":[{"code":"access_denied","message":"Missing permission SIGN_SM_HASH"}]}"#;
    for error in Platform::new(&world, &key()).refuses(403, JSON, body).await {
        assert_eq!(error.code(), Code::AUT_03, "{error}");
        assert!(!error.diagnosis().retryable());
    }
}

const NGINX: &str = "<html><head><title>400 %</title></head><body><center><h1>400 Bad Request</h1></center>\
                     <center>%</center><hr><center>nginx</center></body></html>";

pub(crate) async fn err_10_a_load_balancer_that_misses_a_certificate_is_understood(world: World) {
    let body = NGINX.replace('%', "No required SSL certificate was sent");
    for error in Platform::new(&world, &key()).refuses(400, "text/html", &body).await {
        assert_eq!(error.code(), Code::HS_01, "{error}");
    }
}

pub(crate) async fn err_11_a_load_balancer_that_refuses_a_certificate_is_understood(world: World) {
    let body = NGINX.replace('%', "The SSL certificate error");
    let material = Material::certificate(identity(&certificate()));
    for error in Platform::new(&world, &material).refuses(400, "text/html", &body).await {
        assert_eq!(error.code(), Code::HS_02, "{error}");
        assert!(!error.diagnosis().retryable());
    }
}

pub(crate) async fn err_17_the_transaction_id_is_kept(world: World) {
    let body = r#"{"error":{"code":"oops","message":"Try later"}}"#;
    for error in Platform::new(&world, &key()).refuses(500, JSON, body).await {
        assert_eq!(error.response().and_then(|response| response.request_id.as_deref()), Some("transaction-1"));
        assert!(error.diagnosis().to_string().contains("transaction-1"), "{}", error.diagnosis());
    }
}

pub(crate) async fn err_18_an_endless_or_bottomless_response_is_bounded(world: World) {
    // 100 MiB that begin as an error document.
    let chunk = Bytes::from(vec![b'x'; 4 << 20]);
    let head = "HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: 104857600\r\n\r\n{\"message\":\"";
    let script = [Step::ReadRequest, Step::write(head)].into_iter().chain(vec![Step::Write(chunk); 25]);
    let server = scripted([script.chain([Step::Stall]).collect()]);
    let error = client(&world, server.port(), key(), HttpVersions::Http1).get("/").send().await.expect_err("refused");
    assert_eq!(error.code(), Code::AUT_05, "{error}");
    assert!(format!("{error} {error:?}").len() < 8 << 10, "it is cut");
    let closed = |seen: &Snapshot| seen.connections.iter().all(|one| one.closed);
    assert!(server.ledger().wait_until(closed, Duration::from_secs(20)).await, "the rest is still read");

    let platform = Platform::new(&world, &key());
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    for body in [deep.clone(), format!("{{\"errors\":[{{\"code\":{deep}}}]}}"), "{\"error\":".repeat(10_000)] {
        for error in platform.refuses(400, JSON, &body).await {
            assert_eq!(error.code(), Code::AUT_05, "{error}");
            assert!(error.to_string().len() < 1 << 10, "{} bytes", error.to_string().len());
        }
    }
    platform.responds(200, JSON, &deep);
    let response = platform.clients[0].get("/").send().await.expect("a status");
    let error = response.json::<serde_json::Value>().await.expect_err("too deep");
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
}

const DENIED: &str = "<html><head><title>Access Denied</title></head><body><p>Reference 18.2d</p></body></html>";

pub(crate) async fn err_28_a_page_of_a_gateway_is_not_the_platforms_verdict(world: World) {
    let platform = Platform::new(&world, &key());
    for (status, code) in [401, 403, 404, 407, 429, 500, 502, 503].map(|status| (status, of_a_page(status))) {
        platform.responds(status, "text/html", DENIED);
        let headers = [
            ("server", "gateway/1.2"),
            ("via", "1.1 proxy.example"),
            // Neither is for a library to react to.
            ("www-authenticate", "Basic realm=\"x\""),
            ("proxy-authenticate", "Basic realm=\"x\""),
        ];
        {
            let mut response = platform.response.lock().unwrap_or_else(PoisonError::into_inner);
            for (name, value) in headers {
                response.headers_mut().insert(name, value.parse().expect("a value"));
            }
        }
        for client in &platform.clients {
            let before = platform.front.ledger().requests().len();
            let error = client.get("/x").send().await.expect_err("refused");
            assert_eq!(error.code(), code, "{status} {error}");
            assert_eq!(error.status().map(|status| status.as_u16()), Some(status));
            let shown = error.diagnosis().to_string();
            for part in ["Access Denied", "gateway/1.2", "1.1 proxy.example", "Reference 18.2d"] {
                assert!(shown.contains(part), "{status} {part}: {shown}");
            }
            assert!(!shown.contains("service user"), "{status} {shown}");
            assert_eq!(platform.front.ledger().requests().len(), before + 1, "{status}");
        }
    }
}

pub(crate) async fn err_29_an_encoded_response_is_named_and_none_of_it_shown(world: World) {
    // Brotli has no first bytes by which it is known: only the header names it.
    const ENCODED: &[u8] = b"\x8b\x07\x80canary\x03";
    let platform = Platform::new(&world, &key());
    for status in [200, 401, 403, 503] {
        let response = Response::builder().status(status).header("content-encoding", "br");
        *platform.response.lock().unwrap_or_else(PoisonError::into_inner) =
            response.body(Bytes::from_static(ENCODED)).expect("a response");
        for client in &platform.clients {
            let error = match client.get("/x").send().await {
                Ok(response) => response.json::<serde_json::Value>().await.expect_err("no JSON"),
                Err(error) => error,
            };
            assert_eq!(error.code(), Code::GW_04, "{status} {error}");
            let shown = format!("{error} {error:?} {}", error.diagnosis());
            assert!(shown.contains("content encoding br") && !shown.contains("canary"), "{status} {shown}");
        }
    }
}
