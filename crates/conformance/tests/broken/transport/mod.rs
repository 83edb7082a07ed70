//! A small transport of full habits: hyper's own connections over rustls, HTTP/1.1 and HTTP/2, a pool, a CONNECT proxy. It knows
//! core alone, as a stranger's would. Without a defect it is sound; with one it is that and nothing else.

mod after_failure;
mod after_response;
mod body;
mod by_request;
mod chain;
mod change;
mod dial;
mod failure;
mod foreign;
mod frames;
mod identity;
mod in_setting;
mod link;
mod message;
mod misdeeds;
mod misjudged;
mod odd_body;
mod patched;
mod pool;
mod sessions;
pub(crate) mod sometimes;
mod streams;
mod surroundings;
mod tls;
mod tunnel;
mod upload;
mod verifier;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{
    BoxError, Capabilities, Capability, ConnectionFacts, ConnectorInfo, Delivery, Exchange, HttpVersions, Phase, Proxy,
    Transport, TransportConfig, TransportError, TransportErrorKind as Kind, TrustRoots, UploadBody,
};
use http::Request;
use tokio::time::Instant;

use self::body::{Held, Returning};
pub(crate) use self::change::{At, Change, Ended};
use self::dial::Dialer;
use self::failure::Report;
use self::link::HeadOutcome;
use self::misdeeds::Misdeeds;
use self::pool::Pool;
use self::tls::Tls;
use self::tunnel::Tunnel;
use crate::table::Defect;

/// Which defect a transport has, if any, and whether it knows more kinds of proxies than that of plain HTTP.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flaw(Option<Defect>, bool);

impl Flaw {
    pub(crate) fn is(self, defect: Defect) -> bool {
        self.0 == Some(defect)
    }

    /// Whether it is one of these.
    pub(crate) fn among(self, defects: &[Defect]) -> bool {
        self.0.is_some_and(|defect| defects.contains(&defect))
    }
}

/// Makes transports with one defect, or without.
#[derive(Debug)]
pub(crate) struct Connector(Flaw);

impl Connector {
    pub(crate) fn sound() -> Self {
        Self(Flaw(None, false))
    }

    /// Without a defect, and with proxies of HTTPS and SOCKS.
    pub(crate) fn sound_with_all_proxies() -> Self {
        Self(Flaw(None, true))
    }

    /// A transport in which this is changed.
    #[allow(dead_code, reason = "the listed defects, which are the other test program, need none")]
    pub(crate) fn changed(
        &self,
        config: &TransportConfig,
        change: Arc<dyn Change>,
    ) -> Result<Arc<dyn Transport>, TransportError> {
        Ok(Arc::new(Pooled { change: Some(change), ..Pooled::new(config, self.0)? }))
    }

    pub(crate) fn broken(defect: Defect) -> Self {
        let all_proxies = matches!(
            defect,
            Defect::ShowsIdentitiesToProxies
                | Defect::ResolvesNamesForSocks
                | Defect::ReadsShortRepliesOfSocks
                | Defect::IgnoresCredentialsOfSocks
                | Defect::TrustsAnyProxyOfHttps
        );
        Self(Flaw(Some(defect), all_proxies))
    }
}

impl digicert_one_core::Connector for Connector {
    fn info(&self) -> ConnectorInfo {
        ConnectorInfo::new("broken", "hyper 1", "rustls 0.23 / aws-lc-rs")
    }

    fn capabilities(&self) -> Capabilities {
        let mut lacks = vec![Capability::TrustSystem, Capability::TrustSystemAnd];
        if !self.0.1 {
            lacks.extend([Capability::HttpsProxy, Capability::SocksProxy]);
        }
        let all = lacks.into_iter().fold(Capabilities::all(), Capabilities::without);
        if self.0.is(Defect::DropsIdentitiesItCannotUse) { all.without(Capability::ClientIdentity) } else { all }
    }

    fn connect(&self, config: &TransportConfig) -> Result<Arc<dyn Transport>, TransportError> {
        let is_only = matches!(config.trust(), TrustRoots::Only(_));
        if self.0.is(Defect::TakesUselessRoots) && config.trust().given().is_err()
            || self.0.is(Defect::AcceptsTrustItLacks) && !is_only
        {
            return Ok(Arc::new(misdeeds::Hollow));
        }
        if let Some(made) = self.0.0.and_then(|defect| sometimes::made(config, defect)) {
            return made;
        }
        Ok(Arc::new(Pooled::new(config, self.0)?))
    }
}

/// Ten years: later than any call.
const FAR: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);

/// One identity, one pool.
struct Pooled {
    flaw: Flaw,
    dialer: Dialer,
    pool: Arc<Pool>,
    misdeeds: Misdeeds,
    limit: Duration,
    /// Of the generated transports.
    change: Option<Arc<dyn Change>>,
    calls: AtomicUsize,
}

