//! The differential run: one random sequence of calls, rotations and faults, made through several transports
//! in one process, each against its own server with the same behaviour. Any difference for the caller or the
//! server is a fault, even if no case defines what is right.

use std::fmt::{self, Write as _};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use bytes::Bytes;
use digicert_one_client::{Client, Retry};
use digicert_one_core::{ApiKey, Code, Fingerprint, Material, Permit, PermitRequest, RateLimitError, RateLimiter};
use digicert_one_testbed::{
    ClientAuth, ClientCert, Front, FrontOptions, Ledger, RawOptions, RawServer, Step, refused_addr,
};
use http::{Method, Response, StatusCode};
use sha2::{Digest, Sha256};

use crate::subject::Subject;
use crate::switch::Switch;
use crate::world::{KEY, World, certificate, front_responding, identity, key};

/// Makes the same random sequence of `steps` through every subject and compares what callers and servers saw.
/// The message of a failure has the seed, which reproduces it.
///
/// # Panics
/// Two transports differ; the message holds both sides of the first difference.
pub fn differential(subjects: &[(&str, Subject)], seed: u64, steps: usize) {
    let plan = Arc::new(Plan::of(seed, steps));
    let mut traces = subjects.iter().map(|(name, subject)| (*name, trace(subject, &plan)));
    let (first, expected) = traces.next().expect("at least one transport");
    for (name, seen) in traces {
        for (index, (one, other)) in expected.iter().zip(&seen).enumerate() {
            assert_eq!(
                one, other,
                "step {index} of seed {seed} on {first} (left) and {name} (right): {:?}",
                plan.0[index]
            );
        }
    }
}

/// What happens, in order.
struct Plan(Vec<Act>);

#[derive(Debug)]
enum Act {
    /// Another credential from now on.
    Rotate(usize),
    Call(PlannedCall),
    Fault(Fault, Method),
}

#[derive(Debug)]
struct PlannedCall {
    method: Method,
    /// The path after the segment that names the step.
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
    status: StatusCode,
    response: Vec<u8>,
    duplicates: Vec<String>,
    redirect: Option<&'static str>,
}

/// What a server does instead of responding.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Refused,
    ResetBeforeTheHead,
    EndBeforeTheHead,
    CutBody,
    CutChunk,
    NotHttp,
    NotTls,
}

const FAULTS: [Fault; 7] = [
    Fault::Refused,
    Fault::ResetBeforeTheHead,
    Fault::EndBeforeTheHead,
    Fault::CutBody,
    Fault::CutChunk,
    Fault::NotHttp,
    Fault::NotTls,
];
const METHODS: [Method; 6] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
const STATUSES: [u16; 12] = [200, 200, 200, 201, 204, 400, 401, 403, 404, 409, 429, 503];
const SEGMENTS: [&str; 9] = ["a", "B", "%20", "%2F", "x;v=1", "c:d@e", "~user", "..a", "it's"];
const QUERIES: [&str; 5] = ["", "?x=1", "?a=%26&b=+", "?q=a?b/c", "?"];
const NAMES: [&str; 4] = ["x-one", "x-two", "accept-language", "if-match"];
const VALUES: [&str; 5] = ["1", "a, b", "\"quoted, text\"", "two  blanks", "de;q=0.5"];
const REDIRECTS: [&str; 3] = ["/elsewhere?x=1", "https://other.test/", "javascript:alert(1)"];

impl Plan {
    fn of(seed: u64, steps: usize) -> Self {
        let mut chance = fastrand::Rng::with_seed(seed);
        Self((0..steps).map(|_| Act::random(&mut chance)).collect())
    }

    fn call(&self, step: usize) -> Option<&PlannedCall> {
        match self.0.get(step)? {
            Act::Call(call) => Some(call),
            _ => None,
        }
    }
}

impl Act {
    fn random(chance: &mut fastrand::Rng) -> Self {
        let method = chance.choice(&METHODS).cloned().unwrap_or(Method::GET);
        match chance.u8(0..20) {
            0..3 => Self::Rotate(chance.usize(0..MATERIALS)),
            3..5 => Self::Fault(*chance.choice(&FAULTS).unwrap_or(&Fault::Refused), method),
            _ => Self::Call(PlannedCall::random(chance, method)),
        }
    }
}

