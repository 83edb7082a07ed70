//! The commands about certificate files on this machine.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use digicert_one::identity::KeyAlgorithm;

use super::keeping::key;
use super::path;

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
    /// File for the private key alone (mode 0600): required for der, possible for pem.
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
