//! The commands about service users, API tokens, client certificates, accounts, roles and the audit log.

use clap::{Args, Subcommand};
use digicert_one::{Position, identity::KeyAlgorithm};

use super::cert_file::{ConvertOptions, CsrOptions, InspectOptions, VerifyOptions};
use super::connection::ConnectionOptions;
use super::on_demand::OnDemand;
use super::secret_store::{EndOptions, MakeOptions, RenewalOptions, SecretStoreOptions, key};
use super::time::time;

#[derive(Debug, Subcommand)]
pub(crate) enum ServiceUserCommand {
    /// List service users.
    #[command(
        after_help = "Examples:\n  d1 service-user list\n  d1 --json service-user list | jq -r '.items[].friendly_name'"
    )]
    List(OnDemand<ConnectionOptions>),
    /// Show one: state, end date, permissions, certificates.
    #[command(after_help = "Examples:\n  d1 service-user show ci-bot\n  d1 service-user show me")]
    Show(OnDemand<OneUserOptions>),
    /// Create a service user and store its API key, which the platform shows once.
    ///
    /// d1 checks that the key can be stored before it creates anything. After an interruption, `d1 resume` finishes the work.
    #[command(after_help = concat!("Examples:\n",
        "  d1 service-user create ci-bot --role AM_ACCOUNT_USER --ends-in 365d --store file:/etc/d1/api-key --dry-run\n",
        "  d1 service-user create ci-bot --role AM_ACCOUNT_USER --ends-in 365d --store file:/etc/d1/api-key\n",
        "  d1 service-user create ci-bot --store 'exec:vault kv put secret/ci api_key=-' --journal ci.journal"))]
    Create(OnDemand<CreateUserOptions>),
    /// Disable one, with all its keys and certificates.
    #[command(
        after_help = "Examples:\n  d1 service-user disable ci-bot\n  d1 service-user disable ci-bot --yes   # in a script"
    )]
    Disable(OnDemand<DisableUserOptions>),
    /// Enable one that was disabled.
    #[command(after_help = "Examples:\n  d1 service-user enable ci-bot")]
    Enable(OnDemand<OneUserOptions>),
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// List the API tokens of a user, without their keys.
    #[command(after_help = "Examples:\n  d1 token list\n  d1 token list --user ci-bot")]
    List(OnDemand<OfUserOptions>),
    /// Create an API token and store its API key, which the platform shows once.
    #[command(after_help = concat!("Examples:\n",
        "  d1 token create deploy --ends-in 90d --store dir:/run/secrets/d1\n",
        "  d1 token create deploy --user ci-bot --store file:key --last-resort rescued --last-resort-password env:RESCUE"))]
    Create(OnDemand<CreateTokenOptions>),
    /// Replace the API token in use, and disable it once the new one works.
    #[command(after_help = concat!("Examples:\n",
        "  d1 token rotate --store file:/etc/d1/api-key --ends-in 90d --dry-run\n",
        "  d1 token rotate --store file:/etc/d1/api-key --ends-in 90d --renew-before 14d   # from a timer, every day\n",
        "  d1 token rotate --store file:/etc/d1/api-key --previous ID --delete-previous-after 7d"))]
    Rotate(OnDemand<RotateTokenOptions>),
    /// Disable a token.
    #[command(after_help = "Examples:\n  d1 token disable 6b2c1f9e-0d0c-4a57-9d0e-1f3b8c7a2e55")]
    Disable(OnDemand<RemoveOptions>),
    /// Enable a token that was disabled.
    #[command(after_help = "Examples:\n  d1 token enable 6b2c1f9e-0d0c-4a57-9d0e-1f3b8c7a2e55")]
    Enable(OnDemand<OneOptions>),
    /// Delete a token.
    #[command(after_help = "Examples:\n  d1 token delete 6b2c1f9e-0d0c-4a57-9d0e-1f3b8c7a2e55 --yes")]
    Delete(OnDemand<RemoveOptions>),
}

