//! The handle that programs hold: cheap to clone, safe to share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use digicert_one_core::{
    CallContext, Clock, ConnectorInfo, Credential, Expiry, Generation, HostRole, Instance, LeaseRequest, Mode, Origin,
    TrustRoots, diagnosis::diagnose_transport,
};
use futures_util::future::select;

use crate::error::{Error, ErrorKind};
use crate::in_flight::InFlight;
use crate::reminder::Reminders;
use crate::settings::Settings;

/// Calls DigiCert ONE with its credential, over the TLS stack of its connector.
///
/// Callers give paths; the host follows from the credential. See [`ClientBuilder`](crate::ClientBuilder).
#[derive(Clone)]
pub struct Client(Arc<Settings>);

impl Client {
    pub(crate) fn new(settings: Settings) -> Self {
        Self(Arc::new(settings))
    }

    /// The clock that it uses for delays and dates.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The timeout of one attempt.
    #[must_use]
    pub fn attempt_timeout(&self) -> Duration {
        self.0.total
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0
    }

    /// Returns a client with another credential and the same installation, TLS stack, trust, timeouts, rate limiter and listeners. It has
    /// transports of its own. Use it to verify a credential that is not in use yet.
    #[must_use]
    pub fn with_credential(&self, credential: Arc<dyn Credential>) -> Self {
        let from = self.settings();
        Self::new(Settings {
            instance: from.instance.clone(),
            credential,
            generations: from.generations.sibling(),
            places: from.places.sibling(),
            clock: Arc::clone(&from.clock),
            headers: Arc::clone(&from.headers),
            total: from.total,
            deadline: from.deadline,
            retry: from.retry.with_own_budget(),
            idle_timeout: from.idle_timeout,
            limiter: from.limiter.clone(),
            in_flight: InFlight::default(),
            max_body: from.max_body,
            allow_expired: from.allow_expired,
            verification: None,
            // The client in regular use gives the reminders.
            reminders: Reminders::new([]),
            observers: from.observers.clone(),
        })
    }

    /// The installation that it calls.
    #[must_use]
    pub fn instance(&self) -> &Instance {
        &self.0.instance
    }

    /// Returns when the current credential expires, and which of key, certificate and service user expires first; `None` if no end date is
    /// known. Sends nothing (unless a newer generation has to be verified), and gives due reminders: a health check that calls it regularly
    /// warns even if no calls are made.
    ///
    /// # Errors
    /// No usable credential.
    pub async fn expiry(&self) -> Result<Option<Expiry>, Error> {
        let settings = self.settings();
        let need = LeaseRequest::at(settings.clock.now());
        let (bound, _) = settings.leased(&need, settings.total).await?;
        Ok(bound.lease.validity().expiry())
    }

    /// Replaces the trust roots. Later calls use new connections; calls in flight finish on their own, as in a rotation. Opens no
    /// connection.
    ///
    /// ```no_run
    /// use digicert_one_client::Client;
    /// use digicert_one_credentials::RootsFile;
    /// use digicert_one_core::TrustRoots;
    ///
    /// # fn example(client: &Client, file: &RootsFile) -> Result<(), digicert_one_client::Error> {
    /// // When the file may have changed: after a signal, or regularly.
    /// if let Ok(Some(roots)) = file.reload() {
    ///     client.reload_trust(TrustRoots::Only(roots))?;
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// Roots that the transport cannot use, such as an empty list (TR-03): the previous ones stay.
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

    /// The generation of the current credential; `None` before the first call.
    #[must_use]
    pub fn generation(&self) -> Option<Generation> {
        self.0.generations.generation()
    }

    /// The number of calls in flight, including responses whose body is not dropped yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.count()
    }

    /// Refuses new calls on all clones, and waits until the calls in flight have finished and all listeners (audit, reminders, retries)
    /// have been called, but at most this long. Returns how many calls are still in flight then; drop them to cancel them.
    pub async fn shut_down(&self, within: Duration) -> usize {
        self.0.in_flight.close();
        let all_over = async {
            self.0.in_flight.landed().await;
            self.0.observers.drained().await;
            self.0.reminders.drained().await;
        };
        select(std::pin::pin!(all_over), self.0.clock.limit(within)).await;
        self.in_flight()
    }

    /// The number of previous transports (before a rotation or other trust roots) that calls in flight still use.
    #[must_use]
    pub fn draining(&self) -> usize {
        self.0.generations.draining()
    }

    /// The TLS stack.
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
