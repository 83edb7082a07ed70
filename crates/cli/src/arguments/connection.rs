//! Options of every command that calls the platform: who is calling, where, over which transport.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use digicert_one::core::Mode;

/// Who is calling whom.
#[derive(Clone, Debug, Args)]
pub(crate) struct SetupOptions {
    /// Profile of d1.toml, in place of DC_PROFILE.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// How to prove who is calling. Default: everything that is set.
    #[arg(long, value_enum)]
    pub(crate) mode: Option<ModeName>,
    /// Host, in place of DC_BASE, SM_HOST and the profile's.
    #[arg(long, value_name = "URL")]
    pub(crate) base: Option<String>,
    /// Certificate host, in place of DC_CLIENTAUTH_BASE and the profile's.
    #[arg(long, value_name = "URL")]
    pub(crate) clientauth_base: Option<String>,
    /// Host that resembles a public one of DigiCert ONE and is right nevertheless, in place of DC_CONFIRM_HOST.
    #[arg(long, value_name = "HOST")]
    pub(crate) confirm_host: Option<String>,
    /// CA file (PEM) to trust beside the system's roots, in place of DC_CA_FILE, SM_CA_FILE and the profile's.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// The file with the profiles, where a command names it.
    #[arg(skip)]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ConnectionOptions {
    /// TLS stack.
    #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(transport_names()))]
    pub(crate) transport: Option<String>,
    #[command(flatten)]
    pub(crate) setup: SetupOptions,
    /// Limit for the whole call, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
    /// Offer HTTP/1.1 only; under TLS 1.3 it tells most about a refused certificate.
    #[arg(long)]
    pub(crate) http1: bool,
}

/// The modes by the names that users type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeName {
    /// The API key alone.
    Key,
    /// The client certificate alone.
    Certificate,
    /// Both together.
    Both,
}

impl From<ModeName> for Mode {
    fn from(name: ModeName) -> Self {
        match name {
            ModeName::Key => Self::Key,
            ModeName::Certificate => Self::Certificate,
            ModeName::Both => Self::Both,
        }
    }
}

fn transport_names() -> Vec<&'static str> {
    digicert_one::transport::all().iter().map(|connector| connector.info().name).collect()
}
