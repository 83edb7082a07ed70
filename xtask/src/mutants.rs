//! `cargo xtask mutants`: changes each transport in every small way that cargo-mutants supports (install it
//! with `cargo install cargo-mutants`) and runs the transport's own suites on each. A survivor is either a
//! gap in the suite, or listed in the transport's `mutants.toml` with the reason why no case can detect it; a
//! listed mutant that is caught is an error too, as with waivers.
//!
//! .cargo/mutants.toml configures the suites. A whole run takes hours: `--shard` runs a part of it.

mod generated;
mod survivors;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo;
use crate::failure::Failure;

/// One run: a transport, with the changed files and the tests.
struct Target {
    name: &'static str,
    package: &'static str,
    /// How it is built, and which of its files are changed; cargo-mutants reads no feature off the source.
    options: &'static [&'static str],
    /// Its tests in addition to the common suites.
    tests: &'static [&'static str],
}

/// Compiled with isahc's second engine alone.
const OPENSSL_IDENTITY: &str = "crates/transport-isahc/src/identity/memory.rs";
const OPENSSL_ROOTS: &str = "crates/transport-isahc/src/trust/system.rs";

const TARGETS: [Target; 6] = [
    // What the transports over hyper share has no suite of its own.
    Target { name: "hyper", package: "hyper", options: &["--test-package", "digicert-one-rustls"], tests: &["wire"] },
    Target { name: "rustls", package: "rustls", options: &[], tests: &["wire"] },
    Target { name: "reqwest", package: "reqwest", options: &[], tests: &[] },
    Target { name: "native-tls", package: "native-tls", options: &[], tests: &["wire"] },
    Target {
        name: "isahc",
        package: "isahc",
        options: &["--exclude", OPENSSL_IDENTITY, "--exclude", OPENSSL_ROOTS],
        tests: &["handover", "log", "log_crate", "wire"],
    },
    Target {
        name: "isahc-openssl",
        package: "isahc",
        options: &[
            "--no-default-features",
            "--features",
            "openssl-engine",
            "--file",
            OPENSSL_IDENTITY,
            "--file",
            OPENSSL_ROOTS,
        ],
        tests: &["roots"],
    },
];

/// Which, and what part.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// This transport alone
    #[arg(long, value_name = "TRANSPORT", value_parser = TARGETS.map(|target| target.name))]
    only: Option<String>,
    /// A part of the mutants, such as 0/8: each eighth from the first
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
    /// Runs nothing: judges the folder that an earlier run has left
    #[arg(long)]
    judge: bool,
    /// Instead of our transports, the broken transports that the conformance suite makes by rule; writes docs/generated-mutants.*
    #[arg(long, conflicts_with_all = ["only", "shard", "judge"])]
    generated: bool,
    /// With --generated: these alone, by a part of their name
    #[arg(long, value_name = "PART", requires = "generated")]
    named: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.generated {
        return generated::run(&arguments.named);
    }
    let mut holes = Vec::new();
    let wanted = |target: &&Target| arguments.only.as_deref().is_none_or(|only| only == target.name);
    for target in TARGETS.iter().filter(wanted) {
        let name = target.name;
        let folder = cargo::target_directory()?.join("mutants").join(name);
        if !arguments.judge {
            mutate(target, &folder, arguments.shard.as_deref())?;
        }
        let known = known(target.package)?;
        let seen = RunResults::read(&folder.join("mutants.out"))?;
        println!("==> {name}: {seen}");
        holes.extend(seen.holes(&known).into_iter().map(|hole| format!("{name}: {hole}")));
    }
    if holes.is_empty() { Ok(()) } else { Err(Failure::new(holes.join("\n"))) }
}

/// Its status is also non-zero for survivors, which are checked here; so only its output counts.
fn mutate(target: &Target, folder: &Path, shard: Option<&str>) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::new(format_args!("{}: {error}", folder.display())))?;
    let mut command = Command::new(cargo::path());
    command.current_dir(cargo::root()).args(["mutants", "--package", &format!("digicert-one-{}", target.package)]);
    command.args(target.options).arg("--output").arg(folder);
    // One case that does not hold is enough.
    command.env("DIGICERT_ONE_CONFORMANCE_FAIL_FAST", "1");
    command.args(
        shard.map(|shard| ["--sharding=round-robin".to_owned(), format!("--shard={shard}")]).into_iter().flatten(),
    );
    command.args(target.tests.iter().flat_map(|test| ["--cargo-arg=--test".to_owned(), format!("--cargo-arg={test}")]));
    let status = command.status().map_err(|error| Failure::new(format_args!("cannot run cargo mutants: {error}")))?;
    match status.code() {
        // All caught; some missed; some timed out.
        Some(0 | 2 | 3) => Ok(()),
        _ => Err(Failure::new("cargo mutants did not run: is cargo-mutants installed, and are the suites green?")),
    }
}

