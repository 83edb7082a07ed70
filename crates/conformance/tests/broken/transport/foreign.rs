//! What other HTTP libraries do on their own: defects of a transport that hands its calls to one of them.

use std::any::Any;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use digicert_one_core::{Proxy, ResponseBody, Timeouts, TlsVersions, TransportConfig, TransportError};
use http::header::{AUTHORIZATION, CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, UPGRADE};
use http::{Method, Request};
use http_body::{Body, Frame, SizeHint};

use super::Flaw;
use crate::table::Defect;

/// The request as it is handed on.
pub(super) fn request(request: &mut Request<Bytes>, flaw: Flaw) {
    if flaw.is(Defect::DropsBodiesOfGets) && *request.method() == Method::GET {
        *request.body_mut() = Bytes::new();
    }
    let standard = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    if flaw.is(Defect::SendsOtherMethodsAsGet)
        && ![&standard[..], &[Method::OPTIONS]].concat().contains(request.method())
    {
        *request.method_mut() = Method::GET;
    }
    let is_untyped = !request.headers().contains_key(CONTENT_TYPE) && !request.body().is_empty();
    if flaw.is(Defect::TakesPostsForForms) && *request.method() == Method::POST && is_untyped {
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
    }
    if flaw.is(Defect::CutsLongValues) {
        for value in request.headers_mut().values_mut().filter(|value| value.len() > 4096) {
            *value = HeaderValue::from_bytes(&value.as_bytes()[..4096]).unwrap_or_else(|_| value.clone());
        }
    }
    if flaw.is(Defect::ReadsNetrc)
        && let Some(host) = request.uri().host()
        && let Some(given) = netrc(host)
        && let Ok(value) = HeaderValue::try_from(format!("Basic {}", BASE64.encode(given.as_bytes())))
    {
        request.headers_mut().insert(AUTHORIZATION, value);
    }
}

/// User and password for this host in the file of the home directory.
fn netrc(host: &str) -> Option<String> {
    let file = Path::new(&std::env::var_os("HOME")?).join(".netrc");
    let text = std::fs::read_to_string(file).ok()?;
    let words: Vec<&str> = text.split_whitespace().skip_while(|word| *word != host).collect();
    let after = |what: &str| words.iter().skip_while(|word| **word != what).nth(1);
    Some(format!("{}:{}", after("login")?, after("password")?))
}

/// The offer to switch to HTTP/2 in clear text.
pub(super) fn offer_upgrade(headers: &mut HeaderMap, is_clear: bool, flaw: Flaw) {
    if flaw.is(Defect::OffersUpgrades) && is_clear {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade, HTTP2-Settings"));
        headers.insert(UPGRADE, HeaderValue::from_static("h2c"));
        headers.insert(HeaderName::from_static("http2-settings"), HeaderValue::from_static("AAMAAABkAAQCAAAAAAIAAAAA"));
    }
}

/// The configuration and the defect of the other client that is used for uploads.
pub(super) fn for_uploads(config: &TransportConfig, flaw: Flaw) -> Option<(TransportConfig, Flaw)> {
    let with = |defect| Some((config.clone(), Flaw(Some(defect), flaw.1)));
    match flaw.0? {
        Defect::UploadsIgnoreTlsVersions => {
            Some((config.clone().with_tls_versions(TlsVersions::default()), Flaw(None, flaw.1)))
        }
        Defect::UploadsGoAroundProxies => Some((config.clone().with_proxy(Proxy::None), Flaw(None, flaw.1))),
        Defect::UploadsSwallowShortResponses => with(Defect::SwallowsShortBodies),
        Defect::UploadsIgnoreStalledResponses => with(Defect::IgnoresStalledBodies),
        Defect::UploadsHideEncodings => with(Defect::DropsContentEncodings),
        Defect::UploadsTrustAnyIssuer => with(Defect::AcceptsAnyIssuer),
        Defect::UploadsAcceptAnyName => with(Defect::AcceptsAnyName),
        Defect::UploadsIgnoreConnectLimits => with(Defect::IgnoresConnectLimits),
        Defect::UploadsTrustExpiredServers => with(Defect::AcceptsExpiredServers),
        Defect::UploadsShowTheKeyToProxies => with(Defect::ShowsTheKeyToProxies),
        Defect::UploadsReadHeadsOfAnySize => with(Defect::ReadsHeadsOfAnySize),
        Defect::UploadsTakeResetsForEnds => with(Defect::TakesResetsForEnds),
        Defect::UploadsMergeSlashes => with(Defect::MergesSlashes),
        Defect::UploadsAskForCompression => with(Defect::AsksForCompression),
        Defect::UploadsLoseSources => with(Defect::LosesSources),
        Defect::UploadsTrustTheFirstRootOnly => with(Defect::TrustsTheFirstRootOnly),
        Defect::UploadsCompareFinalDots => with(Defect::ComparesFinalDots),
        Defect::UploadsPanicAtTheMaximum => with(Defect::PanicsAtTheMaximum),
        Defect::UploadsPanicInDrop => with(Defect::PanicsInDrop),
        Defect::UploadsReplaceAcceptEncoding => with(Defect::ReplacesAcceptEncoding),
        Defect::UploadsIgnorePurposesOfAuthorities => with(Defect::IgnoresPurposesOfAuthorities),
        _ => None,
    }
}

