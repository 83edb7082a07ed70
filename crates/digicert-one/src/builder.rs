//! The builder: a client configured in code.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use digicert_one_client::{Client, ClientBuilder, Error, ErrorKind, Retry};
use digicert_one_core::{
    ApiKey, ClientIdentity, Connector, Credential, Diagnosis, FixedCredential, HttpVersions, Instance, InstanceError,
    ProxyRules, RateLimiter, Timeouts, TlsVersions, TrustRoots, Warning,
};
use rustls_pki_types::CertificateDer;

use crate::one::DigiCertOne;
use crate::transport;

/// Returns a builder for a client that is configured in code.
///
/// ```no_run
/// use digicert_one::ApiKey;
///
/// # async fn example(key: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let one = digicert_one::builder().host("demo.one.digicert.com").api_key(ApiKey::new(key)?).build()?;
/// println!("{}", one.whoami().await?);
/// # Ok(()) }
/// ```
pub fn builder() -> Builder {
    Builder::default()
}

/// Builds a [`DigiCertOne`]. A host and a credential are required; everything else has a default.
///
/// If two settings contradict each other, [`build`](Self::build) returns an error that names both.
#[must_use]
#[derive(Default)]
pub struct Builder {
    host: Option<Host>,
    confirmed: bool,
    api_key: Option<ApiKey>,
    certificate: Option<ClientIdentity>,
    credential: Option<(&'static str, Arc<dyn Credential>)>,
    transport: Option<Arc<dyn Connector>>,
    trust: Option<Trust>,
    proxy: Option<ProxyRules>,
    /// The first pair of settings that were made twice, by the names of both.
    twice: Option<(&'static str, &'static str)>,
    found: FromEnvironment,
    warnings: Vec<Warning>,
    on_warning: Option<OnWarning>,
    engine: Vec<Box<dyn FnOnce(ClientBuilder) -> ClientBuilder + Send>>,
}

type OnWarning = Box<dyn Fn(&Warning) + Send + Sync>;

enum Host {
    Named(String),
    Instance(Instance),
}

impl Host {
    fn setter(&self) -> &'static str {
        match self {
            Self::Named(_) => "host",
            Self::Instance(_) => "instance",
        }
    }
}

enum Trust {
    BesideSystem(Vec<CertificateDer<'static>>),
    Exactly(TrustRoots),
}

impl Trust {
    fn setter(&self) -> &'static str {
        match self {
            Self::BesideSystem(_) => "roots_beside_system",
            Self::Exactly(_) => "trust",
        }
    }
}

/// What the environment provided; settings in code take precedence.
#[derive(Default)]
struct FromEnvironment {
    instance: Option<Instance>,
    credential: Option<Arc<dyn Credential>>,
    roots: Option<Vec<CertificateDer<'static>>>,
    proxy: Option<ProxyRules>,
}

impl Builder {
    #[cfg(feature = "sources")]
    pub(crate) fn found(
        instance: Instance,
        credential: impl Credential,
        roots: Option<&[CertificateDer<'static>]>,
        proxy: ProxyRules,
        warnings: Vec<Warning>,
    ) -> Self {
        let found = FromEnvironment {
            instance: Some(instance),
            credential: Some(Arc::new(credential)),
            roots: roots.map(<[_]>::to_vec),
            proxy: Some(proxy),
        };
        Self { found, warnings, ..Self::default() }
    }

    /// Sets the platform host or its `clientauth.` form, such as `demo.one.digicert.com`; the other is derived.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.note_twice(self.host.as_ref().map(Host::setter), "host");
        self.host = Some(Host::Named(host.into()));
        self
    }

    /// Sets the installation, for private installations with two unrelated hosts ([`Instance::pair`]).
    pub fn instance(mut self, instance: Instance) -> Self {
        self.note_twice(self.host.as_ref().map(Host::setter), "instance");
        self.host = Some(Host::Instance(instance));
        self
    }

    /// Confirms that the [`host`](Self::host) is right although it resembles a public one.
    pub fn confirm_host(mut self) -> Self {
        self.confirmed = true;
        self
    }

    /// Uses this API key, on the platform host.
    pub fn api_key(mut self, key: ApiKey) -> Self {
        self.note_twice(self.api_key.as_ref().map(|_| "api_key"), "api_key");
        self.api_key = Some(key);
        self
    }

    /// Uses this client certificate, on the `clientauth.` host; together with an [`api_key`](Self::api_key),
    /// uses both.
    pub fn client_certificate(mut self, identity: ClientIdentity) -> Self {
        self.note_twice(self.certificate.as_ref().map(|_| "client_certificate"), "client_certificate");
        self.certificate = Some(identity);
        self
    }

