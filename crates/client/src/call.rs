//! A call that was checked and can be sent.

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
    pub(crate) authentication: Authentication,
    /// Marked as idempotent by the caller, whatever the method.
    pub(crate) idempotent: bool,
    /// Whether a page of a list is asked for, and not the whole.
    pub(crate) is_page: bool,
    /// The path template for observers, if the caller set one.
    pub(crate) template: Option<&'static str>,
}

/// How a call is authorised.
#[derive(Clone)]
pub(crate) enum Authentication {
    /// By the credential of the client: key, certificate or both.
    Credential,
    /// Not at all.
    None,
    /// By an authoriser of its own.
    Other(Arc<AuthorisedCall>),
}

/// The settings of a call with an authoriser of its own.
pub(crate) struct AuthorisedCall {
    pub(crate) authoriser: Box<dyn Authoriser>,
    /// The origin, if it is not the platform host.
    pub(crate) origin: Option<Origin>,
    pub(crate) once: bool,
    /// The time limit of one attempt, and of the whole call.
    pub(crate) attempt_timeout: Duration,
    pub(crate) deadline: Duration,
}

impl Call {
    /// A call by the client's credential, without headers of its own and without a body.
    pub(crate) fn new(method: Method, target: RequestTarget) -> Self {
        let (headers, body, authentication) =
            (HeaderMap::new(), Payload::Bytes(Bytes::new()), Authentication::Credential);
        Self { method, target, headers, body, authentication, idempotent: false, is_page: false, template: None }
    }

    /// The settings of a call with an authoriser of its own.
    pub(crate) fn authorised(&self) -> Option<&AuthorisedCall> {
        match &self.authentication {
            Authentication::Other(other) => Some(other),
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
            attempt_timeout,
            deadline,
            authoriser,
        } = request;
        let other = AuthorisedCall { authoriser, origin, once, attempt_timeout, deadline };
        let (method, authentication) = (Method::POST, Authentication::Other(Arc::new(other)));
        let body = Payload::Bytes(body);
        Self { method, target, headers, body, authentication, idempotent, is_page: false, template: Some(name) }
    }
}

/// Whether an error status is an error or a response.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Statuses {
    ErrorsAreErrors,
    AllAreResponses,
    /// An error while another attempt may help; the last one is a response.
    Relayed,
}
