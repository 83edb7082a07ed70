//! The options of `d1 recover`.

use std::path::PathBuf;

use clap::Args;

use super::path;

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("target").required(true))]
pub(crate) struct RecoverOptions {
    /// File that --last-resort named.
    #[arg(value_parser = path::parser())]
    pub(crate) file: PathBuf,
    /// Where its password is: env:NAME or file:PATH. Default: d1 asks on the terminal.
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) input_password: Option<String>,
    /// File to write (mode 0600): the API key on a line, or the private key and the certificate chain as PEM.
    #[arg(value_parser = path::parser(), long, value_name = "PATH", group = "target")]
    pub(crate) output: Option<PathBuf>,
    /// Write the same to standard output.
    #[arg(long, group = "target")]
    pub(crate) stdout: bool,
    /// Replace a file that exists.
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
}
