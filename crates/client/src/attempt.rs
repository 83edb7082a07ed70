//! How a call travels: one function, read top to bottom. It repeats what may be repeated and follows redirects; when to repeat
//! is decided in `retry`, how fast in `limiter`.

use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use digicert_one_core::diagnosis::{diagnose_answer, diagnose_success, diagnose_transport};
use digicert_one_core::{
    API_KEY_HEADER, Advice, ApiKey, CallContext, Code, ConnectionFacts, Diagnosis, Exchange, Generation, HostRole,
    Lease, LeaseNeed, Mode, Origin, RequestTarget, Throttled, Transport, TransportError, Turn, Verdict, next_chunk,
};
use futures_util::future::{Either, select};
use futures_util::poll;
use http::header::{ACCEPT, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION, RANGE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use tracing::Instrument as _;

use crate::client::Settings;
use crate::course::Course;
use crate::generations::Carried;
#[cfg(feature = "metrics")]
use crate::observe::metric;
use crate::observe::{Carrier, RetryNotice, Watch, span};
use crate::response::Parts;
use crate::retry::{Next, Stop};
use crate::watched_body::WatchedBody;
use crate::{Client, Error, ErrorKind, Response, decode, redirect, rotation};

/// Redirects within one origin that are followed in a row.
const MAX_HOPS: usize = 5;

/// A call as the caller gave it, checked.
#[allow(missing_docs, reason = "not for programs")]
#[derive(Clone)]
pub struct Call {
    pub method: Method,
    pub target: RequestTarget,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub authenticated: bool,
    /// Marked so by the caller, whatever the method.
    pub idempotent: bool,
    /// What observers see of the path, where the caller knows better.
    pub template: Option<&'static str>,
}

impl Call {
    /// A GET without headers of its own.
    pub(crate) fn get(target: RequestTarget) -> Self {
        let (method, headers) = (Method::GET, HeaderMap::new());
        Self { method, target, headers, body: Bytes::new(), authenticated: true, idempotent: false, template: None }
    }
}

/// What an answer is that is not the result of the call: of 400 and above mostly.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statuses {
    ErrorsAreErrors,
    AllAreAnswers,
}

/// Sends a call, repeats it where that may help and is safe, and follows its redirects, all within one deadline.
pub(crate) async fn send(client: &Client, mut call: Call, statuses: Statuses) -> Result<Response, Error> {
    let settings = client.settings();
    settings.observers.mark_call(&mut call.headers);
    let mut watch = Watch::begin(settings, &call);
    let span = watch.span().clone();
    // Boxed, so that the future that the program holds is small: whoever wraps it would copy it.
    let outcome = Box::pin(travel(settings, call, statuses, &mut watch.course)).instrument(span).await;
    watch.end(&outcome);
    outcome
}

/// From the first attempt to the answer that is no redirect.
async fn travel(
    settings: &Settings,
    mut call: Call,
    statuses: Statuses,
    course: &mut Course,
) -> Result<Response, Error> {
    let Some(flight) = settings.flights.begin() else {
        return Err(Error::local(ErrorKind::Config, "the client is shut down"));
    };
    let mut hops = 0;
    loop {
        let (mut response, origin) = match repeated(settings, &call, statuses, course).await {
            Ok(answered) => answered,
            Err((error, stop)) => return Err(error.after(course.told(stop))),
        };
        hops += 1;
        call = match redirect::next(&call, &settings.instance, origin, response.status(), response.headers()) {
            Ok(None) => {
                response.arrived(course.attempts(), flight);
                return Ok(response);
            }
            Err(error) => return Err(error.after(course.told(None))),
            Ok(Some(_)) if hops > MAX_HOPS => return Err(redirect::too_many(origin, hops).after(course.told(None))),
            Ok(Some(_)) if course.left(settings.clock.now()).is_zero() => {
                return Err(too_late(course.deadline()).after(course.told(None)));
            }
            Ok(Some(next)) => next,
        };
    }
}

