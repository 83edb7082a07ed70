//! What every client of ours is put together from: where it calls, over what, and within which limits. The two builders differ only in
//! what they add to it.

use std::sync::Arc;
use std::time::Duration;

use digicert_one_core::{Clock, Code, Connector, Instance, ProxyRules, TransportConfig, TrustRoots};
use http::HeaderValue;

use crate::observe::Listener;
use crate::{Error, ErrorKind, Retry, RetryNotice, SystemClock};

const USER_AGENT: &str = concat!("digicert-one-rust/", env!("CARGO_PKG_VERSION"));
const IDLE_LIMIT: Duration = Duration::from_secs(30);

/// The settings that every builder has.
#[allow(missing_docs, reason = "not for programs")]
#[derive(Debug)]
pub struct Wiring {
    pub instance: Option<Instance>,
    pub connector: Option<Arc<dyn Connector>>,
    pub config: TransportConfig,
    /// Whether roots beside the system's may stand alone where the transport cannot do both.
    pub may_narrow_roots: bool,
    pub proxies: ProxyRules,
    pub clock: Arc<dyn Clock>,
    pub user_agent: String,
    /// In bytes.
    pub max_body: usize,
    pub idle_limit: Duration,
    pub deadline: Option<Duration>,
    pub retry: Retry,
    pub retries: Option<Listener<RetryNotice>>,
}

impl Wiring {
    /// With the defaults.
    #[must_use]
    pub fn new(max_body: usize) -> Self {
        Self {
            instance: None,
            connector: None,
            config: TransportConfig::new(),
            may_narrow_roots: false,
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
    pub fn deadline(&self) -> Duration {
        self.deadline.unwrap_or_else(|| self.config.timeouts().total().saturating_mul(2))
    }

    /// What can be missing or wrong in it; `who` is the client that lacks it. The trust is adapted to what the connector can do.
    pub fn parts(&mut self, who: &str) -> Result<(Instance, Arc<dyn Connector>, HeaderValue), Error> {
        let missing = |what: &str| Error::local(ErrorKind::Config, format!("{who} has no {what}"));
        let user_agent = HeaderValue::from_str(&self.user_agent)
            .map_err(|error| Error::local(ErrorKind::Config, "the user agent is no header value").with_source(error))?;
        let connector = self.connector.clone().ok_or_else(|| missing("connector (the TLS stack)"))?;
        let instance = self.instance.clone().ok_or_else(|| missing("instance (the host)"))?;
        self.adapt_trust(&*connector);
        Ok((instance, connector, user_agent))
    }
}

impl Wiring {
    /// Roots stand beside the system's where the transport can do that. What was set with `trust` or `transport_config` is meant as it
    /// is.
    fn adapt_trust(&mut self, connector: &dyn Connector) {
        let TrustRoots::SystemAnd(roots) = self.config.trust() else { return };
        if !self.may_narrow_roots {
            return;
        }
        let (trust, warning) = TrustRoots::beside_system(roots.clone(), &connector.capabilities());
        if let Some(warning) = warning {
            tracing::warn!(code = %Code::CFG_02, transport = connector.info().name, "{warning}");
        }
        self.config = self.config.clone().with_trust(trust);
    }
}

/// The setters of the builder's `wiring`.
#[doc(hidden)]
#[macro_export]
macro_rules! wiring_setters {
    () => {
        /// The installation to call.
        pub fn instance(mut self, instance: digicert_one_core::Instance) -> Self {
            self.wiring.instance = Some(instance);
            self
        }

        /// Trusts these roots beside the system's; on a transport that cannot do that they stand alone, and a warning says so
        /// ([`TrustRoots::beside_system`](digicert_one_core::TrustRoots::beside_system)).
        pub fn roots_beside_system(self, roots: Vec<rustls_pki_types::CertificateDer<'static>>) -> Self {
            let mut builder = self.trust(digicert_one_core::TrustRoots::SystemAnd(roots));
            builder.wiring.may_narrow_roots = true;
            builder
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
            self.wiring.may_narrow_roots = false;
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
            self.wiring.may_narrow_roots = false;
            self
        }

        /// The limits of time of one attempt.
        pub fn timeouts(mut self, timeouts: digicert_one_core::Timeouts) -> Self {
            self.wiring.config = self.wiring.config.with_timeouts(timeouts);
            self
        }

        /// The TLS versions to offer; 1.2 and 1.3 by default.
        pub fn tls_versions(mut self, versions: digicert_one_core::TlsVersions) -> Self {
            self.wiring.config = self.wiring.config.with_tls_versions(versions);
            self
        }

        /// The HTTP versions to offer; 1.1 and 2 by default.
        pub fn http_versions(mut self, versions: digicert_one_core::HttpVersions) -> Self {
            self.wiring.config = self.wiring.config.with_http_versions(versions);
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
        pub fn retry(mut self, retry: $crate::Retry) -> Self {
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
        pub fn on_retry(mut self, observer: impl Fn(&$crate::RetryNotice) + Send + Sync + 'static) -> Self {
            let observer = $crate::seam::Listener::new(move |notice: &$crate::RetryNotice, _| observer(notice));
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

#[cfg(test)]
mod tests {
    use digicert_one_core::{Capabilities, Capability, ConnectorInfo, Transport, TransportError};

    use super::*;

    #[derive(Debug)]
    struct Without(Capability);

    impl Connector for Without {
        fn info(&self) -> ConnectorInfo {
            ConnectorInfo::new("without", "none", "none")
        }

        fn capabilities(&self) -> Capabilities {
            Capabilities::all().without(self.0)
        }

        fn connect(&self, _: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
            Err(TransportError::unsupported(self.0, "it connects nowhere"))
        }
    }

    #[test]
    fn roots_are_narrowed_only_where_the_transport_needs_it() {
        let roots = vec![vec![1].into()];
        let beside = TrustRoots::SystemAnd(roots.clone());
        let cases = [
            (Capability::TrustSystemAnd, true, TrustRoots::Only(roots)),
            (Capability::TrustOnly, true, beside.clone()),
            // Asked for as it is: the transport refuses it.
            (Capability::TrustSystemAnd, false, beside.clone()),
        ];
        for (missing, may_narrow_roots, expected) in cases {
            let mut wiring = Wiring::new(0);
            wiring.config = TransportConfig::new().with_trust(beside.clone());
            wiring.may_narrow_roots = may_narrow_roots;
            wiring.adapt_trust(&Without(missing));
            assert_eq!(wiring.config.trust(), &expected, "{missing} {may_narrow_roots}");
        }
    }
}
