//! How a call travels: one function, [`Attempts::run`], read top to bottom. It repeats what may be repeated; [`Attempts::travel`] around it
//! follows redirects. When to repeat is decided in `retry`, how fast in the rate limiter, what a response means in `conclude`.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use digicert_one_core::{Exchange, Generation, HostRole, LeaseNeed, Origin, Throttled, TransportError, Turn};
use futures_util::future::{Either, select};
use futures_util::poll;
use http::header::{ACCEPT, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, StatusCode};
use tracing::{Instrument as _, Span};

use crate::bearer::Bearer;
use crate::call::{Call, Proof, Statuses};
use crate::course::Course;
use crate::error::{Error, ErrorKind};
use crate::generations::Carried;
#[cfg(feature = "metrics")]
use crate::observe::metric;
use crate::observe::retry_notice::RetryNotice;
use crate::observe::span;
use crate::observe::watch::Watch;
use crate::places::{Place, same_place};
use crate::rate_limit::limiter::Held;
use crate::response::Response;
use crate::retry::Next;
use crate::rotation::Rotation;
use crate::settings::{Settings, role};
use crate::tried::Stop;
use crate::{decode, redact, redirect};

/// Redirects within one origin that are followed in a row.
const MAX_HOPS: usize = 5;

/// A failure, and why it was the last.
type Failed = (Error, Option<Stop>);

type Boxed<'f, T> = Pin<Box<dyn Future<Output = T> + Send + 'f>>;

/// One call under way: its attempts, one after the other.
struct Attempts<'a> {
    settings: &'a Settings,
    call: Call,
    statuses: Statuses,
    course: &'a mut Course,
    /// When the request of the latest attempt left.
    sent: SystemTime,
    /// When the latest attempt began.
    #[cfg(feature = "metrics")]
    began: SystemTime,
}

impl Settings {
    /// Sends a call, repeats it where that may help and is safe, and follows its redirects, all within one deadline.
    pub(crate) async fn send(&self, mut call: Call, statuses: Statuses) -> Result<Response, Error> {
        self.observers.mark_call(&mut call.headers);
        let start = self.clock.now();
        let deadline = call.other().map_or(self.deadline, |other| other.deadline);
        let mut watch = Watch::begin(&self.observers, &self.clock, &call, Course::begin(start, deadline));
        let span = watch.span().clone();
        let attempts = Attempts::new(self, call, statuses, &mut watch.course);
        // Boxed, so that the future that the program holds is small: whoever wraps it would copy it.
        let outcome = Box::pin(attempts.travel()).instrument(span).await;
        watch.end(&outcome);
        outcome
    }

    /// Material for one attempt, within this time, and what carries it.
    pub(crate) async fn carried(&self, need: &LeaseNeed, within: Duration) -> Result<Arc<Carried>, Error> {
        let asked = self.credential.lease(need);
        let lease = self.in_time(asked, within.min(self.total)).await?.map_err(Error::credential)?;
        let rotation = Rotation { settings: self, need };
        let carried = rotation.carrier(lease, |candidate| self.proves(candidate)).await?;
        self.reminders.check(&carried.lease, need.now);
        Ok(carried)
    }

    /// What is at hand costs no timer.
    async fn in_time<T>(&self, mut work: Boxed<'_, T>, within: Duration) -> Result<T, Error> {
        if let Poll::Ready(done) = poll!(&mut work) {
            return Ok(done);
        }
        match select(work, self.clock.limit(within)).await {
            Either::Left((done, _)) => Ok(done),
            Either::Right(_) => Err(Error::too_late(within)),
        }
    }

    /// One attempt to prove that a credential is usable. A redirect proves nothing.
    async fn proves(&self, candidate: Arc<Carried>) -> Result<(), Error> {
        let Some(call) = self.proof.clone() else { return Ok(()) };
        let (start, bearer) = (self.clock.now(), Bearer::Known(candidate));
        let course = &mut Course::begin(start, self.deadline);
        let mut attempt = Attempts::new(self, call, Statuses::ErrorsAreErrors, course);
        let request = attempt.request(&bearer)?;
        let permit = attempt.permit(&bearer).await?;
        let exchange = attempt.limited(bearer.transport().send(request)).await?;
        drop(permit);
        let response = attempt.conclude(&bearer, exchange).await?;
        match response.status().is_success() {
            // A login page or a captive portal has not looked at the credential.
            true if response.is_page() => {
                Err(Error::local(ErrorKind::Decode, "the proof was answered with a web page, not by the API"))
            }
            true => Ok(()),
            false => {
                Err(Error::local(ErrorKind::Redirect, format!("the proof was answered with {}", response.status())))
            }
        }
    }
}

