//! The larger defects: what a broken transport does around a call that the correct one just sends.

use std::collections::HashMap;
use std::future::{Future as _, poll_fn};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use digicert_one_core::{
    ClientIdentity, Delivery, Exchange, HttpVersions, Proxy, ResponseBody, TlsVersion, TlsVersions, Transport,
    TransportConfig, TransportError, TransportErrorKind as Kind,
};
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, COOKIE, HeaderValue, LOCATION, PROXY_AUTHORIZATION, RETRY_AFTER,
    SET_COOKIE, TRANSFER_ENCODING, WWW_AUTHENTICATE,
};
use http::{Method, Request, Uri, Version};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

use super::odd_body::{Begun, Counted};
use super::{Flaw, Pooled, failure, foreign};
use crate::table::Defect;

/// The calls that a defect makes concurrently.
const PLACES: usize = 40;

/// The state of a broken transport.
pub(super) struct Misdeeds {
    flaw: Flaw,
    key: Option<Vec<u8>>,
    file: Option<PathBuf>,
    cookie: Mutex<Option<HeaderValue>>,
    cache: Mutex<HashMap<Uri, Bytes>>,
    is_busy: AtomicBool,
    turn: tokio::sync::Mutex<()>,
    has_ended: AtomicBool,
    in_flight: AtomicUsize,
    /// A clone for each body that is read.
    pub(super) reading: Arc<()>,
    /// The body that was read last.
    last: Mutex<Option<Bytes>>,
    /// The handshakes that calls wait for, by origin.
    dials: Mutex<HashMap<String, watch::Receiver<()>>>,
    places: Semaphore,
    made: Instant,
    six: Semaphore,
    /// The initial state, for another transport next to this one.
    pub(super) config: TransportConfig,
}

impl Misdeeds {
    pub(super) fn new(config: &TransportConfig, flaw: Flaw) -> Result<Self, TransportError> {
        let identity = config.identity();
        if flaw.is(Defect::KeepsOldKeys) {
            static KEPT: Mutex<Vec<ClientIdentity>> = Mutex::new(Vec::new());
            locked(&KEPT).extend(identity.cloned());
        }
        if flaw.is(Defect::ConnectsInAdvance)
            && let Proxy::Http(proxy) = config.proxy()
        {
            let _ = std::net::TcpStream::connect(proxy.authority().map_or("", |authority| authority.as_str()));
        }
        if flaw.is(Defect::ReplacesThePanicHook) {
            std::panic::set_hook(Box::new(|_| ()));
        }
        if flaw.is(Defect::TakesTheLog) {
            let _ = tracing::subscriber::set_global_default(tracing::subscriber::NoSubscriber::default());
        }
        if flaw.is(Defect::ChangesTheDirectory) {
            let _ = std::env::set_current_dir(std::env::temp_dir());
        }
        if flaw.is(Defect::LeaksAThreadForEachTransport) {
            std::thread::spawn(|| {
                loop {
                    std::thread::park();
                }
            });
        }
        let key = identity.filter(|_| flaw.is(Defect::PrintsItsKey));
        let file = identity.filter(|_| flaw.among(&[Defect::LeavesItsKeyFile, Defect::OpensItsKeyFile]));
        Ok(Self {
            flaw,
            key: key.map(|identity| identity.expose_pkcs8(<[u8]>::to_vec)),
            file: file
                .map(|identity| key_file(identity, flaw))
                .transpose()
                .map_err(|error| failure::local(Kind::LocalIdentity, error))?,
            cookie: Mutex::default(),
            cache: Mutex::default(),
            is_busy: AtomicBool::new(false),
            turn: tokio::sync::Mutex::default(),
            has_ended: AtomicBool::new(false),
            in_flight: AtomicUsize::new(0),
            reading: Arc::default(),
            last: Mutex::default(),
            dials: Mutex::default(),
            places: Semaphore::new(PLACES),
            made: Instant::now(),
            six: Semaphore::new(6),
            config: config.clone(),
        })
    }

    pub(super) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// The right to open a connection; or nothing, when another call has just opened one. A defect fails all that wait for a call
    /// that was dropped.
    pub(super) async fn leads(&self, origin: &str) -> Result<Option<Leads>, TransportError> {
        if !self.flaw.is(Defect::SharesFailuresOfHandshakes) {
            return Ok(Some(Leads(None)));
        }
        let waits = locked(&self.dials).get(origin).cloned();
        if let Some(mut dialled) = waits {
            let lost = |_| failure::local(Kind::Interrupted, "the call that was connecting is gone");
            let outcome = dialled.changed().await.map_err(lost);
            locked(&self.dials).remove(origin);
            return outcome.map(|()| None);
        }
        let (leads, dialled) = watch::channel(());
        locked(&self.dials).insert(origin.to_owned(), dialled);
        Ok(Some(Leads(Some(leads))))
    }

