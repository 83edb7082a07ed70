//! `kill -9` at every step of every task, at random moments, and again while another process continues: at
//! the end one secret is stored and works, nothing else that was created is enabled, and nothing is left
//! over.
//!
//! `D1_KILLS_TIMES` sets the number of kills at each step; by default, there is one at each moment of a step.
//! The seed is printed, and taken from `D1_KILLS_SEED`.
#![allow(clippy::print_stdout, reason = "seeds and figures")]

use digicert_one_service_users::kills::{Ground, Tally};
use digicert_one_service_users::place::Job;
use digicert_one_service_users::stack::Stack;
use digicert_one_service_users::worker::Kill;

const WORKER: &str = env!("CARGO_BIN_EXE_service-user-worker");
/// The rows that are not a step.
const RANDOM: usize = 1000;
const TWICE: usize = 1001;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

fn kill_everywhere(job: Job) {
    let ground = Ground::new(WORKER, Stack::Reqwest, job);
    let (points, micros) = ground.points();
    assert!(points.len() > 10, "too few steps to be the whole task: {points:?}");
    let seed = number("D1_KILLS_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("{job}: {} moments, D1_KILLS_SEED={seed}", points.len());
    let mut random = fastrand::Rng::with_seed(seed);
    let times = number("D1_KILLS_TIMES").map(|times| usize::try_from(times).expect("a size"));
    let mut tally = Tally::default();
    for (place, step) in points.iter().enumerate() {
        // A step may occur several times; its first moment represents all of them.
        if points[..place].iter().any(|point| point.step == step.step) {
            continue;
        }
        let moments: Vec<usize> = (0..points.len()).filter(|at| points[*at].step == step.step).collect();
        for at in moments.iter().cycle().take(times.unwrap_or(moments.len())) {
            tally.note(place, &step.step, ground.trial(&[Kill::At(*at)]));
        }
    }
    for _ in 0..times.unwrap_or(4) {
        tally.note(RANDOM, "at random moments", ground.trial(&[Kill::After(random.u64(0..micros))]));
    }
    for _ in 0..times.unwrap_or(4) {
        let first = Kill::At(random.usize(0..points.len()));
        let again = Kill::At(random.usize(0..points.len()));
        tally.note(TWICE, "at two random steps, one after the other", ground.trial(&[first, again]));
    }
    tally.write(job);
    println!("{}", tally.lines(job));
    assert!(tally.kills() >= points.len(), "most workers were quicker than their kills");
    assert!(tally.faults().is_empty(), "D1_KILLS_SEED={seed}\n{}", tally.faults().join("\n"));
}

#[test]
fn service_user_is_created_once_despite_kills() {
    kill_everywhere(Job::CreateServiceUser);
}

#[test]
fn token_is_created_once_despite_kills() {
    kill_everywhere(Job::CreateToken);
}

#[test]
fn certificate_is_created_once_despite_kills() {
    kill_everywhere(Job::RequestCertificate);
}

#[test]
fn token_is_replaced_once_despite_kills() {
    kill_everywhere(Job::RotateToken);
}

#[test]
fn certificate_is_replaced_once_despite_kills() {
    kill_everywhere(Job::RotateCertificate);
}

#[test]
fn it_is_the_same_over_the_other_stacks() {
    for (stack, job) in [(Stack::Isahc, Job::RotateToken), (Stack::NativeTls, Job::RotateCertificate)] {
        let ground = Ground::new(WORKER, stack, job);
        let (points, _) = ground.points();
        let mut tally = Tally::default();
        for at in (0..points.len()).step_by(4) {
            tally.note(at, &points[at].step, ground.trial(&[Kill::At(at)]));
        }
        assert!(tally.faults().is_empty(), "{stack}\n{}", tally.faults().join("\n"));
    }
}

#[test]
fn rotation_run_again_after_a_kill_at_each_step_succeeds() {
    for job in [Job::RotateToken, Job::RotateCertificate] {
        let ground = Ground::new(WORKER, Stack::Reqwest, job);
        let (points, _) = ground.points();
        let mut tally = Tally::default();
        for (at, point) in points.iter().enumerate() {
            tally.note(at, &point.step, ground.rerun(Kill::At(at)));
        }
        assert!(tally.kills() >= points.len(), "most workers were quicker than their kills");
        assert!(tally.faults().is_empty(), "{job}\n{}", tally.faults().join("\n"));
    }
}