impl<'a> Attempts<'a> {
    fn new(settings: &'a Settings, call: Call, statuses: Statuses, course: &'a mut Course) -> Self {
        let start = course.start();
        Self {
            settings,
            call,
            statuses,
            course,
            sent: start,
            #[cfg(feature = "metrics")]
            began: start,
        }
    }

    /// From the first attempt to the answer that is no redirect.
    async fn travel(mut self) -> Result<Response, Error> {
        let settings = self.settings;
        let joins = self.call.other().is_some_and(|other| other.once);
        let Some(flight) = (if joins { Some(settings.flights.join()) } else { settings.flights.begin() }) else {
            return Err(Error::local(ErrorKind::Config, "the client is shut down"));
        };
        let mut hops = 0;
        loop {
            let mut response = match self.run().await {
                Ok(response) => response,
                Err((error, stop)) => return Err(error.after(self.course.told(stop))),
            };
            if !redirect::is_followed(response.status()) {
                response.arrived(self.course.attempts(), flight);
                return Ok(response);
            }
            hops += 1;
            let origin = settings.instance.origin(response.mode().host_role()).map_err(Error::instance)?;
            let course = &mut *self.course;
            self.call =
                match redirect::next(&self.call, &settings.instance, origin, response.status(), response.headers()) {
                    Ok(None) => {
                        response.arrived(course.attempts(), flight);
                        return Ok(response);
                    }
                    Err(error) => return Err(error.after(course.told(None))),
                    Ok(Some(_)) if hops > MAX_HOPS => {
                        return Err(redirect::too_many(origin, hops).after(course.told(None)));
                    }
                    Ok(Some(_)) if course.left(settings.clock.now()).is_zero() => {
                        return Err(Error::too_late(course.deadline()).after(course.told(None)));
                    }
                    Ok(Some(next)) => next,
                };
        }
    }

    /// One call to one target, as often as it is worth it.
    async fn run(&mut self) -> Result<Response, Failed> {
        let settings = self.settings;
        let mut replaced = false;
        // The lease, and the transport of its generation.
        let mut bearer = self.bearer(None).await.map_err(unsent)?;
        loop {
            let (number, span) = self.begin(&bearer);
            let outcome = async {
                if self.is_to_authorise() {
                    self.authorise(&mut bearer).await?;
                }
                let request = self.request(&bearer)?;
                let permit = self.permit(&bearer).await?;
                let sending = bearer.transport().send(request);
                // Without a limit of its own, the transport's ends it first.
                let sent = if self.is_limited() { self.limited(sending).await? } else { sending.await };
                drop(permit);
                // The answer or the diagnosis, and the report to the credential.
                self.conclude(&bearer, sent).await
            };
            let outcome = outcome.instrument(span.clone()).await;
            self.end(&span, &outcome);
            let error = match outcome {
                Ok(response) => {
                    settings.retry.succeeded();
                    return Ok(response);
                }
                Err(error) => error,
            };
            match self.next(&error, number) {
                Next::NewerCredential if !replaced => match Box::pin(self.newer(&bearer)).await.map_err(unsent)? {
                    Some(newer) => {
                        self.course.failed(&error);
                        (bearer, replaced) = (newer, true);
                    }
                    None => return Err(self.last(error, Stop::Useless)),
                },
                Next::NewerCredential => return Err(self.last(error, Stop::Useless)),
                Next::After(wait) if wait >= self.course.left(settings.clock.now()) => {
                    return Err(self.last(error, Stop::Deadline));
                }
                Next::After(wait) => {
                    self.wait(&error, wait, number).await;
                    bearer = self.bearer(None).await.map_err(unsent)?;
                    if error.status().is_some_and(|status| matches!(status.as_u16(), 408 | 421 | 425)) {
                        bearer = bearer.anew(&settings.generations);
                    }
                }
                Next::Stop(stop) => return Err(self.last(error, stop)),
            }
        }
    }

    /// Asks the credential, once for each attempt.
    async fn bearer(&mut self, newer_than: Option<Generation>) -> Result<Bearer, Error> {
        let settings = self.settings;
        // The first attempt begins with the call: reading the clock again would tell nothing new.
        let now = if self.course.attempts() == 0 { self.course.start() } else { settings.clock.now() };
        let other = match &self.call.proof {
            Proof::Credential => {
                let mut need = LeaseNeed::at(now);
                need.newer_than = newer_than;
                let carried = settings.carried(&need, self.course.left(now)).await?;
                #[cfg(feature = "metrics")]
                metric::leased(&carried.lease, now);
                return Ok(Bearer::Known(carried));
            }
            Proof::None => {
                let transport = settings.generations.anonymous();
                return transport.map(Bearer::Anonymous).map_err(|error| settings.failed(None, now, error));
            }
            Proof::Other(other) => other,
        };
        let platform = settings.origin(None)?;
        let (transport, in_use) = match &other.origin {
            Some(origin) if !same_place(origin, platform) => {
                let place = settings.places.to(origin, settings.generations.connector());
                let Place { transport, in_use } =
                    place.map_err(|(error, in_use)| settings.unreachable(origin, in_use, now, error))?;
                (transport, in_use)
            }
            _ => {
                let transport = settings.generations.anonymous();
                let transport = transport.map_err(|error| settings.failed(None, now, error))?;
                (transport, settings.generations.in_use(HostRole::Platform))
            }
        };
        Ok(Bearer::Other { transport, in_use, pass: None })
    }

