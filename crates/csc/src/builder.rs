//! Puts a CSC client together and refuses what is missing or contradictory before the first call.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use digicert_one_core::{HostRole, RequestTarget};
use zeroize::Zeroizing;

use crate::CscCredential;
use crate::client::{CscClient, Inner};
use crate::credential::Kind;
use crate::discovery::{Discovery, OAuthEndpoints, place_of};
use crate::session::Session;
use crate::wire::Wire;
use digicert_one_client::seam::Wiring;
use digicert_one_client::wiring_setters;
use digicert_one_client::{Error, ErrorKind};

/// Where the calls of CSC stand. Source: DigiCert, "Document Trust API" (`v0` and `v1` are named; calls in public code use `v1`).
const BASE: &str = "/documentmanager/csc/v1";
/// Signatures, certificates and ids; nothing large.
const MAX_BODY: usize = 4 << 20;
/// A signer looks at a device.
const APPROVAL: Duration = Duration::from_secs(5 * 60);

/// Makes a [`CscClient`].
#[must_use = "a builder does nothing until `build`"]
pub struct CscClientBuilder {
    wiring: Wiring,
    credential: Option<CscCredential>,
    approval: Duration,
    base: String,
    endpoints: Option<OAuthEndpoints>,
    allowed: Vec<String>,
}

impl CscClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            wiring: Wiring::new(MAX_BODY),
            credential: None,
            approval: APPROVAL,
            base: BASE.to_owned(),
            endpoints: None,
            allowed: Vec::new(),
        }
    }

    wiring_setters!();

    /// Proof of who is calling.
    pub fn credential(mut self, credential: CscCredential) -> Self {
        self.credential = Some(credential);
        self
    }

    /// The limit of a whole [`credentials_authorize`](CscClient::credentials_authorize), which a human being may have to approve: 5
    /// minutes by default.
    pub fn approval_limit(mut self, limit: Duration) -> Self {
        self.approval = limit;
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
        let Self { mut wiring, .. } = self;
        if wiring.config.identity().is_some() {
            return Err(invalid("the transport configuration holds an identity: CSC is called without one".to_owned()));
        }
        let base = self.base.trim_end_matches('/').to_owned();
        match RequestTarget::parse(format!("{base}/info")) {
            Ok(target) if target.path() == target.as_str() => {}
            _ => {
                return Err(invalid(
                    "the base path of CSC is no plain path such as /documentmanager/csc/v1".to_owned(),
                ));
            }
        }
        let (instance, connector, user_agent) = wiring.parts("the CSC client")?;
        let platform = instance.origin(HostRole::Platform).map_err(Error::instance)?.clone();
        let CscCredential(kind) =
            self.credential.ok_or_else(|| invalid("the CSC client has no credential".to_owned()))?;
        let refresh = match &kind {
            Kind::AuthorizationCode { refresh_token: Some(token), .. } => {
                Some(Zeroizing::new(token.expose_text().map_err(Error::credential)?.to_owned()))
            }
            _ => None,
        };
        let allowed = self.allowed.iter().map(|host| place_of(host)).collect::<Result<Vec<_>, _>>()?;
        let (total, deadline) = (wiring.config.timeouts().total(), wiring.deadline());
        // One transport serves both kinds of calls; each has its own limit in here.
        let longest = wiring.config.timeouts().clone().with_total(total.max(self.approval));
        Ok(CscClient::new(Inner {
            wire: Arc::new(Wire {
                connector,
                config: wiring.config.with_timeouts(longest),
                proxies: wiring.proxies,
                transports: Mutex::default(),
                clock: wiring.clock,
                user_agent,
                total,
                idle_limit: wiring.idle_limit,
                max_body: wiring.max_body,
                retry: wiring.retry,
                retries: wiring.retries,
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
            .field("instance", &self.wiring.instance)
            .field("credential", &self.credential)
            .field("connector", &self.wiring.connector)
            .finish_non_exhaustive()
    }
}
