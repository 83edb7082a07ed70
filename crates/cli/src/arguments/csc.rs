//! The commands of content signing, which has callers of its own.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use digicert_one::csc::HashAlgo;

use super::connection::ConnectionOptions;
use super::on_demand::OnDemand;
use super::path;

#[derive(Debug, Subcommand)]
pub(crate) enum CscCommand {
    /// Show what the signing service is and how it lets callers in. Sends no credential.
    #[command(after_help = "Examples:\n  d1 csc info\n  d1 --json csc info")]
    Info(OnDemand<ConnectionOptions>),
    /// List signing credentials, one id a line.
    #[command(after_help = concat!("Examples:\n",
        "  d1 csc list --user 7c1e --client-id my-client --client-secret env:CSC_CLIENT_SECRET\n",
        "  d1 csc list   # with the API key"))]
    List(OnDemand<CscListOptions>),
    /// Hash a file here and have the hash signed; the file never leaves.
    #[command(after_help = concat!("Examples:\n",
        "  d1 csc sign CREDENTIAL contract.pdf --pin env:PIN --out contract.sig\n",
        "  d1 csc sign CREDENTIAL contract.pdf --client-id my-client --client-secret file:/run/secrets/csc"))]
    Sign(OnDemand<SignOptions>),
}

/// Who is calling: an OAuth client, or else the owner of the API key.
#[derive(Debug, Args)]
pub(crate) struct CscCallerOptions {
    /// Id of an OAuth client. Default: the API key is the credential.
    #[arg(long, value_name = "ID", requires = "client_secret")]
    pub(crate) client_id: Option<String>,
    /// Where the secret of --client-id is: env:NAME or file:PATH.
    #[arg(long, value_name = "REFERENCE", requires = "client_id")]
    pub(crate) client_secret: Option<String>,
    #[command(flatten)]
    pub(crate) connection: ConnectionOptions,
}

#[derive(Debug, Args)]
pub(crate) struct CscListOptions {
    /// Whose credentials: the id of a user, for callers that sign for others. Default: the caller's own.
    #[arg(long, value_name = "ID")]
    pub(crate) user: Option<String>,
    #[command(flatten)]
    pub(crate) caller: CscCallerOptions,
}

#[derive(Debug, Args)]
pub(crate) struct SignOptions {
    /// Id of the signing credential (`d1 csc list`).
    pub(crate) credential: String,
    /// File to sign.
    #[arg(value_parser = path::parser())]
    pub(crate) file: PathBuf,
    /// How the file is hashed.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) hash: HashName,
    /// Where the PIN of the credential is: env:NAME or file:PATH.
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) pin: Option<String>,
    /// Where the signer's one-time password is: env:NAME or file:PATH.
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) otp: Option<String>,
    /// Description that the signer is shown.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// File for the signature as bytes. Default: base64 on standard output.
    #[arg(value_parser = path::parser(), long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Replace the file of --out if it exists.
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) caller: CscCallerOptions,
}

/// The hashes by the names that users type.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum HashName {
    #[default]
    Sha256,
    Sha384,
    Sha512,
}

impl From<HashName> for HashAlgo {
    fn from(name: HashName) -> Self {
        match name {
            HashName::Sha256 => Self::Sha256,
            HashName::Sha384 => Self::Sha384,
            HashName::Sha512 => Self::Sha512,
        }
    }
}
