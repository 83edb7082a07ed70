//! The facts of a call that a diagnosis needs.

use std::sync::Arc;
use std::time::SystemTime;

use super::transport_in_use::TransportInUse;
use crate::{ClientIdentity, ConnectionFacts, Mode};

/// The facts of a call that a diagnosis needs. Holds no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallContext {
    /// The `host[:port]` that was called.
    pub host: Arc<str>,
    /// How the caller authenticated.
    pub mode: Mode,
    /// The client identity of the call.
    pub identity: Option<ClientIdentity>,
    /// Where the credential came from.
    pub credential_source: Option<Arc<str>>,
    /// Length and shape of the API key.
    pub key_shape: Option<(usize, bool)>,
    /// Facts of the connection that carried a response; a transport failure has its own.
    pub facts: ConnectionFacts,
    /// Our clock's time.
    pub now: SystemTime,
    /// The transport that makes the call, if known.
    pub transport: Option<Arc<TransportInUse>>,
    /// Whether an earlier call with this credential over this transport received a response.
    pub responded_before: bool,
}

impl CallContext {
    /// Creates the context of a call to `host` in `mode` at `now`.
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
            responded_before: false,
        }
    }

    /// Sets the transport that makes the call.
    #[must_use]
    pub fn with_transport(mut self, transport: impl Into<Arc<TransportInUse>>) -> Self {
        self.transport = Some(transport.into());
        self
    }

    /// Sets whether an earlier call with this credential over this transport received a response.
    #[must_use]
    pub fn with_responded_before(mut self, responded: bool) -> Self {
        self.responded_before = responded;
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

    /// Sets the identity that the transport was created with.
    #[must_use]
    pub fn with_identity(mut self, identity: Option<ClientIdentity>) -> Self {
        self.identity = identity;
        self
    }

    /// Sets length and shape of the API key.
    #[must_use]
    pub fn with_key_shape(mut self, shape: Option<(usize, bool)>) -> Self {
        self.key_shape = shape;
        self
    }

    /// Sets the facts of the connection that carried the response.
    #[must_use]
    pub fn with_facts(mut self, facts: ConnectionFacts) -> Self {
        self.facts = facts;
        self
    }
}
