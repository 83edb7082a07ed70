//! Weekly credentials that replace themselves, over many virtual days with faults, cuts and an owner who ends too: nobody who uses
//! them is ever refused because one ended.
//!
//! `D1_DAYS` says how many days, `D1_DAYS_SEED` what is drawn from: always the same unless it is given, so that a change shows by
//! itself. `cargo xtask days` draws one.
#![allow(clippy::print_stdout, reason = "seeds and figures")]

use digicert_one_service_users::days::{Span, live};
use digicert_one_service_users::place::Job;
use digicert_one_service_users::stack::Stack;

const SEED: u64 = 13_661_823_600_986_724_431;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

fn nobody_is_refused(job: Job, stack: Stack, days: u32) {
    let seed = number("D1_DAYS_SEED").unwrap_or(SEED);
    println!("{job} over {stack}, {days} days, D1_DAYS_SEED={seed}");
    let seen = live(Span { job, stack, days, seed, is_rotated: true });
    println!("{seen}");
    assert!(seen.refused.is_empty(), "D1_DAYS_SEED={seed}\n{}", seen.refused.join("\n"));
    assert!(seen.unauthorised.is_empty(), "D1_DAYS_SEED={seed}\n{}", seen.unauthorised.join("\n"));
    assert!(seen.faults.is_empty(), "D1_DAYS_SEED={seed}\n{}\n{}", seen.faults.join("\n"), seen.story.join("\n"));
    assert!(seen.answered > 2 * days as usize, "D1_DAYS_SEED={seed}: {} calls were answered", seen.answered);
    // Each lasts seven days and what is left of the day it is made on, so fewer could not have carried all calls. The rotations that
    // told of their end may be fewer still: one that is cut after its last step tells nobody.
    for generation in seen.generations {
        assert!(generation * 8 >= u64::from(days), "D1_DAYS_SEED={seed}: only {generation} generations were used");
    }
}

#[test]
fn a_weekly_token_never_fails_a_caller() {
    let days = number("D1_DAYS").unwrap_or(200);
    nobody_is_refused(Job::RotateToken, Stack::Reqwest, u32::try_from(days).expect("days"));
}

#[test]
fn a_weekly_certificate_never_fails_a_caller() {
    let days = number("D1_DAYS_CERTIFICATES").unwrap_or(100);
    nobody_is_refused(Job::RotateCertificate, Stack::Reqwest, u32::try_from(days).expect("days"));
}

#[test]
fn it_is_the_same_over_the_other_stacks() {
    nobody_is_refused(Job::RotateToken, Stack::Isahc, 28);
    nobody_is_refused(Job::RotateCertificate, Stack::NativeTls, 28);
}

#[test]
fn without_a_rotation_it_shows() {
    for job in [Job::RotateToken, Job::RotateCertificate] {
        let seen = live(Span { job, stack: Stack::Reqwest, days: 14, seed: 1, is_rotated: false });
        assert!(!seen.refused.is_empty() && !seen.faults.is_empty(), "{job}: {seen}");
        // No file tells when a key ends, so the platform has to say it; a certificate tells the client itself.
        assert_eq!(seen.unauthorised.is_empty(), job.is_certificate(), "{job}: {seen}");
    }
}
