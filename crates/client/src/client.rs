//! The handle that programs hold: cheap to clone, safe to share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use digicert_one_core::{Clock, ConnectorInfo, Credential, Expiry, Generation, Instance, LeaseNeed};
use http::{HeaderValue, Method};

use crate::generations::Generations;
use crate::path::IntoTarget;
use crate::rotation::Proof;
use crate::{ClientBuilder, Error, Pages, Reminders, RequestBuilder, attempt, rotation};

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
    pub(crate) total: Duration,
    pub(crate) max_body: usize,
    pub(crate) allow_expired: bool,
    pub(crate) proof: Option<Proof>,
    pub(crate) reminders: Reminders,
}

impl Client {
    /// Starts a client.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    pub(crate) fn new(settings: Settings) -> Self {
        Self(Arc::new(settings))
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0
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
        let lease = attempt::lease(settings, &need).await?;
        let lease = rotation::carrier(settings, lease, &need).await?.lease;
        settings.reminders.check(&lease, need.now);
        Ok(lease.validity().expiry())
    }

    /// The generation of the credential that the last call used, if there was one.
    #[must_use]
    pub fn generation(&self) -> Option<Generation> {
        self.0.generations.generation()
    }

    /// Former identities that calls still use. They end with those calls.
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
