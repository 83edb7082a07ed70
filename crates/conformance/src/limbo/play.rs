//! One vector on the wire: a server on loopback shows its chain, the transport trusts its roots alone and calls its name.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{
    Capability, Timeouts, TransportConfig, TransportError, TransportErrorKind as Kind, TrustRoots,
};
use digicert_one_testbed::{ConnectProxy, Engine, Front, FrontOptions, ProxyOptions, ServerCert, handler};

use super::outcome::LimboOutcome;
use super::vector::Shown;
use crate::cases::proxy::proxied;
use crate::faults::deepest;
use crate::world::{World, get};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub(super) async fn play(world: &World, shown: Shown) -> (LimboOutcome, Option<String>) {
    let address = if shown.name.kind == "IP" { shown.name.value.parse::<IpAddr>().ok() } else { None };
    // An address of this machine is called directly; a remote one through a proxy that connects here.
    let bind = address.filter(IpAddr::is_loopback).unwrap_or(LOOPBACK);
    let front = match server(&shown.server, bind) {
        Ok(front) => front,
        Err(error) => return (LimboOutcome::Unexpected(format!("no server shows it: {error}")), None),
    };
    let host = match address {
        Some(IpAddr::V6(address)) => format!("[{address}]"),
        _ => shown.name.value,
    };
    let trust = match world.has(Capability::TrustOnly) {
        true => TrustRoots::Only(shown.roots),
        false => TrustRoots::SystemAnd(shown.roots),
    };
    let limits = Timeouts::new().with_connect(Duration::from_secs(20)).with_total(Duration::from_secs(30));
    let config = TransportConfig::new().with_trust(trust).with_timeouts(limits);
    let mut proxy = None;
    let config = match address {
        None => config.with_name_override(&*host, LOOPBACK),
        Some(address) if address.is_loopback() => config,
        Some(_) if !world.has(Capability::HttpProxy) => {
            return (
                LimboOutcome::NotPlayable("its address is reached through a proxy, and this transport knows none"),
                None,
            );
        }
        Some(_) => {
            let route = ProxyOptions::default().route(&format!("{host}:{}", front.port()), front.addr());
            let proxy = proxy.insert(ConnectProxy::start(route).expect("loopback can be bound"));
            proxied(config, &proxy.url())
        }
    };
    let outcome = match world.connector.connect(&config) {
        Ok(transport) => transport.send(get(front.url(&host))).await.map(drop),
        Err(error) if error.kind() == Kind::TrustRoots => return (LimboOutcome::RootsRefused, deepest(&error)),
        Err(error) => Err(error),
    };
    let arrived = front.ledger().requests().len();
    (judged(outcome.as_ref(), arrived), outcome.as_ref().err().and_then(deepest))
}

fn judged(outcome: Result<&(), &TransportError>, arrived: usize) -> LimboOutcome {
    match (outcome, arrived) {
        (Ok(()), 1) => LimboOutcome::Accepted,
        (Err(error), 0) => match error.kind() {
            Kind::PeerUntrusted(fault) => LimboOutcome::Refused(fault),
            Kind::Tls | Kind::PeerAlert(_) => LimboOutcome::HandshakeFailed,
            kind => LimboOutcome::Failed(kind),
        },
        (outcome, arrived) => LimboOutcome::Unexpected(format!("{arrived} requests arrived, and {outcome:?}")),
    }
}

/// On rustls, which presents any certificate, or on OpenSSL if rustls does not sign with such a key.
fn server(certificate: &ServerCert, bind: IpAddr) -> io::Result<Front> {
    let start = |engine| {
        let options = FrontOptions::default().engine(engine).server(certificate.clone());
        let response = handler(|_, _| async { http::Response::new(Bytes::from_static(b"{}")) });
        Front::start(options.bind(SocketAddr::new(bind, 0)), response)
    };
    start(Engine::Rustls).or_else(|_| start(Engine::OpenSsl))
}
