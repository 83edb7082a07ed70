//! The number of crates linked with ours, including ours: measured by `cargo tree`, and compared with the
//! ceilings of the table.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::rules::Broken;
use super::table::Weight;
use crate::cargo;
use crate::failure::Failure;

/// A weight of the table, and its measured value.
pub(super) struct Weighed {
    pub weight: &'static Weight,
    pub crates: usize,
}

impl Weighed {
    /// Counts the crates of a tree of normal dependencies; for one target, so that the count is the same everywhere.
    pub(super) fn measure(weight: &'static Weight) -> Result<Self, Failure> {
        Ok(Self { weight, crates: crates(weight.packages, weight.flags)? })
    }
}

/// The number of crates that these packages link together.
pub(crate) fn crates(packages: &[&str], flags: &[&str]) -> Result<usize, Failure> {
    let mut arguments = vec!["tree", "--edges", "normal", "--target", "x86_64-unknown-linux-gnu"];
    arguments.extend(["--prefix", "none", "--no-dedupe", "--format", "{p}"]);
    arguments.extend(packages.iter().flat_map(|package| ["--package", *package]));
    arguments.extend(flags);
    Ok(count(&cargo::output(&arguments)?))
}

/// The distinct crates that `cargo tree` lists: a name with two versions counts twice.
fn count(tree: &str) -> usize {
    let crates = tree.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?))
    });
    crates.collect::<BTreeSet<_>>().len()
}

/// Every weight that is above its ceiling, or that was not found.
pub(super) fn check(weighed: &[Weighed]) -> Vec<Broken> {
    let mut broken = Vec::new();
    for Weighed { weight, crates } in weighed {
        if *crates == 0 {
            broken.push(Broken {
                what: format!("{} has no tree of dependencies", weight.what),
                why: "a tree that was not read checks nothing".into(),
                remedy: "see whether its packages and features still have these names".into(),
            });
        } else if *crates > weight.ceiling {
            broken.push(Broken {
                what: format!("{} needs {crates} crates, {} at most", weight.what, weight.ceiling),
                why: "every crate is one more to build, to review and to trust".into(),
                remedy: format!(
                    "see what is new: cargo tree --edges normal --package {} {}",
                    weight.packages.join(" --package "),
                    weight.flags.join(" ")
                )
                .trim_end()
                .into(),
            });
        }
    }
    broken
}

/// The weights as a table.
pub(super) fn table(weighed: &[Weighed]) -> String {
    let mut text = format!("{:<44} {:>6} {:>8} {:>6}\n", "what", "crates", "ceiling", "goal");
    for Weighed { weight, crates } in weighed {
        let _ = writeln!(text, "{:<44} {crates:>6} {:>8} {:>6}", weight.what, weight.ceiling, weight.goal);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    static DOOR: Weight = Weight { what: "door", packages: &["door", "key"], flags: &["--all"], ceiling: 2, goal: 1 };

    fn found(crates: usize) -> Vec<Broken> {
        check(&[Weighed { weight: &DOOR, crates }])
    }

    #[test]
    fn crates_are_counted_once_for_each_version() {
        assert_eq!(count("a v1.0.0 (/here)\nb v1.0.0\nb v2.0.0 (proc-macro)\nb v1.0.0\n\na v1.0.0 (/here) (*)\n"), 3);
    }

    #[test]
    fn weight_at_its_ceiling_is_allowed_and_above_it_is_not() {
        assert_eq!(found(2), []);
        let broken = found(3);
        assert_eq!(broken[0].what, "door needs 3 crates, 2 at most");
        assert_eq!(broken[0].remedy, "see what is new: cargo tree --edges normal --package door --package key --all");
    }

    #[test]
    fn unread_tree_is_a_violation() {
        assert_eq!(found(0)[0].what, "door has no tree of dependencies");
    }

    #[test]
    fn table_shows_measure_ceiling_and_goal() {
        let text = table(&[Weighed { weight: &DOOR, crates: 2 }]);
        let last: Vec<_> = text.lines().last().expect("a line").split_whitespace().collect();
        assert_eq!(last, ["door", "2", "2", "1"]);
    }
}
