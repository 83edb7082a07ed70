//! `cargo xtask uploads`: an upload of gigabytes over each transport and HTTP version, and the growth of the peak memory of the process
//! that makes it; fails above 32 MiB. The work is in tests/bench/src/upload.rs.

use crate::cargo;
use crate::failure::Failure;

/// How much is uploaded.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The size of each upload in MiB
    #[arg(long, default_value_t = 2048)]
    mebibytes: u64,
    /// In a release build; what is measured is memory, which a debug build shows as well
    #[arg(long)]
    release: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut command = cargo::command(&["run", "--quiet", "--package", "digicert-one-bench"]);
    if arguments.release {
        command.arg("--release");
    }
    let status = command
        .args(["--", "uploads", "--mebibytes", &arguments.mebibytes.to_string()])
        .status()
        .map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new("an upload failed, or its memory grew too much")) }
}