impl PlannedCall {
    fn random(chance: &mut fastrand::Rng, method: Method) -> Self {
        let some = |chance: &mut fastrand::Rng, of: &[&'static str]| *chance.choice(of).unwrap_or(&"");
        let path = (0..chance.usize(0..4)).map(|_| format!("/{}", some(chance, &SEGMENTS))).collect::<String>()
            + some(chance, &QUERIES);
        let headers =
            (0..chance.usize(0..4)).map(|_| (some(chance, &NAMES), some(chance, &VALUES).to_owned())).collect();
        let duplicates = (0..chance.usize(0..3)).map(|number| format!("value {number}")).collect();
        let redirect = (chance.u8(0..12) == 0).then(|| some(chance, &REDIRECTS));
        let status = match redirect {
            Some(_) => StatusCode::FOUND,
            None => StatusCode::from_u16(*chance.choice(&STATUSES).unwrap_or(&200)).unwrap_or(StatusCode::OK),
        };
        let sends = [Method::POST, Method::PUT, Method::PATCH].contains(&method) && chance.bool();
        let body = sends.then(|| bytes(chance));
        let response = if status == StatusCode::NO_CONTENT { Vec::new() } else { bytes(chance) };
        Self { method, path, headers, body, status, response, duplicates, redirect }
    }
}

/// Mostly few, at times many.
fn bytes(chance: &mut fastrand::Rng) -> Vec<u8> {
    let most = if chance.u8(0..8) == 0 { 300_000 } else { 300 };
    (0..chance.usize(0..most)).map(|_| chance.u8(..)).collect()
}

/// The observations of each step, in a form that does not depend on ports, times and versions.
fn trace(subject: &Subject, plan: &Arc<Plan>) -> Vec<String> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (kept, plan, world) = (Arc::clone(&seen), Arc::clone(plan), World::new(subject));
    (subject.block_on)(Box::pin(async move {
        let trace = run(&world, &plan).await;
        *kept.lock().unwrap_or_else(PoisonError::into_inner) = trace;
    }));
    std::mem::take(&mut *seen.lock().unwrap_or_else(PoisonError::into_inner))
}

const MATERIALS: usize = 4;

/// A key, two certificates, and one of them with the key.
fn materials(certificates: &[ClientCert; 2]) -> [Material; MATERIALS] {
    let [one, other] = certificates.each_ref().map(identity);
    let both = Material::certificate_and_key(one.clone(), ApiKey::new(KEY).expect("the canary is a key"));
    [key(), Material::certificate(one), Material::certificate(other), both]
}

async fn run(world: &World, plan: &Arc<Plan>) -> Vec<String> {
    let certificates = [certificate(), certificate()];
    let names: Vec<_> = certificates.iter().map(ClientCert::fingerprint).collect();
    let materials = materials(&certificates);
    let front = front(plan);
    let switch = Switch::new(materials[0].clone());
    let client = client(world, front.port(), switch.clone());
    let mut trace = Vec::new();
    let mut current = 0;
    for (step, act) in plan.0.iter().enumerate() {
        let before = front.ledger().requests().len();
        trace.push(match act {
            Act::Rotate(to) => {
                current = *to;
                switch.turn(materials[current].clone());
                "rotated".to_owned()
            }
            Act::Call(call) => {
                let outcome = called(&client, step, call).await;
                format!("{outcome}{}", arrived(front.ledger(), before, &names))
            }
            Act::Fault(fault, method) => failed(world, *fault, method, materials[current].clone()).await,
        });
    }
    trace
}

/// No pace: the usual one would slow down after each 429, in real time.
#[derive(Debug)]
struct AtOnce;

#[async_trait]
impl RateLimiter for AtOnce {
    async fn permit(&self, _turn: &PermitRequest<'_>) -> Result<Permit, RateLimitError> {
        Ok(Permit::free())
    }

    async fn throttled(&self, _: Fingerprint, _: Option<Duration>, _: SystemTime) {}
}

fn client(world: &World, port: u16, switch: Switch) -> Client {
    let builder = world.builder(port).retry(Retry::never()).rate_limiter(AtOnce);
    builder.credential(switch).build().expect("complete")
}

/// Responds by the plan: the first segment of a path names the step.
fn front(plan: &Arc<Plan>) -> Front {
    let plan = Arc::clone(plan);
    front_responding(FrontOptions::default().client_auth(ClientAuth::Optional), move |request| {
        let step = request.uri().path().split('/').nth(1).and_then(|step| step.parse().ok());
        let Some(call) = step.and_then(|step: usize| plan.call(step)) else {
            return Response::new(Bytes::from_static(b"elsewhere"));
        };
        let mut response = Response::new(Bytes::copy_from_slice(&call.response));
        *response.status_mut() = call.status;
        let headers = response.headers_mut();
        for value in &call.duplicates {
            headers.append("x-many", value.parse().expect("a header value"));
        }
        if let Some(location) = call.redirect {
            headers.insert(http::header::LOCATION, location.parse().expect("a header value"));
        }
        response
    })
}

