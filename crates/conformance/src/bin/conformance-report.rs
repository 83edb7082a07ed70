//! `conformance-report FOLDER NAME=FILE.json ...`: generates the pages of several reports, each under the
//! given name: README.md, index.html, junit.xml, badge.svg and report.json.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command speaks through its output")]

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use digicert_one_conformance::Report;
use digicert_one_conformance::render::{badge, junit, markdown, page};

const INTRO: &str = "# Conformance of the transports\n\nMade by `cargo xtask conformance`. The same as one page with a filter and the reason behind each cell: [index.html](index.html);\nfor programs: [report.json](report.json); the command also writes junit.xml, for a CI server.\n\n";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [folder, inputs @ ..] = &words[..] else {
        eprintln!("usage: conformance-report FOLDER NAME=FILE.json ...");
        return ExitCode::from(2);
    };
    match read(inputs).and_then(|reports| write(Path::new(folder), &reports)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn read(inputs: &[String]) -> Result<Vec<Report>, String> {
    let read = |input: &String| {
        let (name, file) = input.split_once('=').ok_or_else(|| format!("{input}: NAME=FILE is expected"))?;
        let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
        let mut report: Report = serde_json::from_str(&text).map_err(|error| format!("{file}: {error}"))?;
        name.clone_into(&mut report.transport);
        Ok(report)
    };
    inputs.iter().map(read).collect()
}

fn write(folder: &Path, reports: &[Report]) -> Result<(), String> {
    fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let json = serde_json::to_string_pretty(reports).map_err(|error| error.to_string())?;
    for (name, text) in [
        ("README.md", format!("{INTRO}{}", markdown(reports))),
        ("index.html", page(reports)),
        ("junit.xml", junit(reports)),
        ("badge.svg", badge(reports)),
        ("report.json", format!("{json}\n")),
    ] {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{} written", path.display());
    }
    for report in reports {
        println!("{:15} {report}", report.transport);
        for case in report.exceptions() {
            println!("    {} {}: {}", case.id, case.outcome.word(), case.outcome.reason().unwrap_or_default());
        }
    }
    Ok(())
}
