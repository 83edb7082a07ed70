//! Broken transports made by rule: the sound transport of tests/broken in which one thing is altered in one setting, so that the suite
//! is measured by defects for which no case was written.
//!
//! `rule` says what a rule is, the files beside it list them, `subject` makes the transports, `verdict` runs the suite on one of them
//! and `survey` on all (`cargo xtask mutants --generated`); `sample` is what every test run does.

/// The tests of the table are those of tests/broken.
macro_rules! row_tests {
    ($($row:tt)+) => {};
}

mod again;
mod config;
mod failure;
mod handmade;
mod listed;
mod request;
mod response;
mod rule;
mod sample;
mod setting;
mod stream;
mod subject;
mod survey;
#[allow(dead_code, reason = "the page about the listed defects is made by tests/broken")]
#[path = "../broken/table.rs"]
mod table;
#[allow(dead_code, reason = "proxies of all kinds are tried by tests/broken")]
#[path = "../broken/transport/mod.rs"]
mod transport;
mod verdict;
mod wrapped;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // A case that runs itself once more, in a process of its own, is asked for as by cargo.
    if let Ok(name) = std::env::var(verdict::MUTANT)
        && words.iter().any(|word| word == "--exact")
    {
        return digicert_one_conformance::main(subject::subject(verdict::named(&name)));
    }
    match words.first().map(String::as_str) {
        Some("--mutant") => verdict::print(&words[1..]),
        Some("--survey") => survey::run(&words[1..]),
        _ => sample::run(),
    }
}
