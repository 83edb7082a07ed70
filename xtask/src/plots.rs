//! `cargo xtask plots`: the figures of docs/plots. `tests/service-users` makes the runs and writes what was seen as tables; this draws the
//! tables, and those that other tasks wrote. `cargo xtask docs` draws again, without a run.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use crate::cargo;
use crate::failure::Failure;
use crate::faults::{self, Line};
use crate::svg::Svg;

const FOLDER: &str = "docs/plots";
const MAKER: &str = "cargo xtask plots";
const REPORT: &str = "docs/conformance/report.json";
/// What the figure of texts shows: faults whose texts differ most.
const TEXTS: &[&str] =
    &["client certificate of a foreign CA, TLS 1.3, HTTP/2", "server of an unknown CA", "server certificate ended"];

/// Makes the runs. The figures are drawn by `cargo xtask docs` afterwards.
pub(crate) fn run() -> Result<(), Failure> {
    let folder = cargo::root().join(FOLDER);
    fs::create_dir_all(&folder).map_err(|error| Failure::new(format_args!("{FOLDER}: {error}")))?;
    let status = cargo::command(&["run", "--quiet", "--package", "digicert-one-service-users", "--bin", "plots", "--"])
        .arg(&folder)
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        _ => Err(Failure::new("plots: a run failed")),
    }
}

/// The figures as they should be, by their path from the root of the workspace.
pub(crate) fn pictures() -> Result<BTreeMap<String, String>, Failure> {
    let figures = [
        ("rotation", rotation(&table("rotation")?)?),
        ("storm", storm(&table("storm")?)?),
        ("year", year(&table("year")?)?),
        ("texts", texts(&faults::lines()?)),
        ("conformance", conformance()?),
    ];
    Ok(figures.into_iter().map(|(name, picture)| (format!("{FOLDER}/{name}.svg"), picture)).collect())
}

/// The rows of a table, without comments.
fn table(name: &str) -> Result<Vec<Vec<String>>, Failure> {
    let path = format!("{FOLDER}/{name}.tsv");
    let text =
        fs::read_to_string(cargo::root().join(&path)).map_err(|error| Failure::new(format_args!("{path}: {error}")))?;
    let rows = text.lines().filter(|line| !line.starts_with('#'));
    Ok(rows.map(|row| row.split('\t').map(str::to_owned).collect()).collect())
}

fn number(row: &[String], column: usize) -> Result<i32, Failure> {
    let value = row.get(column).and_then(|value| value.parse().ok());
    value.ok_or_else(|| Failure::new(format_args!("{FOLDER}: column {column} of {row:?} is not a number")))
}

fn word(row: &[String], column: usize) -> &str {
    row.get(column).map_or("", String::as_str)
}

/// Two axes, and how values become places.
struct Chart {
    svg: Svg,
    right: i32,
    bottom: i32,
    most: (i32, i32),
}

const LEFT: i32 = 64;
const TOP: i32 = 64;

impl Chart {
    fn new(title: &str, names: (&str, &str), most: (i32, i32), steps: (i32, i32)) -> Self {
        let (width, height) = (820, 380);
        let mut chart = Self { svg: Svg::new(width, height), right: width - 24, bottom: height - 48, most };
        chart.svg.text((16, 26), "strong", title);
        for x in (0..=most.0).step_by(usize::try_from(steps.0).unwrap_or(1)) {
            let (at, bottom) = (chart.at(x, 0).0, chart.bottom);
            chart.svg.line(&[(at, bottom), (at, bottom + 5)], "axis");
            chart.svg.text((at, bottom + 20), "small mid", &x.to_string());
        }
        for y in (0..=most.1).step_by(usize::try_from(steps.1).unwrap_or(1)) {
            let (at, right) = (chart.at(0, y).1, chart.right);
            chart.svg.line(&[(LEFT, at), (right, at)], "grid");
            chart.svg.text((LEFT - 8, at + 4), "small end", &y.to_string());
        }
        let (right, bottom) = (chart.right, chart.bottom);
        chart.svg.line(&[(LEFT, TOP), (LEFT, bottom), (right, bottom)], "axis");
        chart.svg.text((right, bottom + 38), "small muted end", names.0);
        chart.svg.text((16, TOP - 14), "small muted", names.1);
        chart
    }

    fn at(&self, x: i32, y: i32) -> (i32, i32) {
        let across = (self.right - LEFT) * x / self.most.0.max(1);
        let up = i64::from(self.bottom - TOP) * i64::from(y) / i64::from(self.most.1.max(1));
        (LEFT + across, self.bottom - i32::try_from(up).unwrap_or_default())
    }
}

