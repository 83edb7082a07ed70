//! The commands about certificate files on this machine.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use digicert_one::identity::KeyAlgorithm;

use super::path;
use super::secret_store::key;
use super::transport;

/// A file to read, in any supported format.
#[derive(Debug, Args)]
pub(crate) struct CertInput {
    /// File with the certificate: PEM, DER, PKCS#12, PKCS#7 or base64 of one; - reads standard input.
    #[arg(value_parser = path::parser())]
    pub(crate) file: PathBuf,
    /// File with the private key, where it is not in FILE.
    #[arg(value_parser = path::parser(), long, value_name = "FILE")]
    pub(crate) private_key: Option<PathBuf>,
    /// Where the password of the file is: env:NAME or file:PATH. Default: d1 asks on the terminal if one is needed.
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) input_password: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct InspectOptions {
    #[command(flatten)]
    pub(crate) input: CertInput,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyOptions {
    #[command(flatten)]
    pub(crate) input: CertInput,
    /// Server to ask with a real handshake and a call, such as one.digicert.com; its host for certificates is used.
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// Unusual host that is right.
    #[arg(long, value_name = "HOST", requires = "host")]
    pub(crate) confirm_host: Option<String>,
    /// CA file (PEM) for the server, beside the system's roots.
    #[arg(value_parser = path::parser(), long, value_name = "FILE", requires = "host")]
    pub(crate) ca_file: Option<PathBuf>,
    /// TLS stack.
    #[arg(long, value_name = "NAME", value_parser = transport::parser())]
    pub(crate) transport: Option<String>,
    /// Time limit of the call.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(crate) timeout: u64,
    /// Offer HTTP/1.1 only, which shows best why a certificate was refused.
    #[arg(long)]
    pub(crate) http1: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConvertOptions {
    #[command(flatten)]
    pub(crate) input: CertInput,
    /// Format to write. pem: private key, then chain, as text; der: the certificate alone; pkcs12: key and chain with AES-256; pkcs12-legacy:
    /// the same with triple DES and SHA-1, for Windows before Server 2019.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(crate) to: TargetFormat,
    /// File to write. One with the private key in it has mode 0600.
    #[arg(value_parser = path::parser(), long, value_name = "PATH")]
    pub(crate) output: PathBuf,
    /// File for the private key alone (mode 0600): required for der if there is one, possible for pem.
    #[arg(value_parser = path::parser(), long, value_name = "PATH")]
    pub(crate) key_output: Option<PathBuf>,
    /// Where the password of the new PKCS#12 file is: env:NAME or file:PATH. Default: d1 asks on the terminal.
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) output_password: Option<String>,
    /// Replace files that exist.
    #[arg(long)]
    pub(crate) force: bool,
}

/// The formats by the names that users type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetFormat {
    Pem,
    Der,
    Pkcs12,
    Pkcs12Legacy,
}

#[derive(Debug, Args)]
pub(crate) struct CsrOptions {
    /// Common name that the request carries.
    #[arg(long, value_name = "CN")]
    pub(crate) subject: String,
    /// Kind of the private key: p256 or p384.
    #[arg(long, value_name = "KIND", default_value = "p256", value_parser = key)]
    pub(crate) key_type: KeyAlgorithm,
    /// File for the new private key (PEM, mode 0600).
    #[arg(value_parser = path::parser(), long, value_name = "PATH")]
    pub(crate) key_file: PathBuf,
    /// File for the request (PEM). Default: standard output.
    #[arg(value_parser = path::parser(), long, value_name = "PATH")]
    pub(crate) output: Option<PathBuf>,
    /// Replace files that exist.
    #[arg(long)]
    pub(crate) force: bool,
}
