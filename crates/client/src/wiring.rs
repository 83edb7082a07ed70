//! What every client of ours is put together from: where it calls, over what, and within which limits. The two builders differ only in
//! what they add to it.

use std::sync::Arc;
use std::time::Duration;

use digicert_one_core::{Clock, Connector, Instance, ProxyRules, TransportConfig};
use http::HeaderValue;

use crate::observe::Listener;
use crate::{Error, ErrorKind, Retry, RetryNotice, SystemClock};

const USER_AGENT: &str = concat!("digicert-one-rust/", env!("CARGO_PKG_VERSION"));
const IDLE_LIMIT: Duration = Duration::from_secs(30);

/// The settings that every builder has.
#[derive(Debug)]
pub(crate) struct Wiring {
    pub(crate) instance: Option<Instance>,
    pub(crate) connector: Option<Arc<dyn Connector>>,
    pub(crate) config: TransportConfig,
    pub(crate) proxies: ProxyRules,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) user_agent: String,
    /// In bytes.
    pub(crate) max_body: usize,
    pub(crate) idle_limit: Duration,
    pub(crate) deadline: Option<Duration>,
    pub(crate) retry: Retry,
    pub(crate) retries: Option<Listener<RetryNotice>>,
}

impl Wiring {
    pub(crate) fn new(max_body: usize) -> Self {
        Self {
            instance: None,
            connector: None,
            config: TransportConfig::new(),
            proxies: ProxyRules::default(),
            clock: Arc::new(SystemClock::new()),
            user_agent: USER_AGENT.to_owned(),
            max_body,
            idle_limit: IDLE_LIMIT,
            deadline: None,
            retry: Retry::new(),
            retries: None,
        }
    }

    /// The limit of a whole call.
    pub(crate) fn deadline(&self) -> Duration {
        self.deadline.unwrap_or_else(|| self.config.timeouts().total().saturating_mul(2))
    }

    /// What can be missing or wrong in it; `who` is the client that lacks it.
    pub(crate) fn parts(&self, who: &str) -> Result<(Instance, Arc<dyn Connector>, HeaderValue), Error> {
        let missing = |what: &str| Error::local(ErrorKind::Config, format!("{who} has no {what}"));
        let user_agent = HeaderValue::from_str(&self.user_agent)
            .map_err(|error| Error::local(ErrorKind::Config, "the user agent is no header value").with_source(error))?;
        let connector = self.connector.clone().ok_or_else(|| missing("connector (the TLS stack)"))?;
        let instance = self.instance.clone().ok_or_else(|| missing("instance (the host)"))?;
        Ok((instance, connector, user_agent))
    }
}

/// The setters of the builder's `wiring`.
macro_rules! wiring_setters {
    () => {
        /// The installation to call.
        pub fn instance(mut self, instance: digicert_one_core::Instance) -> Self {
            self.wiring.instance = Some(instance);
            self
        }

        /// Instance, trust roots and proxy rules as they are set up. The credential is given apart: fixed (from
        /// [`Setup::read`](digicert_one_credentials::Setup::read)), watching (over
        /// [`Setup::source`](digicert_one_credentials::Setup::source)), or one of CSC.
        pub fn setup(self, setup: &digicert_one_credentials::Setup) -> Self {
            let builder = self.instance(setup.instance().clone()).proxy_rules(setup.proxy().rules().clone());
            match setup.roots() {
                Some(roots) => builder.trust(digicert_one_core::TrustRoots::SystemAnd(roots.to_vec())),
                None => builder,
            }
        }

        /// The TLS stack.
        pub fn connector(self, connector: impl digicert_one_core::Connector) -> Self {
            self.shared_connector(std::sync::Arc::new(connector))
        }

        /// As [`connector`](Self::connector), for one that others hold too.
        pub fn shared_connector(mut self, connector: std::sync::Arc<dyn digicert_one_core::Connector>) -> Self {
            self.wiring.connector = Some(connector);
            self
        }

        /// Trust, limits, versions, names and proxy of every transport. It holds no identity: that comes from the credential, and CSC
        /// is called without one.
        pub fn transport_config(mut self, config: digicert_one_core::TransportConfig) -> Self {
            self.wiring.config = config;
            self
        }

        /// Which host is called through a proxy. A proxy in the transport configuration counts more, and for every host.
        pub fn proxy_rules(mut self, rules: digicert_one_core::ProxyRules) -> Self {
            self.wiring.proxies = rules;
            self
        }

        /// The roots to trust.
        pub fn trust(mut self, trust: digicert_one_core::TrustRoots) -> Self {
            self.wiring.config = self.wiring.config.with_trust(trust);
            self
        }

        /// The limits of time of one attempt.
        pub fn timeouts(mut self, timeouts: digicert_one_core::Timeouts) -> Self {
            self.wiring.config = self.wiring.config.with_timeouts(timeouts);
            self
        }

        /// The limit of a whole call until the head of its answer: all attempts, the waits between them and the wait for its turn
        /// or for a token. By default twice the limit of one attempt ([`timeouts`](Self::timeouts)), so two minutes.
        pub fn deadline(mut self, deadline: std::time::Duration) -> Self {
            self.wiring.deadline = Some(deadline);
            self
        }

        /// How long the next bytes of a body may take (30 seconds by default). A body may go on for as long as an attempt may.
        pub fn idle_limit(mut self, limit: std::time::Duration) -> Self {
            self.wiring.idle_limit = limit;
            self
        }

        /// When calls are repeated.
        pub fn retry(mut self, retry: crate::Retry) -> Self {
            self.wiring.retry = retry;
            self
        }

        /// Hands this function a notice of each retry, before its wait. It runs on a thread of its own, so that it never blocks a call;
        /// a panic in it is logged.
        ///
        /// ```
        /// # use digicert_one_client::Client;
        /// let builder = Client::builder().on_retry(|notice| eprintln!("{notice}"));
        /// ```
        pub fn on_retry(mut self, observer: impl Fn(&crate::RetryNotice) + Send + Sync + 'static) -> Self {
            let observer = crate::observe::Listener::new(move |notice: &crate::RetryNotice, _| observer(notice));
            self.wiring.retries = Some(observer);
            self
        }

        /// The clock; tests bring a virtual one.
        pub fn clock(mut self, clock: std::sync::Arc<dyn digicert_one_core::Clock>) -> Self {
            self.wiring.clock = clock;
            self
        }

        /// What `User-Agent` says; by default this crate's name and version, nothing about the machine.
        pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
            self.wiring.user_agent = user_agent.into();
            self
        }

        /// The largest body that is collected, in bytes (by default 10 MiB, of CSC 4 MiB). A streamed body has no limit.
        pub fn max_body(mut self, bytes: usize) -> Self {
            self.wiring.max_body = bytes;
            self
        }
    };
}

pub(crate) use wiring_setters;
