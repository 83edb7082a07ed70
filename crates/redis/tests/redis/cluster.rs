//! A real cluster of three nodes: every node is an entrance, the keys of one caller are on one node, and a slot that moves is followed.

use std::time::{Duration, Instant};

use digicert_one_core::{Code, RateLimitError};
use digicert_one_provisioning::{Owner, SharedLock as _};
use digicert_one_redis::{FleetStatus, GenerationNotice, Limits, OutagePolicy, RedisLock, RedisRateLimiter};

use crate::fixtures::{caller, clock, limiter, number, patient, permit};
use crate::server::{Server, free_port, skipped};

const SECOND: Duration = Duration::from_secs(1);
const SLOTS: [&str; 3] = ["0 5460", "5461 10922", "10923 16383"];

/// Three nodes with a third of the slots each; `None` where they cannot be had, with the reason.
fn cluster(options: &[&str]) -> Option<[Server; 3]> {
    // `--cluster-port` came with Redis 7.
    if Server::version()? < 7 {
        skipped("the cluster of this test needs Redis 7 or newer");
        return None;
    }
    let buses = SLOTS.map(|_| free_port().to_string());
    let mut nodes = Vec::new();
    for (number, (bus, slots)) in buses.iter().zip(SLOTS).enumerate() {
        let usual = ["--cluster-enabled", "yes", "--cluster-node-timeout", "5000"];
        let node = Server::start(&[&usual[..], &["--cluster-port", bus], options].concat())?;
        node.command(&format!("CLUSTER SET-CONFIG-EPOCH {}", number + 1));
        assert!(node.command(&format!("CLUSTER ADDSLOTSRANGE {slots}")).starts_with("+OK"));
        nodes.push(node);
    }
    for (node, bus) in nodes.iter().zip(&buses).skip(1) {
        assert!(nodes[0].command(&format!("CLUSTER MEET 127.0.0.1 {} {bus}", node.port())).starts_with("+OK"));
    }
    let start = Instant::now();
    while !nodes.iter().all(|node| node.command("CLUSTER INFO").contains("cluster_state:ok")) {
        if start.elapsed() > SECOND * 20 {
            skipped("three nodes did not form a cluster within 20 s");
            return None;
        }
        std::thread::sleep(SECOND / 20);
    }
    nodes.try_into().ok()
}

fn slot(node: &Server, key: &str) -> u16 {
    let response = node.command(&format!("CLUSTER KEYSLOT {key}"));
    response.trim().trim_start_matches(':').parse().unwrap_or_else(|_| panic!("{response}"))
}

