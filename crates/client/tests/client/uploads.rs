//! Uploads: streamed bodies in retries, redirects and errors, over a transport that reads a scripted part of the body.

use std::error::Error as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_client::{Client, ErrorKind};
use digicert_one_core::{
    ApiKey, Capabilities, Capability, Code, ConnectionFacts, Connector, ConnectorInfo, Delivery, Exchange,
    FixedCredential, Generation, Instance, Lease, ManualClock, Material, ResponseBody, Transport, TransportConfig,
    TransportError, TransportErrorKind, UploadBody, UploadGuard, Validity, causes,
};
use futures_executor::block_on;
use http::{Method, Request, Response};

use crate::scripted::{Source, key};

/// How much of a body the server reads before it responds.
#[derive(Clone, Copy, Debug)]
enum Reads {
    Nothing,
    OneChunk,
    All,
}

/// One response, or a failure of the connection.
#[derive(Clone, Copy, Debug)]
enum Step {
    Status(Reads, u16),
    Redirect(Reads, u16),
    Fails(Reads, TransportErrorKind, Delivery),
}

/// A request as it arrived: its body as far as it was read.
#[derive(Clone, Debug)]
struct Arrived {
    method: Method,
    path: String,
    key: Option<String>,
    length: Option<String>,
    body: String,
}

/// Takes its steps one after the other, then responds with 200.
#[derive(Clone, Debug, Default)]
struct Server {
    steps: Arc<Mutex<Vec<Step>>>,
    arrived: Arc<Mutex<Vec<Arrived>>>,
    lacks_uploads: bool,
}

impl Server {
    fn of(steps: impl IntoIterator<Item = Step>) -> Self {
        let steps: Vec<Step> = steps.into_iter().collect();
        Self { steps: Arc::new(Mutex::new(steps)), ..Self::default() }
    }

    fn arrived(&self) -> Vec<Arrived> {
        self.arrived.lock().expect("unpoisoned").clone()
    }

    fn bodies(&self) -> Vec<String> {
        self.arrived().into_iter().map(|arrived| arrived.body).collect()
    }

    /// The client, and its virtual clock.
    fn client(&self, credential: impl digicert_one_core::Credential) -> (Client, ManualClock) {
        let clock = ManualClock::new(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000));
        let client = Client::builder()
            .instance(Instance::parse("one.digicert.test").expect("a host"))
            .credential(credential)
            .connector(self.clone())
            .clock(Arc::new(clock.clone()))
            .build()
            .expect("complete");
        (client, clock)
    }

    async fn serve<B>(&self, mut request: Request<B>) -> Result<Exchange, TransportError>
    where
        B: http_body::Body<Data = Bytes> + Unpin + Send,
        B::Error: std::fmt::Debug,
    {
        let step = {
            let mut steps = self.steps.lock().expect("unpoisoned");
            if steps.is_empty() { Step::Status(Reads::All, 200) } else { steps.remove(0) }
        };
        let (Step::Status(reads, _) | Step::Redirect(reads, _) | Step::Fails(reads, ..)) = step;
        let most = match reads {
            Reads::Nothing => 0,
            Reads::OneChunk => 1,
            Reads::All => usize::MAX,
        };
        let (mut body, mut failed) = (Vec::new(), false);
        for _ in 0..most {
            match std::future::poll_fn(|cx| std::pin::Pin::new(request.body_mut()).poll_frame(cx)).await {
                None => break,
                Some(Ok(frame)) => body.extend(frame.into_data().expect("data")),
                Some(Err(_)) => {
                    failed = true;
                    break;
                }
            }
        }
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        self.arrived.lock().expect("unpoisoned").push(Arrived {
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            key: header("x-api-key"),
            length: header("content-length"),
            body: String::from_utf8(body).expect("text"),
        });
        if failed {
            return Err(TransportError::new(TransportErrorKind::Interrupted, Delivery::Unknown));
        }
        let response = match step {
            Step::Fails(_, kind, delivery) => return Err(TransportError::new(kind, delivery)),
            Step::Status(_, status) => Response::builder().status(status),
            Step::Redirect(_, status) => Response::builder().status(status).header("location", "/elsewhere"),
        };
        Ok(Exchange::new(response.body(ResponseBody::full("{}")).expect("a response"), ConnectionFacts::unknown()))
    }
}

#[async_trait]
impl Transport for Server {
    async fn send(&self, request: Request<Bytes>) -> Result<Exchange, TransportError> {
        self.serve(request.map(UploadBody::full)).await
    }

    async fn upload(&self, mut request: Request<UploadBody>) -> Result<Exchange, TransportError> {
        let watch = UploadGuard::begin(&mut request)?;
        watch.outcome(self.serve(request).await)
    }
}

