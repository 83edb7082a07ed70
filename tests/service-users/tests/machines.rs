//! Two machines rotate one credential at once, with a lock in Redis and `kill -9` or a pause at each step of the holder: at the end one
//! new credential is stored and works, nothing else that was created is enabled, and no consumer was refused.
//!
//! `D1_MACHINES_TIMES` sets the number of trials, which `cargo xtask fleet` raises. The seed is printed, and taken from `D1_MACHINES_SEED`.
#![allow(clippy::print_stdout, reason = "seeds and figures")]

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use digicert_one_service_users::kills::Ground;
use digicert_one_service_users::machines::{Strike, TrialReport, Undisturbed};
use digicert_one_service_users::place::Job;
use digicert_one_service_users::stack::Stack;

#[path = "../../../crates/redis/tests/redis/server.rs"]
mod server;

const WORKER: &str = env!("CARGO_BIN_EXE_service-user-worker");
/// Trials that run at the same time, each with an emulator of its own: most of a trial is waiting for a lock.
const LANES: usize = 20;
const FEW: usize = 16;
/// Pauses at these moments come first: what the holder knows is outdated when it continues, and only the fencing number shows it.
const WORST: [&str; 2] = ["begin\tafter", "create\tbefore"];

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

/// The worst pauses, and then a kill and a pause at each moment in turn, spread evenly from a random one on.
fn strike(trial: usize, times: usize, usual: &Undisturbed, random: &mut fastrand::Rng, first: usize) -> Strike {
    let Undisturbed { moments, took } = usual;
    // Several trials at once are slower.
    let ttl = (*took * 4).max(Duration::from_secs(2));
    let worst = WORST.get(trial).and_then(|worst| moments.iter().position(|moment| moment == worst));
    if let Some(at) = worst {
        return Strike { ttl, at, pause: true, away: ttl * 2 + Duration::from_secs(2) };
    }
    let pause = trial % 2 == 1;
    let away = if pause { ttl.mul_f64(1.0 + 2.0 * random.f64()) } else { ttl.mul_f64(2.0 * random.f64()) };
    let apart = (2 * moments.len() / times).max(1);
    Strike { ttl, at: (first + trial / 2 * apart) % moments.len(), pause, away }
}

#[test]
fn two_machines_rotate_once_despite_kills_and_pauses() {
    let Some(redis) = server::Server::start(&[]) else { return };
    let seed = number("D1_MACHINES_SEED").unwrap_or_else(|| fastrand::u64(..));
    let times = number("D1_MACHINES_TIMES").map_or(FEW, |times| usize::try_from(times).expect("a size"));
    println!("{times} trials, D1_MACHINES_SEED={seed}");
    for job in [Job::RotateToken, Job::RotateCertificate] {
        let url = redis.url();
        let usual = Ground::new(WORKER, Stack::Rustls, job).undisturbed(&url);
        let moments = &usual.moments;
        assert!(
            WORST.iter().all(|worst| moments.iter().any(|moment| moment == worst)),
            "not the whole task: {moments:?}"
        );
        let times = times / 2;
        let first = fastrand::Rng::with_seed(seed).usize(..moments.len());
        let (next, seen) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        std::thread::scope(|scope| {
            for _ in 0..LANES.min(times) {
                scope.spawn(|| {
                    let ground = Ground::new(WORKER, Stack::Rustls, job);
                    loop {
                        let trial = next.fetch_add(1, Ordering::Relaxed);
                        if trial >= times {
                            return;
                        }
                        let mut random = fastrand::Rng::with_seed(seed ^ trial as u64);
                        let strike = strike(trial, times, &usual, &mut random, first);
                        let outcome = ground.together(&url, strike).map_err(|fault| format!("{strike:?}: {fault}"));
                        seen.lock().expect("not poisoned").push((strike, outcome));
                    }
                });
            }
        });
        let seen = seen.into_inner().expect("not poisoned");
        let good: Vec<(Strike, TrialReport)> =
            seen.iter().filter_map(|(strike, outcome)| Some((*strike, *outcome.as_ref().ok()?))).collect();
        let struck = |pause: bool| good.iter().filter(|(strike, seen)| strike.pause == pause && seen.struck).count();
        let repeated: usize = good.iter().map(|(_, seen)| seen.repeated).sum();
        println!(
            "| {job} | {} | {} | {} | {repeated} | {} of {} |",
            seen.len(),
            struck(false),
            struck(true),
            good.len(),
            seen.len()
        );
        let faults: Vec<&String> = seen.iter().filter_map(|(_, outcome)| outcome.as_ref().err()).collect();
        assert!(faults.is_empty(), "{job}, D1_MACHINES_SEED={seed}\n{faults:#?}");
        assert!(struck(false) + struck(true) >= times * 9 / 10, "most holders were quicker than their strikes");
    }
}
