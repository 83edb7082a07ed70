//! `d1 --limiter` and `d1 fleet status` over a redis-server of this test alone. SKIPPED where none is installed.

#[cfg(unix)]
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use digicert_one::SystemClock;
use digicert_one::core::Clock;
use digicert_one::provisioning::{Owner, SharedLock as _};
use digicert_one::redis::{RedisConfig, RedisLock};
use digicert_one_emulator::{EmulatorOptions, RateLimit};
use serde_json::Value;

use crate::server::Server;
use crate::stage::{ME, Stage, assert_failed, document, text};

/// As the service user that the emulator begins with.
fn command(stage: &Stage, arguments: &[&str]) -> Command {
    let mut command = stage.command(arguments, &[("DC_API_KEY", stage.key())]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn status(stage: &Stage, arguments: &[&str]) -> Value {
    let output = stage.bot(&[&["--json", "fleet", "status"], arguments].concat());
    assert!(output.status.success(), "{}", text(&output));
    document(&output)
}

#[test]
fn processes_with_one_key_keep_its_limit_and_are_listed() {
    let Some(server) = Server::start(&[]) else { return };
    // Twice the rate that the processes share: one that is slow to send meets no 429.
    let limit = RateLimit::new(8, Duration::from_secs(2));
    let stage = Stage::of(EmulatorOptions::default().rate_limit(limit));
    let url = server.url();
    let shared = ["call", "GET", ME, "--no-retry", "--limiter", &url, "--limiter-rate", "4/2s"];
    let start = Instant::now();
    let children: Vec<_> = (0..10).map(|_| command(&stage, &shared).spawn().expect("d1 runs")).collect();
    for child in children {
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output));
    }
    assert!(start.elapsed() > Duration::from_secs(2), "ten calls at 4 in 2 s took {:?}", start.elapsed());
    assert_eq!(stage.emulator.observed().len(), 10);

    let before = stage.emulator.observed().len();
    let status = status(&stage, &["--limiter", &url]);
    let processes = status["processes"].as_array().expect("a list");
    let permits: u64 = processes.iter().filter_map(|process| process["permits"].as_u64()).sum();
    // One that was not seen for ten seconds is not listed.
    assert!(processes.len() > 1 && processes.len() as u64 <= permits, "{status}");
    assert_eq!((&status["limiter"], &status["lock"]), (&url.as_str().into(), &Value::Null));
    let output = stage.bot(&["fleet", "status", "--limiter", &url]);
    assert!(text(&output).contains(" processes share the rate limit of k:"), "{}", text(&output));
    assert!(text(&output).contains("\nPROCESS") && output.stderr.is_empty(), "{}", text(&output));
    assert_eq!(stage.emulator.observed().len(), before, "nothing is sent to the platform");
}

#[test]
fn password_comes_by_reference_and_the_profile_names_the_limiter() {
    let Some(server) = Server::start(&["--requirepass", "canary-password"]) else { return };
    let (stage, url) = (Stage::new(), server.url());
    let password = stage.path("redis-password");
    std::fs::write(&password, "canary-password\n").expect("written");
    let reference = format!("file:{password}");
    let given = ["--limiter", &url, "--limiter-password", &reference];
    let output = stage.bot(&[&["whoami"], &given[..]].concat());
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output));
    assert_eq!(status(&stage, &given)["processes"].as_array().map(Vec::len), Some(1));

    let config = stage.path("d1.toml");
    let profile = format!(
        "[profiles.ci]\nhost = \"{}\"\napi_key = \"env:DC_API_KEY\"\nlimiter = \"{url}\"\nlimiter_password = \"file:redis-password\"\n\
         limiter_rate = \"100/5s, 1000/60s\"\n",
        stage.emulator.platform_url()
    );
    std::fs::write(&config, &profile).expect("written");
    let by_profile = |arguments: &[&str]| {
        command(&stage, &[arguments, &["--profile", "ci"]].concat())
            .env("DC_CONFIG", &config)
            .output()
            .expect("d1 runs")
    };
    let output = by_profile(&["whoami"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output));
    let output = by_profile(&["--json", "fleet", "status"]);
    let status = document(&output);
    assert_eq!(status["processes"].as_array().map(Vec::len), Some(2), "{status}");
    let output = by_profile(&["csc", "info"]);
    assert!(
        output.status.code() == Some(2) && text(&output).contains("cannot share a rate limit"),
        "{}",
        text(&output)
    );

    // A wrong password: the status fails, and a call keeps a share of the limit and says so.
    std::fs::write(&password, "canary-other\n").expect("written");
    let output = stage.bot(&[&["fleet", "status"], &given[..]].concat());
    assert_eq!(output.status.code(), Some(4), "{}", text(&output));
    assert!(text(&output).contains("PACE-03") && !text(&output).contains("canary"), "{}", text(&output));
    let output = stage.bot(&[&["whoami"], &given[..]].concat());
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("warning: the shared rate limiter is unavailable (PACE-03)"), "{}", text(&output));
    assert!(!text(&output).contains("canary"), "{}", text(&output));
    // The lock is not waited for: a wrong password does not mend itself.
    let store = stage.file_store("key");
    let output = stage.bot(&[&["token", "rotate", "--store", &store, "--lock-name", "ci-bot"], &given[..]].concat());
    assert!(!output.status.success() && text(&output).contains("PACE-03"), "{}", text(&output));
    assert!(stage.emulator.observed().iter().all(|call| call.method == "GET"));
}

