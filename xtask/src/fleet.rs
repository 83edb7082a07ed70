//! `cargo xtask fleet`: the proof of the shared rate limiter and of the rotation lock, with a `redis-server` of its own, and the figures
//! of docs/fleet.md. The tests of `digicert-one-fleet` and `digicert-one-service-users` do the same in small.

use std::env;
use std::fs;
use std::process::Command;
use std::time::Instant;

use crate::cargo;
use crate::failure::Failure;
use crate::page::Page;

const PAGE: Page = Page { path: "docs/fleet.md", maker: "cargo xtask fleet" };
/// The parts of the program `fleet`, and then those that are tests.
const PARTS: [&str; 11] = [
    "without",
    "shared",
    "kill",
    "pause",
    "restart",
    "restart-empty",
    "delay",
    "skew",
    "cost",
    "simulation",
    "rotation",
];
const PROGRAM: usize = 9;

/// How large the proof is.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Processes with the same API key
    #[arg(long, default_value_t = 32)]
    processes: u32,
    /// Clients of each process
    #[arg(long, default_value_t = 8)]
    clients: u32,
    /// How long the longest scene lasts
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// How many milliseconds a call waits for Redis
    #[arg(long, default_value_t = 50)]
    wait: u32,
    /// How often two machines rotate at once
    #[arg(long, default_value_t = 200)]
    rotations: u32,
    /// Run these parts alone, and leave docs/fleet.md as it is
    #[arg(long, value_name = "PART", value_delimiter = ',', value_parser = PARTS)]
    only: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let has = |part: &str| arguments.only.is_empty() || arguments.only.iter().any(|only| only == part);
    let parts: Vec<&str> = PARTS[..PROGRAM].iter().copied().filter(|part| has(part)).collect();
    let (mut figures, mut faults) = (Vec::new(), Vec::new());
    let mut run = |name: &str, part: &dyn Fn() -> Result<Part, Failure>| -> Result<(), Failure> {
        println!("==> {name}");
        let start = Instant::now();
        let Part { text, success } = part()?;
        println!("{text}\n==> {name}: {:.0} s", start.elapsed().as_secs_f64());
        figures.push(text);
        if !success {
            faults.push(name.to_owned());
        }
        Ok(())
    };
    if !parts.is_empty() {
        run("scenes", &|| scenes(arguments, &parts))?;
    }
    if has("simulation") {
        run("simulation", &simulation)?;
    }
    if has("rotation") {
        run("rotation", &|| rotation(arguments.rotations))?;
    }
    // What failed is in the tables, too.
    if arguments.only.is_empty() {
        PAGE.write(&figures.join("\n"))?;
    }
    match &faults[..] {
        [] => Ok(()),
        faults => Err(Failure::new(format_args!("the fleet did not keep what it promises: {}", faults.join(", ")))),
    }
}

/// A part of the figures, and whether all of it is as promised.
struct Part {
    text: String,
    success: bool,
}

/// Many processes with one API key, and what the limiter costs.
fn scenes(arguments: &Arguments, parts: &[&str]) -> Result<Part, Failure> {
    let out = cargo::target_directory()?.join("fleet.md");
    let _ = fs::remove_file(&out);
    let Arguments { processes, clients, seconds, wait, .. } = arguments;
    let built = tests("small").args(["--no-run", "--quiet"]).status();
    if !built.is_ok_and(|status| status.success()) {
        return Err(Failure::new("fleet: the program cannot be built"));
    }
    let program = cargo::target_directory()?.join("debug").join(format!("fleet{}", env::consts::EXE_SUFFIX));
    let mut command = Command::new(program);
    command.arg(&out).args([processes, clients, seconds, wait].map(u32::to_string)).args(parts);
    command.stdout(std::process::Stdio::null());
    let status = command.status().map_err(|error| Failure::new(format_args!("cannot run fleet: {error}")))?;
    if status.code() == Some(77) {
        return Err(Failure::new("fleet: redis-server is not installed\n  do:  apt-get install redis-server"));
    }
    let text = fs::read_to_string(&out)
        .map_err(|error| Failure::new(format_args!("{}: {error}\n  the proof did not run", out.display())))?;
    Ok(Part { text, success: status.success() })
}

/// Ten thousand clients in virtual time.
fn simulation() -> Result<Part, Failure> {
    let test = ["test", "--package", "digicert-one-redis", "--lib", "--", "--nocapture", "ten_thousand"];
    rows(
        &mut cargo::command(&test),
        "| Simulation with the rules of the scripts, 6,000 calls a minute | Calls | 429 | Of what is permitted | Each client |\n\
         |---|---|---|---|---|\n",
    )
}

/// Two machines that rotate one credential at once.
fn rotation(times: u32) -> Result<Part, Failure> {
    rows(
        tests("machines").args(["--", "--nocapture"]).env("D1_MACHINES_TIMES", times.to_string()),
        "| Two machines rotate at once, with a lock in Redis | Trials | Holders killed | Holders paused | Failed runs, repeated | \
         One new credential, no orphan, no refused consumer |\n|---|---|---|---|---|---|\n",
    )
}

/// Tests with this name, built as `cargo xtask test` builds them, so that little is built again; their programs are built with them.
fn tests(name: &str) -> Command {
    let mut command = cargo::command(&["test"]);
    command.args(cargo::NOT_APART).args(["--features", "digicert-one/blocking", "--test", name]);
    command
}

/// The rows that a test prints.
fn rows(command: &mut Command, head: &str) -> Result<Part, Failure> {
    let output = command.output().map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let rows: Vec<&str> = printed.lines().filter(|line| line.starts_with("| ")).collect();
    if !output.status.success() {
        eprintln!("{printed}{}", String::from_utf8_lossy(&output.stderr));
    }
    match rows.is_empty() {
        true => Err(Failure::new("a test printed no figures; see above")),
        false => Ok(Part { text: format!("{head}{}\n", rows.join("\n")), success: output.status.success() }),
    }
}