    pub(super) fn key(&self) -> Option<&[u8]> {
        self.key.as_deref()
    }

    /// The proxy, with its password.
    pub(super) fn proxy(&self) -> Option<String> {
        match self.config.proxy() {
            Proxy::Http(uri) => Some(uri.to_string()),
            _ => None,
        }
    }

    /// A call of a broken transport.
    pub(super) async fn send(
        &self,
        transport: &Pooled,
        mut request: Request<Bytes>,
        deadline: Instant,
    ) -> Result<Exchange, TransportError> {
        if self.flaw.is(Defect::StaysBusyAfterACancel) && self.is_busy.swap(true, Ordering::Relaxed) {
            return Err(failure::local(Kind::Other, "another call is being made"));
        }
        if self.has_ended.swap(false, Ordering::Relaxed) {
            return Err(
                TransportError::new(Kind::Interrupted, Delivery::Unknown).with_source("the connection has ended")
            );
        }
        let _turn = match self.flaw.among(&[Defect::MakesOneCallAtATime, Defect::HoldsOtherCallsDuringUploads]) {
            true => Some(self.turn().await),
            false => None,
        };
        let takes_places = self.flaw.is(Defect::LosesThePlacesOfDroppedCalls);
        if takes_places && let Ok(place) = self.places.acquire().await {
            place.forget();
        }
        if let (true, Some(body)) =
            (self.flaw.is(Defect::AnswersFromACache), locked(&self.cache).get(request.uri()).cloned())
        {
            let answer = http::Response::new(ResponseBody::full(body));
            return Ok(Exchange::new(answer, digicert_one_core::ConnectionFacts::unknown()));
        }
        let _place = match self.flaw.is(Defect::MakesSixCallsAtATime) {
            true => self.six.acquire().await.ok(),
            false => None,
        };
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        self.prepare(&mut request);
        let deadline = self.limited(deadline);
        let sent = request.clone();
        let mut call = pin!(transport.call(request, deadline));
        let mut first = None;
        let mut outcome = poll_fn(|cx| {
            if self.flaw.is(Defect::KeepsTheFirstWaker) {
                let waker = first.get_or_insert_with(|| cx.waker().clone());
                return call.as_mut().poll(&mut Context::from_waker(waker));
            }
            if self.flaw.is(Defect::NeverSleeps) {
                cx.waker().wake_by_ref();
            }
            match self.flaw.is(Defect::BlocksItsThread) {
                true => Poll::Ready(futures_executor::block_on(call.as_mut())),
                false => call.as_mut().poll(cx),
            }
        })
        .await;
        if outcome.as_ref().is_err_and(|error| self.repeats(&sent, error)) {
            outcome = transport.call(sent.clone(), deadline).await;
        }
        if outcome.as_ref().is_err_and(|error| error.kind() == Kind::Http11Required) && self.falls_back(sent.method()) {
            let config = self.config.clone().with_http_versions(HttpVersions::Http1);
            outcome = Pooled::new(&config, self.flaw)?.call(sent.clone(), deadline).await;
        }
        if outcome.as_ref().is_err_and(|error| self.weakens(error)) {
            let config = self.config.clone().with_tls_versions(TlsVersions::Only(TlsVersion::Tls12));
            outcome = Pooled::new(&config, self.flaw)?.call(sent.clone(), deadline).await;
        }
        if takes_places {
            self.places.add_permits(1);
        }
        self.is_busy.store(false, Ordering::Relaxed);
        let outcome = match outcome {
            Ok(exchange) => self.finish(transport, sent, exchange, deadline).await,
            Err(error) => Err(self.retold(&sent, error)),
        };
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        outcome
    }

