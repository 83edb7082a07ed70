//! A fleet on one machine: many processes with one API key call the emulator, with the shared limiter and without, while processes and
//! Redis fail. Writes the tables of docs/fleet.md.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks through its output")]

mod cost;
mod counting;
mod delay;
mod note;
mod scene;
#[path = "../../../crates/redis/tests/redis/server.rs"]
mod server;
mod size;
mod worker;

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use crate::size::Size;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if arguments.first().is_some_and(|first| first == "worker") {
        runtime.block_on(worker::run());
        return ExitCode::SUCCESS;
    }
    let number = |at: usize, usual: u64| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(usual);
    let size = Size {
        processes: number(1, 32) as u32,
        clients: number(2, 8) as u32,
        seconds: number(3, 60),
        wait: Duration::from_millis(number(4, 50)),
        only: arguments.iter().skip(5).cloned().collect(),
    };
    let Some(out) = arguments.first() else {
        eprintln!("usage: fleet OUT [PROCESSES [CLIENTS [SECONDS [WAIT_MS [PART...]]]]]");
        return ExitCode::FAILURE;
    };
    let Some(program) = server::program() else { return ExitCode::from(77) };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let version = server::Server::version().unwrap_or_default();
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    let mut text = format!(
        "Everything ran on one machine with {processors} processors: `{program}` {version}, the emulator and all processes ({build} build). \
         Calls waited for Redis up to {} ms.\n\n",
        size.wait.as_millis()
    );
    let mut faults = Vec::new();
    for part in [scene::table, cost::table] {
        if let Some((table, wrong)) = part(&runtime, &size) {
            text.push_str(&table);
            text.push('\n');
            faults.extend(wrong);
        }
    }
    fs::write(out, &text).expect("written");
    println!("{text}");
    runtime.shutdown_timeout(Duration::from_secs(1));
    for fault in &faults {
        eprintln!("wrong: {fault}");
    }
    if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
