//! HOST, continued: names go exactly where the configuration says, and addresses of both families work.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use digicert_one_core::{Timeouts, TransportConfig};
use digicert_one_testbed::{Front, FrontOptions, Handler, Pki, handler, name_without_address};
use http::Response;

use crate::world::{World, collect, front, get, untouched, up, without_request};

pub(crate) const FIRST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
pub(crate) const SECOND: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
pub(crate) const NAME: &str = "name.digicert.test";
const BELOW: &str = "below.name.digicert.test";

fn plain() -> Arc<dyn Handler> {
    handler(|_, _| async { Response::new(Bytes::from_static(b"{}")) })
}

fn named() -> FrontOptions {
    FrontOptions::default().server(Pki::shared().server(&[NAME, BELOW, "localhost"]))
}

fn start(options: FrontOptions) -> io::Result<Front> {
    Front::start(options, plain())
}

/// Two servers with one port, at `FIRST` and `SECOND`: an override has no port, so only the address
/// distinguishes them.
pub(crate) fn twins(options: FrontOptions, handler: &Arc<dyn Handler>) -> [Front; 2] {
    twins_of([options.clone(), options], handler)
}

/// The same, with options for each.
pub(crate) fn twins_of([first, second]: [FrontOptions; 2], handler: &Arc<dyn Handler>) -> [Front; 2] {
    for _ in 0..50 {
        let first = up(Front::start(first.clone(), Arc::clone(handler)));
        // Another program may use this port there.
        let second = second.clone().bind(SocketAddr::new(SECOND, first.port()));
        if let Ok(second) = Front::start(second, Arc::clone(handler)) {
            return [first, up(Ok(second))];
        }
    }
    panic!("no port is free on both addresses");
}

fn arrived(fronts: &[Front; 2]) -> [usize; 2] {
    fronts.each_ref().map(|front| front.ledger().requests().len())
}

pub(crate) async fn host_11_two_transports_keep_their_own_address_of_one_name(world: World) {
    // Some libraries know an address of their own for the second one.
    let names = [NAME, "localhost"];
    let roots = world.trusting(Pki::shared().root_der());
    for (versions, name) in world.http_versions().into_iter().flat_map(|versions| names.map(|name| (versions, name))) {
        let fronts = twins(named(), &plain());
        let config = TransportConfig::new().with_trust(roots.clone()).with_http_versions(versions);
        let transports =
            [FIRST, SECOND].map(|address| world.transport(&config.clone().with_name_override(name, address)));
        for round in 1..=2 {
            for transport in &transports {
                let outcome = transport.send(get(fronts[0].url(name))).await;
                outcome.unwrap_or_else(|error| panic!("{name}, {versions:?}: {error:?}"));
            }
            assert_eq!(arrived(&fronts), [round, round], "one transport went where the other is to go, {name}");
        }
        // Nor is there another way where nothing listens any more.
        let [first, second] = fronts;
        drop(second);
        let outcome = world.transport(&config.with_name_override(name, SECOND)).send(get(first.url(name))).await;
        let requests = first.ledger().settle().await.requests.len();
        assert_eq!(requests, 2, "a call went where the name leads without its override, {name}, {versions:?}");
        outcome.map(drop).expect_err("nothing listens");
    }
}

