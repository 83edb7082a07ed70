//! What a broken transport does with a response: it answers, follows, keeps or alters it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use bytes::Bytes;
use digicert_one_core::{Delivery, Exchange, ResponseBody, TransportError, TransportErrorKind as Kind};
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, LOCATION, RETRY_AFTER, SET_COOKIE, STRICT_TRANSPORT_SECURITY,
    TRANSFER_ENCODING, WWW_AUTHENTICATE,
};
use http::{Method, Request, Uri, Version};
use tokio::time::Instant;

use super::Pooled;
use super::misdeeds::{Misdeeds, locked};
use super::odd_body::{Begun, Counted};
use crate::table::Defect;

impl Misdeeds {
    /// What a broken transport does with a response.
    pub(super) async fn finish(
        &self,
        transport: &Pooled,
        mut request: Request<Bytes>,
        mut exchange: Exchange,
        deadline: Instant,
    ) -> Result<Exchange, TransportError> {
        let is_get = *request.method() == Method::GET;
        if self.flaw.is(Defect::RemembersMissing) && is_get && exchange.response.status() == 404 {
            let (head, body) = exchange.response.into_parts();
            let body = body.collect(usize::MAX).await?;
            locked(&self.missing).insert(request.uri().clone(), body.clone());
            return Ok(Exchange::new(http::Response::from_parts(head, ResponseBody::full(body)), exchange.facts));
        }
        if self.flaw.is(Defect::RemembersRedirects)
            && is_get
            && matches!(exchange.response.status().as_u16(), 301 | 308)
            && let Some(place) = exchange.response.headers().get(LOCATION).and_then(|place| place.to_str().ok())
            && let Ok(place) = place.parse::<Uri>()
            && place.authority().is_some()
        {
            locked(&self.moved).insert(request.uri().clone(), place);
        }
        let repeated = [(Defect::RepeatsAfterA408, 408), (Defect::RepeatsWithoutExpectation, 417)];
        if repeated.iter().any(|(defect, status)| self.flaw.is(*defect) && exchange.response.status() == *status) {
            drop(exchange);
            return transport.call(request, deadline).await;
        }
        if self.flaw.is(Defect::TakesA205ForEmpty) && exchange.response.status() == 205 {
            exchange.response = exchange.response.map(|_| ResponseBody::empty());
        }
        if self.flaw.is(Defect::AnswersChallenges)
            && exchange.response.status() == 401
            && exchange.response.headers().get_all(WWW_AUTHENTICATE).iter().any(|challenge| challenge == "Negotiate")
        {
            return transport.call(request, deadline).await;
        }
        if exchange.response.status() == 407 {
            self.was_asked.store(true, Ordering::Relaxed);
        }
        let headers = exchange.response.headers();
        if headers.contains_key(STRICT_TRANSPORT_SECURITY) {
            locked(&self.strict).extend(request.uri().host().map(str::to_owned));
        }
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
        let caches = self.flaw.is(Defect::ServesFromACache) && exchange.response.headers().contains_key(CACHE_CONTROL);
        let buffers = exchange.response.status().as_u16() >= 400 && self.flaw.is(Defect::BuffersErrors);
        if !caches && !buffers && !self.flaw.is(Defect::BuffersResponses) {
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
            || (is(Defect::FollowsRedirectsOfHeads) && request.method() == Method::HEAD)
            || (is(Defect::FollowsMultipleChoices) && exchange.response.status() == 300)
            || (is(Defect::FollowsToOtherHosts) && from != to)
            || (is(Defect::FollowsToOtherPorts) && from == to && request.uri().port() != target.port())
            || (is(Defect::FollowsToClearText) && target.scheme_str() == Some("http"))
            || (is(Defect::FollowsWithinTheInstallation) && (from.ends_with(to) || to.ends_with(from)))
            || (is(Defect::FollowsWithTheBody) && exchange.response.status() == 307);
        follows.then_some(target)
    }
}
