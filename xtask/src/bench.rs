//! `cargo xtask bench`: runs the release build of tests/bench with the given arguments.
//! tests/bench/src/main.rs explains its figures.

use crate::cargo;
use crate::failure::Failure;

/// Passed on to the benchmark as they are.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Options of the benchmark, such as --rounds 15 or --only h2; --help lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let status = cargo::command(&["run", "--release", "--package", "digicert-one-bench", "--"])
        .args(&arguments.arguments)
        .status()
        .map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new("the benchmark failed")) }
}
