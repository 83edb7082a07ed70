//! The handle that programs hold: cheap to clone, safe to share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{
    CallContext, Clock, ConnectionFacts, ConnectorInfo, Credential, Expiry, Generation, HostRole, Instance, LeaseNeed,
    Mode, Origin, ResponseBody, TrustRoots, diagnosis::diagnose_transport,
};
use futures_util::future::select;
use http::{HeaderValue, Method};

use crate::flights::Flights;
use crate::generations::Generations;
use crate::observe::Observers;
use crate::path::IntoTarget;
use crate::rate_limit::Limiter;
use crate::retry::Retry;
use crate::rotation::Proof;
use crate::watched_body::WatchedBody;
use crate::{ClientBuilder, Error, ErrorKind, Pages, Reminders, RequestBuilder, attempt, rotation};

/// Calls DigiCert ONE with the proof that its credential gives, over the TLS stack of its connector.
///
/// Callers give paths; the host follows from the credential. See [`ClientBuilder`].
#[derive(Clone)]
pub struct Client(Arc<Settings>);

pub(crate) struct Settings {
    pub(crate) instance: Instance,
    pub(crate) credential: Arc<dyn Credential>,
    pub(crate) generations: Generations,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) user_agent: HeaderValue,
    /// The limit of one attempt.
    pub(crate) total: Duration,
    /// The limit of all attempts and waits together.
    pub(crate) deadline: Duration,
    pub(crate) retry: Retry,
    pub(crate) idle_limit: Duration,
    pub(crate) limiter: Limiter,
    pub(crate) flights: Flights,
    pub(crate) max_body: usize,
    pub(crate) allow_expired: bool,
    pub(crate) proof: Option<Proof>,
    pub(crate) reminders: Reminders,
    pub(crate) observers: Observers,
}

impl Settings {
    /// The body of an answer, watched.
    pub(crate) fn watched(&self, body: ResponseBody, facts: &ConnectionFacts) -> WatchedBody {
        WatchedBody::new(body, Arc::clone(&self.clock), self.idle_limit, facts.clone())
    }
}