#[test]
fn holder_of_a_lock_is_shown() {
    let Some(server) = Server::start(&[]) else { return };
    let (stage, url) = (Stage::new(), server.url());
    let free = status(&stage, &["--limiter", &url, "--lock-name", "ci-bot"]);
    assert_eq!((&free["lock"]["name"], &free["lock"]["holder"]), (&"ci-bot".into(), &Value::Null), "{free}");

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let owner = Owner::new("build-7").expect("random numbers");
    let lock = RedisLock::new(RedisConfig::new(url.parse().expect("an address")), "ci-bot");
    let (ttl, timeout) = (Duration::from_secs(60), Duration::from_secs(5));
    let held = runtime.block_on(lock.acquire(&owner, ttl, timeout, &clock)).expect("it is free");
    let status = status(&stage, &["--limiter", &url, "--lock-name", "ci-bot"]);
    let left = status["lock"]["expires_in_seconds"].as_f64().expect("a number");
    assert!(left > 1.0 && left <= 60.0, "{status}");
    assert_eq!(status["lock"]["holder"], owner.to_string());
    let output = stage.bot(&["fleet", "status", "--limiter", &url, "--lock-name", "ci-bot"]);
    assert!(text(&output).contains(&format!("lock ci-bot: held by {owner}, for ")), "{}", text(&output));
    runtime.block_on(held.release(&clock)).expect("it was held");
}

#[test]
fn two_machines_that_rotate_at_once_make_one_credential() {
    let Some(server) = Server::start(&[]) else { return };
    let (stage, url) = (Stage::new(), server.url());
    let user = stage.emulator.users()[0].id().to_owned();
    let rotate = |machine: &str, more: &[&str]| {
        let store = stage.file_store(machine);
        let line = ["--json", "token", "rotate", "--store", &store, "--grace", "0s", "--limiter", &url];
        let mut command = command(&stage, &[&line[..], more].concat());
        move || command.spawn().expect("d1 runs")
    };
    let made = || stage.emulator.observed().iter().filter(|call| call.method == "POST").count();

    // While a third one holds the lock, both wait for it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let owner = Owner::new("build-7").expect("random numbers");
    let lock = RedisLock::new(RedisConfig::new(url.parse().expect("an address")), &user);
    let (ttl, patience) = (Duration::from_secs(60), Duration::from_secs(5));
    let held = runtime.block_on(lock.acquire(&owner, ttl, patience, &clock)).expect("it is free");
    let output = rotate("impatient", &["--lock-wait", "0s"])().wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(7), "{}", text(&output));
    assert!(text(&output).contains(&format!("({user}) is held by {owner}")) && made() == 0, "{}", text(&output));
    let machines = ["one", "two"].map(|machine| rotate(machine, &[])());
    while stage.emulator.observed().iter().filter(|call| call.path == ME).count() < 3 {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(made(), 0, "nothing is made without the lock");
    runtime.block_on(held.release(&clock)).expect("it was held");

    let mut outcomes = machines.map(|machine| {
        let output = machine.wait_with_output().expect("it ends");
        let document = document(&output);
        assert!(output.status.success(), "{}", text(&output));
        document["outcome"].as_str().unwrap_or_default().to_owned()
    });
    outcomes.sort();
    assert_eq!((outcomes, made()), (["completed".to_owned(), "not-due".to_owned()], 1));
    assert_eq!(runtime.block_on(lock.holder(&clock)).expect("read"), None);
}