pub(crate) async fn host_12_an_ipv6_address_is_called_as_any_other(world: World) {
    let options = FrontOptions::default().bind(SocketAddr::from((Ipv6Addr::LOCALHOST, 0)));
    let front = match start(options) {
        // A machine without IPv6 can neither confirm nor refute it.
        Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => return,
        started => up(started),
    };
    for versions in world.http_versions() {
        let transport = world.transport(&world.config().with_http_versions(versions));
        transport.send(get(format!("{}/a?b=c", front.url("[::1]")))).await.expect("answered");
        let seen = front.ledger().snapshot();
        let request = seen.requests.last().expect("arrived");
        assert_eq!(
            (&*request.target, request.header_values("host")),
            ("/a?b=c", vec![format!("[::1]:{}", front.port())])
        );
        assert!(seen.connections.iter().all(|one| one.sni.is_none()), "an address is not a name for SNI");
    }
    // And the certificate must name the address.
    let named = Pki::shared().server(&[NAME]);
    let unnamed = up(start(FrontOptions::default().server(named).bind(SocketAddr::from((Ipv6Addr::LOCALHOST, 0)))));
    world.transport(&world.config()).send(get(unnamed.url("[::1]"))).await.expect_err("no such address in it");
    without_request(&unnamed, "no request is to come here").await;
    for versions in world.http_versions() {
        let config = world.config().with_http_versions(versions).with_name_override(NAME, Ipv6Addr::LOCALHOST.into());
        let outcome = world.transport(&config).send(get(unnamed.url(NAME))).await;
        outcome.unwrap_or_else(|error| panic!("a name that leads to an IPv6 address, {versions:?}: {error:?}"));
    }
}

pub(crate) async fn host_15_an_override_holds_for_its_own_name_alone(world: World) {
    // With an override for it, whichever of the two comes first.
    let (name, below) = ((NAME, FIRST), (BELOW, SECOND));
    // A name is the same in capitals.
    let called = [[NAME, BELOW].map(str::to_owned), [NAME, BELOW].map(str::to_ascii_uppercase)];
    for (order, hosts) in
        [[name, below], [below, name]].iter().flat_map(|order| called.iter().map(move |one| (order, one)))
    {
        let fronts = twins(named(), &plain());
        let config =
            order.iter().fold(world.config(), |config, (host, address)| config.with_name_override(*host, *address));
        let transport = world.transport(&config);
        for host in hosts {
            let outcome = transport.send(get(fronts[0].url(host))).await;
            outcome.unwrap_or_else(|error| panic!("{host} was not found: {error:?}"));
        }
        assert_eq!(arrived(&fronts), [1, 1], "an override was taken for another name's");
    }
    // Without one, a similar name goes to the resolver; unless that gives every name an address, it finds none.
    if name_without_address().is_none() {
        return;
    }
    let front = front(FrontOptions::default().server(Pki::shared().server(&[
        "below.host.invalid",
        "yhost.invalid",
        "host.invalid.test",
    ])));
    let limits = Timeouts::new().with_connect(Duration::from_millis(500)).with_total(Duration::from_secs(1));
    let transport = world.transport(&world.config().with_name_override("host.invalid", FIRST).with_timeouts(limits));
    for host in ["below.host.invalid", "yhost.invalid", "host.invalid.test"] {
        let _ = transport.send(get(front.url(host))).await;
        untouched(&front, &format!("the override of host.invalid was taken for {host}")).await;
    }
}

pub(crate) async fn host_18_names_of_every_form_are_called(world: World) {
    let long = "l".repeat(63);
    let names = ["under_score", "_service", "1st", "xn--bcher-kva", "a-b--c", &long, "deep.er.than.usual", "capitals"];
    let names = names.map(|label| format!("{label}.digicert.test"));
    // Names are compared without regard to case.
    let certified = names.each_ref().map(|name| name.replace("capitals.digicert", "CAPITALS.DigiCert"));
    let front = front(FrontOptions::default().server(Pki::shared().server(&certified)));
    for versions in world.http_versions() {
        let config = world.config().with_http_versions(versions);
        let config = names.iter().fold(config, |config, name| config.with_name_override(name, FIRST));
        let transport = world.transport(&config);
        for name in &names {
            let outcome = transport.send(get(front.url(name))).await;
            let exchange = outcome.unwrap_or_else(|error| panic!("{name} cannot be called, {versions:?}: {error:?}"));
            collect(exchange).await.expect("a body");
            let arrived = front.ledger().requests().pop().expect("arrived");
            assert_eq!(arrived.header_values("host"), [format!("{name}:{}", front.port())], "{versions:?}");
        }
    }
}
