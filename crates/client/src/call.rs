//! A call as the caller gave it, checked.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{Origin, RequestTarget};
use http::{HeaderMap, Method};

use crate::authorise::{AuthorisedRequest, Authoriser};
use crate::upload::Payload;

/// A call that can be sent.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) target: RequestTarget,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Payload,
    pub(crate) proof: Proof,
    /// Marked so by the caller, whatever the method.
    pub(crate) idempotent: bool,
    /// What observers see of the path, where the caller knows better.
    pub(crate) template: Option<&'static str>,
}

/// Who authorises a call.
#[derive(Clone)]
pub(crate) enum Proof {
    /// The credential of the client: key, certificate or both.
    Credential,
    /// Nobody: it shows nothing.
    None,
    /// Another.
    Other(Arc<AuthorisedCall>),
}

/// What only a call has that brings its own proof.
pub(crate) struct AuthorisedCall {
    pub(crate) authoriser: Box<dyn Authoriser>,
    /// Where it goes, if not to the platform host.
    pub(crate) origin: Option<Origin>,
    pub(crate) once: bool,
    /// The limit of one attempt, and of the whole call.
    pub(crate) attempt_limit: Duration,
    pub(crate) deadline: Duration,
}

impl Call {
    /// A call by the client's credential, without headers of its own and without a body.
    pub(crate) fn new(method: Method, target: RequestTarget) -> Self {
        let (headers, body, proof) = (HeaderMap::new(), Payload::Bytes(Bytes::new()), Proof::Credential);
        Self { method, target, headers, body, proof, idempotent: false, template: None }
    }

    /// What only a call with an authoriser of its own has.
    pub(crate) fn authorised(&self) -> Option<&AuthorisedCall> {
        match &self.proof {
            Proof::Other(other) => Some(other),
            _ => None,
        }
    }
}

impl From<AuthorisedRequest> for Call {
    fn from(request: AuthorisedRequest) -> Self {
        let AuthorisedRequest {
            name,
            origin,
            target,
            headers,
            body,
            idempotent,
            once,
            attempt_limit,
            deadline,
            authoriser,
        } = request;
        let other = AuthorisedCall { authoriser, origin, once, attempt_limit, deadline };
        let (method, proof) = (Method::POST, Proof::Other(Arc::new(other)));
        let body = Payload::Bytes(body);
        Self { method, target, headers, body, proof, idempotent, template: Some(name) }
    }
}

/// What an answer is that is not the result of the call: of 400 and above mostly.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statuses {
    ErrorsAreErrors,
    AllAreAnswers,
}
