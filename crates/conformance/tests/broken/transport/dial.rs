//! Opens one connection: name, TCP, tunnel, TLS; all within the connect limit, and each failure says which
//! step it was.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use digicert_one_core::{
    ConnectionFacts, Delivery, PeerFault, Phase, TlsVersion, TransportConfig, TransportError,
    TransportErrorKind as Kind,
};
use http::Uri;
use http::header::{HOST, HeaderMap};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use super::failure::Report;
use super::link::Link;
use super::tls::{Tls, Wire};
use super::tunnel::Tunnel;
use super::{Flaw, by_request, foreign};
use crate::table::Defect;

/// How one transport reaches its servers.
pub(super) struct Dialer {
    names: Vec<(String, IpAddr)>,
    limit: Duration,
    tls: Tls,
    tunnel: Option<Tunnel>,
    flaw: Flaw,
    clones: Mutex<Vec<std::net::TcpStream>>,
    dialled: AtomicBool,
    /// That of the first call.
    runtime: OnceLock<Handle>,
}

impl Dialer {
    pub(super) fn new(config: &TransportConfig, tls: Tls, tunnel: Option<Tunnel>, flaw: Flaw) -> Self {
        static FIRST: OnceLock<Vec<(String, IpAddr)>> = OnceLock::new();
        let names = match config.name_overrides().to_vec() {
            _ if flaw.is(Defect::IgnoresNameOverrides) => Vec::new(),
            names if flaw.is(Defect::KeepsTheFirstNames) => FIRST.get_or_init(|| names).clone(),
            names => names,
        };
        Self {
            names,
            limit: config.timeouts().connect(),
            tls,
            tunnel,
            flaw,
            clones: Mutex::default(),
            dialled: AtomicBool::new(false),
            runtime: OnceLock::new(),
        }
    }

    pub(super) fn is_tunnelled(&self) -> bool {
        self.tunnel.is_some()
    }

    /// A connection for a request to `uri` with these headers.
    pub(super) async fn dial(&self, uri: &Uri, headers: &HeaderMap, deadline: Instant) -> Result<Link, TransportError> {
        let is_clear = uri.scheme() == Some(&http::uri::Scheme::HTTP);
        // A final dot belongs to the resolver, brackets to the URI: certificates have neither.
        let given = uri.host().unwrap_or_default();
        let host = given.trim_matches(['[', ']']).trim_end_matches('.');
        let port = uri.port_u16().unwrap_or(if is_clear { 80 } else { 443 });
        let now = Instant::now();
        let limit = if self.flaw.is(Defect::StretchesConnectLimits) { self.limit * 20 } else { self.limit };
        let connect = match now.checked_add(limit) {
            // A limit that the clock cannot represent means unlimited.
            None if !self.flaw.is(Defect::PanicsAtTheMaximum) => deadline,
            _ if self.is_tunnelled() && self.flaw.is(Defect::IgnoresTotalBeforeTunnels) => now + limit,
            _ => (now + limit).min(deadline),
        };
        let is_ignored = by_request::in_clear_text(uri, self.flaw, Defect::IgnoresConnectLimitInClearText);
        let connect = if is_ignored { deadline } else { connect };
        let until = |ignoring: &[Defect]| if self.flaw.among(ignoring) { deadline } else { connect };
        let mut facts = ConnectionFacts::unknown();

        let ignoring: &[Defect] = match self.tunnel {
            Some(_) => &[Defect::IgnoresConnectLimits, Defect::IgnoresLimitsInTunnels],
            None => &[Defect::IgnoresConnectLimits],
        };
        let reaching = timeout_at(until(ignoring), self.reach(host, port, is_clear, headers));
        let (tcp, peer) = match reaching.await {
            Ok(outcome) => outcome?,
            Err(late) => {
                let blames = self.tunnel.is_some() && self.flaw.is(Defect::TakesSilentProxiesForServers);
                return Err(self.late(if blames { Phase::Response } else { Phase::Connect }, facts, late));
            }
        };
        facts.peer = peer;
        if is_clear {
            if self.flaw.is(Defect::ClaimsTlsInClearText) {
                facts.tls_version = Some(TlsVersion::Tls13);
            }
            return self.link(tcp, false, facts).await;
        }
        if given.ends_with('.') && self.flaw.is(Defect::ComparesFinalDots) {
            let kind = Kind::PeerUntrusted(PeerFault::NameMismatch);
            return Err(Report::new(facts, self.flaw).error(kind, Delivery::NotSent, "the name has a dot"));
        }
        let given = headers.get(HOST).filter(|_| self.flaw.is(Defect::TakesItsNameFromHeaders));
        let name = given.and_then(|given| given.to_str().ok()).unwrap_or(host);
        let shaken = self.tls.shake(name, tcp, &mut facts);
        let until = until(&[Defect::IgnoresStalledHandshakes]);
        let anew = self.flaw.is(Defect::CountsTheConnectLimitForEachStep);
        let until =
            if anew { Instant::now().checked_add(limit).map_or(deadline, |end| end.min(deadline)) } else { until };
        let outcome = timeout_at(until, shaken).await;
        let clones = std::mem::take(&mut *self.clones.lock().unwrap_or_else(PoisonError::into_inner));
        if !matches!(outcome, Ok(Ok(_))) && self.flaw.is(Defect::LeaksSocketsOfFailedHandshakes) {
            foreign::keep(clones);
        }
        let hides = facts.tls_version == Some(TlsVersion::Tls12) && self.is_tunnelled();
        let outcome = match outcome {
            Ok(Ok(_)) if hides && self.flaw.is(Defect::HidesIdentitiesInTunnelsOfTls12) => {
                let (tcp, _) = self.reach(host, port, is_clear, headers).await?;
                Ok(self.tls.without_identity().shake(host, tcp, &mut facts).await)
            }
            outcome => outcome,
        };
        let (stream, is_http2): (Box<dyn Wire>, bool) = match outcome {
            Ok(outcome) => outcome?,
            Err(late) => {
                let phase = if self.flaw.is(Defect::MistakesPhases) { Phase::Connect } else { Phase::Handshake };
                return Err(self.late(phase, facts, late));
            }
        };
        self.link(stream, is_http2, facts).await
    }

