//! `cargo xtask conformance`: runs the whole suite on every stack, repeated and under load on request, and
//! generates the pages of docs/conformance from the last run.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use crate::cargo;
use crate::failure::Failure;
use crate::stacks::STACKS;

const FOLDER: &str = "docs/conformance";

/// How often, and under which load.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Runs of each stack
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Keeps every core busy beside the runs
    #[arg(long)]
    stress: bool,
    /// This stack alone; then no page is written
    #[arg(long, value_name = "STACK", value_parser = STACKS.iter().map(|stack| stack.name).collect::<Vec<_>>())]
    only: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let folder = cargo::target_directory()?.join("conformance");
    fs::create_dir_all(&folder).map_err(|error| Failure::new(format_args!("{}: {error}", folder.display())))?;
    let mut failed = Vec::new();
    let mut reports = Vec::new();
    for stack in STACKS.iter().filter(|stack| arguments.only.as_deref().is_none_or(|only| only == stack.name)) {
        println!("==> {}", stack.name);
        // Built first, so that only the run is timed and loaded.
        must(cargo::command(&["test"]).args(stack.build).args(["--test", "conformance", "--no-run"]), stack.name)?;
        let file = folder.join(format!("{}.json", stack.name));
        let mut command = cargo::command(&["test"]);
        command.args(stack.build).args(["--test", "conformance", "--"]);
        command.args(["--repeat", &arguments.repeat.to_string()]).arg("--report").arg(&file);
        let begin = Instant::now();
        let ended = under_load(arguments.stress, || must(&mut command, stack.name));
        println!("==> {}: {:.1} s", stack.name, begin.elapsed().as_secs_f64());
        if ended.is_err() {
            failed.push(stack.name);
        }
        reports.push(format!("{}={}", stack.name, file.display()));
    }
    if arguments.only.is_none() {
        let mut command = cargo::command(&["run", "--quiet", "--package", "digicert-one-conformance"]);
        command.args(["--bin", "conformance-report", "--", FOLDER]).args(&reports);
        must(&mut command, "the pages")?;
    }
    match failed[..] {
        [] => Ok(()),
        _ => Err(Failure::new(format_args!("cases do not hold on {}", failed.join(", ")))),
    }
}

fn must(command: &mut std::process::Command, what: &str) -> Result<(), Failure> {
    let status = command.status().map_err(|error| Failure::new(format_args!("cannot run {command:?}: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new(format_args!("{what}: {command:?} failed"))) }
}

/// Runs `work` while two threads per core keep the machine busy, if requested.
fn under_load<T>(wanted: bool, work: impl FnOnce() -> T) -> T {
    let threads = if wanted { thread::available_parallelism().map_or(4, |cores| cores.get() * 2) } else { 0 };
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    std::hint::black_box((0..100_000_u64).sum::<u64>());
                }
            });
        }
        let done = work();
        over.store(true, Ordering::Relaxed);
        done
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn load_ends_with_the_work() {
        assert_eq!(under_load(true, || 7), 7);
        assert_eq!(under_load(false, || 8), 8);
    }
}
