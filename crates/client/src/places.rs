//! Transports to hosts other than the installation's, such as OAuth servers: one for each, without a client identity, through the proxy of
//! that host.

use std::sync::{Arc, Mutex, PoisonError};

use digicert_one_core::{
    Connector, Origin, ProxyRules, Transport, TransportConfig, TransportError, diagnosis::TransportInUse,
};

use crate::host_config::HostConfig;

/// Creates and keeps transports to other hosts.
#[derive(Debug)]
pub(crate) struct Places {
    config: Arc<TransportConfig>,
    proxies: ProxyRules,
    known: Mutex<Vec<(Origin, OtherHost)>>,
}

/// The transport to another host.
#[derive(Clone, Debug)]
pub(crate) struct OtherHost {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) in_use: Arc<TransportInUse>,
}

impl Places {
    pub(crate) fn new(config: Arc<TransportConfig>, proxies: ProxyRules) -> Self {
        Self { config, proxies, known: Mutex::default() }
    }

    /// The same configuration without transports.
    pub(crate) fn sibling(&self) -> Self {
        Self::new(Arc::clone(&self.config), self.proxies.clone())
    }

    /// The transport to this host. The error comes with a description of the transport.
    pub(crate) fn to(
        &self,
        origin: &Origin,
        connector: &dyn Connector,
    ) -> Result<OtherHost, (TransportError, Arc<TransportInUse>)> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, place)) = known.iter().find(|(known, _)| same_place(known, origin)) {
            return Ok(place.clone());
        }
        let HostConfig { config, in_use } = HostConfig::to(Some(origin), connector, &self.config, &self.proxies);
        match connector.connect(&config) {
            Ok(transport) => {
                let place = OtherHost { transport, in_use };
                known.push((origin.clone(), place.clone()));
                Ok(place)
            }
            Err(error) => Err((error, in_use)),
        }
    }
}

/// Whether two origins have the same scheme, host and port; their prefixes may differ.
pub fn same_place(one: &Origin, other: &Origin) -> bool {
    one.is_https() == other.is_https() && one.authority() == other.authority()
}