/// One call to one target, as often as it is worth it. A failure comes with the reason why it was the last.
async fn repeated<'a>(
    settings: &'a Settings,
    call: &Call,
    statuses: Statuses,
    course: &mut Course,
) -> Result<(Response, &'a Origin), (Error, Option<Stop>)> {
    let unsent = |error| (error, None);
    let mut replaced = false;
    let mut bearer = bearer(settings, call, course, None).await.map_err(unsent)?;
    loop {
        let number = course.attempt();
        let error = match observed(settings, call, &bearer, statuses, course).await {
            Ok(answered) => {
                settings.retry.succeeded();
                return Ok(answered);
            }
            Err(error) => error,
        };
        let last = |error: Error, stop| Err((error.perhaps_done_by(&course.tried.earlier, &call.method), Some(stop)));
        match settings.retry.next(call, &error, number) {
            Next::Stop(stop) => return last(error, stop),
            Next::NewerCredential if replaced => return last(error, Stop::Useless),
            Next::NewerCredential => match Box::pin(newer(settings, call, course, &bearer)).await {
                Some(newer) => {
                    course.tried.failed(&error);
                    (bearer, replaced) = (newer, true);
                }
                None => return last(error, Stop::Useless),
            },
            Next::After(wait) if wait >= course.left(settings.clock.now()) => return last(error, Stop::Deadline),
            Next::After(wait) => {
                course.tried.failed(&error);
                settings.observers.retries(|| RetryNotice::new(&error, wait, number + 1, settings.retry.most()));
                settings.clock.sleep(wait).await;
                course.tried.waits.push(wait);
                bearer = self::bearer(settings, call, course, None).await.map_err(unsent)?;
                if error.status().is_some_and(|status| matches!(status.as_u16(), 408 | 421 | 425)) {
                    bearer = bearer.anew(settings);
                }
            }
        }
    }
}

/// What carries one attempt, and as whom.
pub(crate) enum Bearer {
    Anonymous(Arc<dyn Transport>),
    Known(Arc<Carried>),
}

impl Bearer {
    fn transport(&self) -> &dyn Transport {
        match self {
            Self::Anonymous(transport) => &**transport,
            Self::Known(carried) => &*carried.transport,
        }
    }

    fn carried(&self) -> Option<&Carried> {
        match self {
            Self::Anonymous(_) => None,
            Self::Known(carried) => Some(carried),
        }
    }

    fn lease(&self) -> Option<&Lease> {
        self.carried().map(|carried| &carried.lease)
    }

    /// The same proof over new connections, for a response that was about the connection (RFC 9110 sections 15.5.9 and 15.5.20). Where
    /// no other transport can be made, it stays as it is.
    fn anew(self, settings: &Settings) -> Self {
        let identity = self.lease().and_then(|lease| lease.material().identity());
        let Ok(transport) = settings.generations.apart(identity) else { return self };
        match self {
            Self::Anonymous(_) => Self::Anonymous(transport),
            Self::Known(carried) => Self::Known(Arc::new(carried.over(transport))),
        }
    }
}

/// Asks the credential, once for each attempt.
async fn bearer(
    settings: &Settings,
    call: &Call,
    course: &Course,
    newer_than: Option<Generation>,
) -> Result<Bearer, Error> {
    // The first attempt begins with the call: reading the clock again would tell nothing new.
    let now = if course.attempts() == 0 { course.start() } else { settings.clock.now() };
    let mut need = LeaseNeed::at(now);
    if !call.authenticated {
        let transport = settings.generations.anonymous();
        return transport.map(Bearer::Anonymous).map_err(|error| failed(settings, None, need.now, error));
    }
    need.newer_than = newer_than;
    let lease = lease(settings, &need, course.left(need.now)).await?;
    let carried = rotation::carrier(settings, lease, &need).await?;
    settings.reminders.check(&carried.lease, need.now);
    #[cfg(feature = "metrics")]
    metric::leased(&carried.lease, need.now);
    Ok(Bearer::Known(carried))
}

/// A credential newer than the one that was refused, if there is one.
async fn newer(settings: &Settings, call: &Call, course: &Course, refused: &Bearer) -> Option<Bearer> {
    let refused = refused.lease()?.generation();
    let newer = bearer(settings, call, course, Some(refused)).await.ok()?;
    newer.lease().is_some_and(|lease| lease.generation() > refused).then_some(newer)
}