/// The limits as a library with a coarser clock applies them.
pub(super) fn limits(timeouts: &Timeouts, flaw: Flaw) -> Timeouts {
    let each = |limit: Duration| {
        if flaw.is(Defect::RoundsLimitsUp) {
            let more = limit.checked_add(Duration::from_millis(999));
            return more.map_or(limit, |more| Duration::from_secs(more.as_secs()));
        }
        if flaw.is(Defect::RoundsLimitsDown) && limit > Duration::from_secs(1) {
            return Duration::from_secs(limit.as_secs());
        }
        if flaw.is(Defect::CountsLimitsIn32Bits) {
            return Duration::from_millis(limit.as_millis() as u64 & 0xffff_ffff);
        }
        let is_tiny = flaw.is(Defect::TakesTinyLimitsForNone) && limit < Duration::from_millis(1);
        if is_tiny { Duration::MAX } else { limit }
    };
    let is_short = flaw.is(Defect::TakesShortIdleLimitsForNone) && timeouts.pool_idle() < Duration::from_secs(1)
        || flaw.is(Defect::TakesNoIdleTimeForNoLimit) && timeouts.pool_idle().is_zero();
    let idle = if is_short { Duration::from_secs(3600) } else { timeouts.pool_idle() };
    timeouts.clone().with_connect(each(timeouts.connect())).with_total(each(timeouts.total())).with_pool_idle(idle)
}

/// A body without its byte order mark.
pub(super) struct Unmarked {
    inner: ResponseBody,
    has_begun: bool,
}

impl Unmarked {
    pub(super) fn of(inner: ResponseBody, flaw: Flaw) -> ResponseBody {
        let strips = flaw.is(Defect::StripsByteOrderMarks);
        if strips { ResponseBody::new(Self { inner, has_begun: false }) } else { inner }
    }
}

impl Body for Unmarked {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, TransportError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        let Poll::Ready(Some(Ok(frame))) = polled else { return polled };
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        Poll::Ready(Some(Ok(frame.map_data(|data| match is_first && data.starts_with(b"\xef\xbb\xbf") {
            true => data.slice(3..),
            false => data,
        }))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Keeps this for as long as the process runs.
pub(super) fn keep<T: Send + 'static>(thing: T) {
    static KEPT: Mutex<Vec<Box<dyn Any + Send>>> = Mutex::new(Vec::new());
    KEPT.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(thing));
}

/// A thread that stays for as long as the process runs.
pub(super) fn leave_a_thread() {
    std::thread::spawn(|| {
        loop {
            std::thread::park();
        }
    });
}

/// What a call leaves behind when it is dropped.
pub(super) struct Left(Option<Flaw>);

impl Left {
    pub(super) fn of(flaw: Flaw) -> Self {
        let defects =
            [Defect::LeaksMemoryOfDroppedCalls, Defect::LeaksThreadsOfDroppedCalls, Defect::StartsATaskForDroppedCalls];
        Self(Some(flaw).filter(|flaw| flaw.among(&defects)))
    }

    pub(super) fn done(&mut self) {
        self.0 = None;
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        match self.0 {
            Some(flaw) if flaw.is(Defect::LeaksThreadsOfDroppedCalls) => leave_a_thread(),
            Some(flaw) if flaw.is(Defect::StartsATaskForDroppedCalls) => drop(tokio::spawn(async {})),
            Some(_) => keep(vec![1_u8; 64 << 10]),
            None => {}
        }
    }
}

/// What any connection read last, for a defect that shows it.
static LAST_READ: Mutex<Vec<u8>> = Mutex::new(Vec::new());

pub(super) fn note_read(bytes: &[u8]) {
    *LAST_READ.lock().unwrap_or_else(PoisonError::into_inner) = bytes.to_vec();
}

pub(super) fn last_read() -> Vec<u8> {
    LAST_READ.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