/// The results of a run: one line for each mutant, by outcome.
#[derive(Debug, Default, PartialEq, Eq)]
struct RunResults {
    caught: Vec<String>,
    missed: Vec<String>,
    unviable: usize,
}

impl RunResults {
    fn read(folder: &Path) -> Result<Self, Failure> {
        let lines = |file: &str| {
            let path = folder.join(file);
            let text = fs::read_to_string(&path);
            let text = text.map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))?;
            Ok::<_, Failure>(text.lines().map(placeless).collect::<Vec<_>>())
        };
        let mut caught = lines("caught.txt")?;
        caught.extend(lines("timeout.txt")?);
        Ok(Self { caught, missed: lines("missed.txt")?, unviable: lines("unviable.txt")?.len() })
    }

    /// Survivors without a reason, and reasons without a survivor.
    fn holes(&self, known: &BTreeMap<String, String>) -> Vec<String> {
        let unknown = self.missed.iter().filter(|mutant| !known.contains_key(*mutant));
        let stale = self.caught.iter().filter(|mutant| known.contains_key(*mutant) && !self.missed.contains(mutant));
        unknown
            .map(|mutant| format!("survived without a reason: {mutant}"))
            .chain(stale.map(|mutant| format!("is caught, remove its entry: {mutant}")))
            .collect()
    }
}

impl std::fmt::Display for RunResults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} caught, {} survived, {} did not build", self.caught.len(), self.missed.len(), self.unviable)
    }
}

/// A mutant without the line and column that the next edit moves: `src/body.rs: replace …`.
fn placeless(line: &str) -> String {
    let Some((path, what)) = line.split_once(": ") else { return line.to_owned() };
    let file = path.split(':').next().unwrap_or(path);
    let file = file.split_once("/src/").map_or(file, |(_, file)| file);
    format!("src/{file}: {what}")
}

/// The survivors that are known, with their reasons.
fn known(package: &str) -> Result<BTreeMap<String, String>, Failure> {
    let path: PathBuf = cargo::root().join("crates").join(format!("transport-{package}")).join("mutants.toml");
    let fault = |error: &dyn std::fmt::Display| Failure::new(format_args!("{}: {error}", path.display()));
    let text = fs::read_to_string(&path).map_err(|error| fault(&error))?;
    survivors::parse(&text).map_err(|error| fault(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survivors_and_reasons_match() {
        let known = survivors::parse(
            "[[survivor]]\nreason = \"only words\"\nmutants = [\"src/lib.rs: replace engine\", \"src/a.rs: caught now\"]",
        );
        let seen = RunResults {
            caught: vec!["src/a.rs: caught now".to_owned(), "src/a.rs: other".to_owned()],
            missed: vec!["src/lib.rs: replace engine".to_owned(), "src/b.rs: hole".to_owned()],
            unviable: 1,
        };
        let holes = seen.holes(&known.expect("it is well-formed"));
        assert_eq!(
            holes,
            ["survived without a reason: src/b.rs: hole", "is caught, remove its entry: src/a.rs: caught now"]
        );
    }

    #[test]
    fn entries_without_a_reason_are_refused() {
        for text in ["[[survivor]]\nmutants = [\"a\"]", "[[survivor]]\nreason = \" \"\nmutants = [\"a\"]", "[[survivor"]
        {
            survivors::parse(text).expect_err(text);
        }
    }

    #[test]
    fn every_list_of_survivors_is_valid() {
        for target in TARGETS {
            assert!(known(target.package).is_ok(), "{}", target.name);
        }
    }

    #[test]
    fn mutant_is_matched_without_its_line_number() {
        let line = "crates/transport-isahc/src/body.rs:39:32: replace <impl Body for X>::poll -> bool with true";
        assert_eq!(placeless(line), "src/body.rs: replace <impl Body for X>::poll -> bool with true");
    }
}