/// Material for one attempt, within this time. A source that has it at hand costs no timer.
pub(crate) async fn lease(settings: &Settings, need: &LeaseNeed, within: Duration) -> Result<Lease, Error> {
    let mut asked = settings.credential.lease(need);
    let leased = match poll!(&mut asked) {
        Poll::Ready(leased) => leased,
        Poll::Pending => {
            let within = within.min(settings.total);
            match select(asked, settings.clock.limit(within)).await {
                Either::Left((leased, _)) => leased,
                Either::Right(_) => return Err(too_late(within)),
            }
        }
    };
    leased.map_err(Error::credential)
}

fn too_late(limit: Duration) -> Error {
    let summary = format!("the call did not end within {} seconds.", limit.as_secs_f32());
    let cause = "the time for the whole call, all attempts and waits included, ran out; whether the last attempt was still \
                 connecting or waiting for its response is not known";
    Error::new(ErrorKind::Transport, Diagnosis::new(Code::NET_08, summary, cause))
}

/// One attempt to prove that a credential is usable. A redirect proves nothing.
pub(crate) async fn proves(settings: &Settings, call: &Call, candidate: &Arc<Carried>) -> Result<(), Error> {
    let (bearer, mut course) = (Bearer::Known(Arc::clone(candidate)), Course::begin(settings));
    let (response, _) = exchange(settings, call, &bearer, Statuses::ErrorsAreErrors, &mut course).await?;
    match response.status().is_success() {
        // A login page or a captive portal has not looked at the credential.
        true if response.is_page() => {
            Err(Error::local(ErrorKind::Decode, "the proof was answered with a web page, not by the API"))
        }
        true => Ok(()),
        false => Err(Error::local(ErrorKind::Redirect, format!("the proof was answered with {}", response.status()))),
    }
}

/// One attempt, seen by whoever wants to see it.
async fn observed<'a>(
    settings: &'a Settings,
    call: &Call,
    bearer: &Bearer,
    statuses: Statuses,
    course: &mut Course,
) -> Result<(Response, &'a Origin), Error> {
    if settings.observers.audit.is_some()
        && let Ok(origin) = origin(settings, bearer.lease())
    {
        let carried = bearer.carried().map(|carried| (&carried.lease, carried.caller));
        course.carried_by(Carrier::of(origin.authority(), carried));
    }
    let span = span::of_attempt(settings, call, bearer.lease(), course.attempts());
    #[cfg(feature = "metrics")]
    let begin = settings.clock.now();
    let outcome = exchange(settings, call, bearer, statuses, course).instrument(span.clone()).await;
    if let Err(error) = &outcome {
        span::failed(&span, error);
    }
    #[cfg(feature = "metrics")]
    metric::attempted(
        call,
        outcome.as_ref().map(|(response, _)| response.status()),
        settings.clock.now().duration_since(begin).unwrap_or_default(),
    );
    outcome
}

/// One attempt: its turn, the request, and what its answer means.
async fn exchange<'a>(
    settings: &'a Settings,
    call: &Call,
    bearer: &Bearer,
    statuses: Statuses,
    course: &mut Course,
) -> Result<(Response, &'a Origin), Error> {
    let lease = bearer.lease();
    let origin = origin(settings, lease)?;
    let queued = settings.clock.now();
    let permit = match bearer.carried() {
        Some(carried) => {
            let turn = Turn::new(carried.caller, &settings.clock, course.left(queued));
            Some(settings.limiter.permit(&turn).await.map_err(|error| Error::rate_limit(error, &origin.authority()))?)
        }
        None => None,
    };
    let now = settings.clock.now();
    course.tried.queued(now.duration_since(queued).unwrap_or_default());
    let sending = bearer.transport().send(request(settings, call, origin, lease));
    let left = course.left(now);
    let sent = if left >= settings.total {
        // The transport's own limit ends it first.
        sending.await
    } else {
        match select(sending, settings.clock.limit(left)).await {
            Either::Left((sent, _)) => sent,
            Either::Right(_) => return Err(too_late(course.deadline())),
        }
    };
    drop(permit);
    let (host, credential) = (role(lease), lease.map(Lease::generation));
    let mut exchange = match sent {
        Ok(exchange) => exchange,
        Err(error) => {
            let before = course.has_response(host, credential);
            return Err(failed_after(before, settings, lease, now, course.completed(error)));
        }
    };
    if !exchange.response.status().is_success()
        && let Some(key) = lease.and_then(|lease| lease.material().key())
    {
        scrub(exchange.response.headers_mut(), key.header_value().as_bytes());
    }
    course.saw(&exchange.facts);
    course.got_response(host, credential);
    span::answered(&exchange.response, &exchange.facts);
    #[cfg(feature = "metrics")]
    metric::connected(&exchange.facts);
    if let Some(notice) = heard(settings, bearer, &exchange.response, now) {
        settings.limiter.throttled(&notice).await;
    }
    let context = context(settings, origin, lease, now);
    if statuses == Statuses::AllAreAnswers || is_result(call, exchange.response.status(), exchange.response.headers()) {
        return Ok((answered(settings, lease, context, exchange), origin));
    }
    Err(Box::pin(refused(settings, lease, context, exchange)).await)
}

