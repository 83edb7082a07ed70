//! Puts a client together and refuses what is missing or contradictory before the first call.

use std::sync::Arc;

use digicert_one_core::{Credential, HostRole, RateLimiter, RequestTarget, TargetError};

use crate::client::{Client, Settings};
use crate::flights::Flights;
use crate::generations::{Configs, Generations};
use crate::host_config::HostConfig;
use crate::observe::{AuditRecord, Listener, Observers, TraceContext, Tracer};
use crate::rate_limit::Limiter;
use crate::rotation::Proof;
use crate::wiring::Wiring;
use crate::wiring_setters;
use crate::{Error, ErrorKind, IntoTarget, LocalRateLimiter, Reminders};

/// Source: DigiCert ONE, Account Manager API: the caller itself.
const WHO_AM_I: &str = "/account/api/v1/user/me";
const MAX_BODY: usize = 10 << 20;

/// Makes a [`Client`].
#[derive(Debug)]
#[must_use = "a builder does nothing until `build`"]
pub struct ClientBuilder {
    wiring: Wiring,
    credential: Option<Arc<dyn Credential>>,
    allow_expired: bool,
    proof: Option<Result<RequestTarget, TargetError>>,
    reminders: Reminders,
    limiter: Limiter,
    observers: Observers,
}

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            wiring: Wiring::new(MAX_BODY),
            credential: None,
            allow_expired: false,
            proof: None,
            reminders: Reminders::new(),
            limiter: Limiter::Local(LocalRateLimiter::new()),
            observers: Observers::default(),
        }
    }

    wiring_setters!();

    /// Where proof of the caller comes from.
    pub fn credential(self, credential: impl Credential) -> Self {
        self.shared_credential(Arc::new(credential))
    }

    /// As [`credential`](Self::credential), for a source that others hold too.
    pub fn shared_credential(mut self, credential: Arc<dyn Credential>) -> Self {
        self.credential = Some(credential);
        self
    }

    /// How fast calls go out. By default a [`LocalRateLimiter`] of this client alone.
    pub fn rate_limiter(mut self, limiter: impl RateLimiter) -> Self {
        self.limiter = Limiter::Other(Arc::new(limiter));
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
        let Self { mut wiring, .. } = self;
        if wiring.config.identity().is_some() {
            let text =
                "the transport configuration holds an identity: give it as the credential, which also derives the host";
            return Err(Error::local(ErrorKind::Config, text));
        }
        let proof = self.proof.transpose().map_err(|error| {
            Error::local(ErrorKind::Config, format!("the path of the proof: {error}")).with_source(error)
        })?;
        let (instance, connector, user_agent) = wiring.parts("the client")?;
        let no_credential = || Error::local(ErrorKind::Config, "the client has no credential");
        let host_config =
            |role| HostConfig::to(instance.origin(role).ok(), &*connector, &wiring.config, &wiring.proxies);
        let configs =
            Configs { platform: host_config(HostRole::Platform), client_auth: host_config(HostRole::ClientAuth) };
        Ok(Client::new(Settings {
            instance,
            credential: self.credential.ok_or_else(no_credential)?,
            total: wiring.config.timeouts().total(),
            deadline: wiring.deadline(),
            idle_limit: wiring.idle_limit,
            flights: Flights::default(),
            retry: wiring.retry,
            limiter: self.limiter,
            generations: Generations::new(connector, configs),
            clock: wiring.clock,
            user_agent,
            max_body: wiring.max_body,
            allow_expired: self.allow_expired,
            proof: proof.map(Proof),
            reminders: self.reminders,
            observers: Observers { retries: wiring.retries, ..self.observers },
        }))
    }
}
