//! Turns the outcome of an attempt into a response or an error, and reports the verdict to the credential.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use digicert_one_core::diagnosis::{TransportInUse, diagnose_response, diagnose_success, diagnose_transport};
use digicert_one_core::{
    Advice, ApiKey, CallContext, ConnectionFacts, Diagnosis, Exchange, HostRole, Lease, Mode, Origin, TransportError,
    Verdict, collect_body,
};
use futures_util::future::{Either, Ready, ready};
use http::header::{CONTENT_LENGTH, IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION};
use http::{HeaderMap, HeaderName, StatusCode};
use tracing::Span;

use crate::attempt::{Attempts, Boxed};
use crate::authorise::Refusal;
use crate::bearer::Bearer;
use crate::call::Statuses;
use crate::error::{Error, ErrorKind};
#[cfg(feature = "metrics")]
use crate::observe::metric;
use crate::observe::span;
use crate::relayed::RelayedError;
use crate::response::{Parts, Response};
use crate::settings::{Settings, role};
use crate::{decode, partial, redact, redirect, relayed};

type CallResult = Result<Response, Error>;
/// Ready, or a future that reads the response.
type Conclusion<'s> = Either<Ready<CallResult>, Boxed<'s, CallResult>>;

impl Settings {
    /// The context of a call with this lease over this transport, for diagnoses.
    fn context(origin: &Origin, lease: Option<&Lease>, in_use: Arc<TransportInUse>, now: SystemTime) -> CallContext {
        let mode = lease.map_or(Mode::Anonymous, |lease| lease.material().mode());
        // Field by field, since each `with_` would move the whole of it.
        let mut context = CallContext::new(origin.authority(), mode, now);
        context.transport = Some(in_use);
        if let Some(lease) = lease {
            context.identity = lease.material().identity().cloned();
            context.credential_source = Some(Arc::clone(lease.source()));
            context.key_shape = lease.material().key().map(ApiKey::shape);
        }
        context
    }

    /// The context of an attempt, for diagnoses.
    pub(crate) fn context_of(&self, origin: &Origin, bearer: &Bearer, now: SystemTime) -> CallContext {
        let authorised = match bearer {
            Bearer::Authorised(authorised) => authorised,
            Bearer::Lease(bound) => {
                return Self::context(origin, Some(&bound.lease), Arc::clone(&bound.in_use), now);
            }
            Bearer::Anonymous(_) => {
                return Self::context(origin, None, self.generations.in_use(HostRole::Platform), now);
            }
        };
        CallContext::new(origin.authority(), bearer.mode().unwrap_or(Mode::Anonymous), now)
            .with_key_shape(bearer.key_shape())
            .with_transport(Arc::clone(&authorised.in_use))
    }

    /// The error for a transport that could not be created.
    pub(crate) fn failed(&self, lease: Option<&Lease>, now: SystemTime, error: TransportError) -> Error {
        match self.origin(lease) {
            Ok(origin) => {
                let in_use = self.generations.in_use(role(lease));
                self.failed_in(&Self::context(origin, lease, in_use, now), lease, error)
            }
            Err(error) => error,
        }
    }

    /// The error for a transport to another host that could not be created.
    pub(crate) fn unreachable(
        &self,
        origin: &Origin,
        in_use: Arc<TransportInUse>,
        now: SystemTime,
        error: TransportError,
    ) -> Error {
        let context = CallContext::new(origin.authority(), Mode::Anonymous, now).with_transport(in_use);
        self.failed_in(&context, None, error)
    }

    /// The error for a transport that failed.
    pub(crate) fn failed_in(&self, context: &CallContext, lease: Option<&Lease>, error: TransportError) -> Error {
        let diagnosis = diagnose_transport(&error, context);
        let verdict = match diagnosis.advice {
            Advice::NewerCredential => Verdict::Rejected,
            _ => Verdict::Unclear,
        };
        self.report(lease, verdict);
        Error::new(ErrorKind::Transport, diagnosis).with_source(error)
    }

