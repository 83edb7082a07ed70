//! `cargo xtask faults`: the matrix fault × transport, from a run of the fault test on every stack. The
//! results are recorded in docs/faults.tsv, from which the table of docs/faults.md and the raw texts of
//! docs/errors are generated: so the pages can be checked without a run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use crate::cargo;
use crate::failure::Failure;
use crate::page::{Page, cell};
use crate::stacks::STACKS;

/// The columns: stack, fault, its code, the reported code, why that is wider if it is, the raw text.
const SEEN: &str = "docs/faults.tsv";
const PAGE: Page = Page { path: "docs/faults.md", maker: "cargo xtask faults" };
/// Runs of each stack: under TLS 1.3 it is luck which of several texts a library ends with.
const ROUNDS: u32 = 3;

/// One recorded line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    pub stack: String,
    pub fault: String,
    /// The code of a stack with full knowledge.
    pub code: String,
    /// The code that this stack reported.
    pub given: String,
    /// Why it cannot know; empty if it can.
    pub why: String,
    /// The deepest message of the library; empty if there is none.
    pub raw: String,
}

/// Runs everything and writes the pages.
pub(crate) fn run() -> Result<(), Failure> {
    let folder = cargo::root().join("target").join("faults");
    let unwritten = |error: std::io::Error| Failure::new(format_args!("{}: {error}", folder.display()));
    fs::create_dir_all(&folder).map_err(unwritten)?;
    let mut seen: Vec<String> = Vec::new();
    for stack in STACKS {
        let file = folder.join(format!("{}.tsv", stack.name));
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            stack.test("conformance", &["--faults"], false, &[("D1_FAULTS_FILE", file.display().to_string())])?;
            rounds.push(fs::read_to_string(&file).map_err(unwritten)?);
        }
        seen.extend(merged(&rounds).into_iter().map(|line| format!("{}\t{line}\n", stack.name)));
    }
    fs::write(cargo::root().join(SEEN), seen.concat())
        .map_err(|error| Failure::new(format_args!("{SEEN}: {error}")))?;
    println!("docs: {SEEN} written");
    write_page()
}

/// Writes the table, of the lines.
pub(crate) fn write_page() -> Result<(), Failure> {
    PAGE.write(&table(&lines()?)?)
}

/// Fails if the page differs from the lines.
pub(crate) fn check() -> Result<(), Failure> {
    match PAGE.is_fresh(&table(&lines()?)?)? {
        true => Ok(()),
        false => Err(Failure::new(format_args!("docs: {} is not what {SEEN} says\n  do:  {}", PAGE.path, PAGE.maker))),
    }
}

/// Everything that was seen.
pub(crate) fn lines() -> Result<Vec<Line>, Failure> {
    let text = fs::read_to_string(cargo::root().join(SEEN))
        .map_err(|error| Failure::new(format_args!("{SEEN}: {error}\n  do:  {}", PAGE.maker)))?;
    text.lines().map(line).collect()
}

fn line(text: &str) -> Result<Line, Failure> {
    let parts: Vec<&str> = text.split('\t').collect();
    let [stack, fault, code, given, why, raw] = parts[..] else {
        return Err(Failure::new(format_args!("{SEEN}: a line has {} parts: {text:?}", parts.len())));
    };
    let [stack, fault, code, given, why, raw] = [stack, fault, code, given, why, raw].map(str::to_owned);
    Ok(Line { stack, fault, code, given, why, raw })
}

/// The different lines of several runs, in the order of the first.
fn merged(rounds: &[String]) -> Vec<&str> {
    let fault = |line: &str| line.split('\t').next().unwrap_or_default().to_owned();
    let order: Vec<String> = rounds.first().map(|first| first.lines().map(fault).collect()).unwrap_or_default();
    let mut lines: Vec<&str> = rounds.iter().flat_map(|round| round.lines()).collect();
    lines.sort_by_key(|line| (order.iter().position(|known| *known == fault(line)), *line));
    lines.dedup();
    lines
}

