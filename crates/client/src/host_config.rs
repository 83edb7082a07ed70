//! The transport configuration for one host.

use std::sync::Arc;

use digicert_one_core::{Connector, Origin, Proxy, ProxyRules, TransportConfig, TrustRoots, diagnosis::TransportInUse};

/// A transport configuration with the proxy of its host.
#[derive(Clone, Debug)]
pub(crate) struct HostConfig {
    pub(crate) config: TransportConfig,
    /// Its description for a diagnosis.
    pub(crate) in_use: Arc<TransportInUse>,
}

impl HostConfig {
    /// The configuration for calls to this origin. A proxy of the transport configuration takes precedence over the rules.
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
        let in_use = Arc::new(in_use.with_capabilities(&connector.capabilities()).with_proxy(proxy));
        Self { config, in_use }
    }

    /// The same with other trust roots.
    pub(crate) fn trusting(&self, connector: &dyn Connector, trust: &TrustRoots) -> Self {
        Self::new(connector, self.config.clone().with_trust(trust.clone()), self.in_use.proxy.clone())
    }
}
