//! The audit record: who called what, when, and with which outcome. One for each call, also if it was dropped; never a value: no key, no
//! query, no body, no header of the caller.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use digicert_one_core::{Code, Fingerprint, Generation, Mode};
use http::{Method, StatusCode};

/// The audit record of one call. See [`ClientBuilder::audit`](crate::ClientBuilder::audit).
///
/// `Display` is one line of `name=value` pairs; what is unknown is `-`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AuditRecord {
    /// When the call began, by the client's clock.
    pub at: SystemTime,
    /// The time until the head of its response, including waits.
    pub took: Duration,
    /// The method as the caller gave it.
    pub method: Method,
    /// The path template, without ids, names and query.
    pub template: Arc<str>,
    /// The `host[:port]` of the last attempt; `None` without a credential.
    pub host: Option<Arc<str>>,
    /// How the caller was authenticated; `None` without a credential, and for a CSC token, which is not a mode of the platform.
    pub mode: Option<Mode>,
    /// The fingerprint of the API key or client certificate that identifies the caller.
    pub caller: Option<Fingerprint>,
    /// The fingerprint of the client certificate, in the modes that have one.
    pub certificate: Option<Fingerprint>,
    /// The generation of the credential.
    pub generation: Option<Generation>,
    /// The status of the response, if there was one.
    pub status: Option<StatusCode>,
    /// The code of the error, if the caller got one.
    pub code: Option<Code>,
    /// The number of attempts, including redirects.
    pub attempts: u32,
    /// The `X-DC-TransactionId` that was sent.
    pub transaction_id: Option<String>,
    /// The request id of the platform.
    pub request_id: Option<String>,
    /// The number of records before this one that were dropped because the listener was too slow. If it is not zero, the trail has a gap.
    pub missed: u64,
}

impl AuditRecord {
    /// Returns the outcome in a word: `responded`, if the caller got a response; `failed`, if it got an error; `dropped`, if the caller
    /// dropped the call, so that it is unknown whether the platform processed it.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match (self.code, self.status) {
            (Some(_), _) => "failed",
            (None, Some(_)) => "responded",
            (None, None) => "dropped",
        }
    }
}

impl fmt::Display for AuditRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // RFC 9110 section 5.6.7.
        write!(f, "at=\"{}\" took={:.3}s", httpdate::fmt_http_date(self.at), self.took.as_secs_f64())?;
        write!(f, " method={} path={} host={}", self.method, self.template, known(self.host.as_ref()))?;
        write!(f, " mode={} caller={}", known(self.mode), known(self.caller))?;
        write!(f, " certificate={} generation={}", known(self.certificate), known(self.generation))?;
        write!(f, " outcome={}", self.outcome())?;
        self.code.map_or(Ok(()), |code| write!(f, " code={code}"))?;
        self.status.map_or(Ok(()), |status| write!(f, " status={}", status.as_u16()))?;
        write!(f, " attempts={}", self.attempts)?;
        write!(f, " transaction={}", known(self.transaction_id.as_ref()))?;
        write!(f, " request={} missed={}", known(self.request_id.as_ref()), self.missed)
    }
}

fn known(value: Option<impl fmt::Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
