//! The error of a failed call: always with a diagnosis, and with the library's own error as its source.

use std::fmt;
use std::time::Duration;

use digicert_one_core::diagnosis::{ErrorResponse, Side};
use digicert_one_core::{
    Advice, BoxError, Code, CredentialError, Delivery, Diagnosis, InstanceError, RateLimitError, TransportError, causes,
};
use http::{Method, StatusCode};

use crate::orphaned_resource::OrphanedResource;
use crate::tried::{FailedAttempt, Tried};

/// The step at which a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Incomplete or inconsistent configuration of the client. Nothing was sent.
    Config,
    /// Invalid call: its path, a header, its body. Nothing was sent.
    Request,
    /// No usable credential. Nothing was sent.
    Credential,
    /// The transport failed; see [`Error::transport`].
    Transport,
    /// The platform sent an error response; see [`Error::status`].
    Platform,
    /// The rate limiter gave no permit. Nothing was sent.
    RateLimit,
    /// A redirect that was not followed.
    Redirect,
    /// A list that repeats itself, does not end, or continues at another origin.
    Paging,
    /// The response body failed, or is too large.
    Body,
    /// The response body is not of the expected type.
    Decode,
    /// Something was created, and the response lacks what the platform shows only once; see [`Error::orphan`].
    NotShown,
}

/// The error of a failed call.
///
/// `Display` shows code, summary, the whole chain of causes, and how often it was tried; [`diagnosis`](Self::diagnosis) has cause, evidence
/// and remedy. No output holds a secret, a query, a body or a header value of the request.
#[derive(Debug)]
pub struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    diagnosis: Diagnosis,
    response: Option<ErrorResponse>,
    tried: Tried,
    orphan: Option<OrphanedResource>,
    perhaps_done: bool,
    source: Option<BoxError>,
}

impl Error {
    /// An error with its diagnosis, for typed clients that are built on this one.
    #[must_use]
    pub fn new(kind: ErrorKind, diagnosis: Diagnosis) -> Self {
        let (tried, orphan, source) = (Tried::default(), None, None);
        Self(Box::new(Inner { kind, diagnosis, response: None, tried, orphan, perhaps_done: false, source }))
    }

    /// The error for an invalid call or configuration (CFG-01), in one sentence.
    #[must_use]
    pub fn local(kind: ErrorKind, summary: impl Into<String>) -> Self {
        Self::new(kind, Diagnosis::of(Code::CFG_01, summary))
    }

    /// The error for an invalid installation.
    #[doc(hidden)]
    #[must_use]
    pub fn instance(error: InstanceError) -> Self {
        Self::new(ErrorKind::Config, Diagnosis::of(error.code(), error.to_string())).with_source(error)
    }

    /// The error for a missing or unusable credential.
    #[doc(hidden)]
    #[must_use]
    pub fn credential(error: CredentialError) -> Self {
        let diagnosis = Diagnosis::of(error.code(), error.to_string()).advising(Advice::NewerCredential);
        Self::new(ErrorKind::Credential, diagnosis).with_source(error)
    }

    /// The error for an error response.
    #[doc(hidden)]
    #[must_use]
    pub fn platform(diagnosis: Diagnosis, response: ErrorResponse) -> Self {
        let mut error = Self::new(ErrorKind::Platform, diagnosis);
        error.0.response = Some(response);
        error
    }

    /// Sets the source.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The error for a rate limiter without a permit.
    pub(crate) fn rate_limit(error: RateLimitError, host: &str) -> Self {
        let advice = match &error {
            RateLimitError::TooLate { wait } => Advice::Retry { not_before: Some(*wait) },
            _ => Advice::Retry { not_before: None },
        };
        let summary = format!("no call to {host} was sent: {error}.");
        Self::new(ErrorKind::RateLimit, Diagnosis::of(error.code(), summary).advising(advice)).with_source(error)
    }

    pub(crate) fn after(mut self, tried: Tried) -> Self {
        self.0.diagnosis.evidence.extend(tried.lines());
        if tried.may_be_done() {
            // The remedies of the codes say when to retry, which would do it twice.
            const CHECK: &str = "Check whether the call was done before it is made again";
            let remedy = &mut self.0.diagnosis.remedy;
            let retry = [
                "Retry the call if it is idempotent; ",
                "Retry the call later if it is idempotent; ",
                "Retry the call; ",
            ];
            *remedy = match retry.iter().find_map(|retry| remedy.strip_prefix(retry)) {
                Some(rest) => format!("{CHECK}; {rest}"),
                None => format!("{CHECK}. {remedy}").trim_end().to_owned(),
            };
        }
        self.0.tried = tried;
        self
    }

    /// The error for a call beyond its deadline.
    pub(crate) fn too_late(limit: Duration) -> Self {
        let summary = format!("the call did not end within {} seconds.", limit.as_secs_f32());
        let cause = "the time for the whole call, all attempts and delays included, ran out; whether the last attempt was still \
                     connecting or waiting for its response is not known";
        Self::new(ErrorKind::Transport, Diagnosis::new(Code::NET_08, summary, cause))
    }

    /// Summarises this error as that of an attempt that is followed by another one.
    pub(crate) fn as_attempt(&self, number: u32) -> FailedAttempt {
        let failure = match (self.status(), self.transport()) {
            (Some(status), _) => format!("HTTP {}", status.as_u16()),
            (None, Some(transport)) => transport.to_string(),
            (None, None) => self.code().title().to_owned(),
        };
        let delivery = self.transport().map(TransportError::delivery);
        FailedAttempt { number, code: self.code(), status: self.status(), delivery, failure }
    }

