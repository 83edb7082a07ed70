//! The command line. No option takes a secret: keys and certificates come from variables and files.

mod account;
mod call;
mod cert_file;
mod checks;
mod code;
mod connection;
mod csc;
mod fleet;
mod init;
pub(crate) mod layout;
mod limiter;
mod on_demand;
#[cfg(test)]
mod page;
pub(crate) mod pasted;
pub(crate) mod path;
mod proxy;
mod recover;
mod secret_store;
mod store;
mod time;
mod transport;

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::SystemTime;

use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum};
use digicert_one::core::RequestTarget;
use digicert_one::{Paging, Position};
use digicert_one_emulator::Fault;
use jiff::Timestamp;

pub(crate) use self::account::{
    AccountCommand, AuditLogOptions, CertCommand, ConfirmOptions, CreateTokenOptions, CreateUserOptions,
    DisableUserOptions, OfUserOptions, OneOptions, OneUserOptions, RemoveOptions, RequestOptions, ResumeOptions,
    RoleCommand, RoleOptions, RotateCertOptions, RotateTokenOptions, ServiceUserCommand, TokenCommand,
};
pub(crate) use self::call::{CallOptions, Data};
pub(crate) use self::cert_file::{CertInput, ConvertOptions, CsrOptions, InspectOptions, TargetFormat, VerifyOptions};
pub(crate) use self::checks::{CompletionsOptions, DoctorOptions, ExpiryOptions, ExplainOptions, ManOptions};
pub(crate) use self::connection::{ConnectionOptions, ModeName, RootList, SetupOptions};
pub(crate) use self::csc::{CscCallerOptions, CscCommand, CscListOptions, HashName, SignOptions};
pub(crate) use self::fleet::FleetCommand;
#[cfg(feature = "redis")]
pub(crate) use self::fleet::FleetStatusOptions;
pub(crate) use self::init::{ImportKind, ImportOptions, InitOptions};
#[cfg(feature = "redis")]
pub(crate) use self::limiter::{LimiterOptions, Rate, rate};
use self::on_demand::OnDemand;
pub(crate) use self::proxy::ProxyOptions;
pub(crate) use self::recover::RecoverOptions;
pub(crate) use self::secret_store::{MakeOptions, RenewalOptions, SecretStoreOptions};
pub(crate) use self::store::Store;
use crate::page::ColorChoice;

