//! The counts of the proxy, and their text for Prometheus.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a request ended, for its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestOutcome {
    /// A response of the platform below 400, complete.
    Success,
    /// A 4xx response of the platform, complete.
    ClientError,
    /// A 5xx response of the platform, complete.
    ServerError,
    /// No response of the platform: the proxy explained why.
    Failed,
    /// Not admitted.
    Refused,
    /// A response that ended too early.
    Interrupted,
    /// The caller disconnected first.
    Cancelled,
}

const OUTCOMES: [(RequestOutcome, &str); 7] = [
    (RequestOutcome::Success, "success"),
    (RequestOutcome::ClientError, "client_error"),
    (RequestOutcome::ServerError, "server_error"),
    (RequestOutcome::Failed, "failed"),
    (RequestOutcome::Refused, "refused"),
    (RequestOutcome::Interrupted, "interrupted"),
    (RequestOutcome::Cancelled, "cancelled"),
];

/// The counts since the start.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    requests: [AtomicU64; OUTCOMES.len()],
    in_flight: AtomicU64,
    retries: AtomicU64,
}

/// A request in flight. Counted as cancelled if it is dropped without another outcome.
#[derive(Debug)]
pub(crate) struct Ticket {
    metrics: Arc<Metrics>,
    outcome: RequestOutcome,
}

/// Facts about the credential.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CredentialFacts {
    pub(crate) generation: Option<u64>,
    pub(crate) seconds_left: Option<i64>,
}

impl Metrics {
    /// Begins a request.
    pub(crate) fn begin(self: &Arc<Self>) -> Ticket {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Ticket { metrics: Arc::clone(self), outcome: RequestOutcome::Cancelled }
    }

    /// The requests in flight.
    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// The requests that ended, whatever their outcome.
    pub(crate) fn ended(&self) -> u64 {
        self.requests.iter().map(|count| count.load(Ordering::Relaxed)).sum()
    }

    /// The text for Prometheus.
    pub(crate) fn text(&self, credential: CredentialFacts) -> String {
        let mut text = String::from(
            "# HELP d1_proxy_requests_total Requests by outcome.\n# TYPE d1_proxy_requests_total counter\n",
        );
        for (outcome, label) in OUTCOMES {
            let count = self.requests[outcome as usize].load(Ordering::Relaxed);
            let _ = writeln!(text, "d1_proxy_requests_total{{outcome=\"{label}\"}} {count}");
        }
        let mut one = |name: &str, kind: &str, help: &str, value: Option<i128>| {
            if let Some(value) = value {
                let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
            }
        };
        one("d1_proxy_in_flight", "gauge", "Requests in flight.", Some(self.in_flight().into()));
        let retries = self.retries.load(Ordering::Relaxed);
        one("d1_proxy_retries_total", "counter", "Further attempts of requests.", Some(retries.into()));
        let generation = credential.generation.map(Into::into);
        one("d1_proxy_credential_generation", "gauge", "Generation of the credential in use.", generation);
        let left = credential.seconds_left.map(Into::into);
        one("d1_proxy_credential_expires_in_seconds", "gauge", "Seconds until the credential expires.", left);
        text
    }
}

impl Ticket {
    /// Sets the outcome.
    pub(crate) fn ends(&mut self, outcome: RequestOutcome) {
        self.outcome = outcome;
    }

    /// Counts the attempts after the first one.
    pub(crate) fn attempts(&self, attempts: u32) {
        self.metrics.retries.fetch_add(attempts.saturating_sub(1).into(), Ordering::Relaxed);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.metrics.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.metrics.requests[self.outcome as usize].fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_counted_once_and_a_dropped_request_is_cancelled() {
        let metrics = Arc::new(Metrics::default());
        let mut success = metrics.begin();
        let dropped = metrics.begin();
        success.attempts(3);
        success.ends(RequestOutcome::Success);
        assert_eq!(metrics.in_flight(), 2);
        drop((success, dropped));
        let text = metrics.text(CredentialFacts { generation: Some(2), seconds_left: Some(-5) });
        for line in [
            "d1_proxy_requests_total{outcome=\"success\"} 1",
            "d1_proxy_requests_total{outcome=\"cancelled\"} 1",
            "d1_proxy_requests_total{outcome=\"failed\"} 0",
            "d1_proxy_in_flight 0",
            "d1_proxy_retries_total 2",
            "d1_proxy_credential_generation 2",
            "d1_proxy_credential_expires_in_seconds -5",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert_eq!(metrics.ended(), 2);
        assert!(!metrics.text(CredentialFacts::default()).contains("credential"));
    }

    #[test]
    fn labels_are_in_the_order_of_the_outcomes() {
        for (index, (outcome, _)) in OUTCOMES.iter().enumerate() {
            assert_eq!(*outcome as usize, index);
        }
    }
}
