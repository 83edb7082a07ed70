//! The course of one call: its deadline, its attempts, what they saw, and the waits between them. What errors say of it.

use std::fmt;
use std::time::{Duration, SystemTime};

use digicert_one_core::{Code, ConnectionFacts, Delivery, Generation, HostRole, TransportError, TransportErrorKind};
use http::StatusCode;

use crate::Error;
use crate::client::Settings;
use crate::observe::Carrier;
use crate::retry::Stop;

/// Lines about earlier attempts in one error; equal ones in a row are one line.
const MAX_LINES: usize = 8;

/// What is told of a wait for a turn: less is the time that asking takes.
const LEAST_WAIT: Duration = Duration::from_millis(50);

/// What one call has gone through so far.
#[derive(Debug)]
pub(crate) struct Course {
    start: SystemTime,
    deadline: Duration,
    pub(crate) tried: Tried,
    /// Whether the server asked for a client certificate in a full handshake, and whether one was sent then.
    asked: Option<(bool, Option<bool>)>,
    /// The host that responded to an attempt of this call, and to which credential.
    answered: Option<(HostRole, Option<Generation>)>,
    /// Kept only where somebody wants to know.
    carrier: Option<Carrier>,
}

impl Course {
    pub(crate) fn begin(settings: &Settings) -> Self {
        let (start, deadline) = (settings.clock.now(), settings.deadline);
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

    /// The time that is left of the whole call.
    pub(crate) fn left(&self, now: SystemTime) -> Duration {
        self.deadline.saturating_sub(now.duration_since(self.start).unwrap_or_default())
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The attempts and waits, for an error or an answer.
    pub(crate) fn told(&mut self, stop: Option<Stop>) -> Tried {
        let attempts = self.tried.attempts;
        let told = std::mem::replace(&mut self.tried, Tried { attempts, ..Tried::default() });
        Tried { stop, ..told }
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
        self.carrier = Some(carrier);
    }

    pub(crate) fn carrier(&self) -> Option<&Carrier> {
        self.carrier.as_ref()
    }
}

/// An attempt that failed and was followed by another one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FailedAttempt {
    /// Its number, counted from 1.
    pub number: u32,
    /// What it failed with.
    pub code: Code,
    /// The status of its response, if there was one.
    pub status: Option<StatusCode>,
    /// What became of its request, if there was no response.
    pub delivery: Option<Delivery>,
    /// What failed, in a few words.
    pub what: String,
}

impl FailedAttempt {
    fn of(number: u32, error: &Error) -> Self {
        let what = match (error.status(), error.transport()) {
            (Some(status), _) => format!("HTTP {}", status.as_u16()),
            (None, Some(transport)) => transport.to_string(),
            (None, None) => error.code().title().to_owned(),
        };
        let delivery = error.transport().map(TransportError::delivery);
        Self { number, code: error.code(), status: error.status(), delivery, what }
    }

    /// Whether the platform may have done what this attempt asked for.
    #[must_use]
    pub fn may_have_been_processed(&self) -> bool {
        match (self.status, self.delivery) {
            (Some(status), _) => status.is_server_error(),
            (None, Some(delivery)) => delivery != Delivery::NotSent,
            (None, None) => self.code == Code::NET_08,
        }
    }
}

impl fmt::Display for FailedAttempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.what, self.code)
    }
}

/// How often a call was tried, with which waits and outcomes, and why it was not tried again.
#[allow(missing_docs, reason = "not for programs")]
#[derive(Clone, Debug, Default)]
pub struct Tried {
    pub attempts: u32,
    pub waits: Vec<Duration>,
    /// How long the first attempt waited for its turn.
    pub turn: Duration,
    pub earlier: Vec<FailedAttempt>,
    pub stop: Option<Stop>,
}

impl Tried {
    /// The attempt under way failed, and another one follows.
    pub fn failed(&mut self, error: &Error) {
        self.earlier.push(FailedAttempt::of(self.attempts, error));
    }

    /// The attempt under way waited so long for its turn at the rate limit.
    pub fn queued(&mut self, wait: Duration) {
        if wait < LEAST_WAIT {
            return;
        }
        match self.attempts {
            0 | 1 => self.turn += wait,
            attempts if self.waits.len() + 1 < attempts as usize => self.waits.push(wait),
            _ => {
                if let Some(last) = self.waits.last_mut() {
                    *last += wait;
                }
            }
        }
    }

    /// A line for each thing worth saying; none for a call that could only be tried once.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if self.turn >= LEAST_WAIT {
            lines.push(format!("waited {:.1} s for its turn at the rate limit", self.turn.as_secs_f64()));
        }
        if self.attempts > 1 {
            let waits: Vec<String> = self.waits.iter().map(|wait| format!("{:.1} s", wait.as_secs_f64())).collect();
            let waits = if waits.is_empty() { String::new() } else { format!(", with waits of {}", waits.join(", ")) };
            lines.push(format!("tried {} times{waits}", self.attempts));
        }
        let same = |one: &FailedAttempt, other: &FailedAttempt| (&one.what, one.code) == (&other.what, other.code);
        for group in self.earlier.chunk_by(same).take(MAX_LINES) {
            if let [first, .., last] = group {
                lines.push(format!("attempts {} to {}: {first}", first.number, last.number));
            } else if let [one] = group {
                lines.push(format!("attempt {}: {one}", one.number));
            }
        }
        if let Some(why) = self.stop.and_then(Stop::explained)
            && (self.attempts > 1 || matches!(self.stop, Some(Stop::Unsafe | Stop::Budget | Stop::Deadline)))
        {
            lines.push(why.to_owned());
        }
        lines
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines().iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}
