//! How a call travels: one function, read top to bottom. Repeating is not done yet; the place for it is around `once`.

use std::sync::Arc;
use std::task::Poll;
use std::time::SystemTime;

use bytes::Bytes;
use digicert_one_core::diagnosis::{diagnose_answer, diagnose_transport};
use digicert_one_core::{
    API_KEY_HEADER, Advice, ApiKey, CallContext, Code, ConnectionFacts, Diagnosis, Exchange, HostRole, Lease,
    LeaseNeed, Mode, Origin, RequestTarget, Transport, TransportError, Verdict,
};
use futures_util::future::{Either, select};
use futures_util::poll;
use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};

use crate::client::Settings;
use crate::generations::Carried;
use crate::{Client, Error, ErrorKind, Response, decode, redirect, rotation};

/// Redirects within one origin that are followed in a row.
const MAX_HOPS: usize = 5;

/// A call as the caller gave it, checked.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) target: RequestTarget,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) authenticated: bool,
}

impl Call {
    /// A GET without headers of its own.
    pub(crate) fn get(target: RequestTarget) -> Self {
        Self { method: Method::GET, target, headers: HeaderMap::new(), body: Bytes::new(), authenticated: true }
    }
}

/// What an answer of 400 and above is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statuses {
    ErrorsAreErrors,
    AllAreAnswers,
}

/// Sends a call and follows its redirects. Each hop has the transport's limits; a new one begins only within the limit of the
/// whole call.
pub(crate) async fn send(client: &Client, mut call: Call, statuses: Statuses) -> Result<Response, Error> {
    let settings = client.settings();
    let start = settings.clock.now();
    let mut hops = 0;
    loop {
        let (response, origin) = once(settings, &call, statuses).await?;
        let Some(next) = redirect::next(&call, origin, response.status, &response.headers)? else {
            return Ok(response);
        };
        hops += 1;
        if hops > MAX_HOPS {
            return Err(redirect::too_many(origin, hops));
        }
        if settings.clock.now().duration_since(start).is_ok_and(|passed| passed >= settings.total) {
            return Err(too_late(settings));
        }
        call = next;
    }
}

/// Material for one attempt, within the limit of the whole call. A source that has it at hand costs no timer.
pub(crate) async fn lease(settings: &Settings, need: &LeaseNeed) -> Result<Lease, Error> {
    let mut asked = settings.credential.lease(need);
    let leased = match poll!(&mut asked) {
        Poll::Ready(leased) => leased,
        Poll::Pending => match select(asked, settings.clock.sleep(settings.total)).await {
            Either::Left((leased, _)) => leased,
            Either::Right(_) => return Err(too_late(settings)),
        },
    };
    leased.map_err(Error::credential)
}

fn too_late(settings: &Settings) -> Error {
    let summary = format!("the call did not end within {} seconds.", settings.total.as_secs_f32());
    let diagnosis = Diagnosis::new(Code::NET_08, summary, "").advising(Advice::Repeat { not_before: None });
    Error::new(ErrorKind::Transport, diagnosis)
}

/// One attempt.
async fn once<'a>(settings: &'a Settings, call: &Call, statuses: Statuses) -> Result<(Response, &'a Origin), Error> {
    let now = settings.clock.now();
    if !call.authenticated {
        let transport = settings.generations.anonymous().map_err(|error| failed(settings, None, now, error))?;
        return exchange(settings, call, None, &*transport, statuses, now).await;
    }
    let need = LeaseNeed::at(now);
    let lease = lease(settings, &need).await?;
    let Carried { lease, transport, .. } = rotation::carrier(settings, lease, &need).await?;
    settings.reminders.check(&lease, now);
    exchange(settings, call, Some(&lease), &*transport, statuses, now).await
}

/// One attempt to prove that a credential is usable. A redirect proves nothing.
pub(crate) async fn proves(settings: &Settings, call: &Call, candidate: &Carried) -> Result<(), Error> {
    let Carried { lease, transport, .. } = candidate;
    let now = settings.clock.now();
    let (response, _) = exchange(settings, call, Some(lease), &**transport, Statuses::ErrorsAreErrors, now).await?;
    match response.status().is_success() {
        true => Ok(()),
        false => Err(Error::local(ErrorKind::Redirect, format!("the proof was answered with {}", response.status()))),
    }
}

/// Sends over this transport and concludes.
async fn exchange<'a>(
    settings: &'a Settings,
    call: &Call,
    lease: Option<&Lease>,
    transport: &dyn Transport,
    statuses: Statuses,
    now: SystemTime,
) -> Result<(Response, &'a Origin), Error> {
    let origin = origin(settings, lease)?;
    let exchange = match transport.send(request(settings, call, origin, lease)).await {
        Ok(exchange) => exchange,
        Err(error) => return Err(failed(settings, lease, now, error)),
    };
    let response = conclude(settings, lease, context(origin, lease, now), exchange, statuses).await?;
    Ok((response, origin))
}