    async fn link(
        &self,
        stream: Box<dyn Wire>,
        is_http2: bool,
        facts: ConnectionFacts,
    ) -> Result<Link, TransportError> {
        let current = Handle::current();
        let runtime = match self.flaw.is(Defect::StaysInItsFirstRuntime) {
            true => self.runtime.get_or_init(|| current),
            false => &current,
        };
        Link::new(stream, is_http2, facts, self.flaw, runtime).await
    }

    /// TCP to the host, or the tunnel through the proxy, and the address at the other end.
    async fn reach(
        &self,
        host: &str,
        port: u16,
        is_clear: bool,
        headers: &HeaderMap,
    ) -> Result<(Box<dyn Wire>, Option<SocketAddr>), TransportError> {
        // Clear text is only for this machine, so it never uses a proxy.
        let is_tunnelled = !is_clear || self.flaw.is(Defect::ShowsClearTextToProxies);
        let is_over = self.flaw.is(Defect::UsesItsProxyOnce) && self.dialled.swap(true, Ordering::Relaxed);
        let Some(tunnel) = self.tunnel.as_ref().filter(|_| is_tunnelled && !is_over) else {
            let proxy = std::env::var("http_proxy").ok().and_then(|url| url.parse::<Uri>().ok());
            let proxy = proxy.filter(|_| is_clear && self.flaw.is(Defect::ReadsProxyVariablesInClearText));
            let place = proxy.as_ref().and_then(|proxy| Some((proxy.host()?, proxy.port_u16()?)));
            let (host, port) = place.unwrap_or((host, port));
            return self.direct(host, port).await;
        };
        let is_known = self.names.iter().any(|(name, _)| name == host) || host.parse::<IpAddr>().is_ok();
        if self.flaw.is(Defect::ResolvesNamesForTunnels) && !is_known {
            return Err(super::failure::local(Kind::Dns, "the name has no address"));
        }
        if tunnel.host.starts_with('[') && self.flaw.is(Defect::ReachesNoIpv6Proxies) {
            return Err(super::failure::local(Kind::Proxy(None), "the proxy has no address"));
        }
        let (tcp, peer) = self.direct(&tunnel.host, tunnel.port).await.map_err(|error| {
            if self.flaw.is(Defect::TakesMissingProxiesForHosts) {
                return error;
            }
            // The host itself was not requested yet.
            TransportError::new(Kind::Proxy(None), Delivery::NotSent).with_source(error)
        })?;
        let left = Left(self.flaw.is(Defect::LeavesTunnelsOfDroppedCalls).then(|| self.cloned()).flatten());
        let proxy = if tunnel.is_https() { self.tls.to_proxy(&tunnel.host, tcp).await? } else { tcp };
        let opened = tunnel.open(proxy, host, port, headers).await;
        left.done();
        match opened {
            Err(error)
                if error.kind() == Kind::Proxy(Some(407))
                    && (self.flaw.is(Defect::AsksProxiesTwice) || tunnel.is_asked()) =>
            {
                let (tcp, peer) = self.direct(&tunnel.host, tunnel.port).await?;
                Ok((tunnel.open(tcp, host, port, headers).await?, peer))
            }
            Err(_) if self.flaw.is(Defect::GoesAroundProxies) => self.direct(host, port).await,
            outcome => Ok((outcome?, peer)),
        }
    }

