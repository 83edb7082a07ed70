//! The caller of an attempt, and the transport that it uses.

use std::sync::Arc;

use digicert_one_core::{ApiKey, Fingerprint, Generation, Lease, Mode, Transport, diagnosis::TransportInUse};
use http::{HeaderMap, HeaderValue};

use crate::authorise::Pass;
use crate::generations::{BoundTransport, Generations};
use crate::observe::carrier::Carrier;
use crate::rate_limit::limiter::LimitedCaller;

pub(crate) enum Bearer {
    /// No credential.
    Anonymous(Arc<dyn Transport>),
    /// The credential of the client.
    Lease(Arc<BoundTransport>),
    /// The authoriser of the call.
    Authorised(Box<Authorised>),
}

/// The transport of a call with an authoriser of its own.
pub(crate) struct Authorised {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) in_use: Arc<TransportInUse>,
    /// What the authoriser gave; `None` until the attempt has begun.
    pub(crate) pass: Option<Pass>,
}

impl Bearer {
    pub(crate) fn transport(&self) -> &dyn Transport {
        match self {
            Self::Anonymous(transport) => &**transport,
            Self::Lease(bound) => &*bound.transport,
            Self::Authorised(authorised) => &*authorised.transport,
        }
    }

    pub(crate) fn lease(&self) -> Option<&Lease> {
        match self {
            Self::Lease(bound) => Some(&bound.lease),
            _ => None,
        }
    }

    pub(crate) fn pass(&self) -> Option<&Pass> {
        match self {
            Self::Authorised(authorised) => authorised.pass.as_ref(),
            _ => None,
        }
    }

    /// The mode of the platform; `None` for a token, and where it is not known yet.
    pub(crate) fn mode(&self) -> Option<Mode> {
        match self {
            Self::Anonymous(_) => Some(Mode::Anonymous),
            Self::Lease(bound) => Some(bound.lease.material().mode()),
            Self::Authorised(_) => self.pass().and_then(Pass::mode),
        }
    }

    /// The caller whose requests the platform counts.
    pub(crate) fn caller(&self) -> Option<Fingerprint> {
        match self {
            Self::Anonymous(_) => None,
            Self::Lease(bound) => Some(bound.caller.fingerprint()),
            Self::Authorised(_) => self.pass().and_then(Pass::caller),
        }
    }

    /// The same where the rate limiter may remember its place.
    pub(crate) fn limited(&self) -> Option<&LimitedCaller> {
        match self {
            Self::Lease(bound) => Some(&bound.caller),
            _ => None,
        }
    }

    pub(crate) fn generation(&self) -> Option<Generation> {
        match self {
            Self::Anonymous(_) => None,
            Self::Lease(bound) => Some(bound.lease.generation()),
            Self::Authorised(_) => self.pass().and_then(Pass::generation),
        }
    }

    pub(crate) fn key_shape(&self) -> Option<(usize, bool)> {
        match self {
            Self::Lease(bound) => bound.lease.material().key().map(ApiKey::shape),
            _ => self.pass().and_then(Pass::key_shape),
        }
    }

    /// The secret that a response may quote and an error must not.
    pub(crate) fn secret(&self) -> Option<HeaderValue> {
        match self {
            Self::Lease(bound) => bound.lease.material().key().map(ApiKey::header_value),
            _ => self.pass().and_then(Pass::secret),
        }
    }

    /// The headers of a request before those of the call: the default ones and the credential's.
    pub(crate) fn headers(&self, defaults: &HeaderMap) -> HeaderMap {
        match self {
            Self::Anonymous(_) => defaults.clone(),
            Self::Lease(bound) => bound.headers.clone(),
            Self::Authorised(_) => {
                let mut headers = defaults.clone();
                headers.extend(self.pass().and_then(Pass::header));
                headers
            }
        }
    }

    /// For the audit record of a call to this host.
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

    /// The same caller over new connections, for a response that was about the connection (RFC 9110 sections 15.5.9 and 15.5.20).
    /// Unchanged if no other transport can be made.
    pub(crate) fn reconnected(self, generations: &Generations) -> Self {
        let identity = self.lease().and_then(|lease| lease.material().identity());
        let Ok(transport) = generations.apart(identity) else { return self };
        match self {
            Self::Anonymous(_) => Self::Anonymous(transport),
            Self::Lease(bound) => Self::Lease(Arc::new(bound.over(transport))),
            Self::Authorised(authorised) => Self::Authorised(Box::new(Authorised { transport, ..*authorised })),
        }
    }
}