impl Pooled {
    fn new(config: &TransportConfig, flaw: Flaw) -> Result<Self, TransportError> {
        check(config, flaw)?;
        if flaw.is(Defect::IsCreatedInARuntimeAlone) {
            let _ = tokio::runtime::Handle::current();
        }
        let misdeeds = Misdeeds::new(config, flaw)?;
        let tunnel = match surroundings::proxy(config, flaw) {
            Proxy::Http(uri) => Some(Tunnel::new(&uri, flaw).map_err(|error| failure::local(Kind::Config, error))?),
            _ => None,
        };
        let timeouts = foreign::limits(config.timeouts(), flaw);
        let config = &surroundings::earlier(&config.clone().with_timeouts(timeouts), flaw);
        let limit = config.timeouts().total();
        let pool = Pool::new(config, flaw);
        if flaw.is(Defect::OutlivesItself) {
            std::mem::forget(Arc::clone(&pool));
        }
        let dialer = Dialer::new(config, Tls::new(config, flaw)?, tunnel, flaw);
        Ok(Self { flaw, dialer, pool, misdeeds, limit, change: None, calls: AtomicUsize::new(0) })
    }

    /// When a call that begins now must have ended.
    fn begin(&self) -> Result<Instant, TransportError> {
        if !self.flaw.is(Defect::PanicsWithoutRuntime)
            && let Err(error) = tokio::runtime::Handle::try_current()
        {
            return Err(failure::local(Kind::NoRuntime, error));
        }
        if self.flaw.is(Defect::EndsWithAFailedUpload) && self.misdeeds.has_failed_upload.load(Ordering::Relaxed) {
            return Err(failure::local(Kind::Other, "the body of another call has failed"));
        }
        let now = Instant::now();
        let limit = surroundings::total(self.limit, self.flaw);
        // A limit beyond the range of the clock means unlimited.
        Ok(now.checked_add(limit).unwrap_or(now + FAR))
    }

    /// One request, as a generated transport sends it and reports what came of it.
    async fn changed(&self, change: &dyn Change, request: Request<Bytes>, deadline: Instant) -> Ended {
        let mut at = At::new(&request, self.calls.fetch_add(1, Ordering::Relaxed));
        let mut ended = self.exchange(request.clone(), deadline, &mut at).await;
        if let Some(next) = change.next(&request, &ended, &at) {
            ended = self.exchange(next, deadline, &mut at).await;
        }
        change.ended(ended, &at)
    }

    /// One request.
    async fn call(&self, request: Request<Bytes>, deadline: Instant) -> Ended {
        let mut at = At::new(&request, 0);
        self.exchange(request, deadline, &mut at).await
    }