#[test]
fn rotation_without_its_lock_makes_nothing() {
    let stage = Stage::new();
    let store = stage.file_store("key");
    let rotate = ["token", "rotate", "--store", &store, "--lock-wait", "0s"];
    let away = [&rotate[..], &["--limiter", "redis+unix:///nonexistent/redis.sock"]].concat();
    let output = stage.bot(&away);
    assert!(!output.status.success() && text(&output).contains("PACE-02"), "{}", text(&output));
    assert!(text(&output).contains("failed to use the shared lock: "), "{}", text(&output));
    let refused = command(&stage, &away).env("DC_API_KEY", "01_unknown").output().expect("d1 runs");
    assert_eq!(refused.status.code(), Some(5), "{}", text(&refused));
    assert!(text(&refused).contains("AUT-01"), "{}", text(&refused));
    let output = stage.bot(&[&rotate[..], &["--lock-name", "ci-bot"]].concat());
    assert_failed(&output, 2, &["--limiter URL"]);
    assert!(stage.emulator.observed().iter().all(|call| call.method == "GET"));
}

#[test]
fn missing_redis_or_a_password_in_its_address_is_reported() {
    let stage = Stage::new();
    for (arguments, code, words) in [
        (&["fleet", "status"][..], 2, "missing --limiter"),
        (&["fleet", "status", "--limiter", "redis://:canary@cache"], 2, "--limiter-password env:NAME"),
        (&["whoami", "--limiter", "canary-7"], 2, "redis://host"),
        (&["whoami", "--limiter-rate", "5/1s"], 2, "--limiter"),
        (&["whoami", "--limiter", "redis://127.0.0.1", "--limiter-rate", "canary-7"], 2, "1000/60s"),
        (&["fleet", "status", "--limiter", "redis+unix:///nonexistent/redis.sock"], 4, "PACE-02"),
    ] {
        let output = stage.bot(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", text(&output));
        assert!(text(&output).contains(words) && !text(&output).contains("canary"), "{}", text(&output));
    }
    let away = stage.bot(&["whoami", "--limiter", "redis+unix:///nonexistent/redis.sock"]);
    assert!(away.status.success() && text(&away).contains("unavailable (PACE-02)"), "{}", text(&away));
}

/// Only Unix sockets need no token.
#[cfg(unix)]
#[test]
fn proxy_of_another_machine_hears_of_a_rotation() {
    let Some(server) = Server::start(&[]) else { return };
    let (stage, url) = (Stage::new(), server.url());
    let socket = stage.path("proxy.sock");
    let proxy = ["--json", "proxy", "--socket", &socket, "--limiter", &url];
    let mut proxy = command(&stage, &proxy).stderr(Stdio::inherit()).spawn().expect("d1 runs");
    let events = BufReader::new(proxy.stdout.take().expect("piped"));
    let limit = Instant::now() + Duration::from_secs(60);
    while server.command("PUBSUB CHANNELS").starts_with("*0") {
        assert!(Instant::now() < limit, "the proxy does not listen to notices");
        std::thread::sleep(Duration::from_millis(10));
    }
    let store = stage.file_store("key");
    let output =
        stage.bot(&["token", "rotate", "--store", &store, "--grace", "0s", "--keep-previous", "--limiter", &url]);
    assert!(output.status.success(), "{}", text(&output));
    let heard = events.lines().map_while(Result::ok).find(|line| line.contains("\"event\":\"notice\""));
    assert!(heard.is_some(), "the proxy ended without a notice");
    proxy.kill().expect("it runs");
    proxy.wait().expect("it ends");
}
