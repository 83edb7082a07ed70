//! Hosts beside the installation's: OAuth servers. One transport for each, without a client identity, and by the proxy of that host.

use std::sync::{Arc, Mutex, PoisonError};

use digicert_one_core::{
    Connector, Origin, ProxyRules, Transport, TransportConfig, TransportError, diagnosis::TransportInUse,
};

use crate::host_config::HostConfig;

/// What transports to other hosts are made with, and those that were made.
#[derive(Debug)]
pub(crate) struct Places {
    config: TransportConfig,
    proxies: ProxyRules,
    known: Mutex<Vec<(Origin, Place)>>,
}

/// A host and how it is reached.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) in_use: Arc<TransportInUse>,
}

impl Places {
    pub(crate) fn new(config: TransportConfig, proxies: ProxyRules) -> Self {
        Self { config, proxies, known: Mutex::default() }
    }

    /// The same configuration, and no transport.
    pub(crate) fn sibling(&self) -> Self {
        Self::new(self.config.clone(), self.proxies.clone())
    }

    /// How this host is reached. A transport that cannot be made is told with what it would have been.
    pub(crate) fn to(
        &self,
        origin: &Origin,
        connector: &dyn Connector,
    ) -> Result<Place, (TransportError, Arc<TransportInUse>)> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, place)) = known.iter().find(|(known, _)| same_place(known, origin)) {
            return Ok(place.clone());
        }
        let HostConfig { config, in_use } = HostConfig::to(Some(origin), connector, &self.config, &self.proxies);
        match connector.connect(&config) {
            Ok(transport) => {
                let place = Place { transport, in_use };
                known.push((origin.clone(), place.clone()));
                Ok(place)
            }
            Err(error) => Err((error, in_use)),
        }
    }
}

/// Whether two origins are the same scheme, host and port, whatever their prefix.
pub fn same_place(one: &Origin, other: &Origin) -> bool {
    one.is_https() == other.is_https() && one.authority() == other.authority()
}
