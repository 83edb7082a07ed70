//! Rules about repeated requests: by status and by failure, followed redirects, requests sent twice.

use bytes::Bytes;
use digicert_one_core::{Phase, TransportErrorKind as Kind};
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use http::{Method, Request, StatusCode, Uri};

use crate::rule::Act::Next;
use crate::rule::{Rule, rules};
use crate::transport::Ended;

/// The same request again, after a response of this status.
macro_rules! after_status {
    ($status:literal) => {
        Next(|request, ended| ended.as_ref().is_ok_and(|one| one.response.status() == $status).then(|| request.clone()))
    };
}

/// The same request again, after an error of this kind.
macro_rules! after_error {
    ($kind:pat) => {
        Next(|request, ended| ended.as_ref().is_err_and(|error| matches!(error.kind(), $kind)).then(|| request.clone()))
    };
}

/// The request for a redirect of this status.
macro_rules! redirected {
    ($status:literal) => {
        Next(|request, ended| followed(request, ended, $status))
    };
}

pub(crate) const RULES: &[Rule] = rules! {
    "doubles" "request" Next(|request, ended| ended.is_ok().then(|| request.clone())),
        [Http1 Http2 Tls12 Proxied Identity Body NoBody Reused Later Unsafe Refused Failed], ["REQ-20" "RETRY-20" "REQ-11"];
    "repeats" "after-500" after_status!(500), [Body NoBody], ["RETRY-20"];
    "repeats" "after-502" after_status!(502), [Body NoBody], ["RETRY-20"];
    "repeats" "after-503" after_status!(503), [Body NoBody Http1 Http2 Unsafe], ["RETRY-20" "RETRY-01"];
    "repeats" "after-504" after_status!(504), [Body NoBody], ["RETRY-20"];
    "repeats" "after-429" after_status!(429), [Body NoBody Http1 Http2], ["RETRY-20" "RETRY-02"];
    "repeats" "after-401" after_status!(401), [Body NoBody], ["RETRY-20" "ERR-07"];
    "repeats" "after-403" after_status!(403), [Body NoBody], ["RETRY-20" "ERR-08"];
    "repeats" "after-408" after_status!(408), [Body NoBody Reused], ["RETRY-20" "REPLAY-05"];
    "repeats" "after-421" after_status!(421), [Body NoBody Identity], ["RETRY-20" "REPLAY-05"];
    "repeats" "after-425" after_status!(425), [Body NoBody], ["RETRY-20" "REPLAY-05"];
    "repeats" "after-interrupted" after_error!(Kind::Interrupted), [Http1 Http2 Tls12 Proxied Identity Body NoBody Reused Unsafe Failed], ["RETRY-21" "RETRY-20" "REPLAY-01" "REPLAY-02" "REPLAY-03"];
    "repeats" "after-protocol" after_error!(Kind::Protocol), [Http1 Http2 Body], ["RETRY-22" "ERR-24" "POOL-06"];
    "repeats" "after-alert" after_error!(Kind::PeerAlert(_)), [Http1 Http2 Tls12 Identity], ["RETRY-22" "IDENT-27" "RETRY-07"];
    "repeats" "after-untrusted" after_error!(Kind::PeerUntrusted(_)), [Http1 Http2 Proxied], ["TRUST-02"];
    "repeats" "after-response-timeout" after_error!(Kind::Timeout(Phase::Response)), [Http1 Http2 Body], ["TIME-12" "TIME-03"];
    "repeats" "after-http11-required" after_error!(Kind::Http11Required), [Body NoBody], ["ERR-35"];
    "repeats" "after-proxy-refusal" after_error!(Kind::Proxy(Some(_))), [Http1 Http2], ["RETRY-22" "PROXY-04"];
    "follows" "redirect-301" redirected!(301), [Http1 Http2 Body], ["REDIR-10" "REDIR-20"];
    "follows" "redirect-302" redirected!(302), [Http1 Http2 Body], ["REDIR-10" "REDIR-20"];
    "follows" "redirect-303" redirected!(303), [Http1 Http2 Body], ["REDIR-10" "REDIR-20"];
    "follows" "redirect-307" redirected!(307), [Http1 Http2 Body Unsafe], ["REDIR-10" "REDIR-20"];
    "follows" "redirect-308" redirected!(308), [Http1 Http2 Body Identity], ["REDIR-10" "REDIR-20"];
    "follows" "redirect-with-relative-location" Next(|request, ended| {
        let location = location(ended)?.filter(|location| location.starts_with('/'))?;
        moved(request, &format!("{}://{}{location}", request.uri().scheme_str()?, request.uri().authority()?))
    }), [Http1 Http2 NoBody Body], ["REDIR-20" "REDIR-05"];
    "follows" "redirect-with-get" Next(|request, ended| {
        let mut next = moved(request, location(ended)??)?;
        *next.method_mut() = Method::GET;
        *next.body_mut() = Bytes::new();
        Some(next)
    }), [Body Identity Proxied Reused], ["REDIR-20" "REDIR-10"];
    "returns" "cookie" Next(|request, ended| {
        let cookie = ended.as_ref().ok()?.response.headers().get(SET_COOKIE)?.clone();
        let mut next = request.clone();
        next.headers_mut().insert(COOKIE, cookie);
        Some(next)
    }), [Http1 Http2 Identity], ["REQ-11" "REQ-20"];
    "asks" "without-slash-after-404" Next(|request, ended| {
        let found = ended.as_ref().ok()?.response.status() == StatusCode::NOT_FOUND;
        found.then(|| request.clone())
    }), [Http1 Http2 Body], ["RETRY-20"];
};

/// Where a redirect leads: `Some(None)` without a target.
fn location(ended: &Ended) -> Option<Option<&str>> {
    let response = &ended.as_ref().ok()?.response;
    response.status().is_redirection().then(|| response.headers().get(LOCATION)?.to_str().ok())
}

fn followed(request: &Request<Bytes>, ended: &Ended, status: u16) -> Option<Request<Bytes>> {
    let is = ended.as_ref().is_ok_and(|one| one.response.status() == status);
    if !is {
        return None;
    }
    moved(request, location(ended)??)
}

fn moved(request: &Request<Bytes>, place: &str) -> Option<Request<Bytes>> {
    let mut next = request.clone();
    let place: Uri = place.parse().ok()?;
    place.authority()?;
    *next.uri_mut() = place;
    Some(next)
}
