//! POOL: transports do not share connections, and no TLS session is used for another identity.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use digicert_one_core::{
    Capability, Code, FixedCredential, HttpVersions, Instance, Material, Mode, Timeouts, TlsVersion, TlsVersions,
    TransportError, TransportErrorKind,
};
use digicert_one_testbed as testbed;
use digicert_one_testbed::{
    ClientAuth, ClientSpec, Front, FrontOptions, Handshake, Pki, Snapshot, Step, TlsRange, handler,
};
use futures_util::future::join_all;
use http::{Method, Response, Version};

use crate::child::{self, Parent};
use crate::setting::{Crossing, Settings};
use crate::world::{
    HOST, World, certificate, collect, diagnose, front, get, identity, key, request, scripted, servers, up,
};

/// Calls in a row, enough to detect a pool that returns connections late.
const CALLS: usize = 12;

/// Statuses with a body, and without.
const FULL: [u16; 3] = [200, 404, 503];
const EMPTY: [u16; 2] = [204, 304];

pub(crate) async fn pool_01_two_calls_share_one_connection(world: World) {
    for server in servers() {
        let crossing = Crossing::responding(&world, &Settings::ALL.pairwise(), server, |request| {
            let status = request.uri().path().trim_start_matches('/');
            let body: &[u8] = if EMPTY.iter().any(|empty| empty.to_string() == status) { b"" } else { b"{}" };
            Response::builder().status(status).body(Bytes::from_static(body)).expect("a response")
        });
        let mut settings = Vec::new();
        for setting in crossing.settings() {
            let transport = crossing.transport(setting).await;
            let each = [(Method::GET, &FULL[..]), (Method::GET, &EMPTY), (Method::HEAD, &FULL)];
            settings.extend(each.map(|(method, statuses)| (setting, Arc::clone(&transport), method, statuses)));
        }
        for (setting, transport, method, statuses) in settings {
            let front = crossing.front(setting);
            let before = front.ledger().snapshot();
            let mut reused = Vec::new();
            for status in statuses.iter().cycle().take(CALLS) {
                let call = request(method.clone(), format!("{}/{status}", front.url(HOST)), "");
                let exchange = transport.send(call).await.expect("answered");
                reused.push(exchange.facts.reused);
                collect(exchange).await.expect("a body");
            }
            let seen = front.ledger().snapshot();
            // A pool gets a connection back a moment after the last byte was read, so a quick next call may miss it.
            let connections = seen.connections.len() - before.connections.len();
            assert!(
                connections <= CALLS / 2,
                "{connections} connections for {CALLS} calls, {method} {statuses:?}, {setting}"
            );
            let (earlier, requests) = seen.requests.split_at(before.requests.len());
            for (index, request) in requests.iter().enumerate() {
                let mut earlier = earlier.iter().chain(&requests[..index]);
                let again = earlier.any(|earlier| earlier.connection == request.connection);
                if world.has(Capability::ReuseFact) {
                    assert_eq!(reused[index], Some(again), "call {index}, {setting}");
                } else {
                    assert!(reused[index].is_none_or(|known| known == again), "call {index}, {setting}");
                }
            }
        }
    }
}

