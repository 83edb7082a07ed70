//! `cargo xtask docs`: the parts of docs/ that are made from the code, so that they cannot drift from it. Today that is
//! the list of diagnosis codes in docs/errors.md; the table of docs/transports.md is made where all transports are
//! linked, in tests/unified, and that of docs/formats.md by `cargo xtask matrix`.

use std::fmt::Write as _;

use digicert_one_core::{Code, Side};

use crate::page::Page;
use crate::{Failure, cargo};

const PAGE: Page = Page { path: "docs/errors.md", maker: "cargo xtask docs" };

/// The families of codes, in the order of a call.
const FAMILIES: &[(&str, &str)] = &[
    ("ID", "Identity: what we were given, before any packet"),
    ("ROT", "Rotation: a replacement that is not used yet"),
    ("CFG", "The call or its configuration"),
    ("NET", "The network between us and the server"),
    ("HO", "Hosts"),
    ("TR", "Trust: we and the server's certificate"),
    ("HS", "Handshake: the server and our certificate"),
    ("AUT", "Answers about who is calling"),
    ("API", "Other answers of the platform"),
    ("PACE", "Pace: calls that were not sent yet"),
    ("SEC", "Refused to protect a credential"),
];

/// Whether to write or to compare.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Write nothing; fail if the pages are not what the code says
    #[arg(long, conflicts_with = "transports")]
    check: bool,
    /// Also what the transports can do, for which they have to be built
    #[arg(long)]
    transports: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.check {
        return check();
    }
    PAGE.write(&codes(Code::ALL)?)?;
    if arguments.transports { write_transports() } else { Ok(()) }
}

/// Fails if a page is not what the code says.
pub(crate) fn check() -> Result<(), Failure> {
    let path = PAGE.path;
    if PAGE.is_fresh(&codes(Code::ALL)?)? {
        println!("docs: {path} is what the code says");
        return Ok(());
    }
    Err(Failure::new(format_args!("docs: {path} is not what the code says\n  do:  cargo xtask docs")))
}

/// The page on transports is checked by a test that links them all; it writes when it is told to.
fn write_transports() -> Result<(), Failure> {
    let status = cargo::command(&["test", "--package", "digicert-one-unified", "--package", "digicert-one-bench"])
        .args(["--test", "transports_page"])
        .env("WRITE_DOCS", "1")
        .status()
        .map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new("docs: the page on transports was not written")) }
}

fn codes(codes: &[Code]) -> Result<String, Failure> {
    let mut left: Vec<Code> = codes.to_vec();
    let mut text = String::new();
    for (family, title) in FAMILIES {
        let (members, others): (Vec<Code>, Vec<Code>) = left.iter().partition(|code| family_of(**code) == *family);
        left = others;
        if members.is_empty() {
            continue;
        }
        let _ = writeln!(text, "### {family}: {title}\n");
        text.push_str("| Code | Meaning | Who rejected whom | What to do |\n|---|---|---|---|\n");
        for code in members {
            let (title, side, remedy) = (cell(code.title()), side(code)?, cell(code.remedy()));
            let _ = writeln!(text, "| `{code}` | {title} | {side} | {remedy} |");
        }
        text.push('\n');
    }
    match left.first() {
        None => Ok(text.trim_end().to_owned() + "\n"),
        Some(code) => {
            Err(Failure::new(format_args!("docs: {code} is of a family that xtask/src/docs.rs does not name")))
        }
    }
}

fn family_of(code: Code) -> &'static str {
    code.as_str().split_once('-').map_or("", |(family, _)| family)
}

fn side(code: Code) -> Result<&'static str, Failure> {
    Ok(match code.side() {
        Side::Local => "nobody: found on our side",
        Side::Network => "nobody: the way between is broken",
        Side::Peer => "the server refused us",
        Side::Us => "we refused the server",
        Side::Platform => "the platform answered and refused",
        Side::Unclear => "the evidence does not tell",
        other => return Err(Failure::new(format_args!("docs: {code} blames a side unknown here: {other:?}"))),
    })
}

/// Text for a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_row() {
        let text = codes(Code::ALL).expect("all families are named");
        for code in Code::ALL {
            assert_eq!(text.matches(&format!("\n| `{code}` |")).count(), 1, "{code}");
        }
    }
}
