//! `cargo xtask windows`: cross-builds for Windows with mingw, and runs the tests, the suites and `d1 demo` under Wine. What passed is
//! recorded in docs/platforms.tsv, and docs/platforms.md shows it. Each failure needs a row in windows/known.tsv that says whose it is:
//! Wine's, Windows', or that of a test which needs another system. By hand and before a release, not in CI.

mod outcome;
mod wine;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use cargo_metadata::Message;

use self::outcome::TestOutcome;
use self::wine::{COMPILER, Wine};
use crate::cargo::CHECKED;
use crate::cross::{self, Toolchain, WINDOWS, is_installed};
use crate::failure::Failure;
use crate::page::{Page, cell};
use crate::platforms::record::Record;

const PAGE: Page = Page { path: "docs/platforms.md", maker: "cargo xtask windows" };
const SYSTEM: &str = "windows";
/// Failures by package and test, and the reason: package, test, whose it is, why.
const KNOWN: &str = include_str!("windows/known.tsv");
const DEMO: &str = "d1 demo";
/// Built and not run: package, program (`*` for all), and why.
const NOT_RUN: [(&str, &str, &str); 4] = [
    (
        "digicert-one-native-tls",
        "*",
        "its engine is SChannel, and that of Wine refuses private roots and imports no PKCS#12",
    ),
    ("digicert-one-cli", "d1", "almost all have a private CA beside the system's roots, which Wine refuses"),
    ("digicert-one-conformance", "broken", "it judges the suite, not a platform"),
    ("digicert-one-conformance", "generated", "it judges the suite, not a platform"),
];
/// The suite of a transport.
const SUITE: &str = "conformance";

/// Which packages.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// This package; may be given several times. Default: all
    #[arg(long, value_name = "PACKAGE")]
    package: Vec<String>,
    /// Features of these packages, as cargo takes them
    #[arg(long, requires = "package")]
    features: Option<String>,
    /// This test program, by its name; may be given several times. Default: all, and the unit tests
    #[arg(long, value_name = "NAME")]
    test: Vec<String>,
    /// Run nothing: write the page of what is recorded
    #[arg(long, conflicts_with_all = ["package", "test"])]
    page: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.page {
        return write_page();
    }
    let (toolchain, wine) = tools()?;
    println!("windows: {}, {wine}", toolchain.version());
    let folder = cross::target_directory()?.join("windows");
    let wine = Wine::new(wine, &folder)?;
    let (programs, is_whole) = build(&toolchain, arguments)?;
    if arguments.test.is_empty() {
        let mut record = Record::read()?;
        for package in programs.iter().map(|program| &program.package).collect::<BTreeSet<_>>() {
            record.forget(SYSTEM, package, |what| !what.starts_with("check"));
        }
        record.write()?;
    }
    for program in &programs {
        program.run(&wine, &folder)?;
    }
    write_page()?;
    let unexplained = unexplained(&Record::read()?, &known()?);
    match (unexplained.is_empty(), is_whole) {
        (true, true) => Ok(()),
        (true, false) => Err(Failure::new("windows: a part did not build")),
        _ => Err(Failure::new(format_args!("windows: without a row in known.tsv:\n  {}", unexplained.join("\n  ")))),
    }
}

/// The toolchain and Wine.
///
/// # Errors
/// Returns an error that lists all that is missing.
fn tools() -> Result<(Toolchain, &'static str), Failure> {
    let toolchain = Toolchain::find(WINDOWS);
    let wine = Wine::installed();
    let mut missing: Vec<String> = toolchain.as_ref().err().map(ToString::to_string).into_iter().collect();
    if !is_installed(COMPILER) {
        missing.push(format!("no {COMPILER}: install mingw-w64 (Debian: gcc-mingw-w64-x86-64, g++-mingw-w64-x86-64)"));
    }
    match (toolchain, wine) {
        (Ok(toolchain), Some(wine)) if missing.is_empty() => Ok((toolchain, wine)),
        (_, wine) => {
            if wine.is_none() {
                missing.push("no Wine: install it (Debian: wine64)".to_owned());
            }
            Err(Failure::new(format_args!("windows: missing tools:\n  {}", missing.join("\n  "))))
        }
    }
}

/// A program that was built, and how it is run.
#[derive(Debug)]
struct Program {
    package: String,
    /// The folder of the package, where cargo runs its tests.
    folder: PathBuf,
    /// `unit tests`, the name of a test program, or [`DEMO`].
    what: String,
    file: PathBuf,
}

