//! What a call looked like, as far as a diagnosis needs it.

use std::sync::Arc;
use std::time::SystemTime;

use super::transport_in_use::TransportInUse;
use crate::{ClientIdentity, ConnectionFacts, KeyShape, Mode};

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

    pub(super) fn reports_alerts(&self) -> bool {
        self.transport.as_ref().is_none_or(|transport| transport.reports_alerts)
    }

    pub(super) fn http1_only(&self) -> bool {
        self.transport.as_ref().is_some_and(|transport| transport.http1_only)
    }

    pub(super) fn own_roots(&self) -> bool {
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
