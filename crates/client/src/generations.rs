//! The live credential and its transport: one transport for each identity. A newer generation replaces the live one once it is usable;
//! generations never go back. Calls in flight keep the previous transport. Other trust roots need other transports, too.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use digicert_one_core::{
    API_KEY_HEADER, ClientIdentity, Connector, ConnectorInfo, Generation, HostRole, Lease, Transport, TransportConfig,
    TransportError, TrustRoots, diagnosis::TransportInUse,
};

use http::HeaderMap;

use crate::host_config::HostConfig;
use crate::rate_limit::limiter::LimitedCaller;

/// The first delay before an unusable generation is tried again; doubles with each failure.
const FIRST_RETRY: Duration = Duration::from_secs(30);
const LAST_RETRY: Duration = Duration::from_secs(15 * 60);

/// The live credential of one client and its transports.
#[derive(Debug)]
pub(crate) struct Generations {
    connector: Arc<dyn Connector>,
    /// The headers of every request.
    headers: Arc<HeaderMap>,
    live: Mutex<Live>,
    /// Held by the one caller that verifies a newer generation.
    verifying: futures_util::lock::Mutex<()>,
}

/// The transport configuration for each of the two hosts.
#[derive(Clone, Debug)]
pub(crate) struct Configs {
    pub(crate) platform: HostConfig,
    pub(crate) client_auth: HostConfig,
}

impl Configs {
    /// The configuration for this identity: with an identity calls go to the `clientauth.` host only, without one to the platform host.
    fn of(&self, identity: Option<&ClientIdentity>) -> TransportConfig {
        let role = if identity.is_some() { HostRole::ClientAuth } else { HostRole::Platform };
        TransportConfig::clone(&self.host(role).config).with_identity(identity.cloned())
    }

    fn host(&self, role: HostRole) -> &HostConfig {
        match role {
            HostRole::ClientAuth => &self.client_auth,
            HostRole::Platform => &self.platform,
        }
    }

    /// One of them twice, where both are the same: a process may have thousands of clients.
    pub(crate) fn new(platform: HostConfig, client_auth: HostConfig) -> Self {
        let client_auth = if client_auth.is_that_of(&platform) { platform.clone() } else { client_auth };
        Self { platform, client_auth }
    }

    fn trusting(&self, connector: &dyn Connector, trust: &TrustRoots) -> Self {
        let platform = self.platform.trusting(connector, trust);
        if self.client_auth.is_that_of(&self.platform) {
            return Self { client_auth: platform.clone(), platform };
        }
        Self { platform, client_auth: self.client_auth.trusting(connector, trust) }
    }
}

#[derive(Debug)]
struct Live {
    configs: Configs,
    /// Counts changes of the trust roots.
    trust: u64,
    anonymous: Option<Arc<dyn Transport>>,
    current: Option<Arc<BoundTransport>>,
    /// A newer generation with its transport, created once for all callers, until it is live or refused.
    candidate: Option<Arc<BoundTransport>>,
    /// Whether the platform refused the current credential: then a newer one needs no verification.
    rejected: bool,
    refused: Option<Refused>,
    retired: Vec<Weak<dyn Transport>>,
}

/// A lease and its transport.
#[derive(Clone, Debug)]
pub(crate) struct BoundTransport {
    pub(crate) lease: Lease,
    /// The caller that the platform counts; computed once a generation, as it costs a hash.
    pub(crate) caller: LimitedCaller,
    pub(crate) transport: Arc<dyn Transport>,
    /// Describes the transport, for a diagnosis.
    pub(crate) in_use: Arc<TransportInUse>,
    /// The default headers and the API key, so that an attempt only clones them.
    pub(crate) headers: HeaderMap,
    /// The count of the trust roots that the transport was created with.
    trust: u64,
}

impl BoundTransport {
    /// The same lease over another transport.
    pub(crate) fn over(&self, transport: Arc<dyn Transport>) -> Self {
        Self { transport, ..self.clone() }
    }
}

/// A generation that was not usable.
#[derive(Debug)]
struct Refused {
    generation: Generation,
    until: SystemTime,
    wait: Duration,
}

/// What to do with a lease.
pub(crate) enum Chosen {
    /// Send with this.
    Live(Arc<BoundTransport>),
    /// The lease is of a newer generation; the current one, if any, stays in use until the newer one is verified.
    Newer { present: Option<Arc<BoundTransport>>, needs_verification: bool },
}

