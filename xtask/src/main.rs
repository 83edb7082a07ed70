//! Everything a contributor runs: `cargo xtask test` and the tasks beside it (`cargo xtask --help`).
//!
//! One file per task, plain Rust, no shell: it works the same in CI, which runs only `cargo xtask test`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks through its output")]

mod api;
mod bench;
mod book;
mod builds;
mod cargo;
mod conformance;
mod cost;
mod cross;
mod days;
mod diagrams;
mod docs;
mod failure;
mod faults;
mod features;
mod fleet;
mod fuzz;
mod guide;
mod kills;
mod limbo;
mod links;
mod matrix;
mod mutants;
mod packages;
mod page;
mod pictures;
mod platforms;
mod plots;
mod release;
mod rooms;
mod sbom;
mod soak;
mod stacks;
mod svg;
mod test;
mod uploads;
mod windows;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The tasks for contributors.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Every check that a change must pass, in order; CI runs exactly this
    Test(test::Arguments),
    /// Fails on any arrow between our crates that the design does not draw, on files that import each other, and on weight
    Rooms,
    /// Writes the public API of each published crate to docs/api
    Api(api::Arguments),
    /// Writes the generated parts of docs/
    Docs(docs::Arguments),
    /// Builds the site from docs/, or checks its links
    Book(book::Arguments),
    /// Makes the runs behind the figures of docs/plots, and draws them
    Plots,
    /// Type-checks for systems that this machine cannot run, and writes the table of docs/platforms.md
    Platforms(platforms::Arguments),
    /// Each transport through the client against its raw library; takes the options of the benchmark
    #[command(disable_help_flag = true)]
    Bench(bench::Arguments),
    /// CPU time and binary of a clean release build over each transport, for docs/tls-stacks.md
    Builds,
    /// The whole suite on every stack, and the pages of docs/conformance
    Conformance(conformance::Arguments),
    /// What the client adds to a call, in instructions and allocations; fails above the ceiling
    Cost,
    /// Writes the table format × transport in docs/formats.md, from runs on every stack
    Matrix,
    /// Writes the table fault × transport in docs/faults.md and the pages of docs/errors, from runs on every stack
    Faults,
    /// Every published crate with no feature, with each alone and with each pair
    Features(features::Arguments),
    /// Many processes with one API key, with Redis and its failures, and the figures of docs/fleet.md
    Fleet(fleet::Arguments),
    /// Packages the published crates and builds them, and a program on them, from the archives alone
    Packages,
    /// Every transport changed in small ways, to see that its suites notice; by cargo-mutants, in hours
    Mutants(mutants::Arguments),
    /// Every fuzz target for some minutes, by cargo-fuzz
    Fuzz(fuzz::Arguments),
    /// Writes docs/tls-stacks.md and its plots, from the figures that `bench -- --report docs/tls-stacks.json` wrote
    Guide,
    /// Every task about service users killed at every step, and the table of docs/service-users-proof.md
    Kills(kills::Arguments),
    /// The certificates of x509-limbo shown to every stack, and docs/limbo.md; fails where one is judged otherwise than recorded
    Limbo(limbo::Arguments),
    /// Weekly credentials that replace themselves, over a thousand virtual days
    Days(days::Arguments),
    /// Shows what a release would publish, and what is missing for it
    Release(release::Arguments),
    /// Writes the dependencies of a package as CycloneDX
    Sbom(sbom::Arguments),
    /// Rotation under load on every stack, longer than the tests do it
    Soak(soak::Arguments),
    /// Uploads of gigabytes over every transport, and how much the peak memory grows
    Uploads(uploads::Arguments),
    /// The tests and suites on Windows, cross-built with mingw and run under Wine, and their results in docs/platforms.md
    Windows(windows::Arguments),
}

fn main() -> ExitCode {
    if let Some(code) = api::rustdoc() {
        return code;
    }
    let done = match Arguments::parse().task {
        Task::Test(arguments) => test::run(&arguments),
        Task::Rooms => rooms::run(),
        Task::Api(arguments) => api::run(&arguments),
        Task::Docs(arguments) => docs::run(&arguments),
        Task::Book(arguments) => book::run(&arguments),
        Task::Platforms(arguments) => platforms::run(&arguments),
        Task::Plots => plots::run().and_then(|()| docs::write()),
        Task::Bench(arguments) => bench::run(&arguments),
        Task::Builds => builds::run().and_then(|()| guide::run()),
        Task::Conformance(arguments) => conformance::run(&arguments),
        Task::Cost => cost::run(),
        Task::Matrix => matrix::run(),
        Task::Faults => faults::run().and_then(|()| docs::write()),
        Task::Features(arguments) => features::run(&arguments),
        Task::Fleet(arguments) => fleet::run(&arguments),
        Task::Packages => packages::run(),
        Task::Mutants(arguments) => mutants::run(&arguments),
        Task::Fuzz(arguments) => fuzz::run(&arguments),
        Task::Guide => guide::run(),
        Task::Kills(arguments) => kills::run(&arguments),
        Task::Limbo(arguments) => limbo::run(&arguments),
        Task::Days(arguments) => days::run(&arguments),
        Task::Release(arguments) => release::run(&arguments),
        Task::Sbom(arguments) => sbom::run(&arguments),
        Task::Soak(arguments) => soak::run(&arguments),
        Task::Uploads(arguments) => uploads::run(&arguments),
        Task::Windows(arguments) => windows::run(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::{Arguments, Task};

    #[test]
    fn arguments_are_valid_for_clap() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn benchmark_gets_its_arguments_unchanged() {
        for given in [&["--only", "h2", "--help"][..], &["--json", "--rounds=3"], &[]] {
            let line = ["cargo xtask", "bench"].iter().chain(given);
            let Task::Bench(arguments) = Arguments::parse_from(line).task else { panic!("another task") };
            assert_eq!(arguments.arguments, given);
        }
    }
}
