//! What a limiter does while Redis is unavailable, and the notices of it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use crate::error::{FleetError, FleetErrorKind};

/// The first and the longest delay between two attempts to reach Redis again.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What a limiter does while Redis cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutagePolicy {
    /// Each process keeps its share of the limits: 1/n, where n is the number of processes that were active when Redis was last seen, and
    /// the given number before it was seen at all.
    LocalShare {
        /// The number of processes that is assumed before Redis was seen.
        processes: u32,
    },
    /// Calls fail (PACE-02, PACE-03 or PACE-04), and nothing is sent.
    Refuse,
    /// Calls are not limited.
    Unlimited,
}

impl Default for OutagePolicy {
    fn default() -> Self {
        Self::LocalShare { processes: 16 }
    }
}

/// A change of the state of a limiter.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum FleetEvent {
    /// Redis cannot be used; the policy decides from now on.
    Unavailable {
        /// Why.
        error: FleetError,
    },
    /// Redis is used again.
    Restored {
        /// How long it was unavailable.
        after: Duration,
    },
}

impl fmt::Display for FleetEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unavailable { error } => {
                write!(f, "the shared rate limiter is unavailable ({}): {error}", error.code())
            }
            Self::Restored { after } => {
                write!(f, "the shared rate limiter is used again after {:.1} s", after.as_secs_f64())
            }
        }
    }
}

/// Receives the events of a limiter. It must return at once.
pub type OnFleetEvent = Arc<dyn Fn(&FleetEvent) + Send + Sync>;

/// Whether Redis is used, and when it is tried again.
pub(crate) struct Health {
    state: Mutex<State>,
    pub(crate) observer: Option<OnFleetEvent>,
}

enum State {
    Shared,
    Unavailable { since: SystemTime, next: SystemTime, pause: Duration, error: FleetError },
}

/// How a call begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// Redis is used.
    Shared,
    /// It is time to try Redis again, and this call does it.
    Probe,
    /// The policy decides.
    Unavailable,
}

impl Health {
    pub(crate) fn new() -> Self {
        Self { state: Mutex::new(State::Shared), observer: None }
    }

    /// Decides for one call. Only one call at a time probes.
    pub(crate) fn route(&self, now: SystemTime) -> Route {
        let mut state = self.state();
        match &mut *state {
            State::Shared => Route::Shared,
            State::Unavailable { next, pause, .. } => {
                // A clock that was set back must not delay the attempt.
                let due = *next <= now || next.duration_since(now).is_ok_and(|left| left > LONGEST_PAUSE);
                if !due {
                    return Route::Unavailable;
                }
                *pause = (*pause * 2).min(LONGEST_PAUSE);
                *next = now + *pause;
                Route::Probe
            }
        }
    }

    /// Redis failed.
    pub(crate) fn failed(&self, error: FleetError, now: SystemTime) {
        let mut state = self.state();
        if let State::Unavailable { error: last, .. } = &mut *state {
            *last = error;
            return;
        }
        *state = State::Unavailable { since: now, next: now + FIRST_PAUSE, pause: FIRST_PAUSE, error: error.clone() };
        drop(state);
        tracing::warn!(code = %error.code(), error = %error, "the shared rate limiter is unavailable; the policy decides");
        self.notify(&FleetEvent::Unavailable { error });
    }

    /// Redis responded to a probe.
    pub(crate) fn recovered(&self, now: SystemTime) {
        let mut state = self.state();
        let State::Unavailable { since, .. } = *state else { return };
        *state = State::Shared;
        drop(state);
        let after = now.duration_since(since).unwrap_or_default();
        tracing::info!(after = after.as_secs_f64(), "the shared rate limiter is used again");
        self.notify(&FleetEvent::Restored { after });
    }

    /// Why Redis is not used.
    pub(crate) fn error(&self) -> FleetError {
        match &*self.state() {
            State::Unavailable { error, .. } => error.clone(),
            State::Shared => FleetError::new(FleetErrorKind::Unreachable, "Redis was unavailable a moment ago"),
        }
    }

    /// Whether Redis is used.
    pub(crate) fn is_shared(&self) -> bool {
        matches!(*self.state(), State::Shared)
    }

    fn notify(&self, event: &FleetEvent) {
        #[cfg(feature = "metrics")]
        {
            let (to, shared) = match event {
                FleetEvent::Unavailable { .. } => ("away", 0.0),
                FleetEvent::Restored { .. } => ("shared", 1.0),
            };
            metrics::counter!("digicert_one.fleet.changes", "to" => to).increment(1);
            metrics::gauge!("digicert_one.fleet.shared").set(shared);
        }
        if let Some(observer) = &self.observer {
            observer(event);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