    /// A response that the caller gets.
    fn accepted(&self, bearer: &Bearer, context: CallContext, exchange: Exchange) -> Response {
        let (head, body) = exchange.response.into_parts();
        let refused = head.status == StatusCode::UNAUTHORIZED;
        self.report(bearer.lease(), if refused { Verdict::Rejected } else { Verdict::Accepted });
        Response::new(Parts {
            status: head.status,
            version: head.version,
            headers: head.headers,
            warning: unverified(&context, &exchange.facts),
            body: self.watched(body, exchange.facts),
            diagnosis: None,
            context,
            generation: bearer.generation(),
            max_body: self.max_body,
            key: bearer.secret(),
            attempts: 1,
        })
    }

    /// Reports the verdict to the credential.
    fn report(&self, lease: Option<&Lease>, verdict: Verdict) {
        let Some(lease) = lease else { return };
        if verdict == Verdict::Rejected {
            self.generations.rejected(lease.generation());
        }
        self.credential.report(lease, verdict);
    }
}

impl Attempts<'_> {
    /// Concludes an attempt. Ready at once unless the response is an error.
    pub(crate) fn conclude<'s>(
        &'s mut self,
        bearer: &'s Bearer,
        sent: Result<Exchange, TransportError>,
        span: &Span,
    ) -> Conclusion<'s> {
        let (host, generation) = (role(bearer.lease()), bearer.generation());
        let exchange = match sent {
            Ok(exchange) => exchange,
            Err(error) => return Either::Left(ready(Err(self.transport_failed(bearer, error)))),
        };
        self.progress.saw(&exchange.facts);
        self.progress.got_response(host, generation);
        span::responded(span, &exchange.response, &exchange.facts);
        #[cfg(feature = "metrics")]
        metric::connected(&exchange.facts);
        if !exchange.response.status().is_success() {
            return Either::Right(Box::pin(self.unsuccessful(bearer, exchange)));
        }
        if let Some(caller) = bearer.caller() {
            self.settings.limiter.accepted(caller, self.now);
        }
        match self.is_result(&exchange) {
            true => Either::Left(ready(self.accepted(bearer, exchange))),
            false => Either::Right(Box::pin(self.refused(bearer, exchange))),
        }
    }

    /// Concludes a response whose status is not a success: a redirect, an error, or still a response.
    async fn unsuccessful(&mut self, bearer: &Bearer, mut exchange: Exchange) -> Result<Response, Error> {
        let settings = self.settings;
        self.redact(bearer, exchange.response.headers_mut());
        let status = exchange.response.status();
        match bearer.caller() {
            Some(caller) if status == StatusCode::TOO_MANY_REQUESTS => {
                let now = settings.clock.now();
                let retry_after = decode::retry_after(exchange.response.headers(), now);
                settings.limiter.throttled(caller, retry_after, now).await;
            }
            Some(caller) => settings.limiter.accepted(caller, self.now),
            None => {}
        }
        if self.call.authorised().is_some() && status.is_redirection() {
            let location = exchange.response.headers().get(LOCATION);
            return Err(redirect::not_followed(self.origin(bearer)?, status, location));
        }
        match self.is_result(&exchange) {
            true => self.accepted(bearer, exchange),
            false => self.refused(bearer, exchange).await,
        }
    }

    fn transport_failed(&mut self, bearer: &Bearer, error: TransportError) -> Error {
        let error = self.progress.completed(error);
        let context = match self.origin(bearer) {
            Ok(origin) => self.settings.context_of(origin, bearer, self.now),
            Err(error) => return error,
        };
        let before = self.progress.has_response(role(bearer.lease()), bearer.generation());
        self.settings.failed_in(&context.with_responded_before(before), bearer.lease(), error)
    }

    fn accepted(&self, bearer: &Bearer, exchange: Exchange) -> Result<Response, Error> {
        let context = self.settings.context_of(self.origin(bearer)?, bearer, self.now);
        Ok(self.settings.accepted(bearer, context, exchange))
    }

    /// The error for an error response.
    async fn refused(&mut self, bearer: &Bearer, exchange: Exchange) -> Result<Response, Error> {
        let settings = self.settings;
        let context = settings.context_of(self.origin(bearer)?, bearer, self.now);
        let (mut head, body) = exchange.response.into_parts();
        let watched = settings.watched(body, exchange.facts.clone());
        let (body, whole) = match self.statuses {
            // Relayed, an interim status would be the program's, too.
            Statuses::Relayed if !head.status.is_informational() => {
                match collect_body(watched, relayed::MAX_BODY).await {
                    Ok(body) => (body, true),
                    Err(_) => (Bytes::new(), false),
                }
            }
            _ => (watched.beginning(decode::MAX_ERROR_BODY).await, false),
        };
        let length = body.len();
        let whole_body = self.secrets(bearer).iter().fold(body, |body, secret| redact::body(body, secret));
        if whole_body.len() != length {
            head.headers.remove(CONTENT_LENGTH);
        }
        let body = whole_body.slice(..whole_body.len().min(decode::MAX_ERROR_BODY));
        let (context, headers, now) = (context.with_facts(exchange.facts), &head.headers, settings.clock.now());
        let response = decode::response(head.status, headers, &body, now);
        if let (Some(other), Some(pass)) = (self.call.authorised(), bearer.pass()) {
            return Err(other.authoriser.refused(Refusal { pass, response, headers, body: &body, context }));
        }
        let diagnosis = diagnose_response(&response, &context);
        let rejected = diagnosis.advice == Advice::NewerCredential;
        settings.report(bearer.lease(), if rejected { Verdict::Rejected } else { Verdict::Accepted });
        if whole {
            let (generation, key) = (bearer.generation(), bearer.secret());
            self.relayed = Some(RelayedError { head, body: whole_body, context, generation, key });
        }
        Err(Error::platform(diagnosis, response))
    }

    /// Redacts headers that quote a secret of the call: it would reach errors, logs, or the target of a redirect.
    fn redact(&self, bearer: &Bearer, headers: &mut HeaderMap) {
        self.secrets(bearer).iter().for_each(|secret| redact::headers(headers, secret));
    }

    /// The secrets that a response may quote and an error must not.
    fn secrets(&self, bearer: &Bearer) -> Vec<Bytes> {
        let own = self.call.authorised().map(|other| other.authoriser.secrets()).unwrap_or_default();
        let own = own.into_iter().map(|secret| secret.as_bytes().to_vec().into());
        bearer.secret().map(|secret| secret.as_bytes().to_vec().into()).into_iter().chain(own).collect()
    }

    /// Whether this is the result of the call, or a redirect to it. Broken caches and proxies send redirects without a target, partial
    /// content that was not asked for, and "not modified" to unconditional requests.
    fn is_result(&self, exchange: &Exchange) -> bool {
        let (status, headers) = (exchange.response.status(), exchange.response.headers());
        let asked = |names: &[HeaderName]| names.iter().any(|name| self.call.headers.contains_key(name));
        match status {
            _ if self.statuses == Statuses::AllAreResponses => true,
            StatusCode::PARTIAL_CONTENT => partial::is_result(&self.call.headers, headers, self.call.is_page),
            StatusCode::NOT_MODIFIED => asked(&[IF_NONE_MATCH, IF_MODIFIED_SINCE]),
            _ if status.is_redirection() => {
                redirect::is_followed(status)
                    && headers.get(LOCATION).is_some_and(|location| !location.as_bytes().trim_ascii().is_empty())
            }
            // Nothing of ours asks for another protocol (101), and other interim responses are followed by the final one.
            _ => (200..400).contains(&status.as_u16()),
        }
    }
}

/// The warning that the client certificate did not arrive, so that the response does not verify the caller. Once for each connection.
fn unverified(context: &CallContext, facts: &ConnectionFacts) -> Option<Box<Diagnosis>> {
    if context.identity.is_none() || facts.reused == Some(true) {
        return None;
    }
    let warning = diagnose_success(&context.clone().with_facts(facts.clone()))?;
    tracing::warn!(code = %warning.code, "{}", warning.summary);
    Some(Box::new(warning))
}
