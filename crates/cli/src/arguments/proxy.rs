//! The options of `d1 proxy`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::connection::ConnectionOptions;
use super::path;

#[derive(Debug, Args)]
pub(crate) struct ProxyOptions {
    /// Unix socket to listen on (mode 0600, removed at the end).
    #[arg(value_parser = path::parser(), long, value_name = "PATH", conflicts_with_all = ["listen", "token_file", "token_from"])]
    pub(crate) socket: Option<PathBuf>,
    /// Loopback address to listen on, as in 127.0.0.1:8700 (port 0: any free one). Callers need a token.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Make a token and write it to this file (mode 0600, removed at the end).
    #[arg(value_parser = path::parser(), long, value_name = "FILE", conflicts_with = "token_from")]
    pub(crate) token_file: Option<PathBuf>,
    /// Token of 20 characters or more: env:NAME or file:PATH.
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) token_from: Option<String>,
    /// After a signal, let requests in flight finish for this long.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(0..=3600))]
    pub(crate) drain: u64,
    /// Name of the lock with which other machines rotate the credential. Default: the id of the user of d1.
    #[arg(long, value_name = "NAME")]
    pub(crate) lock_name: Option<String>,
    /// Log each request, without ids, names and queries.
    #[arg(long)]
    pub(crate) log_requests: bool,
    #[command(flatten)]
    pub(crate) connection: ConnectionOptions,
}