/// The result for the caller.
async fn called(client: &Client, step: usize, call: &PlannedCall) -> String {
    let mut request = client.request(call.method.clone(), format!("/{step}{}", call.path));
    for (name, value) in &call.headers {
        request = request.header(name, value);
    }
    if let Some(body) = &call.body {
        request = request.body("application/octet-stream", body.clone());
    }
    match request.send().await {
        Err(error) => format!("{:?} {} {:?} after {}", error.kind(), error.code(), error.status(), error.attempts()),
        Ok(response) => {
            let many: Vec<_> = response.headers().get_all("x-many").iter().cloned().collect();
            let (status, attempts, generation) = (response.status(), response.attempts(), response.generation());
            let body = response.bytes().await.map(|body| (body.len(), digest(&body))).map_err(|error| error.code());
            format!("{status} after {attempts} as {generation:?} {many:?} {body:?}")
        }
    }
}

/// What the server saw since then.
fn arrived(ledger: &Ledger, before: usize, names: &[String]) -> String {
    let snapshot = ledger.snapshot();
    let mut text = String::new();
    for request in &snapshot.requests[before..] {
        let connection = snapshot.connections.iter().find(|one| one.id == request.connection);
        let caller = connection.and_then(|one| one.peer_fingerprint.as_ref());
        let caller = caller.and_then(|one| names.iter().position(|name| name == one));
        let mut headers: Vec<_> = request.headers.iter().filter(|(name, _)| name != "host").collect();
        // Values of one name stay in their order; names are unordered.
        headers.sort_by(|one, other| one.0.cmp(&other.0));
        let _ = write!(text, "\n  {} {} by {caller:?}", request.method, request.target);
        let _ = write!(text, " body {} {}", request.body_len, request.body_sha256);
        for (name, value) in headers {
            let _ = write!(text, "\n    {name}: {}", Shown(value));
        }
    }
    text
}

/// A call to a server with this failure: the result for its caller, and how many requests arrived.
async fn failed(world: &World, fault: Fault, method: &Method, material: Material) -> String {
    let script = |response: &'static str, end: Step| vec![Step::ReadRequest, Step::write(response), end];
    let scripts = match fault {
        Fault::Refused => {
            let outcome = faulted(world, refused_addr().port(), method, material).await;
            return format!("{fault:?}: {outcome}");
        }
        Fault::ResetBeforeTheHead => vec![Step::ReadRequest, Step::Reset],
        Fault::EndBeforeTheHead => vec![Step::ReadRequest, Step::CloseClean],
        Fault::CutBody => script("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort", Step::CloseClean),
        Fault::CutChunk => {
            script("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nshort\r\n", Step::CloseClean)
        }
        Fault::NotHttp => script("220 mail.example.test ESMTP\r\n\r\n", Step::CloseClean),
        Fault::NotTls => vec![Step::write("220 mail.example.test ESMTP\r\n"), Step::Stall],
    };
    let options = match fault {
        Fault::NotTls => RawOptions::plain([scripts]),
        _ => RawOptions::tls([scripts]),
    };
    let server = RawServer::start(options).expect("loopback can be bound");
    let outcome = faulted(world, server.port(), method, material).await;
    format!("{fault:?}: {outcome}, {} arrived", server.ledger().requests().len())
}

async fn faulted(world: &World, port: u16, method: &Method, material: Material) -> String {
    let client = client(world, port, Switch::new(material));
    let outcome = match client.request(method.clone(), "/x").send().await {
        // Some stacks return the head first and fail in the body, some fail at once.
        Ok(response) => response.bytes().await.map(|body| body.len()),
        Err(error) => Err(error),
    };
    match outcome.map_err(|error| error.code()) {
        Ok(length) => format!("{length} bytes"),
        // One word for these: a stack without alerts reports the wider HS-03 (docs/faults.md). ERR-14 to
        // ERR-16 check which stack may do that for which fault.
        Err(Code::NET_07 | Code::HO_04 | Code::HS_03) => "ended early".to_owned(),
        Err(code) => code.to_string(),
    }
}

fn digest(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(bytes))
}

struct Shown<'a>(&'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        String::from_utf8_lossy(self.0).escape_debug().fmt(f)
    }
}
