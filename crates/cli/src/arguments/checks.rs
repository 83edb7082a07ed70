//! The options of the commands that check, explain and describe: `doctor`, `expiry`, `explain`, `completions`, `man`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap_complete::Shell;
use digicert_one::Code;

use super::code::CodeParser;
use super::connection::ConnectionOptions;
use super::{path, time};

#[derive(Debug, Args)]
pub(crate) struct DoctorOptions {
    /// Make a real call, too.
    #[arg(long)]
    pub(crate) online: bool,
    /// The path of that call (GET).
    #[arg(long, value_name = "PATH", default_value = "/account/api/v1/user/me", requires = "online")]
    pub(crate) call: String,
    /// Make the same call over every TLS stack, to find out whether one of them is the problem.
    #[arg(long, requires = "online")]
    pub(crate) compare_transports: bool,
    /// Write the checks to this file, as JUnit XML for CI systems.
    #[arg(value_parser = path::parser(), long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Write a JSON file for a bug report (mode 0600) and list what is in it. It holds no secret, but names of hosts and files.
    #[arg(value_parser = path::parser(), long, value_name = "FILE")]
    pub(crate) bundle: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) connection: ConnectionOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ExpiryOptions {
    /// Fail with exit code 8 if less than this is left, as in 14d; with 3 if no end date is known.
    #[arg(long, value_name = "TIME", value_parser = time::time)]
    pub(crate) fail_under: Option<Duration>,
    /// Print one line, and exit, as a Nagios plugin does: critical under --fail-under (7d if not given), warning under 30 days.
    #[arg(long)]
    pub(crate) nagios: bool,
    /// Write the end dates to this file, as the text-file collector of Prometheus reads them; all at once.
    #[arg(value_parser = path::parser(), long, value_name = "FILE")]
    pub(crate) prometheus: Option<PathBuf>,
    /// Send nothing: show what is known on this machine.
    #[arg(long)]
    pub(crate) offline: bool,
    #[command(flatten)]
    pub(crate) connection: ConnectionOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainOptions {
    /// Code as errors show it, such as HS-02.
    #[arg(value_parser = CodeParser, hide_possible_values = true)]
    pub(crate) code: Option<Code>,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsOptions {
    /// Shell that reads the script.
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
pub(crate) struct ManOptions {
    /// Directory for one page a command (made if missing; pages of an earlier version are replaced).
    #[arg(value_parser = path::parser(), long, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,
}