impl Generations {
    pub(crate) fn new(connector: Arc<dyn Connector>, configs: Configs, headers: Arc<HeaderMap>) -> Self {
        let live = Live {
            configs,
            trust: 0,
            anonymous: None,
            current: None,
            candidate: None,
            rejected: false,
            refused: None,
            retired: Vec::new(),
        };
        Self { connector, headers, live: Mutex::new(live), verifying: futures_util::lock::Mutex::new(()) }
    }

    /// The same TLS stack and configuration without a live credential.
    pub(crate) fn sibling(&self) -> Self {
        Self::new(Arc::clone(&self.connector), self.lock().configs.clone(), Arc::clone(&self.headers))
    }

    pub(crate) fn connector(&self) -> &dyn Connector {
        &*self.connector
    }

    pub(crate) fn connector_info(&self) -> ConnectorInfo {
        self.connector.info()
    }

    /// Describes the transport to the host of this role, for a diagnosis.
    pub(crate) fn in_use(&self, role: HostRole) -> Arc<TransportInUse> {
        Arc::clone(&self.lock().configs.host(role).in_use)
    }

    /// A separate transport for this identity, so with new connections. Other calls do not use it.
    pub(crate) fn apart(&self, identity: Option<&ClientIdentity>) -> Result<Arc<dyn Transport>, TransportError> {
        let config = self.lock().configs.of(identity);
        self.connector.connect(&config)
    }

    /// The transport of unauthenticated calls.
    pub(crate) fn anonymous(&self) -> Result<Arc<dyn Transport>, TransportError> {
        self.without_identity(&mut self.lock())
    }

    /// Chooses between this lease and the live one. A lease older than the live one is not used any more.
    pub(crate) fn choose(&self, lease: &Lease, now: SystemTime) -> Chosen {
        let mut live = self.lock();
        let Live { current, rejected, refused, .. } = &mut *live;
        let Some(current) = current else { return Chosen::Newer { present: None, needs_verification: false } };
        let waits =
            || refused.as_ref().is_some_and(|refused| refused.generation == lease.generation() && now < refused.until);
        if lease.generation() == current.lease.generation() {
            // The end dates of one generation may become known, or change, later.
            if lease.validity() != current.lease.validity() {
                *current = Arc::new(BoundTransport { lease: lease.clone(), ..BoundTransport::clone(current) });
            }
        } else if lease.generation() > current.lease.generation() && !waits() {
            let needs_verification = !*rejected && current.lease.validity().check(now).is_ok();
            return Chosen::Newer { present: Some(Arc::clone(current)), needs_verification };
        }
        Chosen::Live(Arc::clone(current))
    }

    /// Binds this lease to a transport without putting it to use: the live transport if only the key differs.
    pub(crate) fn bind(&self, lease: &Lease) -> Result<Arc<BoundTransport>, TransportError> {
        let mut live = self.lock();
        if let Some(made) = [&live.current, &live.candidate]
            .into_iter()
            .flatten()
            .find(|made| made.lease.generation() == lease.generation())
        {
            return Ok(Arc::clone(made));
        }
        let identity = lease.material().identity();
        let transport = match (identity, &live.current) {
            (None, _) => self.without_identity(&mut live)?,
            (Some(identity), Some(current)) if thumbprint(&current.lease) == Some(identity.thumbprint()) => {
                Arc::clone(&current.transport)
            }
            // Created under the lock: concurrent callers would otherwise each create one, which is slow with native-tls.
            (Some(identity), _) => self.connector.connect(&live.configs.of(Some(identity)))?,
        };
        let mut headers = HeaderMap::clone(&self.headers);
        headers.extend(lease.material().key().map(|key| (API_KEY_HEADER, key.header_value())));
        let caller = LimitedCaller::new(lease.material().caller());
        let in_use = Arc::clone(&live.configs.host(lease.material().host_role()).in_use);
        let (lease, trust) = (lease.clone(), live.trust);
        let bound = Arc::new(BoundTransport { lease, caller, transport, in_use, headers, trust });
        live.candidate = Some(Arc::clone(&bound));
        Ok(bound)
    }

