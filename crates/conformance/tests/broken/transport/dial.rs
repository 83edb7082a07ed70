//! Makes one connection: name, TCP, the tunnel, TLS; all within the connect limit, and each failure says which step it was.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use digicert_one_core::{
    ConnectionFacts, Delivery, NameOverride, Phase, TransportConfig, TransportError, TransportErrorKind as Kind,
};
use http::{HeaderMap, Uri};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use super::Flaw;
use super::failure::Report;
use super::link::Link;
use super::tls::{Tls, Wire};
use super::tunnel::Tunnel;
use crate::table::Defect;

/// The way to the servers of one transport.
pub(super) struct Dialer {
    names: Vec<NameOverride>,
    limit: Duration,
    tls: Tls,
    tunnel: Option<Tunnel>,
    flaw: Flaw,
}

impl Dialer {
    pub(super) fn new(config: &TransportConfig, tls: Tls, tunnel: Option<Tunnel>, flaw: Flaw) -> Self {
        let names = if flaw.is(Defect::IgnoresNameOverrides) { Vec::new() } else { config.name_overrides().to_vec() };
        Self { names, limit: config.timeouts().connect(), tls, tunnel, flaw }
    }

    /// A connection for a request to `uri` with these headers.
    pub(super) async fn dial(&self, uri: &Uri, headers: &HeaderMap, deadline: Instant) -> Result<Link, TransportError> {
        let is_clear = uri.scheme() == Some(&http::uri::Scheme::HTTP);
        // A final dot belongs to the resolver, brackets to the URI: certificates have neither.
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).trim_end_matches('.');
        let port = uri.port_u16().unwrap_or(if is_clear { 80 } else { 443 });
        let connect = (Instant::now() + self.limit).min(deadline);
        let until = |ignoring: &[Defect]| if self.flaw.among(ignoring) { deadline } else { connect };
        let mut facts = ConnectionFacts::unknown();

        let reaching = timeout_at(until(&[Defect::IgnoresConnectLimits]), self.reach(host, port, is_clear, headers));
        let tcp = match reaching.await {
            Ok(outcome) => outcome?,
            Err(late) => return Err(self.late(Phase::Connect, facts, late)),
        };
        let peer = if self.flaw.is(Defect::TellsItsOwnAddress) { tcp.local_addr() } else { tcp.peer_addr() };
        facts.peer = peer.ok();
        if is_clear {
            return Link::new(Box::new(tcp), false, facts, self.flaw).await;
        }
        let shaken = self.tls.shake(host, tcp, &mut facts);
        let outcome = timeout_at(until(&[Defect::IgnoresStalledHandshakes]), shaken).await;
        let (stream, is_http2): (Box<dyn Wire>, bool) = match outcome {
            Ok(outcome) => outcome?,
            Err(late) => {
                let phase = if self.flaw.is(Defect::MistakesPhases) { Phase::Connect } else { Phase::Handshake };
                return Err(self.late(phase, facts, late));
            }
        };
        Link::new(stream, is_http2, facts, self.flaw).await
    }

    /// TCP to the host, or through the proxy.
    async fn reach(
        &self,
        host: &str,
        port: u16,
        is_clear: bool,
        headers: &HeaderMap,
    ) -> Result<TcpStream, TransportError> {
        // Clear text goes to this machine only; a proxy has no business there.
        let is_tunnelled = !is_clear || self.flaw.is(Defect::ShowsClearTextToProxies);
        let Some(tunnel) = self.tunnel.as_ref().filter(|_| is_tunnelled) else { return self.tcp(host, port).await };
        let tcp = self.tcp(&tunnel.host, tunnel.port).await.map_err(|error| {
            // The host itself was not even asked for.
            TransportError::new(Kind::Proxy(None), Delivery::NotSent).with_source(error)
        })?;
        let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        match tunnel.open(tcp, &target, headers).await {
            Err(_) if self.flaw.is(Defect::GoesAroundProxies) => self.tcp(host, port).await,
            outcome => outcome,
        }
    }

    async fn tcp(&self, host: &str, port: u16) -> Result<TcpStream, TransportError> {
        let report = Report::new(ConnectionFacts::unknown(), self.flaw);
        let host = host.trim_matches(['[', ']']);
        let known = self.names.iter().find(|name| name.host.eq_ignore_ascii_case(host));
        let addresses: Vec<SocketAddr> = match known {
            Some(name) => vec![(name.address, port).into()],
            // Not the resolver of this machine, which may know any name.
            None => match host.parse::<IpAddr>() {
                Ok(address) => vec![(address, port).into()],
                Err(error) => return Err(report.error(Kind::Dns, Delivery::NotSent, error)),
            },
        };
        let refused = |error| {
            let sent = self.flaw.is(Defect::ClaimsDeliveryToNobody);
            report.error(Kind::Refused, if sent { Delivery::Sent } else { Delivery::NotSent }, error)
        };
        TcpStream::connect(&*addresses).await.map_err(refused)
    }

    fn late(&self, phase: Phase, facts: ConnectionFacts, late: tokio::time::error::Elapsed) -> TransportError {
        let unsure = self.flaw.is(Defect::DoubtsThatNothingWasSent);
        let delivery = if unsure { Delivery::Unknown } else { Delivery::NotSent };
        Report::new(facts, self.flaw).error(Kind::Timeout(phase), delivery, late)
    }
}