    /// Sets the number of attempts, for an error that was found in a response.
    #[must_use]
    pub fn after_attempts(mut self, attempts: u32) -> Self {
        self.0.tried.attempts = attempts;
        self
    }

    /// Completes the last error of a call of this method: an earlier attempt may have done what this one found done.
    pub(crate) fn perhaps_done_by(mut self, earlier: &[FailedAttempt], method: &Method) -> Self {
        let Some(lost) = earlier.iter().find(|attempt| attempt.may_have_been_processed()) else { return self };
        let status = self.status().map(|status| status.as_u16());
        let is_taken = self.code() == Code::API_06;
        let fits = match (method, status) {
            (&Method::GET | &Method::HEAD | &Method::OPTIONS | &Method::TRACE, _) => false,
            (&Method::DELETE, Some(404 | 410 | 409 | 412)) => true,
            (&Method::PUT, Some(409 | 410 | 412)) => true,
            (&Method::PUT | &Method::DELETE, _) => is_taken,
            (_, Some(404 | 409 | 410 | 412)) => true,
            _ => is_taken,
        };
        if !fits || self.0.diagnosis.side() != Side::Platform {
            return self;
        }
        let FailedAttempt { number, failure, .. } = lost;
        self.0.perhaps_done = true;
        self.0.diagnosis.cause = format!(
            "an earlier attempt may have done it: attempt {number} may have been processed before it failed ({failure})"
        );
        self.0.diagnosis.remedy = match *method {
            Method::DELETE => "Check whether the resource is gone: then the call has done its work.",
            _ => "Read the resource and compare it with what was sent, before the call is made again.",
        }
        .to_owned();
        self
    }

    /// Whether an earlier attempt of this call may have done what the last one found done already: a DELETE whose first response was
    /// lost gets a 404 when it is retried.
    #[must_use]
    pub fn may_have_succeeded(&self) -> bool {
        self.0.perhaps_done
    }

    /// Adds what the call created, or may have created.
    #[must_use]
    pub fn with_orphan(mut self, orphan: OrphanedResource) -> Self {
        self.0.orphan = Some(orphan);
        self
    }

    /// What the failed call created on the platform, or may have created: an orphaned service user, API token or client certificate. Clean
    /// it up by its id, or look for its name. `None` if the call certainly created nothing.
    #[must_use]
    pub fn orphan(&self) -> Option<&OrphanedResource> {
        self.0.orphan.as_ref()
    }

    /// Whether the same call may succeed if it is made again unchanged, perhaps after a delay. This does not mean that a retry is safe: the
    /// client has already retried where it is.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self.0.diagnosis.advice, Advice::Retry { .. })
    }

    /// Whether a create call that failed like this may nevertheless have created something. The client retries such a call only after
    /// failures for which this is false.
    #[must_use]
    pub fn may_have_created(&self) -> bool {
        match self.kind() {
            ErrorKind::Config | ErrorKind::Request | ErrorKind::Credential | ErrorKind::RateLimit => false,
            ErrorKind::Transport => match self.transport() {
                Some(transport) => transport.delivery() != Delivery::NotSent,
                // The deadline, which can pass before the first attempt.
                None => self.attempts() > 0,
            },
            // A status below 400 that is not a result may have been one before a proxy changed it.
            ErrorKind::Platform => {
                self.status().is_none_or(|status| status.is_server_error() || status == 408 || status.as_u16() < 400)
            }
            _ => true,
        }
    }

    /// The number of attempts; 0 if the call was invalid or had no credential.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.tried.attempts
    }

    /// The failed attempts before the last one, in order.
    #[must_use]
    pub fn earlier_attempts(&self) -> &[FailedAttempt] {
        &self.0.tried.earlier
    }

    /// The delays between the attempts.
    #[must_use]
    pub fn delays(&self) -> &[Duration] {
        &self.0.tried.delays
    }

    /// The step at which the call failed.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The diagnosis.
    #[must_use]
    pub fn diagnosis(&self) -> &Diagnosis {
        &self.0.diagnosis
    }

    /// The diagnosis code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.diagnosis.code
    }

    /// The status of an error response.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.response.as_ref().map(|response| response.status)
    }

    /// The error response, read: machine code, message, request id, retry delay.
    #[must_use]
    pub fn response(&self) -> Option<&ErrorResponse> {
        self.0.response.as_ref()
    }

    /// Whether the platform itself responded that there is nothing of this path or id, or nothing that the caller may see. The 404 of a gateway
    /// does not count, nor that of a framework, whose form gateways use too.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.code() == Code::API_02 && self.response().is_some_and(|response| !response.foreign_form)
    }

    /// The transport's error, if the transport failed.
    #[must_use]
    pub fn transport(&self) -> Option<&TransportError> {
        self.0.source.as_deref()?.downcast_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code(), self.0.diagnosis.summary)?;
        let mut last = String::new();
        for cause in causes(self).skip(1) {
            let text = cause.to_string();
            // Many libraries include the text of their cause.
            if text != last && !self.0.diagnosis.summary.contains(&text) {
                write!(f, "\n  caused by: {text}")?;
            }
            last = text;
        }
        if let Some(orphan) = &self.0.orphan {
            write!(f, "\n  {orphan}")?;
        }
        if self.0.perhaps_done {
            write!(f, "\n  {}", self.0.diagnosis.cause)?;
        }
        self.0.tried.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn std::error::Error + 'static))
    }
}
