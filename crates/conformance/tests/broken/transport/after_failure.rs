//! What a broken transport does when a call has failed: it repeats the call, or reports something else.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use digicert_one_core::{Delivery, HttpVersions, Phase, Proxy, TransportError, TransportErrorKind as Kind, causes};
use http::{Method, Request};

use super::by_request::in_clear_text;
use super::misdeeds::{Misdeeds, key_of, locked};
use super::{failure, foreign};
use crate::table::Defect;

impl Misdeeds {
    /// Whether a failed call is repeated.
    pub(super) fn repeats(&self, request: &Request<Bytes>, error: &TransportError) -> bool {
        let interrupted = error.kind() == Kind::Interrupted;
        let method = request.method();
        let is = |defect| self.flaw.is(defect);
        let has_stood = error.facts().tls_version.is_some();
        let is_unprocessed = has_stood && interrupted && error.delivery() == Delivery::NotSent;
        (is(Defect::RepeatsPosts) && interrupted && method == Method::POST)
            || (is(Defect::RepeatsOtherMethods) && interrupted && ![Method::POST, Method::GET].contains(method))
            || (is(Defect::RepeatsGets) && interrupted && method == Method::GET)
            || is(Defect::RepeatsRefusedHandshakes)
            || is(Defect::RepeatsRefusedStreams) && is_unprocessed && method != Method::GET
            || is(Defect::RepeatsCalmedStreams) && failure::is_reset_by(error, h2::Reason::ENHANCE_YOUR_CALM)
            || is(Defect::RepeatsRefusedGets) && is_unprocessed && method == Method::GET
            || is(Defect::RepeatsStreamsAboveGoaway) && failure::is_goaway(error)
            || is(Defect::RepeatsPostsInTunnels) && interrupted && !matches!(self.config.proxy(), Proxy::None)
            || is(Defect::RepeatsGetsOfHttp2)
                && error.delivery() == Delivery::Unknown
                && method == Method::GET
                && self.config.http_versions() != HttpVersions::Http1
    }

    /// Whether a failed handshake is repeated with only TLS 1.2.
    pub(super) fn weakens(&self, error: &TransportError) -> bool {
        let failed = matches!(error.kind(), Kind::PeerAlert(_) | Kind::Tls | Kind::Interrupted);
        self.flaw.is(Defect::FallsBackToTls12) && failed && error.delivery() == Delivery::NotSent
    }

    /// Whether a request that requires HTTP/1.1 is sent over it without further work.
    pub(super) fn falls_back(&self, method: &Method) -> bool {
        let get = method == Method::GET;
        self.flaw.is(Defect::RepeatsGetsWhenHttp11IsRequired) && get
            || self.flaw.is(Defect::RepeatsWhenHttp11IsRequired) && !get
    }

    /// The error as a broken transport reports it.
    pub(super) fn retold(&self, request: &Request<Bytes>, error: TransportError) -> TransportError {
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
        if self.flaw.is(Defect::LogsUrlsOfFailures)
            || self.flaw.is(Defect::LogsUrlsOfLateCalls) && matches!(error.kind(), Kind::Timeout(Phase::Response))
        {
            tracing::debug!("failed to call {}", request.uri());
        }
        if self.flaw.is(Defect::PrintsUrlsOfFailures) {
            #[expect(clippy::print_stderr, reason = "it is the defect")]
            {
                eprintln!("failed to call {}", request.uri());
            }
        }
        let is_reset = failure::is_reset_by(&error, h2::Reason::REFUSED_STREAM);
        if is_reset && self.flaw.is(Defect::FailsAfterRefusedStreams) {
            self.has_lost.store(true, Ordering::Relaxed);
        }
        let is_of_stream = causes(&error).any(|cause| cause.is::<h2::Error>());
        if is_of_stream && self.flaw.is(Defect::FlattensErrorsOfStreams)
            || matches!(error.kind(), Kind::Proxy(None)) && self.flaw.is(Defect::FlattensErrorsOfProxies)
        {
            return anew(error.delivery()).with_source(failure::text_of(&error));
        }
        if self.flaw.is(Defect::WrapsTextsOfErrors) {
            return anew(error.delivery()).with_source(failure::Worded::of(&error));
        }
        if let Kind::PeerAlert(alert) = error.kind() {
            *locked(&self.last_alert) = Some(alert);
        }
        let is_late = error.delivery() == Delivery::Unknown;
        if matches!(error.kind(), Kind::PeerAlert(_)) && is_late && self.flaw.is(Defect::LosesLateAlerts) {
            return TransportError::new(Kind::Interrupted, Delivery::Unknown)
                .with_facts(error.facts().clone())
                .with_source(error);
        }
        let earlier = locked(&self.last_alert).filter(|_| self.flaw.is(Defect::TellsTheLastAlert));
        if let (Kind::Interrupted, Some(alert)) = (error.kind(), earlier) {
            let told = TransportError::new(Kind::PeerAlert(alert), error.delivery());
            return told.with_facts(error.facts().clone()).with_source(error);
        }
        *locked(&self.last_failure) = Some(request.uri().clone());
        if self.flaw.is(Defect::DoubtsRefusalsOnUsed)
            && error.facts().reused == Some(true)
            && error.delivery() == Delivery::NotSent
        {
            return anew(Delivery::Unknown).with_source(error);
        }
        let is_of_handshake = error.delivery() == Delivery::NotSent;
        if self.flaw.is(Defect::FlattensErrors) && !is_of_handshake
            || self.flaw.is(Defect::FlattensErrorsOfHandshakes) && is_of_handshake
        {
            return anew(error.delivery()).with_source(failure::text_of(&error));
        }
        if self.flaw.is(Defect::QuotesUrls) || in_clear_text(request.uri(), self.flaw, Defect::QuotesUrlsInClearText) {
            return anew(error.delivery()).with_source(format!("while calling {}", request.uri()));
        }
        error
    }
}
