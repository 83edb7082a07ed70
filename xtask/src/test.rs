//! `cargo xtask test`: every check that a change must pass, one step after the other, the quick ones first. It is the test
//! command of the README and all that CI runs.
//!
//! The workspace is tested in three parts that must not see each other's features: everything; isahc with its second
//! engine, which excludes the first; and the binaries that switch on, on purpose, what strangers might switch on.

use std::fmt;
use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::cargo::{CHECKED, NOT_APART};
use crate::failure::Failure;
use crate::rooms::OUTSIDE;
use crate::{api, book, cargo, cost, docs, packages, rooms};

/// Which steps to run.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Run this step alone
    #[arg(long, value_name = "STEP", conflicts_with = "from")]
    only: Option<String>,
    /// Begin with this step
    #[arg(long, value_name = "STEP")]
    from: Option<String>,
    /// List the steps and run none
    #[arg(long)]
    list: bool,
}

struct Step {
    name: &'static str,
    about: &'static str,
    work: Work,
}

enum Work {
    /// Cargo with these arguments.
    Cargo(Vec<&'static str>),
    /// Cargo with these arguments, and warnings of rustdoc as errors.
    CargoDoc(Vec<&'static str>),
    /// Cargo with these arguments in the workspace of the packages outside ours.
    Outside(Vec<&'static str>),
    /// The same, compiled by clippy with warnings as errors: one build checks and tests.
    Linted(Vec<&'static str>),
    /// A function of ours; the end says whether it ran.
    Ours(fn() -> Result<Ran, Failure>),
}

#[derive(Debug)]
enum Ran {
    Done,
    Skipped(&'static str),
}

/// Packages that switch on, on purpose, features that the others must not see.
const APART: &[&str] = &["--package", "digicert-one-unified", "--package", "digicert-one-bench"];
const SECOND_ENGINE: &[&str] =
    &["--package", "digicert-one-isahc", "--no-default-features", "--features", "openssl-engine"];
const KEYRING: &[&str] =
    &["--package", "digicert-one-credentials", "--package", "digicert-one-provisioning", "--features", "keyring"];
const NO_WARNING: &[&str] = &["--all-targets", "--", "-D", "warnings"];

/// All steps, in the order in which they run.
fn steps() -> Vec<Step> {
    use Work::{Cargo, CargoDoc, Linted, Ours, Outside};
    let step = |name, work, about| Step { name, about, work };
    vec![
        step("fmt", Cargo(vec!["fmt", "--all", "--check"]), "the code is formatted"),
        step("outside-fmt", Outside(vec!["fmt", "--all", "--check"]), "so are the transports outside the workspace"),
        step("rooms", Ours(the_rooms), "no arrow between our crates that the design does not draw"),
        step("docs", Ours(the_docs), "the generated parts of docs/ are what the code says, and links lead somewhere"),
        step("book", Ours(the_book), "the site builds without a warning"),
        step("deny", Ours(deny), "licences, sources and duplicates of the dependencies"),
        // With the keyring too: it adds code to four packages and changes none.
        step("clippy", Cargo([&["clippy"], NOT_APART, CHECKED, NO_WARNING].concat()), "no warning"),
        step(
            "test",
            Cargo([&["test"], NOT_APART, &["--features", "digicert-one/blocking"]].concat()),
            "all tests, doc tests too; isahc on rustls",
        ),
        step(
            "doc",
            CargoDoc([&["doc", "--no-deps"], NOT_APART, CHECKED].concat()),
            "the documentation builds without a warning",
        ),
        step("api", Ours(the_api), "the public API is the one that docs/api records"),
        step("packages", Ours(the_packages), "the published crates build from their archives alone"),
        step(
            "keyring-test",
            Cargo([&["test"], KEYRING, &["--lib", "keyring"]].concat()),
            "the source and the sink of the keyring",
        ),
        step(
            "openssl-clippy",
            Cargo([&["clippy"], SECOND_ENGINE, NO_WARNING].concat()),
            "no warning with isahc's second engine",
        ),
        step("openssl-test", Cargo([&["test"], SECOND_ENGINE].concat()), "the suite on isahc's second engine"),
        step("engines", Ours(engines), "both engines of isahc at once are refused, in our words"),
        step(
            "unified-clippy",
            Cargo([&["clippy"], APART, NO_WARNING].concat()),
            "no warning in the packages that switch on everything",
        ),
        step(
            "unified-test",
            Cargo([&["test"], APART].concat()),
            "the suites again, every transport and every feature in one binary",
        ),
        step("cost", Ours(the_cost), "the client adds no more to a call than it may"),
        step(
            "outside-test",
            Linted(vec!["test", "--workspace"]),
            "the transports outside build on core alone, without a warning, and run against the suite",
        ),
    ]
}

/// Runs the steps in order and stops at the first that fails.
pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.list {
        for step in steps() {
            println!("{:15} {}", step.name, step.about);
        }
        return Ok(());
    }
    let steps = chosen(arguments.only.as_deref(), arguments.from.as_deref())?;
    let begin = Instant::now();
    let mut skipped = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        println!("==> {}: {} [{}/{}]", step.name, step.about, index + 1, steps.len());
        let start = Instant::now();
        match step.work.run() {
            Ok(Ran::Done) => println!("==> {}: ok in {}", step.name, Clocked(start.elapsed())),
            Ok(Ran::Skipped(why)) => {
                println!("==> {}: SKIPPED: {why}", step.name);
                skipped.push(format!("{} ({why})", step.name));
            }
            Err(failure) => {
                return Err(Failure::new(format_args!(
                    "{failure}\n==> {name}: FAILED after {time}\n    again:    cargo xtask test --only {name}\n    go on:    cargo xtask test --from {name}",
                    name = step.name,
                    time = Clocked(start.elapsed()),
                )));
            }
        }
    }
    println!("==> {} steps ok in {}", steps.len() - skipped.len(), Clocked(begin.elapsed()));
    if !skipped.is_empty() {
        println!("==> skipped: {}", skipped.join(", "));
    }
    if steps.iter().any(|step| step.name == "test") {
        for (programs, tests) in WANTED.iter().filter(|(programs, _)| !programs.iter().copied().any(is_installed)) {
            println!("==> SKIPPED in step test: {tests} ({} is not installed)", programs.join(" or "));
        }
    }
    Ok(())
}

/// Programs that some tests need. Without them these tests say SKIPPED and pass.
const WANTED: [(&[&str], &str); 6] = [
    (&["redis-server", "valkey-server"], "the shared rate limiter, lock and notice"),
    (&["openssl"], "certificates that openssl makes"),
    (&["curl"], "d1 proxy with curl"),
    (&["python3"], "d1 proxy with Python"),
    (&["systemd-socket-activate"], "d1 proxy with socket activation"),
    (&["systemd-analyze"], "the unit files of examples/systemd"),
];

fn is_installed(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn chosen(only: Option<&str>, from: Option<&str>) -> Result<Vec<Step>, Failure> {
    let mut steps = steps();
    let at = |name: &str| {
        steps.iter().position(|step| step.name == name).ok_or_else(|| {
            let names: Vec<&str> = steps.iter().map(|step| step.name).collect();
            Failure::new(format_args!("unknown step {name}; the steps are {}", names.join(", ")))
        })
    };
    match (only, from) {
        (Some(name), _) => {
            let index = at(name)?;
            Ok(vec![steps.swap_remove(index)])
        }
        (None, Some(name)) => {
            let index = at(name)?;
            Ok(steps.split_off(index))
        }
        (None, None) => Ok(steps),
    }
}

impl Work {
    fn run(&self) -> Result<Ran, Failure> {
        match self {
            Self::Cargo(arguments) => must_succeed(threaded(&mut cargo::command(arguments))),
            Self::CargoDoc(arguments) => must_succeed(cargo::command(arguments).env("RUSTDOCFLAGS", "-D warnings")),
            Self::Outside(arguments) => must_succeed(&mut outside(arguments)?),
            Self::Linted(arguments) => must_succeed(linted(threaded(&mut outside(arguments)?))),
            Self::Ours(function) => function(),
        }
    }
}

/// Most tests wait for the network or a process rather than compute: twice as many at once as there are processors.
fn threaded(command: &mut Command) -> &mut Command {
    const THREADS: &str = "RUST_TEST_THREADS";
    if std::env::var_os(THREADS).is_none() {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        command.env(THREADS, (2 * processors).to_string());
    }
    command
}

fn must_succeed(command: &mut Command) -> Result<Ran, Failure> {
    let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy().into_owned()).collect();
    let shown = format!("cargo {}", words.join(" "));
    println!("    {shown}");
    let status = command.status().map_err(|error| Failure::new(format_args!("cannot run {shown}: {error}")))?;
    if status.success() { Ok(Ran::Done) } else { Err(Failure::new(format_args!("failed: {shown}"))) }
}

/// Cargo on the packages outside the workspace, which are a workspace of their own: with our versions and in our target
/// directory, since two resolutions of the same dependencies would build everything twice.
fn outside(arguments: &[&str]) -> Result<Command, Failure> {
    let root = cargo::root();
    fs::copy(root.join("Cargo.lock"), root.join(OUTSIDE).join("Cargo.lock"))
        .map_err(|error| Failure::new(format_args!("cannot copy Cargo.lock to {OUTSIDE}: {error}")))?;
    let (first, rest) = arguments.split_first().ok_or_else(|| Failure::new("no cargo command"))?;
    let mut command = cargo::command(&[first, "--manifest-path"]);
    command.arg(format!("{OUTSIDE}/Cargo.toml"));
    if *first != "fmt" {
        command.arg("--target-dir").arg(cargo::target_directory()?);
    }
    command.args(rest);
    Ok(command)
}

/// What `cargo clippy -- -D warnings` sets for `cargo check`, here for a command that also generates code.
fn linted(command: &mut Command) -> &mut Command {
    command
        .env("RUSTC_WORKSPACE_WRAPPER", "clippy-driver")
        .env("CLIPPY_ARGS", "-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__")
}

fn the_rooms() -> Result<Ran, Failure> {
    rooms::run().map(|()| Ran::Done)
}

fn the_api() -> Result<Ran, Failure> {
    api::check().map(|()| Ran::Done)
}

fn the_packages() -> Result<Ran, Failure> {
    packages::run().map(|()| Ran::Done)
}

fn the_book() -> Result<Ran, Failure> {
    match book::build_if_installed()? {
        true => Ok(Ran::Done),
        false => Ok(Ran::Skipped("mdbook is not installed; `cargo xtask book` installs it")),
    }
}

fn the_cost() -> Result<Ran, Failure> {
    cost::run().map(|()| Ran::Done)
}

fn the_docs() -> Result<Ran, Failure> {
    docs::check().and_then(|()| book::check()).map(|()| Ran::Done)
}

/// isahc itself cannot compile with two engines, and its message does not help its users here. A build script
/// runs earlier: it depends on nothing, and parallel jobs start it at once.
fn engines() -> Result<Ran, Failure> {
    let output = cargo::command(&["check", "--package", "digicert-one-isahc", "--features", "openssl-engine"])
        .args(["--jobs", "8"])
        .output()
        .map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
    if output.status.success() {
        return Err(Failure::new("both engines of isahc at once were accepted"));
    }
    let text = String::from_utf8_lossy(&output.stderr);
    match our_words(&text) {
        Some(line) => {
            println!("    {line}");
            Ok(Ran::Done)
        }
        None => Err(Failure::new(format_args!("both engines at once failed, but not in our words:\n{text}"))),
    }
}

/// The line of cargo's output that is an error of our crate and names both features.
fn our_words(text: &str) -> Option<&str> {
    let wanted = ["error: digicert-one-isahc@", "rustls-engine", "openssl-engine"];
    text.lines().find(|line| wanted.iter().all(|word| line.contains(word)))
}

/// Advisories are not among the checks: they need the network, and they change without a change of ours.
fn deny() -> Result<Ran, Failure> {
    let installed = cargo::command(&["deny", "--version"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !installed.is_ok_and(|status| status.success()) {
        return Ok(Ran::Skipped("cargo-deny is not installed"));
    }
    must_succeed(&mut cargo::command(&["deny", "check", "bans", "licenses", "sources"]))
}

/// Minutes and seconds.
struct Clocked(Duration);

impl fmt::Display for Clocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            seconds @ 60.. => write!(f, "{} min {:02} s", seconds / 60, seconds % 60),
            _ => write!(f, "{:.1} s", self.0.as_secs_f64()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(steps: Result<Vec<Step>, Failure>) -> Vec<&'static str> {
        steps.map(|steps| steps.iter().map(|step| step.name).collect()).unwrap_or_default()
    }

    #[test]
    fn step_can_run_alone_or_start_the_run() {
        let all = names(chosen(None, None));
        assert_eq!(names(chosen(Some("rooms"), None)), ["rooms"]);
        assert_eq!(names(chosen(None, Some(all[3]))), all[3..]);
    }

    #[test]
    fn unknown_step_error_lists_the_steps() {
        let error = chosen(Some("tset"), None).err().expect("an unknown step");
        assert!(error.to_string().contains("tset") && error.to_string().contains("unified-test"), "{error:?}");
    }

    #[test]
    fn no_two_steps_have_one_name() {
        let all = names(chosen(None, None));
        let once: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(once.len(), all.len());
    }

    #[test]
    fn message_of_isahc_is_not_mistaken_for_ours() {
        let upstream = "error: multiple TLS engines cannot be enabled at the same time";
        let ours = "error: digicert-one-isahc@0.1.0: the features rustls-engine and openssl-engine exclude each other";
        assert_eq!(our_words(upstream), None);
        assert_eq!(our_words(&format!("{upstream}\n{ours}\n")), Some(ours));
    }

    #[test]
    fn failing_command_fails_the_step() {
        assert!(must_succeed(cargo::command(&["no-such-command"]).stderr(Stdio::null())).is_err());
    }
}
