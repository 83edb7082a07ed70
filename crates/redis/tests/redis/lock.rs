//! The rotation lock and the notice of new generations.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use digicert_one_core::{Clock, Code, ManualClock};
use digicert_one_provisioning::{LockError, Owner, SharedLock as _};
use digicert_one_redis::{GenerationNotice, RedisLock};

use crate::fixtures::{clock, patient};
use crate::server::Server;

const SECOND: Duration = Duration::from_secs(1);

fn owner(name: &str) -> Owner {
    Owner::new(name).expect("an id")
}

#[tokio::test(flavor = "multi_thread")]
async fn lock_has_one_holder_and_a_growing_fence() {
    let Some(server) = Server::start(&[]) else { return };
    let lock = RedisLock::new(patient(&server.url()), "ci-bot");
    let (one, two) = (owner("one"), owner("two"));
    let held = lock.acquire(&one, SECOND * 60, Duration::ZERO, &clock()).await.expect("free");
    let (holder, left) = lock.holder(&clock()).await.expect("read").expect("held");
    assert!(holder == one && left > SECOND * 50, "{holder} {left:?}");
    let error = lock.acquire(&two, SECOND * 60, Duration::ZERO, &clock()).await.expect_err("held");
    assert!(matches!(&error, LockError::Held { owner, .. } if *owner == one), "{error:?}");
    held.renew(SECOND * 60, &clock()).await.expect("still held");
    held.release(&clock()).await.expect("released");
    let next = lock.acquire(&two, SECOND * 60, Duration::ZERO, &clock()).await.expect("free");
    assert!(next.fence() > held.fence());
    // Another lock is another name.
    let other = RedisLock::new(patient(&server.url()), "other-bot");
    other.acquire(&one, SECOND, Duration::ZERO, &clock()).await.expect("free");
}

#[tokio::test(flavor = "multi_thread")]
async fn holder_that_slept_too_long_has_lost_the_lock() {
    let Some(server) = Server::start(&[]) else { return };
    let lock = RedisLock::new(patient(&server.url()), "ci-bot");
    let one = owner("one");
    let held = lock.acquire(&one, SECOND / 5, Duration::ZERO, &clock()).await.expect("free");
    let next = lock.acquire(&owner("two"), SECOND * 60, SECOND * 20, &clock()).await.expect("after the expiry");
    let error = held.renew(SECOND * 60, &clock()).await.expect_err("lost");
    assert!(matches!(error, LockError::Lost { .. }), "{error:?}");
    // Neither releases what another one holds.
    held.release(&clock()).await.expect("nothing to release");
    lock.free(&one, &clock()).await.expect("nothing to release");
    next.renew(SECOND * 60, &clock()).await.expect("still held");
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_data_ends_the_hold_and_keeps_the_fence_growing() {
    let Some(mut server) = Server::start(&[]) else { return };
    let lock = RedisLock::new(patient(&server.url()), "ci-bot");
    let held = lock.acquire(&owner("one"), SECOND * 60, Duration::ZERO, &clock()).await.expect("free");
    server.restart();
    assert!(matches!(held.renew(SECOND, &clock()).await, Err(LockError::Lost { .. })));
    let next = lock.acquire(&owner("two"), SECOND * 60, SECOND * 20, &clock()).await.expect("free");
    assert!(next.fence() > held.fence(), "{} {}", next.fence(), held.fence());
}

/// An hour is for a holder that releases it. Needs no server.
#[tokio::test(flavor = "multi_thread")]
async fn redis_that_is_away_is_not_waited_for_as_a_holder_is() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
    let lock = RedisLock::new(patient(&format!("redis://127.0.0.1:{port}")), "ci-bot");
    let manual = ManualClock::new(SystemTime::UNIX_EPOCH);
    let clock: Arc<dyn Clock> = Arc::new(manual.clone());
    let one = owner("one");
    let (acquired, waits) = manual.run(lock.acquire(&one, SECOND * 60, SECOND * 3_600, &clock)).await;
    let error = acquired.expect_err("away");
    assert!(matches!(error, LockError::Store { code: Code::PACE_02, .. }), "{error:?}");
    let waited: Duration = waits.iter().sum();
    assert!(waited > SECOND * 20 && waited <= SECOND * 30, "{waited:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn key_of_another_type_has_a_code() {
    let Some(server) = Server::start(&[]) else { return };
    let lock = RedisLock::new(patient(&server.url()), "ci-bot");
    let held = lock.acquire(&owner("one"), SECOND * 60, Duration::ZERO, &clock()).await.expect("free");
    held.release(&clock()).await.expect("released");
    let fence = server.keys().into_iter().find(|key| key.ends_with("fence")).expect("a key");
    let key = fence.trim_end_matches(":fence");
    server.command(&format!("SET {key} x"));
    let error = lock.acquire(&owner("one"), SECOND, Duration::ZERO, &clock()).await.expect_err("not a lock");
    assert!(matches!(error, LockError::Store { code: Code::PACE_04, .. }), "{error:?}");
    server.command(&format!("DEL {key}"));
    server.command(&format!("HSET {key} owner x fence 1"));
    let error = lock.acquire(&owner("one"), SECOND, Duration::ZERO, &clock()).await.expect_err("not a lock");
    assert!(matches!(error, LockError::Store { code: Code::PACE_04, .. }), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_generation_reaches_other_machines_at_once() {
    let Some(server) = Server::start(&[]) else { return };
    let notice = GenerationNotice::new(patient(&server.url()), "ci-bot").poll(SECOND * 600);
    let mut watch = notice.watch();
    let waiting = tokio::spawn(async move {
        watch.changed(&clock()).await;
        watch
    });
    // It listens as soon as the server has a subscriber.
    while !server.command("PUBSUB NUMPAT").starts_with(":") || server.command("PUBSUB CHANNELS").starts_with("*0") {
        tokio::time::sleep(SECOND / 50).await;
    }
    tokio::time::sleep(SECOND / 5).await;
    let start = Instant::now();
    notice.announce(&clock()).await.expect("announced");
    let mut watch = tokio::time::timeout(SECOND * 20, waiting).await.expect("in time").expect("no panic");
    assert!(start.elapsed() < SECOND * 10, "{:?}", start.elapsed());
    // One between two calls is not missed.
    notice.announce(&clock()).await.expect("announced");
    tokio::time::timeout(SECOND * 20, watch.changed(&clock())).await.expect("in time");
}

#[tokio::test(flavor = "multi_thread")]
async fn new_generation_is_found_by_polling_where_messages_are_not_permitted() {
    let Some(server) = Server::start(&[]) else { return };
    assert!(server.command("ACL SETUSER deaf on >deaf ~* &* +@all -subscribe").starts_with("+OK"));
    let url = server.url().replace("redis://", "redis://deaf@");
    let config = patient(&url).password(digicert_one_core::Secret::new("deaf", "a test"));
    let notice = GenerationNotice::new(config, "ci-bot").poll(SECOND / 5);
    let mut watch = notice.watch();
    let waiting = tokio::spawn(async move { watch.changed(&clock()).await });
    tokio::time::sleep(SECOND).await;
    notice.announce(&clock()).await.expect("announced");
    tokio::time::timeout(SECOND * 20, waiting).await.expect("in time").expect("no panic");
}