#[derive(Debug, Subcommand)]
pub(crate) enum CertCommand {
    /// Make a private key on this machine and request a client certificate of your own for it.
    #[command(after_help = concat!("Examples:\n",
        "  d1 cert request ci-bot --ends-in 365d --store dir:/run/secrets/d1\n",
        "  d1 cert request ci-bot --key-type p384 --store file:client.pem --dry-run"))]
    Request(OnDemand<RequestOptions>),
    /// Replace the client certificate in use, with a new private key.
    #[command(after_help = concat!("Examples:\n",
        "  d1 cert rotate --store dir:/run/secrets/d1 --dry-run\n",
        "  d1 cert rotate --store dir:/run/secrets/d1 --ends-in 365d --renew-before 30d   # from a timer, every day"))]
    Rotate(OnDemand<RotateCertOptions>),
    /// Show what is in a certificate file of any supported format: owner, issuer, chain, dates, key, purposes. Works offline.
    #[command(after_help = concat!("Examples:\n",
        "  d1 cert inspect client.p12 --input-password env:P12_PASSWORD\n",
        "  d1 cert inspect tls.crt --private-key tls.key\n",
        "  d1 --json cert inspect client.pem | jq .days_left"))]
    Inspect(OnDemand<InspectOptions>),
    /// Check whether a server would accept a client certificate: chain, dates, purpose; with --host by a real handshake.
    ///
    /// The handshake has three outcomes: the server did not ask for a certificate, it asked and accepted this one, or it
    /// rejected it with an alert of TLS. A call then shows whether the platform knows the certificate.
    #[command(after_help = concat!("Examples:\n  d1 cert verify client.p12 --input-password env:P12_PASSWORD\n",
        "  d1 cert verify tls.crt --private-key tls.key --host one.digicert.com\n",
        "  d1 --json cert verify client.pem --host demo.one.digicert.com"))]
    Verify(OnDemand<VerifyOptions>),
    /// Convert a certificate file, with or without a key, between PEM, DER and PKCS#12. Works offline.
    #[command(after_help = concat!("Examples:\n",
        "  d1 cert convert client.p12 --to pem --output client.pem\n",
        "  d1 cert convert client.pem --to pkcs12 --output client.p12 --output-password file:/run/secrets/p12\n",
        "  d1 cert convert client.p12 --to der --output client.der --key-output client-key.der"))]
    Convert(OnDemand<ConvertOptions>),
    /// Make a new private key and a certificate request (CSR) for it. Works offline.
    #[command(after_help = concat!("Examples:\n",
        "  d1 cert csr --subject ci-bot --key-file ci-bot.key --output ci-bot.csr\n",
        "  d1 cert csr --subject ci-bot --key-file ci-bot.key --key-type p384"))]
    Csr(OnDemand<CsrOptions>),
    /// List the client certificates of a user.
    #[command(after_help = "Examples:\n  d1 cert list\n  d1 cert list --user ci-bot")]
    List(OnDemand<OfUserOptions>),
    /// Disable a certificate.
    #[command(after_help = "Examples:\n  d1 cert disable 2f5d8a31-7c44-4f0e-8a55-90b6c0d3e812")]
    Disable(OnDemand<RemoveOptions>),
    /// Enable a certificate that was disabled.
    #[command(after_help = "Examples:\n  d1 cert enable 2f5d8a31-7c44-4f0e-8a55-90b6c0d3e812")]
    Enable(OnDemand<OneOptions>),
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountCommand {
    /// List the accounts that the caller may use.
    #[command(after_help = "Examples:\n  d1 account list")]
    List(OnDemand<ConnectionOptions>),
}

#[derive(Debug, Subcommand)]
pub(crate) enum RoleCommand {
    /// List the roles of an application, and what they permit.
    #[command(after_help = "Examples:\n  d1 role list\n  d1 role list --application mpki")]
    List(OnDemand<RoleOptions>),
}

/// One user.
#[derive(Debug, Args)]
pub(crate) struct OneUserOptions {
    /// User: an id, a friendly name, or me.
    pub(crate) user: String,
    #[command(flatten)]
    pub(crate) connection: ConnectionOptions,
}

/// One token or certificate.
#[derive(Debug, Args)]
pub(crate) struct OneOptions {
    /// Its id.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) connection: ConnectionOptions,
}

/// One token or certificate that is disabled or deleted.
#[derive(Debug, Args)]
pub(crate) struct RemoveOptions {
    #[command(flatten)]
    pub(crate) confirm: ConfirmOptions,
    #[command(flatten)]
    pub(crate) one: OneOptions,
}

/// One user that is disabled.
#[derive(Debug, Args)]
pub(crate) struct DisableUserOptions {
    #[command(flatten)]
    pub(crate) confirm: ConfirmOptions,
    #[command(flatten)]
    pub(crate) one: OneUserOptions,
}

