//! The options of `d1 fleet`.

use clap::{Args, Subcommand};

use super::connection::ConnectionOptions;
use super::on_demand::OnDemand;

#[derive(Debug, Subcommand)]
pub(crate) enum FleetCommand {
    /// Show which processes share this credential's rate limit, how long they wait, and who holds a lock.
    ///
    /// Reads from the Redis of --limiter or of the profile; sends nothing to DigiCert ONE and changes nothing.
    #[command(after_help = concat!("Examples:\n  d1 fleet status --profile ci-prod\n",
        "  d1 fleet status --limiter redis://cache.example.com --lock-name ci-bot\n",
        "  d1 --json fleet status --profile ci-prod | jq '.processes | length'"))]
    Status(OnDemand<FleetStatusOptions>),
}

#[derive(Debug, Args)]
#[cfg_attr(not(feature = "redis"), allow(dead_code, reason = "without Redis the command is an error"))]
pub(crate) struct FleetStatusOptions {
    /// Name of a rotation lock in the same Redis, to show its holder.
    #[arg(long, value_name = "NAME")]
    pub(crate) lock_name: Option<String>,
    #[command(flatten)]
    pub(crate) connection: ConnectionOptions,
}
