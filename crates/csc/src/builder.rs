//! Builds a CSC client, and refuses a missing or contradictory setting before the first call.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use digicert_one_client::{AuditRecord, Client, ClientBuilder, Error, ErrorKind, Retry, RetryNotice, TraceContext};
use digicert_one_core::{
    Clock, Connector, HostRole, HttpVersions, Instance, ProxyRules, RateLimiter, RequestTarget, Timeouts, TlsVersions,
    TransportConfig, TrustRoots,
};
use rustls_pki_types::CertificateDer;
use zeroize::Zeroizing;

use crate::client::CscClient;
use crate::credential::{CscCredential, Kind};
use crate::discovery::{Discovery, OAuthEndpoints, place_of};
use crate::inner::Inner;
use crate::session::Session;

/// The base path of CSC. Source: DigiCert, "Document Trust API" (`v0` and `v1` are named; calls in public code use `v1`).
const BASE: &str = "/documentmanager/csc/v1";
/// Signatures, certificates and ids; nothing large.
const MAX_BODY: usize = 4 << 20;
/// A signer approves on a device.
const APPROVAL: Duration = Duration::from_secs(5 * 60);

/// Setters that forward to the builder of the client.
macro_rules! as_of_the_client {
    ($($(#[$doc:meta])+ $name:ident($value:ident: $type:ty);)+) => {
        $($(#[$doc])+
        pub fn $name(mut self, $value: $type) -> Self {
            self.client = self.client.$name($value);
            self
        })+
    };
}

/// Builds a [`CscClient`].
#[must_use = "a builder does nothing until `build`"]
pub struct CscClientBuilder {
    client: ClientBuilder,
    credential: Option<CscCredential>,
    approval: Duration,
    base: String,
    endpoints: Option<OAuthEndpoints>,
    allowed: Vec<String>,
}

impl CscClient {
    /// Starts building a client.
    pub fn builder() -> CscClientBuilder {
        CscClientBuilder::new()
    }
}

impl CscClientBuilder {
    fn new() -> Self {
        Self {
            client: Client::builder().max_body(MAX_BODY),
            credential: None,
            approval: APPROVAL,
            base: BASE.to_owned(),
            endpoints: None,
            allowed: Vec::new(),
        }
    }

    as_of_the_client! {
        /// The installation to call.
        instance(instance: Instance);
        /// Trusts these roots in addition to the system's; a transport that cannot do both trusts them alone, and logs a warning
        /// ([`TrustRoots::beside_system`]).
        roots_beside_system(roots: Vec<CertificateDer<'static>>);
        /// The TLS stack.
        connector(connector: impl Connector);
        /// As [`connector`](Self::connector), for a shared one.
        shared_connector(connector: Arc<dyn Connector>);
        /// Trust, timeouts, versions, names and proxy of every transport. Must not hold an identity: CSC is called without one.
        transport_config(config: TransportConfig);
        /// The proxy for each host. A proxy in the transport configuration takes precedence, and is used for every host.
        proxy_rules(rules: ProxyRules);
        /// The roots to trust.
        trust(trust: TrustRoots);
        /// The timeouts of one attempt.
        timeouts(timeouts: Timeouts);
        /// The TLS versions to offer; 1.2 and 1.3 by default.
        tls_versions(versions: TlsVersions);
        /// The HTTP versions to offer; 1.1 and 2 by default.
        http_versions(versions: HttpVersions);
        /// The deadline of a whole call until the head of its response: all attempts, the delays between them, and the waits for the
        /// rate limiter and for a token. By default twice the timeout of one attempt ([`timeouts`](Self::timeouts)), so two minutes.
        deadline(deadline: Duration);
        /// The idle timeout of a response body (30 seconds by default).
        idle_timeout(limit: Duration);
        /// The retry policy.
        retry(retry: Retry);
        /// Calls this function with a notice of each retry, as [`ClientBuilder::on_retry`] does.
        on_retry(observer: impl Fn(&RetryNotice) + Send + Sync + 'static);
        /// The rate limiter, as [`ClientBuilder::rate_limiter`]. All tokens of a client count as one caller; requests for a token are not
        /// limited.
        rate_limiter(limiter: impl RateLimiter);
        /// Calls this function with an audit record of each call, including those for a token, as [`ClientBuilder::audit`] does.
        audit(listener: impl Fn(&AuditRecord) + Send + Sync + 'static);
        /// Sends a W3C `traceparent` with each request, as [`ClientBuilder::trace_context`].
        trace_context(current: impl Fn() -> Option<TraceContext> + Send + Sync + 'static);
        /// The clock; a virtual one in tests.
        clock(clock: Arc<dyn Clock>);
        /// The `User-Agent`; by default the client's name and version, nothing about the machine.
        user_agent(user_agent: impl Into<String>);
        /// The largest body that is collected, in bytes (by default 4 MiB).
        max_body(bytes: usize);
    }

    /// The credential.
    pub fn credential(mut self, credential: CscCredential) -> Self {
        self.credential = Some(credential);
        self
    }

    /// The deadline of [`credentials_authorize`](CscClient::credentials_authorize), which a signer may have to approve: 5 minutes by
    /// default.
    pub fn approval_limit(mut self, limit: Duration) -> Self {
        self.approval = limit;
        self
    }

    /// The base path of CSC at the installation: `/documentmanager/csc/v1` by default.
    pub fn base_path(mut self, path: impl Into<String>) -> Self {
        self.base = path.into();
        self
    }

    /// The OAuth server, instead of the one that `info` names. Its hosts are trusted with client secret and tokens.
    pub fn oauth_endpoints(mut self, endpoints: OAuthEndpoints) -> Self {
        self.endpoints = Some(endpoints);
        self
    }

    /// Lets `info` name an OAuth server on this host (`https://host[:port]` or `host[:port]`), beside the platform's own. Client
    /// secret and tokens go there.
    pub fn allow_oauth_host(mut self, host: impl Into<String>) -> Self {
        self.allowed.push(host.into());
        self
    }

    /// Builds the client. Opens no connection.
    ///
    /// # Errors
    /// A missing instance, credential or connector; an identity in the transport configuration; an invalid user agent, base path or allowed
    /// host.
    pub fn build(self) -> Result<CscClient, Error> {
        let invalid = |text: String| Error::local(ErrorKind::Config, text);
        let base = self.base.trim_end_matches('/').to_owned();
        match RequestTarget::parse(format!("{base}/info")) {
            Ok(target) if target.path() == target.as_str() => {}
            _ => {
                return Err(invalid(
                    "invalid base path of CSC: expected a plain path such as /documentmanager/csc/v1".to_owned(),
                ));
            }
        }
        // One transport serves both kinds of calls; each has its own limit.
        let (client, attempt_timeout, deadline) = self.client.build_for_authorised(self.approval)?;
        let platform = client.instance().origin(HostRole::Platform).map_err(Error::instance)?.clone();
        let CscCredential(kind) =
            self.credential.ok_or_else(|| invalid("missing credential of the CSC client".to_owned()))?;
        let refresh = match &kind {
            Kind::AuthorizationCode { refresh_token: Some(token), .. } => {
                Some(Zeroizing::new(token.expose_text().map_err(Error::credential)?.to_owned()))
            }
            _ => None,
        };
        let allowed = self.allowed.iter().map(|host| place_of(host)).collect::<Result<Vec<_>, _>>()?;
        Ok(CscClient::new(Inner {
            client,
            platform,
            base,
            session: Session::new(kind, refresh),
            discovery: Discovery { given: self.endpoints.map(Arc::new), allowed, found: Mutex::default() },
            attempt_timeout,
            deadline,
            approval: self.approval,
        }))
    }
}

impl fmt::Debug for CscClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CscClientBuilder")
            .field("client", &self.client)
            .field("credential", &self.credential)
            .finish_non_exhaustive()
    }
}
