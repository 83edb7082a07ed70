//! Defects that depend on one property of a request: its scheme, its address, a header. Another request shows nothing of them.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use data_encoding::BASE64;
use digicert_one_core::{Delivery, Exchange, TransportError, TransportErrorKind as Kind};
use http::header::{AUTHORIZATION, HeaderMap, HeaderValue, LOCATION, RETRY_AFTER};
use http::uri::{PathAndQuery, Scheme, Uri};
use http::{Method, Request, Version};
use tokio::time::Instant;

use super::misdeeds::{Misdeeds, key_of};
use super::{FAR, Flaw, Pooled};
use crate::table::Defect;

/// Whether a defect of clear text alone applies to this address.
pub(super) fn in_clear_text(uri: &Uri, flaw: Flaw, defect: Defect) -> bool {
    uri.scheme() == Some(&Scheme::HTTP) && flaw.is(defect)
}

/// When a call to this address ends at the latest.
pub(super) fn deadline(uri: &Uri, flaw: Flaw, given: Instant) -> Instant {
    if in_clear_text(uri, flaw, Defect::IgnoresTotalInClearText) { Instant::now() + FAR } else { given }
}

/// The user info of the address as a header, and the address without it.
pub(super) fn authorized(request: &mut Request<Bytes>, flaw: Flaw) -> Option<()> {
    let authority = request.uri().authority().filter(|_| flaw.is(Defect::AuthorizesByUserInfo))?;
    let (given, host) = authority.as_str().split_once('@')?;
    let value = HeaderValue::try_from(format!("Basic {}", BASE64.encode(given.as_bytes()))).ok()?;
    let mut parts = request.uri().clone().into_parts();
    parts.authority = Some(host.parse().ok()?);
    *request.uri_mut() = Uri::from_parts(parts).ok()?;
    request.headers_mut().insert(AUTHORIZATION, value);
    Some(())
}

/// Whether a defect refuses the name of the host.
pub(super) fn refuses(uri: &Uri, flaw: Flaw) -> bool {
    flaw.is(Defect::RefusesUnderscores) && uri.host().is_some_and(|host| host.contains('_'))
}

/// The version in which a request of this version is sent.
pub(super) fn version(given: Version, flaw: Flaw) -> Version {
    let obeys = given == Version::HTTP_10 && flaw.is(Defect::ObeysVersionsOfRequests);
    if obeys { given } else { Version::HTTP_11 }
}

/// Waits as long as the server says.
pub(super) async fn waited(headers: HeaderMap, flaw: Flaw) {
    let delay = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    if let Some(delay) = delay.filter(|_| flaw.is(Defect::WaitsAsServersSay)) {
        tokio::time::sleep(Duration::from_secs(delay)).await;
    }
}

/// The target with the quotes of its query as `%27`.
pub(super) fn without_quotes(uri: &Uri) -> Option<PathAndQuery> {
    format!("{}?{}", uri.path(), uri.query()?.replace('\'', "%27")).parse().ok()
}

/// A file that is removed at the end of the call.
pub(super) struct Spool(PathBuf);

impl Spool {
    pub(super) fn of(request: &Request<Bytes>, flaw: Flaw) -> Option<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        if !flaw.is(Defect::SpoolsLargeBodies) || request.body().len() < 256 << 10 {
            return None;
        }
        let path = std::env::temp_dir().join(format!("spool-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        std::fs::write(&path, request.body()).ok().map(|()| Self(path))
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Misdeeds {
    /// What a defect logs of a request.
    pub(super) fn logged(&self, request: &Request<Bytes>) {
        if let (true, Some(value)) = (self.flaw.is(Defect::LogsAuthorizations), request.headers().get(AUTHORIZATION)) {
            tracing::debug!("authorized by {}", String::from_utf8_lossy(value.as_bytes()));
        }
        if in_clear_text(request.uri(), self.flaw, Defect::LogsKeysInClearText) {
            tracing::debug!("sending {:?}", key_of(request));
        }
    }

    /// Whether such a request is repeated when it was lost.
    pub(super) fn repeats_by_request(&self, request: &Request<Bytes>, error: &TransportError) -> bool {
        let is_lost = error.kind() == Kind::Interrupted && error.delivery() == Delivery::Unknown;
        let is_marked = request.headers().contains_key("idempotency-key");
        is_lost
            && (is_marked && self.flaw.is(Defect::RepeatsMarkedRequests)
                || in_clear_text(request.uri(), self.flaw, Defect::RepeatsInClearText))
    }

    /// What a redirect of such a request leads to.
    pub(super) async fn moved(
        &self,
        transport: &Pooled,
        request: &Request<Bytes>,
        exchange: Exchange,
        deadline: Instant,
    ) -> Result<Exchange, TransportError> {
        let target = exchange.response.headers().get(LOCATION).and_then(|value| value.to_str().ok()?.parse().ok());
        let follows = in_clear_text(request.uri(), self.flaw, Defect::FollowsRedirectsInClearText)
            && exchange.response.status().is_redirection();
        let Some(target) = target.filter(|_| follows) else { return Ok(exchange) };
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = Some(target);
        let mut next = Request::new(Bytes::new());
        *next.method_mut() = Method::GET;
        *next.uri_mut() = Uri::from_parts(parts).unwrap_or_default();
        transport.call(next, deadline).await
    }
}
