//! `cargo xtask fleet`: the proof of the shared rate limiter, with a `redis-server` of its own, and the figures of
//! docs/fleet.md. The tests of `digicert-one-fleet` do the same in small.

use std::fs;

use crate::cargo;
use crate::failure::Failure;
use crate::page::Page;

const PAGE: Page = Page { path: "docs/fleet.md", maker: "cargo xtask fleet" };

/// How large the proof is.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Processes with the same API key
    #[arg(long, default_value_t = 32)]
    processes: u32,
    /// Clients of each process
    #[arg(long, default_value_t = 8)]
    clients: u32,
    /// How long each scene lasts
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let out = cargo::target_directory()?.join("fleet.md");
    let Arguments { processes, clients, seconds } = arguments;
    let mut command = cargo::command(&["run", "--package", "digicert-one-fleet", "--"]);
    command.arg(&out).args([processes, clients, seconds].map(u32::to_string));
    let status = command.status().map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
    if status.code() == Some(77) {
        return Err(Failure::new("fleet: redis-server is not installed\n  do:  apt-get install redis-server"));
    }
    let figures = fs::read_to_string(&out)
        .map_err(|error| Failure::new(format_args!("{}: {error}\n  the proof did not run", out.display())))?;
    // What failed is in the tables, too.
    PAGE.write(&format!("{figures}\n{}", simulated()?))?;
    if status.success() { Ok(()) } else { Err(Failure::new("the fleet did not keep what it promises: see above")) }
}

/// The simulation in virtual time.
fn simulated() -> Result<String, Failure> {
    let test = ["test", "--package", "digicert-one-redis", "--lib", "--", "--nocapture", "ten_thousand"];
    let output = cargo::command(&test).output();
    let output = output.map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match text.lines().find(|line| line.starts_with("| ")) {
        Some(row) if output.status.success() => Ok(format!(
            "| Simulation with the rules of the scripts, 6,000 calls a minute | Calls | 429 | Of what is permitted | Each client |\n\
             |---|---|---|---|---|\n{row}\n"
        )),
        _ => Err(Failure::new(format_args!("the simulation failed:\n{text}"))),
    }
}
