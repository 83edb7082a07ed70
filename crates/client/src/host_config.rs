//! What transports to one host are made with.

use std::sync::Arc;

use digicert_one_core::{Connector, Origin, Proxy, ProxyRules, TransportConfig, TrustRoots, diagnosis::TransportInUse};

/// A configuration whose proxy is the one of its host.
#[derive(Clone, Debug)]
pub(crate) struct HostConfig {
    pub(crate) config: TransportConfig,
    /// The same for a diagnosis.
    pub(crate) in_use: Arc<TransportInUse>,
}

impl HostConfig {
    /// For calls to this origin. A proxy of the configuration itself counts more than the rules. An origin that there is not is
    /// not called.
    pub(crate) fn to(
        origin: Option<&Origin>,
        connector: &dyn Connector,
        config: &TransportConfig,
        rules: &ProxyRules,
    ) -> Self {
        let Some(origin) = origin else { return Self::new(connector, config.clone(), None) };
        match config.proxy() {
            Proxy::None => {
                let config = config.clone().with_proxy(rules.proxy_for(origin).clone());
                Self::new(connector, config, rules.describe(origin))
            }
            own => {
                let rules = ProxyRules::new(own.clone()).including_loopback();
                Self::new(connector, config.clone(), rules.describe(origin))
            }
        }
    }

    fn new(connector: &dyn Connector, config: TransportConfig, proxy: Option<String>) -> Self {
        let in_use = TransportInUse::new(&connector.info(), &config);
        let in_use = Arc::new(in_use.able(&connector.capabilities()).through(proxy));
        Self { config, in_use }
    }

    /// The same with other trust roots.
    pub(crate) fn trusting(&self, connector: &dyn Connector, trust: &TrustRoots) -> Self {
        Self::new(connector, self.config.clone().with_trust(trust.clone()), self.in_use.proxy.clone())
    }
}
