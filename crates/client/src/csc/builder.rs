//! Puts a CSC client together and refuses what is missing or contradictory before the first call.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use digicert_one_core::{
    Clock, Connector, HostRole, Instance, ProxyRules, RequestTarget, Timeouts, TransportConfig, TrustRoots,
};
use digicert_one_credentials::Setup;
use http::HeaderValue;
use zeroize::Zeroizing;

use super::CscCredential;
use super::client::{CscClient, Inner};
use super::credential::Kind;
use super::discovery::{Discovery, OAuthEndpoints, place_of};
use super::session::Session;
use super::wire::Wire;
use crate::builder::{IDLE_LIMIT, USER_AGENT};
use crate::{Error, ErrorKind, Retry, SystemClock};

/// Where the calls of CSC stand. Source: DigiCert, "Document Trust API" (`v0` and `v1` are named; calls in public code use `v1`).
const BASE: &str = "/documentmanager/csc/v1";
/// Signatures, certificates and ids; nothing large.
const MAX_BODY: usize = 4 << 20;
/// A signer looks at a device.
const APPROVAL: Duration = Duration::from_secs(5 * 60);

/// Makes a [`CscClient`].
#[must_use = "a builder does nothing until `build`"]
pub struct CscClientBuilder {
    instance: Option<Instance>,
    credential: Option<CscCredential>,
    connector: Option<Arc<dyn Connector>>,
    config: TransportConfig,
    proxies: ProxyRules,
    clock: Arc<dyn Clock>,
    user_agent: String,
    max_body: usize,
    idle_limit: Duration,
    deadline: Option<Duration>,
    approval: Duration,
    retry: Retry,
    base: String,
    endpoints: Option<OAuthEndpoints>,
    allowed: Vec<String>,
}

impl CscClientBuilder {
    pub(super) fn new() -> Self {
        Self {
            instance: None,
            credential: None,
            connector: None,
            config: TransportConfig::new(),
            proxies: ProxyRules::default(),
            clock: Arc::new(SystemClock::new()),
            user_agent: USER_AGENT.to_owned(),
            max_body: MAX_BODY,
            idle_limit: IDLE_LIMIT,
            deadline: None,
            approval: APPROVAL,
            retry: Retry::new(),
            base: BASE.to_owned(),
            endpoints: None,
            allowed: Vec::new(),
        }
    }

    /// The installation to call. CSC is on its platform host.
    pub fn instance(mut self, instance: Instance) -> Self {
        self.instance = Some(instance);
        self
    }

    /// Proof of who is calling.
    pub fn credential(mut self, credential: CscCredential) -> Self {
        self.credential = Some(credential);
        self
    }

    /// Instance, trust roots and proxy rules as they are set up. The credential is given apart.
    pub fn setup(self, setup: &Setup) -> Self {
        let builder = self.instance(setup.instance().clone()).proxy_rules(setup.proxy().rules().clone());
        match setup.roots() {
            Some(roots) => builder.trust(TrustRoots::SystemAnd(roots.to_vec())),
            None => builder,
        }
    }

    /// The TLS stack.
    pub fn connector(self, connector: impl Connector) -> Self {
        self.shared_connector(Arc::new(connector))
    }

    /// As [`connector`](Self::connector), for one that others hold too.
    pub fn shared_connector(mut self, connector: Arc<dyn Connector>) -> Self {
        self.connector = Some(connector);
        self
    }

    /// Trust, limits, versions, names and proxy of every transport. It holds no identity: CSC is called without a client certificate.
    pub fn transport_config(mut self, config: TransportConfig) -> Self {
        self.config = config;
        self
    }

    /// Which host is called through a proxy. A proxy in the transport configuration counts more.
    pub fn proxy_rules(mut self, rules: ProxyRules) -> Self {
        self.proxies = rules;
        self
    }

    /// The roots to trust.
    pub fn trust(mut self, trust: TrustRoots) -> Self {
        self.config = self.config.with_trust(trust);
        self
    }

    /// The limits of time of one attempt.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.config = self.config.with_timeouts(timeouts);
        self
    }

    /// The limit of a whole call, with all attempts, waits and the getting of a token. By default twice the limit of one attempt.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// The limit of a whole [`credentials_authorize`](CscClient::credentials_authorize), which a human being may have to approve: 5
    /// minutes by default.
    pub fn approval_limit(mut self, limit: Duration) -> Self {
        self.approval = limit;
        self
    }

    /// When calls are repeated.
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The clock; tests bring a virtual one.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// What `User-Agent` says; by default this crate's name and version.
    pub fn user_agent(mut self, user_agent: impl Into<String>) -> Self {
        self.user_agent = user_agent.into();
        self
    }

    /// The largest answer that is read, in bytes (4 MiB by default).
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Where the calls of CSC stand below the installation: `/documentmanager/csc/v1` by default.
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

    /// The client. Opens no connection.
    ///
    /// # Errors
    /// Instance, credential or connector missing; an identity in the transport configuration; a user agent, base path or allowed
    /// host that is none.
    pub fn build(self) -> Result<CscClient, Error> {
        let invalid = |text: String| Error::local(ErrorKind::Config, text);
        let missing = |what: &str| invalid(format!("the CSC client has no {what}"));
        if self.config.identity().is_some() {
            return Err(invalid("the transport configuration holds an identity: CSC is called without one".to_owned()));
        }
        let user_agent = HeaderValue::from_str(&self.user_agent)
            .map_err(|error| invalid("the user agent is no header value".to_owned()).with_source(error))?;
        let base = self.base.trim_end_matches('/').to_owned();
        match RequestTarget::parse(format!("{base}/info")) {
            Ok(target) if target.path() == target.as_str() => {}
            _ => {
                return Err(invalid(
                    "the base path of CSC is no plain path such as /documentmanager/csc/v1".to_owned(),
                ));
            }
        }
        let connector = self.connector.ok_or_else(|| missing("connector (the TLS stack)"))?;
        let instance = self.instance.ok_or_else(|| missing("instance (the host)"))?;
        let platform = instance.origin(HostRole::Platform).map_err(Error::instance)?.clone();
        let CscCredential(kind) = self.credential.ok_or_else(|| missing("credential"))?;
        let refresh = match &kind {
            Kind::AuthorizationCode { refresh_token: Some(token), .. } => {
                Some(Zeroizing::new(token.expose_text().map_err(Error::credential)?.to_owned()))
            }
            _ => None,
        };
        let allowed = self.allowed.iter().map(|host| place_of(host)).collect::<Result<Vec<_>, _>>()?;
        let total = self.config.timeouts().total();
        let deadline = self.deadline.unwrap_or_else(|| total.saturating_mul(2));
        // One transport serves both kinds of calls; each has its own limit in here.
        let longest = self.config.timeouts().clone().with_total(total.max(self.approval));
        Ok(CscClient::new(Inner {
            wire: Arc::new(Wire {
                connector,
                config: self.config.with_timeouts(longest),
                proxies: self.proxies,
                transports: Mutex::default(),
                clock: self.clock,
                user_agent,
                total,
                idle_limit: self.idle_limit,
                max_body: self.max_body,
                retry: self.retry,
            }),
            platform,
            base,
            session: Session::new(kind, refresh),
            discovery: Discovery { given: self.endpoints.map(Arc::new), allowed, found: Mutex::default() },
            deadline,
            approval: self.approval,
        }))
    }
}

impl fmt::Debug for CscClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CscClientBuilder")
            .field("instance", &self.instance)
            .field("credential", &self.credential)
            .field("connector", &self.connector)
            .finish_non_exhaustive()
    }
}