/// Whom the platform saw, request by request: one row of squares for each client.
fn rotation(rows: &[Vec<String>]) -> Result<String, Failure> {
    let mut clients: Vec<&str> = rows.iter().map(|row| word(row, 0)).collect();
    clients.dedup();
    let mut svg = Svg::new(820, 96 + 44 * i32::try_from(clients.len()).unwrap_or_default() + 34);
    svg.text((16, 26), "strong", "Whom the platform saw, request by request");
    for (y, client) in (0..).zip(&clients) {
        let top = 70 + 44 * y;
        svg.text((16, top + 17), "small", client);
        for row in rows.iter().filter(|row| word(row, 0) == *client) {
            let at = (310 + 16 * (number(row, 1)? - 1), top);
            let is_new = word(row, 2) == "new";
            svg.rectangle(at, (13, 24), 2, if is_new { "passed" } else { "waived" });
            svg.text((at.0 + 6, top + 17), "small mid halo", if is_new { "n" } else { "p" });
            if word(row, 3) == "reconnected" {
                svg.polygon(&[(at.0 + 1, top + 32), (at.0 + 11, top + 32), (at.0 + 6, top + 25)], "tip");
            }
        }
    }
    let swap = rows.iter().find(|row| word(row, 4) == "rotated").map_or(Ok(1), |row| number(row, 1))?;
    let (x, bottom) = (310 + 16 * (swap - 1) - 2, 70 + 44 * i32::try_from(clients.len()).unwrap_or_default());
    svg.line(&[(x, 56), (x, bottom)], "axis");
    svg.text((x + 4, 60), "small", "the certificate is replaced");
    svg.text(
        (16, bottom + 26),
        "small muted",
        "n: the new service user   p: the previous one   \u{25b2}: a new connection before this request",
    );
    Ok(svg.finish("Whom the platform saw before and after a rotation", MAKER))
}

/// Attempts over time, one line for each number of clients.
fn storm(rows: &[Vec<String>]) -> Result<String, Failure> {
    let columns = |row: &Vec<String>| (0..5).map(|column| number(row, column)).collect::<Result<Vec<i32>, Failure>>();
    let rows: Vec<Vec<i32>> = rows.iter().map(columns).collect::<Result<_, Failure>>()?;
    let most = rows.iter().map(|row| row[1]).max().unwrap_or(1);
    let mut chart = Chart::new(
        "Attempts under a rate limit of 10 calls a second, 500 calls with one API key",
        ("seconds (virtual)", "attempts, added up"),
        (most, 2250),
        (10, 250),
    );
    for (series, clients) in [1, 10, 100].into_iter().enumerate() {
        let own: Vec<_> = rows.iter().filter(|row| row[0] == clients).collect();
        let points: Vec<_> = own.iter().map(|row| chart.at(row[1], row[2])).collect();
        chart.svg.line(&points, &format!("s{series}"));
        let Some(last) = own.last() else { continue };
        let name = if clients == 1 { "1 client".to_owned() } else { format!("{clients} clients") };
        let text = format!(
            "{name}: {} attempts, {} of them refused with 429; {} calls failed; {} s",
            last[2], last[3], last[4], last[1]
        );
        let y = TOP + 14 + 20 * i32::try_from(series).unwrap_or_default();
        chart.svg.line(&[(LEFT + 12, y - 4), (LEFT + 52, y - 4)], &format!("s{series}"));
        chart.svg.text((LEFT + 60, y), "small halo", &text);
    }
    Ok(chart.svg.finish("Attempts under a rate limit with 1, 10 and 100 clients", MAKER))
}

/// Days left, day by day, with the warnings.
fn year(rows: &[Vec<String>]) -> Result<String, Failure> {
    let mut chart = Chart::new(
        "A year of end dates: days left, warnings and rotations",
        ("day of the year", "days left until the credential expires"),
        (365, 100),
        (30, 20),
    );
    let of = |kind: &str| rows.iter().filter(|row| word(row, 0) == kind).collect::<Vec<_>>();
    let mut points = Vec::new();
    for row in of("left") {
        points.push(chart.at(number(row, 1)?, number(row, 2)?));
    }
    chart.svg.line(&points, "s0");
    for row in of("warning") {
        let at = chart.at(number(row, 1)?, number(row, 2)?);
        chart.svg.dot(at, 5, "f1");
        chart.svg.text((at.0 + 8, at.1 - 4), "small halo", word(row, 2));
    }
    for row in of("rotation") {
        let (x, bottom) = (chart.at(number(row, 1)?, 0).0, chart.bottom);
        chart.svg.polygon(&[(x - 6, bottom), (x + 6, bottom), (x, bottom - 11)], "f2");
    }
    let text = "\u{25cf} a warning, with the days left   \u{25b2} a rotation   no key outlives its service user";
    let below = chart.bottom + 38;
    chart.svg.text((LEFT, below), "small muted", text);
    Ok(chart.svg.finish("End dates and warnings over a year", MAKER))
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
    outcome: CaseOutcome,
}

#[derive(Deserialize)]
struct CaseOutcome {
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
