//! What an attempt came to: the answer that the caller gets, or the error, with what the credential is told of it.

use std::sync::Arc;
use std::time::SystemTime;

use digicert_one_core::diagnosis::{TransportInUse, diagnose_answer, diagnose_success, diagnose_transport};
use digicert_one_core::{
    Advice, ApiKey, CallContext, ConnectionFacts, Diagnosis, Exchange, Lease, Mode, Origin, TransportError, Verdict,
};
use http::header::{IF_MODIFIED_SINCE, IF_NONE_MATCH, LOCATION, RANGE};
use http::{HeaderMap, HeaderName, StatusCode};

use crate::authorise::Refusal;
use crate::bearer::Bearer;
use crate::call::Call;
use crate::error::{Error, ErrorKind};
use crate::response::{Parts, Response};
use crate::settings::{Settings, role};
use crate::{decode, redact, redirect};

impl Settings {
    /// What is known of a call with this lease before it is made.
    fn context(&self, origin: &Origin, lease: Option<&Lease>, now: SystemTime) -> CallContext {
        let mode = lease.map_or(Mode::Anonymous, |lease| lease.material().mode());
        // Field by field: each `with_` would move the whole of it.
        let mut context = CallContext::new(origin.authority(), mode, now);
        context.transport = Some(self.generations.in_use(role(lease)));
        if let Some(lease) = lease {
            context.identity = lease.material().identity().cloned();
            context.credential_source = Some(Arc::clone(lease.source()));
            context.key_shape = lease.material().key().map(ApiKey::shape);
        }
        context
    }

    /// What is known of an attempt before it is made.
    pub(crate) fn context_of(&self, origin: &Origin, bearer: &Bearer, now: SystemTime) -> CallContext {
        let Bearer::Other { in_use, .. } = bearer else { return self.context(origin, bearer.lease(), now) };
        CallContext::new(origin.authority(), bearer.mode().unwrap_or(Mode::Anonymous), now)
            .with_key_shape(bearer.key_shape())
            .with_transport(Arc::clone(in_use))
    }

    /// The error of a transport that could not be made.
    pub(crate) fn failed(&self, lease: Option<&Lease>, now: SystemTime, error: TransportError) -> Error {
        match self.origin(lease) {
            Ok(origin) => self.failed_in(&self.context(origin, lease, now), lease, error),
            Err(error) => error,
        }
    }

    /// The error of a transport to another host that could not be made.
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

    /// The error of a transport that failed.
    pub(crate) fn failed_in(&self, context: &CallContext, lease: Option<&Lease>, error: TransportError) -> Error {
        let diagnosis = diagnose_transport(&error, context);
        let verdict = match diagnosis.advice {
            Advice::NewerCredential => Verdict::Rejected,
            _ => Verdict::Unclear,
        };
        self.report(lease, verdict);
        Error::new(ErrorKind::Transport, diagnosis).with_source(error)
    }

    /// An answer that the caller gets.
    pub(crate) fn answered(&self, bearer: &Bearer, context: CallContext, exchange: Exchange) -> Response {
        let (head, body) = exchange.response.into_parts();
        let refused = head.status.as_u16() == 401;
        self.report(bearer.lease(), if refused { Verdict::Rejected } else { Verdict::Accepted });
        Response::new(Parts {
            status: head.status,
            version: head.version,
            headers: head.headers,
            warning: unproven(&context, &exchange.facts),
            body: self.watched(body, &exchange.facts),
            facts: exchange.facts,
            context,
            generation: bearer.generation(),
            max_body: self.max_body,
            key: bearer.secret(),
            attempts: 1,
        })
    }

    /// The error that an error answer is.
    pub(crate) async fn refused(
        &self,
        call: &Call,
        bearer: &Bearer,
        context: CallContext,
        exchange: Exchange,
    ) -> Error {
        let (head, body) = exchange.response.into_parts();
        let mut body = self.watched(body, &exchange.facts).beginning(decode::MAX_ERROR_BODY).await;
        // An error body in which the platform quotes a secret would carry it into errors and logs.
        if let Some(secret) = bearer.secret() {
            body = redact::body(body, secret.as_bytes());
        }
        let context = context.with_facts(exchange.facts);
        if let (Some(other), Some(pass)) = (call.other(), bearer.pass()) {
            for secret in other.authoriser.secrets() {
                body = redact::body(body, secret.as_bytes());
            }
            let (headers, body) = (&head.headers, &body);
            let answer = decode::answer(head.status, headers, body, self.clock.now());
            return other.authoriser.refused(Refusal { pass, answer, headers, body, context });
        }
        let answer = decode::answer(head.status, &head.headers, &body, self.clock.now());
        let diagnosis = diagnose_answer(&answer, &context);
        let rejected = diagnosis.advice == Advice::NewerCredential;
        self.report(bearer.lease(), if rejected { Verdict::Rejected } else { Verdict::Accepted });
        Error::platform(diagnosis, answer)
    }

    /// Tells the credential.
    fn report(&self, lease: Option<&Lease>, verdict: Verdict) {
        let Some(lease) = lease else { return };
        if verdict == Verdict::Rejected {
            self.generations.rejected(lease.generation());
        }
        self.credential.report(lease, verdict);
    }
}

impl Call {
    /// Whether this is what the call asked for, or a redirect that leads there. A redirect without a target, a part of what was asked
    /// for as a whole, and "not modified" in reply to a call without a condition are what broken caches and proxies give.
    pub(crate) fn is_answered_by(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        let asked = |names: &[HeaderName]| names.iter().any(|name| self.headers.contains_key(name));
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
