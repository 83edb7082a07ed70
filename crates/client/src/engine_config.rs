//! The configuration of a client apart from its credential: installation, TLS stack, timeouts, retries.

use std::sync::Arc;
use std::time::Duration;

use digicert_one_core::{Clock, Code, Connector, Instance, ProxyRules, TransportConfig, TrustRoots};
use http::HeaderValue;

use crate::clock::SystemClock;
use crate::error::{Error, ErrorKind};
use crate::observe::RetryNotice;
use crate::observe::listener::Listener;
use crate::retry::Retry;

const USER_AGENT: &str = concat!("digicert-one-rust/", env!("CARGO_PKG_VERSION"));
const IDLE_LIMIT: Duration = Duration::from_secs(30);

/// The configuration of all calls and transports.
#[derive(Debug)]
pub(crate) struct EngineConfig {
    pub(crate) instance: Option<Instance>,
    pub(crate) connector: Option<Arc<dyn Connector>>,
    pub(crate) transport: TransportConfig,
    /// Whether additional roots may replace the system's on a transport that cannot do both.
    pub(crate) may_narrow_roots: bool,
    pub(crate) proxies: ProxyRules,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) user_agent: String,
    /// In bytes.
    pub(crate) max_body: usize,
    pub(crate) idle_timeout: Duration,
    pub(crate) deadline: Option<Duration>,
    pub(crate) retry: Retry,
    pub(crate) retries: Option<Listener<RetryNotice>>,
}

impl EngineConfig {
    pub(crate) fn new(max_body: usize) -> Self {
        Self {
            instance: None,
            connector: None,
            transport: TransportConfig::new(),
            may_narrow_roots: false,
            proxies: ProxyRules::default(),
            clock: Arc::new(SystemClock::new()),
            user_agent: USER_AGENT.to_owned(),
            max_body,
            idle_timeout: IDLE_LIMIT,
            deadline: None,
            retry: Retry::new(),
            retries: None,
        }
    }

    /// The deadline of a call.
    pub(crate) fn deadline(&self) -> Duration {
        self.deadline.unwrap_or_else(|| self.transport.timeouts().total().saturating_mul(2))
    }

    /// The required parts, or the error for a missing or invalid one. Adapts the trust roots to the connector.
    pub(crate) fn parts(&mut self, who: &str) -> Result<(Instance, Arc<dyn Connector>, HeaderValue), Error> {
        let missing = |what: &str| Error::local(ErrorKind::Config, format!("{who} has no {what}"));
        let user_agent = HeaderValue::from_str(&self.user_agent)
            .map_err(|error| Error::local(ErrorKind::Config, "invalid User-Agent header value").with_source(error))?;
        let connector = self.connector.clone().ok_or_else(|| missing("connector (the TLS stack)"))?;
        let instance = self.instance.clone().ok_or_else(|| missing("instance (the host)"))?;
        self.adapt_trust(&*connector);
        Ok((instance, connector, user_agent))
    }
}

impl EngineConfig {
    /// Narrows additional roots on a transport that cannot combine them with the system's. Roots set with `trust` or `transport_config`
    /// stay as they are.
    fn adapt_trust(&mut self, connector: &dyn Connector) {
        let TrustRoots::SystemAnd(roots) = self.transport.trust() else { return };
        if !self.may_narrow_roots {
            return;
        }
        let (trust, warning) = TrustRoots::beside_system(roots.clone(), &connector.capabilities());
        if let Some(warning) = warning {
            tracing::warn!(code = %Code::CFG_02, transport = connector.info().name, "{warning}");
        }
        self.transport = self.transport.clone().with_trust(trust);
    }
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
            // Set explicitly: the transport refuses it.
            (Capability::TrustSystemAnd, false, beside.clone()),
        ];
        for (missing, may_narrow_roots, expected) in cases {
            let mut engine = EngineConfig::new(0);
            engine.transport = TransportConfig::new().with_trust(beside.clone());
            engine.may_narrow_roots = may_narrow_roots;
            engine.adapt_trust(&Without(missing));
            assert_eq!(engine.transport.trust(), &expected, "{missing} {may_narrow_roots}");
        }
    }
}
