//! `cargo xtask api`: the public API of each published crate, one item a line, in docs/api. A change of the API is a change of
//! these files, so that a review sees it. The lines come from rustdoc's JSON, which a stable toolchain writes only with
//! `RUSTC_BOOTSTRAP=1`: cargo gets this program as its rustdoc, which sets the variable for rustdoc alone. Set for cargo, it
//! would rebuild every dependency whose build script looks at it.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use cargo_metadata::TargetKind;

use crate::failure::Failure;
use crate::{cargo, page};

const FOLDER: &str = "docs/api";
/// Set while this program stands in for rustdoc, which it names.
const RUSTDOC: &str = "XTASK_RUSTDOC";

/// Whether to write or to compare.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail if the API is not the recorded one
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.check { check() } else { write() }
}

/// Runs rustdoc in place of this program, if cargo started it as its rustdoc.
pub(crate) fn rustdoc() -> Option<ExitCode> {
    let rustdoc = env::var_os(RUSTDOC)?;
    let status = Command::new(rustdoc).args(env::args_os().skip(1)).env("RUSTC_BOOTSTRAP", "1").status();
    Some(if status.is_ok_and(|status| status.success()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Fails if a crate's public API is not the recorded one, and shows the first lines that differ.
pub(crate) fn check() -> Result<(), Failure> {
    let (fresh, present) = (fresh()?, page::texts(FOLDER)?);
    let mut changes = Vec::new();
    for name in fresh.keys().chain(present.keys().filter(|name| !fresh.contains_key(*name))) {
        let lines = |texts: &BTreeMap<String, String>| -> Vec<String> {
            texts.get(name).map(|text| text.lines().map(str::to_owned).collect()).unwrap_or_default()
        };
        changes.extend(difference(name, &lines(&present), &lines(&fresh)));
    }
    if changes.is_empty() {
        println!("api: {} crates have the public API that {FOLDER} records", fresh.len());
        return Ok(());
    }
    let (count, shown) = (changes.len(), changes.into_iter().take(40).collect::<Vec<_>>().join("\n"));
    Err(Failure::new(format_args!(
        "api: {count} lines differ from {FOLDER}:\n{shown}\n  do:  cargo xtask api, and see \"Versions and releases\" in CONTRIBUTING.md"
    )))
}

fn write() -> Result<(), Failure> {
    let fresh = fresh()?;
    page::write_texts(FOLDER, &fresh)?;
    println!("api: {FOLDER} has {} files", fresh.len());
    Ok(())
}

/// The lines of one file that went and came.
fn difference(name: &str, recorded: &[String], actual: &[String]) -> Vec<String> {
    let gone = recorded.iter().filter(|line| !actual.contains(line)).map(|line| format!("  {name}: - {line}"));
    let new = actual.iter().filter(|line| !recorded.contains(line)).map(|line| format!("  {name}: + {line}"));
    gone.chain(new).collect()
}

/// The API of the code, by file name.
fn fresh() -> Result<BTreeMap<String, String>, Failure> {
    let ourselves = env::current_exe().map_err(|error| Failure::new(format_args!("api: {error}")))?;
    let rustdoc = env::var_os("RUSTDOC").unwrap_or_else(|| "rustdoc".into());
    // The packages and features of the step `doc`, whose work is reused.
    let status = cargo::command(&["doc", "--no-deps", "--lib", "--quiet"])
        .args([cargo::NOT_APART, cargo::CHECKED].concat())
        .env("RUSTDOC", ourselves)
        .env(RUSTDOC, rustdoc)
        .env("RUSTDOCFLAGS", "-Zunstable-options --output-format json")
        .status()
        .map_err(|error| Failure::new(format_args!("cannot run cargo doc: {error}")))?;
    if !status.success() {
        return Err(Failure::new("api: cargo doc failed"));
    }
    let folder = cargo::target_directory()?.join("doc");
    let mut texts = BTreeMap::new();
    for package in cargo::published()? {
        if let Some(library) = package.targets.iter().find(|target| target.kind.contains(&TargetKind::Lib)) {
            texts.insert(format!("{}.txt", package.name), api(folder.join(format!("{}.json", library.name)))?);
        }
    }
    Ok(texts)
}

/// The API of one crate, one item a line. What the compiler derives for every type (blanket and auto traits) is left out.
fn api(json: PathBuf) -> Result<String, Failure> {
    let shown = json.display().to_string();
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .build()
        .map_err(|error| Failure::new(format_args!("api: failed to read {shown}: {error}")))?;
    Ok(api.items().map(|item| format!("{item}\n")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn difference_shows_lines_that_went_and_came() {
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let changes = difference("one.txt", &lines("pub fn a()\npub fn b()"), &lines("pub fn b()\npub fn c()"));
        assert_eq!(changes, ["  one.txt: - pub fn a()", "  one.txt: + pub fn c()"]);
    }

    #[test]
    fn every_published_library_has_a_recorded_api() {
        let present = page::texts(FOLDER).expect("the folder");
        for package in cargo::published().expect("metadata") {
            let is_library = package.targets.iter().any(|target| target.kind.contains(&TargetKind::Lib));
            assert_eq!(present.contains_key(&format!("{}.txt", package.name)), is_library, "{}", package.name);
        }
    }
}
