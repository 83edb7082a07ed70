//! The agents of a transport between calls. An agent holds one connection and serves one call at a time, so that shutting it down
//! ends that call and no other.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use http::Uri;
use http::uri::Authority;
use ureq::Agent;
use ureq::config::Config;
use ureq::unversioned::resolver::ResolvedSocketAddrs;

use crate::stage::Stage;
use crate::wire;

/// Agents that wait for their next call.
pub(crate) struct Pool {
    config: Config,
    idle: Arc<Mutex<Vec<Idle>>>,
}

/// An agent, and the origin that its connection leads to.
struct Idle {
    origin: Option<Authority>,
    agent: Agent,
    stage: Stage,
}

/// An agent in the hands of one call. Dropped, it ends the call, which runs on another thread: its next read or write fails.
pub(crate) struct Line {
    held: Option<Idle>,
    home: Weak<Mutex<Vec<Idle>>>,
}

impl Pool {
    pub(crate) fn new(config: Config) -> Self {
        Self { config, idle: Arc::default() }
    }

    /// Returns the most recently returned agent for this origin: its connection is the youngest.
    pub(crate) fn take(&self, uri: &Uri) -> Option<Line> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let place = idle.iter().rposition(|one| one.origin.as_ref() == uri.authority())?;
        let taken = idle.remove(place);
        taken.stage.again();
        Some(Line { held: Some(taken), home: Arc::downgrade(&self.idle) })
    }

    /// A new agent for this origin.
    pub(crate) fn line(&self, uri: &Uri, addresses: ResolvedSocketAddrs) -> Line {
        let stage = Stage::default();
        let agent = Agent::with_parts(self.config.clone(), wire::connector(&stage), wire::Known(addresses));
        let held = Some(Idle { origin: uri.authority().cloned(), agent, stage });
        Line { held, home: Arc::downgrade(&self.idle) }
    }
}

impl Line {
    pub(crate) fn agent(&self) -> Agent {
        self.held.as_ref().expect("held until it is given back").agent.clone()
    }

    pub(crate) fn stage(&self) -> Stage {
        self.held.as_ref().expect("held until it is given back").stage.clone()
    }

    /// Called after a body that was read to its end. A dropped transport accepts nothing back.
    pub(crate) fn give_back(mut self) {
        if let Some(home) = self.home.upgrade() {
            home.lock().unwrap_or_else(PoisonError::into_inner).extend(self.held.take());
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            held.agent.shutdown();
        }
    }
}
