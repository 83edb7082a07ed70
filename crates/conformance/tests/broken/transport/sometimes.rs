//! Defects of some calls only, as of a transport with a second client for them: those of some methods, those after
//! a failure, those of later transports. All other calls are made by the same code without a defect.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use digicert_one_core::{
    Connector as _, Exchange, HttpVersions, Proxy, Transport, TransportConfig, TransportError, UploadBody,
};
use http::{Method, Request};

use super::Connector;
use crate::table::Defect;

/// The calls that have the defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// PUT, PATCH and DELETE.
    Unsafe,
    /// POST.
    Post,
    /// After a response of success.
    Answered,
    /// After a response of failure.
    Refused,
    /// After a call without a response.
    Failed,
    /// After a call that was dropped.
    Dropped,
    /// Those of each transport but the first of the process.
    Second,
    /// Those of transports with an identity.
    WithIdentity,
    /// Those of transports with a proxy.
    Tunnelled,
    /// Those of transports that may speak HTTP/2.
    OfferingHttp2,
}

/// The defect, and the calls that have it.
fn parts(defect: Defect) -> Option<(Defect, When)> {
    Some(match defect {
        Defect::TrustsAnyIssuerForPuts => (Defect::AcceptsAnyIssuer, When::Unsafe),
        Defect::AcceptsAnyNameForPuts => (Defect::AcceptsAnyName, When::Unsafe),
        Defect::HidesIdentitiesInPuts => (Defect::IgnoresIdentities, When::Unsafe),
        Defect::PutsGoAroundProxies => (Defect::IgnoresProxies, When::Unsafe),
        Defect::IgnoresConnectLimitsOfPuts => (Defect::IgnoresConnectLimits, When::Unsafe),
        Defect::IgnoresTotalOfPuts => (Defect::IgnoresMissingResponses, When::Unsafe),
        Defect::QuotesUrlsOfPuts => (Defect::QuotesUrls, When::Unsafe),
        Defect::LogsBodiesOfPuts => (Defect::LogsUploads, When::Unsafe),
        Defect::KeepsDroppedPuts => (Defect::KeepsDroppedCalls, When::Unsafe),
        Defect::SwallowsShortBodiesOfPuts => (Defect::SwallowsShortBodies, When::Unsafe),
        Defect::FollowsRedirectsOfPuts => (Defect::FollowsRedirects, When::Unsafe),
        Defect::HidesIdentitiesAfterErrors => (Defect::IgnoresIdentities, When::Refused),
        Defect::TrustsAnyIssuerAfterErrors => (Defect::AcceptsAnyIssuer, When::Refused),
        Defect::SwallowsShortBodiesAfterErrors => (Defect::SwallowsShortBodies, When::Refused),
        Defect::TrustsAnyIssuerAfterFailures => (Defect::AcceptsAnyIssuer, When::Failed),
        Defect::GoesAroundProxiesAfterFailures => (Defect::IgnoresProxies, When::Failed),
        Defect::IgnoresConnectLimitsAfterFailures => (Defect::IgnoresConnectLimits, When::Failed),
        Defect::LogsKeysAfterFailures => (Defect::LogsKeys, When::Failed),
        Defect::SwallowsShortBodiesAfterDrops => (Defect::SwallowsShortBodies, When::Dropped),
        Defect::IgnoresTotalAfterDrops => (Defect::IgnoresMissingResponses, When::Dropped),
        Defect::FailsAtEarlyHintsLater => (Defect::FailsAtEarlyHints, When::Answered),
        Defect::ReadsHeadsOfAnySizeLater => (Defect::ReadsHeadsOfAnySize, When::Answered),
        Defect::LosesLastFramesLater => (Defect::LosesLastFrames, When::Answered),
        Defect::TakesLateAlertsForUnsentLater => (Defect::TakesLateAlertsForUnsent, When::Answered),
        Defect::AcceptsAnyNameLater => (Defect::AcceptsAnyName, When::Second),
        Defect::IgnoresTlsVersionsLater => (Defect::IgnoresTlsVersions, When::Second),
        Defect::NamesAddressesInPuts => (Defect::NamesAddresses, When::Unsafe),
        Defect::FollowsAlternativeServicesOfPuts => (Defect::FollowsAlternativeServices, When::Unsafe),
        Defect::TrustsLocalhostForPosts => (Defect::TrustsLocalhost, When::Post),
        Defect::KeepsTheFirstNamesOfPuts => (Defect::KeepsTheFirstNames, When::Unsafe),
        Defect::LosesLastBytesOfPosts => (Defect::LosesLastBytes, When::Post),
        Defect::WrapsLengthsOfPuts => (Defect::WrapsLengths, When::Unsafe),
        Defect::TakesResetsForEndsOfPosts => (Defect::TakesResetsForEnds, When::Post),
        Defect::ReadsHeadsOfAnySizeOfPuts => (Defect::ReadsHeadsOfAnySize, When::Unsafe),
        Defect::MergesEarlyHintsWithIdentities => (Defect::MergesEarlyHints, When::WithIdentity),
        Defect::SendsUsersWithoutColonWithIdentities => (Defect::SendsUsersWithoutColon, When::WithIdentity),
        Defect::TakesResetProxiesForServersWithHttp2 => (Defect::TakesResetProxiesForServers, When::OfferingHttp2),
        Defect::AllowsClockSkewWithIdentities => (Defect::AllowsClockSkew, When::WithIdentity),
        Defect::ClosesConnectionsOfLateCallsWithIdentities => {
            (Defect::ClosesConnectionsOfLateCalls, When::WithIdentity)
        }
        Defect::MixesUpHandshakesInTunnels => (Defect::MixesUpHandshakes, When::Tunnelled),
        Defect::PrintsKeysWithHttp2 => (Defect::PrintsKeys, When::OfferingHttp2),
        Defect::RepeatsWhenHttp11IsRequiredInTunnels => (Defect::RepeatsWhenHttp11IsRequired, When::Tunnelled),
        Defect::LeaksMemoryInTunnels => (Defect::LeaksMemory, When::Tunnelled),
        Defect::RefusesLongChainsInTunnels => (Defect::RefusesLongChains, When::Tunnelled),
        Defect::ShowsTheKeyToProxiesAfterErrors => (Defect::ShowsTheKeyToProxies, When::Refused),
        _ => return None,
    })
}

