//! `cargo xtask soak`: rotation under load on every stack, longer than the tests, in release builds. Each
//! line has calls, failures, requests under an older identity, and the growth of threads, files and memory.

use crate::failure::Failure;
use crate::stacks::STACKS;

/// How much load.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Calls on each stack
    #[arg(long, default_value_t = 20_000)]
    calls: usize,
    /// Changes of the client identity, spread evenly over the calls
    #[arg(long, default_value_t = 50)]
    rotations: usize,
    /// This stack alone
    #[arg(long, value_name = "STACK", value_parser = STACKS.iter().map(|stack| stack.name).collect::<Vec<_>>())]
    only: Option<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let variables =
        [("D1_LOAD_CALLS", arguments.calls.to_string()), ("D1_LOAD_ROTATIONS", arguments.rotations.to_string())];
    for stack in STACKS.iter().filter(|stack| arguments.only.as_deref().is_none_or(|only| only == stack.name)) {
        println!("==> {}", stack.name);
        stack.test("load", &[], true, &variables)?;
    }
    Ok(())
}
