//! Which transport carries a call: one for each identity, made when a lease first brings it. A lease with another identity
//! replaces the transport; the old one lives on in the calls that still use it. A new key alone keeps the transport.

use std::sync::{Arc, Mutex, PoisonError};

use digicert_one_core::{ClientIdentity, Connector, ConnectorInfo, Transport, TransportConfig, TransportError};

/// The live transports of one client: at most one with an identity and one without.
#[derive(Debug)]
pub(crate) struct Generations {
    connector: Arc<dyn Connector>,
    config: TransportConfig,
    live: Mutex<Live>,
}

#[derive(Debug, Default)]
struct Live {
    anonymous: Option<Arc<dyn Transport>>,
    identified: Option<([u8; 32], Arc<dyn Transport>)>,
}

impl Generations {
    pub(crate) fn new(connector: Arc<dyn Connector>, config: TransportConfig) -> Self {
        Self { connector, config, live: Mutex::default() }
    }

    pub(crate) fn connector_info(&self) -> ConnectorInfo {
        self.connector.info()
    }

    /// The transport for this identity, or for calls without one.
    pub(crate) fn transport(&self, identity: Option<&ClientIdentity>) -> Result<Arc<dyn Transport>, TransportError> {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(identity) = identity else {
            if let Some(transport) = &live.anonymous {
                return Ok(Arc::clone(transport));
            }
            let transport = self.connector.connect(&self.config)?;
            live.anonymous = Some(Arc::clone(&transport));
            return Ok(transport);
        };
        let thumbprint = identity.thumbprint();
        if let Some((present, transport)) = &live.identified
            && *present == thumbprint
        {
            return Ok(Arc::clone(transport));
        }
        // Built under the lock: callers that wait here would otherwise each build one, and native-tls takes its time.
        let transport = self.connector.connect(&self.config.clone().with_identity(Some(identity.clone())))?;
        live.identified = Some((thumbprint, Arc::clone(&transport)));
        Ok(transport)
    }
}