impl Connector for Server {
    fn info(&self) -> ConnectorInfo {
        ConnectorInfo::new("server", "none", "none")
    }

    fn capabilities(&self) -> Capabilities {
        match self.lacks_uploads {
            true => Capabilities::all().without(Capability::StreamingUploads),
            false => Capabilities::all(),
        }
    }

    fn connect(&self, _: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        Ok(Arc::new(self.clone()))
    }
}

fn fixed() -> FixedCredential {
    FixedCredential::new(key(), "the test")
}

/// Three chunks, and how many of them were asked for.
fn three() -> (UploadBody, Arc<AtomicUsize>) {
    let read = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&read);
    let body = UploadBody::poll_fn(move |_| {
        let next = ["one ", "two ", "three"].get(count.fetch_add(1, Ordering::Relaxed));
        Poll::Ready(next.map(|chunk| Ok::<_, std::io::Error>(Bytes::from_static(chunk.as_bytes()))))
    });
    (body, read)
}

const WHOLE: &str = "one two three";

#[test]
fn upload_arrives_whole_with_key_and_known_length() {
    for length in [None, Some(WHOLE.len() as u64)] {
        let server = Server::default();
        let (client, _) = server.client(fixed());
        let (body, _) = three();
        let body = match length {
            Some(length) => body.with_length(length),
            None => body,
        };
        let response = block_on(client.post("/x").header("content-type", "a/b").upload(body).send()).expect("accepted");
        assert_eq!(response.attempts(), 1);
        let [arrived] = &server.arrived()[..] else { panic!("one request") };
        assert_eq!((&arrived.method, &*arrived.body), (&Method::POST, WHOLE));
        assert_eq!(arrived.length, length.map(|length| length.to_string()));
        assert!(arrived.key.is_some());
    }
}

#[test]
fn begun_upload_is_not_retried_and_the_error_says_why() {
    let steps = [
        Step::Status(Reads::OneChunk, 503),
        Step::Status(Reads::All, 429),
        Step::Fails(Reads::OneChunk, TransportErrorKind::Interrupted, Delivery::Unknown),
    ];
    for step in steps {
        let server = Server::of([step]);
        let (client, clock) = server.client(fixed());
        let (outcome, waits) = block_on(clock.run(client.put("/x").upload(three().0).send()));
        let error = outcome.expect_err("the first attempt failed");
        assert_eq!((error.attempts(), server.arrived().len(), waits.len()), (1, 1, 0), "{step:?}");
        let text = error.to_string();
        assert!(text.contains("can be read only once") && text.contains("upload_with"), "{text}");
    }
}

#[test]
fn upload_that_has_not_begun_is_retried() {
    for step in
        [Step::Status(Reads::Nothing, 503), Step::Fails(Reads::Nothing, TransportErrorKind::Refused, Delivery::NotSent)]
    {
        let server = Server::of([step]);
        let (client, clock) = server.client(fixed());
        let (outcome, _) = block_on(clock.run(client.put("/x").upload(three().0).send()));
        assert_eq!(outcome.expect("the second attempt").attempts(), 2, "{step:?}");
        assert_eq!(server.bodies(), ["", WHOLE]);
    }
}

#[test]
fn upload_with_is_retried_from_its_beginning_by_the_usual_rules() {
    let steps = [Step::Status(Reads::OneChunk, 503), Step::Status(Reads::All, 429)];
    let server = Server::of(steps);
    let (client, clock) = server.client(fixed());
    let (outcome, waits) = block_on(clock.run(client.put("/x").upload_with(|| three().0).send()));
    assert_eq!((outcome.expect("the third attempt").attempts(), waits.len()), (3, 2));
    assert_eq!(server.bodies(), ["one ", WHOLE, WHOLE]);
    // A POST may have been processed.
    let server = Server::of(steps);
    let (client, clock) = server.client(fixed());
    let (outcome, _) = block_on(clock.run(client.post("/x").upload_with(|| three().0).send()));
    assert_eq!((outcome.expect_err("not idempotent").attempts(), server.arrived().len()), (1, 1));
}

#[test]
fn error_of_the_body_is_the_source_and_is_not_retried() {
    for again in [false, true] {
        let failing = || {
            let mut first = Some(Bytes::from_static(b"one "));
            UploadBody::poll_fn(move |_| {
                let denied = || std::io::Error::new(std::io::ErrorKind::PermissionDenied, "canary: the disk is gone");
                Poll::Ready(Some(first.take().ok_or_else(denied)))
            })
        };
        let server = Server::default();
        let (client, clock) = server.client(fixed());
        let call = client.put("/x");
        let call = if again { call.upload_with(failing) } else { call.upload(failing()) };
        let (outcome, _) = block_on(clock.run(call.send()));
        let error = outcome.expect_err("the body failed");
        assert_eq!((error.kind(), error.code()), (ErrorKind::Transport, Code::IO_03), "{error}");
        assert_eq!(error.transport().map(TransportError::kind), Some(TransportErrorKind::Upload));
        assert_eq!(server.bodies(), ["one "]);
        assert!(error.source().is_some());
        let io = causes(&error).find_map(|cause| cause.downcast_ref::<std::io::Error>());
        assert_eq!(io.map(std::io::Error::kind), Some(std::io::ErrorKind::PermissionDenied), "{error:?}");
    }
}

