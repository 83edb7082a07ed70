//! The progress of one call: its deadline, its attempts, what they saw, and the delays between them.

use std::time::{Duration, SystemTime};

use digicert_one_core::{ConnectionFacts, Generation, HostRole, TransportError, TransportErrorKind};

use crate::error::Error;
use crate::observe::carrier::Carrier;
use crate::tried::{Stop, Tried};

/// The state of one call so far.
#[derive(Debug)]
pub(crate) struct CallProgress {
    start: SystemTime,
    deadline: Duration,
    pub(crate) tried: Tried,
    /// Whether the server asked for a client certificate in a full handshake, and whether one was sent then.
    asked: Option<(bool, Option<bool>)>,
    /// The host that responded to an attempt of this call, and to which credential.
    responded: Option<(HostRole, Option<Generation>)>,
    /// Only for an audit record.
    carrier: Option<Box<Carrier>>,
}

impl CallProgress {
    pub(crate) fn begin(start: SystemTime, deadline: Duration) -> Self {
        Self { start, deadline, tried: Tried::default(), asked: None, responded: None, carrier: None }
    }

    /// When the call began.
    pub(crate) fn start(&self) -> SystemTime {
        self.start
    }

    /// Begins another attempt, and returns its number, counted from 1.
    pub(crate) fn attempt(&mut self) -> u32 {
        self.tried.attempts += 1;
        self.tried.attempts
    }

    pub(crate) fn attempts(&self) -> u32 {
        self.tried.attempts
    }

    /// Records that the current attempt failed and another one follows.
    pub(crate) fn failed(&mut self, error: &Error) {
        self.tried.earlier.push(error.as_attempt(self.tried.attempts));
    }

    /// The time left until the deadline.
    pub(crate) fn left(&self, now: SystemTime) -> Duration {
        if now == self.start {
            return self.deadline;
        }
        self.deadline.saturating_sub(now.duration_since(self.start).unwrap_or_default())
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Takes the attempts and delays, for an error.
    pub(crate) fn take_tried(&mut self, stop: Option<Stop>) -> Tried {
        let attempts = self.tried.attempts;
        let tried = std::mem::replace(&mut self.tried, Tried { attempts, ..Tried::default() });
        Tried { stop, ..tried }
    }

    /// Records the facts of a connection. A resumed session asks for no certificate, so it says nothing about the server.
    pub(crate) fn saw(&mut self, facts: &ConnectionFacts) {
        if let (Some(asked), false) = (facts.certificate_requested(), facts.tls_resumed == Some(true)) {
            self.asked = Some((asked, facts.identity_sent));
        }
    }

    /// Records that this host responded to this credential, with any status.
    pub(crate) fn got_response(&mut self, host: HostRole, credential: Option<Generation>) {
        self.responded = Some((host, credential));
    }

    /// Whether this host has responded to this credential in this call.
    pub(crate) fn has_response(&self, host: HostRole, credential: Option<Generation>) -> bool {
        self.responded == Some((host, credential))
    }

    /// Adds to the error what an earlier attempt saw of the same server and this one could not see.
    pub(crate) fn completed(&mut self, error: TransportError) -> TransportError {
        self.saw(error.facts());
        let about_handshake = matches!(
            error.kind(),
            TransportErrorKind::Interrupted | TransportErrorKind::Tls | TransportErrorKind::PeerAlert(_)
        );
        let unseen = error.facts().certificate_requested().is_none() || error.facts().tls_resumed == Some(true);
        let Some((asked, sent)) = self.asked.filter(|_| about_handshake && unseen) else { return error };
        let mut facts = error.facts().clone();
        facts.identity_requested = Some(asked);
        facts.identity_sent = if asked { facts.identity_sent.or(sent) } else { Some(false) };
        // These facts are those of the full handshake of the earlier attempt.
        facts.tls_resumed = None;
        error.with_facts(facts)
    }

    /// Records the caller and host of the current attempt.
    pub(crate) fn carried_by(&mut self, carrier: Carrier) {
        self.carrier = Some(Box::new(carrier));
    }

    pub(crate) fn carrier(&self) -> Option<&Carrier> {
        self.carrier.as_deref()
    }
}
