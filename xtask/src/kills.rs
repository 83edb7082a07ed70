//! `cargo xtask kills`: kills every task for service users at every step, as often as requested, and
//! generates the table of docs/service-users-proof.md. The tests do the same with one kill at each moment.

use std::fmt::Write as _;
use std::fs;

use crate::cargo;
use crate::failure::Failure;
use crate::page::Page;

const PAGE: Page = Page { path: "docs/service-users-proof.md", maker: "cargo xtask kills" };
const PACKAGE: &str = "digicert-one-service-users";
/// In the order of the table.
const TASKS: [&str; 5] =
    ["create-service-user", "create-token", "request-certificate", "rotate-token", "rotate-certificate"];

/// How often, and from which seed.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Kills at each step of each task
    #[arg(long, default_value_t = 100)]
    times: usize,
    /// What random moments are drawn from; one is drawn and printed if it is not given
    #[arg(long)]
    seed: Option<u64>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let folder = cargo::root().join("target").join("kills");
    let unwritten = |error: std::io::Error| Failure::new(format_args!("{}: {error}", folder.display()));
    // A table must not hold what an earlier run wrote.
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(unwritten)?;
    }
    fs::create_dir_all(&folder).map_err(unwritten)?;
    let mut command = cargo::command(&["test", "--package", PACKAGE, "--test", "kills"]);
    command.args(["--", "--nocapture", "created_once", "replaced_once"]);
    command.env("D1_KILLS_TIMES", arguments.times.to_string()).env("D1_KILLS_FOLDER", &folder);
    if let Some(seed) = arguments.seed {
        command.env("D1_KILLS_SEED", seed.to_string());
    }
    let status = command.status().map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
    let columns: Result<Vec<String>, _> =
        TASKS.iter().map(|task| fs::read_to_string(folder.join(format!("{task}.tsv")))).collect();
    // What failed is in the table, too.
    PAGE.write(&table(&columns.map_err(unwritten)?)?)?;
    if status.success() { Ok(()) } else { Err(Failure::new("some kills did not end well: see the table")) }
}

/// One row for each line: task, step, trials, kills, resumed, run again, over, good.
fn table(files: &[String]) -> Result<String, Failure> {
    let mut text = String::from(
        "| Task | Killed at | Trials | Processes killed | Resumed | Run (again) | Was over | One valid secret, no orphan |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    let (mut trials, mut kills, mut good) = (0, 0, 0);
    for line in files.iter().flat_map(|file| file.lines()) {
        let cells: Vec<&str> = line.split('\t').collect();
        let number = |at: usize| cells.get(at).and_then(|cell| cell.parse::<usize>().ok());
        let (Some(t), Some(k), Some(g), 8) = (number(2), number(3), number(7), cells.len()) else {
            return Err(Failure::new(format_args!("invalid line of the table: {line}")));
        };
        (trials, kills, good) = (trials + t, kills + k, good + g);
        let _ = writeln!(text, "| {} | {g} of {t} |", cells[..7].join(" | "));
    }
    let _ = writeln!(text, "\n{good} of {trials} trials ended well; {kills} processes were killed.");
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_match_the_rows() {
        let files = ["a\tcreate\t4\t4\t3\t1\t0\t4\n".to_owned(), "b\tkeep\t2\t3\t1\t0\t0\t1\n".to_owned()];
        let text = table(&files).expect("complete");
        assert!(text.contains("| b | keep | 2 | 3 | 1 | 0 | 0 | 1 of 2 |"), "{text}");
        assert!(text.contains("5 of 6 trials ended well; 7 processes were killed."), "{text}");
        assert!(table(&["a\tcreate\t4".to_owned()]).is_err());
    }
}
