//! The audit record: who called what, when, and how it ended. One for each call that was begun, also for one that was dropped before
//! its end; never a value: no key, no query, no body, no header of the caller's.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use digicert_one_core::{Code, Fingerprint, Generation, Mode};
use http::{Method, StatusCode};

/// One call, for an audit trail. See [`ClientBuilder::audit`](crate::ClientBuilder::audit).
///
/// `Display` is one line of `name=value` pairs; what is unknown is `-`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuditRecord {
    /// When the call began, by the client's clock.
    pub at: SystemTime,
    /// How long it took until the head of its answer, waits included.
    pub took: Duration,
    /// The method as the caller gave it.
    pub method: Method,
    /// The path without ids, names and query.
    pub template: Arc<str>,
    /// `host[:port]` that was called last; none where no credential was to be had.
    pub host: Option<Arc<str>>,
    /// How the caller proved itself; none where no credential was to be had, and for a token of CSC, which is no mode of the platform.
    pub mode: Option<Mode>,
    /// The API key or the client certificate by which the platform knows the caller.
    pub caller: Option<Fingerprint>,
    /// The client certificate, in the modes that have one.
    pub certificate: Option<Fingerprint>,
    /// Which reading of the credential it was.
    pub generation: Option<Generation>,
    /// How it ended.
    pub outcome: Outcome,
    /// How often it was tried, redirects included.
    pub attempts: u32,
    /// The `X-DC-TransactionId` that was sent.
    pub transaction_id: Option<String>,
    /// The id that the platform gave to the request.
    pub request_id: Option<String>,
    /// Records before this one that the listener was too slow to hear. Zero, or the trail has a hole.
    pub missed: u64,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// With an answer that the caller got.
    Answered(StatusCode),
    /// With an error, and the status of the answer if there was one.
    Failed(Code, Option<StatusCode>),
    /// The caller dropped it; whether the platform did what was asked is not known.
    Dropped,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status) => write!(f, "answered status={}", status.as_u16()),
            Self::Failed(code, None) => write!(f, "failed code={code}"),
            Self::Failed(code, Some(status)) => write!(f, "failed code={code} status={}", status.as_u16()),
            Self::Dropped => f.write_str("dropped"),
        }
    }
}

impl fmt::Display for AuditRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // RFC 9110 section 5.6.7: a date that every log reader knows.
        write!(f, "at=\"{}\" took={:.3}s", httpdate::fmt_http_date(self.at), self.took.as_secs_f64())?;
        write!(f, " method={} path={} host={}", self.method, self.template, known(self.host.as_ref()))?;
        write!(f, " mode={} caller={}", known(self.mode), known(self.caller))?;
        write!(f, " certificate={} generation={}", known(self.certificate), known(self.generation))?;
        write!(f, " outcome={} attempts={}", self.outcome, self.attempts)?;
        write!(f, " transaction={}", known(self.transaction_id.as_ref()))?;
        write!(f, " request={} missed={}", known(self.request_id.as_ref()), self.missed)
    }
}

fn known(value: Option<impl fmt::Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