pub(crate) async fn pool_02_two_identities_share_nothing(world: World) {
    for range in [TlsRange::Only12, TlsRange::Only13] {
        let front = front(FrontOptions::default().client_auth(ClientAuth::Required).tls(range));
        let certificates = ["alice", "bob"]
            .map(|name| Pki::shared().client(ClientSpec { common_name: name.to_owned(), ..ClientSpec::default() }));
        for certificate in &certificates {
            // Created each time, as in a rotation; a session of the first must not be used by the second.
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
    by_one_name(&world).await;
}

/// Same as above, with one name: over the wire only the transport distinguishes them.
async fn by_one_name(world: &World) {
    // A cache of sessions may be another one for each version of TLS.
    let held = [(Capability::Tls12, TlsVersion::Tls12), (Capability::Tls13, TlsVersion::Tls13)].into_iter();
    let held = held.filter(|(capability, _)| world.has(*capability)).map(|(_, version)| TlsVersions::Only(version));
    let tls: Vec<_> = held.chain([TlsVersions::Both]).collect();
    for (versions, tls) in world.http_versions().into_iter().flat_map(|http| tls.iter().map(move |tls| (http, *tls))) {
        let front = front(FrontOptions::default().client_auth(ClientAuth::Optional));
        let config = world.config().with_http_versions(versions).with_tls_versions(tls);
        let with_certificate = world.transport(&config.clone().with_identity(Some(identity(&certificate()))));
        let without = world.transport(&config);
        for _ in 0..2 {
            for (transport, path) in [(&with_certificate, "certificate"), (&without, "none")] {
                let url = format!("{}/{path}", front.url(HOST));
                collect(transport.send(get(url)).await.expect("answered")).await.expect("a body");
            }
        }
        let seen = front.ledger().snapshot();
        for request in &seen.requests {
            let carried = seen.connections.iter().find(|one| one.id == request.connection).expect("listed");
            let has_certificate = carried.peer_fingerprint.is_some();
            let target = &request.target;
            assert_eq!(
                has_certificate,
                target == "/certificate",
                "one identity, one pool: {target} {versions:?} {tls:?}"
            );
        }
    }
}

pub(crate) async fn pool_04_two_hundred_calls_at_once_stay_within_the_servers_limit(world: World) {
    const CALLS: usize = 200;
    // No server should set less (RFC 9113 §6.5.2), so this many may be opened before its word arrives.
    const STREAMS: usize = 100;
    for versions in world.http_versions() {
        // Concurrent requests on each connection, and their maximum.
        let busy: Arc<Mutex<HashMap<u64, (usize, usize)>>> = Arc::default();
        let counted = Arc::clone(&busy);
        let count = handler(move |_, peer| {
            let counted = Arc::clone(&counted);
            async move {
                let on = |change: fn(&mut (usize, usize))| {
                    change(counted.lock().expect("no case panics here").entry(peer.connection).or_default());
                };
                on(|(now, most)| (*now, *most) = (*now + 1, (*most).max(*now + 1)));
                // Other requests arrive while this one is handled.
                tokio::task::yield_now().await;
                on(|(now, _)| *now -= 1);
                Response::new(Bytes::from_static(b"{}"))
            }
        });
        let options = FrontOptions::default().max_streams(u32::try_from(STREAMS).expect("small"));
        let front = up(Front::start(options, count));
        let transport = world.transport(&world.config().with_http_versions(versions));
        let calls = (0..CALLS).map(|_| async { collect(transport.send(get(front.url(HOST))).await?).await });
        for outcome in join_all(calls).await {
            outcome.expect("answered");
        }
        let seen = front.ledger().snapshot();
        assert_eq!(seen.requests.len(), CALLS, "{versions:?}");
        assert!(seen.connections.len() <= CALLS, "{} connections {versions:?}", seen.connections.len());
        for (connection, (_, most)) in busy.lock().expect("no case panics here").iter() {
            let is_http2 = seen.connections[usize::try_from(*connection).expect("small")].alpn.as_deref() == Some("h2");
            let limit = if is_http2 { STREAMS } else { 1 };
            assert!(*most <= limit, "{most} at once on connection {connection} {versions:?}");
        }
    }
}

pub(crate) async fn pool_05_an_idle_connection_is_closed(world: World) {
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let idle = Timeouts::new().with_pool_idle(Duration::from_millis(100));
        let transport = world.transport(&world.config().with_timeouts(idle).with_http_versions(versions));
        collect(transport.send(get(front.url(HOST))).await.expect("answered")).await.expect("a body");
        let closed = |seen: &Snapshot| seen.connections.iter().all(|one| one.closed);
        assert!(front.ledger().wait_until(closed, Duration::from_secs(4)).await, "it stays open {versions:?}");
        collect(transport.send(get(front.url(HOST))).await.expect("another one")).await.expect("a body");
        assert_eq!(front.ledger().connections().len(), 2, "{versions:?}");
    }
}

pub(crate) async fn pool_06_a_connection_that_broke_the_protocol_is_not_used_again(world: World) {
    let good = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngood";
    let garbage = [
        "SSH-2.0-OpenSSH_9.9\r\n\r\n",
        // More than was announced is not a valid response.
        "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ngoodHTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nno number\r\n",
    ];
    for broken in garbage {
        let server = scripted([
            vec![Step::ReadRequest, Step::write(broken), Step::Stall],
            vec![Step::ReadRequest, Step::write(good)],
        ]);
        let transport = world.transport(&world.config());
        match transport.send(get(server.url(HOST))).await {
            Ok(exchange) => drop(collect(exchange).await),
            // libcurl reads on before it returns the head, and then reports only that reading failed.
            Err(error) => {
                let kinds = [TransportErrorKind::Protocol, TransportErrorKind::Interrupted];
                assert!(kinds.contains(&error.kind()), "{error:?}");
            }
        }
        let exchange = transport.send(get(server.url(HOST))).await.expect("another connection");
        assert_eq!(&collect(exchange).await.expect("its own response")[..], b"good", "{broken:?}");
        let connections: Vec<u64> = server.ledger().requests().iter().map(|request| request.connection).collect();
        assert_eq!(connections, [0, 1], "{broken:?}");
    }
}

pub(crate) async fn pool_07_clones_on_eight_threads_work_and_leave_no_socket_open(world: World) {
    let front = front(FrontOptions::default());
    let client = world.client(front.port(), key());
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let client = client.clone();
            world.on_thread(async move {
                for _ in 0..4 {
                    client.get("/").send().await.expect("answered").bytes().await.expect("a body");
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("every call is answered");
    }
    // On a machine so busy that the time of a call runs out, the client makes it again.
    assert!(front.ledger().requests().len() >= 32, "{:?}", front.ledger().requests());
    drop(client);
    let closed = |seen: &Snapshot| seen.connections.iter().all(|one| one.closed);
    assert!(front.ledger().wait_until(closed, Duration::from_secs(8)).await, "{:?}", front.ledger().connections());
}

pub(crate) async fn pool_08_either_kind_of_runtime_will_do_and_no_thread_is_left(world: World) {
    let Some(Parent { port, root }) = child::parent() else {
        let front = front(FrontOptions::default());
        child::run(child::command(front.port()));
        assert_eq!(front.ledger().requests().len(), 4);
        return;
    };
    let before = threads();
    for kind in [tokio::runtime::Builder::new_current_thread, || {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(2);
        builder
    }] {
        let (world, trust) = (world.clone(), world.trusting(&root));
        let work = std::thread::spawn(move || {
            let runtime = kind().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let transport = world.transport(&world.config().with_trust(trust));
                for _ in 0..2 {
                    let exchange = transport.send(get(format!("https://{HOST}:{port}/"))).await.expect("answered");
                    collect(exchange).await.expect("a body");
                }
            });
        });
        work.join().expect("it works");
    }
    let limit = Instant::now() + Duration::from_secs(10);
    while threads() > before && Instant::now() < limit {
        std::thread::yield_now();
    }
    assert!(threads() <= before, "{:?} threads where there were {before:?}", threads());
}

pub(crate) async fn pool_35_a_transport_outlives_the_runtime_of_a_call(world: World) {
    // A transport for another executor has no such runtime.
    if tokio::runtime::Handle::try_current().is_err() {
        return;
    }
    let kinds: &[fn() -> tokio::runtime::Builder] = &[
        tokio::runtime::Builder::new_current_thread,
        tokio::runtime::Builder::new_multi_thread,
        tokio::runtime::Builder::new_current_thread,
    ];
    for versions in world.http_versions() {
        let front = front(FrontOptions::default());
        let transport = world.transport(&world.config().with_http_versions(versions));
        for (round, kind) in kinds.iter().enumerate() {
            let (transport, url) = (Arc::clone(&transport), front.url(HOST));
            let calls = async move {
                for _ in 0..2 {
                    collect(transport.send(get(&url)).await?).await?;
                }
                Ok::<_, TransportError>(())
            };
            let runtime = kind().enable_all().build().expect("a runtime");
            let outcome = std::thread::spawn(move || runtime.block_on(calls)).join();
            let outcome = outcome.unwrap_or_else(|_| panic!("a call panics in runtime {round}, {versions:?}"));
            outcome.unwrap_or_else(|error| panic!("a call in runtime {round}, {versions:?}: {error:?}"));
        }
        assert_eq!(front.ledger().requests().len(), 2 * kinds.len(), "{versions:?}");
    }
}

/// The threads of this process, if the system reports them.
pub(crate) fn threads() -> Option<usize> {
    std::fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}

pub(crate) async fn pool_09_the_best_version_in_common_is_spoken(world: World) {
    for (offered, spoken) in [
        (testbed::HttpVersions::Both, if world.has(Capability::Http2) { Version::HTTP_2 } else { Version::HTTP_11 }),
        (testbed::HttpVersions::Only1, Version::HTTP_11),
    ] {
        let front = front(FrontOptions::default().http(offered));
        let transport = world.transport(&world.config());
        let exchange = transport.send(get(front.url(HOST))).await.expect("answered");
        assert_eq!(
            (exchange.response.version(), front.ledger().requests()[0].version),
            (spoken, spoken),
            "{offered:?}"
        );
    }
    // What is excluded is not even offered.
    let front = front(FrontOptions::default());
    let transport = world.transport(&world.config().with_http_versions(HttpVersions::Http1));
    transport.send(get(front.url(HOST))).await.expect("answered");
    assert_eq!(front.ledger().connections()[0].alpn_offered.iter().filter(|name| *name == "h2").count(), 0);
}

pub(crate) async fn pool_10_one_certificate_for_two_names_joins_no_connections(world: World) {
    let clientauth = format!("clientauth.{HOST}");
    let front = front(FrontOptions::default().client_auth(ClientAuth::Optional));
    let with_certificate = world.client(front.port(), Material::certificate(identity(&certificate())));
    let builder = world.builder(front.port()).instance(Instance::parse(&front.url(HOST)).expect("a host"));
    let with_key = builder.credential(FixedCredential::new(key(), "the case")).build().expect("complete");
    // One transport, too, keeps the two names separate (RFC 9113 §9.1.1 would allow it to coalesce them).
    let both = world.transport(&world.config().with_identity(Some(identity(&certificate()))));
    for _ in 0..3 {
        with_certificate.get("/certificate").send().await.expect("answered").bytes().await.expect("a body");
        with_key.get("/key").send().await.expect("answered").bytes().await.expect("a body");
        for host in [&*clientauth, HOST] {
            collect(both.send(get(front.url(host))).await.expect("answered")).await.expect("a body");
        }
    }
    let seen = front.ledger().snapshot();
    assert_eq!(seen.requests.len(), 12);
    for request in &seen.requests {
        let carried = seen.connections.iter().find(|one| one.id == request.connection).expect("listed");
        let host = carried.sni.as_deref().expect("a name");
        assert_eq!(request.header_values("host"), [format!("{host}:{}", front.port())]);
        if request.target == "/key" {
            assert_eq!((host, &carried.peer_fingerprint), (HOST, &None));
        }
        if request.target == "/certificate" {
            assert_eq!((host, carried.peer_fingerprint.is_some()), (&*clientauth, true));
        }
    }
}

pub(crate) async fn pool_11_a_call_that_fails_leaves_the_connections_of_others(world: World) {
    let front = front(FrontOptions::default());
    let nowhere = format!("https://{}/", testbed::refused_addr());
    let transport = world.transport(&world.config());
    for _ in 0..3 {
        collect(transport.send(get(front.url(HOST))).await.expect("answered")).await.expect("a body");
        transport.send(get(&nowhere)).await.expect_err("refused");
    }
    assert_eq!(front.ledger().connections().len(), 1, "every failure cost a connection");
}

pub(crate) async fn pool_14_reuse_is_claimed_only_after_a_response(world: World) {
    for versions in world.http_versions() {
        for server in servers() {
            let front = front(server.client_auth(ClientAuth::Required).tls(TlsRange::Only13));
            let transport = world.transport(&world.config().with_http_versions(versions));
            for call in 0..CALLS {
                let error = transport.send(get(front.url(HOST))).await.expect_err("a certificate is required");
                let reused = error.facts().reused;
                assert_ne!(
                    reused,
                    Some(true),
                    "call {call} {versions:?}: this connection never got a response: {error:?}"
                );
                let code = diagnose(&error, Mode::Key, None).code;
                assert_ne!(code, Code::NET_07, "call {call} {versions:?}: the certificate is the reason: {error:?}");
            }
        }
    }
}
