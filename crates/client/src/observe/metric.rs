//! Metrics through the `metrics` facade (feature `metrics`), for any recorder. Every label is from a closed set or bounded by the number of
//! endpoints.
//!
//! | Name | Kind | Labels | What |
//! |---|---|---|---|
//! | `http.client.request.duration` | histogram, seconds | `http.request.method`, `url.template`, `http.response.status_code`, `error.type` | each attempt, until the head of its response |
//! | `digicert_one.calls` | counter | `http.request.method`, `outcome`: `ok`, `dropped` or a diagnosis code | each call |
//! | `digicert_one.attempts` | histogram | | how often a call was tried |
//! | `digicert_one.handshakes` | counter | `kind`: `full` or `resumed` | new connections, if the TLS stack reports it |
//! | `digicert_one.connections.reused` | counter | | requests on a connection that had carried others |
//! | `digicert_one.generation` | gauge | | the generation of the credential in use |
//! | `digicert_one.credential.remaining` | gauge, seconds | `of`: `key`, `certificate`, `owner` | until each known end date; negative after it |

use std::time::{Duration, SystemTime};

use digicert_one_core::{ConnectionFacts, Lease};
use http::{Method, StatusCode};
use metrics::{Label, counter, gauge, histogram};

use super::template::Template;
use crate::call::Call;
use crate::error::Error;
use crate::response::Response;

/// Records an attempt.
pub(crate) fn attempted(call: &Call, outcome: Result<StatusCode, &Error>, took: Duration) {
    let template = Template::of(&call.target, call.template).to_string();
    let mut labels = vec![
        Label::from_static_parts("http.request.method", method(&call.method)),
        Label::new("url.template", template),
    ];
    let status = outcome.map_or_else(Error::status, Some);
    labels.extend(status.map(|status| Label::new("http.response.status_code", status.as_str().to_owned())));
    labels.extend(outcome.err().map(|error| Label::from_static_parts("error.type", error.code().as_str())));
    histogram!("http.client.request.duration", labels).record(took.as_secs_f64());
}

/// Records a call.
pub(crate) fn called(method: &Method, outcome: Option<&Result<Response, Error>>, attempts: u32) {
    let outcome = match outcome {
        Some(Ok(_)) => "ok",
        Some(Err(error)) => error.code().as_str(),
        None => "dropped",
    };
    counter!("digicert_one.calls", "http.request.method" => self::method(method), "outcome" => outcome).increment(1);
    histogram!("digicert_one.attempts").record(attempts);
}

/// Records the connection of a request.
pub(crate) fn connected(facts: &ConnectionFacts) {
    match (facts.reused, facts.tls_resumed) {
        (Some(true), _) => counter!("digicert_one.connections.reused").increment(1),
        (Some(false), Some(resumed)) => {
            let kind = if resumed { "resumed" } else { "full" };
            counter!("digicert_one.handshakes", "kind" => kind).increment(1);
        }
        // Unknown to this stack.
        _ => {}
    }
}

/// Records the credential of an attempt.
pub(crate) fn leased(lease: &Lease, now: SystemTime) {
    let generation: u32 = lease.generation().number().try_into().unwrap_or(u32::MAX);
    gauge!("digicert_one.generation").set(generation);
    let validity = lease.validity();
    for (of, end) in
        [("key", validity.key_ends), ("certificate", validity.certificate_ends), ("owner", validity.owner_ends)]
    {
        if let Some(end) = end {
            let left =
                end.duration_since(now).map_or_else(|past| -past.duration().as_secs_f64(), |left| left.as_secs_f64());
            gauge!("digicert_one.credential.remaining", "of" => of).set(left);
        }
    }
}

/// The methods of RFC 9110 and PATCH, and OpenTelemetry's `_OTHER`, so that the set is closed.
fn method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "TRACE" => "TRACE",
        "CONNECT" => "CONNECT",
        _ => "_OTHER",
    }
}
