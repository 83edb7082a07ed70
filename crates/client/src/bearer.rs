//! What carries one attempt, and as whom.

use std::sync::Arc;

use digicert_one_core::{ApiKey, Fingerprint, Generation, KeyShape, Lease, Mode, Transport, diagnosis::TransportInUse};
use http::{HeaderMap, HeaderValue};

use crate::authorise::Pass;
use crate::generations::{Carried, Generations};
use crate::observe::carrier::Carrier;

pub(crate) enum Bearer {
    Anonymous(Arc<dyn Transport>),
    Known(Arc<Carried>),
    /// A call with a proof of its own; there is none before its attempt has begun.
    Other {
        transport: Arc<dyn Transport>,
        in_use: Arc<TransportInUse>,
        pass: Option<Pass>,
    },
}

impl Bearer {
    pub(crate) fn transport(&self) -> &dyn Transport {
        match self {
            Self::Anonymous(transport) | Self::Other { transport, .. } => &**transport,
            Self::Known(carried) => &*carried.transport,
        }
    }

    pub(crate) fn lease(&self) -> Option<&Lease> {
        match self {
            Self::Known(carried) => Some(&carried.lease),
            _ => None,
        }
    }

    pub(crate) fn pass(&self) -> Option<&Pass> {
        match self {
            Self::Other { pass, .. } => pass.as_ref(),
            _ => None,
        }
    }

    /// How the caller proves itself; none where that is no mode of the platform's, or not known yet.
    pub(crate) fn mode(&self) -> Option<Mode> {
        match self {
            Self::Anonymous(_) => Some(Mode::Anonymous),
            Self::Known(carried) => Some(carried.lease.material().mode()),
            Self::Other { pass, .. } => pass.as_ref().and_then(Pass::mode),
        }
    }

    /// Whom the platform counts.
    pub(crate) fn caller(&self) -> Option<Fingerprint> {
        match self {
            Self::Anonymous(_) => None,
            Self::Known(carried) => Some(carried.caller),
            Self::Other { pass, .. } => pass.as_ref().and_then(Pass::caller),
        }
    }

    pub(crate) fn generation(&self) -> Option<Generation> {
        match self {
            Self::Anonymous(_) => None,
            Self::Known(carried) => Some(carried.lease.generation()),
            Self::Other { pass, .. } => pass.as_ref().and_then(Pass::generation),
        }
    }

    pub(crate) fn key_shape(&self) -> Option<KeyShape> {
        match self {
            Self::Known(carried) => carried.lease.material().key().map(ApiKey::shape),
            _ => self.pass().and_then(Pass::key_shape),
        }
    }

    /// What an error response may quote and an error must not.
    pub(crate) fn secret(&self) -> Option<HeaderValue> {
        match self {
            Self::Known(carried) => carried.lease.material().key().map(ApiKey::header_value),
            _ => self.pass().and_then(Pass::secret),
        }
    }

    /// Shows it.
    pub(crate) fn mark(&self, headers: &mut HeaderMap) {
        match self {
            Self::Known(carried) => {
                if let Some(key) = carried.lease.material().key() {
                    headers.insert(digicert_one_core::API_KEY_HEADER, key.header_value());
                }
            }
            _ => {
                if let Some((name, value)) = self.pass().and_then(Pass::header) {
                    headers.insert(name, value);
                }
            }
        }
    }

    /// For the audit record of a call that goes to this host.
    pub(crate) fn carrier(&self, host: Arc<str>) -> Carrier {
        let identity = self.lease().and_then(|lease| lease.material().identity());
        Carrier {
            host,
            mode: self.mode(),
            caller: self.caller(),
            certificate: identity.map(digicert_one_core::ClientIdentity::fingerprint),
            generation: self.generation(),
        }
    }

    /// The same proof over new connections, for a response that was about the connection (RFC 9110 sections 15.5.9 and 15.5.20). Where
    /// no other transport can be made, it stays as it is.
    pub(crate) fn anew(self, generations: &Generations) -> Self {
        let identity = self.lease().and_then(|lease| lease.material().identity());
        let Ok(transport) = generations.apart(identity) else { return self };
        match self {
            Self::Anonymous(_) => Self::Anonymous(transport),
            Self::Known(carried) => Self::Known(Arc::new(carried.over(transport))),
            Self::Other { in_use, pass, .. } => Self::Other { transport, in_use, pass },
        }
    }
}
