//! The settings that all calls of a client share.

use std::sync::Arc;
use std::time::Duration;

use digicert_one_core::{Clock, ConnectionFacts, Credential, HostRole, Instance, Lease, Origin, ResponseBody};
use http::HeaderMap;

use crate::call::Call;
use crate::error::Error;
use crate::generations::Generations;
use crate::in_flight::InFlight;
use crate::observe::observers::Observers;
use crate::places::Places;
use crate::rate_limit::limiter::Limiter;
use crate::reminder::Reminders;
use crate::retry::Retry;
use crate::watched_body::WatchedBody;

pub(crate) struct Settings {
    pub(crate) instance: Instance,
    pub(crate) credential: Arc<dyn Credential>,
    pub(crate) generations: Generations,
    /// Transports to other hosts, for calls with authorisers of their own.
    pub(crate) places: Places,
    pub(crate) clock: Arc<dyn Clock>,
    /// The headers of every request, unless the call has its own.
    pub(crate) headers: Arc<HeaderMap>,
    /// The timeout of one attempt.
    pub(crate) total: Duration,
    /// The deadline: all attempts and delays together.
    pub(crate) deadline: Duration,
    pub(crate) retry: Retry,
    pub(crate) idle_timeout: Duration,
    pub(crate) limiter: Limiter,
    pub(crate) in_flight: InFlight,
    pub(crate) max_body: usize,
    pub(crate) allow_expired: bool,
    /// The call that verifies a newer generation before it goes live.
    pub(crate) verification: Option<Box<Call>>,
    pub(crate) reminders: Reminders,
    pub(crate) observers: Observers,
}

impl Settings {
    /// A response body with an idle timeout.
    pub(crate) fn watched(&self, body: ResponseBody, facts: ConnectionFacts) -> WatchedBody {
        WatchedBody::new(body, Arc::clone(&self.clock), self.idle_timeout, facts)
    }

    /// The origin for calls with this lease.
    pub(crate) fn origin(&self, lease: Option<&Lease>) -> Result<&Origin, Error> {
        self.instance.origin(role(lease)).map_err(Error::instance)
    }
}

/// The host for calls with this lease.
pub(crate) fn role(lease: Option<&Lease>) -> HostRole {
    lease.map_or(HostRole::Platform, |lease| lease.material().host_role())
}