    fn prepare(&self, request: &mut Request<Bytes>) {
        if let (true, Some(cookie)) = (self.flaw.is(Defect::KeepsCookies), locked(&self.cookie).clone()) {
            request.headers_mut().insert(COOKIE, cookie);
        }
        if self.flaw.is(Defect::LogsKeys) {
            tracing::debug!("sending {:?}", key_of(request));
        }
        if self.flaw.is(Defect::LogsKeysInTunnels) && !matches!(self.config.proxy(), Proxy::None) {
            tracing::debug!("sending {:?}", key_of(request));
        }
        if self.flaw.is(Defect::SendsProxyPasswordsToServers)
            && let Proxy::Http(proxy) = self.config.proxy()
            && let Some((given, _)) = proxy.authority().and_then(|authority| authority.as_str().split_once('@'))
            && let Ok(password) = HeaderValue::try_from(format!("Basic {}", BASE64.encode(given.as_bytes())))
        {
            request.headers_mut().insert(PROXY_AUTHORIZATION, password);
        }
        if self.flaw.is(Defect::PrintsKeys) {
            #[expect(clippy::print_stderr, reason = "it is the defect")]
            {
                eprintln!("> x-api-key: {}", key_of(request).unwrap_or_default());
            }
        }
        if self.flaw.is(Defect::LeaksMemory) {
            foreign::keep(vec![1_u8; 64 << 10]);
        }
        if self.flaw.is(Defect::LogsUploads) {
            tracing::trace!("sending {:?}", request.body());
        }
        if self.flaw.is(Defect::LeaksThreads) {
            std::thread::spawn(|| {
                loop {
                    std::thread::park();
                }
            });
        }
        if self.flaw.is(Defect::CopiesUploads) {
            static COPIES: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
            locked(&COPIES).extend([request.body().to_vec(), request.body().to_vec()]);
        }
    }

    /// The end of a call, as a defect counts it.
    fn limited(&self, deadline: Instant) -> Instant {
        let timeouts = self.config.timeouts();
        if self.flaw.is(Defect::CountsTheConnectLimitForTheCall) {
            return Instant::now().checked_add(timeouts.connect()).map_or(deadline, |end| end.min(deadline));
        }
        if self.flaw.is(Defect::CountsTheTotalLimitFromTheFirstCall) {
            return self.made.checked_add(timeouts.total()).map_or(deadline, |end| end.min(deadline));
        }
        deadline
    }

    /// Whether a failed call is repeated.
    fn repeats(&self, request: &Request<Bytes>, error: &TransportError) -> bool {
        let interrupted = error.kind() == Kind::Interrupted;
        let method = request.method();
        let is = |defect| self.flaw.is(defect);
        (is(Defect::RepeatsPosts) && interrupted && method == Method::POST)
            || (is(Defect::RepeatsOtherMethods) && interrupted && ![Method::POST, Method::GET].contains(method))
            || (is(Defect::RepeatsGets) && interrupted && method == Method::GET)
            || is(Defect::RepeatsRefusedHandshakes)
            || is(Defect::RepeatsPostsInTunnels) && interrupted && !matches!(self.config.proxy(), Proxy::None)
            || is(Defect::RepeatsGetsOfHttp2)
                && error.delivery() == Delivery::Unknown
                && method == Method::GET
                && self.config.http_versions() != HttpVersions::Http1
    }

    /// Whether a failed handshake is repeated with only TLS 1.2.
    fn weakens(&self, error: &TransportError) -> bool {
        let failed = matches!(error.kind(), Kind::PeerAlert(_) | Kind::Tls | Kind::Interrupted);
        self.flaw.is(Defect::FallsBackToTls12) && failed && error.delivery() == Delivery::NotSent
    }

    /// Whether a request that requires HTTP/1.1 is sent over it without further work.
    fn falls_back(&self, method: &Method) -> bool {
        let get = method == Method::GET;
        self.flaw.is(Defect::RepeatsGetsWhenHttp11IsRequired) && get
            || self.flaw.is(Defect::RepeatsWhenHttp11IsRequired) && !get
    }

    /// The error as a broken transport reports it.
    fn retold(&self, request: &Request<Bytes>, error: TransportError) -> TransportError {
        let anew = |delivery| TransportError::new(error.kind(), delivery).with_facts(error.facts().clone());
        if self.flaw.is(Defect::LeaksMemoryOfFailures) {
            foreign::keep(vec![1_u8; 64 << 10]);
        }
        if self.flaw.is(Defect::DeniesDelivery) {
            return anew(Delivery::NotSent).with_source(error);
        }
        if self.flaw.is(Defect::QuotesKeysInErrors) {
            return anew(error.delivery()).with_source(format!("while sending {:?}", key_of(request)));
        }
        if self.flaw.is(Defect::ForgetsStatusesOfProxies)
            && matches!(error.kind(), Kind::Proxy(_))
            && self.config.identity().is_some()
        {
            return TransportError::new(Kind::Proxy(None), error.delivery()).with_source(error);
        }
        if self.flaw.is(Defect::QuotesUrls) {
            return anew(error.delivery()).with_source(format!("while calling {}", request.uri()));
        }
        error
    }

