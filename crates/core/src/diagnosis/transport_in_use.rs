//! The transport that makes a call, as far as a remedy depends on it: no remedy recommends what the caller already does.

use crate::{Capabilities, Capability, ConnectorInfo, HttpVersions, TransportConfig, TrustRoots};

/// A transport and what it was configured with. Made once and shared by all calls over it.
///
/// ```no_run
/// use std::time::SystemTime;
///
/// use digicert_one_core::diagnosis::{CallContext, TransportInUse, diagnose_success};
/// use digicert_one_core::{Connector, Mode, TransportConfig};
///
/// # fn example(connector: &dyn Connector, config: &TransportConfig) {
/// let transport = TransportInUse::new(&connector.info(), config).with_capabilities(&connector.capabilities());
/// let context = CallContext::new("demo.one.digicert.com", Mode::Key, SystemTime::now()).with_transport(transport);
/// assert!(diagnose_success(&context).is_none());
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TransportInUse {
    /// The short name of the stack.
    pub name: &'static str,
    /// Its TLS engine, as [`ConnectorInfo`] names it.
    pub tls_engine: String,
    /// Whether calls are limited to HTTP/1.1.
    pub http1_only: bool,
    /// Whether trust roots are configured.
    pub own_roots: bool,
    /// The proxy and where its address comes from, without credentials.
    pub proxy: Option<String>,
    /// Whether the stack reports the alert with which a server ends a handshake.
    pub reports_alerts: bool,
}

impl TransportInUse {
    /// The transport that this connector makes of this configuration, without a proxy.
    #[must_use]
    pub fn new(info: &ConnectorInfo, config: &TransportConfig) -> Self {
        Self {
            name: info.name,
            tls_engine: info.tls_engine.clone(),
            http1_only: config.http_versions() == HttpVersions::Http1,
            own_roots: !matches!(config.trust(), TrustRoots::System),
            proxy: None,
            reports_alerts: true,
        }
    }

    /// The same through a proxy, as [`ProxyRules::describe`](crate::ProxyRules::describe) names it.
    #[must_use]
    pub fn with_proxy(self, proxy: Option<String>) -> Self {
        Self { proxy, ..self }
    }

    /// The same of a stack that has these capabilities.
    #[must_use]
    pub fn with_capabilities(self, capabilities: &Capabilities) -> Self {
        Self { reports_alerts: capabilities.has(Capability::AlertDetail), ..self }
    }
}