    /// Puts a generation to use, unless a newer one or other trust roots came first; returns the live one.
    pub(crate) fn install(&self, bound: Arc<BoundTransport>) -> Arc<BoundTransport> {
        let mut live = self.lock();
        if bound.trust != live.trust {
            // Created with previous roots. The next call creates it again.
            return live.current.clone().unwrap_or(bound);
        }
        if let Some(current) = &live.current {
            let (present, next) = (current.lease.generation(), bound.lease.generation());
            if present >= next {
                return Arc::clone(current);
            }
            let replaced = (!Arc::ptr_eq(&current.transport, &bound.transport)
                && current.lease.material().identity().is_some())
            .then(|| Arc::downgrade(&current.transport));
            live.retire(replaced);
            tracing::info!(from = %present, to = %next, draining = live.retired.len(), "a newer generation is live");
        }
        live.rejected = false;
        live.refused = None;
        live.candidate = None;
        live.current = Some(Arc::clone(&bound));
        bound
    }

    /// Replaces the trust roots, and with them the transports of the live credential. Nothing changes if a transport cannot be created.
    pub(crate) fn trust(&self, roots: &TrustRoots) -> Result<(), TransportError> {
        let mut live = self.lock();
        let configs = live.configs.trusting(&*self.connector, roots);
        // Always created, so that the stack refuses bad roots here.
        let anonymous = self.connector.connect(&configs.of(None))?;
        let trust = live.trust + 1;
        let current = match &live.current {
            None => None,
            Some(current) => {
                let transport = match current.lease.material().identity() {
                    None => Arc::clone(&anonymous),
                    identity => self.connector.connect(&configs.of(identity))?,
                };
                let in_use = Arc::clone(&configs.host(current.lease.material().host_role()).in_use);
                Some(Arc::new(BoundTransport { transport, in_use, trust, ..BoundTransport::clone(current) }))
            }
        };
        let replaced = live.current.take().filter(|former| former.lease.material().identity().is_some());
        let replaced = replaced.map(|former| Arc::downgrade(&former.transport));
        let anonymous = live.anonymous.replace(anonymous).map(|former| Arc::downgrade(&former));
        live.retire(replaced.into_iter().chain(anonymous));
        live.configs = configs;
        live.trust = trust;
        live.current = current;
        live.candidate = None;
        tracing::info!(draining = live.retired.len(), "the trust roots were replaced");
        Ok(())
    }

    /// Records that a generation was not usable, so that it is not tried again for a while.
    pub(crate) fn refuse(&self, generation: Generation, now: SystemTime) {
        let mut live = self.lock();
        let wait = match &live.refused {
            Some(refused) if refused.generation == generation => (refused.wait * 2).min(LAST_RETRY),
            _ => FIRST_RETRY,
        };
        live.candidate.take_if(|candidate| candidate.lease.generation() == generation);
        live.refused = Some(Refused { generation, until: now + wait, wait });
    }

    /// Records that the platform refused a generation.
    pub(crate) fn rejected(&self, generation: Generation) {
        let mut live = self.lock();
        if live.current.as_ref().is_some_and(|current| current.lease.generation() == generation) {
            live.rejected = true;
        }
    }

    /// The right to verify a newer generation; only one caller has it at a time.
    pub(crate) fn verifying(&self) -> Option<futures_util::lock::MutexGuard<'_, ()>> {
        self.verifying.try_lock()
    }

    /// The live generation.
    pub(crate) fn generation(&self) -> Option<Generation> {
        self.lock().current.as_ref().map(|current| current.lease.generation())
    }

    /// The number of previous transports that calls still use.
    pub(crate) fn draining(&self) -> usize {
        self.lock().retired.iter().filter(|old| old.strong_count() > 0).count()
    }

    fn without_identity(&self, live: &mut Live) -> Result<Arc<dyn Transport>, TransportError> {
        if let Some(transport) = &live.anonymous {
            return Ok(Arc::clone(transport));
        }
        let transport = self.connector.connect(&live.configs.of(None))?;
        live.anonymous = Some(Arc::clone(&transport));
        Ok(transport)
    }

    fn lock(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    fn retire(&mut self, transports: impl IntoIterator<Item = Weak<dyn Transport>>) {
        self.retired.retain(|old| old.strong_count() > 0);
        self.retired.extend(transports);
    }
}

fn thumbprint(lease: &Lease) -> Option<[u8; 32]> {
    lease.material().identity().map(ClientIdentity::thumbprint)
}
