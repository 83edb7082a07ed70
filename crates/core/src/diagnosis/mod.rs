//! What a failure means: one code, who rejected whom, the cause, the remedy, and an advice. Pure functions from facts;
//! the same fault has the same code on every TLS stack, or a wider one where the stack cannot know.

mod advice;
mod alert;
mod answer;
mod caller;
mod code;
mod evidence;
mod gateway;
mod table;
mod transport;
mod transport_in_use;
mod untrusted;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

pub use self::answer::{PlatformAnswer, diagnose_answer, diagnose_content, diagnose_error_document};
pub use self::caller::diagnose_success;
pub use self::code::Side;
pub(crate) use self::evidence::span;
pub use self::gateway::{BodyKind, Responder};
pub use self::table::Code;
pub use self::transport::diagnose_transport;
pub use self::transport_in_use::TransportInUse;
use crate::{ClientIdentity, ConnectionFacts, KeyShape, Mode};

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Advice {
    /// Repeating cannot help; a human or the program must change something.
    GiveUp,
    /// Only newer key material can help.
    NewerCredential,
    /// Repeating may help, where delivery and method allow it, and not before this wait.
    Repeat {
        /// The wait that the platform asked for.
        not_before: Option<Duration>,
    },
}

/// What a call looked like, as far as a diagnosis needs it. Holds no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallContext {
    /// `host[:port]` that was called.
    pub host: Arc<str>,
    /// How the caller proved itself.
    pub mode: Mode,
    /// The client identity of the call.
    pub identity: Option<ClientIdentity>,
    /// Where the credential came from.
    pub credential_source: Option<Arc<str>>,
    /// Length and shape of the API key.
    pub key_shape: Option<KeyShape>,
    /// The connection that carried an answer; a failure of the transport brings its own.
    pub facts: ConnectionFacts,
    /// Our clock.
    pub now: SystemTime,
    /// The transport that makes the call, where it is known.
    pub transport: Option<Arc<TransportInUse>>,
    /// Whether a call with this credential over this transport has got a response before.
    pub answered_before: bool,
}

impl CallContext {
    /// A call to `host` in `mode` at `now`.
    #[must_use]
    pub fn new(host: impl Into<Arc<str>>, mode: Mode, now: SystemTime) -> Self {
        Self {
            host: host.into(),
            mode,
            identity: None,
            credential_source: None,
            key_shape: None,
            facts: ConnectionFacts::unknown(),
            now,
            transport: None,
            answered_before: false,
        }
    }

    /// The transport that makes the call.
    #[must_use]
    pub fn with_transport(mut self, transport: impl Into<Arc<TransportInUse>>) -> Self {
        self.transport = Some(transport.into());
        self
    }

    /// Whether a call with this credential over this transport has got a response before.
    #[must_use]
    pub fn with_answered_before(mut self, answered: bool) -> Self {
        self.answered_before = answered;
        self
    }

    fn reports_alerts(&self) -> bool {
        self.transport.as_ref().is_none_or(|transport| transport.reports_alerts)
    }

    fn http1_only(&self) -> bool {
        self.transport.as_ref().is_some_and(|transport| transport.http1_only)
    }

    fn own_roots(&self) -> bool {
        self.transport.as_ref().is_some_and(|transport| transport.own_roots)
    }

    /// The identity that the transport was made with.
    #[must_use]
    pub fn with_identity(mut self, identity: Option<ClientIdentity>) -> Self {
        self.identity = identity;
        self
    }

    /// Where the credential came from.
    #[must_use]
    pub fn with_credential_source(mut self, source: impl Into<Arc<str>>) -> Self {
        self.credential_source = Some(source.into());
        self
    }

    /// Length and shape of the API key.
    #[must_use]
    pub fn with_key_shape(mut self, shape: Option<KeyShape>) -> Self {
        self.key_shape = shape;
        self
    }

    /// The connection that carried the answer.
    #[must_use]
    pub fn with_facts(mut self, facts: ConnectionFacts) -> Self {
        self.facts = facts;
        self
    }
}

/// A failure, explained. `Display` prints code and summary, then cause, evidence and remedy, each on a line of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The stable code; its page is `docs/errors/CODE.md`.
    pub code: Code,
    /// One sentence: what happened.
    pub summary: String,
    /// Why, as far as the facts go; empty where there is nothing to add to the summary.
    pub cause: String,
    /// The facts that led here.
    pub evidence: Vec<String>,
    /// What to do; empty where the summary says it.
    pub remedy: String,
    /// What a program may do.
    pub advice: Advice,
}

impl Diagnosis {
    /// A diagnosis with the code's own explanation for a cause, remedy and advice.
    #[must_use]
    pub fn of(code: Code, summary: impl Into<String>) -> Self {
        // The summary of CFG-01 says all that there is to say; the table's general words would only follow it.
        Self::new(code, summary, if code == Code::CFG_01 { "" } else { code.explanation() })
    }

    /// A diagnosis with a cause of its own, and the code's remedy and advice.
    #[must_use]
    pub fn new(code: Code, summary: impl Into<String>, cause: impl Into<String>) -> Self {
        Self {
            code,
            summary: summary.into(),
            cause: cause.into(),
            evidence: Vec::new(),
            remedy: if code == Code::CFG_01 { String::new() } else { code.remedy().to_owned() },
            advice: code.advice(),
        }
    }

    /// Replaces the advice.
    #[must_use]
    pub fn advising(mut self, advice: Advice) -> Self {
        self.advice = advice;
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn with_evidence(mut self, fact: impl Into<String>) -> Self {
        self.evidence.push(fact.into());
        self
    }

    /// Who rejected whom.
    #[must_use]
    pub fn side(&self) -> Side {
        self.code.side()
    }

    /// Whether repeating the same call with the same credential may help.
    #[must_use]
    pub fn retryable(&self) -> bool {
        matches!(self.advice, Advice::Repeat { .. })
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.summary)?;
        if !self.cause.is_empty() {
            write!(f, "\n  why   {}", self.cause)?;
        }
        for fact in &self.evidence {
            write!(f, "\n  seen  {fact}")?;
        }
        if !self.remedy.is_empty() {
            write!(f, "\n  do    {}", self.remedy)?;
        }
        Ok(())
    }
}