#[test]
fn body_of_another_length_than_declared_is_an_error() {
    for length in [5, 50] {
        let server = Server::default();
        let (client, _) = server.client(fixed());
        let error =
            block_on(client.post("/x").upload(three().0.with_length(length)).send()).expect_err("another length");
        assert_eq!(error.code(), Code::IO_03, "{error}");
        assert!(causes(&error).any(|cause| cause.to_string().contains(&format!("{length} bytes"))), "{error:?}");
    }
}

#[test]
fn expired_key_is_refused_before_the_body_is_read() {
    let lease = Lease::new(key(), Generation::FIRST, "the test");
    let expired = Validity::default().with_key_ends(Some(SystemTime::UNIX_EPOCH));
    let server = Server::default();
    let (client, _) = server.client(FixedCredential::from_lease(lease.with_validity(expired)));
    let (body, read) = three();
    let error = block_on(client.post("/x").upload(body).send()).expect_err("expired");
    assert_eq!((error.kind(), error.code()), (ErrorKind::Credential, Code::ID_15));
    assert_eq!((read.load(Ordering::Relaxed), server.arrived().len()), (0, 0));
}

#[test]
fn key_refused_before_the_body_is_read_is_replaced_by_a_newer_one() {
    let keys = || ["first", "second"].map(|key| Material::api_key(ApiKey::new(key).expect("a key")));
    let server = Server::of([Step::Status(Reads::Nothing, 401)]);
    let (client, _) = server.client(Source::of(keys()));
    let response = block_on(client.post("/x").upload(three().0).send()).expect("the newer key");
    assert_eq!(response.attempts(), 2);
    let arrived = server.arrived();
    assert_eq!((arrived[0].key.as_deref(), arrived[1].key.as_deref()), (Some("first"), Some("second")));
    assert_eq!(server.bodies(), ["", WHOLE]);
    // Once the body has been read from, it cannot be sent with the newer key.
    let server = Server::of([Step::Status(Reads::OneChunk, 401)]);
    let (client, _) = server.client(Source::of(keys()));
    let error = block_on(client.post("/x").upload(three().0).send()).expect_err("it had begun");
    assert!(error.code() == Code::AUT_01 && error.to_string().contains("upload_with"), "{error}");
    assert_eq!(server.arrived().len(), 1);
}

#[test]
fn transport_without_streaming_is_refused_before_anything_is_sent() {
    let server = Server { lacks_uploads: true, ..Server::default() };
    let (client, _) = server.client(fixed());
    let (body, read) = three();
    let error = block_on(client.post("/x").upload(body).send()).expect_err("it cannot");
    assert_eq!(error.code(), Code::CFG_02, "{error}");
    assert!(error.to_string().contains("nothing was sent"), "{error}");
    assert_eq!((read.load(Ordering::Relaxed), server.arrived().len()), (0, 0));
    block_on(client.post("/x").json(&"in memory").send()).expect("a body in memory");
}

#[test]
fn redirect_is_followed_with_a_body_that_can_be_sent_again() {
    let server = Server::of([Step::Redirect(Reads::OneChunk, 307)]);
    let (client, _) = server.client(fixed());
    block_on(client.post("/x").upload_with(|| three().0).send()).expect("followed");
    assert_eq!(server.bodies(), ["one ", WHOLE]);
    assert_eq!(server.arrived()[1].path, "/elsewhere");

    let server = Server::of([Step::Redirect(Reads::OneChunk, 307)]);
    let (client, _) = server.client(fixed());
    let error = block_on(client.post("/x").upload(three().0).send()).expect_err("it had begun");
    assert!(error.kind() == ErrorKind::Redirect && error.diagnosis().to_string().contains("upload_with"), "{error}");
    assert_eq!(server.arrived().len(), 1);

    // 303 becomes a GET without a body.
    let server = Server::of([Step::Redirect(Reads::All, 303)]);
    let (client, _) = server.client(fixed());
    block_on(client.post("/x").upload(three().0).send()).expect("followed");
    assert_eq!((server.arrived()[1].method.clone(), server.bodies()[1].clone()), (Method::GET, String::new()));
}