    /// Uses this credential, which is asked at each call.
    pub fn credential(self, credential: impl Credential) -> Self {
        self.any_credential("credential", Arc::new(credential))
    }

    /// Watches this source: changes are used from the next call on, without a restart.
    ///
    /// ```no_run
    /// use digicert_one::credentials::DirectorySource;
    ///
    /// # fn example() -> Result<(), digicert_one::Error> {
    /// let secret = DirectorySource::new("/run/secrets/digicert-one");
    /// let one = digicert_one::builder().host("one.digicert.com").watch(secret).build()?;
    /// # Ok(()) }
    /// ```
    #[cfg(feature = "sources")]
    pub fn watch(self, source: impl digicert_one_credentials::Source) -> Self {
        let (clock, options) = (digicert_one_client::SystemClock::new(), digicert_one_credentials::WatchOptions::new());
        let watching = digicert_one_credentials::WatchingCredential::lazy(Arc::new(source), Arc::new(clock), options);
        self.any_credential("watch", Arc::new(watching))
    }

    fn any_credential(mut self, setter: &'static str, credential: Arc<dyn Credential>) -> Self {
        self.note_twice(self.credential.as_ref().map(|(setter, _)| *setter), setter);
        self.credential = Some((setter, credential));
        self
    }

    /// Sets the TLS stack: one of [`transport`](crate::transport), or any other. The default is the first
    /// that is compiled in.
    pub fn transport(mut self, connector: impl Connector) -> Self {
        self.note_twice(self.transport.as_ref().map(|_| "transport"), "transport");
        self.transport = Some(Arc::new(connector));
        self
    }

    /// Trusts these roots in addition to the system's; a transport that does not support that trusts only
    /// these, with a warning.
    pub fn roots_beside_system(mut self, roots: Vec<CertificateDer<'static>>) -> Self {
        self.note_twice(self.trust.as_ref().map(Trust::setter), "roots_beside_system");
        self.trust = Some(Trust::BesideSystem(roots));
        self
    }

    /// Trusts exactly these roots.
    pub fn trust(mut self, trust: TrustRoots) -> Self {
        self.note_twice(self.trust.as_ref().map(Trust::setter), "trust");
        self.trust = Some(Trust::Exactly(trust));
        self
    }

    /// Trusts exactly the roots of Mozilla's list, as [`mozilla_roots`](crate::mozilla_roots) returns them. Roots of the environment
    /// (`DC_CA_FILE`, `SM_CA_FILE`) are then not used.
    #[cfg(feature = "mozilla-roots")]
    pub fn mozilla_roots(self) -> Self {
        self.trust(crate::mozilla_roots())
    }

    /// Sets which hosts are called through which proxy. None by default, unless the environment names one
    /// ([`from_env`](Self::from_env)).
    pub fn proxy(mut self, rules: ProxyRules) -> Self {
        self.note_twice(self.proxy.as_ref().map(|_| "proxy"), "proxy");
        self.proxy = Some(rules);
        self
    }

    /// Sets the timeouts of one attempt.
    pub fn timeouts(self, timeouts: Timeouts) -> Self {
        self.engine(move |engine| engine.timeouts(timeouts))
    }

    /// The TLS versions to offer; 1.2 and 1.3 by default.
    pub fn tls_versions(self, versions: TlsVersions) -> Self {
        self.engine(move |engine| engine.tls_versions(versions))
    }

    /// The HTTP versions to offer; 1.1 and 2 by default.
    pub fn http_versions(self, versions: HttpVersions) -> Self {
        self.engine(move |engine| engine.http_versions(versions))
    }

    /// The limit of a whole call: all attempts and the waits between them.
    pub fn deadline(self, deadline: Duration) -> Self {
        self.engine(move |engine| engine.deadline(deadline))
    }

    /// Sets when calls are retried.
    pub fn retry(self, retry: Retry) -> Self {
        self.engine(move |engine| engine.retry(retry))
    }

    /// Sets the rate limiter.
    pub fn rate_limiter(self, limiter: impl RateLimiter) -> Self {
        self.engine(move |engine| engine.rate_limiter(limiter))
    }

    /// Sets a callback for warnings about the credential and the configuration, which runs during
    /// [`build`](Self::build). Without it, warnings go to `tracing`.
    pub fn on_warning(mut self, listener: impl Fn(&Warning) + Send + Sync + 'static) -> Self {
        self.on_warning = Some(Box::new(listener));
        self
    }

