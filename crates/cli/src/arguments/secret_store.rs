//! Options of commands that make something whose secret is shown once: where the secret is stored, when it expires, what happens to the
//! previous one. No option takes a secret; a password is given by a reference.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use digicert_one::{core::EndDate, identity::KeyAlgorithm, provisioning::EndDatePolicy};

use super::connection::ConnectionOptions;
use super::path;
use super::store::{self, Store};
use super::time::time;

/// Options of every command that creates something.
#[derive(Debug, Args)]
pub(crate) struct MakeOptions {
    #[command(flatten)]
    pub(crate) store: SecretStoreOptions,
    /// Show the steps. Sends GETs only and writes nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) connection: ConnectionOptions,
}

/// Where the secret is stored.
#[derive(Debug, Args)]
pub(crate) struct SecretStoreOptions {
    /// Where the secret is stored: file:PATH (mode 0600), dir:PATH (api-key, or tls.crt and tls.key), keyring:NAME (needs the feature
    /// keyring), exec:COMMAND (on its standard input; no shell) or stdout (the terminal, once).
    #[arg(value_parser = store::parser(), long, help_heading = STORE)]
    pub(crate) store: Store,
    /// Program that prints what --store exec:COMMAND stored, to compare it.
    #[arg(long, value_name = "COMMAND", help_heading = STORE)]
    pub(crate) read_back_command: Option<String>,
    /// Encrypted file for the secret if it cannot be stored.
    #[arg(value_parser = path::parser(), long, value_name = "FILE", help_heading = STORE)]
    pub(crate) last_resort: Option<PathBuf>,
    /// Its password: env:NAME or file:PATH. Default: d1 asks.
    #[arg(long, value_name = "REF", requires = "last_resort", help_heading = STORE)]
    pub(crate) last_resort_password: Option<String>,
    /// Journal for d1 resume. Default: beside the store.
    #[arg(value_parser = path::parser(), long, value_name = "FILE", help_heading = STORE)]
    pub(crate) journal: Option<PathBuf>,
    /// Lock that several machines share. Default: beside the journal.
    #[arg(value_parser = path::parser(), long, value_name = "FILE", help_heading = STORE)]
    pub(crate) lock: Option<PathBuf>,
    /// Name of the lock in the Redis of --limiter. Default: the caller's id.
    #[arg(long, value_name = "NAME", help_heading = STORE)]
    pub(crate) lock_name: Option<String>,
    /// How long to wait for the lock.
    #[arg(long, value_name = "TIME", default_value = "5m", value_parser = time, help_heading = STORE)]
    pub(crate) lock_wait: Duration,
}

const STORE: &str = "Secret store";

/// When the new one ends.
#[derive(Debug, Args)]
pub(crate) struct EndOptions {
    /// Last day (UTC), at most that of the owner. Default: that of the owner.
    #[arg(long, value_name = "YYYY-MM-DD", value_parser = day, conflicts_with = "ends_in")]
    pub(crate) ends: Option<EndDate>,
    /// The same in days from today, as in 90d or 12w.
    #[arg(long, value_name = "TIME", value_parser = days)]
    pub(crate) ends_in: Option<u32>,
}

impl EndOptions {
    pub(crate) fn ends(&self) -> EndDatePolicy {
        match (self.ends, self.ends_in) {
            (Some(day), _) => EndDatePolicy::On(day),
            (None, Some(days)) => EndDatePolicy::AfterDays(days),
            (None, None) => EndDatePolicy::WithOwner,
        }
    }
}

/// When a credential is replaced, and what happens to the previous one.
#[derive(Debug, Args)]
pub(crate) struct RenewalOptions {
    /// Do nothing while the current one is valid for longer, as in 14d.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) renew_before: Option<Duration>,
    /// Do nothing if the current one is younger than this.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = time)]
    pub(crate) min_age: Duration,
    /// How long the previous one stays enabled as well.
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = time)]
    pub(crate) grace: Duration,
    /// Leave the previous one enabled.
    #[arg(long)]
    pub(crate) keep_previous: bool,
    /// Id of the one to replace. Default: the last one of this journal.
    #[arg(long, value_name = "ID")]
    pub(crate) previous: Option<String>,
    /// What the name of the new one begins with. Default: as the previous one.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
}

fn days(text: &str) -> Result<u32, String> {
    const DAY: u64 = 24 * 60 * 60;
    let seconds = time(text)?.as_secs();
    match u32::try_from(seconds / DAY) {
        Ok(days) if seconds % DAY == 0 => Ok(days),
        _ => Err("give whole days, as in 90d or 12w".to_owned()),
    }
}

fn day(text: &str) -> Result<EndDate, String> {
    let wrong = "give a day such as 2099-12-31";
    if text.len() != 10 {
        return Err(wrong.to_owned());
    }
    text.parse().map_err(|_| wrong.to_owned())
}

/// The kinds of key by the names that users type.
pub(crate) fn key(text: &str) -> Result<KeyAlgorithm, String> {
    text.parse().map_err(|_| "give p256 or p384".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_or_refused() {
        assert_eq!((days("90d"), days("0d")), (Ok(90), Ok(0)));
        assert!(days("36h").is_err() && days("999999999w").is_err());
        assert!(day("2099-12-31").is_ok());
        for text in ["2099-12-31T10:00:00Z", "31.12.2099", "2099-02-30", ""] {
            assert!(day(text).is_err(), "{text}");
        }
    }
}