/// The transport with such a defect.
pub(super) fn made(config: &TransportConfig, defect: Defect) -> Option<Result<Arc<dyn Transport>, TransportError>> {
    let (defect, when) = parts(defect)?;
    Some(Sometimes::around(config, defect, when))
}

/// Two transports with one configuration.
pub(crate) struct Sometimes {
    when: When,
    sound: Arc<dyn Transport>,
    broken: Arc<dyn Transport>,
    answered: AtomicBool,
    refused: AtomicBool,
    failed: AtomicBool,
    dropped: AtomicBool,
    /// Whether this transport has the defect in each call.
    is_broken: bool,
}

impl Sometimes {
    pub(crate) fn around(
        config: &TransportConfig,
        defect: Defect,
        when: When,
    ) -> Result<Arc<dyn Transport>, TransportError> {
        static HAS_MADE: AtomicBool = AtomicBool::new(false);
        let (sound, broken) = (Connector::sound().connect(config)?, Connector::broken(defect).connect(config)?);
        let is_second = HAS_MADE.swap(true, Ordering::Relaxed);
        let is_broken = match when {
            When::Second => is_second,
            When::WithIdentity => config.identity().is_some(),
            When::Tunnelled => *config.proxy() != Proxy::None,
            When::OfferingHttp2 => config.http_versions() != HttpVersions::Http1,
            _ => false,
        };
        let (answered, refused, failed, dropped) = Default::default();
        Ok(Arc::new(Self { when, sound, broken, answered, refused, failed, dropped, is_broken }))
    }

    /// The transport that makes a call of this method.
    fn chosen(&self, method: &Method) -> &dyn Transport {
        let is_broken = match self.when {
            When::Post => *method == Method::POST,
            When::Unsafe => [Method::PUT, Method::PATCH, Method::DELETE].contains(method),
            When::Answered => self.answered.load(Ordering::Relaxed),
            When::Refused => self.refused.load(Ordering::Relaxed),
            When::Failed => self.failed.load(Ordering::Relaxed),
            When::Dropped => self.dropped.load(Ordering::Relaxed),
            When::Second | When::WithIdentity | When::Tunnelled | When::OfferingHttp2 => self.is_broken,
        };
        if is_broken { &*self.broken } else { &*self.sound }
    }

    async fn noted(
        &self,
        call: impl Future<Output = Result<Exchange, TransportError>>,
    ) -> Result<Exchange, TransportError> {
        let mut ending = Ending { dropped: Some(&self.dropped) };
        let ended = call.await;
        ending.dropped = None;
        match &ended {
            Ok(exchange) if exchange.response.status().as_u16() >= 400 => self.refused.store(true, Ordering::Relaxed),
            Ok(_) => self.answered.store(true, Ordering::Relaxed),
            Err(_) => self.failed.store(true, Ordering::Relaxed),
        }
        ended
    }
}

/// Notes a call that is dropped before its end.
struct Ending<'a> {
    dropped: Option<&'a AtomicBool>,
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if let Some(dropped) = self.dropped {
            dropped.store(true, Ordering::Relaxed);
        }
    }
}

#[async_trait::async_trait]
impl Transport for Sometimes {
    async fn send(&self, request: Request<Bytes>) -> Result<Exchange, TransportError> {
        let transport = self.chosen(request.method());
        self.noted(transport.send(request)).await
    }

    async fn upload(&self, request: Request<UploadBody>) -> Result<Exchange, TransportError> {
        let transport = self.chosen(request.method());
        self.noted(transport.upload(request)).await
    }
}

impl fmt::Debug for Sometimes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sometimes").finish_non_exhaustive()
    }
}