/// The node that has keys with this ending.
fn owner<'a>(nodes: &'a [Server; 3], ending: &str) -> (&'a Server, Vec<String>) {
    let having = |node: &&Server| node.keys().iter().any(|key| key.ends_with(ending));
    let all: Vec<&Server> = nodes.iter().filter(having).collect();
    let [node] = all[..] else { panic!("{} nodes have keys with {ending}", all.len()) };
    (node, node.keys())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_node_of_a_cluster_is_an_entrance() {
    let Some(nodes) = cluster(&[]) else { return };
    let limits = Limits::new().window(number(3), SECOND * 60);
    // The limit is one for all entrances: a burst of one, and then a permit every 30 s.
    permit(&limiter(&nodes[0].url(), limits.clone()), SECOND).await.expect("the first");
    for node in &nodes {
        let limiter = limiter(&node.url(), limits.clone());
        let error = permit(&limiter, SECOND).await.expect_err("the second is far away");
        assert!(matches!(error, RateLimitError::TooLate { .. }) && limiter.is_shared(), "{error:?}");
        let status = FleetStatus::read(patient(&node.url()), caller(), &clock()).await.expect("read");
        assert!(status.processes.iter().any(|process| process.permits == 1), "{status:?}");
    }
    let (_, keys) = owner(&nodes, ":state");
    let slots: Vec<u16> = keys.iter().map(|key| slot(&nodes[1], key)).collect();
    assert!(keys.len() == 3 && slots.iter().all(|slot| *slot == slots[0]), "{keys:?} {slots:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lock_and_notice_work_from_every_node_of_a_cluster() {
    // The nodes name no host, as behind some load balancers.
    let Some(nodes) = cluster(&["--cluster-preferred-endpoint-type", "unknown-endpoint"]) else { return };
    let (one, mut last) = (Owner::new("one").expect("an id"), 0);
    for node in &nodes {
        let lock = RedisLock::new(patient(&node.url()), "ci-bot");
        let held = lock.acquire(&one, SECOND * 60, Duration::ZERO, &clock()).await.expect("free");
        assert!(held.fence() > last);
        last = held.fence();
        held.release(&clock()).await.expect("released");
    }
    let lock = RedisLock::new(patient(&nodes[0].url()), "ci-bot");
    let held = lock.acquire(&one, SECOND * 60, Duration::ZERO, &clock()).await.expect("free");
    let (node, keys) = owner(&nodes, ":lock");
    let slots: Vec<u16> = keys.iter().map(|key| slot(node, key)).collect();
    assert!(keys.len() == 2 && slots[0] == slots[1], "{keys:?} {slots:?}");
    held.release(&clock()).await.expect("released");

    let mut watch = GenerationNotice::new(patient(&nodes[2].url()), "ci-bot").poll(SECOND / 2).watch();
    let waiting = tokio::spawn(async move { watch.changed(&clock()).await });
    tokio::time::sleep(SECOND).await;
    let announcing = GenerationNotice::new(patient(&nodes[0].url()), "ci-bot");
    announcing.announce(&clock()).await.expect("announced");
    tokio::time::timeout(SECOND * 20, waiting).await.expect("in time").expect("no panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn slot_that_moves_is_followed_and_nothing_is_sent_while_it_does() {
    let Some(nodes) = cluster(&[]) else { return };
    let one = limiter(&nodes[0].url(), Limits::new().batches(false)).outage_policy(OutagePolicy::Refuse);
    permit(&one, SECOND).await.expect("a permit");
    let (from, keys) = owner(&nodes, ":state");
    let slot = slot(from, &keys[0]);
    let to = nodes.iter().find(|node| node.port() != from.port()).expect("another node");
    let id = |node: &Server| node.command("CLUSTER MYID").lines().nth(1).expect("an id").to_owned();
    for key in keys {
        from.command(&format!("DEL {key}"));
    }
    assert!(to.command(&format!("CLUSTER SETSLOT {slot} IMPORTING {}", id(from))).starts_with("+OK"));
    assert!(from.command(&format!("CLUSTER SETSLOT {slot} MIGRATING {}", id(to))).starts_with("+OK"));
    let error = permit(&one, SECOND).await.expect_err("between two nodes");
    assert_eq!(error.code(), Code::PACE_02, "{error:?}");
    for node in [to, from] {
        assert!(node.command(&format!("CLUSTER SETSLOT {slot} NODE {}", id(to))).starts_with("+OK"));
    }
    let start = Instant::now();
    while permit(&one, SECOND).await.is_err() {
        assert!(start.elapsed() < SECOND * 5, "the new node was not found");
        tokio::time::sleep(SECOND / 20).await;
    }
    assert!(to.keys().iter().any(|key| key.ends_with(":state")));
}

#[tokio::test(flavor = "multi_thread")]
async fn node_that_is_gone_is_a_case_for_the_policy() {
    let Some(mut nodes) = cluster(&[]) else { return };
    let one = limiter(&nodes[0].url(), Limits::new().batches(false)).outage_policy(OutagePolicy::Refuse);
    permit(&one, SECOND).await.expect("a permit");
    let port = owner(&nodes, ":state").0.port();
    let node = nodes.iter_mut().find(|node| node.port() == port).expect("the owner");
    node.kill();
    let error = permit(&one, SECOND * 10).await.expect_err("gone");
    assert_eq!(error.code(), Code::PACE_02, "{error:?}");
    assert!(!RedisRateLimiter::is_shared(&one));
}
