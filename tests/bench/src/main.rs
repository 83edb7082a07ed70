//! Compares each transport through `Client` with its raw library, in one run against one server in a separate
//! process.
//!
//! # The meaning of the figures
//!
//! A *scenario* is a library, an HTTP version and a number of calls in flight. Two sides do the same work:
//! GET with an `x-api-key`, over TLS 1.3 connections that are kept alive, reading 300 bytes of JSON to their
//! end. One side is the raw library with a careful setup, the other is `Client` over the transport of that
//! library. What the server receives from both is compared before anything is measured: different headers are
//! an error.
//!
//! After a warm-up come rounds. In each round both sides run for the same time, one after the other; the
//! order changes every round. A round gives two ratios, client to raw: of calls per second (above 1 the
//! client is faster), and of this process's CPU time per call (below 1 the client is cheaper). The **median
//! of the ratios of the rounds** is printed, followed by their interquartile range (25th to 75th percentile).
//! The absolute figures are medians too, but depend on the machine and the moment: on a shared machine they
//! vary by a factor, while the ratios stay. A difference smaller than the spread is not significant, and
//! `--noise` shows the result for two equal sides on this machine.
//!
//! Both sides run on tokio's multi-thread runtime with its default settings, as under `#[tokio::main]`; isahc
//! too, which has its own thread. The server runs in another process, so its CPU time is not in the figures;
//! but it shares the machine, so if both cores are busy, the CPU ratio is more reliable than calls per
//! second.
//!
//! The transport over rustls is compared twice: with reqwest on rustls, the usual alternative, and (`limit`) with hyper-util and
//! hyper-rustls, the libraries below it. `alone` is this transport without the client against the latter: the difference between the two
//! rows is the client.
//!
//! With `--report FILE` all of this and more is measured once and written as JSON: see `survey` and `process`.
//!
//! The transport over native-tls is compared with reqwest on native-tls, the usual alternative. That is
//! another HTTP stack than the one below that transport (hyper-util), so this ratio may be well above 1.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks through its output")]

mod figures;
mod identity;
mod measure;
mod process;
mod program;
mod report;
mod scenario;
mod server;
mod side;
mod survey;
mod upload;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use digicert_one::core::BoxError;

use crate::report::Report;
use crate::scenario::Scenario;

/// Each transport through the client against its raw library.
#[derive(Parser)]
#[command(name = "cargo xtask bench", bin_name = "cargo xtask bench --")]
struct Arguments {
    /// Rounds of each scenario; 15, and 9 for a report
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// Length of one side's turn in a round, in milliseconds
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..))]
    millis: u64,
    /// Only scenarios with this text in their name, such as h2, reqwest or isahc/h1/32
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Compare each raw library with itself: the ratios then show what this machine calls 1
    #[arg(long)]
    noise: bool,
    /// One JSON document instead of a table
    #[arg(long)]
    json: bool,
    /// Measure every raw library, every transport alone and the client over each, and write JSON for `cargo xtask guide`; takes some
    /// 7 minutes
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "noise", "json"])]
    report: Option<PathBuf>,
    #[command(subcommand)]
    role: Option<Role>,
}

#[derive(Subcommand)]
enum Role {
    /// The server; started by the benchmark itself
    #[command(hide = true)]
    Serve,
    /// How much the peak memory of a process grows with an upload, over each transport and HTTP version
    Uploads {
        /// The size of each upload in MiB
        #[arg(long, default_value_t = 2048)]
        mebibytes: u64,
    },
    /// One of these uploads; started by the benchmark itself
    #[command(hide = true)]
    Upload {
        /// The transport
        transport: String,
        /// 1 or 2
        version: String,
        /// The size in MiB
        mebibytes: u64,
    },
    /// One call of a program; started by the benchmark itself
    #[command(hide = true)]
    First { program: String, url: String },
    /// New clients of a program; started by the benchmark itself
    #[command(hide = true)]
    New { program: String, url: String },
    /// Many clients of a program; started by the benchmark itself
    #[command(hide = true)]
    Many { program: String, count: usize, url: String },
    /// Some calls of a program over HTTP/1.1 or 2, for a profiler
    Calls {
        /// Such as `client rustls`
        program: String,
        /// 1 or 2
        version: String,
        /// Calls in flight
        in_flight: usize,
        /// Calls in total
        count: usize,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.role {
        Some(Role::Serve) => server::serve(),
        Some(Role::Uploads { mebibytes }) => upload::all(*mebibytes),
        Some(Role::Upload { transport, version, mebibytes }) => upload::one(transport, version, *mebibytes),
        Some(Role::First { program, url }) => process::first(program, url),
        Some(Role::New { program, url }) => process::new(program, url),
        Some(Role::Many { program, count, url }) => process::many(program, *count, url),
        Some(Role::Calls { program, version, in_flight, count }) => calls(program, version, *in_flight, *count),
        None => match &arguments.report {
            Some(path) => survey::write(path, arguments.rounds.unwrap_or(9), Duration::from_millis(arguments.millis)),
            None => bench(&arguments),
        },
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  caused by: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &Arguments) -> Result<(), BoxError> {
    let only = arguments.only.as_deref().unwrap_or_default();
    let scenarios: Vec<Scenario> = Scenario::all().into_iter().filter(|one| one.name().contains(only)).collect();
    if scenarios.is_empty() {
        let names: Vec<String> = Scenario::all().iter().map(Scenario::name).collect();
        return Err(format!("no scenario has {only:?} in its name; the scenarios are {}", names.join(", ")).into());
    }
    let server = server::Server::start()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let length = Duration::from_millis(arguments.millis);
    let rounds = arguments.rounds.unwrap_or(15);
    let mut report = Report::new(rounds, arguments.millis, arguments.noise);
    for scenario in scenarios {
        eprintln!("{} ...", scenario.name());
        let rounds = runtime.block_on(measure::rounds(scenario, &server, rounds, length, arguments.noise))?;
        report.add(scenario, &rounds);
    }
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}

fn calls(program: &str, version: &str, in_flight: usize, count: usize) -> Result<(), BoxError> {
    let server = server::Server::start()?;
    let http = if version == "1" { scenario::Http::One } else { scenario::Http::Two };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let side = program::Program::find(program)?.start(&side::Setup::of(http, &server))?;
        let tasks: Vec<_> = (0..in_flight)
            .map(|_| {
                let side = side.clone();
                tokio::spawn(async move {
                    for _ in 0..count / in_flight {
                        side.call().await?;
                    }
                    Ok::<_, BoxError>(())
                })
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn arguments_are_valid_for_clap() {
        super::Arguments::command().debug_assert();
    }
}