const VARIABLES: &str = "\
Variables (d1 env shows which of them are used; more in docs/credentials.md):
  DC_BASE, DC_API_KEY, DC_API_KEY_FILE     host; API key, or a file with it
  DC_CLIENT_CERT_FILE, DC_CLIENT_KEY_FILE  client certificate (PEM, DER, PKCS#12) and its key, or both in one
  DC_CLIENT_CERT_PASSWORD(_FILE)           password of the key or the PKCS#12 file
  DC_CREDENTIALS_DIR                       directory with api-key, tls.crt, tls.key, ...
  DC_PROFILE, DC_CONFIG                    profile, and the file with it (~/.config/d1/d1.toml)
  DC_CLIENTAUTH_BASE, DC_CONFIRM_HOST      certificate host; an unusual host that is right
  DC_CA_FILE                               CA file (PEM) beside the system's roots
  HTTPS_PROXY, ALL_PROXY, NO_PROXY         proxy, and hosts without it; lower case comes first
  SM_HOST, SM_API_KEY, SM_CLIENT_CERT_FILE, SM_CLIENT_CERT_PASSWORD, SM_CA_FILE: as for smctl

Exit codes (docs/operating.md):
  0 ok  1 internal  2 usage  3 local: credential, configuration, file  4 network or TLS
  5 refused (401)  6 forbidden (403)  7 throttled (429), unavailable (503) or locked
  8 expires too soon (d1 expiry)  9 another error response  130/143/129 interrupted by a signal";

/// First calls, diagnosis and a local emulator for the DigiCert ONE APIs (unofficial; not affiliated with DigiCert).
#[derive(Debug, Parser)]
#[command(name = "d1", version, max_term_width = 110, after_help = VARIABLES)]
pub(crate) struct Arguments {
    /// Print one JSON document on standard output, for errors too.
    #[arg(long, global = true, display_order = 900)]
    pub(crate) json: bool,
    /// Print what a jq filter selects (call: body; list: items).
    #[cfg(feature = "jq")]
    #[arg(long, global = true, display_order = 901, value_name = "FILTER")]
    pub(crate) jq: Option<String>,
    /// Trace on standard error, never a secret; -vv shows more.
    #[arg(short, long, global = true, display_order = 902, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Colours: auto (default), always, never; NO_COLOR: never.
    #[arg(
        long,
        global = true,
        display_order = 903,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        hide_possible_values = true,
        hide_default_value = true
    )]
    pub(crate) color: ColorChoice,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show real calls that succeed and fail. Needs no account.
    #[command(after_help = "Examples:\n  d1 demo\n  d1 --json demo\n  d1 demo --midnight")]
    Demo(OnDemand<DemoOptions>),
    /// Run a local DigiCert ONE, until Ctrl-C or for one program.
    #[command(
        after_help = "Examples:\n  d1 emulator\n  d1 emulator --port 4433 --clientauth-port 4434 --dir /run/d1\n  d1 emulator --state emulator.json\n  d1 emulator -- pytest tests/"
    )]
    Emulator(OnDemand<EmulatorOptions>),
    /// Show the user that DigiCert ONE authenticates you as.
    #[command(after_help = concat!("Examples:\n  DC_BASE=https://demo.one.digicert.com DC_API_KEY=... d1 whoami\n",
        "  d1 whoami --mode certificate"))]
    Whoami(OnDemand<ConnectionOptions>),
    /// Make one call and print the body of the response.
    #[command(after_help = concat!("Examples:\n  d1 call GET '/account/api/v1/user?user_type=service'\n",
        "  d1 call POST /signingmanager/api/v1/keypairs/ID/sign --data @request.json --mode both\n",
        "  d1 call GET /account/api/v1/user --jq '.items[].friendly_name'"))]
    Call(OnDemand<CallOptions>),
    /// Print the items of all pages of a list, one line of JSON each.
    #[command(after_help = concat!("Examples:\n  d1 list '/mpki/api/v1/certificate-search?status=ISSUED' | jq -r .serial_number\n",
        "  d1 list /devicetrustmanager/api/v4/device --limit 500 --page-size 50\n",
        "  d1 list /mpki/api/v1/audit-log --start-at offset:1200   # where an earlier run stopped"))]
    List(OnDemand<ListOptions>),
    /// Show which credential would be used, and why. Sends nothing.
    #[command(after_help = concat!("Examples:\n  d1 env\n  d1 env --profile ci-prod\n",
        "  DC_CREDENTIALS_DIR=/run/secrets/d1 d1 --json env\n",
        "  d1 env --profile ci-prod --curl=/account/api/v1/user/me\n",
        "  eval \"$(d1 env --profile ci-prod --export)\""))]
    Env(OnDemand<EnvOptions>),
    /// Run a program with the credential in its environment only.
    ///
    /// The program gets host, API key and files with the client certificate as variables; the files are removed when it ends. Other DC_
    /// and SM_ variables are not handed on. The exit code is that of the program; signals are passed on to it.
    #[command(after_help = concat!("Examples:\n  d1 run --profile ci-prod -- ./deploy.sh\n",
        "  d1 run --profile ci-prod --names smctl -- smctl healthcheck\n",
        "  d1 run -- sh -c 'curl --cert $DC_CLIENT_CERT_FILE $DC_CLIENTAUTH_BASE/account/api/v1/user'"))]
    Run(OnDemand<RunOptions>),
    /// Let other programs call DigiCert ONE, through a local socket.
    ///
    /// Forwards requests over a Unix socket (0600), a loopback address with a token, or the sockets that systemd opened; reloads the
    /// credential when it changes; refuses browsers and other hosts. GET /_d1/health and /_d1/metrics report on it. Stops at SIGTERM or
    /// Ctrl-C when the requests in flight have finished: exit code 0, or that of the signal if some were cut off. With --json, each line
    /// of the log is a JSON document.
    #[command(after_help = concat!("Examples:\n  d1 proxy --socket /run/d1/proxy.sock --profile ci-prod\n",
        "  curl --unix-socket /run/d1/proxy.sock http://localhost/account/api/v1/user/me\n",
        "  d1 proxy --listen 127.0.0.1:8700 --token-file ./proxy-token"))]
    Proxy(OnDemand<ProxyOptions>),
    /// Write a profile with references to secrets, and check it.
    ///
    /// Asks on a terminal for what the options do not give. A profile that exists is not changed.
    #[command(after_help = concat!("Examples:\n  d1 init ci-prod\n",
        "  d1 init ci-prod --host one.digicert.com --api-key-from file:/run/secrets/api-key\n",
        "  d1 init ci-prod --host one.digicert.com --certificate-from file:/etc/d1/client.p12 --password-from env:P12_PASSWORD"))]
    Init(OnDemand<InitOptions>),
    /// Write a profile from settings of smctl, jsign, curl, Kubernetes.
    ///
    /// Shows what was understood and what was left out. Secrets that are in the imported file itself go to files of mode 0600 beside
    /// d1.toml; the profile refers to them. Nothing that exists is changed.
    #[command(after_help = concat!("Examples:\n  d1 import ci-prod --from smctl\n  d1 import signing --from jsign --file sign.sh\n",
        "  d1 import ci-prod --from curl --file ~/.digicert.curlrc\n",
        "  kubectl get secret d1 -o yaml | d1 import ci-prod --from kubernetes --file - --host one.digicert.com"))]
    Import(OnDemand<ImportOptions>),
    /// Check configuration, credential, network, TLS and platform.
    ///
    /// Sends nothing unless --online is given. What is wrong has a code, its cause and what to do; what could not be checked says why. The
    /// exit code is that of the first check that failed.
    #[command(after_help = concat!("Examples:\n  d1 doctor\n  d1 doctor --online\n",
        "  d1 doctor --online --call /mpki/api/v1/hello\n  d1 doctor --online --compare-transports\n",
        "  d1 doctor --online --bundle report.json\n  d1 --json doctor | jq '.checks[] | select(.status == \"fail\")'"))]
    Doctor(OnDemand<DoctorOptions>),
    /// Show when API key, client certificate and user expire.
    ///
    /// A certificate has its own end date; the platform is asked for the others. Exit code 8: the credential has expired, or expires
    /// before --fail-under; with --nagios the exit codes are those of a Nagios plugin.
    #[command(after_help = concat!("Examples:\n  d1 expiry\n  d1 expiry --fail-under 14d || rotate-now\n",
        "  d1 expiry --nagios --fail-under 7d\n  d1 expiry --prometheus /var/lib/node_exporter/d1.prom\n  d1 --json expiry --offline"))]
    Expiry(OnDemand<ExpiryOptions>),
    /// Explain a diagnosis code, or list all of them. Works offline.
    ///
    /// Without CODE, every code with its summary.
    #[command(after_help = "Examples:\n  d1 explain HS-02\n  d1 explain\n  d1 --json explain AUT-01")]
    Explain(OnDemand<ExplainOptions>),
    /// Show the options of every command that calls DigiCert ONE.
    #[command(after_help = concat!("Examples:\n  d1 whoami --profile ci-prod\n  d1 list /mpki/api/v1/audit-log --mode both --timeout 300\n",
        "  d1 call GET /account/api/v1/user --base https://demo.one.digicert.com --no-retry"))]
    Connection(OnDemand<ConnectionOptions>),
    /// Print a completion script for a shell.
    #[command(after_help = concat!("Examples:\n  d1 completions bash > ~/.local/share/bash-completion/completions/d1\n",
        "  d1 completions zsh > ~/.zfunc/_d1\n  d1 completions fish > ~/.config/fish/completions/d1.fish\n",
        "  d1 completions powershell >> $PROFILE"))]
    Completions(OnDemand<CompletionsOptions>),
    /// Print the manual page, or write the pages of all commands.
    #[command(after_help = "Examples:\n  d1 man | man -l -\n  d1 man --directory ~/.local/share/man/man1")]
    Man(OnDemand<ManOptions>),
    /// Service users: list, show, create, disable, enable.
    #[command(
        subcommand,
        after_help = "Examples:\n  d1 service-user list\n  d1 service-user create ci-bot --store file:api-key"
    )]
    ServiceUser(ServiceUserCommand),
    /// API tokens: list, create, rotate, disable, enable, delete.
    #[command(
        subcommand,
        after_help = "Examples:\n  d1 token list\n  d1 token rotate --store file:api-key --ends-in 90d"
    )]
    Token(TokenCommand),
    /// Client certificates: request, rotate, ...; files: inspect, ...
    #[command(subcommand, after_help = "Examples:\n  d1 cert list\n  d1 cert rotate --store dir:/run/secrets/d1")]
    Cert(CertCommand),
    /// Finish an interrupted create, request or rotate.
    ///
    /// Give it the options for store and journal that the command had; the command printed the whole line.
    #[command(after_help = concat!("Examples:\n  d1 resume --store file:/etc/d1/api-key\n",
        "  d1 resume --journal ci.journal --store dir:/run/secrets/d1"))]
    Resume(OnDemand<ResumeOptions>),
    /// Decrypt a last-resort file and write its secret. Works offline.
    #[command(after_help = concat!("Examples:\n  d1 recover rescued --output /etc/d1/api-key\n",
        "  d1 recover rescued --input-password file:/run/secrets/rescue --stdout | vault kv put secret/ci api_key=-"))]
    Recover(OnDemand<RecoverOptions>),
    /// Print the audit log of Account Manager.
    #[command(after_help = concat!("Examples:\n  d1 audit-log --limit 20\n",
        "  d1 --json audit-log --filter resource_type=api_token | jq '.items[]'"))]
    AuditLog(OnDemand<AuditLogOptions>),
    /// Accounts: list.
    #[command(subcommand, after_help = "Examples:\n  d1 account list")]
    Account(AccountCommand),
    /// Roles: list.
    #[command(subcommand, after_help = "Examples:\n  d1 role list")]
    Role(RoleCommand),
    /// Machines that share one API key, over Redis: status.
    #[command(subcommand, after_help = "Examples:\n  d1 fleet status --limiter redis://cache.example.com")]
    Fleet(FleetCommand),
    /// Content signing (CSC): info, list, sign.
    #[command(
        subcommand,
        after_help = "Examples:\n  d1 csc info\n  d1 csc sign CREDENTIAL contract.pdf --out contract.sig"
    )]
    Csc(CscCommand),
}

