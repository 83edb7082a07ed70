//! The transport configuration for one host.

use std::sync::Arc;

use digicert_one_core::{Connector, Origin, Proxy, ProxyRules, TransportConfig, TrustRoots, diagnosis::TransportInUse};

/// A transport configuration with the proxy of its host.
#[derive(Clone, Debug)]
pub(crate) struct HostConfig {
    pub(crate) config: Arc<TransportConfig>,
    /// Its description for a diagnosis.
    pub(crate) in_use: Arc<TransportInUse>,
}

impl HostConfig {
    /// The configuration for calls to this origin. A proxy of the transport configuration takes precedence over the rules.
    pub(crate) fn to(
        origin: Option<&Origin>,
        connector: &dyn Connector,
        config: &Arc<TransportConfig>,
        rules: &ProxyRules,
    ) -> Self {
        let same = || Arc::clone(config);
        let Some(origin) = origin else { return Self::new(connector, same(), None) };
        match (config.proxy(), rules.proxy_for(origin)) {
            (Proxy::None, Proxy::None) => Self::new(connector, same(), rules.describe(origin)),
            (Proxy::None, proxy) => {
                let config = TransportConfig::clone(config).with_proxy(proxy.clone());
                Self::new(connector, Arc::new(config), rules.describe(origin))
            }
            (own, _) => {
                let rules = ProxyRules::new(own.clone()).including_loopback();
                Self::new(connector, same(), rules.describe(origin))
            }
        }
    }

    fn new(connector: &dyn Connector, config: Arc<TransportConfig>, proxy: Option<String>) -> Self {
        let in_use = TransportInUse::new(&connector.info(), &config);
        let in_use = Arc::new(in_use.with_capabilities(&connector.capabilities()).with_proxy(proxy));
        Self { config, in_use }
    }

    /// The same with other trust roots.
    pub(crate) fn trusting(&self, connector: &dyn Connector, trust: &TrustRoots) -> Self {
        let config = TransportConfig::clone(&self.config).with_trust(trust.clone());
        Self::new(connector, Arc::new(config), self.in_use.proxy.clone())
    }

    /// Whether the other one is the same.
    pub(crate) fn is_that_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.config, &other.config) && self.in_use.proxy == other.in_use.proxy
    }
}
