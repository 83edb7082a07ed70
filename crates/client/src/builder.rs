//! Builds a client, and refuses a missing or contradictory setting before the first call.

use std::sync::Arc;
use std::time::Duration;

use digicert_one_core::{
    Clock, Connector, Credential, HostRole, HttpVersions, Instance, ProxyRules, RateLimiter, RequestTarget,
    TargetError, Timeouts, TlsVersions, TransportConfig, TrustRoots,
};
use http::header::{ACCEPT, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method};
use rustls_pki_types::CertificateDer;

use crate::authorise::NoCredential;
use crate::call::Call;
use crate::client::Client;
use crate::engine_config::EngineConfig;
use crate::error::{Error, ErrorKind};
use crate::generations::{Configs, Generations};
use crate::host_config::HostConfig;
use crate::in_flight::InFlight;
use crate::observe::AuditRecord;
use crate::observe::RetryNotice;
use crate::observe::correlation::{TraceContext, Tracer};
use crate::observe::listener::Listener;
use crate::observe::observers::Observers;
use crate::path::IntoTarget;
use crate::places::Places;
use crate::rate_limit::limiter::Limiter;
use crate::rate_limit::local::LocalRateLimiter;
use crate::reminder::{Reminder, Reminders};
use crate::retry::Retry;
use crate::settings::Settings;

/// Source: DigiCert ONE, Account Manager API: the caller itself.
const WHO_AM_I: &str = "/account/api/v1/user/me";
const MAX_BODY: usize = 10 << 20;

/// Builds a [`Client`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    engine: EngineConfig,
    credential: Option<Arc<dyn Credential>>,
    allow_expired: bool,
    verification: Option<Result<RequestTarget, TargetError>>,
    reminders: Reminders,
    limiter: Limiter,
    observers: Observers,
}

impl Client {
    /// Starts building a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }
}

impl ClientBuilder {
    fn new() -> Self {
        Self {
            engine: EngineConfig::new(MAX_BODY),
            credential: None,
            allow_expired: false,
            verification: None,
            reminders: Reminders::new([30, 14, 7, 1]),
            limiter: Limiter::Local(LocalRateLimiter::new()),
            observers: Observers::default(),
        }
    }

    /// The installation to call.
    pub fn instance(mut self, instance: Instance) -> Self {
        self.engine.instance = Some(instance);
        self
    }

    /// Trusts these roots in addition to the system's; a transport that cannot do both trusts them alone, and logs a warning
    /// ([`TrustRoots::beside_system`](digicert_one_core::TrustRoots::beside_system)).
    pub fn roots_beside_system(self, roots: Vec<CertificateDer<'static>>) -> Self {
        let mut builder = self.trust(TrustRoots::SystemAnd(roots));
        builder.engine.may_narrow_roots = true;
        builder
    }

    /// The TLS stack.
    pub fn connector(self, connector: impl Connector) -> Self {
        self.shared_connector(Arc::new(connector))
    }

    /// As [`connector`](Self::connector), for a shared one.
    pub fn shared_connector(mut self, connector: Arc<dyn Connector>) -> Self {
        self.engine.connector = Some(connector);
        self
    }

    /// Trust, timeouts, versions, names and proxy of every transport. Must not hold an identity: that comes from the credential.
    pub fn transport_config(mut self, config: TransportConfig) -> Self {
        self.engine.transport = config;
        self.engine.may_narrow_roots = false;
        self
    }

    /// The proxy for each host. A proxy in the transport configuration takes precedence, and is used for every host.
    pub fn proxy_rules(mut self, rules: ProxyRules) -> Self {
        self.engine.proxies = rules;
        self
    }

    /// The roots to trust.
    pub fn trust(mut self, trust: TrustRoots) -> Self {
        self.engine.transport = self.engine.transport.with_trust(trust);
        self.engine.may_narrow_roots = false;
        self
    }