/// Builds all test programs, and `d1`; also returns whether all of them were built.
fn build(toolchain: &Toolchain, arguments: &Arguments) -> Result<(Vec<Program>, bool), Failure> {
    let mut command = toolchain.command("test", WINDOWS)?;
    command.args(["--no-run", "--no-fail-fast", "--message-format", "json-render-diagnostics"]);
    // AWS-LC brings its assembly compiled, so that it needs no NASM.
    command.env("AWS_LC_SYS_PREBUILT_NASM", "1").stdout(Stdio::piped());
    match &arguments.package[..] {
        // The packages under crates/: the others test this workspace, or are measured on Linux.
        [] => drop(command.args(CHECKED)),
        some => drop(command.args(some.iter().flat_map(|package| ["--package", package]))),
    }
    command.args(arguments.test.iter().flat_map(|test| ["--test", test]));
    command.args(arguments.features.iter().flat_map(|features| ["--features", features]));
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
    let mut programs = Vec::new();
    for message in Message::parse_stream(&output.stdout[..]) {
        let message = message.map_err(|error| Failure::new(format_args!("cargo: {error}")))?;
        let Message::CompilerArtifact(artifact) = message else { continue };
        let (Some(file), Some(folder)) = (artifact.executable, artifact.manifest_path.parent()) else { continue };
        let name = artifact.target.name.clone();
        let what = match (artifact.profile.test, artifact.target.is_test()) {
            (true, true) => name,
            (true, false) => "unit tests".to_owned(),
            (false, _) if name == "d1" => DEMO.to_owned(),
            (false, _) => continue,
        };
        let package = package_name(folder.as_std_path())?;
        let is_left_out = |(of, program, _): &&(&str, &str, &str)| *of == package && ["*", &*what].contains(program);
        if let Some((.., why)) = NOT_RUN.iter().find(is_left_out) {
            println!("{package}, {what}: not run: {why}");
            continue;
        }
        programs.push(Program { package, folder: folder.into(), what, file: file.into() });
    }
    // What users meet first is known first.
    programs.sort_by_key(|program| (program.what != DEMO, program.what != SUITE));
    Ok((programs, output.status.success()))
}

/// The name in a manifest.
fn package_name(folder: &Path) -> Result<String, Failure> {
    let unread = |error: &dyn std::fmt::Display| Failure::new(format_args!("{}: {error}", folder.display()));
    let text = fs::read_to_string(folder.join("Cargo.toml")).map_err(|error| unread(&error))?;
    let manifest: toml::Table = toml::from_str(&text).map_err(|error| unread(&error))?;
    let name = manifest.get("package").and_then(|package| package.get("name")).and_then(toml::Value::as_str);
    name.map(str::to_owned).ok_or_else(|| unread(&"its manifest has no name"))
}

impl Program {
    /// Runs it, and records its result and each failure.
    fn run(&self, wine: &Wine, folder: &Path) -> Result<(), Failure> {
        let (package, what) = (&*self.package, &*self.what);
        let log = folder.join(format!("{package}-{}.log", what.replace(' ', "-")));
        let mut command = wine.command(&self.file);
        command.current_dir(&self.folder);
        if what == DEMO {
            command.arg("demo");
        }
        let ended = Wine::run(&mut command, &log)?;
        let outcome = TestOutcome::of(&ended.text);
        let is_success = ended.status.is_some_and(|status| status.success());
        let shown = match what {
            DEMO => demo_result(&ended.text, is_success),
            _ => outcome.to_string(),
        };
        println!("{package}, {what}: {shown}");
        // Only now: `cargo xtask platforms` may have written meanwhile.
        let mut record = Record::read()?;
        record.forget(SYSTEM, package, |of| {
            of == what || of.strip_prefix(what).is_some_and(|rest| rest.starts_with(": "))
        });
        record.set(SYSTEM, package, what, &shown);
        for name in &outcome.failed {
            record.set(SYSTEM, package, &format!("{what}: {name}"), FAILED);
        }
        let is_crash = what != DEMO && !outcome.is_whole;
        if is_crash || (!is_success && outcome.failed.is_empty()) {
            let how = if ended.status.is_none() { "stopped after 20 minutes" } else { "ended with an error" };
            record.set(SYSTEM, package, &format!("{what}: {how}"), FAILED);
        }
        record.write()
    }
}

const FAILED: &str = "failed";

