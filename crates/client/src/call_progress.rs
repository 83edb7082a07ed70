//! The progress of one call: its deadline, its attempts, what they saw, and the delays between them.

use std::time::{Duration, SystemTime};

use digicert_one_core::{ConnectionFacts, Generation, HostRole, TransportError, TransportErrorKind};

use crate::error::Error;
use crate::observe::carrier::Carrier;
use crate::tried::{Stop, Tried};

/// What one call has gone through so far.
#[derive(Debug)]
pub(crate) struct CallProgress {
    start: SystemTime,
    deadline: Duration,
    pub(crate) tried: Tried,
    /// Whether the server asked for a client certificate in a full handshake, and whether one was sent then.
    asked: Option<(bool, Option<bool>)>,
    /// The host that responded to an attempt of this call, and to which credential.
    answered: Option<(HostRole, Option<Generation>)>,
    /// Only for an audit record.
    carrier: Option<Box<Carrier>>,
}

impl CallProgress {
    pub(crate) fn begin(start: SystemTime, deadline: Duration) -> Self {
        Self { start, deadline, tried: Tried::default(), asked: None, answered: None, carrier: None }
    }

    /// When the call began.
    pub(crate) fn start(&self) -> SystemTime {
        self.start
    }

    /// One more attempt begins. Counted from 1.
    pub(crate) fn attempt(&mut self) -> u32 {
        self.tried.attempts += 1;
        self.tried.attempts
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.tried.attempts
    }

    /// The attempt under way failed, and another one follows.
    pub(crate) fn failed(&mut self, error: &Error) {
        self.tried.earlier.push(error.as_attempt(self.tried.attempts));
    }

    /// The time that is left of the whole call.
    pub(crate) fn left(&self, now: SystemTime) -> Duration {
        if now == self.start {
            return self.deadline;
        }
        self.deadline.saturating_sub(now.duration_since(self.start).unwrap_or_default())
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The attempts and waits, for an error or an answer.
    pub(crate) fn take_tried(&mut self, stop: Option<Stop>) -> Tried {
        let attempts = self.tried.attempts;
        let tried = std::mem::replace(&mut self.tried, Tried { attempts, ..Tried::default() });
        Tried { stop, ..tried }
    }

    /// Notes what a connection showed. A resumed session asks for nothing, so that it says nothing about the server.
    pub(crate) fn saw(&mut self, facts: &ConnectionFacts) {
        if let (Some(asked), false) = (facts.asked(), facts.tls_resumed == Some(true)) {
            self.asked = Some((asked, facts.identity_sent));
        }
    }

    /// This host responded, with whatever status, to this credential.
    pub(crate) fn got_response(&mut self, host: HostRole, credential: Option<Generation>) {
        self.answered = Some((host, credential));
    }

    /// Whether it has done so in this call.
    pub(crate) fn has_response(&self, host: HostRole, credential: Option<Generation>) -> bool {
        self.answered == Some((host, credential))
    }

    /// The error with what an earlier attempt saw of the same server, where this one could not see it: a retry does not forget.
    pub(crate) fn completed(&mut self, error: TransportError) -> TransportError {
        self.saw(error.facts());
        let about_handshake = matches!(
            error.kind(),
            TransportErrorKind::Interrupted | TransportErrorKind::Tls | TransportErrorKind::PeerAlert(_)
        );
        let unseen = error.facts().asked().is_none() || error.facts().tls_resumed == Some(true);
        let Some((asked, sent)) = self.asked.filter(|_| about_handshake && unseen) else { return error };
        let mut facts = error.facts().clone();
        facts.identity_requested = Some(asked);
        facts.identity_sent = if asked { facts.identity_sent.or(sent) } else { Some(false) };
        // What the full handshake of the earlier attempt showed is no claim of a resumed one.
        facts.tls_resumed = None;
        error.with_facts(facts)
    }

    /// Who makes the attempt that begins, and where.
    pub(crate) fn carried_by(&mut self, carrier: Carrier) {
        self.carrier = Some(Box::new(carrier));
    }

    pub(crate) fn carrier(&self) -> Option<&Carrier> {
        self.carrier.as_deref()
    }
}