    /// The timeouts of one attempt.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.engine.transport = self.engine.transport.with_timeouts(timeouts);
        self
    }

    /// The TLS versions to offer; 1.2 and 1.3 by default.
    pub fn tls_versions(mut self, versions: TlsVersions) -> Self {
        self.engine.transport = self.engine.transport.with_tls_versions(versions);
        self
    }

    /// The HTTP versions to offer; 1.1 and 2 by default.
    pub fn http_versions(mut self, versions: HttpVersions) -> Self {
        self.engine.transport = self.engine.transport.with_http_versions(versions);
        self
    }

    /// The deadline of a whole call until the head of its response: all attempts, the delays between them, and the waits for the rate
    /// limiter and for a token. By default twice the timeout of one attempt ([`timeouts`](Self::timeouts)), so two minutes.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.engine.deadline = Some(deadline);
        self
    }

    /// The idle timeout of a response body: how long the next bytes may take (30 seconds by default).
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.engine.idle_timeout = limit;
        self
    }

    /// The retry policy.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.engine.retry = retry;
        self
    }

    /// Calls this function with a notice of each retry, before its delay. It runs on a thread of its own and never blocks a call; a panic
    /// in it is logged.
    ///
    /// ```
    /// # use digicert_one_client::Client;
    /// let builder = Client::builder().on_retry(|notice| eprintln!("{notice}"));
    /// ```
    pub fn on_retry(mut self, observer: impl Fn(&RetryNotice) + Send + Sync + 'static) -> Self {
        let observer = Listener::new(move |notice: &RetryNotice, _| observer(notice));
        self.engine.retries = Some(observer);
        self
    }

    /// The clock; a virtual one in tests.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.engine.clock = clock;
        self
    }

    /// The `User-Agent`; by default this crate's name and version, nothing about the machine.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.engine.user_agent = user_agent.into();
        self
    }

    /// The largest body that is collected, in bytes (by default 10 MiB). A streamed body has no limit.
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.engine.max_body = bytes;
        self
    }

    /// The source of the credential.
    pub fn credential(self, credential: impl Credential) -> Self {
        self.shared_credential(Arc::new(credential))
    }

    /// As [`credential`](Self::credential), for a shared source.
    pub fn shared_credential(mut self, credential: Arc<dyn Credential>) -> Self {
        self.credential = Some(credential);
        self
    }

    /// The rate limiter. By default a [`LocalRateLimiter`] of this client alone.
    pub fn rate_limiter(mut self, limiter: impl RateLimiter) -> Self {
        self.limiter = Limiter::Other(Arc::new(limiter));
        self
    }

    /// Whether to send with an expired credential, for example to see how the platform responds.
    pub fn allow_expired(mut self, allow: bool) -> Self {
        self.allow_expired = allow;
        self
    }

    /// Verifies a newer generation of the credential with a GET of `/account/api/v1/user/me` before it goes live; until then, and if the
    /// call fails, the previous one stays in use.
    pub fn verify_rotations(self) -> Self {
        self.verify_rotations_with(WHO_AM_I)
    }

    /// As [`verify_rotations`](Self::verify_rotations), with a GET of another path, for service users without access to that
    /// one.
    pub fn verify_rotations_with(mut self, path: impl IntoTarget) -> Self {
        self.verification = Some(path.into_target());
        self
    }

    /// How many days ahead to remind that the credential expires: 30, 14, 7 and 1 by default; none disables reminders. A reminder is a
    /// `tracing` event of level WARN, and a call of [`on_reminder`](Self::on_reminder).
    pub fn reminder_days(mut self, days: impl IntoIterator<Item = u32>) -> Self {
        self.reminders.set_days(days);
        self
    }

    /// Calls this function with each reminder that the credential expires. It runs on a thread of its own and never blocks a call; a panic
    /// in it is logged. [`Client::shut_down`] waits for it.
    ///
    /// ```
    /// # use digicert_one_client::Client;
    /// let builder = Client::builder().reminder_days([21, 3]).on_reminder(|reminder| eprintln!("{reminder}"));
    /// ```
    pub fn on_reminder(mut self, listener: impl Fn(&Reminder) + Send + Sync + 'static) -> Self {
        self.reminders.set_listener(listener);
        self
    }

    /// Calls this function with an audit record of each call: who, what, where, and how it ended; never a value. It runs on a thread of its
    /// own, one record after the other, so that it may block; a panic in it is logged. If it falls thousands of records behind, the next
    /// record contains how many it missed. [`Client::shut_down`] waits for it.
    ///
    /// An invalid call (its path, its headers) is not sent and has no record.
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

    /// Sends a fresh `X-DC-TransactionId` with each call, the same in all its attempts, unless the caller sets that header.
    /// DigiCert's own code for the CA service sends one; no product documents it.
    pub fn transaction_ids(mut self) -> Self {
        self.observers.transaction_ids = true;
        self
    }

    /// Sends a W3C `traceparent` (and `tracestate`) with each request. The function is called once for each attempt, inside its span,
    /// and must be quick; if it returns `None` or panics, no header is sent.
    pub fn trace_context(mut self, current: impl Fn() -> Option<TraceContext> + Send + Sync + 'static) -> Self {
        self.observers.tracer = Some(Tracer::new(current));
        self
    }

    /// A client whose calls all have authorisers of their own, with its attempt timeout and deadline. An attempt may last up to `longest`
    /// if its call allows it.
    ///
    /// # Errors
    /// As [`build`](Self::build).
    #[doc(hidden)]
    pub fn build_for_authorised(mut self, longest: Duration) -> Result<(Client, Duration, Duration), Error> {
        if self.engine.transport.identity().is_some() {
            let text = "the transport configuration holds an identity: CSC is called without one";
            return Err(Error::local(ErrorKind::Config, text));
        }
        let (total, deadline) = (self.engine.transport.timeouts().total(), self.engine.deadline());
        self.engine.deadline = Some(deadline);
        let timeouts = self.engine.transport.timeouts().clone().with_total(total.max(longest));
        self.engine.transport = self.engine.transport.with_timeouts(timeouts);
        Ok((self.credential(NoCredential).build()?, total, deadline))
    }

    /// Builds the client. Opens no connection.
    ///
    /// # Errors
    /// A missing instance, credential or connector; an identity in the transport configuration; an invalid user agent.
    pub fn build(self) -> Result<Client, Error> {
        let Self { mut engine, .. } = self;
        if engine.transport.identity().is_some() {
            let text =
                "the transport configuration holds an identity: set it as the credential, from which the host follows";
            return Err(Error::local(ErrorKind::Config, text));
        }
        let verification = self.verification.transpose().map_err(|error| {
            Error::local(ErrorKind::Config, format!("invalid path of the verification call: {error}"))
                .with_source(error)
        })?;
        let (instance, connector, user_agent) = engine.parts("the client")?;
        let no_credential = || Error::local(ErrorKind::Config, "missing credential of the client");
        let total = engine.transport.timeouts().total();
        let deadline = engine.deadline();
        let config = Arc::new(engine.transport);
        let host_config = |role| HostConfig::to(instance.origin(role).ok(), &*connector, &config, &engine.proxies);
        let configs = Configs::new(host_config(HostRole::Platform), host_config(HostRole::ClientAuth));
        let headers =
            HeaderMap::from_iter([(USER_AGENT, user_agent), (ACCEPT, HeaderValue::from_static("application/json"))]);
        let headers = Arc::new(headers);
        Ok(Client::new(Settings {
            instance,
            credential: self.credential.ok_or_else(no_credential)?,
            total,
            deadline,
            idle_timeout: engine.idle_timeout,
            in_flight: InFlight::default(),
            retry: engine.retry,
            limiter: self.limiter,
            places: Places::new(Arc::clone(&config), engine.proxies.clone()),
            generations: Generations::new(connector, configs, Arc::clone(&headers)),
            clock: engine.clock,
            headers,
            max_body: engine.max_body,
            allow_expired: self.allow_expired,
            verification: verification.map(|target| Box::new(Call::new(Method::GET, target))),
            reminders: self.reminders,
            observers: Observers { retries: engine.retries, ..self.observers },
        }))
    }
}
