//! One attempt of a call: authorise it, take a permit of the rate limiter, send the request, conclude.

use std::pin::{Pin, pin};
use std::time::{Duration, SystemTime};

use digicert_one_core::{Exchange, Origin, PermitRequest, TransportError};
use futures_util::future::{Either, select};
use tracing::Span;

use crate::bearer::Bearer;
use crate::call::{Authentication, Call, Statuses};
use crate::call_progress::CallProgress;
use crate::error::Error;
#[cfg(feature = "metrics")]
use crate::observe::metric;
use crate::observe::span::{self, InSpan};
use crate::rate_limit::limiter::HeldPermit;
use crate::relayed::RelayedError;
use crate::response::Response;
use crate::settings::Settings;
use crate::upload::Payload;

pub(crate) type Boxed<'f, T> = Pin<Box<dyn Future<Output = T> + Send + 'f>>;

/// The attempts of one call, one after the other.
pub(crate) struct Attempts<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) call: &'a mut Call,
    pub(crate) statuses: Statuses,
    pub(crate) progress: &'a mut CallProgress,
    /// The current time. Read again only after a step that may have waited, since the clock is not free.
    pub(crate) now: SystemTime,
    /// The error response of the last attempt, if the call is relayed.
    pub(crate) relayed: Option<RelayedError>,
}

impl<'a> Attempts<'a> {
    pub(crate) fn new(
        settings: &'a Settings,
        call: &'a mut Call,
        statuses: Statuses,
        progress: &'a mut CallProgress,
    ) -> Self {
        let now = progress.start();
        Self { settings, call, statuses, progress, now, relayed: None }
    }

    /// One attempt, in a span of its own and counted by the metrics.
    pub(crate) async fn attempt(&mut self, bearer: &mut Bearer) -> Result<Response, Error> {
        let number = self.progress.attempt();
        self.relayed = None;
        let span = span::of_attempt(self.call, bearer.mode(), bearer.generation(), number);
        #[cfg(feature = "metrics")]
        let begin = self.now;
        let outcome = InSpan::new(&span, pin!(self.exchange(bearer, &span))).await;
        if let Err(error) = &outcome {
            span::failed(&span, error);
        }
        #[cfg(feature = "metrics")]
        {
            let took = self.settings.clock.now().duration_since(begin).unwrap_or_default();
            metric::attempted(self.call, outcome.as_ref().map(Response::status), took);
        }
        outcome
    }

    /// From the permit of the rate limiter to the conclusion.
    pub(crate) async fn exchange(&mut self, bearer: &mut Bearer, span: &Span) -> Result<Response, Error> {
        if self.call.authorised().is_some() {
            Box::pin(self.authorise(bearer)).await?;
        }
        self.note_carrier(bearer);
        let permit = self.permit(bearer).await?;
        let transport = bearer.transport();
        let sending = match &self.call.body {
            Payload::Bytes(bytes) => transport.send(self.request(bearer, span, bytes.clone())?),
            Payload::Once(body) => transport.upload(self.request(bearer, span, body.of_attempt())?),
            Payload::Again(make) => transport.upload(self.request(bearer, span, make())?),
        };
        let sent = match self.limit() {
            // The transport's own limit ends it first.
            None => sending.await,
            Some(limit) => self.limited(sending, limit).await?,
        };
        drop(permit);
        self.conclude(bearer, sent, span).await
    }

    /// Asks the authoriser of the call, unless it has given a pass for this attempt.
    async fn authorise(&mut self, bearer: &mut Bearer) -> Result<(), Error> {
        if let (Authentication::Other(other), Bearer::Authorised(authorised)) = (&self.call.authentication, bearer)
            && authorised.pass.is_none()
        {
            let left = self.progress.left(self.now);
            authorised.pass = self.settings.in_time(other.authoriser.pass(None), left).await??;
            self.now = self.settings.clock.now();
        }
        Ok(())
    }

    /// For the audit record, if there will be one.
    fn note_carrier(&mut self, bearer: &Bearer) {
        if self.settings.observers.audit.is_some()
            && let Ok(origin) = self.origin(bearer)
        {
            let host = origin.authority();
            self.progress.carried_by(bearer.carrier(host));
        }
    }

    /// Where the request goes.
    pub(crate) fn origin(&self, bearer: &Bearer) -> Result<&Origin, Error> {
        match self.call.authorised().and_then(|other| other.origin.as_ref()) {
            Some(origin) => Ok(origin),
            None => self.settings.origin(bearer.lease()),
        }
    }

    /// The permit of the rate limiter; `None` for a caller that the platform does not count.
    async fn permit(&mut self, bearer: &Bearer) -> Result<Option<HeldPermit>, Error> {
        let (settings, queued) = (self.settings, self.now);
        let Some(caller) = bearer.caller() else { return Ok(None) };
        let request = PermitRequest::new(caller, &settings.clock, self.progress.left(queued));
        let permit = settings.limiter.permit(&request, bearer.limited(), queued).await.map_err(|error| {
            match self.origin(bearer) {
                Ok(origin) => Error::rate_limit(error, &origin.authority()),
                Err(error) => error,
            }
        })?;
        if permit.waited() {
            self.now = settings.clock.now();
            self.progress.tried.queued(self.now.duration_since(queued).unwrap_or_default());
        }
        Ok(Some(permit))
    }

    fn request<B>(&self, bearer: &Bearer, span: &Span, body: B) -> Result<http::Request<B>, Error> {
        let origin = self.origin(bearer)?;
        span::goes_to(span, origin);
        let mut request = http::Request::new(body);
        *request.method_mut() = self.call.method.clone();
        *request.uri_mut() = origin.uri(&self.call.target);
        let headers = request.headers_mut();
        *headers = bearer.headers(&self.settings.headers);
        if !self.call.headers.is_empty() {
            // Replaces the default ones. What the credential needs is not among the headers of a call.
            headers.extend(self.call.headers.clone());
        }
        self.settings.observers.mark_attempt(headers);
        Ok(request)
    }

    /// The time limit of the request, where it is nearer than that of the transport.
    fn limit(&self) -> Option<Duration> {
        let left = self.progress.left(self.now);
        match self.call.authorised() {
            Some(other) => Some(other.attempt_timeout.min(left)),
            None => (left < self.settings.total).then_some(left),
        }
    }

    async fn limited(
        &self,
        sending: Boxed<'_, Result<Exchange, TransportError>>,
        limit: Duration,
    ) -> Result<Result<Exchange, TransportError>, Error> {
        match select(sending, self.settings.clock.limit(limit)).await {
            Either::Left((sent, _)) => Ok(sent),
            Either::Right(_) => {
                let is_own = self.call.authorised().is_some_and(|other| other.attempt_timeout == limit);
                Err(Error::too_late(if is_own { limit } else { self.progress.deadline() }))
            }
        }
    }
}
