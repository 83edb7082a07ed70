//! `cargo xtask docs`: the parts of docs/ that are generated from the code, so that they stay consistent: the
//! list of diagnosis codes in docs/errors.md and a page for each in docs/errors (with the raw texts recorded
//! by `cargo xtask faults`). The table of docs/transports.md is generated in tests/unified, where all
//! transports are linked, that of docs/formats.md by `cargo xtask matrix`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use digicert_one_core::Code;

use crate::failure::Failure;
use crate::faults::{self, Line, raw_texts};
use crate::page::{Page, cell};
use crate::{cargo, guide, limbo, pictures};

const PAGE: Page = Page { path: "docs/errors.md", maker: "cargo xtask docs" };
/// A page for each code.
const FOLDER: &str = "docs/errors";

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
    ("API", "Other responses of the platform"),
    ("GW", "Responses of a gateway in front of the platform"),
    ("PACE", "Rate limiter: calls that were not sent yet"),
    ("SEC", "Refused to protect a credential"),
    ("IO", "Files and standard output"),
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
    write()?;
    if arguments.transports { write_transports() } else { Ok(()) }
}

/// Writes the list and the pages.
pub(crate) fn write() -> Result<(), Failure> {
    PAGE.write(&codes(Code::ALL)?)?;
    let fresh = pages(&faults::lines()?);
    let folder = cargo::root().join(FOLDER);
    let unwritten = |error: std::io::Error| Failure::new(format_args!("{FOLDER}: {error}"));
    fs::create_dir_all(&folder).map_err(unwritten)?;
    for name in present()?.keys().filter(|name| !fresh.contains_key(*name)) {
        fs::remove_file(folder.join(name)).map_err(unwritten)?;
    }
    for (name, text) in &fresh {
        fs::write(folder.join(name), text).map_err(unwritten)?;
    }
    println!("docs: {FOLDER} has {} pages", fresh.len());
    faults::write_page()?;
    pictures::write()?;
    limbo::write_page()
}

/// Fails if a page differs from the code.
pub(crate) fn check() -> Result<(), Failure> {
    let stale =
        |what: &str| Failure::new(format_args!("docs: {what} is not what the code says\n  do:  cargo xtask docs"));
    if !PAGE.is_fresh(&codes(Code::ALL)?)? {
        return Err(stale(PAGE.path));
    }
    faults::check()?;
    limbo::check()?;
    guide::check()?;
    pictures::check()?;
    let (fresh, present) = (pages(&faults::lines()?), present()?);
    if let Some(name) = fresh.keys().chain(present.keys()).find(|name| fresh.get(*name) != present.get(*name)) {
        return Err(stale(&format!("{FOLDER}/{name}")));
    }
    println!("docs: {}, docs/faults.md, docs/limbo.md and {FOLDER} are what the code says", PAGE.path);
    Ok(())
}

/// The page on transports is checked by a test that links them all; it writes on request.
fn write_transports() -> Result<(), Failure> {
    let status = cargo::command(&["test", "--package", "digicert-one-unified", "--package", "digicert-one-bench"])
        .args(["--test", "transports_page"])
        .env("WRITE_DOCS", "1")
        .status()
        .map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::new("docs: the page on transports was not written")) }
}

/// The pages as they are, by file name; everything in the folder counts, so that no page outlives its code.
fn present() -> Result<BTreeMap<String, String>, Failure> {
    let folder = cargo::root().join(FOLDER);
    let unread = |error: std::io::Error| Failure::new(format_args!("{FOLDER}: {error}"));
    let mut pages = BTreeMap::new();
    if folder.exists() {
        for entry in fs::read_dir(&folder).map_err(unread)? {
            let entry = entry.map_err(unread)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            pages.insert(name, fs::read_to_string(entry.path()).map_err(unread)?);
        }
    }
    Ok(pages)
}

/// The pages as they should be, by file name.
fn pages(lines: &[Line]) -> BTreeMap<String, String> {
    Code::ALL.iter().map(|code| (format!("{code}.md"), page(*code, lines))).collect()
}