    /// What a broken transport does with a response.
    async fn finish(
        &self,
        transport: &Pooled,
        mut request: Request<Bytes>,
        mut exchange: Exchange,
        deadline: Instant,
    ) -> Result<Exchange, TransportError> {
        if self.flaw.is(Defect::RepeatsAfterA408) && exchange.response.status() == 408 {
            drop(exchange);
            return transport.call(request, deadline).await;
        }
        if self.flaw.is(Defect::AnswersChallenges)
            && exchange.response.status() == 401
            && exchange.response.headers().get_all(WWW_AUTHENTICATE).iter().any(|challenge| challenge == "Negotiate")
        {
            return transport.call(request, deadline).await;
        }
        let headers = exchange.response.headers();
        if self.flaw.is(Defect::ReadsChunksOfHeads)
            && *request.method() == Method::HEAD
            && headers.contains_key(TRANSFER_ENCODING)
        {
            return Err(TransportError::new(Kind::BodyCut, Delivery::Sent).with_source("there are no chunks"));
        }
        let is_http11 = exchange.response.version() == Version::HTTP_11 && *request.method() == Method::GET;
        if self.flaw.is(Defect::KeepsConnectionsThatEnded) && is_http11 && exchange.response.status() == 200 {
            let is_framed = headers.contains_key(TRANSFER_ENCODING) || headers.contains_key(CONTENT_LENGTH);
            self.has_ended.store(!is_framed, Ordering::Relaxed);
        }
        if self.flaw.is(Defect::WaitsForBodiesInDrop) {
            let (head, body) = exchange.response.into_parts();
            let body = ResponseBody::new(Counted(body, Arc::clone(&self.reading)));
            return Ok(Exchange::new(http::Response::from_parts(head, body), exchange.facts));
        }
        if self.flaw.is(Defect::MixesUpBodies) {
            let (head, body) = exchange.response.into_parts();
            let body = body.collect(usize::MAX).await?;
            let is_alone = self.in_flight.load(Ordering::Relaxed) == 1;
            let other = locked(&self.last).replace(body.clone()).filter(|_| !is_alone);
            let body = ResponseBody::full(other.unwrap_or(body));
            return Ok(Exchange::new(http::Response::from_parts(head, body), exchange.facts));
        }
        if self.flaw.is(Defect::WaitsForTheFirstByte) {
            let (head, mut body) = exchange.response.into_parts();
            let first = body.chunk().await?;
            let body = ResponseBody::new(Begun(first, body));
            return Ok(Exchange::new(http::Response::from_parts(head, body), exchange.facts));
        }
        if self.flaw.is(Defect::TakesA407ForAProxys) && exchange.response.status() == 407 {
            return Err(TransportError::new(Kind::Proxy(Some(407)), Delivery::Sent));
        }
        if self.flaw.is(Defect::HidesEncodings) {
            exchange.response.headers_mut().remove(CONTENT_ENCODING);
        }
        if let Some(cookie) = exchange.response.headers().get(SET_COOKIE) {
            *locked(&self.cookie) = Some(cookie.clone());
        }
        if let Some(target) = self.leads_to(&request, &exchange) {
            *request.uri_mut() = target;
            return transport.call(request, deadline).await;
        }
        if self.flaw.is(Defect::RepeatsMisdirectedRequests)
            && matches!(exchange.response.status().as_u16(), 408 | 421 | 425)
        {
            return transport.call(request, deadline).await;
        }
        let headers = exchange.response.headers();
        if self.flaw.is(Defect::AsksAgainWhenTold)
            && exchange.response.status() == 503
            && headers.contains_key(RETRY_AFTER)
        {
            return transport.call(request, deadline).await;
        }
        if self.flaw.is(Defect::FollowsAlternativeServices)
            && let Some(service) = headers.get("alt-svc").and_then(|service| service.to_str().ok())
        {
            let port = service.split('"').nth(1).and_then(|place| place.trim_start_matches(':').parse().ok());
            let _ = tokio::net::TcpStream::connect(("127.0.0.1", port.unwrap_or(0))).await;
        }
        if self.flaw.is(Defect::CutsErrorBodies) && exchange.response.status().as_u16() >= 400 {
            let (head, body) = exchange.response.into_parts();
            let body = body.collect(usize::MAX).await?;
            let cut = ResponseBody::full(body.slice(..body.len().min(1 << 10)));
            return Ok(Exchange::new(http::Response::from_parts(head, cut), exchange.facts));
        }
        let caches = self.flaw.is(Defect::AnswersFromACache) && exchange.response.headers().contains_key(CACHE_CONTROL);
        if !caches && !self.flaw.is(Defect::BuffersAnswers) {
            return Ok(exchange);
        }
        let (head, body) = exchange.response.into_parts();
        let body = body.collect(usize::MAX).await?;
        if caches {
            locked(&self.cache).insert(request.uri().clone(), body.clone());
        }
        let response = http::Response::from_parts(head, ResponseBody::full(body));
        Ok(Exchange::new(response, exchange.facts))
    }

