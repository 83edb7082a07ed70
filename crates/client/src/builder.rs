//! Puts a client together and refuses what is missing or contradictory before the first call.

use std::sync::Arc;
use std::time::Duration;

use digicert_one_core::{
    Clock, Connector, Credential, HostRole, Instance, Proxy, ProxyRules, RequestTarget, TargetError, Timeouts,
    TransportConfig, TrustRoots,
};
use digicert_one_credentials::Setup;
use http::HeaderValue;

use crate::client::{Client, Settings};
use crate::flights::Flights;
use crate::generations::{Configs, Generations};
use crate::observe::{AuditRecord, Listener, Observers, TraceContext, Tracer};
use crate::pace::Pacer;
use crate::rotation::Proof;
use crate::{Error, ErrorKind, IntoTarget, LocalPace, Pace, Reminders, Retry, SystemClock};

pub(crate) const USER_AGENT: &str = concat!("digicert-one-rust/", env!("CARGO_PKG_VERSION"));
/// Source: DigiCert ONE, Account Manager API: the caller itself.
const WHO_AM_I: &str = "/account/api/v1/user/me";
const MAX_BODY: usize = 10 << 20;
pub(crate) const IDLE_LIMIT: Duration = Duration::from_secs(30);

/// Makes a [`Client`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    instance: Option<Instance>,
    credential: Option<Arc<dyn Credential>>,
    connector: Option<Arc<dyn Connector>>,
    config: TransportConfig,
    proxies: ProxyRules,
    clock: Arc<dyn Clock>,
    user_agent: String,
    max_body: usize,
    allow_expired: bool,
    proof: Option<Result<RequestTarget, TargetError>>,
    reminders: Reminders,
    deadline: Option<Duration>,
    idle_limit: Duration,
    retry: Retry,
    pace: Pacer,
    observers: Observers,
}

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            instance: None,
            credential: None,
            connector: None,
            config: TransportConfig::new(),
            proxies: ProxyRules::default(),
            clock: Arc::new(SystemClock::new()),
            user_agent: USER_AGENT.to_owned(),
            max_body: MAX_BODY,
            allow_expired: false,
            proof: None,
            reminders: Reminders::new(),
            deadline: None,
            idle_limit: IDLE_LIMIT,
            retry: Retry::new(),
            pace: Pacer::Local(LocalPace::new()),
            observers: Observers::default(),
        }
    }

    /// The installation to call.
    pub fn instance(mut self, instance: Instance) -> Self {
        self.instance = Some(instance);
        self
    }

    /// Where proof of the caller comes from.
    pub fn credential(self, credential: impl Credential) -> Self {
        self.shared_credential(Arc::new(credential))
    }

    /// As [`credential`](Self::credential), for a source that others hold too.
    pub fn shared_credential(mut self, credential: Arc<dyn Credential>) -> Self {
        self.credential = Some(credential);
        self
    }

    /// Instance, trust roots and proxy rules as they are set up. The credential is given apart, fixed (from [`Setup::read`]) or watching
    /// (over [`Setup::source`]).
    pub fn setup(self, setup: &Setup) -> Self {
        let builder = self.instance(setup.instance().clone()).proxy_rules(setup.proxy().rules().clone());
        match setup.roots() {
            Some(roots) => builder.trust(TrustRoots::SystemAnd(roots.to_vec())),
            None => builder,
        }
    }

    /// The TLS stack.
    pub fn connector(self, connector: impl Connector) -> Self {
        self.shared_connector(Arc::new(connector))
    }

    /// As [`connector`](Self::connector), for one that others hold too.
    pub fn shared_connector(mut self, connector: Arc<dyn Connector>) -> Self {
        self.connector = Some(connector);
        self
    }

    /// Trust, limits, versions, names and proxy of every transport. The identity comes from the credential.
    pub fn transport_config(mut self, config: TransportConfig) -> Self {
        self.config = config;
        self
    }

    /// Which of the two hosts is called through a proxy. A proxy in the transport configuration counts more, and for both.
    pub fn proxy_rules(mut self, rules: ProxyRules) -> Self {
        self.proxies = rules;
        self
    }

    /// The roots to trust.
    pub fn trust(mut self, trust: TrustRoots) -> Self {
        self.config = self.config.with_trust(trust);
        self
    }

    /// The limit of a whole call until the head of its answer: all attempts, the waits between them and the wait for its turn.
    /// By default twice the limit of one attempt ([`timeouts`](Self::timeouts)), so two minutes.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// How long the next bytes of a body may take (30 seconds by default). A body may go on for as long as an attempt may.
    pub fn idle_limit(mut self, limit: Duration) -> Self {
        self.idle_limit = limit;
        self
    }

    /// When calls are repeated.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// How fast calls go out. By default a [`LocalPace`] of this client alone.
    pub fn pace(mut self, pace: impl Pace) -> Self {
        self.pace = Pacer::Other(Arc::new(pace));
        self
    }

    /// The limits of time of one attempt.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.config = self.config.with_timeouts(timeouts);
        self
    }

    /// The clock; tests bring a virtual one.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// What `User-Agent` says; by default this crate's name and version, nothing about the machine.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// The largest body that is collected, in bytes (10 MiB by default). A streamed body has no limit.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Sends with a credential whose end date has passed, too, to see what the platform says to it.
    pub fn allow_expired(mut self, allow: bool) -> Self {
        self.allow_expired = allow;
        self
    }

    /// Puts a newer generation of the credential to use only after a GET of `/account/api/v1/user/me` has succeeded with it;
    /// until then, and if it fails, the one before it stays in use.
    pub fn prove_rotations(self) -> Self {
        self.prove_rotations_with(WHO_AM_I)
    }

    /// As [`prove_rotations`](Self::prove_rotations), with a GET of another path, for service users that may not ask who they
    /// are.
    pub fn prove_rotations_with(mut self, path: impl IntoTarget) -> Self {
        self.proof = Some(path.into_target());
        self
    }

    /// When to be reminded of the end of the credential, and how.
    pub fn reminders(mut self, reminders: Reminders) -> Self {
        self.reminders = reminders;
        self
    }

    /// Hands this function a record of each call: who, what, where, how it ended; never a value. It runs on a thread of its own, one
    /// record after the other, so that it may block; a panic in it is logged and ends nothing. Where it falls thousands of records
    /// behind, the next record says how many it missed. [`Client::shut_down`] waits for it.
    ///
    /// A call that is not valid (its path, its headers) is none, and makes no record.
    ///
    /// ```
    /// # use digicert_one_client::Client;
    /// let builder = Client::builder().audit(|record| eprintln!("{record}"));
    /// ```
    pub fn audit(mut self, listener: impl Fn(&AuditRecord) + Send + Sync + 'static) -> Self {
        self.observers.audit = Some(Listener::new(move |record: &AuditRecord, missed| {
            if missed == 0 {
                return listener(record);
            }
            listener(&AuditRecord { missed, ..record.clone() });
        }));
        self
    }

    /// Sends a fresh `X-DC-TransactionId` with each call, the same in all its attempts, unless the caller gives one as a header.
    /// DigiCert's own code for the CA service sends one; no other product documents it.
    pub fn transaction_ids(mut self) -> Self {
        self.observers.transaction_ids = true;
        self
    }

    /// Sends a W3C `traceparent` (and `tracestate`) with each request. The function is asked once for each attempt, inside its span,
    /// and must be quick; where it gives nothing, or panics, none is sent.
    pub fn trace_context(mut self, current: impl Fn() -> Option<TraceContext> + Send + Sync + 'static) -> Self {
        self.observers.tracer = Some(Tracer::new(current));
        self
    }

    /// The client. Opens no connection.
    ///
    /// # Errors
    /// Instance, credential or connector missing; an identity in the transport configuration; a user agent that is no
    /// header value.
    pub fn build(self) -> Result<Client, Error> {
        let missing = |what: &str| Error::local(ErrorKind::Config, format!("the client has no {what}"));
        if self.config.identity().is_some() {
            let text =
                "the transport configuration holds an identity: give it as the credential, which also derives the host";
            return Err(Error::local(ErrorKind::Config, text));
        }
        let user_agent = HeaderValue::from_str(&self.user_agent)
            .map_err(|error| Error::local(ErrorKind::Config, "the user agent is no header value").with_source(error))?;
        let proof = self.proof.transpose().map_err(|error| {
            Error::local(ErrorKind::Config, format!("the path of the proof: {error}")).with_source(error)
        })?;
        let connector = self.connector.ok_or_else(|| missing("connector (the TLS stack)"))?;
        let instance = self.instance.ok_or_else(|| missing("instance (the host)"))?;
        let configs = configs(&instance, &self.proxies, &self.config);
        Ok(Client::new(Settings {
            instance,
            credential: self.credential.ok_or_else(|| missing("credential"))?,
            total: self.config.timeouts().total(),
            deadline: self.deadline.unwrap_or_else(|| self.config.timeouts().total().saturating_mul(2)),
            idle_limit: self.idle_limit,
            flights: Flights::default(),
            retry: self.retry,
            pace: self.pace,
            generations: Generations::new(connector, configs),
            clock: self.clock,
            user_agent,
            max_body: self.max_body,
            allow_expired: self.allow_expired,
            proof: proof.map(Proof),
            reminders: self.reminders,
            observers: self.observers,
        }))
    }
}

/// One configuration for each host: the proxy may be another.
fn configs(instance: &Instance, proxies: &ProxyRules, config: &TransportConfig) -> Configs {
    let proxied = |role: HostRole| match (config.proxy(), instance.origin(role)) {
        (Proxy::None, Ok(origin)) => config.clone().with_proxy(proxies.proxy_for(origin).clone()),
        // A host that there is not is not called.
        _ => config.clone(),
    };
    Configs { platform: proxied(HostRole::Platform), client_auth: proxied(HostRole::ClientAuth) }
}