fn page(code: Code, lines: &[Line]) -> String {
    let mut text = format!("<!-- generated by `{}`: change the table of codes instead -->\n", PAGE.maker);
    let _ = writeln!(text, "# {code}: {}\n", code.title());
    let _ = writeln!(text, "Who rejected whom: {}.\n", code.side());
    let _ = writeln!(text, "## What it means\n\n{}\n", code.explanation());
    let _ = writeln!(text, "## What to do\n\n{}\n", code.remedy());
    let _ = writeln!(text, "## Does repeating help?\n\n{}", code.repeating());
    let mut made: Vec<&str> =
        lines.iter().filter(|line| line.given == code.as_str()).map(|line| line.fault.as_str()).collect();
    made.sort_unstable();
    made.dedup();
    if !made.is_empty() {
        let _ = writeln!(text, "\n## Faults that were seen with it\n");
        for fault in made {
            let stacks = stacks_of(lines, code, fault);
            let _ = writeln!(text, "- {fault} ({stacks})");
        }
    }
    let raw = raw_texts(lines, code.as_str());
    if !raw.is_empty() {
        let _ = writeln!(text, "\n## Error texts of the libraries\n\nAs recorded, for searching:\n");
        for (raw, stacks) in raw {
            let stacks: Vec<&str> = stacks.into_iter().collect();
            let _ = writeln!(text, "- {}: `{}`", stacks.join(", "), raw.replace('`', "'"));
        }
    }
    let _ = writeln!(text, "\n[All codes](../errors.md) · [every fault on every transport](../faults.md)");
    text
}

/// The stacks that reported this code for this fault.
fn stacks_of(lines: &[Line], code: Code, fault: &str) -> String {
    let mut stacks: Vec<&str> = Vec::new();
    for line in lines.iter().filter(|line| line.fault == fault && line.given == code.as_str()) {
        if !stacks.contains(&line.stack.as_str()) {
            stacks.push(&line.stack);
        }
    }
    stacks.join(", ")
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
            let (title, side, remedy) = (cell(code.title()), code.side(), cell(code.remedy()));
            let _ = writeln!(text, "| [`{code}`](errors/{code}.md) | {title} | {side} | {remedy} |");
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Names of functions, by the files that git tracks.
    fn functions() -> std::collections::BTreeSet<String> {
        let mut git = std::process::Command::new("git");
        let output = git.args(["grep", "-hoE", r"fn \w+", "--", "*.rs"]).current_dir(cargo::root()).output();
        let text = String::from_utf8(output.expect("git is there").stdout).expect("ASCII");
        text.lines().filter_map(|line| line.strip_prefix("fn ")).map(str::to_owned).collect()
    }

    #[test]
    fn tests_that_found_in_use_names_exist() {
        let page = std::fs::read_to_string(cargo::root().join("docs/found-in-use.md")).expect("the page");
        let functions = functions();
        let mut named = 0;
        for row in page.lines().filter(|line| line.starts_with("| ")) {
            let tests = row.trim_end_matches(" |").rsplit(" | ").next().unwrap_or_default();
            for name in tests.split('`').skip(1).step_by(2).filter(|name| name.matches('_').count() >= 3) {
                let name = name.rsplit("::").next().unwrap_or(name);
                let is_name = name.chars().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_');
                assert!(!is_name || functions.contains(name), "missing test {name}, which docs/found-in-use.md names");
                named += usize::from(is_name);
            }
        }
        assert!(named > 50, "only {named} names were found");
    }

    #[test]
    fn every_code_has_one_row() {
        let text = codes(Code::ALL).expect("all families are named");
        for code in Code::ALL {
            assert_eq!(text.matches(&format!("\n| [`{code}`](errors/{code}.md) |")).count(), 1, "{code}");
        }
    }

    #[test]
    fn every_code_has_a_page_with_all_texts() {
        let line = Line {
            stack: "isahc".to_owned(),
            fault: "refused".to_owned(),
            code: "HS-02".to_owned(),
            given: "HS-03".to_owned(),
            why: "it keeps the alert to itself".to_owned(),
            raw: "[35] SSL connect error".to_owned(),
        };
        let pages = pages(&[line]);
        assert_eq!(pages.len(), Code::ALL.len());
        for code in Code::ALL {
            let page = &pages[&format!("{code}.md")];
            for part in [code.title(), code.explanation(), code.remedy(), &code.side().to_string(), code.repeating()] {
                assert!(page.contains(part), "{code}: {part}");
            }
            assert_eq!(page.contains("- isahc: `[35] SSL connect error`"), *code == Code::HS_03, "{page}");
        }
    }
}
