//! Weekly credentials with automatic rotation, over many virtual days with faults, interruptions and an owner
//! that expires too: no consumer is refused because a credential expired.
//!
//! `D1_DAYS` sets the number of days, `D1_DAYS_SEED` the seed: fixed by default, so that changes are
//! reproducible. `cargo xtask days` uses a random one.
#![allow(clippy::print_stdout, reason = "seeds and figures")]

use digicert_one_service_users::days::{Span, live};
use digicert_one_service_users::place::Job;
use digicert_one_service_users::stack::Stack;

const SEED: u64 = 13_661_823_600_986_724_431;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|text| text.parse().expect("a number"))
}

fn no_call_is_refused(job: Job, stack: Stack, days: u32) {
    let seed = number("D1_DAYS_SEED").unwrap_or(SEED);
    println!("{job} over {stack}, {days} days, D1_DAYS_SEED={seed}");
    let seen = live(Span { job, stack, days, seed, is_rotated: true });
    println!("{seen}");
    assert!(seen.refused.is_empty(), "D1_DAYS_SEED={seed}\n{}", seen.refused.join("\n"));
    assert!(seen.unauthorised.is_empty(), "D1_DAYS_SEED={seed}\n{}", seen.unauthorised.join("\n"));
    assert!(seen.faults.is_empty(), "D1_DAYS_SEED={seed}\n{}\n{}", seen.faults.join("\n"), seen.story.join("\n"));
    assert!(seen.answered > 2 * days as usize, "D1_DAYS_SEED={seed}: {} calls were answered", seen.answered);
    // Each is valid for seven days and the rest of the day of its creation, so fewer could not have carried
    // all calls. Reported rotations may be fewer: one that is interrupted after its last step reports
    // nothing.
    for generation in seen.generations {
        assert!(generation * 8 >= u64::from(days), "D1_DAYS_SEED={seed}: only {generation} generations were used");
    }
}

#[test]
fn weekly_token_never_fails_a_caller() {
    let days = number("D1_DAYS").unwrap_or(200);
    no_call_is_refused(Job::RotateToken, Stack::Reqwest, u32::try_from(days).expect("days"));
}

#[test]
fn weekly_certificate_never_fails_a_caller() {
    let days = number("D1_DAYS_CERTIFICATES").unwrap_or(100);
    no_call_is_refused(Job::RotateCertificate, Stack::Reqwest, u32::try_from(days).expect("days"));
}

#[test]
fn it_is_the_same_over_the_other_stacks() {
    no_call_is_refused(Job::RotateToken, Stack::Isahc, 28);
    no_call_is_refused(Job::RotateCertificate, Stack::NativeTls, 28);
}

#[test]
fn missing_rotation_is_detected() {
    for job in [Job::RotateToken, Job::RotateCertificate] {
        let seen = live(Span { job, stack: Stack::Reqwest, days: 14, seed: 1, is_rotated: false });
        assert!(!seen.refused.is_empty() && !seen.faults.is_empty(), "{job}: {seen}");
        // No file has the end date of the key, so the platform must report it; a certificate shows it to the client.
        assert_eq!(seen.unauthorised.is_empty(), job.is_certificate(), "{job}: {seen}");
    }
}
