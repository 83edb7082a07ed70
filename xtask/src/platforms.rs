//! `cargo xtask platforms`: type-checks the libraries for systems that this machine cannot run, and writes the table of docs/platforms.md:
//! for each crate and system *runs*, *type-checks* or *not tried*. A crate that compiles C is not checked: that needs a compiler for the
//! system. What runs on Windows is recorded by `cargo xtask windows`.

pub(crate) mod record;

use std::fmt::Write as _;
use std::process::Stdio;

use self::record::Record;
use crate::cross::{Toolchain, WINDOWS};
use crate::failure::Failure;
use crate::page::Page;

const PAGE: Page = Page { path: "docs/platforms.md", maker: "cargo xtask platforms" };
/// What was done, in the record.
const CHECK: &str = "check";
const OK: &str = "ok";

/// A system that is not run here: its name in the record, its title, and its target.
struct System {
    name: &'static str,
    title: &'static str,
    target: &'static str,
}

const SYSTEMS: [System; 3] = [
    System { name: "windows", title: "Windows", target: WINDOWS },
    System { name: "macos", title: "macOS", target: "aarch64-apple-darwin" },
    System { name: "android", title: "Android", target: "aarch64-linux-android" },
];

/// A row of the table: a package, its features, and the systems for which it compiles C.
struct Row {
    package: &'static str,
    features: &'static str,
    with_c: &'static [&'static str],
}

const fn row(package: &'static str, features: &'static str, with_c: &'static [&'static str]) -> Row {
    Row { package, features, with_c }
}

const EVERYWHERE: &[&str] = &["windows", "macos", "android"];

const ROWS: [Row; 18] = [
    row("digicert-one-core", "", &[]),
    row("digicert-one-identity", "rustcrypto", &[]),
    row("digicert-one-client", "metrics", &[]),
    row("digicert-one-account", "", &[]),
    row("digicert-one-csc", "", &[]),
    row("digicert-one-credentials", "", &[]),
    row("digicert-one-credentials", "keyring", &[]),
    row("digicert-one-provisioning", "keyring", &[]),
    row("digicert-one-redis", "", EVERYWHERE),
    row("digicert-one-error-kinds", "", &[]),
    row("digicert-one-hyper", "", &[]),
    // OpenSSL on Android.
    row("digicert-one-native-tls", "", &["android"]),
    row("digicert-one-rustls", "", EVERYWHERE),
    row("digicert-one-reqwest", "", EVERYWHERE),
    row("digicert-one-isahc", "", EVERYWHERE),
    row("digicert-one-emulator", "", EVERYWHERE),
    row("digicert-one-conformance", "", EVERYWHERE),
    row("digicert-one-cli", "", EVERYWHERE),
];

/// Which system.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// This system alone
    #[arg(long, value_name = "SYSTEM", value_parser = SYSTEMS.map(|system| system.name))]
    only: Option<String>,
    /// Run nothing: write the page of what is recorded
    #[arg(long, conflicts_with = "only")]
    page: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.page {
        return write_page();
    }
    let mut failed = Vec::new();
    for system in SYSTEMS.iter().filter(|system| arguments.only.as_deref().is_none_or(|only| only == system.name)) {
        let toolchain = Toolchain::find(system.target)?;
        for row in ROWS.iter().filter(|row| !row.with_c.contains(&system.name)) {
            let is_ok = row.check(&toolchain, system)?;
            println!("{}: {}: {}", system.title, row.what(), if is_ok { OK } else { "FAILED" });
            let mut record = Record::read()?;
            record.set(system.name, row.package, &row.work(), if is_ok { OK } else { "does not compile" });
            record.write()?;
            if !is_ok {
                failed.push(format!("{} on {}", row.what(), system.title));
            }
        }
    }
    write_page()?;
    if failed.is_empty() { Ok(()) } else { Err(Failure::new(format_args!("platforms: {}", failed.join(", ")))) }
}

impl Row {
    fn check(&self, toolchain: &Toolchain, system: &System) -> Result<bool, Failure> {
        let mut command = toolchain.command(CHECK, system.target)?;
        command.args(["--quiet", "--package", self.package]);
        if !self.features.is_empty() {
            command.args(["--features", self.features]);
        }
        let status = command.stdout(Stdio::null()).status();
        Ok(status.map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?.success())
    }

    /// As the record calls the work.
    fn work(&self) -> String {
        if self.features.is_empty() { CHECK.to_owned() } else { format!("{CHECK} with {}", self.features) }
    }

    fn what(&self) -> String {
        let short = self.package.strip_prefix("digicert-one-").unwrap_or(self.package);
        match self.features {
            "" => format!("`{short}`"),
            features => format!("`{short}` with `{features}`"),
        }
    }

    /// The cell of a system.
    fn state(&self, record: &Record, system: &System) -> &'static str {
        let done =
            |name: &str| record.of(system.name).find(|(package, what, _)| *package == self.package && *what == name);
        let has_run = record.of(system.name).any(|(package, what, outcome)| {
            let is_result = outcome.contains(" passed") || outcome.contains(" succeeded");
            package == self.package && !what.starts_with(CHECK) && is_result
        });
        match done(&self.work()) {
            // Tests run with the default features.
            _ if has_run && self.features != "keyring" => "runs (Wine)",
            Some((.., OK)) => "type-checks",
            Some(_) => "does not compile",
            None => "not tried",
        }
    }
}

fn write_page() -> Result<(), Failure> {
    PAGE.write(&part(&Record::read()?))
}

/// Fails if the page is not what the record says.
pub(crate) fn check() -> Result<(), Failure> {
    match PAGE.is_fresh(&part(&Record::read()?))? {
        true => Ok(()),
        false => Err(Failure::new(
            "docs: docs/platforms.md is not what the record says\n  do:  cargo xtask platforms --page",
        )),
    }
}

fn part(record: &Record) -> String {
    let titles: String = SYSTEMS.iter().map(|system| format!(" {} |", system.title)).collect();
    let mut text = format!("| Crate | Linux x86-64 (glibc) |{titles}\n|---|---|{}\n", "---|".repeat(SYSTEMS.len()));
    for row in &ROWS {
        let states: String = SYSTEMS.iter().map(|system| format!(" {} |", row.state(record, system))).collect();
        let _ = writeln!(text, "| {} | runs |{states}", row.what());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_is_the_best_that_was_seen() {
        let mut record = Record::default();
        let [windows, macos, android] = &SYSTEMS;
        record.set("windows", "digicert-one-core", "unit tests", "12 passed, 0 failed");
        record.set("macos", "digicert-one-core", CHECK, OK);
        record.set("macos", "digicert-one-client", "check with metrics", "does not compile");
        let [core, _, client, ..] = &ROWS;
        assert_eq!(core.state(&record, windows), "runs (Wine)");
        assert_eq!(core.state(&record, macos), "type-checks");
        assert_eq!(client.state(&record, macos), "does not compile");
        assert_eq!(core.state(&record, android), "not tried");
    }

    #[test]
    fn every_row_is_a_package_of_the_workspace() {
        let published = crate::cargo::published().expect("metadata");
        for row in &ROWS {
            assert!(published.iter().any(|package| *package.name == row.package), "{}", row.package);
        }
    }
}
