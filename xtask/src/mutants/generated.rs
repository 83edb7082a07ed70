//! `cargo xtask mutants --generated`: runs the suite on every broken transport of
//! crates/conformance/tests/generated, and generates the page and the list of verdicts in docs/.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;

use crate::cargo;
use crate::failure::Failure;
use crate::page::{Page, cell};

const PAGE: Page = Page { path: "docs/generated-mutants.md", maker: "cargo xtask mutants --generated" };
const LIST: &str = "docs/generated-mutants.tsv";
const REASONS: &str = "crates/conformance/tests/generated/survivors.toml";
const PACKAGE: &str = "digicert-one-conformance";

pub(super) fn run(named: &[String]) -> Result<(), Failure> {
    let list = cargo::root().join(LIST);
    // Twice as many as cores: as many cases wait for a limit as compute.
    let jobs = (2 * std::thread::available_parallelism().map_or(1, usize::from)).to_string();
    let mut command = cargo::command(&["test", "--package", PACKAGE, "--test", "generated", "--", "--survey"]);
    command.arg(&list).args(["--jobs", &jobs]).args(named);
    let status = command.status().map_err(|error| Failure::new(format_args!("cannot run cargo: {error}")))?;
    if !status.success() {
        return Err(Failure::new("the survey did not come to its end"));
    }
    let read = |path: &std::path::Path| {
        fs::read_to_string(path).map_err(|error| Failure::new(format_args!("{}: {error}", path.display())))
    };
    PAGE.write(&page(&read(&list)?, &read(&cargo::root().join(REASONS))?)?)?;
    // The test detects survivors without a reason, and reasons without a survivor.
    let status = cargo::command(&["test", "--package", PACKAGE, "--test", "generated", "survey"]).status();
    match status.is_ok_and(|status| status.success()) {
        true => Ok(()),
        false => Err(Failure::new("some survivors have no reason: see above")),
    }
}

/// How many defects exist, and how many of them were caught.
#[derive(Default)]
struct Total {
    made: usize,
    caught: usize,
}

impl Total {
    fn count(&mut self, is_caught: bool) {
        self.made += 1;
        self.caught += usize::from(is_caught);
    }
}

/// One line for each defect: name, verdict, case, words.
fn page(list: &str, reasons: &str) -> Result<String, Failure> {
    let mut all = Total::default();
    let (mut actions, mut things, mut settings, mut cases) = (
        BTreeMap::<&str, Total>::new(),
        BTreeMap::<&str, Total>::new(),
        BTreeMap::<&str, Total>::new(),
        BTreeMap::<&str, usize>::new(),
    );
    let mut survivors = Vec::new();
    for line in list.lines() {
        let cells: Vec<&str> = line.split('\t').collect();
        let names: Vec<&str> = cells.first().map(|name| name.split('/').collect()).unwrap_or_default();
        let (&[action, thing, setting], Some(&verdict), Some(&case)) = (names.as_slice(), cells.get(1), cells.get(2))
        else {
            return Err(Failure::new(format_args!("{LIST}: invalid line: {line}")));
        };
        let is_caught = verdict != "survived";
        all.count(is_caught);
        for (totals, key) in [(&mut actions, action), (&mut things, thing), (&mut settings, setting)] {
            totals.entry(key).or_default().count(is_caught);
        }
        if is_caught {
            *cases.entry(if verdict == "bound" { "did not end" } else { case }).or_default() += 1;
        } else {
            survivors.push(cells[0]);
        }
    }
    let mut text = format!(
        "{} defects by {} actions on {} things in {} settings; {} are caught by a MUST case, {} survive.\n",
        all.made,
        actions.len(),
        things.len(),
        settings.len(),
        all.caught,
        all.made - all.caught
    );
    for (title, totals) in [("Setting", &settings), ("Action", &actions), ("Thing", &things)] {
        let _ = write!(text, "\n| {title} | made | caught |\n|---|---|---|\n");
        for (key, total) in totals {
            let _ = writeln!(text, "| {key} | {} | {} |", total.made, total.caught);
        }
    }
    let _ = write!(text, "\n| Caught first by | defects |\n|---|---|\n");
    for (case, count) in cases {
        let _ = writeln!(text, "| {case} | {count} |");
    }
    let _ = write!(text, "\n| Survivor | why |\n|---|---|\n");
    let reasons = by_name(reasons)?;
    for name in survivors {
        let reason = reasons.get(name).map_or("not explained yet", String::as_str);
        let _ = writeln!(text, "| `{name}` | {} |", cell(reason));
    }
    Ok(text)
}

fn by_name(reasons: &str) -> Result<BTreeMap<String, String>, Failure> {
    super::survivors::parse(reasons).map_err(|error| Failure::new(format_args!("{REASONS}: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_counts_what_is_caught_and_explains_what_survives() {
        let list = "drops/body/http1\tcaught\tREQ-20\tno body\ndrops/body/http2\tbound\tREQ-20\tdid not end\nadds/trailer/http1\tsurvived\t\t\n";
        let reasons = "[[survivor]]\nreason = \"not observable\"\nmutants = [\"adds/trailer/http1\"]\n";
        let text = page(list, reasons).expect("complete");
        assert!(text.starts_with("3 defects by 2 actions on 2 things in 2 settings; 2 are caught"), "{text}");
        assert!(text.contains("| drops | 2 | 2 |") && text.contains("| did not end | 1 |"), "{text}");
        assert!(text.contains("| `adds/trailer/http1` | not observable |"), "{text}");
        assert!(page("drops\tcaught", "").is_err());
    }
}