    /// A proof newer than the one that was refused, if there is one.
    async fn newer(&mut self, refused: &Bearer) -> Result<Option<Bearer>, Error> {
        let settings = self.settings;
        match (&self.call.proof, refused) {
            (Proof::Credential, Bearer::Known(carried)) => {
                let refused = carried.lease.generation();
                let newer = self.bearer(Some(refused)).await.ok();
                Ok(newer.filter(|newer| newer.generation().is_some_and(|newer| newer > refused)))
            }
            (Proof::Other(other), Bearer::Other { transport, in_use, pass: Some(refused) }) => {
                let left = self.course.left(settings.clock.now());
                let newer = settings.in_time(other.authoriser.pass(Some(refused)), left).await??;
                let (transport, in_use) = (Arc::clone(transport), Arc::clone(in_use));
                Ok(newer.map(|pass| Bearer::Other { transport, in_use, pass: Some(pass) }))
            }
            _ => Ok(None),
        }
    }

    /// One more attempt begins: its number, and its span.
    fn begin(&mut self, bearer: &Bearer) -> (u32, Span) {
        #[cfg(feature = "metrics")]
        {
            self.began = self.settings.clock.now();
        }
        let number = self.course.attempt();
        (number, span::of_attempt(&self.call, bearer.mode(), bearer.generation(), number))
    }

    /// Whether a proof is to be asked for, or somebody wants to know who makes the attempt.
    fn is_to_authorise(&self) -> bool {
        self.settings.observers.audit.is_some() || self.call.other().is_some()
    }

    /// Asks for the proof of a call that brings its own, and notes who makes the attempt for those who want to know.
    async fn authorise(&mut self, bearer: &mut Bearer) -> Result<(), Error> {
        let settings = self.settings;
        if let (Proof::Other(other), Bearer::Other { pass: pass @ None, .. }) = (&self.call.proof, &mut *bearer) {
            let left = self.course.left(settings.clock.now());
            *pass = settings.in_time(other.authoriser.pass(None), left).await??;
        }
        if settings.observers.audit.is_some()
            && let Ok(origin) = self.origin(bearer)
        {
            let host = origin.authority();
            self.course.carried_by(bearer.carrier(host));
        }
        Ok(())
    }

    fn origin(&self, bearer: &Bearer) -> Result<&Origin, Error> {
        match self.call.other().and_then(|other| other.origin.as_ref()) {
            Some(origin) => Ok(origin),
            None => self.settings.origin(bearer.lease()),
        }
    }

    fn request(&self, bearer: &Bearer) -> Result<http::Request<Bytes>, Error> {
        let (settings, call, origin) = (self.settings, &self.call, self.origin(bearer)?);
        span::goes_to(origin);
        let mut request = http::Request::new(call.body.clone());
        *request.method_mut() = call.method.clone();
        *request.uri_mut() = origin.uri(&call.target);
        let headers = request.headers_mut();
        *headers = call.headers.clone();
        headers.entry(USER_AGENT).or_insert_with(|| settings.user_agent.clone());
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        bearer.mark(headers);
        settings.observers.mark_attempt(headers);
        Ok(request)
    }

    /// Its turn at the rate limit.
    async fn permit(&mut self, bearer: &Bearer) -> Result<Option<Held>, Error> {
        let settings = self.settings;
        let queued = settings.clock.now();
        let permit = match bearer.caller() {
            Some(caller) => {
                let turn = Turn::new(caller, &settings.clock, self.course.left(queued));
                let permit = settings.limiter.permit(&turn).await;
                Some(permit.map_err(|error| match self.origin(bearer) {
                    Ok(origin) => Error::rate_limit(error, &origin.authority()),
                    Err(error) => error,
                })?)
            }
            None => None,
        };
        self.sent = settings.clock.now();
        self.course.tried.queued(self.sent.duration_since(queued).unwrap_or_default());
        Ok(permit)
    }

    /// Whether a limit is nearer than the transport's own.
    fn is_limited(&self) -> bool {
        self.call.other().is_some() || self.course.left(self.sent) < self.settings.total
    }