/// Whether this is what the call asked for, or a redirect that leads there. A redirect without a target, a part of what was asked for
/// as a whole, and "not modified" in reply to a call without a condition are what broken caches and proxies give.
fn is_result(call: &Call, status: StatusCode, headers: &HeaderMap) -> bool {
    let asked = |names: &[HeaderName]| names.iter().any(|name| call.headers.contains_key(name));
    match status {
        StatusCode::PARTIAL_CONTENT => asked(&[RANGE]),
        StatusCode::NOT_MODIFIED => asked(&[IF_NONE_MATCH, IF_MODIFIED_SINCE]),
        _ if status.is_redirection() => {
            redirect::is_followed(status)
                && headers.get(LOCATION).is_some_and(|location| !location.as_bytes().trim_ascii().is_empty())
        }
        _ => status.as_u16() < 400,
    }
}

/// What the limiter is to know of an answer. Not async: a response cannot be shared between threads, and the call must move.
fn heard<B>(settings: &Settings, bearer: &Bearer, response: &http::Response<B>, sent: SystemTime) -> Option<Throttled> {
    let caller = bearer.carried()?.caller;
    if response.status() != StatusCode::TOO_MANY_REQUESTS {
        settings.limiter.accepted(caller, sent);
        return None;
    }
    let now = settings.clock.now();
    Some(Throttled::new(caller, now, decode::retry_after(response.headers(), now)))
}

fn origin<'a>(settings: &'a Settings, lease: Option<&Lease>) -> Result<&'a Origin, Error> {
    settings.instance.origin(role(lease)).map_err(Error::instance)
}

fn role(lease: Option<&Lease>) -> HostRole {
    lease.map_or(HostRole::Platform, |lease| lease.material().host_role())
}

fn context(settings: &Settings, origin: &Origin, lease: Option<&Lease>, now: SystemTime) -> CallContext {
    let mode = lease.map_or(Mode::Anonymous, |lease| lease.material().mode());
    // Field by field: each `with_` would move the whole of it.
    let mut context = CallContext::new(origin.authority(), mode, now);
    context.transport = Some(settings.generations.in_use(role(lease)));
    if let Some(lease) = lease {
        context.identity = lease.material().identity().cloned();
        context.credential_source = Some(Arc::clone(lease.source()));
        context.key_shape = lease.material().key().map(ApiKey::shape);
    }
    context
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
    settings.observers.mark_attempt(headers);
    request
}

/// The error of a transport that failed, or could not be made.
pub(crate) fn failed(settings: &Settings, lease: Option<&Lease>, now: SystemTime, error: TransportError) -> Error {
    failed_after(false, settings, lease, now, error)
}