fn origin<'a>(settings: &'a Settings, lease: Option<&Lease>) -> Result<&'a Origin, Error> {
    let role = lease.map_or(HostRole::Platform, |lease| lease.material().host_role());
    settings.instance.origin(role).map_err(Error::instance)
}

fn context(origin: &Origin, lease: Option<&Lease>, now: SystemTime) -> CallContext {
    let Some(lease) = lease else { return CallContext::new(origin.authority(), Mode::Anonymous, now) };
    CallContext::new(origin.authority(), lease.material().mode(), now)
        .with_identity(lease.material().identity().cloned())
        .with_credential_source(Arc::clone(lease.source()))
}

fn request(settings: &Settings, call: &Call, origin: &Origin, lease: Option<&Lease>) -> http::Request<Bytes> {
    let mut request = http::Request::new(call.body.clone());
    *request.method_mut() = call.method.clone();
    *request.uri_mut() = origin.uri(&call.target);
    let headers = request.headers_mut();
    *headers = call.headers.clone();
    headers.entry(USER_AGENT).or_insert_with(|| settings.user_agent.clone());
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    if let Some(key) = lease.and_then(|lease| lease.material().key()) {
        headers.insert(API_KEY_HEADER, key.header_value());
    }
    request
}

/// The error of a transport that failed, or could not be made.
pub(crate) fn failed(settings: &Settings, lease: Option<&Lease>, now: SystemTime, error: TransportError) -> Error {
    let origin = match origin(settings, lease) {
        Ok(origin) => origin,
        Err(error) => return error,
    };
    let diagnosis = diagnose_transport(&error, &context(origin, lease, now));
    let verdict = match diagnosis.advice {
        Advice::NewerCredential => Verdict::Rejected,
        _ => Verdict::Unclear,
    };
    report(settings, lease, verdict);
    Error::new(ErrorKind::Transport, diagnosis).with_source(error)
}

async fn conclude(
    settings: &Settings,
    lease: Option<&Lease>,
    context: CallContext,
    exchange: Exchange,
    statuses: Statuses,
) -> Result<Response, Error> {
    let (head, body) = exchange.response.into_parts();
    let rejected = head.status.as_u16() == 401;
    if statuses == Statuses::AllAreAnswers || head.status.as_u16() < 400 {
        report(settings, lease, if rejected { Verdict::Rejected } else { Verdict::Accepted });
        return Ok(Response {
            status: head.status,
            version: head.version,
            headers: head.headers,
            body,
            warning: not_asked(&context, &exchange.facts),
            facts: exchange.facts,
            context,
            generation: lease.map(Lease::generation),
            max_body: settings.max_body,
        });
    }
    let body = without_key(beginning(body).await, lease);
    let answer = decode::answer(head.status, &head.headers, &body, settings.clock.now());
    let diagnosis = diagnose_answer(&answer, &context);
    report(
        settings,
        lease,
        if diagnosis.advice == Advice::NewerCredential { Verdict::Rejected } else { Verdict::Accepted },
    );
    Err(Error::platform(diagnosis, answer))
}

/// A certificate on a host that does not ask for one proves nothing, and no error tells.
fn not_asked(context: &CallContext, facts: &ConnectionFacts) -> Option<Box<Diagnosis>> {
    if context.identity.is_none() || facts.identity_requested != Some(false) || facts.reused == Some(true) {
        return None;
    }
    let summary = format!("{} did not ask for the client certificate, so it does not know it.", context.host);
    tracing::warn!(code = %Code::HO_02, "{summary}");
    Some(Box::new(Diagnosis::new(Code::HO_02, summary, "this host has no mutual TLS, or something between ends it")))
}

/// As much of an error body as is read; one that breaks off tells what it told until then.
async fn beginning(mut body: digicert_one_core::ResponseBody) -> Bytes {
    let mut read = Vec::new();
    while let Ok(Some(chunk)) = body.chunk().await {
        read.extend_from_slice(&chunk[..chunk.len().min(decode::MAX_ERROR_BODY - read.len())]);
        if read.len() == decode::MAX_ERROR_BODY {
            break;
        }
    }
    read.into()
}

/// An error body in which the platform quotes the key would carry it into errors and logs.
fn without_key(body: Bytes, lease: Option<&Lease>) -> Bytes {
    let Some(key) = lease.and_then(|lease| lease.material().key()).map(ApiKey::header_value) else { return body };
    let key = key.as_bytes();
    let Some(first) = find(&body, key) else { return body };
    let mut clean = body[..first].to_vec();
    let mut rest = &body[first..];
    while let Some(at) = find(rest, key) {
        clean.extend_from_slice(&rest[..at]);
        clean.extend_from_slice(b"(redacted)");
        rest = &rest[at + key.len()..];
    }
    clean.extend_from_slice(rest);
    clean.into()
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn report(settings: &Settings, lease: Option<&Lease>, verdict: Verdict) {
    let Some(lease) = lease else { return };
    if verdict == Verdict::Rejected {
        settings.generations.rejected(lease.generation());
    }
    settings.credential.report(lease, verdict);
}
