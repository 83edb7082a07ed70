//! How a call travels: one function, read top to bottom. Repeating is not done yet; the place for it is around `once`.

use std::sync::Arc;
use std::task::Poll;

use bytes::Bytes;
use digicert_one_core::diagnosis::{diagnose_answer, diagnose_transport};
use digicert_one_core::{
    API_KEY_HEADER, Advice, CallContext, Code, Diagnosis, Exchange, HostRole, Lease, LeaseNeed, Mode, Origin,
    RequestTarget, TransportError, Verdict,
};
use futures_util::future::{Either, select};
use futures_util::poll;
use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};

use crate::client::Settings;
use crate::{Client, Error, ErrorKind, Response, decode, redirect};

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
async fn lease(settings: &Settings, need: &LeaseNeed) -> Result<Lease, Error> {
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
    let lease = match call.authenticated {
        true => Some(lease(settings, &LeaseNeed::at(now)).await?),
        false => None,
    };
    let material = lease.as_ref().map(Lease::material);
    let role = material.map_or(HostRole::Platform, |material| material.host_role());
    let origin = settings.instance.origin(role).map_err(Error::instance)?;
    let identity = material.and_then(|material| material.identity());
    let mut context =
        CallContext::new(origin.authority(), material.map_or(Mode::Anonymous, |material| material.mode()), now)
            .with_identity(identity.cloned());
    if let Some(lease) = &lease {
        context = context.with_credential_source(Arc::clone(lease.source()));
    }

    let outcome = match settings.generations.transport(identity) {
        Ok(transport) => transport.send(request(settings, call, origin, lease.as_ref())).await,
        Err(error) => Err(error),
    };
    let exchange = match outcome {
        Ok(exchange) => exchange,
        Err(error) => return Err(failed(settings, lease.as_ref(), &context, error)),
    };
    let response = conclude(settings, lease.as_ref(), context, exchange, statuses).await?;
    Ok((response, origin))
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

fn failed(settings: &Settings, lease: Option<&Lease>, context: &CallContext, error: TransportError) -> Error {
    let diagnosis = diagnose_transport(&error, context);
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
            facts: exchange.facts,
            context,
            generation: lease.map(Lease::generation),
            max_body: settings.max_body,
        });
    }
    let body = beginning(body).await;
    let answer = decode::answer(head.status, &head.headers, &body, settings.clock.now());
    let diagnosis = diagnose_answer(&answer, &context);
    report(
        settings,
        lease,
        if diagnosis.advice == Advice::NewerCredential { Verdict::Rejected } else { Verdict::Accepted },
    );
    Err(Error::platform(diagnosis, answer))
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

fn report(settings: &Settings, lease: Option<&Lease>, verdict: Verdict) {
    if let Some(lease) = lease {
        settings.credential.report(lease, verdict);
    }
}
