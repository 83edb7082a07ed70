//! The outcomes of the vectors: one line per vector, one column per stack.

use std::fs;

use crate::cargo;
use crate::failure::Failure;
use crate::stacks::STACKS;

/// Vector, its profile, then the outcome of each stack.
pub(super) const FILE: &str = "crates/conformance/limbo/outcomes.tsv";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outcomes(pub(super) Vec<Row>);

/// One vector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: String,
    /// Whether the profile of the vectors permits the chain.
    pub(super) permitted: bool,
    /// In the order of the stacks, in the words of the conformance suite.
    pub(super) outcomes: Vec<String>,
}

impl Row {
    /// Why no stack was shown the vector.
    pub(super) fn not_playable(&self) -> Option<&str> {
        self.outcomes.first()?.strip_prefix("not playable: ")
    }

    /// Whether a stack decides otherwise than the profile.
    pub(super) fn differs(outcome: &str, permitted: bool) -> bool {
        (outcome == "accepted") != permitted
    }
}

impl Outcomes {
    /// Parses the output of the stacks' programs, in the order of the stacks.
    pub(super) fn of_runs(columns: &[String]) -> Result<Self, Failure> {
        let columns: Vec<Vec<(&str, bool, &str)>> = columns.iter().map(|text| lines(text)).collect();
        let Some(first) = columns.first().filter(|first| !first.is_empty()) else {
            return Err(Failure::new("limbo: no vector was played"));
        };
        let mut rows = Vec::new();
        for (index, (id, permitted, _)) in first.iter().enumerate() {
            let mut outcomes = Vec::new();
            for (column, stack) in columns.iter().zip(STACKS) {
                match column.get(index) {
                    Some((other, _, outcome)) if other == id && !outcome.starts_with("unexpected") => {
                        outcomes.push((*outcome).to_owned());
                    }
                    other => return Err(Failure::new(format_args!("limbo: {id} on {}: {other:?}", stack.name))),
                }
            }
            rows.push(Row { id: (*id).to_owned(), permitted: *permitted, outcomes });
        }
        Ok(Self(rows))
    }

    pub(super) fn recorded() -> Result<Self, Failure> {
        let text = fs::read_to_string(cargo::root().join(FILE))
            .map_err(|error| Failure::new(format_args!("{FILE}: {error}")))?;
        text.lines().map(row).collect::<Result<_, _>>().map(Self)
    }

    pub(super) fn write(&self) -> Result<(), Failure> {
        let said = |permitted| if permitted { "permitted" } else { "forbidden" };
        let line = |row: &Row| format!("{}\t{}\t{}\n", row.id, said(row.permitted), row.outcomes.join("\t"));
        let text: String = self.0.iter().map(line).collect();
        fs::write(cargo::root().join(FILE), text).map_err(|error| Failure::new(format_args!("{FILE}: {error}")))
    }

    /// What another run shows otherwise, a line each that names the vector and the stack.
    pub(super) fn changes(&self, seen: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for row in &seen.0 {
            let Some(recorded) = self.0.iter().find(|recorded| recorded.id == row.id) else {
                changes.push(format!("{}: not recorded", row.id));
                continue;
            };
            if recorded.permitted != row.permitted {
                changes.push(format!("{}: the profile says otherwise now", row.id));
            }
            for ((was, is), stack) in recorded.outcomes.iter().zip(&row.outcomes).zip(STACKS) {
                if was != is {
                    changes.push(format!("{} on {}: recorded {was:?}, now {is:?}", row.id, stack.name));
                }
            }
        }
        let gone = self.0.iter().filter(|recorded| !seen.0.iter().any(|row| row.id == recorded.id));
        changes.extend(gone.map(|row| format!("{}: recorded, and no longer among the vectors", row.id)));
        changes
    }
}

/// Vector, its profile, outcome; the texts of the libraries are informational.
fn lines(text: &str) -> Vec<(&str, bool, &str)> {
    text.lines().filter_map(parts).collect()
}

fn parts(line: &str) -> Option<(&str, bool, &str)> {
    let mut parts = line.split('\t');
    let (id, permitted, outcome) = (parts.next()?, parts.next()?, parts.next()?);
    Some((id, permitted == "permitted", outcome))
}

fn row(line: &str) -> Result<Row, Failure> {
    let parts: Vec<&str> = line.split('\t').collect();
    match &parts[..] {
        [id, permitted @ ("permitted" | "forbidden"), outcomes @ ..] if outcomes.len() == STACKS.len() => Ok(Row {
            id: (*id).to_owned(),
            permitted: *permitted == "permitted",
            outcomes: outcomes.iter().map(|outcome| (*outcome).to_owned()).collect(),
        }),
        _ => Err(Failure::new(format_args!("{FILE}: invalid line {line:?}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(outcome: &str) -> String {
        format!("running\nsan::other\tforbidden\t{outcome}\tthe library's text\n")
    }

    #[test]
    fn changed_outcome_names_vector_and_stack() {
        let same = vec![run("refused NameMismatch"); STACKS.len()];
        let recorded = Outcomes::of_runs(&same).expect("complete");
        assert_eq!(recorded.changes(&recorded), Vec::<String>::new());
        let mut other = same.clone();
        other[1] = run("accepted");
        let changes = recorded.changes(&Outcomes::of_runs(&other).expect("complete"));
        let said = format!("san::other on {}: recorded \"refused NameMismatch\", now \"accepted\"", STACKS[1].name);
        assert_eq!(changes, [said]);
        assert_eq!(Outcomes::default().changes(&recorded), ["san::other: not recorded"]);
        assert_eq!(recorded.changes(&Outcomes::default()).len(), 1, "a vector that is gone");
    }

    #[test]
    fn stack_without_a_line_or_with_an_unexpected_one_is_a_failure() {
        let mut columns = vec![run("accepted"); STACKS.len()];
        columns[2] = String::new();
        assert!(Outcomes::of_runs(&columns).is_err());
        columns[2] = run("unexpected: 1 requests arrived");
        assert!(Outcomes::of_runs(&columns).is_err());
        assert!(Outcomes::of_runs(&vec![String::new(); STACKS.len()]).is_err(), "nothing was played");
    }

    #[test]
    fn recorded_line_has_a_column_for_each_stack() {
        assert!(row("a\tforbidden\taccepted").is_err());
        assert!(row(&format!("a\tperhaps{}", "\taccepted".repeat(STACKS.len()))).is_err());
        assert!(row(&format!("a\tpermitted{}", "\taccepted".repeat(STACKS.len()))).expect("complete").permitted);
    }
}
