//! The larger defects: what a broken transport does around a call that the correct one just sends.

use std::collections::HashMap;
use std::future::{Future as _, poll_fn};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use digicert_one_core::{
    ClientIdentity, Delivery, Exchange, HttpVersions, Proxy, ResponseBody, ServerCertificate, TlsAlert, TlsVersion,
    TlsVersions, Transport, TransportConfig, TransportError, TransportErrorKind as Kind,
};
use http::header::{COOKIE, HeaderValue, PROXY_AUTHORIZATION};
use http::uri::Scheme;
use http::{Method, Request, Uri};
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::by_request::{self, Spool};
use super::link::end_all;
use super::{Flaw, Pooled, failure, foreign, surroundings};
use crate::table::Defect;

/// The calls that a defect makes concurrently.
const PLACES: usize = 40;

/// The state of a broken transport.
pub(super) struct Misdeeds {
    pub(super) flaw: Flaw,
    key: Option<Vec<u8>>,
    file: Option<PathBuf>,
    pub(super) cookie: Mutex<Option<HeaderValue>>,
    pub(super) cache: Mutex<HashMap<Uri, Bytes>>,
    is_busy: AtomicBool,
    turn: tokio::sync::Mutex<()>,
    pub(super) has_ended: AtomicBool,
    pub(super) in_flight: AtomicUsize,
    /// A clone for each body that is read.
    pub(super) reading: Arc<()>,
    /// The body that was read last.
    pub(super) last: Mutex<Option<Bytes>>,
    /// The handshakes that calls wait for, by origin.
    dials: Mutex<HashMap<String, watch::Receiver<()>>>,
    places: Semaphore,
    made: Instant,
    six: Semaphore,
    /// The hosts that asked for HTTPS.
    pub(super) strict: Mutex<Vec<String>>,
    /// The certificates that servers showed first, by origin.
    shown: Mutex<HashMap<String, Option<Arc<ServerCertificate>>>>,
    /// The bodies of a 404, by address.
    pub(super) missing: Mutex<HashMap<Uri, Bytes>>,
    /// Where redirects led for good.
    pub(super) moved: Mutex<HashMap<Uri, Uri>>,
    pub(super) has_lost: AtomicBool,
    /// Whether a server has responded with 407.
    pub(super) was_asked: AtomicBool,
    /// How many calls in a row have failed, by authority.
    failures: Mutex<HashMap<String, usize>>,
    pub(super) last_failure: Mutex<Option<Uri>>,
    /// The alert that was received last.
    pub(super) last_alert: Mutex<Option<TlsAlert>>,
    /// Whether the body of an upload has failed.
    pub(super) has_failed_upload: Arc<AtomicBool>,
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
            foreign::leave_a_thread();
        }
        if flaw.is(Defect::LeaksMemoryForEachTransport) {
            foreign::keep(vec![1_u8; 64 << 10]);
        }
        if flaw.is(Defect::LeaksASocketForEachTransport) {
            foreign::keep(std::net::UdpSocket::bind("127.0.0.1:0").ok());
        }
        let key = identity.filter(|_| flaw.is(Defect::PrintsItsKey));
        let file = identity.filter(|_| flaw.among(&[Defect::LeavesItsKeyFile, Defect::OpensItsKeyFile]));
        Ok(Self {
            flaw,
            key: key.map(|identity| identity.expose_pkcs8(<[u8]>::to_vec)),
            file: file
                .map(|identity| surroundings::key_file(identity, flaw))
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
            strict: Mutex::default(),
            shown: Mutex::default(),
            missing: Mutex::default(),
            moved: Mutex::default(),
            has_lost: AtomicBool::new(false),
            was_asked: AtomicBool::new(false),
            failures: Mutex::default(),
            last_failure: Mutex::default(),
            last_alert: Mutex::default(),
            has_failed_upload: Arc::default(),
            config: config.clone(),
        })
    }

    /// The certificate that is reported for a new connection.
    pub(super) fn shown(&self, origin: &str, own: Option<Arc<ServerCertificate>>) -> Option<Arc<ServerCertificate>> {
        match self.flaw.is(Defect::KeepsTheFirstCertificateOfAServer) {
            true => locked(&self.shown).entry(origin.to_owned()).or_insert(own).clone(),
            false => own,
        }
    }

    /// Whether the last call to a server has failed.
    pub(super) fn has_failed(&self) -> bool {
        !locked(&self.failures).is_empty()
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
        if self.flaw.is(Defect::NeedsSeveralThreads) {
            tokio::task::block_in_place(|| ());
        }
        if self.flaw.is(Defect::StaysBusyAfterACancel) && self.is_busy.swap(true, Ordering::Relaxed) {
            return Err(failure::local(Kind::Other, "another call is being made"));
        }
        if self.has_lost.swap(false, Ordering::Relaxed) {
            return Err(failure::local(Kind::Other, "the host is marked as down"));
        }
        if let Some(body) =
            locked(&self.missing).get(request.uri()).filter(|_| *request.method() == Method::GET).cloned()
        {
            let mut response = http::Response::new(ResponseBody::full(body));
            *response.status_mut() = http::StatusCode::NOT_FOUND;
            return Ok(Exchange::new(response, digicert_one_core::ConnectionFacts::unknown()));
        }
        if let Some(target) =
            locked(&self.moved).get(request.uri()).filter(|_| *request.method() == Method::GET).cloned()
        {
            *request.uri_mut() = target;
        }
        let authority = request.uri().authority().map_or_else(String::new, ToString::to_string);
        if self.flaw.is(Defect::OpensACircuit) && locked(&self.failures).get(&authority).is_some_and(|count| *count > 4)
        {
            return Err(failure::local(Kind::Other, "the circuit is open"));
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
            (self.flaw.is(Defect::ServesFromACache), locked(&self.cache).get(request.uri()).cloned())
        {
            let response = http::Response::new(ResponseBody::full(body));
            return Ok(Exchange::new(response, digicert_one_core::ConnectionFacts::unknown()));
        }
        let _place = match self.flaw.is(Defect::MakesSixCallsAtATime) {
            true => self.six.acquire().await.ok(),
            false => None,
        };
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        let mut left = foreign::Left::of(self.flaw);
        self.prepare(&mut request);
        by_request::authorized(&mut request, self.flaw);
        self.logged(&request);
        let _spool = Spool::of(&request, self.flaw);
        let deadline = by_request::deadline(request.uri(), self.flaw, self.limited(deadline));
        let sent = request.clone();
        let weaker = self.weaker(&authority)?;
        let transport = weaker.as_ref().unwrap_or(transport);
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
        let again = |error: &TransportError| self.repeats(&sent, error) || self.repeats_by_request(&sent, error);
        if outcome.as_ref().is_err_and(again) {
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
        match outcome {
            Ok(_) => drop(locked(&self.failures).remove(&authority)),
            Err(_) => *locked(&self.failures).entry(authority).or_default() += 1,
        }
        if takes_places {
            self.places.add_permits(1);
        }
        self.is_busy.store(false, Ordering::Relaxed);
        let outcome = match outcome {
            Ok(exchange) => match self.moved(transport, &sent, exchange, deadline).await {
                Ok(exchange) => {
                    by_request::waited(exchange.response.headers().clone(), self.flaw).await;
                    self.finish(transport, sent, exchange, deadline).await
                }
                Err(error) => Err(error),
            },
            Err(error) => {
                let is_lost = error.delivery() == Delivery::Unknown;
                self.has_lost.store(is_lost && self.flaw.is(Defect::FailsAfterALoss), Ordering::Relaxed);
                Err(self.retold(&sent, error))
            }
        };
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        left.done();
        outcome
    }

    fn prepare(&self, request: &mut Request<Bytes>) {
        if let (true, Some(cookie)) = (self.flaw.is(Defect::KeepsCookies), locked(&self.cookie).clone()) {
            request.headers_mut().insert(COOKIE, cookie);
        }
        if self.flaw.is(Defect::HonoursTransportSecurity)
            && request.uri().scheme() == Some(&Scheme::HTTP)
            && request.uri().host().is_some_and(|host| locked(&self.strict).iter().any(|one| one == host))
        {
            let mut parts = request.uri().clone().into_parts();
            parts.scheme = Some(Scheme::HTTPS);
            *request.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        }
        if self.flaw.is(Defect::LogsUrls) {
            tracing::debug!("{} {}", request.method(), request.uri());
        }
        if self.flaw.is(Defect::LogsKeys) {
            tracing::debug!("sending {:?}", key_of(request));
        }
        if self.flaw.is(Defect::LogsKeysInTunnels) && !matches!(self.config.proxy(), Proxy::None) {
            tracing::debug!("sending {:?}", key_of(request));
        }
        let is_shown = self.flaw.is(Defect::SendsProxyPasswordsToServers)
            || self.flaw.is(Defect::SendsProxyPasswordsWhenAsked) && self.was_asked.load(Ordering::Relaxed);
        if is_shown
            && let Proxy::Http(proxy) = self.config.proxy()
            && let Some((given, _)) = proxy.authority().and_then(|authority| authority.as_str().split_once('@'))
            && let Ok(password) = HeaderValue::try_from(format!("Basic {}", BASE64.encode(given.as_bytes())))
        {
            request.headers_mut().insert(PROXY_AUTHORIZATION, password);
        }
        if self.flaw.is(Defect::PrintsKeys)
            || self.flaw.is(Defect::PrintsKeysWhereAsked) && std::env::var_os("RUST_LOG").is_some()
        {
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
            foreign::leave_a_thread();
        }
        if self.flaw.is(Defect::CopiesUploads) {
            static COPIES: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());
            locked(&COPIES).extend([request.body().to_vec(), request.body().to_vec()]);
        }
    }

    /// The transport for a server to which a call has failed before.
    fn weaker(&self, authority: &str) -> Result<Option<Pooled>, TransportError> {
        let has_failed = locked(&self.failures).contains_key(authority);
        let offers_both = self.config.tls_versions() == TlsVersions::Both;
        if !has_failed || !offers_both || !self.flaw.is(Defect::OffersTls12AfterFailures) {
            return Ok(None);
        }
        let config = self.config.clone().with_tls_versions(TlsVersions::Only(TlsVersion::Tls12));
        Pooled::new(&config, self.flaw).map(Some)
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
        if self.flaw.is(Defect::EndsOthersWhenDropped) {
            end_all();
        }
        if let Some(file) = self.file.as_ref().filter(|_| !self.flaw.is(Defect::LeavesItsKeyFile)) {
            let _ = std::fs::remove_file(file);
        }
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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

pub(super) fn key_of(request: &Request<Bytes>) -> Option<&str> {
    std::str::from_utf8(request.headers().get("x-api-key")?.as_bytes()).ok()
}
