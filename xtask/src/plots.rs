//! The figures of docs/plots, drawn from the tables and reports that other tasks write.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use crate::cargo;
use crate::failure::Failure;
use crate::faults::{self, Line};
use crate::svg::Svg;

const FOLDER: &str = "docs/plots";
const MAKER: &str = "cargo xtask docs";
const REPORT: &str = "docs/conformance/report.json";
/// What the figure of texts shows: faults whose texts differ most.
const TEXTS: &[&str] =
    &["client certificate of a foreign CA, TLS 1.3, HTTP/2", "server of an unknown CA", "server certificate ended"];

/// The figures as they should be, by their path from the root of the workspace.
pub(crate) fn pictures() -> Result<BTreeMap<String, String>, Failure> {
    let figures = [("texts", texts(&faults::lines()?)), ("conformance", conformance()?)];
    Ok(figures.into_iter().map(|(name, picture)| (format!("{FOLDER}/{name}.svg"), picture)).collect())
}

/// The same fault in the words of each stack.
fn texts(lines: &[Line]) -> String {
    const WIDTH: usize = 92;
    let mut svg = Svg::new(820, 2000);
    svg.text((16, 26), "strong", "The same fault in the words of each TLS stack, and its code");
    let mut y = 34;
    for fault in TEXTS {
        y += 28;
        svg.text((16, y), "strong small", fault);
        // One run has one text; the longest of them says most.
        let mut stacks: BTreeMap<&str, &Line> = BTreeMap::new();
        for line in lines.iter().filter(|line| line.fault == *fault && line.stack != "isahc-openssl") {
            let best = stacks.entry(&line.stack).or_insert(line);
            if line.raw.len() > best.raw.len() {
                *best = line;
            }
        }
        for line in stacks.into_values() {
            y += 24;
            svg.text((16, y), "small", &line.stack);
            svg.text((96, y), "mono strong", &line.given);
            for (number, part) in (0..).zip(wrapped(&line.raw, WIDTH)) {
                y += if number == 0 { 0 } else { 16 };
                svg.text((156, y), "mono", &part);
            }
        }
    }
    svg.resize(820, y + 20);
    svg.finish("The same fault in the words of each TLS stack", MAKER)
}

/// The text in lines of at most so many characters; a third line ends it.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().map_or(0, |line| line.chars().count());
        if last > 0 && last + 1 + word.chars().count() > width {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(if line.is_empty() { "" } else { " " });
            line.push_str(word);
        }
    }
    if lines.len() > 3 {
        lines.truncate(3);
        lines[2].push_str(" …");
    }
    lines
}

#[derive(Deserialize)]
struct Stack {
    transport: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    outcome: Outcome,
}

#[derive(Deserialize)]
struct Outcome {
    kind: String,
}

/// One cell for each case on each transport.
fn conformance() -> Result<String, Failure> {
    let unread = |why: &dyn std::fmt::Display| Failure::new(format_args!("{REPORT}: {why}"));
    let text = fs::read_to_string(cargo::root().join(REPORT)).map_err(|error| unread(&error))?;
    let stacks: Vec<Stack> = serde_json::from_str(&text).map_err(|error| unread(&error))?;
    let family = |case: &Case| case.id.rsplit_once('-').map_or("", |(family, _)| family).to_owned();
    let mut families: Vec<(String, usize)> = Vec::new();
    for case in stacks.first().map(|stack| &stack.cases).into_iter().flatten() {
        match families.last_mut().filter(|(name, _)| *name == family(case)) {
            Some((_, count)) => *count += 1,
            None => families.push((family(case), 1)),
        }
    }
    let mut svg = Svg::new(820, 2000);
    svg.text((16, 26), "strong", "Conformance: each case on each transport");
    const STEP: i32 = 15;
    let mut top = 60;
    for (column, stack) in (0..).zip(&stacks) {
        svg.text((96, top + 14 + 15 * column), "small", &stack.transport);
    }
    for (class, name, x) in
        [("passed", "passed", 250), ("waived", "waived, with a reason", 360), ("missing", "not declared", 560)]
    {
        svg.rectangle((x, top + 4), (12, 12), 2, class);
        svg.text((x + 18, top + 14), "small", name);
    }
    svg.text(
        (250, top + 44),
        "small muted",
        "In each band, the rows are the transports in this order, the columns the cases.",
    );
    top += 15 * i32::try_from(stacks.len()).unwrap_or_default() + 20;
    let mut first = 0;
    for (name, count) in families {
        svg.text((16, top + 14), "small strong", &name);
        for (row, stack) in (0..).zip(&stacks) {
            for (column, case) in (0..).zip(stack.cases.iter().skip(first).take(count)) {
                let class = match case.outcome.kind.as_str() {
                    "passed" => "passed",
                    "waived" => "waived",
                    "not_declared" => "missing",
                    _ => "other",
                };
                let at = (96 + STEP * column, top + 9 * row);
                // Told apart without colour: what is not plainly passed is smaller or marked.
                match class {
                    "passed" => svg.rectangle(at, (STEP - 2, 7), 1, class),
                    "missing" => svg.rectangle((at.0, at.1 + 2), (STEP - 2, 3), 1, class),
                    _ => svg.polygon(&[(at.0, at.1 + 7), (at.0 + STEP - 2, at.1 + 7), (at.0 + 6, at.1)], class),
                }
            }
        }
        first += count;
        top += 9 * i32::try_from(stacks.len()).unwrap_or_default() + 8;
    }
    svg.resize(820, top + 8);
    Ok(svg.finish("Conformance: each case on each transport", MAKER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_is_wrapped_and_ends_after_three_lines() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("a b c d e", 1), ["a", "b", "c …"]);
    }

    #[test]
    fn faults_of_the_figure_have_texts() {
        let lines = faults::lines().expect("the table");
        for fault in TEXTS {
            assert!(lines.iter().any(|line| line.fault == *fault && !line.raw.is_empty()), "{fault}");
        }
    }
}