    /// What the transport says, within the limits of the attempt and of the call.
    async fn limited(
        &self,
        sending: Boxed<'_, Result<Exchange, TransportError>>,
    ) -> Result<Result<Exchange, TransportError>, Error> {
        let left = self.course.left(self.sent);
        let own = self.call.other().map_or(self.settings.total, |other| other.attempt_limit);
        match select(sending, self.settings.clock.limit(own.min(left))).await {
            Either::Left((sent, _)) => Ok(sent),
            Either::Right(_) => Err(Error::too_late(if own < left { own } else { self.course.deadline() })),
        }
    }

    /// What an attempt came to.
    async fn conclude(&mut self, bearer: &Bearer, sent: Result<Exchange, TransportError>) -> Result<Response, Error> {
        let (settings, now) = (self.settings, self.sent);
        let (host, generation) = (role(bearer.lease()), bearer.generation());
        let mut exchange = match sent {
            Ok(exchange) => exchange,
            Err(error) => {
                let error = self.course.completed(error);
                let context = settings.context_of(self.origin(bearer)?, bearer, now);
                let context = context.with_answered_before(self.course.has_response(host, generation));
                return Err(settings.failed_in(&context, bearer.lease(), error));
            }
        };
        if !exchange.response.status().is_success() {
            self.redact(bearer, exchange.response.headers_mut());
        }
        self.course.saw(&exchange.facts);
        self.course.got_response(host, generation);
        span::answered(&exchange.response, &exchange.facts);
        #[cfg(feature = "metrics")]
        metric::connected(&exchange.facts);
        if let Some(notice) = self.heard(bearer, &exchange.response) {
            settings.limiter.throttled(&notice).await;
        }
        let (status, headers) = (exchange.response.status(), exchange.response.headers());
        let origin = self.origin(bearer)?;
        if self.call.other().is_some() && status.is_redirection() {
            return Err(redirect::not_followed(origin, status, headers.get(LOCATION)));
        }
        let is_answer = self.statuses == Statuses::AllAreAnswers || self.call.is_answered_by(status, headers);
        let context = settings.context_of(origin, bearer, now);
        match is_answer {
            true => Ok(settings.answered(bearer, context, exchange)),
            false => Err(Box::pin(settings.refused(&self.call, bearer, context, exchange)).await),
        }
    }

    /// Headers that quote a secret of the call would carry it into errors and logs, or to the target of a redirect.
    fn redact(&self, bearer: &Bearer, headers: &mut HeaderMap) {
        if let Some(secret) = bearer.secret() {
            redact::headers(headers, secret.as_bytes());
        }
        if let Some(other) = self.call.other() {
            other.authoriser.secrets().iter().for_each(|secret| redact::headers(headers, secret.as_bytes()));
        }
    }

    /// What the limiter is to know of an answer. Not async: a response cannot be shared between threads, and the call must move.
    fn heard<B>(&self, bearer: &Bearer, response: &http::Response<B>) -> Option<Throttled> {
        let (settings, caller) = (self.settings, bearer.caller()?);
        if response.status() != StatusCode::TOO_MANY_REQUESTS {
            settings.limiter.accepted(caller, self.sent);
            return None;
        }
        let now = settings.clock.now();
        Some(Throttled::new(caller, now, decode::retry_after(response.headers(), now)))
    }

    /// The attempt is over.
    fn end(&self, span: &Span, outcome: &Result<Response, Error>) {
        if let Err(error) = outcome {
            span::failed(span, error);
        }
        #[cfg(feature = "metrics")]
        {
            let took = self.settings.clock.now().duration_since(self.began).unwrap_or_default();
            metric::attempted(&self.call, outcome.as_ref().map(Response::status), took);
        }
    }

    /// What follows a failed attempt.
    fn next(&self, error: &Error, number: u32) -> Next {
        match self.call.other() {
            Some(other) if other.once => Next::Stop(Stop::Useless),
            _ => self.settings.retry.next(&self.call, error, number),
        }
    }

    /// Waits before the next attempt, and tells so.
    async fn wait(&mut self, error: &Error, wait: Duration, number: u32) {
        let settings = self.settings;
        self.course.failed(error);
        settings.observers.retries(|| RetryNotice::new(error, wait, number + 1, settings.retry.most()));
        settings.clock.sleep(wait).await;
        self.course.tried.waits.push(wait);
    }

    /// The error of a call that is not tried again.
    fn last(&self, error: Error, stop: Stop) -> Failed {
        (error.perhaps_done_by(&self.course.tried.earlier, &self.call.method), Some(stop))
    }
}

fn unsent(error: Error) -> Failed {
    (error, None)
}
