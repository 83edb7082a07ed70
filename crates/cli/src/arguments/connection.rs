//! Options of every command that calls the platform: who is calling, where, over which transport.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use digicert_one::core::Mode;

use super::limiter::LimiterOptions;
use super::transport;

/// Who is calling whom.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct SetupOptions {
    /// Profile of d1.toml [variable: DC_PROFILE].
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Credential to use. Default: everything that is set.
    #[arg(long, value_enum)]
    pub(crate) mode: Option<ModeName>,
    /// Host [variables: DC_BASE, SM_HOST].
    #[arg(long, value_name = "URL")]
    pub(crate) base: Option<String>,
    /// Certificate host [variable: DC_CLIENTAUTH_BASE].
    #[arg(long, value_name = "URL")]
    pub(crate) clientauth_base: Option<String>,
    /// Unusual host that is right [variable: DC_CONFIRM_HOST].
    #[arg(long, value_name = "HOST")]
    pub(crate) confirm_host: Option<String>,
    /// CA file (PEM) beside the system's roots [variables: DC_CA_FILE, SM_CA_FILE].
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// The file with the profiles, where a command names it.
    #[arg(skip)]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connection")]
pub(crate) struct ConnectionOptions {
    /// TLS stack.
    #[arg(long, value_name = "NAME", value_parser = transport::parser())]
    pub(crate) transport: Option<String>,
    #[command(flatten)]
    pub(crate) setup: SetupOptions,
    /// Trust roots: those of the system, or Mozilla's list of this build. Those of a CA file are trusted beside either.
    #[arg(long, value_enum, default_value_t, value_name = "LIST")]
    pub(crate) roots: RootList,
    /// Time limit of the whole call.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
    /// Offer HTTP/1.1 only, which shows best why a certificate was refused.
    #[arg(long)]
    pub(crate) http1: bool,
    /// Send each request once: a failed one is not sent again.
    #[arg(long)]
    pub(crate) no_retry: bool,
    #[command(flatten)]
    pub(crate) limiter: LimiterOptions,
}

impl RootList {
    /// The list in a sentence.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::System => "the system's roots",
            #[cfg(feature = "mozilla-roots")]
            Self::Mozilla => "Mozilla's roots",
        }
    }
}

impl ConnectionOptions {
    /// The defaults of every other option.
    pub(crate) fn of(setup: SetupOptions) -> Self {
        let roots = RootList::default();
        let limiter = LimiterOptions::default();
        Self { transport: None, setup, roots, timeout: 60, http1: false, no_retry: false, limiter }
    }
}

/// The modes by the names that users type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeName {
    Key,
    Certificate,
    Both,
}

/// The lists of trust roots by the names that users type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum RootList {
    #[default]
    System,
    #[cfg(feature = "mozilla-roots")]
    Mozilla,
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