/// The line that counts calls and failures.
fn demo_result(text: &str, is_success: bool) -> String {
    let line = text.lines().rev().find(|line| line.contains("calls succeeded")).unwrap_or("no result").trim();
    // Without its duration.
    let line = line.split(" (").next().unwrap_or(line);
    if is_success { line.to_owned() } else { format!("{line}; it ended with an error") }
}

/// An explained failure.
#[derive(Debug, PartialEq, Eq)]
struct Known<'a> {
    /// `*` for any.
    package: &'a str,
    /// The test program and the test, or the start of several names before a `*`.
    what: &'a str,
    whose: &'a str,
    why: &'a str,
}

fn known() -> Result<Vec<Known<'static>>, Failure> {
    let rows =
        KNOWN.lines().filter(|line| !line.starts_with('#')).map(
            |line| match line.split('\t').collect::<Vec<_>>()[..] {
                [package, what, whose @ ("Wine" | "Windows" | "test"), why] => Ok(Known { package, what, whose, why }),
                _ => Err(Failure::new(format_args!(
                    "known.tsv: expected package, test, Wine, Windows or test, and why: {line}"
                ))),
            },
        );
    rows.collect()
}

impl Known<'_> {
    fn explains(&self, package: &str, what: &str) -> bool {
        let is_named = match self.what.strip_suffix('*') {
            Some(start) => what.starts_with(start),
            None => what == self.what,
        };
        (self.package == "*" || self.package == package) && is_named
    }
}

/// The recorded failures that no row explains.
fn unexplained(record: &Record, known: &[Known<'_>]) -> Vec<String> {
    let failed = record.of(SYSTEM).filter(|(.., outcome)| *outcome == FAILED);
    let open = failed.filter(|(package, what, _)| !known.iter().any(|row| row.explains(package, what)));
    open.map(|(package, what, _)| format!("{package}, {what}")).collect()
}

fn write_page() -> Result<(), Failure> {
    PAGE.write(&part(&Record::read()?, &known()?))
}

/// Fails if the page is not what the record says.
pub(crate) fn check() -> Result<(), Failure> {
    match PAGE.is_fresh(&part(&Record::read()?, &known()?))? {
        true => Ok(()),
        false => {
            Err(Failure::new("docs: docs/platforms.md is not what the record says\n  do:  cargo xtask windows --page"))
        }
    }
}

/// The results of all programs, and the failures with their reasons.
fn part(record: &Record, known: &[Known<'_>]) -> String {
    let mut text = "| Package | Program | Result |\n|---|---|---|\n".to_owned();
    let (failed, results): (Vec<_>, Vec<_>) = record.of(SYSTEM).partition(|(.., outcome)| *outcome == FAILED);
    for (package, what, outcome) in results.into_iter().filter(|(_, what, _)| *what != "check") {
        let _ = writeln!(text, "| `{}` | {} | {} |", short(package), cell(what), cell(outcome));
    }
    if failed.is_empty() {
        return text;
    }
    text.push_str("\n| Failure | Because of | Why |\n|---|---|---|\n");
    // One row for a test that fails for one reason in several packages.
    let mut rows: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for (package, what, _) in failed {
        let row = known.iter().find(|row| row.explains(package, what));
        let reason = row.map_or(("not known", "not explained yet"), |row| (row.whose, row.why));
        rows.entry((what, reason)).or_default().push(format!("`{}`", short(package)));
    }
    for ((what, (whose, why)), packages) in rows {
        let _ = writeln!(text, "| {}, {} | {whose} | {} |", packages.join(", "), cell(what), cell(why));
    }
    text
}

fn short(package: &str) -> &str {
    package.strip_prefix("digicert-one-").unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_known_failures_is_whole() {
        known().expect("all rows have four columns");
    }

    #[test]
    fn failure_without_a_reason_is_reported_and_shown() {
        let mut record = Record::default();
        record.set(SYSTEM, "digicert-one-core", "unit tests", "1 passed, 2 failed");
        record.set(SYSTEM, "digicert-one-core", "unit tests: a::b", FAILED);
        record.set(SYSTEM, "digicert-one-core", "unit tests: c", FAILED);
        let known = [Known { package: "digicert-one-core", what: "unit tests: a*", whose: "Wine", why: "it has no b" }];
        assert_eq!(unexplained(&record, &known), ["digicert-one-core, unit tests: c"]);
        let part = part(&record, &known);
        assert!(part.contains("| `core` | unit tests | 1 passed, 2 failed |"), "{part}");
        assert!(part.contains("| `core`, unit tests: a::b | Wine | it has no b |"), "{part}");
        assert!(part.contains("| `core`, unit tests: c | not known |"), "{part}");
    }
}