/// The same of an attempt; `response` is whether an earlier one got a response from the same host with the same credential.
fn failed_after(
    response: bool,
    settings: &Settings,
    lease: Option<&Lease>,
    now: SystemTime,
    error: TransportError,
) -> Error {
    let origin = match origin(settings, lease) {
        Ok(origin) => origin,
        Err(error) => return error,
    };
    let context = context(settings, origin, lease, now).with_answered_before(response);
    let diagnosis = diagnose_transport(&error, &context);
    let verdict = match diagnosis.advice {
        Advice::NewerCredential => Verdict::Rejected,
        _ => Verdict::Unclear,
    };
    report(settings, lease, verdict);
    Error::new(ErrorKind::Transport, diagnosis).with_source(error)
}

/// An answer that the caller gets.
fn answered(settings: &Settings, lease: Option<&Lease>, context: CallContext, exchange: Exchange) -> Response {
    let (head, body) = exchange.response.into_parts();
    report(settings, lease, if head.status.as_u16() == 401 { Verdict::Rejected } else { Verdict::Accepted });
    Response::new(Parts {
        status: head.status,
        version: head.version,
        headers: head.headers,
        warning: unproven(&context, &exchange.facts),
        body: settings.watched(body, &exchange.facts),
        facts: exchange.facts,
        context,
        generation: lease.map(Lease::generation),
        max_body: settings.max_body,
        key: lease.and_then(|lease| lease.material().key()).map(ApiKey::header_value),
        attempts: 1,
    })
}

/// The error that an error answer is.
async fn refused(settings: &Settings, lease: Option<&Lease>, context: CallContext, exchange: Exchange) -> Error {
    let (head, body) = exchange.response.into_parts();
    let body = without_key(beginning(settings.watched(body, &exchange.facts)).await, lease);
    let answer = decode::answer(head.status, &head.headers, &body, settings.clock.now());
    let diagnosis = diagnose_answer(&answer, &context.with_facts(exchange.facts));
    let rejected = diagnosis.advice == Advice::NewerCredential;
    report(settings, lease, if rejected { Verdict::Rejected } else { Verdict::Accepted });
    Error::platform(diagnosis, answer)
}

/// A certificate that did not arrive proves nothing, and no error says so. Once for each connection.
fn unproven(context: &CallContext, facts: &ConnectionFacts) -> Option<Box<Diagnosis>> {
    if context.identity.is_none() || facts.reused == Some(true) {
        return None;
    }
    let warning = diagnose_success(&context.clone().with_facts(facts.clone()))?;
    tracing::warn!(code = %warning.code, "{}", warning.summary);
    Some(Box::new(warning))
}

/// As much of an error body as is read; one that breaks off tells what it told until then.
pub async fn beginning(mut body: WatchedBody) -> Bytes {
    let mut read = Vec::new();
    while let Ok(Some(chunk)) = next_chunk(&mut body).await {
        read.extend_from_slice(&chunk[..chunk.len().min(decode::MAX_ERROR_BODY - read.len())]);
        if read.len() == decode::MAX_ERROR_BODY {
            break;
        }
    }
    read.into()
}

/// An error body in which the platform quotes the key would carry it into errors and logs.
fn without_key(body: Bytes, lease: Option<&Lease>) -> Bytes {
    match lease.and_then(|lease| lease.material().key()).map(ApiKey::header_value) {
        Some(key) => without(body, key.as_bytes()),
        None => body,
    }
}

/// Headers without this secret: what quotes it would bring it into errors, logs, or the address of a redirect.
pub(crate) fn scrub(headers: &mut HeaderMap, secret: &[u8]) {
    if secret.is_empty() {
        return;
    }
    for (name, value) in headers.iter_mut().filter(|(_, value)| find(value.as_bytes(), secret).is_some()) {
        // A redirect to such a place leads nowhere.
        *value = HeaderValue::from_static(if *name == LOCATION { "" } else { "(redacted)" });
    }
}

/// A body without this secret, wherever it is quoted.
pub fn without(body: Bytes, secret: &[u8]) -> Bytes {
    if secret.is_empty() {
        return body;
    }
    let Some(first) = find(&body, secret) else { return body };
    let mut clean = body[..first].to_vec();
    let mut rest = &body[first..];
    while let Some(at) = find(rest, secret) {
        clean.extend_from_slice(&rest[..at]);
        clean.extend_from_slice(b"(redacted)");
        rest = &rest[at + secret.len()..];
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