impl Command {
    /// Whether it hears Ctrl-C itself: what was begun on the platform is not just dropped.
    pub(crate) fn hears_interrupts(&self) -> bool {
        match self {
            Self::ServiceUser(command) => matches!(command, ServiceUserCommand::Create(_)),
            Self::Token(command) => matches!(command, TokenCommand::Create(_) | TokenCommand::Rotate(_)),
            Self::Cert(command) => matches!(command, CertCommand::Request(_) | CertCommand::Rotate(_)),
            Self::Doctor(_) | Self::List(_) | Self::Resume(_) | Self::Run(_) | Self::Proxy(_) => true,
            Self::Emulator(options) => !options.command.is_empty(),
            _ => false,
        }
    }

    /// Whether its call changes something on the platform, as far as that is known: one that was under way may have been processed.
    pub(crate) fn changes(&self) -> bool {
        match self {
            Self::Call(options) => !["GET", "HEAD"].iter().any(|method| options.method.eq_ignore_ascii_case(method)),
            Self::ServiceUser(command) => {
                matches!(command, ServiceUserCommand::Disable(_) | ServiceUserCommand::Enable(_))
            }
            Self::Token(command) => {
                matches!(command, TokenCommand::Disable(_) | TokenCommand::Enable(_) | TokenCommand::Delete(_))
            }
            Self::Cert(command) => matches!(command, CertCommand::Disable(_) | CertCommand::Enable(_)),
            Self::Csc(command) => matches!(command, CscCommand::Sign(_)),
            _ => false,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    /// Instead: the month before an API key expires and the day after, in virtual time, without rotation and with it.
    #[arg(long)]
    pub(crate) midnight: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EmulatorOptions {
    /// Address to listen on. One beyond loopback needs --reachable-by-others and --i-know-the-keys-are-public.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) address: IpAddr,
    /// Allow an --address that others can reach; requires --i-know-the-keys-are-public as well.
    #[arg(long)]
    pub(crate) reachable_by_others: bool,
    /// Confirm that everyone who reaches the emulator may have its keys.
    #[arg(long)]
    pub(crate) i_know_the_keys_are_public: bool,
    /// File for users, tokens and certificates, read at the next start. It holds secrets (mode 0600).
    #[arg(value_parser = path::parser(), long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Moment to begin at, as in 2026-12-31T23:59:00Z; end dates are compared with it. Default: the system's time.
    #[arg(long, value_name = "RFC3339", value_parser = moment)]
    pub(crate) clock: Option<SystemTime>,
    /// Port of the platform host (0: any free one).
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Port of the clientauth host (0: any free one).
    #[arg(long, default_value_t = 0)]
    pub(crate) clientauth_port: u16,
    /// Port of the control API, plain HTTP (0: any free one).
    #[arg(long, default_value_t = 0)]
    pub(crate) control_port: u16,
    /// Fault to arm from the start: a kind (reset, hold, without-secret, ...) or JSON as the control API takes it. Repeatable.
    #[arg(long, value_name = "FAULT")]
    pub(crate) fault: Vec<Fault>,
    /// Directory for CA, certificate and key (made if missing; its files stay). Default: a private one that is removed at the end.
    #[arg(value_parser = path::parser(), long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Program to run with the variables of the emulator, and its arguments. The emulator ends with it.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct EnvOptions {
    /// Print a line for a shell that calls PATH with curl. Secrets come from variables and files, never from arguments.
    #[arg(long, value_name = "PATH", num_args = 0..=1, require_equals = true,
        default_missing_value = "/account/api/v1/user/me", conflicts_with = "export")]
    pub(crate) curl: Option<String>,
    /// Print lines for a shell that set the variables of d1, to names of files and of variables.
    #[arg(long)]
    pub(crate) export: bool,
    /// Put API key and password themselves into the lines of --export.
    #[arg(long, requires = "export")]
    pub(crate) with_secrets: bool,
    #[command(flatten)]
    pub(crate) setup: SetupOptions,
}

#[derive(Debug, Args)]
pub(crate) struct RunOptions {
    /// Names of the variables. d1: DC_BASE, DC_API_KEY, DC_CLIENT_CERT_FILE (PEM), DC_CA_FILE; smctl: SM_HOST, SM_API_KEY,
    /// SM_CLIENT_CERT_FILE (PKCS#12), SM_CLIENT_CERT_PASSWORD, SM_CA_FILE.
    #[arg(long, value_enum, default_value_t, value_name = "NAMES")]
    pub(crate) names: VariableNames,
    #[command(flatten)]
    pub(crate) setup: SetupOptions,
    /// Program to run, and its arguments.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// The names of variables by the programs that read them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum VariableNames {
    #[default]
    D1,
    Smctl,
}

fn moment(text: &str) -> Result<SystemTime, String> {
    // The parser's error would quote the text, which may be a secret.
    let wrong = |_| "give a moment such as 2026-12-31T23:59:00Z".to_owned();
    SystemTime::try_from(text.parse::<Timestamp>().map_err(wrong)?).map_err(wrong)
}

#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Path and filters, such as /account/api/v1/user?user_type=service; the host follows from the credential.
    #[arg(value_parser = call::target)]
    pub(crate) path: RequestTarget,
    /// Stop after this many items.
    #[arg(long, value_name = "ITEMS", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Items to ask for with each page (default: 100).
    #[arg(long, value_name = "ITEMS", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) page_size: Option<u32>,
    /// Continue at a position that an earlier run printed.
    #[arg(long, value_name = "POSITION")]
    pub(crate) start_at: Option<Position>,
    /// How the list is paged, where d1 does not detect it: offset (limit and offset), token (maxResults and pageToken), whole (one response).
    #[arg(long, value_enum, default_value_t)]
    pub(crate) paging: PagingName,
    /// The field that holds the items, where it has an unusual name.
    #[arg(long, value_name = "NAME")]
    pub(crate) field: Option<String>,
    /// Warn, instead of failing, where the list cannot be known to be complete.
    #[arg(long)]
    pub(crate) allow_incomplete: bool,
    #[command(flatten)]
    pub(crate) connection: ConnectionOptions,
}

/// The ways of paging by the names that users type.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum PagingName {
    #[default]
    Detected,
    Offset,
    Token,
    Whole,
}

impl From<PagingName> for Paging {
    fn from(name: PagingName) -> Self {
        match name {
            PagingName::Detected => Self::Detected,
            PagingName::Offset => Self::Offset,
            PagingName::Token => Self::Token,
            PagingName::Whole => Self::Whole,
        }
    }
}

/// The command line. A command has its options once it is used, or after [`clap::Command::build`]; [`layout::shown`] has the last touch of
/// its help.
pub(crate) fn parser() -> clap::Command {
    layout::of_groups(Arguments::command())
}

/// The whole command line, with the options of every command.
pub(crate) fn whole() -> clap::Command {
    let mut command = parser();
    // Brings the global options and whole names to every command, too.
    command.build();
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_line_is_consistent() {
        whole().debug_assert();
    }

    #[test]
    fn secret_08_no_option_takes_a_secret() {
        fn check(command: &clap::Command) {
            for argument in command.get_arguments() {
                let name = argument.get_id().as_str();
                assert!(!["key", "api_key", "password", "secret", "token"].contains(&name), "{name}");
            }
            command.get_subcommands().for_each(check);
        }
        check(&whole());
    }
}
