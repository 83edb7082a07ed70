//! POOL: one transport keeps its connections to itself, and no TLS session crosses from one identity to another.

use digicert_one_core::{Capability, Material};
use digicert_one_testbed::{ClientAuth, ClientSpec, FrontOptions, Handshake, Pki, TlsRange};

use crate::world::{HOST, World, collect, front, get, identity, key};

/// Calls in a row, enough that a pool which takes a connection back late still shows itself.
const CALLS: usize = 12;

pub(crate) async fn pool_01_two_calls_share_one_connection(world: World) {
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let transport = world.transport(&world.config().with_http_versions(versions));
        let mut reused = Vec::new();
        for _ in 0..CALLS {
            let exchange = transport.send(get(front.url(HOST))).await.expect("answered");
            reused.push(exchange.facts.reused);
            collect(exchange).await.expect("a body");
        }
        let seen = front.ledger().snapshot();
        // A pool takes a connection back a moment after the last byte was read, so a quick next call may miss it.
        assert!(
            seen.connections.len() <= CALLS / 2,
            "{} connections for {CALLS} calls {versions:?}",
            seen.connections.len()
        );
        for (index, request) in seen.requests.iter().enumerate() {
            let again = seen.requests[..index].iter().any(|earlier| earlier.connection == request.connection);
            if world.has(Capability::ReuseFact) {
                assert_eq!(reused[index], Some(again), "call {index} {versions:?}");
            } else {
                assert!(reused[index].is_none_or(|known| known == again), "call {index} {versions:?}");
            }
        }
    }
}

pub(crate) async fn pool_02_two_identities_share_nothing(world: World) {
    for range in [TlsRange::Only12, TlsRange::Only13] {
        let front = front(FrontOptions::default().client_auth(ClientAuth::Required).tls(range).tickets(true));
        let certificates = ["alice", "bob"]
            .map(|name| Pki::shared().client(ClientSpec { common_name: name.to_owned(), ..ClientSpec::default() }));
        for certificate in &certificates {
            // Made anew each time, as a rotation does; a session of the first must not help the second.
            let transport = world.transport(&world.config().with_identity(Some(identity(certificate))));
            for _ in 0..2 {
                collect(transport.send(get(front.url(HOST))).await.expect("answered")).await.expect("a body");
            }
        }
        let connections = front.ledger().connections();
        for certificate in &certificates {
            let mut own = connections.iter().filter(|one| one.peer_fingerprint == Some(certificate.fingerprint()));
            let first = own.next().expect("a connection of its own");
            assert_eq!(first.handshake, Handshake::Full, "{range:?}");
        }
    }
}

pub(crate) async fn pool_03_key_and_certificate_clients_share_nothing(world: World) {
    let front = front(FrontOptions::default().client_auth(ClientAuth::Optional));
    let certificate = Pki::shared().client(ClientSpec::default());
    let with_key = world.client(front.port(), key());
    let with_certificate = world.client(front.port(), Material::certificate(identity(&certificate)));
    for _ in 0..2 {
        with_key.get("/key").send().await.expect("answered").bytes().await.expect("a body");
        with_certificate.get("/certificate").send().await.expect("answered").bytes().await.expect("a body");
    }
    let seen = front.ledger().snapshot();
    for request in &seen.requests {
        let carried = seen.connections.iter().find(|one| one.id == request.connection).expect("listed");
        assert_eq!(carried.peer_fingerprint.is_some(), request.target == "/certificate", "{}", request.target);
    }
}