    /// One request, on a connection of the pool or a new one; `at` notes which.
    async fn exchange(&self, request: Request<Bytes>, deadline: Instant, at: &mut At) -> Ended {
        if self.flaw.is(Defect::DialsForAnyScheme)
            && let (Some("ftp" | "ws"), Some(authority)) = (request.uri().scheme_str(), request.uri().authority())
        {
            let _ = tokio::net::TcpStream::connect(authority.as_str()).await;
        }
        let request = message::outgoing(request, self.flaw)?;
        let joins = self.flaw.is(Defect::JoinsNamesInTunnels) && self.dialer.is_tunnelled();
        let origin = if joins { "any".to_owned() } else { pool::origin(request.uri(), self.flaw) };
        let runtime = tokio::runtime::Handle::current();
        loop {
            let taken = self.pool.take(&origin, &runtime).await;
            let (mut link, ticket) = match taken {
                Some(taken) => taken,
                None => {
                    let Some(leads) = self.misdeeds.leads(&origin).await? else { continue };
                    let alone = self.flaw.is(Defect::ConnectsOneByOne);
                    let _turn = if alone { Some(self.misdeeds.turn().await) } else { None };
                    let mut link = self.dialer.dial(request.uri(), request.headers(), deadline).await?;
                    link.facts.server_certificate = self.misdeeds.shown(&origin, link.facts.server_certificate.take());
                    let ticket = self.pool.adopt(&origin, &link, &runtime);
                    leads.done();
                    (link, ticket)
                }
            };
            let was_used = link.was_used() || self.flaw.is(Defect::CallsEveryConnectionUsed);
            let mut facts = link.facts.clone();
            if was_used && self.flaw.is(Defect::ForgetsUsedConnections) {
                facts = ConnectionFacts::unknown();
            }
            facts.reused = Some(was_used && !self.flaw.is(Defect::CallsEveryConnectionNew));
            if self.flaw.is(Defect::MixesUpFacts) {
                static FIRST: OnceLock<ConnectionFacts> = OnceLock::new();
                facts = FIRST.get_or_init(|| facts).clone();
            }
            let place = in_setting::Place {
                is_tunnelled: self.dialer.is_tunnelled(),
                is_http2: link.is_http2(),
                was_used,
                flaw: self.flaw,
            };
            let (mut facts, mut reported) = place.reported(facts);
            if self.flaw.is(Defect::ForgetsReuseInErrors) {
                reported.reused = Some(false);
            }
            let report = Report::new(reported, self.flaw);
            (at.is_http2, at.facts) = (Some(link.is_http2()), facts.clone());
            let mut altered = place.request(&request);
            if let Some(change) = &self.change {
                altered = change.request(altered, at);
            }
            let mut framed = message::framed(&altered, link.is_http2(), self.flaw)?;
            let hints = message::Hints::watch(&mut framed, self.flaw);
            let taken = framed.body().taken();
            let is_large = request.body().len() > 1 << 20;
            let ignores = self.flaw.is(Defect::IgnoresMissingResponses)
                || self.flaw.is(Defect::IgnoresTotalOverHttp2) && link.is_http2()
                || self.flaw.is(Defect::IgnoresTotalWhileUploading) && is_large;
            let ignores = ignores || was_used && self.flaw.is(Defect::IgnoresTotalOnUsed);
            let limit = (!ignores).then_some(deadline);
            let is_clear = request.uri().scheme_str() == Some("http");
            let limit = match self.flaw.is(Defect::EndsCallsAtTheIdleLimit) {
                true => Some(Instant::now() + self.misdeeds.config.timeouts().pool_idle()),
                false => limit,
            };
            let waits = link.is_shared() && self.flaw.is(Defect::IgnoresTotalWhileWaitingForStreams);
            let limit = limit.filter(|_| !waits);
            let limit = match is_clear && self.flaw.is(Defect::LosesCallsInClearText) {
                true => Some(Instant::now() + Duration::from_millis(250)),
                false => limit,
            };
            match link.send(framed, limit).await {
                HeadOutcome::Response(response) => {
                    if self.flaw.is(Defect::CallsBusyConnectionsUsed) {
                        facts.reused = Some(link.was_used());
                    }
                    link.mark_used();
                    let is_post = request.method() == http::Method::POST;
                    let is_empty = matches!(response.status().as_u16(), 204 | 304);
                    self.pool.heed(response.headers());
                    link.ends_now = is_empty && self.flaw.is(Defect::ClosesConnectionsOfEmptyResponses)
                        || request.method() == http::Method::HEAD && self.flaw.is(Defect::ClosesConnectionsOfHeads)
                        || response.status().as_u16() >= 400 && self.flaw.is(Defect::ClosesConnectionsOfErrors);
                    let is_failure = response.status().as_u16() >= 400;
                    if is_failure && self.flaw.is(Defect::KeepsBodiesOfErrors) {
                        foreign::keep(vec![1_u8; 64 << 10]);
                    }
                    link.stays_open = is_failure && self.flaw.is(Defect::KeepsIdleConnectionsOfErrors)
                        || is_post && self.flaw.is(Defect::KeepsIdleConnectionsOfPosts);
                    let is_early = taken.is_some_and(|taken| !taken.load(Ordering::Relaxed));
                    if is_early && response.status() != http::StatusCode::PAYLOAD_TOO_LARGE {
                        return Err(report.error(Kind::Interrupted, Delivery::Unknown, "the upload was not wanted"));
                    }
                    let incoming = message::incoming(response, self.flaw);
                    if incoming.is_err() && link.is_http2() && self.flaw.is(Defect::ClosesConnectionsOfLargeHeads) {
                        link.end();
                    }
                    let mut response = hints.added(incoming?)?;
                    if self.flaw.is(Defect::UnpacksWhereAsked) && request.headers().contains_key("accept-encoding") {
                        response.headers_mut().remove(http::header::CONTENT_ENCODING);
                    }
                    let (head, inner) = response.into_parts();
                    let restarts = self.flaw.is(Defect::RestartsTheLimitAtTheBody)
                        || was_used && self.flaw.is(Defect::RestartsTheLimitAtTheBodyOnUsed);
                    let deadline = if restarts { self.begin()? } else { deadline };
                    let mut body = Held::new(inner, (self.limit, deadline), report, Returning::new(link, ticket));
                    body.is_failure = is_failure;
                    body.is_encoded = head.headers.contains_key(http::header::CONTENT_ENCODING);
                    let body = foreign::Unmarked::of(odd_body::given(body, self.flaw), self.flaw);
                    let body = odd_body::logging(body, request.uri(), self.flaw);
                    let body = odd_body::measured(body, request.method(), &head.headers, self.flaw);
                    let response = http::Response::from_parts(head, body);
                    return Ok(Exchange::new(response, facts));
                }
                // A pooled connection that ended before it took the request: another one will do.
                HeadOutcome::Failed { unsent: true, .. } if was_used => {}
                HeadOutcome::Failed { .. }
                    if was_used && link.has_read() && self.flaw.is(Defect::RepeatsAfterHalfHeads) => {}
                HeadOutcome::Failed { error, unsent } => {
                    if link.is_http2() && self.flaw.is(Defect::ClosesConnectionsOfResetStreams) {
                        link.end();
                    }
                    return Err(place.failure(report.of_call(error, unsent), is_large));
                }
                HeadOutcome::Lost => {
                    let why = "the connection ended in the moment in which it was given the request";
                    return Err(report.error(Kind::Interrupted, Delivery::Unknown, why));
                }
                HeadOutcome::Late => {
                    if self.flaw.is(Defect::ClosesConnectionsOfLateCalls) {
                        link.end();
                    }
                    if !link.is_http2() && self.flaw.is(Defect::LeavesConnectionsOfLateCalls) {
                        foreign::keep(link);
                    }
                    let why = "the limit of the whole call ran out";
                    let denies = self.flaw.is(Defect::DeniesDeliveryOfLateCalls);
                    let is_put = [http::Method::PUT, http::Method::DELETE].contains(request.method());
                    let denies = denies || is_put && self.flaw.is(Defect::DeniesLatePuts);
                    let delivery = if denies { Delivery::NotSent } else { Delivery::Unknown };
                    return Err(report.error(Kind::Timeout(Phase::Response), delivery, why));
                }
            }
        }
    }
}