impl Client {
    /// Starts a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(crate) fn new(settings: Settings) -> Self {
        Self(Arc::new(settings))
    }

    /// The clock by which it waits and judges dates.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The limit of time of one attempt.
    #[must_use]
    pub fn attempt_limit(&self) -> Duration {
        self.0.total
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0
    }

    /// A client that differs in its credential only: same installation, TLS stack, trust, limits, limiter and listeners, and
    /// transports of its own. For calls that prove a credential which is not in use yet.
    #[must_use]
    pub fn with_credential(&self, credential: Arc<dyn Credential>) -> Self {
        let from = self.settings();
        Self::new(Settings {
            instance: from.instance.clone(),
            credential,
            generations: from.generations.sibling(),
            clock: Arc::clone(&from.clock),
            user_agent: from.user_agent.clone(),
            total: from.total,
            deadline: from.deadline,
            retry: from.retry.anew(),
            idle_limit: from.idle_limit,
            limiter: from.limiter.clone(),
            flights: Flights::default(),
            max_body: from.max_body,
            allow_expired: from.allow_expired,
            proof: None,
            // Whose end is near is told by whoever uses it.
            reminders: Reminders::new().days([]),
            observers: from.observers.clone(),
        })
    }

    /// A GET of this path.
    pub fn get(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::GET, path)
    }

    /// A HEAD of this path.
    pub fn head(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::HEAD, path)
    }

    /// A POST to this path.
    pub fn post(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::POST, path)
    }

    /// A PUT to this path.
    pub fn put(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::PUT, path)
    }

    /// A PATCH of this path.
    pub fn patch(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::PATCH, path)
    }

    /// A DELETE of this path.
    pub fn delete(&self, path: impl IntoTarget) -> RequestBuilder {
        self.request(Method::DELETE, path)
    }

    /// A call with any method.
    pub fn request(&self, method: Method, path: impl IntoTarget) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, path.into_target())
    }

    /// A call made from a request of the crate `http`: its method, headers and body, and the path and query of its URI. Send it with
    /// [`send`](RequestBuilder::send) or [`send_raw`](RequestBuilder::send_raw).
    ///
    /// A URI that names a host must name one of [`instance`](Self::instance); which of the two is called follows from the credential. Any
    /// other host is an error of the call, before anything is sent. Headers that the client sets itself are refused, as by
    /// [`header`](RequestBuilder::header).
    pub fn http_request(&self, request: http::Request<Bytes>) -> RequestBuilder {
        RequestBuilder::from_http(self.clone(), request)
    }

    /// The list at this path, page by page.
    pub fn pages(&self, path: impl IntoTarget) -> Pages {
        Pages::new(self.clone(), path.into_target())
    }

    /// The installation that is called.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.0.instance
    }

    /// The end of the credential that calls would use now, and which of key, certificate and service user ends then; nothing
    /// if no end is known. Sends nothing itself (a proof of a newer generation may), and gives due reminders: a health check
    /// that asks for it regularly warns even where no calls are made.
    ///
    /// # Errors
    /// There is no usable credential.
    pub async fn expiry(&self) -> Result<Option<Expiry>, Error> {
        let settings = self.settings();
        let need = LeaseNeed::at(settings.clock.now());
        let lease = attempt::lease(settings, &need, settings.total).await?;
        let carried = rotation::carrier(settings, lease, &need).await?;
        settings.reminders.check(&carried.lease, need.now);
        Ok(carried.lease.validity().expiry())
    }

    /// Trusts these roots from now on, and no others. Every later call goes over new connections; calls in flight end on the
    /// ones that they have, as at a rotation. Opens no connection.
    ///
    /// ```no_run
    /// use digicert_one_client::Client;
    /// use digicert_one_credentials::{RootsFile, RootsReload};
    /// use digicert_one_core::TrustRoots;
    ///
    /// # fn example(client: &Client, file: &RootsFile) -> Result<(), digicert_one_client::Error> {
    /// // When the file may have changed: after a signal, or now and then.
    /// if let RootsReload::Replaced(roots) = file.reload() {
    ///     client.reload_trust(TrustRoots::Only(roots))?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Roots that the transport cannot use, such as none (TR-03): those before them stay.
    pub fn reload_trust(&self, roots: TrustRoots) -> Result<(), Error> {
        let settings = self.settings();
        settings.generations.trust(&roots).map_err(|error| {
            let known = [HostRole::Platform, HostRole::ClientAuth].map(|role| settings.instance.origin(role));
            let host = known.into_iter().flatten().next().map(Origin::authority).unwrap_or_default();
            let context = CallContext::new(host, Mode::Anonymous, settings.clock.now())
                .with_transport(settings.generations.in_use(HostRole::Platform));
            Error::new(ErrorKind::Config, diagnose_transport(&error, &context)).with_source(error)
        })
    }

    /// The generation of the credential that the last call used, if there was one.
    #[must_use]
    pub fn generation(&self) -> Option<Generation> {
        self.0.generations.generation()
    }

    /// Calls in flight, answers whose body is not dropped yet included.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.flights.count()
    }

    /// Takes no new calls, on no clone, and waits until those in flight have ended and all listeners (audit, reminders) have heard
    /// of them, but no longer than this; gives back how many are still in flight then. They are not cut: that is done by dropping
    /// them.
    pub async fn shut_down(&self, within: Duration) -> usize {
        self.0.flights.close();
        let all_over = async {
            self.0.flights.landed().await;
            self.0.observers.heard().await;
            self.0.reminders.heard().await;
        };
        select(std::pin::pin!(all_over), self.0.clock.limit(within)).await;
        self.in_flight()
    }

    /// Former identities and trust roots that calls still use. They end with those calls.
    #[must_use]
    pub fn draining(&self) -> usize {
        self.0.generations.draining()
    }

    /// The TLS stack underneath.
    #[must_use]
    pub fn connector_info(&self) -> ConnectorInfo {
        self.0.generations.connector_info()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("instance", &self.0.instance)
            .field("credential", &self.0.credential)
            .field("connector", &self.connector_info().name)
            .finish_non_exhaustive()
    }
}
