//! A Redis that is wrong in every way that was thought of: each way has a code, takes a bounded time, and sends nothing unlimited.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use digicert_one_core::{Code, RateLimitError, Secret};
use digicert_one_redis::{
    FleetError, FleetErrorKind as Kind, Limits, OutagePolicy, RedisConfig, RedisLock, RedisRateLimiter,
};

use crate::fixtures::{clock, number, patient, permit};
use crate::server::Server;

const SECOND: Duration = Duration::from_secs(1);

/// One call with the policy that refuses, and the error of the store in it.
async fn refused(config: RedisConfig) -> (Code, Kind) {
    let limits = Limits::new().window(number(10), SECOND);
    let limiter = RedisRateLimiter::new(config, limits).expect("a limiter").outage_policy(OutagePolicy::Refuse);
    let start = Instant::now();
    let error = permit(&limiter, SECOND * 30).await.expect_err("refused");
    assert!(start.elapsed() < SECOND * 7, "{:?}", start.elapsed());
    assert!(!limiter.is_shared());
    let code = error.code();
    let (RateLimitError::Unavailable(source) | RateLimitError::Denied(source) | RateLimitError::Unusable(source)) =
        error
    else {
        panic!("not an error of the store: {error:?}")
    };
    let source = source.downcast::<FleetError>().expect("ours");
    assert!(!format!("{source} {source:?}").contains("hunter2"), "{source:?}");
    (code, source.kind())
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_password_is_denied() {
    let Some(server) = Server::start(&["--requirepass", "right"]) else { return };
    let config = || patient(&server.url());
    assert_eq!(refused(config()).await, (Code::PACE_03, Kind::Denied));
    let wrong = config().password(Secret::new("hunter2", "a test"));
    assert_eq!(refused(wrong).await, (Code::PACE_03, Kind::Denied));
    let right = RedisRateLimiter::new(config().password(Secret::new("right", "a test")), Limits::new());
    permit(&right.expect("a limiter"), SECOND).await.expect("a permit");
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_password_is_not_a_wrong_one() {
    let Some(server) = Server::start(&["--requirepass", "right"]) else { return };
    for (config, words) in [
        (patient(&server.url()), "requires a password"),
        (patient(&server.url()).password(Secret::new("hunter2", "a test")), "refused the user name or the password"),
    ] {
        let error = RedisLock::new(config, "ci-bot").holder(&clock()).await.expect_err("denied");
        assert!(error.code() == Code::PACE_03 && error.to_string().contains(words), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn user_without_permission_is_denied() {
    let Some(server) = Server::start(&[]) else { return };
    assert!(server.command("ACL SETUSER weak on >weak ~* +info +ping +hello +client").starts_with("+OK"));
    let url = server.url().replace("redis://", "redis://weak@");
    let config = patient(&url).password(Secret::new("weak", "a test"));
    assert_eq!(refused(config).await, (Code::PACE_03, Kind::Denied));
}

#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread")]
async fn tls_that_the_server_does_not_speak_is_denied() {
    let Some(server) = Server::start(&[]) else { return };
    let config = patient(&server.url().replace("redis://", "rediss://"));
    assert_eq!(refused(config).await, (Code::PACE_03, Kind::Tls));
}

#[cfg(feature = "tls")]
#[tokio::test(flavor = "multi_thread")]
async fn tls_needs_a_certificate_that_is_trusted() {
    use digicert_one_core::TrustRoots;

    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let directory = tempfile::tempdir().expect("a directory");
    let path = |name: &str| directory.path().join(name).display().to_string();
    std::fs::write(path("crt"), made.cert.pem()).expect("written");
    std::fs::write(path("key"), made.signing_key.serialize_pem()).expect("written");
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port().to_string();
    let (crt, key) = (path("crt"), path("key"));
    let options = ["--tls-port", &port, "--tls-cert-file", &crt, "--tls-key-file", &key, "--tls-ca-cert-file", &crt];
    let Some(server) = Server::start(&[&options[..], &["--tls-auth-clients", "no"]].concat()) else { return };
    let config = || patient(&format!("rediss://localhost:{port}"));
    assert_eq!(refused(config()).await, (Code::PACE_03, Kind::Tls));
    let trusting = config().trust(TrustRoots::Only(vec![made.cert.der().clone()]));
    let limiter = RedisRateLimiter::new(trusting, Limits::new()).expect("a limiter");
    permit(&limiter, SECOND).await.expect("a permit");
    assert!(limiter.is_shared());
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn key_of_another_type_is_unusable() {
    let Some(server) = Server::start(&[]) else { return };
    permit(&RedisRateLimiter::new(patient(&server.url()), Limits::new()).expect("a limiter"), SECOND)
        .await
        .expect("a permit");
    for key in server.keys() {
        server.command(&format!("DEL {key}"));
        server.command(&format!("SET {key} x"));
        assert_eq!(refused(patient(&server.url())).await, (Code::PACE_04, Kind::WrongType), "{key}");
        server.command(&format!("DEL {key}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_values_neither_stop_nor_free_the_callers() {
    let Some(server) = Server::start(&[]) else { return };
    let limits = Limits::new().window(number(2), SECOND);
    permit(&RedisRateLimiter::new(patient(&server.url()), limits.clone()).expect("a limiter"), SECOND)
        .await
        .expect("a permit");
    let state = server.keys().into_iter().find(|key| key.ends_with("state")).expect("a key");
    let processes = state.replace("state", "processes");
    let fields = ["t1", "hold", "epoch", "now", "learnt", "fast", "changed", "pause", "slots", "begin", "current"];
    for value in ["9e300", "-9e300", "nan", "inf", "x", "0x7fffffffffffffff", "1e16"] {
        for field in fields {
            server.command(&format!("HSET {state} {field} {value}"));
        }
        server.command(&format!("HSET {processes} other {value}|{value}"));
        let limiter = RedisRateLimiter::new(patient(&server.url()), limits.clone()).expect("a limiter");
        let start = Instant::now();
        for _ in 0..4 {
            permit(&limiter, SECOND * 5).await.unwrap_or_else(|error| panic!("{value}: {error:?}"));
        }
        assert!(limiter.is_shared(), "{value}");
        assert!(start.elapsed() > SECOND && start.elapsed() < SECOND * 5, "{value}: {:?}", start.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_replica_is_unusable() {
    let Some(primary) = Server::start(&[]) else { return };
    let Some(replica) = Server::start(&["--replicaof", "127.0.0.1", &primary.port().to_string()]) else { return };
    assert_eq!(refused(patient(&replica.url())).await, (Code::PACE_04, Kind::ReadOnly));
}

#[tokio::test(flavor = "multi_thread")]
async fn full_memory_is_unusable() {
    let Some(server) = Server::start(&["--maxmemory", "1", "--maxmemory-policy", "noeviction"]) else { return };
    assert_eq!(refused(patient(&server.url())).await, (Code::PACE_04, Kind::OutOfMemory));
}

/// What a scripted server does with the connection.
#[derive(Clone, Copy)]
enum Then {
    /// Waits for more, and begins again with the first response.
    Waits,
    /// Ends it after the last response.
    Ends,
}

/// A server that sends these responses in turn, whatever it is asked.
fn impostor(responses: &'static [&'static [u8]], then: Then) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("redis://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let (mut buffer, mut sent) = ([0; 4096], 0);
                while stream.read(&mut buffer).is_ok_and(|length| length > 0) {
                    let response = responses[sent % responses.len()];
                    sent += 1;
                    if stream.write_all(response).is_err() || (matches!(then, Then::Ends) && sent == responses.len()) {
                        return;
                    }
                }
            });
        }
    });
    url
}

const HELLO: &[u8] = b"+OK\r\n+OK\r\n";
const INFO: &[u8] = b"$30\r\n# Server\r\nredis_version:7.0.15\r\n";
const OLD: &[u8] = b"$30\r\n# Server\r\nredis_version:4.0.14\r\n";

const SERVERS: [(&[&[u8]], Then, Code); 9] = [
    (&[b"HTTP/1.1 400 Bad Request\r\n\r\n"], Then::Ends, Code::PACE_04),
    (&[b"$1000000\r\ncut"], Then::Ends, Code::PACE_02),
    (&[b""], Then::Ends, Code::PACE_02),
    (&[b""], Then::Waits, Code::PACE_02),
    (&[HELLO], Then::Waits, Code::PACE_04),
    (&[HELLO, OLD], Then::Waits, Code::PACE_04),
    // The response of the script is cut; it is one that the script cannot give: more permits than were wanted, a wait of centuries.
    (&[HELLO, INFO, b"*7\r\n:1\r\n$1\r\n"], Then::Ends, Code::PACE_02),
    (&[HELLO, INFO, b"*7\r\n:99\r\n$1\r\n0\r\n:0\r\n$1\r\n1\r\n:1\r\n:1\r\n$1\r\n0\r\n"], Then::Ends, Code::PACE_04),
    (&[HELLO, INFO, b"*7\r\n:1\r\n$4\r\n1e99\r\n:0\r\n$1\r\n1\r\n:1\r\n:1\r\n$1\r\n0\r\n"], Then::Ends, Code::PACE_04),
];

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_not_redis_have_codes() {
    for (responses, then, code) in SERVERS {
        let config = patient(&impostor(responses, then)).connect_timeout(SECOND);
        let (seen, kind) = refused(config).await;
        assert_eq!(seen, code, "{:?}: {kind:?}", String::from_utf8_lossy(&responses.concat()));
    }
}

/// The permits that two processes would share are kept by the default policy: not one more is given because Redis is unusable.
async fn keeps_its_share(config: RedisConfig, what: &str) {
    let limits = Limits::new().window(number(20), SECOND).batches(false);
    let limiter = RedisRateLimiter::new(config, limits)
        .expect("a limiter")
        .outage_policy(OutagePolicy::LocalShare { processes: 2 });
    permit(&limiter, SECOND * 30).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
    let (start, mut count) = (Instant::now(), 0);
    while start.elapsed() < SECOND {
        permit(&limiter, SECOND * 30).await.unwrap_or_else(|error| panic!("{what}: {error:?}"));
        count += 1;
    }
    assert!((2..=12).contains(&count) && !limiter.is_shared(), "{what}: {count} in a second");
}

#[tokio::test(flavor = "multi_thread")]
async fn unusable_redis_frees_no_call_from_its_limit() {
    let mut all = tokio::task::JoinSet::new();
    for (responses, then, _) in SERVERS {
        let config = patient(&impostor(responses, then)).connect_timeout(SECOND / 2).wait(SECOND);
        all.spawn(async move { keeps_its_share(config, &String::from_utf8_lossy(&responses.concat())).await });
    }
    let Some(closed) = Server::start(&["--requirepass", "right"]) else { return };
    let Some(full) = Server::start(&["--maxmemory", "1", "--maxmemory-policy", "noeviction"]) else { return };
    let Some(replica) = Server::start(&["--replicaof", "127.0.0.1", &closed.port().to_string()]) else { return };
    for (server, what) in [(&closed, "no password"), (&full, "full"), (&replica, "replica")] {
        let config = patient(&server.url());
        all.spawn(async move { keeps_its_share(config, what).await });
    }
    all.join_all().await;
}

#[cfg(feature = "provisioning")]
mod lock {
    use digicert_one_provisioning::{LockError, Owner, SharedLock as _};
    use digicert_one_redis::RedisLock;

    use super::*;
    use crate::fixtures::clock;

    async fn code(config: RedisConfig) -> Code {
        let owner = Owner::new("one").expect("an id");
        let start = Instant::now();
        let got = RedisLock::new(config, "ci-bot").acquire(&owner, SECOND, Duration::ZERO, &clock()).await;
        assert!(start.elapsed() < SECOND * 7, "{:?}", start.elapsed());
        match got.map(drop) {
            Err(LockError::Store { code, source }) => {
                assert!(!format!("{source} {source:?}").contains("hunter2"), "{source:?}");
                code
            }
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn lock_in_an_unusable_redis_is_not_held() {
        let Some(closed) = Server::start(&["--requirepass", "right"]) else { return };
        let wrong = patient(&closed.url()).password(Secret::new("hunter2", "a test"));
        assert_eq!(code(wrong).await, Code::PACE_03);
        let Some(full) = Server::start(&["--maxmemory", "1", "--maxmemory-policy", "noeviction"]) else { return };
        assert_eq!(code(patient(&full.url())).await, Code::PACE_04);
        let Some(replica) = Server::start(&["--replicaof", "127.0.0.1", &full.port().to_string()]) else { return };
        assert_eq!(code(patient(&replica.url())).await, Code::PACE_04);
        for (responses, then, expected) in SERVERS {
            let config = patient(&impostor(responses, then)).connect_timeout(SECOND);
            assert_eq!(code(config).await, expected, "{:?}", String::from_utf8_lossy(&responses.concat()));
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn lock_survives_flushed_scripts() {
        let Some(server) = Server::start(&[]) else { return };
        let lock = RedisLock::new(patient(&server.url()), "ci-bot");
        let owner = Owner::new("one").expect("an id");
        let held = lock.acquire(&owner, SECOND * 60, Duration::ZERO, &clock()).await.expect("free");
        assert!(server.command("SCRIPT FLUSH").starts_with("+OK"));
        held.renew(SECOND * 60, &clock()).await.expect("still held");
        assert!(server.command("SCRIPT FLUSH").starts_with("+OK"));
        held.release(&clock()).await.expect("released");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn status_shows_the_fleet_and_escapes_hostile_names() {
    use crate::fixtures::{caller, clock, limiter};
    use digicert_one_redis::FleetStatus;

    let Some(server) = Server::start(&[]) else { return };
    let two = [limiter(&server.url(), Limits::new()), limiter(&server.url(), Limits::new())];
    for limiter in &two {
        permit(limiter, SECOND).await.expect("a permit");
    }
    let read = async || FleetStatus::read(patient(&server.url()), caller(), &clock()).await;
    let status = read().await.expect("read");
    assert!(status.processes.len() == 2 && status.processes.iter().all(|process| process.permits == 1), "{status:?}");
    let key = |end: &str| server.keys().into_iter().find(|key| key.ends_with(end)).expect("a key");
    server.command(&format!("ZADD {} 1 \"\\x1b[31mred\"", key("seen")));
    server.command(&format!("HSET {} \"\\x1b[31mred\" -1|9e99|x", key("processes")));
    let status = read().await.expect("read");
    assert!(status.processes.len() == 3 && !status.processes[0].name.contains('\x1b'), "{status:?}");
    server.command(&format!("HSET {} learnt x", key("state")));
    assert_eq!(read().await.expect_err("not a number").code(), Code::PACE_04);
}