    /// Changes all other settings of the client: audit records, reminders, verification of rotations, clocks,
    /// trace context.
    ///
    /// ```
    /// let builder = digicert_one::builder().engine(|engine| engine.verify_rotations().audit(|record| eprintln!("{record}")));
    /// ```
    pub fn engine(mut self, settings: impl FnOnce(ClientBuilder) -> ClientBuilder + Send + 'static) -> Self {
        self.engine.push(Box::new(settings));
        self
    }

    fn note_twice(&mut self, before: Option<&'static str>, now: &'static str) {
        if let Some(before) = before {
            self.twice.get_or_insert((before, now));
        }
    }

    /// Builds the client. Opens no connection and sends nothing.
    ///
    /// # Errors
    /// Returns an error if something is missing, invalid, or contradicts something else (CFG-01 and the codes
    /// of hosts); the text names the settings.
    pub fn build(self) -> Result<DigiCertOne, Error> {
        let wrong = |text: String| Error::local(ErrorKind::Config, text);
        if let Some((first, second)) = self.twice {
            let how = if first == second {
                format!("`{first}` is called twice")
            } else {
                format!("`{first}` and `{second}` are both called")
            };
            return Err(wrong(format!("{how}: call one of them, once")));
        }
        if let Some((setter, _)) = &self.credential
            && (self.api_key.is_some() || self.certificate.is_some())
        {
            let other = if self.api_key.is_some() { "api_key" } else { "client_certificate" };
            return Err(wrong(format!(
                "`{setter}` and `{other}` are both called, and each sets the caller: call one of them"
            )));
        }
        let fixed = match (self.certificate, self.api_key) {
            (Some(identity), Some(key)) => Some(FixedCredential::certificate_and_key(identity, key)),
            (Some(identity), None) => Some(FixedCredential::certificate(identity)),
            (None, Some(key)) => Some(FixedCredential::api_key(key)),
            (None, None) => None,
        };
        let fixed = fixed.map(|credential| Arc::new(credential) as Arc<dyn Credential>);
        let credential = fixed.or(self.credential.map(|(_, credential)| credential)).or(self.found.credential);
        let credential = credential.ok_or_else(|| {
            wrong("missing credential: call `api_key`, `client_certificate`, `credential` or `watch`, or start with `from_env`".to_owned())
        })?;
        let instance = match self.host {
            Some(Host::Named(host)) => named(&host, self.confirmed)?,
            Some(Host::Instance(instance)) => instance,
            None => self.found.instance.ok_or_else(|| {
                wrong(
                    "missing host: call `host`, such as `host(\"demo.one.digicert.com\")`, or start with `from_env`"
                        .to_owned(),
                )
            })?,
        };
        let connector = self.transport.or_else(|| transport::all().into_iter().next()).ok_or_else(|| {
            wrong(
                "missing transport: enable a feature (`rustls`, `reqwest`, `native-tls`, `isahc`) or call `transport`"
                    .to_owned(),
            )
        })?;
        for warning in &self.warnings {
            match &self.on_warning {
                Some(listener) => listener(warning),
                None => tracing::warn!(code = %warning.code, "{warning}"),
            }
        }
        let mut engine = Client::builder().instance(instance).shared_credential(credential).shared_connector(connector);
        if let Some(rules) = self.proxy.or(self.found.proxy) {
            engine = engine.proxy_rules(rules);
        }
        engine = match (self.trust, self.found.roots) {
            (Some(Trust::Exactly(trust)), _) => engine.trust(trust),
            (Some(Trust::BesideSystem(roots)), _) | (None, Some(roots)) => engine.roots_beside_system(roots),
            (None, None) => engine,
        };
        let engine = self.engine.into_iter().fold(engine, |engine, settings| settings(engine));
        engine.build().map(DigiCertOne::from)
    }
}

fn named(host: &str, confirmed: bool) -> Result<Instance, Error> {
    let instance = match Instance::parse(host) {
        Err(error @ InstanceError::Lookalike { .. }) if confirmed => error.confirm(),
        parsed => parsed,
    };
    instance.map_err(|error| {
        let hint = match &error {
            InstanceError::Lookalike { .. } => "; if this host is right, call `confirm_host`",
            _ => "",
        };
        Error::new(ErrorKind::Config, Diagnosis::of(error.code(), format!("`host`: {error}{hint}"))).with_source(error)
    })
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("host", &self.host.as_ref().map(Host::setter))
            .field("api_key", &self.api_key.is_some())
            .field("client_certificate", &self.certificate)
            .field("credential", &self.credential.as_ref().map(|(_, credential)| credential))
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}