/// A row a fault, a column a stack; a wider code has a letter, and the letter a reason below.
fn table(lines: &[Line]) -> Result<String, Failure> {
    let mut faults: Vec<(&str, &str)> = Vec::new();
    for line in lines {
        if !faults.iter().any(|(fault, _)| *fault == line.fault) {
            faults.push((&line.fault, &line.code));
        }
    }
    let mut text = String::from("| Fault | Code |");
    for stack in STACKS {
        let _ = write!(text, " {} |", stack.name);
    }
    let _ = writeln!(text, "\n|---|---|{}", "---|".repeat(STACKS.len()));
    let mut reasons: Vec<&str> = Vec::new();
    let (mut exact, mut wider) = (0, 0);
    for (fault, code) in &faults {
        let _ = write!(text, "| {} | [{code}](errors/{code}.md) |", cell(fault));
        for stack in STACKS {
            let here = lines.iter().filter(|line| line.stack == stack.name && line.fault == *fault);
            let given: BTreeSet<(&str, &str)> = here.map(|line| (line.given.as_str(), line.why.as_str())).collect();
            if given.is_empty() {
                return Err(Failure::new(format_args!("{SEEN}: {} has no cell for \"{fault}\"", stack.name)));
            }
            let mut codes = Vec::new();
            for (code, why) in &given {
                codes.push(if why.is_empty() {
                    (*code).to_owned()
                } else {
                    format!("{code} ({})", letter(why, &mut reasons))
                });
            }
            if given.iter().all(|(_, why)| why.is_empty()) {
                exact += 1
            } else {
                wider += 1
            }
            let _ = write!(text, " {} |", codes.join(" or "));
        }
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "\n{} faults on {} stacks: {exact} cells with the exact code, {wider} with a wider one, none with a wrong one.\n",
        faults.len(),
        STACKS.len()
    );
    for why in &reasons {
        let mark = letter(why, &mut reasons.clone());
        let _ = writeln!(text, "- ({mark}) {why}.");
    }
    Ok(text)
}

/// a, b, c ... for reasons in the order in which they are met.
fn letter<'a>(why: &'a str, reasons: &mut Vec<&'a str>) -> char {
    let index = reasons.iter().position(|known| *known == why).unwrap_or_else(|| {
        reasons.push(why);
        reasons.len() - 1
    });
    char::from(b'a' + u8::try_from(index).unwrap_or(25).min(25))
}

/// The raw texts to search for, of the faults with this code: text, then the stacks that reported it.
pub(crate) fn raw_texts<'a>(lines: &'a [Line], code: &str) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
    let mut texts: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.given == code && !line.raw.is_empty()) {
        texts.entry(&line.raw).or_default().insert(&line.stack);
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(stack: &str, fault: &str, given: &str, why: &str) -> Line {
        let [stack, fault, given, why] = [stack, fault, given, why].map(str::to_owned);
        Line { stack, fault, code: "HS-02".to_owned(), given, why, raw: "[35] SSL connect error".to_owned() }
    }

    #[test]
    fn wider_code_has_a_letter_with_a_reason() {
        let lines: Vec<Line> = STACKS
            .iter()
            .map(|stack| match stack.name {
                "isahc" => seen(stack.name, "refused", "HS-03", "it keeps the alert to itself"),
                name => seen(name, "refused", "HS-02", ""),
            })
            .collect();
        let text = table(&lines).expect("complete");
        assert!(
            text.contains("| refused | [HS-02](errors/HS-02.md) | HS-02 | HS-02 | HS-02 | HS-03 (a) | HS-02 |"),
            "{text}"
        );
        assert!(text.contains("4 cells with the exact code, 1 with a wider one"), "{text}");
        assert!(text.contains("- (a) it keeps the alert to itself."), "{text}");
        assert!(table(&lines[1..]).is_err(), "a stack without a cell");
    }

    #[test]
    fn equal_texts_of_several_runs_are_listed_once() {
        let rounds = ["b\tx\na\ty\n".to_owned(), "b\tz\na\ty\n".to_owned()];
        assert_eq!(merged(&rounds), ["b\tx", "b\tz", "a\ty"]);
    }

    #[test]
    fn line_has_six_parts() {
        assert_eq!(line("isahc\tf\tHS-02\tHS-03\twhy\traw").expect("six").given, "HS-03");
        assert!(line("isahc\tf\tHS-02").is_err());
    }

    #[test]
    fn raw_texts_are_listed_under_the_reported_code() {
        let lines =
            [seen("isahc", "a", "HS-03", "x"), seen("reqwest", "a", "HS-02", ""), seen("isahc", "b", "HS-03", "x")];
        let texts = raw_texts(&lines, "HS-03");
        assert_eq!(texts["[35] SSL connect error"], BTreeSet::from(["isahc"]));
    }
}