    /// Where a redirect leads, if the defect follows it. The request is sent there unchanged, with its credentials.
    fn leads_to(&self, request: &Request<Bytes>, exchange: &Exchange) -> Option<Uri> {
        if !exchange.response.status().is_redirection() {
            return None;
        }
        let location = exchange.response.headers().get(LOCATION)?.to_str().ok()?;
        if self.flaw.is(Defect::FollowsRelativeRedirects)
            && request.method() == Method::GET
            && location.starts_with('/')
        {
            let mut parts = request.uri().clone().into_parts();
            parts.path_and_query = Some(location.parse().ok()?);
            return Uri::from_parts(parts).ok();
        }
        let target: Uri = location.parse().ok()?;
        let (from, to) = (request.uri().host()?, target.host()?);
        let is = |defect| self.flaw.is(defect);
        let follows = is(Defect::FollowsRedirects)
            || (is(Defect::FollowsToOtherHosts) && from != to)
            || (is(Defect::FollowsToOtherPorts) && from == to && request.uri().port() != target.port())
            || (is(Defect::FollowsToClearText) && target.scheme_str() == Some("http"))
            || (is(Defect::FollowsWithinTheInstallation) && (from.ends_with(to) || to.ends_with(from)))
            || (is(Defect::FollowsWithTheBody) && exchange.response.status() == 307);
        follows.then_some(target)
    }
}

/// The right to open a connection that others wait for.
pub(super) struct Leads(Option<watch::Sender<()>>);

impl Leads {
    pub(super) fn done(self) {
        if let Some(leads) = self.0 {
            let _ = leads.send(());
        }
    }
}

impl Drop for Misdeeds {
    fn drop(&mut self) {
        while self.flaw.is(Defect::WaitsForBodiesInDrop) && Arc::strong_count(&self.reading) > 1 {
            std::thread::sleep(Duration::from_millis(5));
        }
        if let Some(file) = self.file.as_ref().filter(|_| !self.flaw.is(Defect::LeavesItsKeyFile)) {
            let _ = std::fs::remove_file(file);
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn key_of(request: &Request<Bytes>) -> Option<&str> {
    std::str::from_utf8(request.headers().get("x-api-key")?.as_bytes()).ok()
}

/// A file for a library that accepts no key from memory.
fn key_file(identity: &ClientIdentity, flaw: Flaw) -> std::io::Result<PathBuf> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let path = std::env::temp_dir().join(format!("broken-{}.pem", NEXT.fetch_add(1, Ordering::Relaxed)));
    identity.expose_key_pem(|pem| std::fs::write(&path, pem))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = if flaw.is(Defect::OpensItsKeyFile) { 0o644 } else { 0o600 };
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))?;
    }
    Ok(path)
}

/// The proxy that is used: the one of the configuration, unless there is a defect.
pub(super) fn proxy(config: &TransportConfig, flaw: Flaw) -> Proxy {
    if flaw.is(Defect::KeepsTheFirstProxy) {
        static FIRST: OnceLock<Proxy> = OnceLock::new();
        return FIRST.get_or_init(|| config.proxy().clone()).clone();
    }
    if flaw.among(&[Defect::IgnoresProxies, Defect::AcceptsProxiesItLacks]) {
        return Proxy::None;
    }
    if flaw.is(Defect::ReadsProxyVariables)
        && let Some(proxy) = std::env::var("HTTPS_PROXY").ok().and_then(|url| Proxy::parse(&url).ok())
    {
        return proxy;
    }
    config.proxy().clone()
}

/// The roots of the machine, if the environment names them.
pub(super) fn system_roots() -> Vec<CertificateDer<'static>> {
    let file = std::env::var_os("SSL_CERT_FILE");
    let roots = file.and_then(|path| CertificateDer::pem_file_iter(path).ok());
    roots.into_iter().flatten().flatten().collect()
}

/// A transport that cannot work, which creating it did not report.
#[derive(Debug)]
pub(super) struct Hollow;

#[async_trait::async_trait]
impl Transport for Hollow {
    async fn send(&self, _: Request<Bytes>) -> Result<Exchange, TransportError> {
        Err(TransportError::new(Kind::TrustRoots, Delivery::NotSent))
    }
}