/// Confirmation before access is removed.
#[derive(Debug, Args)]
pub(crate) struct ConfirmOptions {
    /// Do not ask. Required without a terminal.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Name or id of it, to allow it to be the credential of this very call.
    #[arg(long, value_name = "NAME")]
    pub(crate) even_if_in_use: Option<String>,
}

/// Those of one user.
#[derive(Debug, Args)]
pub(crate) struct OfUserOptions {
    /// User: an id, a friendly name, or me.
    #[arg(long, value_name = "USER", default_value = "me")]
    pub(crate) user: String,
    #[command(flatten)]
    pub(crate) connection: ConnectionOptions,
}

#[derive(Debug, Args)]
pub(crate) struct CreateUserOptions {
    /// Its friendly name, unique among service users: letters, digits, blanks, - and _.
    pub(crate) name: String,
    /// Address of the contact.
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// What it is for.
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// Id of an account that it may use (`d1 account list`). Repeatable.
    #[arg(long, value_name = "ID")]
    pub(crate) account: Vec<String>,
    /// Id of a role that it gets (`d1 role list`). Repeatable.
    #[arg(long, value_name = "ID")]
    pub(crate) role: Vec<String>,
    #[command(flatten)]
    pub(crate) ends: EndOptions,
    #[command(flatten)]
    pub(crate) make: MakeOptions,
}

#[derive(Debug, Args)]
pub(crate) struct CreateTokenOptions {
    /// What its name begins with; a date and a random part follow.
    pub(crate) name: String,
    /// User: an id, a friendly name, or me.
    #[arg(long, value_name = "USER", default_value = "me")]
    pub(crate) user: String,
    #[command(flatten)]
    pub(crate) ends: EndOptions,
    #[command(flatten)]
    pub(crate) make: MakeOptions,
}

#[derive(Debug, Args)]
pub(crate) struct RotateTokenOptions {
    /// User: an id, a friendly name, or me.
    #[arg(long, value_name = "USER", default_value = "me")]
    pub(crate) user: String,
    #[command(flatten)]
    pub(crate) ends: EndOptions,
    #[command(flatten)]
    pub(crate) renewal: RenewalOptions,
    /// Delete the previous one this long after it was disabled.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) delete_previous_after: Option<std::time::Duration>,
    #[command(flatten)]
    pub(crate) make: MakeOptions,
}

#[derive(Debug, Args)]
pub(crate) struct RequestOptions {
    /// What its name begins with; a date and a random part follow.
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) key: KeyOptions,
    #[command(flatten)]
    pub(crate) ends: EndOptions,
    #[command(flatten)]
    pub(crate) make: MakeOptions,
}

#[derive(Debug, Args)]
pub(crate) struct RotateCertOptions {
    #[command(flatten)]
    pub(crate) key: KeyOptions,
    #[command(flatten)]
    pub(crate) ends: EndOptions,
    #[command(flatten)]
    pub(crate) renewal: RenewalOptions,
    #[command(flatten)]
    pub(crate) make: MakeOptions,
}

/// The private key that is made here, and the request for it.
#[derive(Debug, Args)]
pub(crate) struct KeyOptions {
    /// Kind of the private key: p256 or p384.
    #[arg(long, value_name = "KIND", default_value = "p256", value_parser = key)]
    pub(crate) key_type: KeyAlgorithm,
    /// Common name of the request. Default: what the nickname begins with.
    #[arg(long, value_name = "NAME")]
    pub(crate) common_name: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ResumeOptions {
    #[command(flatten)]
    pub(crate) store: SecretStoreOptions,
    #[command(flatten)]
    pub(crate) connection: ConnectionOptions,
}

#[derive(Debug, Args)]
pub(crate) struct RoleOptions {
    /// Code of the application.
    #[arg(long, value_name = "CODE", default_value = digicert_one::account::ACCOUNT_MANAGER)]
    pub(crate) application: String,
    #[command(flatten)]
    pub(crate) connection: ConnectionOptions,
}

#[derive(Debug, Args)]
pub(crate) struct AuditLogOptions {
    /// Stop after this many entries.
    #[arg(long, value_name = "ITEMS", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: u64,
    /// Filter of the platform, such as resource_type=api_token. Repeatable.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
    pub(crate) filter: Vec<(String, String)>,
    /// Position to start at, as an earlier run printed it.
    #[arg(long, value_name = "POSITION")]
    pub(crate) start_at: Option<Position>,
    #[command(flatten)]
    pub(crate) connection: ConnectionOptions,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("give NAME=VALUE".to_owned()),
    }
}