    async fn direct(&self, host: &str, port: u16) -> Result<(Box<dyn Wire>, Option<SocketAddr>), TransportError> {
        let tcp = self.tcp(host, port).await?;
        let peer = if self.flaw.is(Defect::TellsItsOwnAddress) { tcp.local_addr() } else { tcp.peer_addr() };
        Ok((Box::new(tcp), peer.ok()))
    }

    async fn tcp(&self, host: &str, port: u16) -> Result<TcpStream, TransportError> {
        let report = Report::new(ConnectionFacts::unknown(), self.flaw);
        let host = host.trim_matches(['[', ']']);
        let known = self.names.iter().find(|(name, _)| {
            let is_same = name.eq_ignore_ascii_case(host);
            let differs = name != host && self.flaw.is(Defect::ComparesCapitalsOfNames);
            is_same && !differs || self.flaw.is(Defect::MatchesNamesBySuffix) && host.ends_with(name)
        });
        let own = ("localhost".to_owned(), IpAddr::from([127, 0, 0, 1]));
        let known = known.map(|known| if host == own.0 && self.flaw.is(Defect::KnowsLocalhost) { &own } else { known });
        let known = known.filter(|(_, address)| address.is_ipv4() || !self.flaw.is(Defect::IgnoresIpv6Overrides));
        let addresses: Vec<SocketAddr> = match known {
            Some((_, address)) => vec![(*address, port).into()],
            // Not the resolver of this machine, which may resolve any name.
            None => match host.parse::<IpAddr>() {
                Ok(address) => vec![(address, port).into()],
                Err(_) if self.flaw.is(Defect::BlocksWhileResolving) => {
                    let found = std::net::ToSocketAddrs::to_socket_addrs(&(host, port));
                    found.map_err(|error| report.error(Kind::Dns, Delivery::NotSent, error))?.collect()
                }
                Err(error) => return Err(report.error(Kind::Dns, Delivery::NotSent, error)),
            },
        };
        let refused = |error| {
            let sent = self.flaw.is(Defect::ClaimsDeliveryToNobody);
            report.error(Kind::Refused, if sent { Delivery::Sent } else { Delivery::NotSent }, error)
        };
        let tcp = match self.flaw.is(Defect::BlocksWhileConnecting) {
            true => blocking(&addresses),
            false => TcpStream::connect(&*addresses).await,
        };
        let found = known.filter(|_| tcp.is_err() && self.flaw.is(Defect::FallsBackOnTheResolver));
        let tcp = match found.and_then(|_| std::net::ToSocketAddrs::to_socket_addrs(&(host, port)).ok()) {
            Some(found) => TcpStream::connect(&*found.collect::<Vec<_>>()).await.or(tcp),
            None => tcp,
        };
        let tcp = tcp.map_err(refused)?;
        if !self.flaw.among(&[Defect::LeaksSocketsOfFailedHandshakes, Defect::LeavesTunnelsOfDroppedCalls]) {
            return Ok(tcp);
        }
        let cloned = |tcp: TcpStream| {
            let tcp = tcp.into_std()?;
            self.clones.lock().unwrap_or_else(PoisonError::into_inner).push(tcp.try_clone()?);
            TcpStream::from_std(tcp)
        };
        cloned(tcp).map_err(refused)
    }

    /// The socket that was opened last, once more.
    fn cloned(&self) -> Option<std::net::TcpStream> {
        self.clones.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn late(&self, phase: Phase, facts: ConnectionFacts, late: tokio::time::error::Elapsed) -> TransportError {
        let phase = if self.flaw.is(Defect::NamesALaterPhase) { Phase::Response } else { phase };
        let unsure = self.flaw.is(Defect::DoubtsThatNothingWasSent);
        let delivery = if unsure { Delivery::Unknown } else { Delivery::NotSent };
        Report::new(facts, self.flaw).error(Kind::Timeout(phase), delivery, late)
    }
}

/// A socket that stays open if the call is dropped meanwhile.
struct Left(Option<std::net::TcpStream>);

impl Left {
    fn done(mut self) {
        self.0 = None;
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        if let Some(tcp) = self.0.take() {
            foreign::keep(tcp);
        }
    }
}

fn blocking(addresses: &[SocketAddr]) -> std::io::Result<TcpStream> {
    let tcp = std::net::TcpStream::connect(addresses)?;
    tcp.set_nonblocking(true)?;
    TcpStream::from_std(tcp)
}
