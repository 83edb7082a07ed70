//! `cargo xtask limbo`: presents the server certificates of x509-limbo to every stack over the network. The
//! outcome of each stack is recorded in crates/conformance/limbo/outcomes.tsv; a different outcome, a reason
//! that is wrong for the chain, and an unjudged difference from the profile of the vectors are failures.
//! docs/limbo.md is generated from the record and the judgements, so it can be checked without the vectors,
//! which are not part of this repository.

mod judgement;
mod outcomes;
mod table;

use std::path::{Path, PathBuf};

use self::judgement::Judgements;
use self::outcomes::Outcomes;
use crate::cargo;
use crate::failure::Failure;
use crate::page::Page;
use crate::stacks::{STACKS, Stack};

const PAGE: Page = Page { path: "docs/limbo.md", maker: "cargo xtask limbo" };
const FETCH: &str = "the vectors are not part of this repository. Fetch limbo.json from github.com/C2SP/x509-limbo (Apache-2.0; \
                     docs/limbo.md names the commit) and give its path with --vectors, or in the variable X509_LIMBO";

/// Which vectors, and whether their outcomes are recorded.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The file limbo.json of x509-limbo
    #[arg(long, value_name = "PATH", env = "X509_LIMBO")]
    vectors: Option<PathBuf>,
    /// Record what the stacks do now, instead of comparing it with what is recorded
    #[arg(long)]
    record: bool,
    /// Run nothing: write the page of what is recorded
    #[arg(long, conflicts_with_all = ["vectors", "record"])]
    page: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.page {
        return write_page();
    }
    let Some(vectors) = &arguments.vectors else { return Err(Failure::new(FETCH)) };
    let vectors =
        vectors.canonicalize().map_err(|error| Failure::new(format_args!("{}: {error}", vectors.display())))?;
    let mut columns = Vec::new();
    for stack in STACKS {
        println!("==> {}", stack.name);
        columns.push(played(stack, &vectors)?);
    }
    let seen = Outcomes::of_runs(&columns)?;
    if arguments.record {
        seen.write()?;
    }
    let changes = Outcomes::recorded()?.changes(&seen);
    if !changes.is_empty() {
        let changes = changes.join("\n  ");
        return Err(Failure::new(format_args!(
            "limbo: other outcomes than recorded; where they are right, judge them and run `{} --record`\n  {changes}",
            PAGE.maker
        )));
    }
    write_page()
}

/// Writes the page, of the record and the judgements.
pub(crate) fn write_page() -> Result<(), Failure> {
    let recorded = Outcomes::recorded()?;
    PAGE.write(&table::page(&recorded, &judged(&recorded)?))
}

/// Fails if the page differs from the record and the judgements.
pub(crate) fn check() -> Result<(), Failure> {
    let recorded = Outcomes::recorded()?;
    match PAGE.is_fresh(&table::page(&recorded, &judged(&recorded)?))? {
        true => Ok(()),
        false => Err(Failure::new(format_args!(
            "docs: {} is not what {} and {} say\n  do:  {} --page",
            PAGE.path,
            outcomes::FILE,
            judgement::FILE,
            PAGE.maker
        ))),
    }
}

/// The judgements, once they fit.
fn judged(seen: &Outcomes) -> Result<Judgements, Failure> {
    let judgements = Judgements::read()?;
    match judgements.faults(seen)[..] {
        [] => Ok(judgements),
        ref faults => Err(Failure::new(format_args!("limbo: {}\n  {}", judgement::FILE, faults.join("\n  ")))),
    }
}

/// The lines of one stack.
fn played(stack: &Stack, vectors: &Path) -> Result<String, Failure> {
    let mut command = cargo::command(&["test"]);
    command.args(stack.build).args(["--test", "conformance", "--", "--limbo"]).arg(vectors);
    command.stderr(std::process::Stdio::inherit());
    let output = command.output().map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match output.status.success() {
        true => Ok(text),
        false => Err(Failure::new(format_args!("{}: failed to run the vectors\n{text}", stack.name))),
    }
}
