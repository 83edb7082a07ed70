//! The primary that Sentinel names, also after a failover.

use std::time::{Duration, Instant};

use digicert_one_core::Code;
use digicert_one_provisioning::{LockError, Owner, SharedLock as _};
use digicert_one_redis::{Limits, OutagePolicy, RedisLock};

use crate::fixtures::{clock, limiter, patient, permit};
use crate::server::Server;

const SECOND: Duration = Duration::from_secs(1);

fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < SECOND * 20, "not within 20 s: {what}");
        std::thread::sleep(SECOND / 20);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn primary_named_by_sentinel_is_used_and_followed() {
    let Some(primary) = Server::start(&[]) else { return };
    let Some(replica) = Server::start(&["--replicaof", "127.0.0.1", &primary.port().to_string()]) else { return };
    until("the replica is in step", || replica.command("INFO replication").contains("master_link_status:up"));
    let Some(sentinel) = Server::start_sentinel(primary.port()) else { return };
    until("Sentinel knows the replica", || {
        sentinel.command("SENTINEL replicas main").contains("master-link-status\r\n$2\r\nok")
    });
    let url = format!("redis+sentinel://127.0.0.1:{}/main", sentinel.port());
    let one = limiter(&url, Limits::new().batches(false)).outage_policy(OutagePolicy::Refuse);
    permit(&one, SECOND * 5).await.expect("a permit");
    let lock = RedisLock::new(patient(&url), "ci-bot");
    let (first, second) = (Owner::new("one").expect("an id"), Owner::new("two").expect("an id"));
    let held = lock.acquire(&first, SECOND * 600, Duration::ZERO, &clock()).await.expect("free");
    assert!(primary.keys().iter().any(|key| key.ends_with(":state")));
    until("the replica has the lock", || replica.keys().iter().any(|key| key.ends_with(":lock")));

    assert!(sentinel.command("SENTINEL failover main").starts_with("+OK"));
    until("the replica is the primary", || {
        let port = replica.port().to_string();
        sentinel.command("SENTINEL get-master-addr-by-name main").contains(&port)
            && replica.command("ROLE").contains("master")
            && primary.command("ROLE").contains("slave")
    });
    let start = Instant::now();
    while let Err(error) = permit(&one, SECOND * 5).await {
        assert!([Code::PACE_02, Code::PACE_04].contains(&error.code()), "{error:?}");
        assert!(start.elapsed() < SECOND * 10, "{error:?}");
        tokio::time::sleep(SECOND / 20).await;
    }
    // The holder still has the lock, and another one does not get it.
    held.renew(SECOND * 600, &clock()).await.expect("still held");
    let error = lock.acquire(&second, SECOND, Duration::ZERO, &clock()).await.expect_err("held");
    assert!(matches!(error, LockError::Held { .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn name_that_sentinel_does_not_know_is_refused() {
    let Some(primary) = Server::start(&[]) else { return };
    let Some(sentinel) = Server::start_sentinel(primary.port()) else { return };
    let url = format!("redis+sentinel://127.0.0.1:{}/other", sentinel.port());
    let one = limiter(&url, Limits::new()).outage_policy(OutagePolicy::Refuse);
    let error = permit(&one, SECOND * 5).await.expect_err("unknown");
    assert_eq!(error.code(), Code::PACE_02, "{error:?}");
}