/// What this stack lacks it refuses by name.
fn check(config: &TransportConfig, flaw: Flaw) -> Result<(), TransportError> {
    let lacking = match config.trust() {
        TrustRoots::Only(_) => None,
        TrustRoots::System => Some(Capability::TrustSystem),
        _ => Some(Capability::TrustSystemAnd),
    };
    if let Some(lacking) = lacking {
        // An unusable list is the greater fault.
        config.trust().given()?;
        return Err(TransportError::unsupported(lacking, "only given roots"));
    }
    if flaw.is(Defect::TakesAnyProxyForHttp) {
        return Ok(());
    }
    let proxy = config.proxy().address().map_err(|error| {
        let hides = flaw.is(Defect::HidesSchemesOfProxies);
        failure::local(
            Kind::Config,
            if hides { "no kind of proxy that is known".into() } else { BoxError::from(error) },
        )
    })?;
    if let Some(proxy) = proxy.as_ref().filter(|proxy| proxy.scheme().starts_with("socks4")) {
        return Err(failure::local(Kind::Config, format!("no kind of proxy that is known: {}", proxy.scheme())));
    }
    match proxy.map(|proxy| proxy.capability()).filter(|capability| *capability != Capability::HttpProxy) {
        Some(_) if flaw.1 || flaw.is(Defect::AcceptsProxiesItLacks) => Ok(()),
        Some(_) if flaw.is(Defect::RefusesByAnotherName) => Err(TransportError::new(Kind::Config, Delivery::NotSent)),
        Some(lacking) => Err(TransportError::unsupported(lacking, "proxies of plain HTTP alone")),
        None => Ok(()),
    }
}

#[async_trait::async_trait]
impl Transport for Pooled {
    async fn send(&self, request: Request<Bytes>) -> Result<Exchange, TransportError> {
        let deadline = self.begin()?;
        if let Some(change) = &self.change {
            return self.changed(&**change, request, deadline).await;
        }
        if self.flaw.0.is_none() {
            return self.call(request, deadline).await;
        }
        self.misdeeds.send(self, request, deadline).await
    }

    async fn upload(&self, request: Request<UploadBody>) -> Result<Exchange, TransportError> {
        let deadline = match self.flaw.is(Defect::UploadsPanicWithoutRuntime) {
            true => Instant::now() + self.limit,
            false => self.begin()?,
        };
        upload::send(self, request, deadline).await
    }
}

impl fmt::Debug for Pooled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Pooled");
        if self.flaw.is(Defect::PrintsItsKey) {
            out.field("key", &self.misdeeds.key());
        }
        if self.flaw.is(Defect::ShowsItsLastFailure) {
            out.field("last_failure", &self.misdeeds.last_failure);
        }
        if self.flaw.is(Defect::PrintsItsProxy)
            || self.flaw.is(Defect::PrintsItsProxyAfterAFailure) && self.misdeeds.has_failed()
        {
            out.field("proxy", &self.misdeeds.proxy());
        }
        out.finish_non_exhaustive()
    }
}

/// What the configuration wants of ALPN.
fn wants_http2(config: &TransportConfig, flaw: Flaw) -> bool {
    match config.http_versions() {
        HttpVersions::Http1 => flaw.is(Defect::OffersHttp2Anyway),
        _ => !flaw.is(Defect::SpeaksHttp1Alone),
    }
}
