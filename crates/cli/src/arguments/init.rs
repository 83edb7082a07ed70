//! The options of `d1 init` and `d1 import`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use digicert_one::credentials::Reference;

use super::connection::ModeName;
use super::path;

#[derive(Clone, Debug, Args)]
pub(crate) struct InitOptions {
    /// Name of the new profile: letters, digits, - and _.
    pub(crate) name: String,
    /// Host of DigiCert ONE, such as one.digicert.com.
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// Where the API key is: env:NAME, file:PATH, keyring:ITEM, exec:PROGRAM ARG... or fd:N.
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) api_key_from: Option<Reference>,
    /// Where the client certificate is, with its private key or without.
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) certificate_from: Option<Reference>,
    /// Where the private key is, if it is not with the certificate.
    #[arg(long, value_name = "REFERENCE", requires = "certificate_from")]
    pub(crate) private_key_from: Option<Reference>,
    /// Where the password of the private key or the PKCS#12 file is.
    #[arg(long, value_name = "REFERENCE", requires = "certificate_from")]
    pub(crate) password_from: Option<Reference>,
    /// File to write to. Default: DC_CONFIG, or ~/.config/d1/d1.toml.
    #[arg(value_parser = path::parser(), long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// How calls are authenticated. Default: with everything that is given.
    #[arg(long, value_enum)]
    pub(crate) mode: Option<ModeName>,
    /// Certificate host, where it is not clientauth. and the host.
    #[arg(long, value_name = "HOST")]
    pub(crate) clientauth_host: Option<String>,
    /// CA file (PEM) to trust beside the system's roots.
    #[arg(value_parser = path::parser(), long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Check the profile with a real call, too.
    #[arg(long)]
    pub(crate) online: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ImportOptions {
    /// Name of the new profile: letters, digits, - and _.
    pub(crate) name: String,
    /// What to import. smctl: its variables and properties file; jsign: options of its command line in a file; curl: a configuration file;
    /// kubernetes: a Secret (YAML or JSON).
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) from: ImportKind,
    /// File to read; - reads standard input. Default for smctl: ~/.signingmanager/ssm-config.properties.
    #[arg(value_parser = path::parser(), long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Host of DigiCert ONE, in place of the one that is imported.
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// Certificate host, where it is not clientauth. and the host.
    #[arg(long, value_name = "HOST")]
    pub(crate) clientauth_host: Option<String>,
    /// CA file (PEM) to trust beside the system's roots.
    #[arg(value_parser = path::parser(), long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// File to write to. Default: DC_CONFIG, or ~/.config/d1/d1.toml.
    #[arg(value_parser = path::parser(), long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Check the profile with a real call, too.
    #[arg(long)]
    pub(crate) online: bool,
}

/// Programs whose configuration can be imported, by the names that users type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ImportKind {
    Smctl,
    Jsign,
    Curl,
    Kubernetes,
}
