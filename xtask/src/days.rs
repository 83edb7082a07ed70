//! `cargo xtask days`: weekly credentials with automatic rotation, for more virtual days than the tests. It
//! prints the result; the figures of docs/service-users-proof.md come from it.

use crate::cargo;
use crate::failure::Failure;

/// How many days, and from which seed.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Virtual days of an API token
    #[arg(long, default_value_t = 1000)]
    days: u32,
    /// Virtual days of a client certificate
    #[arg(long, default_value_t = 1000)]
    certificate_days: u32,
    /// What everything random is drawn from; one is drawn and printed if it is not given
    #[arg(long)]
    seed: Option<u64>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let package = ["test", "--package", "digicert-one-service-users", "--test", "days"];
    let mut command = cargo::command(&package);
    command.args(["--", "--nocapture", "weekly"]);
    command.env("D1_DAYS", arguments.days.to_string());
    command.env("D1_DAYS_CERTIFICATES", arguments.certificate_days.to_string());
    command.env("D1_DAYS_SEED", arguments.seed.unwrap_or_else(|| fastrand::u64(..)).to_string());
    let status = command.status().map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new("a caller was refused, or the final state was wrong")) }
}
