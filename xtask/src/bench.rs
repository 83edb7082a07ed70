//! `cargo xtask bench`: runs the release build of tests/bench with the given arguments, and adds the number of crates to its report.
//! tests/bench/src/main.rs explains its figures.

use std::path::PathBuf;
use std::{env, fs};

use crate::failure::Failure;
use crate::{cargo, rooms};

/// Passed on to the benchmark as they are.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Options of the benchmark, such as --rounds 15 or --only h2; --help lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let status = cargo::command(&["run", "--release", "--package", "digicert-one-bench", "--"])
        .args(&arguments.arguments)
        // Paths are as the caller sees them.
        .current_dir(env::current_dir().unwrap_or_else(|_| cargo::root()))
        .status()
        .map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
    if !status.success() {
        return Err(Failure::new("the benchmark failed"));
    }
    match report(&arguments.arguments) {
        Some(path) => add_crates(&path),
        None => Ok(()),
    }
}

/// The file of `--report FILE` or `--report=FILE`.
fn report(arguments: &[String]) -> Option<PathBuf> {
    let mut rest = arguments.iter().skip_while(|one| *one != "--report").skip(1);
    rest.next()
        .map(String::as_str)
        .or_else(|| arguments.iter().find_map(|one| one.strip_prefix("--report=")))
        .map(PathBuf::from)
}

fn add_crates(path: &PathBuf) -> Result<(), Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::new(format_args!("{}: {error}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(&error))?;
    let mut report: serde_json::Value = serde_json::from_str(&text).map_err(|error| wrong(&error))?;
    for name in ["rustls", "reqwest", "native-tls", "isahc"] {
        let transport = format!("digicert-one-{name}");
        report["crates"][name] = rooms::crates(&["digicert-one-client", &transport], &[])?.into();
    }
    let text = serde_json::to_string_pretty(&report).map_err(|error| wrong(&error))?;
    fs::write(path, text + "\n").map_err(|error| wrong(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_of_the_report_is_found_in_both_forms() {
        let path = |arguments: &[&str]| report(&arguments.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
        assert_eq!(path(&["--rounds", "3", "--report", "a.json"]), Some(PathBuf::from("a.json")));
        assert_eq!(path(&["--report=a.json"]), Some(PathBuf::from("a.json")));
        assert_eq!(path(&["--only", "h2"]), None);
    }
}
